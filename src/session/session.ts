import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import type { RewindEvents } from '../api/events';
import { pageName } from '../api/page';
import type {
  Attachment,
  IHandshake,
  IHistory,
  IKnownCell,
  IPlan,
  IQuestion,
  IRewindAnswer,
  IRewindOptions,
  IRewindServer,
  IRewindSession,
  IState,
  PlanActionWord,
  PlanTarget,
  RecordingMode
} from '../tokens';
import { StateAsker } from './asker';
import { Attacher } from './attach';
import { CellsWatch } from './cells';
import { ExecutionWatch } from './execution';
import { HistoryFollower } from './history';
import { PlanFollower } from './plans';
import { proposePlan } from './propose';
import { SessionRecords } from './records';
import { Unrecorded } from './unrecorded';
import { type IView, viewNow } from './view';

/**
 * The connection of one notebook panel with its kernel's records. It puts the
 * parts together: attaching, asking, what runs, the history and the plan.
 */
export class RewindSession extends SessionRecords implements IRewindSession {
  /**
   * @param options - What a session needs
   */
  constructor(options: RewindSession.IOptions) {
    super(options.client);
    const { client, events, panel, server, settings, trans } = options;
    this.panel = panel;
    this._events = events;
    this._server = server;
    this._trans = trans;
    this._path = panel.context.localPath;

    const sessionContext = panel.sessionContext;
    // First of all: the kernel may be there already, and about to run.
    this._attacher = new Attacher({ sessionContext, settings, trans });
    const canAsk = (): boolean => server.state.kind === 'connected';
    const path = (): string => this._path;
    this._history = new HistoryFollower({ canAsk, client, path });
    this._plans = new PlanFollower({ canAsk, client, path });
    this._execution = new ExecutionWatch(panel);

    this._attacher.changed.connect(this._onAttachment, this);
    this._attacher.reconnected.connect(this._onResumed, this);
    this._execution.scheduled.connect(this._onScheduled, this);
    this._execution.ended.connect(this._onEnded, this);
    this._history.changed.connect(this._onHistory, this);
    this._plans.changed.connect(this._onPlan, this);
    events.changed.connect(this._onRecords, this);
    events.planChanged.connect(this._onPlanEvent, this);
    events.resumed.connect(this._onResumed, this);
    panel.context.pathChanged.connect(this._onPath, this);
    panel.disposed.connect(this.dispose, this);
    void panel.context.ready.then(() => {
      this._begin();
    });
  }

  /** The panel. */
  override readonly panel: NotebookPanel;

  /** Whether the session has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The notebook's path, as the contents API names it. */
  get path(): string {
    return this._path;
  }

  /** Whether the kernel records. */
  get attachment(): Attachment {
    return this._attacher.attachment;
  }

  /** The newest state; null until the first answer. Never of an older text. */
  get state(): IState | null {
    return this._view().state;
  }

  /** Whether a newer state was asked for and is not there yet. */
  get isLoading(): boolean {
    return this._asker?.isLoading ?? true;
  }

  /** Why there is no newer state, a sentence; empty if there is one. */
  get problem(): string {
    return this._asker?.problem ?? '';
  }

  /** Return what is known of a cell; undefined for one of which nothing is. */
  cell(id: string): IKnownCell | undefined {
    return this._view().cells.get(id);
  }

  /** Ask for the state now. Never rejects. */
  async refresh(): Promise<void> {
    await this._asker?.refresh();
  }

  /** The checkpoint tree; null until somebody follows it. */
  get history(): IHistory | null {
    return this._history.history;
  }

  /** Keep `history` up to date until the result is disposed of. */
  followHistory(): IDisposable {
    return this._history.follow();
  }

  /** The last rewind in this page, until it is undone or something runs. */
  get rewound(): IRewindAnswer | null {
    return this._rewound;
  }

