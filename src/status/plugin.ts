import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { IRewindServer, IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- the status bar is part of the first layout
import { StatusItem, StatusModel } from './item';

/** Where the item stands: after the kernel's. */
const RANK = 3;

/**
 * Tells in the status bar whether the notebook is recorded.
 */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-nbrewind:status',
  description: 'Tells in the status bar whether the notebook is recorded.',
  autoStart: true,
  requires: [IRewindServer],
  optional: [IRewindSessions, IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IRewindServer,
    sessions: IRewindSessions | null,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!sessions || !statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const model = new StatusModel(server, sessions, trans);
    const item = new StatusItem(model, () => {
      void app.commands.execute(CommandIDs.open);
    });
    statusBar.registerStatusItem(statusPlugin.id, {
      item,
      align: 'left',
      rank: RANK,
      isActive: () => sessions.current !== null,
      activeStateChanged: model.stateChanged
    });
  }
};
