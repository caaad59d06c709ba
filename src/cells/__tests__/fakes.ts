import { NotebookModel, type NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import type {
  Attachment,
  ICellFacts,
  ICellState,
  IEdge,
  IKnownCell,
  IPlan,
  IRewindSession,
  IRewindSessions,
  ISpan,
  IState
} from '../../tokens';

/** Return what is known of a cell; by default a fresh one that has run. */
export function known(
  id: string,
  state: Partial<ICellState> = {},
  facts: Partial<ICellFacts> = {}
): IKnownCell {
  return {
    state: {
      id,
      index: 0,
      freshness: 'fresh',
      reason: 'nothing that it read has changed',
      execution: 'idle',
      checkpoint: 'saved',
      in_kernel: 'live',
      run: `run ${id}`,
      bytes: 2048,
      seconds: 1.5,
      label: `${id} = 1`,
      ...state
    },
    facts: {
      id,
      writes: [id],
      removes: [],
      effects: [],
      unknown: [],
      outside: [],
      ended: '2026-11-25T12:00:00Z',
      status: 'ok',
      error: '',
      session: 's',
      checkpoint_id: `checkpoint ${id}`,
      prelude: false,
      opaque: '',
      policy: 'auto',
      source: '',
      ...facts
    }
  };
}

/** Return that a cell reads a name that another one makes. */
export function edge(
  from: string,
  to: string,
  more: Partial<IEdge> = {}
): IEdge {
  return {
    from,
    to,
    names: [from],
    kind: 'variable',
    evidence: 'observed',
    ...more
  };
}

/** A notebook's session, whose facts the test sets. */
export class FakeSession {
  attachment: Attachment = { kind: 'no-kernel' };
  readonly cells = new Map<string, IKnownCell>();
  readonly panel: NotebookPanel;
  plan: IPlan | null = null;
  problem = '';
  selected = '';
  state: IState | null = null;
  readonly attachmentChanged = new Signal<this, Attachment>(this);
  readonly planChanged = new Signal<this, IPlan | null>(this);
  readonly selectedChanged = new Signal<this, string>(this);
  readonly stateChanged = new Signal<this, void>(this);
  /** Of a notebook with these cells: Markdown where the text begins with `#`. */
  constructor(cells: Record<string, string>) {
    const model = new NotebookModel();
    model.fromJSON({
      cells: Object.entries(cells).map(([id, source]) => ({
        cell_type: source.startsWith('#') ? 'markdown' : 'code',
        id,
        metadata: {},
        source,
        ...(source.startsWith('#')
          ? {}
          : { execution_count: null, outputs: [] })
      })),
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5
    });
    this.panel = {
      content: {
        activeCell: null,
        activeCellChanged: new Signal<this, unknown>(this),
        model,
        modelContentChanged: new Signal<this, void>(this)
      }
    } as unknown as NotebookPanel;
  }

  readonly show = jest.fn();
  /** Not answered, unless the test says what. */
  readonly spans = jest.fn(
    (_: string): Promise<readonly ISpan[]> => new Promise(() => undefined)
  );

  readonly select = jest.fn((id: string) => {
    this.selected = id;
    this.selectedChanged.emit(id);
  });

  cell(id: string): IKnownCell | undefined {
    return this.cells.get(id);
  }

  /** Say what is known, and what depends on what. */
  answer(cells: readonly IKnownCell[], edges: IEdge[] = []): void {
    for (const cell of cells) {
      this.cells.set(cell.state.id, cell);
    }
    this.state = {
      sequence: 1,
      missing: [],
      reachable: true,
      cells: cells.map(({ state }) => state),
      facts: cells.map(({ facts }) => facts),
      edges,
      head: '',
      last: '',
      plan: '',
      tasks: false
    };
    this.stateChanged.emit();
  }
}

/** Return the open notebooks: one. */
export function sessionsOf(session: FakeSession | null): IRewindSessions {
  return {
    current: session as unknown as IRewindSession | null,
    currentChanged: new Signal<IRewindSessions, IRewindSession | null>(
      {} as IRewindSessions
    ),
    added: new Signal<IRewindSessions, IRewindSession>({} as IRewindSessions),
    all: [],
    of: () => undefined
  };
}
