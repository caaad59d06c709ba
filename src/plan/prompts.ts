import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { IPlan } from '../tokens';

/**
 * Return the code cell of an id; undefined if there is none.
 *
 * @param panel - The notebook
 * @param id - The cell's id
 */
export function codeCell(
  panel: NotebookPanel,
  id: string
): CodeCell | undefined {
  const found = panel.content.widgets.find(
    ({ model }) => model.id === id && model.type === 'code'
  );
  return found as CodeCell | undefined;
}

/**
 * Shows at cells that a plan will run that they wait: `[*]`, as JupyterLab
 * does for cells that wait for their turn.
 */
export class WaitingPrompts {
  /**
   * @param panel - The notebook
   */
  constructor(panel: NotebookPanel) {
    this._panel = panel;
  }

  /** Show what waits in a plan; null: nothing. */
  show(plan: IPlan | null): void {
    const waiting = new Set<string>();
    if (plan?.state === 'running') {
      for (const { state, step } of plan.steps) {
        if (step.action === 'run' && state === 'waiting') {
          waiting.add(step.cell);
        }
      }
    }
    for (const id of new Set([...waiting, ...this._waiting])) {
      const cell = codeCell(this._panel, id);
      if (cell && !isRunning(cell.model)) {
        cell.setPrompt(
          waiting.has(id) ? '*' : String(cell.model.executionCount ?? '')
        );
      }
    }
    this._waiting = waiting;
  }

  private readonly _panel: NotebookPanel;
  private _waiting = new Set<string>();
}

/** Return whether a cell is shown to be running. */
export function isRunning(model: ICodeCellModel): boolean {
  return model.executionState === 'running';
}
