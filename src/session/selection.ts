import type { NotebookPanel } from '@jupyterlab/notebook';

import type { ISpan } from '../tokens';
import { reveal, revealSpan } from './reveal';
import { SessionSignals } from './signals';

/** Which cell of a session is selected in the sidebar. */
export abstract class SessionSelection extends SessionSignals {
  /** The panel. */
  abstract readonly panel: NotebookPanel;

  /** The id of the cell that is selected in the sidebar; empty if none is. */
  get selected(): string {
    return this._selected;
  }

  /** Select a cell in the sidebar, and reveal it in the notebook if wanted. */
  select(cell: string, isRevealed = false): void {
    if (cell !== this._selected) {
      this._selected = cell;
      this.selectedSignal.emit(cell);
    }
    if (isRevealed && cell) {
      reveal(this.panel, cell);
    }
  }

  /** Make a cell the active one, and select a name in its text. */
  show(cell: string, span: ISpan): void {
    this.select(cell);
    void revealSpan(this.panel, cell, span);
  }

  private _selected = '';
}
