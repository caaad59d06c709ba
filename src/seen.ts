import { ReactWidget } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';

import { Refresher } from './session/refresher';
import type { IRewindSession, IRewindSessions } from './tokens';

/** A model that works only while somebody looks. */
export interface ISeenModel extends IDisposable {
  /** Whether somebody looks. */
  isVisible: boolean;
}

/**
 * What is known of the notebook that the user is at.
 *
 * It asks for nothing unless somebody looks, and not too often.
 */
export abstract class SeenModel implements ISeenModel {
  /**
   * @param sessions - The open notebooks
   * @param interval - Least time between two questions, in milliseconds
   */
  constructor(sessions: IRewindSessions, interval: number) {
    this._sessions = sessions;
    this._interval = interval;
    sessions.currentChanged.connect(this._onCurrent, this);
    sessions.added.connect(this._onAdded, this);
    for (const session of sessions.all) {
      this._onAdded(sessions, session);
    }
  }

  /** Emitted when anything that is shown has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The session of the notebook that the user is at; null if there is none. */
  get session(): IRewindSession | null {
    return this._sessions.current;
  }

  /** Whether somebody looks. */
  get isVisible(): boolean {
    return this._isVisible;
  }
  set isVisible(isVisible: boolean) {
    if (isVisible !== this._isVisible) {
      this._isVisible = isVisible;
      this._stopWaiting();
      void this.refresh();
    }
  }

  /** Whether the model has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Ask now, if somebody looks and there may be something to show.
   *
   * @returns When the answer is there, or can't be had. Never rejects.
   */
  refresh(): Promise<void> {
    return this._isVisible && this.isWanted
      ? this._refresher.refresh()
      : Promise.resolve();
  }

  /** Follow no longer. */
  dispose(): void {
    if (!this._isDisposed) {
      this.isVisible = false;
      this._isDisposed = true;
      this._refresher.dispose();
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** Whether there may be something to show. */
  protected abstract get isWanted(): boolean;

  /**
   * Ask.
   *
   * @returns What takes over the answer. Never rejects.
   */
  protected abstract ask(session: IRewindSession | null): Promise<() => void>;

  /** Forget what is known of a notebook: the user is at another one. */
  protected abstract clear(): void;

  /** What is recorded of a notebook may have changed. */
  protected abstract onState(session: IRewindSession): void;

  /** Ask as soon as that is not too often. */
  protected askSoon(): void {
    const wait = Math.max(0, this._time + this._interval - Date.now());
    this._timer ??= setTimeout(() => {
      this._timer = null;
      void this.refresh();
    }, wait);
  }

  private _onAdded(_: unknown, session: IRewindSession): void {
    session.stateChanged.connect(this.onState, this);
  }

  private _onCurrent(): void {
    if (this.session !== this._asked) {
      // Of another notebook nothing is shown, not even for a moment.
      this.clear();
      this._changed.emit();
      void this.refresh();
    }
  }

  private _stopWaiting(): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
      this._timer = null;
    }
  }

  private async _fetch(): Promise<void> {
    this._stopWaiting();
    this._time = Date.now();
    const { session } = this;
    this._asked = session;
    const takeOver = await this.ask(session);
    if (!this._isDisposed && session === this.session) {
      this._time = Date.now();
      takeOver();
      this._changed.emit();
    }
  }

  private _asked: IRewindSession | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _interval: number;
  private _isDisposed = false;
  private _isVisible = false;
  private readonly _refresher = new Refresher(() => this._fetch());
  private readonly _sessions: IRewindSessions;
  private _time = 0;
  private _timer: ReturnType<typeof setTimeout> | null = null;
}

/** A widget that tells its model whether it is in sight, and disposes of it. */
export abstract class SeenBody<T extends ISeenModel> extends ReactWidget {
  /**
   * @param model - What is shown
   */
  constructor(readonly model: T) {
    super();
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.model.isVisible = this.isVisible;
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.model.isVisible = this.isVisible;
  }

  protected override onBeforeHide(msg: Message): void {
    this.model.isVisible = false;
    super.onBeforeHide(msg);
  }

  protected override onBeforeDetach(msg: Message): void {
    this.model.isVisible = false;
    super.onBeforeDetach(msg);
  }
}
