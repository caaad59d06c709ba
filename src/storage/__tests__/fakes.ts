import { Signal } from '@lumino/signaling';

import type {
  IBudget,
  ICleanup,
  IEvicted,
  IForgetTarget,
  IForgotten,
  INotebookStorage,
  IRewindStorage,
  IStorage,
  IStoredNotebook,
  IStoredShare
} from '../../tokens';

/** Return what the store holds of a notebook, but for some facts. */
export function stored(
  path: string,
  more: Partial<IStoredNotebook> = {}
): IStoredNotebook {
  return {
    path,
    file: `/home/me/${path}`,
    exists: true,
    bytes: 1_000_000,
    own: 1_000_000,
    checkpoints: 4,
    kept: 0,
    evicted: 0,
    budget: null,
    ...more
  };
}

/** Return what a store holds, but for some facts. */
export function usage(
  notebooks: IStoredNotebook[],
  more: Partial<IStorage> = {}
): IStorage {
  return {
    directory: '/home/me/store',
    bytes: 3_000_000,
    budget: 20_000_000,
    garbage: 0,
    notebooks,
    ...more
  };
}

/** Return what a cell or a name takes. */
export function share(
  key: string,
  bytes: number,
  more: Partial<IStoredShare> = {}
): IStoredShare {
  return { key, bytes, checkpoints: 1, title: '', tasks: 0, ...more };
}

/** Return a checkpoint that goes, but for some facts. */
export function evicted(cell: string, more: Partial<IEvicted> = {}): IEvicted {
  return {
    path: 'one.ipynb',
    file: '/home/me/one.ipynb',
    checkpoint: `after ${cell}`,
    cell,
    title: '',
    bytes: 1_000_000,
    seconds: 1,
    reason: 'its cell makes it again',
    tasks: 0,
    ...more
  };
}

/** Return what a cleanup does, but for some facts. */
export function cleanup(
  evictions: IEvicted[],
  more: Partial<ICleanup> = {}
): ICleanup {
  return {
    budget: 20_000_000,
    before: 23_000_000,
    after: 20_000_000,
    garbage: 0,
    evictions,
    ...more
  };
}

/** The store, of which the test says what it holds. */
export class FakeStorage {
  readonly changed = new Signal<IRewindStorage, void>(this.storage);
  readonly usage = jest.fn(async () => usage([stored('one.ipynb')]));
  readonly notebook = jest.fn(
    async (path: string): Promise<INotebookStorage> => ({
      notebook: stored(path),
      cells: [],
      names: []
    })
  );
  readonly previewCleanUp = jest.fn(async (_budget?: number) =>
    cleanup([evicted('cell a')])
  );
  readonly cleanUp = jest.fn(async (_budget?: number) =>
    cleanup([evicted('cell a')])
  );
  readonly setBudget = jest.fn(
    async (budget: number | null, path = ''): Promise<IBudget> => ({
      budget,
      path
    })
  );
  readonly previewForget = jest.fn(forgotten);
  readonly forget = jest.fn(forgotten);

  /** As what it stands for. */
  get storage(): IRewindStorage {
    return this as unknown as IRewindStorage;
  }
}

async function forgotten(target: IForgetTarget): Promise<IForgotten> {
  return {
    path: target.path,
    cell: target.cell ?? '',
    name: target.name ?? '',
    runs: 7,
    checkpoints: 5,
    bytes: 2_000_000,
    tasks: 0
  };
}