  /** Take the kernel to the state after a run. Rejects with a sentence. */
  async rewind(
    target: string,
    how: IRewindOptions = {}
  ): Promise<IRewindAnswer> {
    const undoes = this._rewound?.before === target;
    if (this.isLoading) {
      // A plan that has just ended moved the head: no news to the user.
      await this.refresh();
    }
    const answer = await this.client.rewind({
      path: this._path,
      kernel: this.kernelId(),
      target,
      ...how,
      head: this.state?.head ?? ''
    });
    if (answer.report.done) {
      if (answer.before !== answer.after) {
        this._setRewound(undoes ? null : answer);
      }
      // What is shown when this returns is what is in the kernel now.
      await Promise.all([this.refresh(), this._history.refresh()]);
    }
    return answer;
  }

  /** Label or keep a checkpoint. Rejects with a sentence. */
  async mark(
    checkpoint: string,
    change: { label?: string; keep?: boolean }
  ): Promise<void> {
    const path = this._path;
    this._history.take(await this.client.mark({ path, checkpoint, ...change }));
  }

  /** The plan that is at work, or ended and was not acknowledged; else null. */
  get plan(): IPlan | null {
    return this._plans.plan;
  }

  /** Whether the plan at work was accepted in this page. */
  get ownsPlan(): boolean {
    return this._plans.isOwned;
  }

  /** Ask for a plan; nothing runs. Rejects with a sentence. */
  async propose(
    target: PlanTarget,
    cell = '',
    forced: readonly string[] = []
  ): Promise<IPlan> {
    await this.panel.context.ready;
    return proposePlan(this.client, this._cells!, this._trans, () => ({
      ...this._question(),
      target,
      cell,
      forced: [...forced],
      owner: pageName()
    }));
  }

  /** Accept, cancel or acknowledge a plan. Rejects with a sentence. */
  act(plan: string, action: PlanActionWord): Promise<IPlan> {
    return this._plans.act(plan, action);
  }

  /** Change what the kernel does with runs. Rejects with a sentence. */
  setMode(mode: RecordingMode): Promise<void> {
    return this._attacher.setMode(mode);
  }

  /** Attach to the kernel as the settings say now. */
  attach(): void {
    this._attacher.attach();
  }

  /** End the connection; the kernel goes on recording. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._attacher.dispose();
    this._asker?.dispose();
    this._cells?.dispose();
    this._execution.dispose();
    this._history.dispose();
    this._plans.dispose();
    this._events.changed.disconnect(this._onRecords, this);
    this._events.planChanged.disconnect(this._onPlanEvent, this);
    this._events.resumed.disconnect(this._onResumed, this);
    Signal.clearData(this);
  }

  /** Begin to ask: the notebook's cells are there. */
  private _begin(): void {
    const model = this.panel.content.model;
    if (this._isDisposed || !model) {
      return;
    }
    this._cells = new CellsWatch(model);
    this._asker = new StateAsker({
      cells: this._cells,
      client: this.client,
      question: () => this._question(),
      server: this._server,
      trans: this._trans
    });
    this._cells.changed.connect(this._onCells, this);
    this._cells.executionChanged.connect(this._show, this);
    this._asker.changed.connect(this._onState, this);
    this._asker.askSoon();
    void this._plans.refresh();
  }

  private _question(): IQuestion {
    const handshake = this._handshake();
    return {
      path: this._path,
      cells: [...(this._cells?.now().cells ?? [])],
      kernel: this._attacher.kernel?.id ?? '',
      session: handshake?.session ?? '',
      nonce: handshake?.store_nonce ?? '',
      policies: this._cells?.policies() ?? {}
    };
  }

  private _handshake(): IHandshake | null {
    const attachment = this.attachment;
    return 'handshake' in attachment ? attachment.handshake : null;
  }

  /** Return the kernel's id. Throws a sentence if there is none. */
  protected override kernelId(): string {
    const kernel = this._attacher.kernel;
    if (!kernel) {
      throw new Error(this._trans.__('The notebook has no kernel.'));
    }
    return kernel.id;
  }

  /** Return what may be shown now. */
  private _view(): IView {
    if (this._shown) {
      return this._shown;
    }
    const answered = this._asker?.answered;
    // Of a kernel of another language nothing is known, and nothing said.
    const isOther = this.attachment.kind === 'language';
    if (!answered || !this._cells || isOther) {
      return (this._shown = { state: null, cells: new Map() });
    }
    return (this._shown = viewNow(
      answered,
      {
        digests: this._cells.now().digests,
        kernel: this._attacher.kernel?.id ?? '',
        session: this._handshake()?.session ?? '',
        execution: this._execution.now(),
        unrecorded: this._unrecorded,
        problem: this.problem
      },
      this._trans
    ));
  }

