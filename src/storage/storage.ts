import { type ISignal, Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import type {
  IBudget,
  ICleanup,
  IForgetTarget,
  IForgotten,
  INotebookStorage,
  IRewindStorage,
  IStorage
} from '../tokens';

/**
 * The store of all records, by the server's operations.
 */
export class RewindStorage implements IRewindStorage {
  /**
   * @param client - The server's operations
   */
  constructor(client: RewindClient) {
    this._client = client;
  }

  /** Emitted when something was removed or set in this page. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What the store holds, by notebook. */
  usage(): Promise<IStorage> {
    return this._client.storage();
  }

  /** What it holds of a notebook, by cell and by name. */
  notebook(path: string): Promise<INotebookStorage> {
    return this._client.notebookStorage(path);
  }

  /** Return what cleaning up would do. */
  previewCleanUp(budget?: number): Promise<ICleanup> {
    return this._client.previewCleanup({ budget: budget ?? null });
  }

  /** Evict until the store fits its budget, and remove garbage. */
  cleanUp(budget?: number): Promise<ICleanup> {
    return this._tell(this._client.cleanUp({ budget: budget ?? null }));
  }

  /** Say how much the store may hold, or a notebook. */
  setBudget(budget: number | null, path = ''): Promise<IBudget> {
    return this._tell(this._client.setBudget({ budget, path }));
  }

  /** Return what forgetting would remove. */
  previewForget(target: IForgetTarget): Promise<IForgotten> {
    return this._client.forget({ ...target, preview: true });
  }

  /** Remove records for good. */
  forget(target: IForgetTarget): Promise<IForgotten> {
    return this._tell(this._client.forget({ ...target }));
  }

  /** Tell of a change when it was tried: something may have been done. */
  private async _tell<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: RewindClient;
}
