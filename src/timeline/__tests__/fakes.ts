import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type {
  Attachment,
  ICheckpoint,
  IDifference,
  IHistory,
  IKnownCell,
  INameChange,
  IPeek,
  IPlan,
  IRewindAnswer,
  IRewindOptions,
  IRewindReport,
  IRewindSession,
  IRewindSessions,
  ISources,
  IState
} from '../../tokens';

/** Return a checkpoint, but for some facts. */
export function checkpoint(
  id: string,
  parent: string | null,
  more: Partial<ICheckpoint> = {}
): ICheckpoint {
  return {
    id,
    parent,
    session: 's',
    cell: `cell ${id}`,
    run: `run ${id}`,
    action: 'run',
    time: '2026-11-25T12:00:00Z',
    label: '',
    keep: false,
    saved: true,
    lost: '',
    evicted: '',
    bytes: 0,
    seconds: 0,
    status: 'ok',
    written: [],
    removed: [],
    source: '',
    title: '',
    ...more
  };
}

/** Return the history of some checkpoints; the kernel is at the last. */
export function history(checkpoints: ICheckpoint[]): IHistory {
  const last = checkpoints[checkpoints.length - 1];
  return {
    sequence: 1,
    heads: last ? [{ session: last.session, checkpoint: last.id }] : [],
    checkpoints
  };
}

/** Return what a rewind did, but for some facts. */
export function answer(more: Partial<IRewindReport> = {}): IRewindAnswer {
  const report: IRewindReport = {
    checkpoint: 'a',
    target: 'checkpoint a',
    kept: [],
    loaded: [],
    recomputed: [],
    removed: [],
    lost: [],
    ambient: [],
    restored: [],
    files: [],
    notes: [],
    before: 'b',
    done: true,
    seconds: 0.012,
    ...more
  };
  return { report, before: 'b', after: report.done ? 'a' : 'b' };
}

/** Return a name that differs, but for some facts. */
export function change(
  name: string,
  more: Partial<INameChange> = {}
): INameChange {
  return {
    name,
    change: 'changed',
    before: 'int, 1',
    after: 'int, 2',
    bytes: 28,
    cell: 'cell a',
    ...more
  };
}

/** A notebook's session, whose facts the test sets. */
export class FakeSession {
  attachment: Attachment = {
    kind: 'recording',
    handshake: {
      agent: '0.1.0',
      protocol: 1,
      python: '3.12.3',
      session: 's',
      mode: 'audit',
      store: '/records',
      store_nonce: 'n',
      head: '',
      error: ''
    }
  };
  cells = new Map<string, IKnownCell>();
  followers = 0;
  history: IHistory | null = null;
  plan: IPlan | null = null;
  problem = '';
  rewound: IRewindAnswer | null = null;
  state: IState | null = null;
  readonly attachmentChanged = new Signal<this, Attachment>(this);
  readonly historyChanged = new Signal<this, void>(this);
  readonly planChanged = new Signal<this, IPlan | null>(this);
  readonly rewoundChanged = new Signal<this, IRewindAnswer | null>(this);
  readonly stateChanged = new Signal<this, void>(this);
  readonly panel: NotebookPanel;

  /** Of a notebook with cells of some ids, the first of which is active. */
  constructor(readonly ids: string[] = ['cell a', 'cell b', 'cell c']) {
    const content = {
      activeCell: { model: { id: ids[0] ?? '' } },
      activeCellChanged: new Signal<unknown, unknown>(this),
      model: { cells: ids.map(id => ({ id, type: 'code' })), readOnly: false }
    };
    this.panel = {
      content,
      disposed: new Signal<unknown, void>(this)
    } as unknown as NotebookPanel;
  }

  readonly difference = jest.fn(
    async (one: string, other: string): Promise<IDifference> => ({
      one,
      other,
      names: [],
      same: 0
    })
  );
  readonly mark = jest.fn(async () => undefined);
  readonly peek = jest.fn(async (): Promise<IPeek> => ({
    text: '',
    reason: ''
  }));
  readonly rewind = jest.fn(async (_target: string, _how?: IRewindOptions) => {
    const done = answer();
    this.setRewound(done);
    return done;
  });
  readonly sources = jest.fn(async (checkpoint: string): Promise<ISources> => ({
    checkpoint,
    cells: []
  }));

  cell(id: string): IKnownCell | undefined {
    return this.cells.get(id);
  }

  /** Say that a run of a cell is recorded in the history. */
  record(id: string): void {
    this.cells.set(id, {
      facts: { id, checkpoint_id: 'a' }
    } as unknown as IKnownCell);
  }

  followHistory(): IDisposable {
    this.followers++;
    let isDisposed = false;
    return {
      get isDisposed() {
        return isDisposed;
      },
      dispose: () => {
        this.followers -= isDisposed ? 0 : 1;
        isDisposed = true;
      }
    };
  }

  setHistory(history: IHistory | null): void {
    this.history = history;
    this.historyChanged.emit();
  }

  setRewound(answer: IRewindAnswer | null): void {
    this.rewound = answer;
    this.rewoundChanged.emit(answer);
  }

  setState(state: Partial<IState>): void {
    this.state = { sequence: 1, ...this.state, ...state } as IState;
    this.stateChanged.emit();
  }

  setAttachment(attachment: Attachment): void {
    this.attachment = attachment;
    this.attachmentChanged.emit(attachment);
  }

  /** As what it stands for. */
  get session(): IRewindSession {
    return this as unknown as IRewindSession;
  }
}

/** The sessions, of which the test says which is current. */
export class FakeSessions {
  current: IRewindSession | null = null;
  readonly added = new Signal<this, IRewindSession>(this);
  readonly currentChanged = new Signal<this, IRewindSession | null>(this);
  readonly all: IRewindSession[] = [];

  open(fake: FakeSession | null): void {
    this.current = fake?.session ?? null;
    if (fake && !this.all.includes(fake.session)) {
      this.all.push(fake.session);
      this.added.emit(fake.session);
    }
    this.currentChanged.emit(this.current);
  }

  /** As what they stand for. */
  get sessions(): IRewindSessions {
    return this as unknown as IRewindSessions;
  }
}
