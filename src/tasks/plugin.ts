import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { RewindClient } from '../api/client';
import { RewindEvents } from '../api/events';
import { CommandIDs } from '../commands';
import { IRewindSessions, IRewindTasks } from '../tokens';
import { addTaskCommands } from './commands';
import { RewindTasks } from './tasks';

/**
 * Distributed tasks of notebooks, and local workers for their managers.
 */
export const tasksPlugin: JupyterFrontEndPlugin<IRewindTasks> = {
  id: 'jupyterlab-nbrewind:tasks',
  description: 'Says how distributed tasks stand; starts and stops workers.',
  autoStart: true,
  requires: [IRewindSessions],
  optional: [ITranslator, ICommandPalette],
  provides: IRewindTasks,
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): IRewindTasks => {
    const { commands, serviceManager } = app;
    const { events, serverSettings } = serviceManager;
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const tasks = new RewindTasks(
      new RewindClient({ serverSettings, trans }),
      new RewindEvents({ events })
    );
    addTaskCommands({ commands, sessions, tasks, trans });
    for (const command of [CommandIDs.startWorkers, CommandIDs.stopWorkers]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
    return tasks;
  }
};
