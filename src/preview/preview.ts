import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { sentence } from '../errors';

/**
 * What something would do, while the user looks at it and decides.
 */
export class Preview<T> implements IDisposable {
  /**
   * @param question - Asks what it would do
   */
  constructor(question: () => Promise<T>) {
    this._question = question;
  }

  /** Emitted when anything below changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What it would do; null until that is known. Older while loading. */
  get value(): T | null {
    return this._value;
  }

  /** Whether it was asked for and is not there yet. */
  get isLoading(): boolean {
    return this._isLoading;
  }

  /** Why it is not known, a sentence; empty if it is. */
  get problem(): string {
    return this._problem;
  }

  /** Whether the preview has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Ask.
   *
   * @returns When the answer is there, or can't be had. Never rejects.
   */
  async ask(): Promise<void> {
    const number = ++this._number;
    this._isLoading = true;
    this._emit();
    let value: T | null = null;
    let problem = '';
    try {
      value = await this._question();
    } catch (error) {
      problem = sentence(error);
    }
    // Only the newest question's answer counts.
    if (number === this._number) {
      this._value = value;
      this._problem = problem;
      this._isLoading = false;
      this._emit();
    }
  }

  /** Tell nobody any more. */
  dispose(): void {
    this._isDisposed = true;
    this._number++;
    Signal.clearData(this);
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _isLoading = false;
  private _number = 0;
  private _problem = '';
  private readonly _question: () => Promise<T>;
  private _value: T | null = null;
}
