import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- schemas name icons, which must be known by then
import { freshnessIcons, pinIcon } from '../icons';
import { type IRewindSession, IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addPinCommand } from './commands';
import type { IMark } from './mark';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a notebook may be open already
import { NotebookMarks } from './marks';

import {
  DEFAULT_SETTINGS,
  type INotebookSettings,
  readSettings
} from './settings';

import { markSentence } from './words';

/** The plugin's id, which its settings have too. */
const PLUGIN = 'jupyterlab-nbrewind:notebook';

/**
 * Marks the cells of notebooks with what is known of them; menus, toolbar.
 */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Marks the cells of notebooks with what is known of them.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IRewindSessions, ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    sessions: IRewindSessions | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    addPinCommand(app.commands, tracker, trans);
    palette?.addItem({
      command: CommandIDs.pinCell,
      category: trans.__('Rewind')
    });
    if (!sessions) {
      return;
    }
    const marked = new MarkedNotebooks(sessions, trans, () => {
      void app.commands.execute(CommandIDs.open);
    });
    if (registry) {
      registry.load(PLUGIN).then(
        settings => {
          const update = (): void => marked.settle(readSettings(settings));
          settings.changed.connect(update);
          update();
        },
        (error: unknown) => {
          console.error(`The settings of ${PLUGIN} could not be read.`, error);
        }
      );
    }
  }
};

/** The marks of all open notebooks, for as long as the page lives. */
class MarkedNotebooks {
  constructor(
    sessions: IRewindSessions,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    for (const session of sessions.all) {
      this._add(session);
    }
    sessions.added.connect((_, session) => this._add(session), this);
  }

  /** Take other settings. */
  settle(settings: INotebookSettings): void {
    this._settings = settings;
    this._marks.forEach(marks => marks.settle());
  }

  private _add(session: IRewindSession): void {
    const marks = new NotebookMarks({
      session,
      settings: () => this._settings,
      content: (mark: IMark) => ({
        icon: freshnessIcons[mark.freshness],
        pin: mark.isPinned ? pinIcon : null,
        sentence: markSentence(mark, this._trans)
      }),
      open: this._open
    });
    this._marks.add(marks);
    session.panel.disposed.connect(() => {
      this._marks.delete(marks);
      marks.dispose();
    });
  }

  private readonly _marks = new Set<NotebookMarks>();
  private _settings = DEFAULT_SETTINGS;
}
