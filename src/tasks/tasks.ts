import { type ISignal, Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import type { RewindEvents } from '../api/events';
import type { IRewindTasks, ITaskList, ITaskLogText, ITasks } from '../tokens';

/**
 * Distributed tasks, by the server's operations.
 */
export class RewindTasks implements IRewindTasks {
  /**
   * @param client - The server's operations
   * @param events - What the server says unasked
   */
  constructor(client: RewindClient, events: RewindEvents) {
    this._client = client;
    events.tasksChanged.connect((_, path) => {
      this._changed.emit(path);
    });
  }

  /** Emitted with the path of a notebook whose tasks stand otherwise. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** How the tasks of a notebook stand. */
  tasks(path: string, session: string): Promise<ITasks> {
    return this._client.tasks(path, session);
  }

  /** The tasks of a cell's last run. */
  list(path: string, cell: string): Promise<ITaskList> {
    return this._client.taskList(path, cell);
  }

  /** What a manager logged while a run went on. */
  log(
    path: string,
    run: string,
    manager: number,
    name: string
  ): Promise<ITaskLogText> {
    return this._client.taskLog(path, run, manager, name);
  }

  /** Start workers on the server's machine. */
  startWorkers(
    path: string,
    session: string,
    manager: number,
    count = 1,
    cores = 1
  ): Promise<ITasks> {
    return this._tell(
      path,
      this._client.startWorkers({ path, session, manager, count, cores })
    );
  }

  /** Stop workers that the server has started. */
  stopWorkers(path: string, workers: readonly string[] = []): Promise<ITasks> {
    return this._tell(
      path,
      this._client.stopWorkers({ path, workers: [...workers] })
    );
  }

  /** Tell of a change when it was tried: something may have been done. */
  private async _tell<T>(path: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this._changed.emit(path);
    }
  }

  private readonly _changed = new Signal<this, string>(this);
  private readonly _client: RewindClient;
}