  /** Tell that what may be shown has changed. */
  private _show(): void {
    this._shown = null;
    this.stateSignal.emit();
  }

  private _setRewound(answer: IRewindAnswer | null): void {
    if (answer !== this._rewound) {
      this._rewound = answer;
      this.rewoundSignal.emit(answer);
    }
  }

  private _onAttachment(_: Attacher, attachment: Attachment): void {
    const session = this._handshake()?.session ?? '';
    if (!session) {
      // The kernel is gone, or new.
      this._execution.clear();
      this._setRewound(null);
    }
    this.attachmentSignal.emit(attachment);
    this._show();
    void this._asker?.refresh(true);
  }

  private _onCells(_: CellsWatch, edited: string): void {
    if (!edited) {
      this._show();
      this._asker?.askSoon();
      return;
    }
    this._asker?.askAfterTyping();
    // Once until the next answer: what is said of the cell does not change
    // with every key.
    if (!this._edited.has(edited)) {
      this._edited.add(edited);
      this._show();
    }
  }

  private _onScheduled(_: ExecutionWatch, id: string): void {
    this._setRewound(null);
    this._unrecorded.note(id, this.attachment, this.state);
    this._show();
  }

  private _onEnded(): void {
    this._show();
    this._asker?.askSoon();
  }

  private _onState(asker: StateAsker): void {
    const answered = asker.answered;
    if (answered && answered !== this._answered) {
      this._answered = answered;
      const { plan, reachable, sequence } = answered.state;
      this._edited.clear();
      this._unrecorded.settle(answered.state);
      this._attacher.setReachable(reachable);
      this._plans.expect(plan);
      if (sequence !== this._sequence) {
        this._sequence = sequence;
        void this._history.refresh();
      }
    }
    this._show();
  }

  private _onRecords(_: RewindEvents, path: string): void {
    if (path === this._path) {
      this._asker?.askSoon();
    }
  }

  private _onPlanEvent(_: RewindEvents, path: string): void {
    if (path === this._path) {
      void this._plans.refresh();
    }
  }

  private _onResumed(): void {
    this._asker?.askSoon();
    void this._plans.refresh();
  }

  private _onHistory(): void {
    this.historySignal.emit();
  }

  private _onPlan(_: PlanFollower, plan: IPlan | null): void {
    this.planSignal.emit(plan);
    if (plan?.state !== 'running') {
      this._asker?.askSoon();
    }
  }

  private _onPath(): void {
    this._path = this.panel.context.localPath;
    this._history.clear();
    void this._asker?.refresh(true);
    void this._plans.refresh();
  }

  private _answered: StateAsker['answered'] = null;
  private _asker: StateAsker | null = null;
  private readonly _attacher: Attacher;
  private _cells: CellsWatch | null = null;
  /** Ids of cells that are known to be edited since the newest answer. */
  private readonly _edited = new Set<string>();
  private readonly _events: RewindEvents;
  private readonly _execution: ExecutionWatch;
  private readonly _history: HistoryFollower;
  private _isDisposed = false;
  private _path: string;
  private readonly _plans: PlanFollower;
  private _rewound: IRewindAnswer | null = null;
  private _sequence = -1;
  private readonly _server: IRewindServer;
  private _shown: IView | null = null;
  private readonly _trans: TranslationBundle;
  private readonly _unrecorded = new Unrecorded();
}

/** What belongs to a session. */
export namespace RewindSession {
  /** What a session needs. */
  export interface IOptions {
    /** The server's operations. */
    client: RewindClient;
    /** What the server says unasked. */
    events: RewindEvents;
    /** The notebook. */
    panel: NotebookPanel;
    /** The connection to the server part. */
    server: IRewindServer;
    /** What the user set, at the moment of asking. */
    settings: () => Attacher.ISettings;
    /** The application's language. */
    trans: TranslationBundle;
  }
}
