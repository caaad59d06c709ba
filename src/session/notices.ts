import { Notification } from '@jupyterlab/apputils';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Attachment, IRewindSession, IRewindSessions } from '../tokens';

/** Under which name it is remembered that the user knows of recording. */
const NOTICED = 'jupyterlab-nbrewind:noticed';

/** How long a notice stays, in milliseconds. */
const STAYS = 15000;

/**
 * Tells the user, once ever, that runs are recorded and where; and once for
 * each notebook and reason why they can't be.
 */
export class Notices {
  /**
   * @param options - What the notices need
   */
  constructor(private readonly _options: Notices.IOptions) {
    const { sessions } = _options;
    for (const session of sessions.all) {
      this._follow(session);
    }
    sessions.added.connect((_, session) => {
      this._follow(session);
    }, this);
  }

  private _follow(session: IRewindSession): void {
    const told = new Set<string>();
    const tell = (): void => {
      const { attachment } = session;
      if (attachment.kind === 'recording') {
        void this._begun(attachment.handshake.store);
        return;
      }
      const text = this._problem(attachment);
      if (text && !told.has(attachment.kind)) {
        told.add(attachment.kind);
        Notification.warning(text, { autoClose: STAYS });
      }
    };
    session.attachmentChanged.connect(tell);
    tell();
  }

  /** Say that runs are recorded, if that was never said. */
  private async _begun(store: string): Promise<void> {
    if (this._isNoticed) {
      return;
    }
    this._isNoticed = true;
    const { openSettings, state, trans, turnOff } = this._options;
    try {
      if ((await state?.fetch(NOTICED)) || localStorage.getItem(NOTICED)) {
        return;
      }
      localStorage.setItem(NOTICED, 'yes');
    } catch {
      // Then it is said again in the next page.
    }
    await state?.save(NOTICED, 'yes').catch(() => undefined);
    Notification.info(
      trans.__(
        'Runs of your cells are recorded, so that you can rewind and repeat them. Records stay in %1',
        store
      ),
      {
        autoClose: STAYS,
        actions: [
          { label: trans.__('Settings'), callback: openSettings },
          { label: trans.__('Turn Off'), callback: turnOff }
        ]
      }
    );
  }

  /** Return why nothing is recorded, where the user can mend that. */
  private _problem(attachment: Attachment): string {
    const { trans } = this._options;
    switch (attachment.kind) {
      case 'missing':
        return trans.__(
          'Nothing is recorded: install nbrewind in the kernel’s environment, then restart the kernel.'
        );
      case 'mismatched':
        return trans.__(
          'Nothing is shown of what is recorded: update nbrewind in the kernel’s environment.'
        );
      case 'unreachable':
        return trans.__(
          'Runs are recorded in %1, which the Jupyter server does not read.',
          attachment.handshake.store
        );
      case 'failed':
        return attachment.reason;
      default:
        return '';
    }
  }

  private _isNoticed = false;
}

/** What belongs to the notices. */
export namespace Notices {
  /** What the notices need. */
  export interface IOptions {
    /** Opens the settings. */
    openSettings: () => void;
    /** The sessions. */
    sessions: IRewindSessions;
    /** Remembers what was said; absent in some applications. */
    state: IStateDB | null;
    /** The application's language. */
    trans: TranslationBundle;
    /** Turns recording off. */
    turnOff: () => void;
  }
}
