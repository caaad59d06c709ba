import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { sentence } from '../errors';
import type {
  ICheckpoint,
  IDifference,
  IHistory,
  IRewindSession,
  IRewindSessions
} from '../tokens';
import { type ITree, layoutTree } from './tree';

/** The difference that is shown. */
export type ShownDifference =
  /** No checkpoint is selected, or nobody looks. */
  | { readonly kind: 'none' }
  /** It was asked for. */
  | { readonly kind: 'asking' }
  /** It is there. */
  | { readonly kind: 'ready'; readonly difference: IDifference }
  /** It can't be had; `reason` is a sentence. */
  | { readonly kind: 'failed'; readonly reason: string };

const NONE: ShownDifference = { kind: 'none' };

/**
 * What a timeline shows: the history of the notebook that the user is at, the
 * checkpoint that is selected in it, and how that differs from another one.
 *
 * It asks for nothing unless somebody looks.
 */
export class TimelineModel implements IDisposable {
  /**
   * @param sessions - The open notebooks
   */
  constructor(sessions: IRewindSessions) {
    sessions.currentChanged.connect(this._onCurrent, this);
    this._onCurrent(sessions, sessions.current);
  }

  /** Emitted when anything that is shown has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook's session; null if there is none. */
  get session(): IRewindSession | null {
    return this._session;
  }

  /** The history as rows; null until it is there. */
  get tree(): ITree | null {
    const history = this._session?.history ?? null;
    if (history !== this._history) {
      this._history = history;
      this._tree = history && layoutTree(history);
    }
    return this._tree;
  }

  /**
   * The checkpoint at which the kernel is; empty if there is none. State and
   * history come one after the other: the newer one says it.
   */
  get head(): string {
    const { attachment, history, state } = this._session ?? {};
    if (
      history &&
      attachment?.kind === 'recording' &&
      history.sequence > (state?.sequence ?? 0)
    ) {
      const { session } = attachment.handshake;
      const head = history.heads.find(other => other.session === session);
      return head?.checkpoint ?? '';
    }
    return state?.head ?? '';
  }

  /** The selected checkpoint; undefined if there is none. */
  get selected(): ICheckpoint | undefined {
    return this._find(this._selected);
  }

  /** The checkpoint with which the selected one is compared; undefined: none. */
  get other(): ICheckpoint | undefined {
    return this._find(this._other);
  }

  /**
   * How the selected checkpoint differs: from the other one, and without one
   * from the kernel's.
   */
  get shown(): ShownDifference {
    return this._shown;
  }

  /** Whether the next checkpoint that is selected is the other one. */
  get isPicking(): boolean {
    return this._isPicking;
  }

  /** Whether somebody looks. */
  get isVisible(): boolean {
    return this._isVisible;
  }
  set isVisible(isVisible: boolean) {
    if (isVisible !== this._isVisible) {
      this._isVisible = isVisible;
      this._follow();
      this._compare();
    }
  }

  /** Whether the model has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Select a checkpoint.
   *
   * @param checkpoint - Its id; empty to select none
   */
  select(checkpoint: string): void {
    if (this._isPicking && checkpoint && checkpoint !== this._selected) {
      this._other = '';
      this.mark(checkpoint);
      return;
    }
    this._isPicking = false;
    this._selected = checkpoint;
    this._other = '';
    this._compare();
    this._changed.emit();
  }

  /**
   * Compare the selected checkpoint with another one, or no longer if it is
   * the other one already. If none is selected, select it.
   *
   * @param checkpoint - The other one's id
   */
  mark(checkpoint: string): void {
    if (!this.selected) {
      this.select(checkpoint);
      return;
    }
    this._isPicking = false;
    const isOther = checkpoint && checkpoint !== this._other;
    this._other = isOther && checkpoint !== this._selected ? checkpoint : '';
    this._compare();
    this._changed.emit();
  }

  /**
   * Choose the other checkpoint next, or do no longer.
   *
   * @param isPicking - Whether to choose
   */
  pick(isPicking: boolean): void {
    this._isPicking = isPicking;
    this._changed.emit();
  }

  /** Follow no longer. */
  dispose(): void {
    if (!this._isDisposed) {
      this.isVisible = false;
      this._isDisposed = true;
      this._listen(null);
      Signal.clearData(this);
    }
  }

  private _find(id: string): ICheckpoint | undefined {
    const checkpoints = this._session?.history?.checkpoints;
    return id
      ? checkpoints?.find(checkpoint => checkpoint.id === id)
      : undefined;
  }

  private _onCurrent(_: IRewindSessions, session: IRewindSession | null): void {
    this._listen(session);
    this._isPicking = false;
    this._selected = '';
    this._other = '';
    this._follow();
    this._compare();
    this._changed.emit();
  }

  /** Listen to another session. */
  private _listen(session: IRewindSession | null): void {
    const before = this._session;
    before?.attachmentChanged.disconnect(this._onChanged, this);
    before?.historyChanged.disconnect(this._onChanged, this);
    before?.planChanged.disconnect(this._onChanged, this);
    before?.rewoundChanged.disconnect(this._onChanged, this);
    before?.stateChanged.disconnect(this._onChanged, this);
    this._session = session;
    session?.attachmentChanged.connect(this._onChanged, this);
    session?.historyChanged.connect(this._onChanged, this);
    session?.planChanged.connect(this._onChanged, this);
    session?.rewoundChanged.connect(this._onChanged, this);
    session?.stateChanged.connect(this._onChanged, this);
  }

  private _onChanged(): void {
    if (this._isVisible) {
      this._compare();
      this._changed.emit();
    }
  }

  /** Follow the session's history, if somebody looks. */
  private _follow(): void {
    this._following?.dispose();
    this._following =
      this._isVisible && this._session ? this._session.followHistory() : null;
  }

  /** Ask for the difference that is to be shown, unless it is there. */
  private _compare(): void {
    const { head, other, selected, _session: session } = this;
    const isHere = !other && selected?.id === head;
    if (!selected || !session || !this._isVisible || isHere) {
      this._asked = '';
      this._shown = NONE;
      return;
    }
    const [one, two] = other
      ? inOrder(session.history, selected.id, other.id)
      : [head, selected.id];
    const asked = `${one} ${two}`;
    if (asked !== this._asked) {
      this._asked = asked;
      void this._ask(session, one, two, asked);
    }
  }

  private async _ask(
    session: IRewindSession,
    one: string,
    two: string,
    asked: string
  ): Promise<void> {
    this._shown = { kind: 'asking' };
    let shown: ShownDifference;
    try {
      const difference = await session.difference(one, two);
      shown = { kind: 'ready', difference };
    } catch (error) {
      const reason = sentence(error);
      shown = { kind: 'failed', reason };
    }
    if (asked === this._asked && session === this._session) {
      this._shown = shown;
      this._changed.emit();
    }
  }

  private _asked = '';
  private readonly _changed = new Signal<this, void>(this);
  private _following: IDisposable | null = null;
  private _history: IHistory | null = null;
  private _isDisposed = false;
  private _isPicking = false;
  private _isVisible = false;
  private _other = '';
  private _selected = '';
  private _session: IRewindSession | null = null;
  private _shown: ShownDifference = NONE;
  private _tree: ITree | null = null;
}

/** Return two checkpoints, the older one first. */
function inOrder(
  history: IHistory | null,
  one: string,
  two: string
): [string, string] {
  const first = history?.checkpoints.find(({ id }) => id === one || id === two);
  return first?.id === two ? [two, one] : [one, two];
}
