import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  type MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- menus show it
import { rewindIcon } from '../icons';
import { IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addCheckpointCommands } from './checkpoints';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- as above
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
  optional: [ITranslator, ICommandPalette, ILabShell, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const rewinder = new Rewinder(trans);
    const pointedAt = (): string => {
      const node = app.contextMenuHitTest(
        ({ dataset }) => !!dataset.rewindCheckpoint
      );
      return node?.dataset.rewindCheckpoint ?? '';
    };
    addRewindCommands({ commands, pointedAt, rewinder, sessions, trans });
    addCheckpointCommands({ commands, pointedAt, sessions, trans });

    const tracker = new WidgetTracker<MainAreaWidget>({
      namespace: 'nbrewind-timeline'
    });
    commands.addCommand(CommandIDs.openTimeline, {
      label: trans.__('Open Timeline'),
      caption: trans.__('Show the checkpoints of the current notebook'),
      icon: rewindIcon,
      describedBy: { args: CommandArguments.none },
      execute: async () => {
        const { createPanel } = await import('./panel');
        let panel = tracker.currentWidget;
        if (!panel) {
          panel = createPanel({ commands, sessions, trans });
          void tracker.add(panel);
          // Beside the notebook; an application of one document has no room.
          app.shell.add(panel, labShell ? 'main' : 'right', {
            mode: 'split-right'
          });
        }
        app.shell.activateById(panel.id);
        return { panel: panel.id };
      }
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.openTimeline,
      name: () => 'timeline'
    });
    for (const command of [
      CommandIDs.openTimeline,
      CommandIDs.rewindToCell,
      CommandIDs.undoRewind,
      CommandIDs.restoreLastState
    ]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
  }
};
