import { sentence } from '../errors';
import { SeenModel } from '../seen';
import type {
  IRewindSession,
  IRewindSessions,
  IRewindTasks,
  ITaskList,
  ITaskLogFacts,
  ITaskLogText,
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
export class TasksModel extends SeenModel {
  /**
   * @param tasks - The tasks of all notebooks
   * @param sessions - The open notebooks
   */
  constructor(tasks: IRewindTasks, sessions: IRewindSessions) {
    super(sessions, INTERVAL);
    this._tasks = tasks;
    tasks.changed.connect(this._onTasks, this);
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

  /** The tasks of a cell's last run. Rejects with a sentence. */
  list(cell: string): Promise<ITaskList> {
    return this._tasks.list(this.session?.path ?? '', cell);
  }

  /** What a manager logged while a run went on. Rejects with a sentence. */
  log(run: string, { manager, name }: ITaskLogFacts): Promise<ITaskLogText> {
    return this._tasks.log(this.session?.path ?? '', run, manager, name);
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

  protected get isWanted(): boolean {
    const { session } = this;
    return (
      !!session && (!!session.state?.tasks || this._told.has(session.path))
    );
  }

  protected async ask(session: IRewindSession | null): Promise<() => void> {
    let shown = this._shown;
    let problem = '';
    if (session) {
      const { attachment } = session;
      const own = 'handshake' in attachment ? attachment.handshake.session : '';
      try {
        shown = await this._tasks.tasks(session.path, own);
      } catch (error) {
        problem = sentence(error);
      }
    }
    return () => {
      this._shown = shown;
      this._problem = problem;
    };
  }

  protected clear(): void {
    this._shown = null;
    this._problem = '';
  }

  protected onState(session: IRewindSession): void {
    const known = session.state?.sequence ?? 0;
    if (session === this.session && known !== this._shown?.sequence) {
      this.askSoon();
    }
  }

  private _onTasks(_: unknown, path: string): void {
    this._told.add(path);
    if (path === this.session?.path) {
      this.askSoon();
    }
  }

  private _problem = '';
  private _shown: ITasks | null = null;
  private readonly _tasks: IRewindTasks;
  /** Paths of notebooks of whose tasks the server said something. */
  private readonly _told = new Set<string>();
}
