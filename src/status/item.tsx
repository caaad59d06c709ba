import { VDomModel, VDomRenderer } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type {
  IPlan,
  IRewindServer,
  IRewindSession,
  IRewindSessions
} from '../tokens';
import { statusIcons } from './icons';
import { announcement, type IStatus, statusOf } from './words';

/**
 * What the status bar says of the notebook that the user is at.
 */
export class StatusModel extends VDomModel {
  /**
   * @param server - The connection to the server part
   * @param sessions - The open notebooks
   * @param trans - The application's language
   */
  constructor(
    private readonly _server: IRewindServer,
    sessions: IRewindSessions,
    readonly trans: TranslationBundle
  ) {
    super();
    _server.stateChanged.connect(this._update, this);
    sessions.currentChanged.connect(
      (_, session) => this._follow(session),
      this
    );
    this._follow(sessions.current);
  }

  /** What is announced to who can't see it. */
  get announced(): string {
    return this._announced;
  }

  /** What is said; null: nothing, there is no notebook. */
  get status(): IStatus | null {
    return this._status;
  }

  /** Say nothing more. */
  override dispose(): void {
    if (!this.isDisposed) {
      Signal.disconnectReceiver(this);
      super.dispose();
    }
  }

  private _follow(session: IRewindSession | null): void {
    const before = this._session;
    before?.stateChanged.disconnect(this._update, this);
    before?.attachmentChanged.disconnect(this._update, this);
    before?.planChanged.disconnect(this._update, this);
    this._session = session;
    this._plan = session?.plan ?? null;
    this._announced = '';
    session?.stateChanged.connect(this._update, this);
    session?.attachmentChanged.connect(this._update, this);
    session?.planChanged.connect(this._update, this);
    this._update();
  }

  private _update(): void {
    const session = this._session;
    const status = session
      ? statusOf(
          {
            server: this._server.state,
            attachment: session.attachment,
            state: session.state,
            plan: session.plan,
            problem: session.problem
          },
          this.trans
        )
      : null;
    const plan = session?.plan ?? null;
    const announced =
      announcement(this._plan, plan, this.trans) || this._announced;
    this._plan = plan;
    if (
      announced !== this._announced ||
      status?.text !== this._status?.text ||
      status?.title !== this._status?.title
    ) {
      this._announced = announced;
      this._status = status;
      this.stateChanged.emit();
    }
  }

  private _announced = '';
  private _plan: IPlan | null = null;
  private _session: IRewindSession | null = null;
  private _status: IStatus | null = null;
}

/**
 * The item in the status bar.
 */
export class StatusItem extends VDomRenderer<StatusModel> {
  /**
   * @param model - What it says
   * @param open - Shows the panel
   */
  constructor(
    model: StatusModel,
    private readonly _open: () => void
  ) {
    super(model);
    this.addClass('jp-RewindStatusItem');
  }

  /** Make the item's content. */
  protected override render(): React.JSX.Element | null {
    const { announced, status } = this.model;
    if (!status) {
      return null;
    }
    const icon = statusIcons[status.icon];
    return (
      <>
        <button
          type="button"
          className="jp-RewindStatusItem-button"
          title={status.title}
          onClick={this._open}
        >
          <icon.react tag="span" aria-hidden="true" />
          <span>{status.text}</span>
        </button>
        <span className="jp-RewindStatusItem-announced" role="status">
          {announced}
        </span>
      </>
    );
  }
}
