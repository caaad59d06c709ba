import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import {
  type INotebookModel,
  type Notebook,
  NotebookActions
} from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { sourceDigest } from '../api/digest';
import { pageName } from '../api/page';
import type { IPlan, IPlanStep, IRewindSession } from '../tokens';
import { outputsFrom } from './pickup';
import { codeCell, isRunning, WaitingPrompts } from './prompts';
import { showRecorded } from './recorded';
import { OutputRouter } from './router';
import { Writers } from './writers';

/** How long the kernel's last word on a run is waited for, in ms. */
const LAST_WORD = 3000;

/** How long other pages have to see how a plan ended, in ms. */
const SEEN = 2000;

/** How long a plan's owner has to acknowledge it in a shared notebook, in ms. */
const HEIR = 8000;

/** How long each page that could stand in for the owner has, in ms. */
const TURN = 2000;

/** How long after a notebook has opened an ended plan is news of before, in ms. */
const OPENING = 5000;

/** A plan that has ended, with its outputs in the cells. */
export interface IEnded {
  /** The plan. */
  readonly plan: IPlan;
  /** Whether it ended before the notebook was opened in this page. */
  readonly wasAway: boolean;
}

/**
 * Follows the plans of one notebook: brings their outputs into the cells while
 * they are at work, and from the store what this page has not heard.
 */
export class OutputFollower implements IDisposable {
  /**
   * @param session - The notebook's session
   */
  constructor(session: IRewindSession) {
    this._session = session;
    const { panel } = session;
    this._prompts = new WaitingPrompts(panel);
    this._router = new OutputRouter({
      sessionContext: panel.sessionContext,
      begin: (id, code) => {
        const cell = this._mayWrite ? codeCell(panel, id) : undefined;
        const isMeant =
          cell && !this._touched.has(id) && this._isText(id, cell.model, code);
        return isMeant ? cell : null;
      },
      isTimed: () => panel.content.notebookConfig.recordTiming
    });
    Writers.add(this, () => panel.content.model);
    session.planChanged.connect(this._onPlan, this);
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    void panel.context.ready.then(() => {
      this._opened = Date.now();
      if (!this._isDisposed) {
        this._leave = Writers.meet(this._model, pageName(), () =>
          this._onPages()
        );
      }
    });
    panel.disposed.connect(this.dispose, this);
    this._onPlan();
  }

  /** Emitted when a plan has ended and its outputs are in the cells. */
  get ended(): ISignal<this, IEnded> {
    return this._ended;
  }

  /** Whether the follower has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Follow no more; the plan goes on. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._presence);
    clearTimeout(this._timer);
    this._leave();
    this._router.dispose();
    Writers.remove(this);
    this._session.planChanged.disconnect(this._onPlan, this);
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    Signal.clearData(this);
  }

  private get _model(): INotebookModel | null {
    return this._session.panel.content.model;
  }

  /** Whether outputs are this page's, and this view's, to write. */
  private get _mayWrite(): boolean {
    return (
      Writers.isFirst(this) &&
      (!this._model?.collaborative || this._session.ownsPlan || this._isHeir)
    );
  }

  private _onPlan(): void {
    const { plan } = this._session;
    if (plan && plan.id !== this._plan?.id) {
      this._begin(plan);
    }
    this._plan = plan ?? this._plan;
    this._prompts.show(plan);
    if (!plan) {
      this._forget();
      return;
    }
    for (const step of plan.steps) {
      this._look(step);
    }
    if (plan.state !== 'running' && !this._isOver) {
      this._isOver = true;
      this._later(() => this._end(plan));
    }
  }

  private _begin(plan: IPlan): void {
    clearTimeout(this._timer);
    this._known.clear();
    this._touched.clear();
    this._isHeir = this._isOver = false;
    // One that something kept from beginning did not end behind our back.
    this._wasAway =
      plan.state !== 'running' &&
      plan.started !== null &&
      (!this._opened || Date.now() - this._opened < OPENING);
    if (this._wasAway) {
      this._isHeir = true;
    }
    if (plan.state !== 'running') {
      // What ran since the plan ended is not the plan's to overwrite.
      this._later(() => this._session.refresh());
    }
    this._plan = plan;
    this._router.follow(plan.id);
    this._onPages();
  }

