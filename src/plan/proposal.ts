import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IPlan, IRewindSession } from '../tokens';
import type { ITarget } from './words';

/**
 * A plan while the user looks at it: asked for, and asked for again with every
 * cell that shall run in any case.
 */
export class Proposal implements IDisposable {
  /**
   * @param session - Asks for the plan
   * @param target - What to bring up to date
   */
  constructor(session: IRewindSession, target: ITarget) {
    this._session = session;
    this.target = target;
  }

  /** What to bring up to date. */
  readonly target: ITarget;

  /** Emitted when anything below changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The plan; null until there is one. Of an older choice while loading. */
  get plan(): IPlan | null {
    return this._plan;
  }

  /** Ids of the cells that shall run in any case. */
  get forced(): ReadonlySet<string> {
    return this._forced;
  }

  /** Whether a plan was asked for and is not there yet. */
  get isLoading(): boolean {
    return this._isLoading;
  }

  /** Why there is no plan, a sentence; empty if there is one. */
  get problem(): string {
    return this._problem;
  }

  /** How many code cells the notebook has. */
  get cells(): number {
    let count = 0;
    for (const cell of this._session.panel.content.model?.cells ?? []) {
      count += cell.type === 'code' ? 1 : 0;
    }
    return count;
  }

  /** Whether the proposal has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Ask for the plan.
   *
   * @returns When it is there, or could not be had. Never rejects.
   */
  async ask(): Promise<void> {
    const question = ++this._question;
    this._isLoading = true;
    this._emit();
    let plan: IPlan | null = null;
    let problem = '';
    try {
      const { cell, target } = this.target;
      plan = await this._session.propose(target, cell, [...this._forced]);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    // Only the newest question's answer counts.
    if (question === this._question) {
      this._plan = plan;
      this._problem = problem;
      this._isLoading = false;
      this._emit();
    }
  }

  /**
   * Let a cell run in any case, or no longer so, and ask again.
   *
   * @param cell - Its id
   * @param isForced - Whether it runs in any case
   */
  force(cell: string, isForced: boolean): void {
    if (isForced) {
      this._forced.add(cell);
    } else {
      this._forced.delete(cell);
    }
    void this.ask();
  }

  /** Tell nobody any more. */
  dispose(): void {
    this._isDisposed = true;
    this._question++;
    Signal.clearData(this);
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _forced = new Set<string>();
  private _isDisposed = false;
  private _isLoading = false;
  private _plan: IPlan | null = null;
  private _problem = '';
  private _question = 0;
  private readonly _session: IRewindSession;
}
