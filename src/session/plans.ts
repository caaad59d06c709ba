import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import { pageName } from '../api/page';
import type { IPlan, PlanActionWord } from '../tokens';
import { Refresher } from './refresher';

/** How often a plan at work is asked about where events say nothing, in ms. */
const INTERVAL = 2000;

/**
 * Follows the plan of a notebook that is at work, or ended and was not yet
 * acknowledged.
 */
export class PlanFollower implements IDisposable {
  /**
   * @param options - What following needs
   */
  constructor(options: PlanFollower.IOptions) {
    this._options = options;
    this._refresher = new Refresher(() => this._fetch());
  }

  /** The plan; null if there is none. */
  get plan(): IPlan | null {
    return this._plan;
  }

  /** Emitted when the plan or its progress changes. */
  get changed(): ISignal<this, IPlan | null> {
    return this._changed;
  }

  /** Whether the plan was accepted in this page. */
  get isOwned(): boolean {
    return this._plan?.owner === pageName();
  }

  /** Whether the follower has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Take note of which plan the server named.
   *
   * @param id - Its id; empty if there is none
   */
  expect(id: string): void {
    const known = this._plan?.id ?? '';
    if (id !== known) {
      void this.refresh();
    }
  }

  /** Ask how far the plan is. Never rejects. */
  refresh(): Promise<void> {
    return this._options.canAsk()
      ? this._refresher.refresh()
      : Promise.resolve();
  }

  /**
   * Accept, cancel or acknowledge a plan. Rejects with a sentence.
   *
   * @param id - The plan
   * @param action - What to do
   */
  async act(id: string, action: PlanActionWord): Promise<IPlan> {
    const plan = await this._options.client.act(id, action);
    if (action === 'acknowledge') {
      this._acknowledged = id;
      if (this._plan?.id === id) {
        this._set(null);
      }
    } else if (plan.state !== 'proposed') {
      this._set(plan);
    }
    return plan;
  }

  /** Follow no longer; the plan goes on. */
  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._refresher.dispose();
    Signal.clearData(this);
  }

  private async _fetch(): Promise<void> {
    const { client, path } = this._options;
    const asked = path();
    try {
      const plans = (await client.plans(asked)).filter(
        plan => plan.state !== 'proposed' && plan.id !== this._acknowledged
      );
      if (!this._isDisposed && asked === path()) {
        this._set(
          plans.find(plan => plan.state === 'running') ??
            plans[plans.length - 1] ??
            null
        );
      }
    } catch {
      this._watch();
    }
  }

  private _set(plan: IPlan | null): void {
    if (this._isDisposed) {
      return;
    }
    const isNews = JSON.stringify(plan) !== JSON.stringify(this._plan);
    this._plan = plan;
    this._watch();
    if (isNews) {
      this._changed.emit(plan);
    }
  }

  /** Ask again after a while, while the plan is at work. */
  private _watch(): void {
    clearTimeout(this._timer);
    if (this._plan?.state === 'running' && !this._isDisposed) {
      this._timer = window.setTimeout(() => {
        void this.refresh();
        this._watch();
      }, INTERVAL);
    }
  }

  private _acknowledged = '';
  private readonly _changed = new Signal<this, IPlan | null>(this);
  private _isDisposed = false;
  private readonly _options: PlanFollower.IOptions;
  private _plan: IPlan | null = null;
  private readonly _refresher: Refresher;
  private _timer = 0;
}

/** What belongs to following plans. */
export namespace PlanFollower {
  /** What following needs. */
  export interface IOptions {
    /** Whether there is anybody to ask. */
    canAsk: () => boolean;
    /** The server's operations. */
    client: RewindClient;
    /** Returns the notebook's path. */
    path: () => string;
  }
}
