import { type ISignal, Signal } from '@lumino/signaling';

import type { ISeenModel } from '../seen';
import { Refresher } from '../session/refresher';
import type {
  IRewindSession,
  IRewindSessions,
  IRewindTasks,
  ITaskList,
  ITasks
} from '../tokens';
import { totalOf } from './words';

/** Least time between two questions, in milliseconds. */
export const INTERVAL = 250;

/**
 * What the section *Tasks* shows: how the tasks of the notebook stand that the
 * user is at.
 *
 * It asks for nothing unless somebody looks, and the notebook has tasks or the
 * server said something of them.
 */
export class TasksModel implements ISeenModel {
  /**
   * @param tasks - The tasks of all notebooks
   * @param sessions - The open notebooks
   */
  constructor(tasks: IRewindTasks, sessions: IRewindSessions) {
    this._tasks = tasks;
    this._sessions = sessions;
    tasks.changed.connect(this._onTasks, this);
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

  /** How its tasks stand; null if it has none, or that is not known. */
  get shown(): ITasks | null {
    return this._shown;
  }

  /** Why that can't be had, a sentence; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  /** Whether there is a task to show. */
  get hasTasks(): boolean {
    return !!this._shown?.cells.some(tasks => totalOf(tasks) > 0);
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
   * Ask now, if somebody looks and there may be tasks.
   *
   * @returns When the answer is there, or can't be had. Never rejects.
   */
  refresh(): Promise<void> {
    const { session } = this;
    const isWanted =
      this._isVisible &&
      session &&
      (session.state?.tasks || this._told.has(session.path));
    return isWanted ? this._refresher.refresh() : Promise.resolve();
  }

  /** The tasks of a cell's last run. Rejects with a sentence. */
  list(cell: string): Promise<ITaskList> {
    return this._tasks.list(this.session?.path ?? '', cell);
  }

  /** Start a worker for a manager. Rejects with a sentence. */
  async startWorker(manager: number): Promise<void> {
    const { session, shown } = this;
    if (session && shown) {
      await this._tasks.startWorkers(session.path, shown.session, manager);
    }
  }

  /** Stop the workers of a manager. Rejects with a sentence. */
  async stopWorkers(manager: number): Promise<void> {
    const { session, shown } = this;
    const mine = shown?.workers.filter(worker => worker.manager === manager);
    if (session && mine?.length) {
      const ids = mine.map(({ id }) => id);
      await this._tasks.stopWorkers(session.path, ids);
    }
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
    // Of another notebook nothing is shown, not even for a moment.
    if (this.session !== this._asked) {
      this._show(null, '');
      void this.refresh();
    }
  }

  private _onState(session: IRewindSession): void {
    const known = session.state?.sequence ?? 0;
    if (session === this.session && known !== this._shown?.sequence) {
      this._askSoon();
    }
  }

  private _onTasks(_: unknown, path: string): void {
    this._told.add(path);
    if (path === this.session?.path) {
      this._askSoon();
    }
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
    if (!session) {
      return;
    }
    const { attachment } = session;
    const own = 'handshake' in attachment ? attachment.handshake.session : '';
    let shown = this._shown;
    let problem = '';
    try {
      shown = await this._tasks.tasks(session.path, own);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (!this._isDisposed && session === this.session) {
      this._time = Date.now();
      this._show(shown, problem);
    }
  }

  private _show(shown: ITasks | null, problem: string): void {
    this._shown = shown;
    this._problem = problem;
    this._changed.emit();
  }

  private _asked: IRewindSession | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _isVisible = false;
  private _problem = '';
  private readonly _refresher = new Refresher(() => this._fetch());
  private readonly _sessions: IRewindSessions;
  private _shown: ITasks | null = null;
  private readonly _tasks: IRewindTasks;
  private _time = 0;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  /** Paths of notebooks of whose tasks the server said something. */
  private readonly _told = new Set<string>();
}
