import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { PackageClient } from '../api/packages';
import type { RewindEvents } from '../api/events';
import type { IPackageJob } from '../api/types';

/** How long after an answer it is asked again, in ms: events are only hints. */
const PAUSE = 1000;

/** Who asks about work on packages, and who tells. */
export interface IWorkOptions {
  /** The server's operations. */
  readonly client: Pick<PackageClient, 'packageJob' | 'cancelPackageJob'>;
  /** What the server says unasked. */
  readonly events: Pick<RewindEvents, 'packageChanged'>;
}

/**
 * Work on a package that the server does, followed to its end.
 */
export class PackageWork implements IDisposable {
  /**
   * @param start - Begins it
   * @param options - Who is asked
   */
  constructor(start: () => Promise<IPackageJob>, options: IWorkOptions) {
    this._options = options;
    options.events.packageChanged.connect(this._onEvent, this);
    this.ended = this._follow(start);
    // Whoever waits for the end sees the error, too.
    this.ended.catch(() => undefined);
  }

  /** The job as it ended, whichever way. Rejects with a sentence. */
  readonly ended: Promise<IPackageJob>;

  /** How far it is; null before the first answer. */
  get job(): IPackageJob | null {
    return this._job;
  }

  /** Emitted when that changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether it is followed no longer. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Give the work up, as soon as the server can. Never rejects. */
  cancel(): void {
    this._isCancelled = true;
    const { _job: job } = this;
    if (job?.state === 'running') {
      this._options.client.cancelPackageJob(job.id).then(
        () => this._look(),
        () => undefined
      );
    }
  }

  /** Follow it no longer; what runs is given up. */
  dispose(): void {
    if (!this._isDisposed) {
      this.cancel();
      this._isDisposed = true;
      this._options.events.packageChanged.disconnect(this._onEvent, this);
      this._look();
      Signal.clearData(this);
    }
  }

  private async _follow(
    start: () => Promise<IPackageJob>
  ): Promise<IPackageJob> {
    const { client } = this._options;
    let job = await start();
    this._set(job);
    if (this._isCancelled) {
      this.cancel();
    }
    while (job.state === 'running') {
      await this._wait();
      job = await client.packageJob(job.id);
      this._set(job);
    }
    return job;
  }

  private _set(job: IPackageJob): void {
    this._job = job;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** Wait until there may be news. */
  private _wait(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, PAUSE);
      this._look = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private _onEvent(_: unknown, path: string): void {
    if (path === this._job?.path) {
      this._look();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isCancelled = false;
  private _isDisposed = false;
  private _job: IPackageJob | null = null;
  private _look = (): void => undefined;
  private readonly _options: IWorkOptions;
}
