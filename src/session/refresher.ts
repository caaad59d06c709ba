import type { IDisposable } from '@lumino/disposable';

/**
 * Does a job again whenever it is told to, one at a time: while it is at work,
 * any number of requests make it run once more.
 */
export class Refresher implements IDisposable {
  /**
   * @param job - What is done; it must not reject. Its signal is set when it
   *   was given up
   * @param rested - Called when there is nothing more to do for now
   */
  constructor(
    job: (signal: AbortSignal) => Promise<void>,
    rested?: () => void
  ) {
    this._job = job;
    this._rested = rested;
  }

  /** Whether the refresher has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the job is at work. */
  get isBusy(): boolean {
    return this._loop !== null;
  }

  /**
   * Do the job.
   *
   * @param anew - Give up what is at work: its result is of no use any more
   * @returns When it was done once from its beginning. Never rejects
   */
  refresh(anew = false): Promise<void> {
    if (this._isDisposed) {
      return Promise.resolve();
    }
    this._isWanted = true;
    if (anew) {
      this._controller?.abort();
    }
    this._loop ??= this._work();
    return this._loop;
  }

  /** Give up what is at work, and do nothing any more. */
  dispose(): void {
    this._isDisposed = true;
    this._isWanted = false;
    this._controller?.abort();
  }

  private async _work(): Promise<void> {
    // Requests of the same turn are one.
    await Promise.resolve();
    while (this._isWanted) {
      this._isWanted = false;
      this._controller = new AbortController();
      await this._job(this._controller.signal);
    }
    this._loop = null;
    if (!this._isDisposed) {
      this._rested?.();
    }
  }

  private _controller: AbortController | null = null;
  private _isDisposed = false;
  private _isWanted = false;
  private readonly _job: (signal: AbortSignal) => Promise<void>;
  private _loop: Promise<void> | null = null;
  private readonly _rested: (() => void) | undefined;
}
