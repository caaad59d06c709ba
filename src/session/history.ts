import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import type { IHistory } from '../tokens';
import { Refresher } from './refresher';

/**
 * Keeps the checkpoint tree of a notebook up to date while somebody follows it.
 */
export class HistoryFollower implements IDisposable {
  /**
   * @param options - What following needs
   */
  constructor(options: HistoryFollower.IOptions) {
    this._options = options;
    this._refresher = new Refresher(() => this._fetch());
  }

  /** The checkpoint tree; null until somebody follows it. */
  get history(): IHistory | null {
    return this._history;
  }

  /** Emitted when the checkpoint tree has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the follower has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Keep the tree up to date until the result is disposed of. */
  follow(): IDisposable {
    this._followers++;
    void this.refresh();
    return new DisposableDelegate(() => {
      this._followers--;
    });
  }

  /** Ask for the tree, if anybody follows it. Never rejects. */
  refresh(): Promise<void> {
    return this._followers > 0 && this._options.canAsk()
      ? this._refresher.refresh()
      : Promise.resolve();
  }

  /** Take a tree that came as an answer to something else. */
  take(history: IHistory): void {
    const before = this._history;
    if (
      before?.sequence === history.sequence &&
      JSON.stringify(before) === JSON.stringify(history)
    ) {
      return;
    }
    this._history = history;
    this._changed.emit();
  }

  /** Forget the tree: it is that of another notebook. */
  clear(): void {
    if (this._history) {
      this._history = null;
      this._changed.emit();
    }
    void this.refresh();
  }

  /** Follow no longer. */
  dispose(): void {
    this._isDisposed = true;
    this._refresher.dispose();
    Signal.clearData(this);
  }

  private async _fetch(): Promise<void> {
    const { client, path } = this._options;
    const asked = path();
    try {
      const history = await client.history(asked);
      if (!this._isDisposed && asked === path()) {
        this.take(history);
      }
    } catch {
      // Asked for again with the next change; the state's problem says why.
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _followers = 0;
  private _history: IHistory | null = null;
  private _isDisposed = false;
  private readonly _options: HistoryFollower.IOptions;
  private readonly _refresher: Refresher;
}

/** What belongs to following the history. */
export namespace HistoryFollower {
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