  /** The plan is gone, acknowledged here or in another page. */
  private _forget(): void {
    for (const [cell, state] of this._known) {
      if (state.startsWith('running')) {
        this._later(async () => {
          await this._lastWord(cell);
          this._setRunning(cell, false);
        });
      }
    }
    this._known.clear();
  }

  /** Take note of how far a step is. */
  private _look(step: IPlanStep): void {
    const { cell, action } = step.step;
    const before = this._known.get(cell) ?? '';
    const now = `${step.state} ${step.run}`;
    this._known.set(cell, now);
    if (now === before) {
      return;
    }
    if (step.state === 'running' && action === 'run') {
      this._setRunning(cell, true);
    } else if (before.startsWith('running') || isReached(step)) {
      this._later(() => this._conclude(step));
    }
  }

  /** A step has ended: see that its cell shows what it should. */
  private async _conclude(step: IPlanStep): Promise<void> {
    const { cell } = step.step;
    await this._lastWord(cell);
    if (isReached(step) && this._mayWrite) {
      await this._bring(step);
    }
    this._setRunning(cell, false);
  }

  /** Wait until the kernel has said all that it says about a cell's run. */
  private async _lastWord(cell: string): Promise<void> {
    const isOver = (): boolean => this._router.of(cell)?.isEnded ?? true;
    if (isOver()) {
      return;
    }
    await new Promise<void>(resolve => {
      const timer = window.setTimeout(done, LAST_WORD);
      const look = (): void => {
        if (isOver()) {
          done();
        }
      };
      const router = this._router;
      function done(): void {
        clearTimeout(timer);
        router.ended.disconnect(look);
        resolve();
      }
      router.ended.connect(look);
    });
  }

  /** Bring the recorded outputs of a step into its cell, if they are meant. */
  private async _bring(step: IPlanStep): Promise<void> {
    if (this._from(step) !== 'store') {
      return;
    }
    try {
      const recorded = await this._session.outputs(step.run);
      const { cell } = step.step;
      const model = this._cell(cell);
      // It may have been edited or run while they were fetched.
      if (model && this._from(step) === 'store' && !this._isDisposed) {
        if (step.step.action === 'run') {
          model.trusted = true;
        }
        const widget = codeCell(this._session.panel, cell) ?? null;
        showRecorded(model, widget, recorded);
      }
    } catch (error) {
      console.warn(`The outputs of run ${step.run} can't be had.`, error);
    }
  }

  private _from(step: IPlanStep): ReturnType<typeof outputsFrom> {
    const { cell } = step.step;
    const model = this._cell(cell);
    const ended = this._session.cell(cell)?.facts.ended;
    const planEnded = this._plan?.ended;
    return outputsFrom(step, {
      live: this._router.of(cell),
      text: model ? sourceDigest(model.sharedModel.getSource()) : '',
      isTouched: this._touched.has(cell),
      ranLater:
        !!ended && !!planEnded && Date.parse(ended) > Date.parse(planEnded)
    });
  }

  /** A plan has ended, and what it did is in the cells. */
  private async _end(plan: IPlan): Promise<void> {
    if (this._isDisposed || this._plan?.id !== plan.id) {
      return;
    }
    this._ended.emit({ plan, wasAway: this._wasAway });
    if (!Writers.isFirst(this)) {
      return;
    }
    // Nobody else writes in a notebook that is not shared: its plan's owner may
    // have been this page's predecessor, and it would be met again.
    const isShared = this._model?.collaborative ?? false;
    if (this._session.ownsPlan || this._isHeir || !isShared) {
      this._timer = window.setTimeout(
        () => this._acknowledge(plan.id),
        this._wasAway ? 0 : SEEN
      );
    } else {
      // One that is said to be here may be gone without a word.
      const patience = this._isLeft(plan) ? 0 : HEIR;
      this._timer = window.setTimeout(
        () => this._inherit(plan),
        patience + Writers.turn(this._model) * TURN
      );
    }
  }

