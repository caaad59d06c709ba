import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addRewindCommands } from './commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands say whether it works
import { Rewinder } from './rewinder';

/**
 * The history of a notebook: its checkpoints, rewinding, and what that did.
 */
export const timelinePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-nbrewind:timeline',
  description: 'Shows the checkpoints of a notebook, and rewinds to them.',
  autoStart: true,
  requires: [IRewindSessions],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const rewinder = new Rewinder(trans);
    addRewindCommands({ commands, rewinder, sessions, trans });
    for (const command of [
      CommandIDs.rewindToCell,
      CommandIDs.undoRewind,
      CommandIDs.restoreLastState
    ]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
  }
};
