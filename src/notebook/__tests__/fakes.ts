import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import type { ICellState, IKnownCell, IRewindSession } from '../../tokens';

/** Return what is known of a fresh cell, but for some facts. */
export function known(id: string, facts: Partial<ICellState> = {}): IKnownCell {
  return {
    state: {
      id,
      index: 0,
      freshness: 'fresh',
      reason: 'nothing that it read has changed',
      execution: 'idle',
      checkpoint: 'saved',
      in_kernel: 'live',
      run: 'run-1',
      bytes: 0,
      seconds: 0,
      label: '',
      ...facts
    },
    facts: { id } as IKnownCell['facts']
  };
}

/** What marks need of a session. */
export class FakeSession {
  constructor(readonly panel: NotebookPanel) {}

  cells = new Map<string, IKnownCell>();
  problem = '';
  selected = '';
  readonly stateChanged = new Signal<this, void>(this);
  readonly selectedChanged = new Signal<this, string>(this);

  cell(id: string): IKnownCell | undefined {
    return this.cells.get(id);
  }

  select(id: string): void {
    this.selected = id;
    this.selectedChanged.emit(id);
  }

  /** As what it stands for. */
  get session(): IRewindSession {
    return this as unknown as IRewindSession;
  }
}
