/**
 * The policy that a user gives to a cell: all that is ever written into a
 * working copy's metadata. Pure but for the notebook's model.
 */

import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';
import { JSONExt, type PartialJSONObject } from '@lumino/coreutils';

/** The key in a cell's metadata. */
const KEY = 'nbrewind';

/** Return whether a cell is pinned. */
export function isPinned(cell: ICellModel): boolean {
  return entry(cell).policy === 'pinned';
}

/**
 * Pin a cell, or no longer so, as one step that can be undone.
 *
 * @param notebook - The cell's notebook
 * @param cell - The cell
 * @param pinned - Whether it shall be pinned
 */
export function setPinned(
  notebook: INotebookModel,
  cell: ICellModel,
  pinned: boolean
): void {
  const { policy, ...others } = entry(cell);
  if ((policy === 'pinned') === pinned) {
    return;
  }
  const changed = pinned ? { ...others, policy: 'pinned' } : others;
  // Cells keep changes of metadata out of the undo history, unless they are
  // part of a change of the notebook.
  notebook.sharedModel.transact(() => {
    if (Object.keys(changed).length) {
      cell.setMetadata(KEY, changed);
    } else {
      cell.deleteMetadata(KEY);
    }
  });
}

/** Return what a cell's metadata say for us; nothing if it is no object. */
function entry(cell: ICellModel): PartialJSONObject {
  const found: unknown = cell.getMetadata(KEY);
  return found && JSONExt.isObject(found as PartialJSONObject)
    ? (found as PartialJSONObject)
    : {};
}
