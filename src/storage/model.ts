import { type ISignal, Signal } from '@lumino/signaling';

import type { ISeenModel } from '../seen';
import { Refresher } from '../session/refresher';
import type {
  INotebookStorage,
  IRewindSession,
  IRewindSessions,
  IRewindStorage,
  IStorage
} from '../tokens';
import { sentence } from './words';

/** Least time between two questions, in milliseconds: an answer has its cost. */
export const INTERVAL = 3000;

/** What is known of the store. */
export type ShownStorage =
  /** It was asked for. */
  | { readonly kind: 'asking' }
  /** It is there. */
  | {
      readonly kind: 'ready';
      readonly storage: IStorage;
      /** What it holds of the current notebook; null if there is none. */
      readonly notebook: INotebookStorage | null;
      /** Why that is not known, a sentence; empty if it is. */
      readonly problem: string;
    }
  /** It can't be had; `reason` is a sentence. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * What the section *Storage* shows: what the store holds, and what of it
 * belongs to the notebook that the user is at.
 *
 * It asks for nothing unless somebody looks, and not often.
 */
export class StorageModel implements ISeenModel {
  /**
   * @param storage - The store
   * @param sessions - The open notebooks
   */
  constructor(storage: IRewindStorage, sessions: IRewindSessions) {
    this._storage = storage;
    this._sessions = sessions;
    storage.changed.connect(this._onStorage, this);
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

  /** What is known of the store. */
  get shown(): ShownStorage {
    return this._shown;
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
   * Ask now, if somebody looks.
   *
   * @returns When the answer is there, or can't be had. Never rejects.
   */
  refresh(): Promise<void> {
    return this._isVisible ? this._refresher.refresh() : Promise.resolve();
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

  private _onAdded(_: unknown, session: IRewindSession): void {
    session.stateChanged.connect(this._onState, this);
  }

  private _onCurrent(): void {
    const { session } = this;
    if (session === this._asked) {
      return;
    }
    if (this._shown.kind === 'ready') {
      // Of another notebook nothing is shown, not even for a moment.
      this._shown = { ...this._shown, notebook: null, problem: '' };
    }
    this._changed.emit();
    void this.refresh();
  }

  /** Ask before long if the records of a notebook have changed. */
  private _onState(session: IRewindSession): void {
    const { path, state } = session;
    const known = `${state?.sequence ?? 0} ${path}`;
    const before = this._known.get(session);
    this._known.set(session, known);
    if (known !== before && this._isVisible) {
      this._askSoon();
    }
  }

  private _onStorage(): void {
    void this.refresh();
  }

  private _askSoon(): void {
    const wait = Math.max(0, this._time + INTERVAL - Date.now());
    this._timer ??= setTimeout(() => {
      this._timer = null;
      void this.refresh();
    }, wait);
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
    const shown = await this._ask(session);
    if (!this._isDisposed && session === this.session) {
      this._time = Date.now();
      this._shown = shown;
      this._changed.emit();
    }
  }

  private async _ask(session: IRewindSession | null): Promise<ShownStorage> {
    // The notebook's part may be missing without the rest.
    const part = session ? this._storage.notebook(session.path) : null;
    const known = Promise.resolve(part).then(
      notebook => ({ notebook, problem: '' }),
      (error: unknown) => ({ notebook: null, problem: sentence(error) })
    );
    try {
      const storage = await this._storage.usage();
      return { kind: 'ready', storage, ...(await known) };
    } catch (error) {
      return { kind: 'failed', reason: sentence(error) };
    }
  }

  private _asked: IRewindSession | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _isVisible = false;
  private readonly _known = new WeakMap<IRewindSession, string>();
  private readonly _refresher = new Refresher(() => this._fetch());
  private readonly _sessions: IRewindSessions;
  private _shown: ShownStorage = { kind: 'asking' };
  private readonly _storage: IRewindStorage;
  private _time = 0;
  private _timer: ReturnType<typeof setTimeout> | null = null;
}
