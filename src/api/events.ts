import type { ServiceManager } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** The ids of the events' schemas, as the server part registers them. */
export namespace EventIDs {
  /** A notebook's records changed. */
  export const changed = 'urn:nbrewind:changed';
  /** A plan went on. */
  export const plan = 'urn:nbrewind:plan';
  /** Tasks of a notebook stand otherwise. */
  export const tasks = 'urn:nbrewind:tasks';
  /** Work on a package is farther. */
  export const packages = 'urn:nbrewind:package';
}

/**
 * What the server part says unasked, for all notebooks over one connection.
 *
 * Events are hints: some may never arrive, so whoever follows them also asks
 * after what it does itself, and when `resumed` is emitted.
 */
export class RewindEvents implements IDisposable {
  /**
   * @param options - Where events come from
   */
  constructor(options: RewindEvents.IOptions) {
    // Not every service manager has one.
    this._stream = options.events?.stream ?? null;
    this._stream?.connect(this._onEvent, this);
    window.addEventListener('online', this._onOnline);
    document.addEventListener('visibilitychange', this._onVisible);
  }

  /** Whether events can arrive at all. */
  get isAvailable(): boolean {
    return this._stream !== null;
  }

  /** Whether the events have been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Emitted with the path of the notebook whose records changed. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** Emitted with the path of the notebook whose plan went on. */
  get planChanged(): ISignal<this, string> {
    return this._planChanged;
  }

  /** Emitted with the path of the notebook whose tasks stand otherwise. */
  get tasksChanged(): ISignal<this, string> {
    return this._tasksChanged;
  }

  /** Emitted with the path of the notebook or package that is worked on. */
  get packageChanged(): ISignal<this, string> {
    return this._packageChanged;
  }

  /** Emitted when events may have been missed. */
  get resumed(): ISignal<this, void> {
    return this._resumed;
  }

  /** Listen no longer. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stream?.disconnect(this._onEvent, this);
    window.removeEventListener('online', this._onOnline);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  private _onEvent(_: unknown, event: RewindEvents.IEvent): void {
    if (typeof event.path !== 'string') {
      return;
    }
    switch (event.schema_id) {
      case EventIDs.changed:
        this._changed.emit(event.path);
        break;
      case EventIDs.plan:
        this._planChanged.emit(event.path);
        break;
      case EventIDs.tasks:
        this._tasksChanged.emit(event.path);
        break;
      case EventIDs.packages:
        this._packageChanged.emit(event.path);
        break;
    }
  }

  private readonly _onOnline = (): void => {
    this._resumed.emit();
  };

  private readonly _onVisible = (): void => {
    // JupyterLab does not reconnect to the events while the page is hidden.
    if (document.visibilityState === 'visible') {
      this._resumed.emit();
    }
  };

  private readonly _changed = new Signal<this, string>(this);
  private _isDisposed = false;
  private readonly _packageChanged = new Signal<this, string>(this);
  private readonly _planChanged = new Signal<this, string>(this);
  private readonly _resumed = new Signal<this, void>(this);
  private readonly _stream: RewindEvents.IStream | null;
  private readonly _tasksChanged = new Signal<this, string>(this);
}

/** What belongs to the events. */
export namespace RewindEvents {
  /** What the server sends. */
  export interface IEvent {
    /** The id of its schema. */
    readonly schema_id: string;
    /** The notebook's path, in our events. */
    readonly path?: unknown;
  }

  /** Where events come out. */
  export type IStream = ISignal<unknown, IEvent>;

  /** Where events come from. */
  export interface IOptions {
    /** The service manager's events; absent in some applications. */
    events: Pick<ServiceManager.IManager['events'], 'stream'> | undefined;
  }
}
