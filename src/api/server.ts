import { ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import { sentence } from '../errors';
import {
  type IRewindServer,
  type IVersion,
  PROTOCOLS,
  type ServerState
} from '../tokens';
import { send } from './client';

/**
 * The connection to the server part: asks once for its version, and again when
 * told to.
 */
export class RewindServer implements IRewindServer {
  /**
   * @param options - What the connection needs
   */
  constructor(options: RewindServer.IOptions) {
    this._settings = options.serverSettings;
  }

  /** Whether the connection has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the server part can be used. */
  get state(): ServerState {
    return this._state;
  }

  /** Emitted with the new state when it changes. */
  get stateChanged(): ISignal<this, ServerState> {
    return this._stateChanged;
  }

  /**
   * Ask the server part for its version.
   *
   * @returns The new state. Never rejects.
   */
  async check(): Promise<ServerState> {
    const question = ++this._question;
    this._set({ kind: 'asking' });
    const state = await Private.ask(this._settings);
    // Only the newest question's answer counts.
    if (question === this._question) {
      this._set(state);
    }
    return state;
  }

  /** Stop telling anyone. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _set(state: ServerState): void {
    if (this._isDisposed) {
      return;
    }
    this._state = state;
    this._stateChanged.emit(state);
  }

  private _isDisposed = false;
  private _question = 0;
  private readonly _settings: ServerConnection.ISettings;
  private _state: ServerState = { kind: 'asking' };
  private readonly _stateChanged = new Signal<this, ServerState>(this);
}

/** What belongs to the connection. */
export namespace RewindServer {
  /** What a connection needs. */
  export interface IOptions {
    /** How to reach the Jupyter server. */
    serverSettings: ServerConnection.ISettings;
  }
}

namespace Private {
  /**
   * Ask for the version, and say what the answer means.
   */
  export async function ask(
    settings: ServerConnection.ISettings
  ): Promise<ServerState> {
    try {
      const version = await send<IVersion>(settings, 'GET', '/version');
      const [oldest, newest] = PROTOCOLS;
      const fits = version.protocol >= oldest && version.protocol <= newest;
      return { kind: fits ? 'connected' : 'mismatched', version };
    } catch (error) {
      if (error instanceof ServerConnection.ResponseError) {
        switch (error.response.status) {
          case 404:
            return { kind: 'missing' };
          case 401:
          case 403:
            return { kind: 'forbidden' };
        }
      }
      return {
        kind: 'unreachable',
        reason: sentence(error)
      };
    }
  }
}
