import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { RewindClient } from '../api/client';
import { CommandIDs } from '../commands';
import { IRewindSessions, IRewindStorage } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addStorageCommands } from './commands';

import { RewindStorage } from './storage';

/**
 * The store of all records: what it holds, cleaning it up, and forgetting.
 */
export const storagePlugin: JupyterFrontEndPlugin<IRewindStorage> = {
  id: 'jupyterlab-nbrewind:storage',
  description: 'Says what the store of records holds, and makes it smaller.',
  autoStart: true,
  requires: [IRewindSessions],
  optional: [ITranslator, ICommandPalette],
  provides: IRewindStorage,
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): IRewindStorage => {
    const { commands, serviceManager } = app;
    const { serverSettings } = serviceManager;
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const storage = new RewindStorage(
      new RewindClient({ serverSettings, trans })
    );
    addStorageCommands({ commands, sessions, storage, trans });
    const { cleanUp, forget, setBudget } = CommandIDs;
    for (const command of [cleanUp, setBudget, forget]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
    return storage;
  }
};
