import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import {
  type Notebook,
  NotebookActions,
  type NotebookPanel
} from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ICellState } from '../tokens';

/** Whether a cell waits, runs, or neither. */
export type Execution = ICellState['execution'];

/**
 * Follows what runs in one notebook, as the notebook itself shows it: the
 * server can't know what still waits in this page.
 */
export class ExecutionWatch implements IDisposable {
  /**
   * @param panel - The notebook
   */
  constructor(panel: NotebookPanel) {
    this._panel = panel;
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
  }

  /** Emitted with the id of a cell that was told to run. */
  get scheduled(): ISignal<this, string> {
    return this._scheduled;
  }

  /** Emitted with the id of a cell whose run has ended. */
  get ended(): ISignal<this, string> {
    return this._ended;
  }

  /** Whether the watch has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Return what the cells do that don't rest, by their ids. */
  now(): Map<string, Execution> {
    const found = new Map<string, Execution>();
    const all = new Set<string>();
    for (const model of this._panel.content.model?.cells ?? []) {
      all.add(model.id);
      // Also of cells that somebody else runs in a shared notebook.
      if (
        model.type === 'code' &&
        (model as ICodeCellModel).executionState === 'running'
      ) {
        found.set(model.id, 'running');
      }
    }
    let isFirst = true;
    for (const id of this._waiting) {
      // One that was deleted meanwhile is not told of when it ends.
      if (!all.has(id)) {
        this._waiting.delete(id);
        continue;
      }
      found.set(id, isFirst ? 'running' : 'queued');
      isFirst = false;
    }
    return found;
  }

  /** Forget what was told to run: the kernel is another one. */
  clear(): void {
    this._waiting.clear();
  }

  /** Follow no longer. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    NotebookActions.executed.disconnect(this._onExecuted, this);
    Signal.clearData(this);
  }

  private _onScheduled(
    _: unknown,
    { notebook, cell }: ExecutionWatch.IRun
  ): void {
    if (notebook === this._panel.content && cell.model.type === 'code') {
      this._waiting.add(cell.model.id);
      this._scheduled.emit(cell.model.id);
    }
  }

  private _onExecuted(
    _: unknown,
    { notebook, cell }: ExecutionWatch.IRun
  ): void {
    // A cell that was deleted while it ran has no model any more.
    if (notebook !== this._panel.content) {
      return;
    }
    const id = cell.model?.id ?? '';
    this._waiting.delete(id);
    this._ended.emit(id);
  }

  private readonly _ended = new Signal<this, string>(this);
  private _isDisposed = false;
  private readonly _panel: NotebookPanel;
  private readonly _scheduled = new Signal<this, string>(this);
  /** Ids of cells that were told to run and have not ended, in that order. */
  private readonly _waiting = new Set<string>();
}

namespace ExecutionWatch {
  /** What the notebook says of a run. */
  export interface IRun {
    readonly notebook: Notebook;
    readonly cell: Cell;
  }
}
