import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer, Throttler } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import type { IQuestion, IRewindServer, IState } from '../tokens';
import type { CellsWatch } from './cells';
import { Refresher } from './refresher';
import type { IAnswered } from './view';

/** How long typing must pause before it is asked about, in milliseconds. */
const TYPING = 150;

/** How long other changes are gathered, in milliseconds. */
const GATHERING = 50;

/** The first and the longest wait before asking again, in milliseconds. */
const WAITS: readonly [first: number, longest: number] = [1000, 30000];

/** How often texts are sent for one question, before the server is not believed. */
const TEXTS = 3;

/**
 * Asks for a notebook's state: after edits when typing pauses, after other
 * changes soon, one question at a time, and again when there was no answer.
 */
export class StateAsker implements IDisposable {
  /**
   * @param options - What asking needs
   */
  constructor(options: StateAsker.IOptions) {
    this._options = options;
    this._typing = new Debouncer(() => this.refresh(true), TYPING);
    // It must not wait for the answer: a throttler drops what is wanted while
    // its function is at work, and what came meanwhile would never be asked.
    this._gathering = new Throttler(
      () => {
        void this.refresh();
      },
      { limit: GATHERING, edge: 'trailing' }
    );
    this._refresher = new Refresher(
      signal => this._ask(signal),
      () => {
        this._changed.emit();
      }
    );
    options.server.stateChanged.connect(this._onServer, this);
  }

  /** The newest answer; null until there is one. */
  get answered(): IAnswered | null {
    return this._answered;
  }

  /** Whether a newer answer was asked for and is not there yet. */
  get isLoading(): boolean {
    return this._isPending || this._refresher.isBusy;
  }

  /** Why there is no newer answer, a sentence; empty if there is one. */
  get problem(): string {
    return this._problem;
  }

  /** Emitted when any of these changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the asker has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask when typing pauses. */
  askAfterTyping(): void {
    this._isPending = true;
    void this._typing.invoke();
  }

  /** Ask soon. */
  askSoon(): void {
    this._isPending = true;
    void this._gathering.invoke();
  }

  /**
   * Ask now.
   *
   * @param anew - Whatever is being answered is of no use any more
   * @returns When there is an answer, or none could be had. Never rejects
   */
  refresh(anew = false): Promise<void> {
    clearTimeout(this._timer);
    return this._refresher.refresh(anew);
  }

  /** Ask no more. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._typing.dispose();
    this._gathering.dispose();
    this._refresher.dispose();
    this._options.server.stateChanged.disconnect(this._onServer, this);
    Signal.clearData(this);
  }

  private _onServer(): void {
    if (this._options.server.state.kind === 'connected') {
      void this.refresh();
    }
  }

  private async _ask(signal: AbortSignal): Promise<void> {
    const { cells, question, server, trans } = this._options;
    if (server.state.kind !== 'connected' || this._isDisposed) {
      this._isPending = false;
      return;
    }
    this._isPending = false;
    const asked = question();
    const digests = cells.now().digests;
    this._changed.emit();
    try {
      const state = await this._answer(asked, signal);
      if (signal.aborted || !state) {
        return;
      }
      this._answered = {
        state,
        asked: {
          digests,
          kernel: asked.kernel ?? '',
          session: asked.session ?? ''
        }
      };
      this._problem = '';
      if (state.cells.some(cell => cell.checkpoint === 'saving')) {
        // Events say when it is saved, where they arrive.
        this._askLater();
      } else {
        this._wait = WAITS[0];
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      this._problem =
        error instanceof Error
          ? error.message
          : trans.__('The server gave no answer.');
      this._askLater();
    }
  }

  /**
   * Return the answer to a question; texts are sent where they are wanted.
   *
   * @returns Null if the texts are not those that were asked about any more
   */
  private async _answer(
    question: IQuestion,
    signal: AbortSignal
  ): Promise<IState | null> {
    const { cells, client, trans } = this._options;
    for (let attempt = 0; attempt < TEXTS; attempt++) {
      const state = await client.state(question, signal);
      if (!state.missing.length) {
        return state;
      }
      const texts = cells.texts(state.missing);
      if (state.missing.some(digest => texts[digest] === undefined)) {
        this.askAfterTyping();
        return null;
      }
      question = { ...question, texts: { ...question.texts, ...texts } };
    }
    throw new Error(
      trans.__('The server asked for the same texts again and again.')
    );
  }

  private _askLater(): void {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      void this._refresher.refresh();
    }, this._wait);
    this._wait = Math.min(2 * this._wait, WAITS[1]);
  }

  private _answered: IAnswered | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _gathering: Throttler<void>;
  private _isDisposed = false;
  /** Whether a question will be asked soon. */
  private _isPending = false;
  private readonly _options: StateAsker.IOptions;
  private _problem = '';
  private readonly _refresher: Refresher;
  private _timer = 0;
  private readonly _typing: Debouncer<void>;
  private _wait = WAITS[0];
}

/** What belongs to asking. */
export namespace StateAsker {
  /** What asking needs. */
  export interface IOptions {
    /** The notebook's cells. */
    cells: CellsWatch;
    /** The server's operations. */
    client: RewindClient;
    /** Returns the question as it is now. */
    question: () => IQuestion;
    /** Whether there is anybody to ask. */
    server: IRewindServer;
    /** The application's language. */
    trans: TranslationBundle;
  }
}
