import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

import type { ISpan } from '../tokens';

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

/**
 * Make a cell the active one, and select a name in its text.
 *
 * @param panel - The notebook
 * @param id - The cell's id; nothing happens if there is no such cell
 * @param span - Where the name is; the cell alone is revealed if it is not there
 *   any more
 */
export async function revealSpan(
  panel: NotebookPanel,
  id: string,
  span: ISpan
): Promise<void> {
  reveal(panel, id);
  const notebook = panel.content;
  const cell = notebook.widgets.find(({ model }) => model.id === id);
  await cell?.ready;
  const editor = cell?.editor;
  const line = editor?.getLine(span.line - 1);
  if (!editor || line === undefined || notebook.activeCell !== cell) {
    return;
  }
  const start = unitsBefore(line, span.start);
  const end = unitsBefore(line, span.end);
  if (line.slice(start, end) !== span.name) {
    return;
  }
  notebook.mode = 'edit';
  const selection = {
    start: { line: span.line - 1, column: start },
    end: { line: span.line - 1, column: end }
  };
  editor.setSelection(selection);
  editor.revealSelection(selection);
  editor.focus();
}

/** Return how many UTF-16 units the first characters of a text take. */
function unitsBefore(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}
