import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addPlanCommands } from './commands';

/**
 * Plans: what brings cells up to date, shown, run and followed.
 */
export const planPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-nbrewind:plan',
  description: 'Shows, runs and follows plans that bring cells up to date.',
  autoStart: true,
  requires: [IRewindSessions],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    addPlanCommands(app.commands, sessions, trans);
    for (const command of [
      CommandIDs.bringUpToDate,
      CommandIDs.runAffected,
      CommandIDs.runStale,
      CommandIDs.previewPlan,
      CommandIDs.cancelPlan
    ]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
  }
};