  /** Write the outputs of a plan whose owner has left the shared notebook. */
  private _inherit(plan: IPlan): void {
    if (this._session.plan?.id !== plan.id) {
      return;
    }
    this._isHeir = true;
    for (const step of plan.steps.filter(isReached)) {
      this._later(() => this._conclude(step));
    }
    if (plan.state !== 'running') {
      this._later(async () => this._acknowledge(plan.id));
    }
  }

  /** Whether the owner of a plan has left the shared notebook. */
  private _isLeft(plan: IPlan): boolean {
    return !this._session.ownsPlan && !Writers.isHere(this._model, plan.owner);
  }

  /** Pages of a shared notebook have come or gone: the plan's owner may have. */
  private _onPages(): void {
    clearTimeout(this._presence);
    // Who is here is known a moment after one has come.
    this._presence = window.setTimeout(() => {
      const { plan } = this._session;
      const isMine =
        plan !== null &&
        plan.state === 'running' &&
        !this._isHeir &&
        this._isLeft(plan) &&
        Writers.isFirst(this) &&
        Writers.turn(this._model) === 0;
      if (isMine && this._model?.collaborative) {
        this._inherit(plan);
      }
    }, TURN);
  }

  private _acknowledge(plan: string): void {
    this._session.act(plan, 'acknowledge').catch(() => {
      // Somebody else did.
    });
  }

  /** Show that a cell runs, or does not, where the kernel did not say so. */
  private _setRunning(id: string, isToRun: boolean): void {
    const model = this._cell(id);
    if (!model || !this._mayWrite || this._touched.has(id)) {
      return;
    }
    if (!isToRun && isRunning(model)) {
      model.executionState = 'idle';
    }
    // A cell that is edited meanwhile is not what runs.
    if (isToRun && !this._router.of(id) && this._isText(id, model, null)) {
      model.executionState = 'running';
    }
  }

  private _cell(id: string): ICodeCellModel | null {
    for (const model of this._model?.cells ?? []) {
      if (model.id === id) {
        return model.type === 'code' ? (model as ICodeCellModel) : null;
      }
    }
    return null;
  }

  /** Whether a cell has the text that the plan runs. */
  private _isText(
    id: string,
    model: ICodeCellModel,
    code: string | null
  ): boolean {
    const source = model.sharedModel.getSource();
    if (code !== null) {
      return code === source;
    }
    const step = this._plan?.steps.find(({ step }) => step.cell === id);
    return step?.source === sourceDigest(source);
  }

  /** Do something after all that was begun before. */
  private _later(task: () => Promise<void>): void {
    this._queue = this._queue.then(task).catch((error: unknown) => {
      console.error('A step of a plan could not be followed.', error);
    });
  }

  private _onScheduled(
    _: unknown,
    { notebook, cell }: { notebook: Notebook; cell: Cell }
  ): void {
    if (notebook.model && notebook.model === this._model) {
      this._touched.add(cell.model.id);
    }
  }

  private readonly _ended = new Signal<this, IEnded>(this);
  private _isDisposed = false;
  /** Whether this page writes outputs of a plan that it does not own. */
  private _isHeir = false;
  private _isOver = false;
  /** How far each step was when last looked at, by cell. */
  private readonly _known = new Map<string, string>();
  private _leave = (): void => undefined;
  private _opened = 0;
  private _plan: IPlan | null = null;
  private _presence = 0;
  private readonly _prompts: WaitingPrompts;
  private _queue: Promise<void> = Promise.resolve();
  private readonly _router: OutputRouter;
  private readonly _session: IRewindSession;
  private _timer = 0;
  /** Ids of cells that were told to run in this page since the plan began. */
  private readonly _touched = new Set<string>();
  private _wasAway = false;
}

/** Return whether a step has come to its end. */
function isReached({ state }: IPlanStep): boolean {
  return state === 'done' || state === 'failed';
}
