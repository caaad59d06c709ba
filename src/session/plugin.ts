import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { RewindClient } from '../api/client';

import { RewindEvents } from '../api/events';
import { IRewindServer, IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addModeCommand } from './commands';

import { Notices } from './notices';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a notebook may be open already
import { RewindSessions } from './sessions';

import { DEFAULT_SETTINGS, readSettings } from './settings';

/** The plugin's id, which its settings have too. */
const PLUGIN = 'jupyterlab-nbrewind:session';

/**
 * Attaches to the kernels of notebooks, and provides what is known of them.
 */
export const sessionPlugin: JupyterFrontEndPlugin<IRewindSessions> = {
  id: PLUGIN,
  description:
    'Attaches to the kernels of notebooks, and provides what is recorded.',
  autoStart: true,
  requires: [INotebookTracker, IRewindServer],
  optional: [ITranslator, ISettingRegistry, IStateDB, ICommandPalette],
  provides: IRewindSessions,
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    server: IRewindServer,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    state: IStateDB | null,
    palette: ICommandPalette | null
  ): IRewindSessions => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const { commands, serviceManager } = app;
    const { serverSettings } = serviceManager;
    const sessions = new RewindSessions({
      client: new RewindClient({ serverSettings, trans }),
      events: new RewindEvents({ events: serviceManager.events }),
      server,
      tracker,
      trans
    });
    addModeCommand(commands, sessions, palette, trans);
    const settings = registry?.load(PLUGIN) ?? Promise.reject();
    new Notices({
      openSettings: () => {
        void commands.execute('settingeditor:open', { query: 'Rewind' });
      },
      sessions,
      state,
      trans,
      turnOff: () => {
        settings.then(
          found => found.set('recording', false),
          () => commands.execute('nbrewind:set-mode', { mode: 'off' })
        );
      }
    });
    settings.then(
      found => {
        sessions.start(readSettings(found));
        found.changed.connect(() => {
          sessions.settle(readSettings(found));
        });
      },
      (error: unknown) => {
        if (error) {
          console.error(`The settings of ${PLUGIN} can't be read.`, error);
        }
        sessions.start(DEFAULT_SETTINGS);
      }
    );
    return sessions;
  }
};
