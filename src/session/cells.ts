import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { sourceDigest } from '../api/digest';
import type { INotebookCell } from '../tokens';

/** The code cells of a notebook at one moment. */
export interface ICellsNow {
  /** In the notebook's order, as a question carries them. */
  readonly cells: readonly INotebookCell[];
  /** The digest of each cell's text, by the cell's id. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * Watches the code cells of a notebook: their order, texts, policies and tags.
 *
 * Digests are kept per cell until its text changes, and each cell is listened
 * to once, so that a thousand cells cost nothing while nothing changes.
 */
export class CellsWatch implements IDisposable {
  /**
   * @param model - The notebook
   */
  constructor(model: INotebookModel) {
    this._model = model;
    model.cells.changed.connect(this._onCellsChanged, this);
    model.metadataChanged.connect(this._onMetadataChanged, this);
    this.now();
  }

  /** Whether the watch has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Emitted when the answer to a question about the cells may have changed:
   * with the id of the cell whose text did, or an empty text for all else.
   */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** Emitted when a cell begins or ends to run, whoever runs it. */
  get executionChanged(): ISignal<this, void> {
    return this._executionChanged;
  }

  /** Return the cells as they are. */
  now(): ICellsNow {
    if (this._now) {
      return this._now;
    }
    const cells: INotebookCell[] = [];
    const digests = new Map<string, string>();
    let index = 0;
    for (const model of this._model.cells) {
      if (model.type === 'code') {
        const watched = this._watch(model);
        digests.set(model.id, watched.digest());
        cells.push({
          id: model.id,
          index,
          source: watched.digest(),
          policy: Private.policy(model),
          tags: Private.tags(model)
        });
      }
      index++;
    }
    this._now = { cells, digests };
    return this._now;
  }

  /**
   * Return texts by their digests.
   *
   * @param digests - Those that are wanted
   */
  texts(digests: readonly string[]): Record<string, string> {
    const wanted = new Set(digests);
    const texts: Record<string, string> = {};
    for (const model of this._model.cells) {
      if (model.type === 'code') {
        const digest = this._watch(model).digest();
        if (wanted.has(digest)) {
          texts[digest] = model.sharedModel.getSource();
        }
      }
    }
    return texts;
  }

  /**
   * Return the notebook's policies, which only the user writes: which records
   * may answer. The server says what is wrong with them.
   */
  policies(): Record<string, string> {
    const entry: unknown = this._model.getMetadata('nbrewind');
    const found: unknown = (entry as { policies?: unknown } | null)?.policies;
    const policies: Record<string, string> = {};
    for (const [name, value] of Object.entries(found ?? {})) {
      policies[name] =
        typeof value === 'string' ? value : JSON.stringify(value);
    }
    return policies;
  }

  /** Watch no longer. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    // The model's own disposal ends the connections with the cells.
    this._model.cells.changed.disconnect(this._onCellsChanged, this);
    this._model.metadataChanged.disconnect(this._onMetadataChanged, this);
    Signal.clearData(this);
  }

  private _watch(model: ICellModel): Private.WatchedCell {
    let watched = this._watched.get(model);
    if (!watched) {
      watched = new Private.WatchedCell(model, what => {
        if (what === 'execution') {
          this._executionChanged.emit();
          return;
        }
        this._now = null;
        this._changed.emit(what === 'text' ? model.id : '');
      });
      this._watched.set(model, watched);
    }
    return watched;
  }

  private _onCellsChanged(): void {
    this._now = null;
    this._changed.emit('');
  }

  private _onMetadataChanged(_: INotebookModel, change: { key: string }): void {
    if (change.key === 'nbrewind') {
      this._changed.emit('');
    }
  }

  private readonly _changed = new Signal<this, string>(this);
  private readonly _executionChanged = new Signal<this, void>(this);
  private _isDisposed = false;
  private readonly _model: INotebookModel;
  private _now: ICellsNow | null = null;
  private readonly _watched = new WeakMap<ICellModel, Private.WatchedCell>();
}

namespace Private {
  /** One cell, and the digest of its text. */
  export class WatchedCell {
    /**
     * @param model - The cell
     * @param changed - Called with what changed
     */
    constructor(
      model: ICellModel,
      changed: (what: 'text' | 'policy' | 'execution') => void
    ) {
      this._model = model;
      model.sharedModel.changed.connect((_, change) => {
        if (change.sourceChange) {
          this._digest = '';
          changed('text');
        } else if (
          change.metadataChange?.has('nbrewind') ||
          change.metadataChange?.has('tags')
        ) {
          changed('policy');
        } else if ('executionStateChange' in change) {
          changed('execution');
        }
      });
    }

    /** Return the digest of the cell's text. */
    digest(): string {
      if (!this._digest) {
        this._digest = sourceDigest(this._model.sharedModel.getSource());
      }
      return this._digest;
    }

    private _digest = '';
    private readonly _model: ICellModel;
  }

  /** Return the policy that the user set for a cell. */
  export function policy(model: ICellModel): string {
    const own = model.getMetadata('nbrewind') as unknown;
    const policy =
      typeof own === 'object' && own !== null
        ? (own as Record<string, unknown>).policy
        : undefined;
    return typeof policy === 'string' ? policy : 'auto';
  }

  /** Return the tags of a cell. */
  export function tags(model: ICellModel): string[] {
    const tags = model.getMetadata('tags') as unknown;
    return Array.isArray(tags)
      ? tags.filter((tag): tag is string => typeof tag === 'string')
      : [];
  }
}
