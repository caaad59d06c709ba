import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RewindClient } from '../api/client';
import type { RewindEvents } from '../api/events';
import type { IRewindServer, IRewindSession, IRewindSessions } from '../tokens';
import { RewindSession } from './session';
import { DEFAULT_SETTINGS, type IRecordingSettings } from './settings';

/**
 * The sessions of all open notebooks, one for each panel.
 */
export class RewindSessions implements IRewindSessions {
  /**
   * @param options - What the sessions need
   */
  constructor(options: RewindSessions.IOptions) {
    this._options = options;
  }

  /** The session of the notebook that the user is at; null if there is none. */
  get current(): IRewindSession | null {
    const panel = this._options.tracker.currentWidget;
    return (panel && this._sessions.get(panel)) ?? null;
  }

  /** Emitted with the session of the notebook that the user is at now. */
  get currentChanged(): ISignal<this, IRewindSession | null> {
    return this._currentChanged;
  }

  /** Emitted with each new session. */
  get added(): ISignal<this, IRewindSession> {
    return this._added;
  }

  /** All sessions. */
  get all(): Iterable<IRewindSession> {
    return this._sessions.values();
  }

  /** Return the session of a panel. */
  of(panel: NotebookPanel): IRewindSession | undefined {
    return this._sessions.get(panel);
  }

  /**
   * Begin, with all notebooks that are open and each that is opened.
   *
   * No kernel is attached before: the user may have turned recording off.
   *
   * @param settings - What the user set
   */
  start(settings: IRecordingSettings): void {
    const { tracker } = this._options;
    this._settings = settings;
    tracker.forEach(panel => {
      this._add(panel);
    });
    tracker.widgetAdded.connect((_, panel) => {
      this._add(panel);
    }, this);
    tracker.currentChanged.connect(() => {
      this._currentChanged.emit(this.current);
    }, this);
    this._currentChanged.emit(this.current);
  }

  /**
   * Take other settings: open notebooks begin or end to record.
   *
   * @param settings - What the user set
   */
  settle(settings: IRecordingSettings): void {
    const before = this._settings;
    this._settings = settings;
    if (before.recording === settings.recording) {
      return;
    }
    for (const session of this._sessions.values()) {
      const { kind } = session.attachment;
      if (settings.recording ? kind !== 'recording' : kind === 'recording') {
        const mode = settings.recording ? settings.mode : 'off';
        // Where it can't be set there is nothing that records.
        session.setMode(mode).catch(() => undefined);
      }
    }
  }

  private _add(panel: NotebookPanel): void {
    if (panel.isDisposed || this._sessions.has(panel)) {
      return;
    }
    const { client, events, server, trans } = this._options;
    const settings = (): IRecordingSettings => this._settings;
    const session = new RewindSession({
      client,
      events,
      panel,
      server,
      settings,
      trans
    });
    this._sessions.set(panel, session);
    panel.disposed.connect(() => {
      this._sessions.delete(panel);
    });
    this._added.emit(session);
    if (this._options.tracker.currentWidget === panel) {
      this._currentChanged.emit(session);
    }
  }

  private readonly _added = new Signal<this, IRewindSession>(this);
  private readonly _currentChanged = new Signal<this, IRewindSession | null>(
    this
  );
  private readonly _options: RewindSessions.IOptions;
  private readonly _sessions = new Map<NotebookPanel, RewindSession>();
  private _settings = DEFAULT_SETTINGS;
}

/** What belongs to the sessions. */
export namespace RewindSessions {
  /** What the sessions need. */
  export interface IOptions {
    /** The server's operations. */
    client: RewindClient;
    /** What the server says unasked. */
    events: RewindEvents;
    /** The connection to the server part. */
    server: IRewindServer;
    /** The open notebooks. */
    tracker: INotebookTracker;
    /** The application's language. */
    trans: TranslationBundle;
  }
}
