import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

/**
 * Make a cell the active one, and scroll to it.
 *
 * @param panel - The notebook
 * @param id - The cell's id; nothing happens if there is no such cell
 */
export function reveal(panel: NotebookPanel, id: string): void {
  const notebook = panel.content;
  const index = notebook.widgets.findIndex(cell => cell.model.id === id);
  const cell = notebook.widgets[index];
  if (!cell) {
    return;
  }
  // It may lie below a collapsed heading.
  NotebookActions.expandParent(cell, notebook);
  const focused = document.activeElement;
  notebook.mode = 'command';
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  void notebook.scrollToItem(index, 'auto').catch(() => undefined);
  // Who reveals a cell from elsewhere goes on there.
  if (focused instanceof HTMLElement && !notebook.node.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}
