import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';

import { sentence } from '../errors';
import type {
  IRewindAnswer,
  IRewindOptions,
  IRewindReport,
  IRewindSession
} from '../tokens';
import { confirmPartial } from './lost';
import { numbersOf } from './numbers';
import { showReport } from './report';
import { cellText, rewoundSentence } from './words';

/** After how long a rewind shows that it is at work, in milliseconds. */
const SLOW = 500;

/** How long the note of a rewind stays, in milliseconds. */
const STAYS = 10_000;

/** What a rewind answers. */
export interface IRewindResult {
  /** Whether the kernel is where it was to go. */
  readonly done: boolean;
  /** Whether the user decided against a rewind that would lose names. */
  readonly cancelled: boolean;
  /** Why nothing was done, a sentence; empty if it was, or was cancelled. */
  readonly problem: string;
  /** What was done, or would have been; null if the kernel said nothing. */
  readonly answer: IRewindAnswer | null;
}

/**
 * Rewinds kernels: asks before names are lost, tells what was done.
 */
export class Rewinder {
  /**
   * @param trans - The application's language
   */
  constructor(private readonly _trans: TranslationBundle) {}

  /** Emitted with the session whose rewind begins or ends. */
  get changed(): ISignal<this, IRewindSession> {
    return this._changed;
  }

  /** Return whether a rewind of a session's kernel is at work. */
  isWorking(session: IRewindSession): boolean {
    return this._working.has(session);
  }

  /** Return why the last rewind was not done, a sentence; else empty. */
  problem(session: IRewindSession): string {
    return this._problems.get(session) ?? '';
  }

  /** No longer say why the last rewind was not done. */
  dismiss(session: IRewindSession): void {
    if (this._problems.delete(session)) {
      this._changed.emit(session);
    }
  }

  /**
   * Take a kernel to the state after a run.
   *
   * @param session - The notebook's session
   * @param target - A checkpoint id, or a cell id
   * @param how - What else is done; `partial`: without asking
   * @returns What was done. Never rejects
   */
  async rewind(
    session: IRewindSession,
    target: string,
    how: IRewindOptions = {}
  ): Promise<IRewindResult> {
    if (this.isWorking(session)) {
      const problem = this._trans.__('A rewind is at work already.');
      return { done: false, cancelled: false, problem, answer: null };
    }
    this._begin(session);
    try {
      const answer = await this._ask(session, target, how);
      const { done } = answer.report;
      if (done) {
        this._tell(session, answer);
      }
      return { done, cancelled: !done, problem: '', answer };
    } catch (error) {
      const problem = sentence(error);
      this._problems.set(session, problem);
      Notification.error(problem, { autoClose: STAYS });
      return { done: false, cancelled: false, problem, answer: null };
    } finally {
      this._end(session);
    }
  }

  /** Rewind; if names would be lost, ask the user, and rewind the rest. */
  private async _ask(
    session: IRewindSession,
    target: string,
    how: IRewindOptions
  ): Promise<IRewindAnswer> {
    const answer = await this._send(session, target, how);
    const { checkpoint, done } = answer.report;
    if (
      done ||
      how.partial ||
      !(await confirmPartial(answer.report, this._trans))
    ) {
      return answer;
    }
    // To the checkpoint of which it was said what would be lost.
    return this._send(session, checkpoint, { ...how, partial: true });
  }

  /** Rewind, and show that it is at work if that takes long. */
  private async _send(
    session: IRewindSession,
    target: string,
    how: IRewindOptions
  ): Promise<IRewindAnswer> {
    let note = '';
    const timer = setTimeout(() => {
      note = Notification.emit(
        this._trans.__('Rewinding the kernel…'),
        'in-progress',
        { autoClose: false }
      );
    }, SLOW);
    try {
      return await session.rewind(target, how);
    } finally {
      clearTimeout(timer);
      if (note) {
        Notification.dismiss(note);
      }
    }
  }

  /** Tell what was done, until it is undone or something runs. */
  private _tell(session: IRewindSession, answer: IRewindAnswer): void {
    const { report } = answer;
    const trans = this._trans;
    const found = session.history?.checkpoints.find(
      ({ id }) => id === report.checkpoint
    );
    const place = found
      ? cellText(found, numbersOf(session.panel).get(found.cell ?? ''), trans)
      : '';
    const isWhole = !(report.lost.length || report.files.length);
    const details = {
      label: trans.__('Details'),
      callback: () => {
        void this._show(session, report);
      }
    };
    const before = session.rewound?.before;
    const undo = {
      label: trans.__('Undo'),
      caption: trans.__('Take the kernel back to where it was'),
      callback: () => {
        void this.rewind(session, before ?? '');
      }
    };
    const note = Notification.emit(
      rewoundSentence(report, place, trans),
      isWhole ? 'success' : 'warning',
      {
        autoClose: STAYS,
        // What was undone by a rewind is not undone once more.
        actions: before ? [undo, details] : [details]
      }
    );
    Private.dismissWhenOver(session, note);
  }

  /** Show what a rewind did; overwrite files if that is agreed to. */
  private async _show(
    session: IRewindSession,
    report: IRewindReport
  ): Promise<void> {
    if (await showReport(report, this._trans)) {
      // What was lost stays lost.
      const partial = report.lost.length > 0;
      await this.rewind(session, report.checkpoint, { partial, files: true });
    }
  }

  private _begin(session: IRewindSession): void {
    this._problems.delete(session);
    this._working.add(session);
    this._changed.emit(session);
  }

  private _end(session: IRewindSession): void {
    this._working.delete(session);
    this._changed.emit(session);
  }

  private readonly _changed = new Signal<this, IRewindSession>(this);
  private readonly _problems = new WeakMap<IRewindSession, string>();
  private readonly _working = new WeakSet<IRewindSession>();
}

namespace Private {
  /** Dismiss the note of a rewind when it is no longer the last, or can’t be. */
  export function dismissWhenOver(session: IRewindSession, note: string): void {
    const last = session.rewound;
    const end = (): void => {
      session.rewoundChanged.disconnect(look);
      session.panel.disposed.disconnect(end);
      Notification.dismiss(note);
    };
    const look = (): void => {
      if (session.rewound !== last) {
        end();
      }
    };
    session.rewoundChanged.connect(look);
    session.panel.disposed.connect(end);
  }
}
