import { type ISignal, Signal } from '@lumino/signaling';

import type { Attachment, IPlan, IRewindAnswer } from '../tokens';

/** What a session tells, and the means to tell it. */
export abstract class SessionSignals {
  /** Emitted with the new attachment when it changes. */
  get attachmentChanged(): ISignal<this, Attachment> {
    return this.attachmentSignal;
  }

  /** Emitted when `state`, `isLoading`, `problem` or an execution changed. */
  get stateChanged(): ISignal<this, void> {
    return this.stateSignal;
  }

  /** Emitted with the id of the cell that is selected now. */
  get selectedChanged(): ISignal<this, string> {
    return this.selectedSignal;
  }

  /** Emitted when the checkpoint tree has changed. */
  get historyChanged(): ISignal<this, void> {
    return this.historySignal;
  }

  /** Emitted when `rewound` changes. */
  get rewoundChanged(): ISignal<this, IRewindAnswer | null> {
    return this.rewoundSignal;
  }

  /** Emitted when the plan or its progress changes. */
  get planChanged(): ISignal<this, IPlan | null> {
    return this.planSignal;
  }

  protected readonly attachmentSignal = new Signal<this, Attachment>(this);
  protected readonly stateSignal = new Signal<this, void>(this);
  protected readonly selectedSignal = new Signal<this, string>(this);
  protected readonly historySignal = new Signal<this, void>(this);
  protected readonly rewoundSignal = new Signal<this, IRewindAnswer | null>(
    this
  );
  protected readonly planSignal = new Signal<this, IPlan | null>(this);
}
