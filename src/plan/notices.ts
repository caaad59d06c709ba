import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan, IRewindSession } from '../tokens';
import type { IEnded, OutputFollower } from './follower';
import { endSentence, progressSentence } from './words';

/** How long a plan is at work before that is told, in ms. */
const PATIENCE = 1000;

/** How long it is told that a plan is done, in ms. */
const READ = 5000;

/**
 * Tells how far a plan is that takes longer than a moment, and how it ended.
 */
export class PlanNotices {
  /**
   * @param options - What telling needs
   */
  constructor(options: PlanNotices.IOptions) {
    this._options = options;
    const { follower, session } = options;
    session.planChanged.connect(this._onPlan, this);
    follower.ended.connect(this._onEnded, this);
    session.panel.disposed.connect(() => {
      clearTimeout(this._timer);
      this._dismiss();
    });
    this._onPlan();
  }

  private _onPlan(): void {
    const { plan } = this._options.session;
    if (plan?.state !== 'running') {
      clearTimeout(this._timer);
      this._timer = 0;
      if (!plan) {
        this._dismiss();
      }
      return;
    }
    if (this._told) {
      // How the plan before ended is news no more.
      Notification.dismiss(this._told);
      this._told = '';
    }
    if (this._id) {
      this._progress(plan);
    } else if (!this._timer && this._isMine) {
      this._timer = window.setTimeout(() => {
        const { plan } = this._options.session;
        if (plan?.state === 'running') {
          this._progress(plan);
        }
      }, PATIENCE);
    }
  }

  /** Whether the plan is this user's, as far as is known. */
  private get _isMine(): boolean {
    const { session } = this._options;
    return session.ownsPlan || !session.panel.content.model?.collaborative;
  }

  private _progress(plan: IPlan): void {
    const { cancel, trans } = this._options;
    const message = progressSentence(plan, trans);
    const done = plan.steps.filter(({ state }) => state === 'done').length;
    const options = {
      autoClose: false as const,
      progress: plan.steps.length ? done / plan.steps.length : 0,
      actions: [
        {
          label: trans.__('Cancel'),
          caption: trans.__('Interrupt the kernel, and run no more steps'),
          callback: (event: MouseEvent) => {
            // It stays until the plan has really ended.
            event.preventDefault();
            cancel(plan);
          }
        }
      ]
    };
    if (!this._id) {
      this._id = Notification.emit(message, 'in-progress', options);
    } else if (message !== this._message) {
      Notification.update({ id: this._id, message, ...options });
    }
    this._message = message;
  }

  private _onEnded(_: OutputFollower, { plan, wasAway }: IEnded): void {
    const { session, trans } = this._options;
    const wasTold = this._id !== '';
    if (!this._isMine || (plan.state === 'done' && !wasAway && !wasTold)) {
      // What it did is seen.
      this._dismiss();
      return;
    }
    const failed = plan.steps.find(({ state }) => state === 'failed');
    const ran = plan.steps.filter(
      ({ state, step }) => step.action === 'run' && state === 'done'
    );
    const cell = (failed ?? ran[ran.length - 1])?.step.cell ?? '';
    if (plan.state === 'failed' && failed && !wasAway && !this._isTyping) {
      session.select(cell, true);
    }
    this._tell(plan, endSentence(plan, wasAway, trans), cell);
  }

  /** Whether the user is at a cell's text, and would lose the place. */
  private get _isTyping(): boolean {
    const { content } = this._options.session.panel;
    return (
      content.mode === 'edit' && content.node.contains(document.activeElement)
    );
  }

  private _tell(plan: IPlan, message: string, cell: string): void {
    const { again, show, trans } = this._options;
    const actions: Notification.IAction[] = [];
    if (plan.state === 'stopped') {
      actions.push({
        label: trans.__('Plan Again'),
        callback: () => again(plan)
      });
    }
    if (cell) {
      actions.push({ label: trans.__('Show'), callback: () => show(cell) });
    }
    const type = TYPES[plan.state];
    const autoClose = plan.state === 'done' ? READ : (false as const);
    if (this._id) {
      this._told = this._id;
      const id = this._id;
      Notification.update({ id, message, type, actions, autoClose });
    } else {
      this._told = Notification.emit(message, type, { actions, autoClose });
    }
    // The next plan has a notice of its own.
    this._id = this._message = '';
  }

  private _dismiss(): void {
    if (this._id) {
      Notification.dismiss(this._id);
    }
    this._id = this._message = '';
  }

  /** Id of the notice about the plan at work; empty if there is none. */
  private _id = '';
  private _message = '';
  private readonly _options: PlanNotices.IOptions;
  private _timer = 0;
  /** Id of the notice about how the last plan ended; empty if there is none. */
  private _told = '';
}

/** How it is told that a plan has ended. */
const TYPES: Readonly<Record<IPlan['state'], Notification.TypeOptions>> = {
  proposed: 'default',
  running: 'in-progress',
  done: 'success',
  failed: 'error',
  cancelled: 'info',
  stopped: 'warning'
};

/** What belongs to telling. */
export namespace PlanNotices {
  /** What telling needs. */
  export interface IOptions {
    /** The notebook's session. */
    session: IRewindSession;
    /** Follows its plans. */
    follower: OutputFollower;
    /** Cancels a plan. */
    cancel: (plan: IPlan) => void;
    /** Proposes a plan again that stopped. */
    again: (plan: IPlan) => void;
    /** Shows a cell, and the notebook. */
    show: (cell: string) => void;
    /** The application's language. */
    trans: TranslationBundle;
  }
}
