import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- the tab shows one, and settings name them
import { rewindIcon } from '../icons';
import {
  IRewindServer,
  IRewindSessions,
  IRewindStorage,
  IRewindTasks
} from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- its tab is part of the first layout
import { RewindPanel } from './panel';

/** Where the panel's tab stands: below JupyterLab's own. */
const RANK = 900;

/**
 * Adds the panel to the left sidebar, and the command that shows it.
 */
export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-nbrewind:sidebar',
  description: 'Adds the panel of NBRewind to the left sidebar.',
  autoStart: true,
  requires: [IRewindServer, IRewindSessions, IRewindStorage, IRewindTasks],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    server: IRewindServer,
    sessions: IRewindSessions,
    storage: IRewindStorage,
    tasks: IRewindTasks,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    translator = translator ?? nullTranslator;
    const trans = translator.load('jupyterlab_nbrewind');
    const { commands } = app;
    const panel = new RewindPanel({
      commands,
      server,
      sessions,
      storage,
      tasks,
      translator
    });
    app.shell.add(panel, 'left', { rank: RANK, type: 'Rewind' });
    restorer?.add(panel, panel.id);

    commands.addCommand(CommandIDs.open, {
      label: trans.__('Open Rewind Panel'),
      caption: trans.__('Show what was recorded of this notebook'),
      icon: rewindIcon,
      describedBy: { args: CommandArguments.none },
      execute: () => {
        app.shell.activateById(panel.id);
        return { panel: panel.id };
      }
    });
    palette?.addItem({
      command: CommandIDs.open,
      category: trans.__('Notebook Operations')
    });
  }
};
