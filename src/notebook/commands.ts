import type { CommandRegistry } from '@lumino/commands';
import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import { pinIcon } from '../icons';
import { isPinned, setPinned } from './policy';

/** What pinning answers. */
export interface IPinResult {
  readonly cellId: string;
  readonly pinned: boolean;
}

/**
 * Add the command that pins a cell, or no longer so.
 *
 * @param commands - Where to
 * @param tracker - Knows the notebook that the user is at
 * @param trans - The application's language
 */
export function addPinCommand(
  commands: CommandRegistry,
  tracker: INotebookTracker,
  trans: TranslationBundle
): void {
  const target = (id: unknown): ITarget | null =>
    findTarget(tracker.currentWidget, id);
  commands.addCommand(CommandIDs.pinCell, {
    label: trans.__('Pin Cell'),
    caption: trans.__(
      'Never run this cell again in a plan; its record stands for it'
    ),
    icon: args => (args.toolbar ? pinIcon : undefined),
    describedBy: { args: CommandArguments.cell },
    isEnabled: args => {
      const found = target(args.cellId);
      return found !== null && !found.panel.content.model?.readOnly;
    },
    isToggled: args => {
      const found = target(args.cellId);
      return found !== null && isPinned(found.cell);
    },
    execute: (args): IPinResult => {
      const found = target(args.cellId);
      const notebook = found?.panel.content.model;
      if (!found || !notebook) {
        throw new Error(trans.__('There is no such code cell to pin.'));
      }
      const pinned = !isPinned(found.cell);
      setPinned(notebook, found.cell, pinned);
      commands.notifyCommandChanged(CommandIDs.pinCell);
      return { cellId: found.cell.id, pinned };
    }
  });
  tracker.activeCellChanged.connect(() => {
    commands.notifyCommandChanged(CommandIDs.pinCell);
  });
}

/** A code cell, and the panel that shows it. */
interface ITarget {
  readonly panel: NotebookPanel;
  readonly cell: ICellModel;
}

/**
 * Return the code cell that is meant.
 *
 * @param panel - The notebook that the user is at
 * @param id - Its id; by default the active cell is meant. A click of the right
 *   button makes a cell the active one before the menu opens
 */
function findTarget(panel: NotebookPanel | null, id: unknown): ITarget | null {
  if (!panel) {
    return null;
  }
  const { activeCell, widgets } = panel.content;
  const found =
    typeof id === 'string' && id
      ? widgets.find(cell => cell.model.id === id)
      : activeCell;
  return found?.model.type === 'code' ? { panel, cell: found.model } : null;
}
