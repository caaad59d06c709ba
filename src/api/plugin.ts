import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { IRewindServer } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- it is provided at once
import { RewindServer } from './server';

/**
 * Provides the connection to the server part, and asks it for its version.
 */
export const serverPlugin: JupyterFrontEndPlugin<IRewindServer> = {
  id: 'jupyterlab-nbrewind:server',
  description: 'Provides the connection to the server part of NBRewind.',
  autoStart: true,
  provides: IRewindServer,
  activate: (app: JupyterFrontEnd): IRewindServer => {
    const server = new RewindServer({
      serverSettings: app.serviceManager.serverSettings
    });
    // Not awaited: the application must not wait for the network to start.
    void server.check();
    return server;
  }
};
