/**
 * What other extensions may use: the token of each service, and the types that
 * it deals in.
 */

import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { components } from './api/schema';

/** Id of the package, and first part of the ids of all its plugins and tokens. */
export const PACKAGE = 'jupyterlab-nbrewind';

/** The protocols, oldest and newest, that this front end can speak. */
export const PROTOCOLS: readonly [oldest: number, newest: number] = [1, 1];

/** What the server part says of itself. */
export type IVersion = components['schemas']['Version'];

/** Whether the server part can be used, and if not, why. */
export type ServerState =
  /** The answer to the first question is not there yet. */
  | { readonly kind: 'asking' }
  /** The server part answers, in a protocol that this front end speaks. */
  | { readonly kind: 'connected'; readonly version: IVersion }
  /** It answers, in a protocol that this front end does not speak. */
  | { readonly kind: 'mismatched'; readonly version: IVersion }
  /** The Jupyter server answers, but has no such extension. */
  | { readonly kind: 'missing' }
  /** The Jupyter server does not let this user ask. */
  | { readonly kind: 'forbidden' }
  /** No usable answer; `reason` is a technical message in English. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** The connection to the server part. */
export interface IRewindServer extends IDisposable {
  /** Whether the server part can be used. */
  readonly state: ServerState;

  /** Emitted with the new state when it changes. */
  readonly stateChanged: ISignal<IRewindServer, ServerState>;

  /**
   * Ask the server part again.
   *
   * @returns The new state. Never rejects.
   */
  check(): Promise<ServerState>;
}

/** The token of the connection to the server part. */
export const IRewindServer = new Token<IRewindServer>(
  'jupyterlab-nbrewind:IRewindServer',
  'The connection to the server part of NBRewind.'
);
