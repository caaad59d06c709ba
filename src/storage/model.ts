import { SeenModel } from '../seen';
import type {
  INotebookStorage,
  IRewindSession,
  IRewindSessions,
  IRewindStorage,
  IStorage
} from '../tokens';
import { sentence } from '../errors';

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
export class StorageModel extends SeenModel {
  /**
   * @param storage - The store
   * @param sessions - The open notebooks
   */
  constructor(storage: IRewindStorage, sessions: IRewindSessions) {
    super(sessions, INTERVAL);
    this._storage = storage;
    storage.changed.connect(this._onStorage, this);
  }

  /** What is known of the store. */
  get shown(): ShownStorage {
    return this._shown;
  }

  protected get isWanted(): boolean {
    return true;
  }

  protected async ask(session: IRewindSession | null): Promise<() => void> {
    const shown = await this._look(session);
    return () => {
      this._shown = shown;
    };
  }

  protected clear(): void {
    if (this._shown.kind === 'ready') {
      this._shown = { ...this._shown, notebook: null, problem: '' };
    }
  }

  /** Ask before long if the records of a notebook have changed. */
  protected onState(session: IRewindSession): void {
    const { path, state } = session;
    const known = `${state?.sequence ?? 0} ${path}`;
    const before = this._known.get(session);
    this._known.set(session, known);
    if (known !== before && this.isVisible) {
      this.askSoon();
    }
  }

  private _onStorage(): void {
    void this.refresh();
  }

  private async _look(session: IRewindSession | null): Promise<ShownStorage> {
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

  private readonly _known = new WeakMap<IRewindSession, string>();
  private _shown: ShownStorage = { kind: 'asking' };
  private readonly _storage: IRewindStorage;
}
