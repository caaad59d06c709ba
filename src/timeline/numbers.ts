import type { NotebookPanel } from '@jupyterlab/notebook';

/**
 * Return the numbers of a notebook's cells by their ids.
 *
 * @param panel - Shows the notebook
 * @returns For each cell its number, from 1 over all cells
 */
export function numbersOf(panel: NotebookPanel): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const cell of panel.content.model?.cells ?? []) {
    numbers.set(cell.id, numbers.size + 1);
  }
  return numbers;
}
