import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Attachment, RecordingMode } from '../tokens';
import {
  attachExpression,
  EXPRESSION,
  modeExpression,
  probeExpression,
  readReply
} from './handshake';

/** The language of kernels that can record, as kernelspecs name it. */
const LANGUAGE = 'python';

/**
 * Attaches the agent to each kernel that a notebook gets.
 *
 * The request goes out in the very slot that tells of a new or restarted
 * kernel, so that it is ahead of whatever is run next: the first cell of
 * *Restart and Run All* is recorded. Kernels of other languages are sent
 * nothing. A busy kernel answers when it is done; nothing waits for it.
 */
export class Attacher implements IDisposable {
  /**
   * @param options - What attaching needs
   */
  constructor(options: Attacher.IOptions) {
    this._context = options.sessionContext;
    this._settings = options.settings;
    this._trans = options.trans;
    this._context.kernelChanged.connect(this._onKernelChanged, this);
    this._follow(this._context.session?.kernel ?? null);
  }

  /** Whether the kernel records. */
  get attachment(): Attachment {
    return this._attachment;
  }

  /** Emitted when `attachment` changes. */
  get changed(): ISignal<this, Attachment> {
    return this._changed;
  }

  /** Emitted when the connection with the kernel is there again. */
  get reconnected(): ISignal<this, void> {
    return this._reconnected;
  }

  /** Whether the attacher has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The kernel that is followed. */
  get kernel(): Kernel.IKernelConnection | null {
    return this._kernel;
  }

  /**
   * Attach to the kernel as it is now, as the settings say.
   *
   * @param quietly - Until the kernel answers, what it said before holds
   */
  attach(quietly = false): void {
    const kernel = this._kernel;
    const attempt = ++this._attempt;
    this._isDue = false;
    if (!kernel || kernel.isDisposed || kernel.status === 'dead') {
      this._set({ kind: 'no-kernel' });
      return;
    }
    if (!quietly) {
      this._set({ kind: 'waiting' });
    }
    const { specs, ready } = this._context.specsManager;
    const spec = specs?.kernelspecs[kernel.name];
    if (spec) {
      this._attachTo(kernel, spec.language, attempt);
    } else {
      void this._lookUp(kernel, ready, attempt);
    }
  }

  /**
   * Set the mode. Rejects with a sentence.
   *
   * @param mode - What the kernel does with runs from now on
   */
  async setMode(mode: RecordingMode): Promise<void> {
    const trans = this._trans;
    const kernel = this._kernel;
    switch (this._attachment.kind) {
      case 'no-kernel':
        throw new Error(trans.__('The notebook has no kernel.'));
      case 'language':
        throw new Error(trans.__('Only Python kernels can record.'));
    }
    const attempt = ++this._attempt;
    let found: Attachment | null = null;
    try {
      found = await this._ask(kernel!, modeExpression(mode));
    } catch {
      // Said below.
    }
    if (attempt !== this._attempt || !found) {
      throw new Error(
        trans.__('The mode was not set: the kernel changed or was interrupted.')
      );
    }
    this._set(found);
    if (found.kind === 'failed') {
      throw new Error(found.reason);
    }
    if (found.kind === 'missing') {
      throw new Error(trans.__('The kernel’s environment has no nbrewind.'));
    }
  }

  /**
   * Take note of whether the server reads the store that the kernel writes to.
   *
   * @param reachable - What the server said
   */
  setReachable(reachable: boolean): void {
    const now = this._attachment;
    if (now.kind === 'recording' && !reachable) {
      this._set({ kind: 'unreachable', handshake: now.handshake });
    } else if (now.kind === 'unreachable' && reachable) {
      this._set({ kind: 'recording', handshake: now.handshake });
    }
  }

  /** Follow the kernel no longer. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._attempt++;
    this._context.kernelChanged.disconnect(this._onKernelChanged, this);
    this._kernel?.statusChanged.disconnect(this._onStatus, this);
    this._kernel?.connectionStatusChanged.disconnect(this._onConnection, this);
    this._kernel = null;
    Signal.clearData(this);
  }

  private _onKernelChanged(): void {
    // Also emitted, with the same kernel, when it has been restarted.
    this._follow(this._context.session?.kernel ?? null);
  }

  private _follow(kernel: Kernel.IKernelConnection | null): void {
    if (kernel !== this._kernel) {
      this._kernel?.statusChanged.disconnect(this._onStatus, this);
      this._kernel?.connectionStatusChanged.disconnect(
        this._onConnection,
        this
      );
      this._kernel = kernel;
      kernel?.statusChanged.connect(this._onStatus, this);
      kernel?.connectionStatusChanged.connect(this._onConnection, this);
    }
    this.attach();
  }

  private _onStatus(
    kernel: Kernel.IKernelConnection,
    status: Kernel.Status
  ): void {
    switch (status) {
      case 'restarting':
        // Whatever was there is gone. `kernelChanged` tells when it is back,
        // unless the connection itself was told to restart.
        this._attempt++;
        this._isDue = true;
        this._set({ kind: 'waiting' });
        break;
      case 'autorestarting':
        this._attempt++;
        this._set({ kind: 'waiting' });
        // The connection drops what waits to be sent right after this signal,
        // and takes new messages in the same turn of the event loop.
        void Promise.resolve().then(() => {
          if (!this._isDisposed && kernel === this._kernel) {
            this.attach();
          }
        });
        break;
      case 'starting':
      case 'idle':
      case 'busy':
        if (this._isDue) {
          this.attach();
        }
        break;
      case 'dead':
        this.attach();
        break;
    }
  }

  private _onConnection(
    _: Kernel.IKernelConnection,
    status: Kernel.ConnectionStatus
  ): void {
    if (status !== 'connected' || this._attachment.kind === 'waiting') {
      return;
    }
    // It may have been restarted while nobody listened.
    this.attach(true);
    this._reconnected.emit();
  }

  /** Attach once it is known what language the kernel is of. */
  private async _lookUp(
    kernel: Kernel.IKernelConnection,
    ready: Promise<void>,
    attempt: number
  ): Promise<void> {
    let language: string | undefined;
    try {
      await ready;
      // The kernel's own answer is for kernels that no kernelspec describes.
      language =
        this._context.specsManager.specs?.kernelspecs[kernel.name]?.language ??
        (await kernel.spec)?.language ??
        (await kernel.info).language_info.name;
    } catch {
      language = undefined;
    }
    if (attempt === this._attempt && language !== undefined) {
      this._attachTo(kernel, language, attempt);
    }
  }

  private _attachTo(
    kernel: Kernel.IKernelConnection,
    language: string,
    attempt: number
  ): void {
    if (language.toLowerCase() !== LANGUAGE) {
      this._set({ kind: 'language', language });
      return;
    }
    const { mode, recording } = this._settings();
    const expression = recording ? attachExpression(mode) : probeExpression();
    this._ask(kernel, expression).then(
      found => {
        if (attempt !== this._attempt) {
          return;
        }
        if (found) {
          this._set(found);
        } else {
          // A cell before it raised, and took all that waited with it.
          this._attachTo(kernel, language, attempt);
        }
      },
      () => {
        // The kernel was restarted or shut down, and its status says so.
      }
    );
  }

  /**
   * Ask the kernel, between cells.
   *
   * @returns Its answer; null if it did not get to the request. Rejects when
   *   the kernel is restarted or shut down meanwhile
   */
  private async _ask(
    kernel: Kernel.IKernelConnection,
    expression: string
  ): Promise<Attachment | null> {
    const reply = await kernel.requestExecute({
      code: '',
      silent: true,
      store_history: false,
      user_expressions: { [EXPRESSION]: expression },
      allow_stdin: false,
      stop_on_error: false
    }).done;
    return readReply(reply.content, this._trans);
  }

  private _set(attachment: Attachment): void {
    if (this._isDisposed || Private.same(attachment, this._attachment)) {
      return;
    }
    this._attachment = attachment;
    this._changed.emit(attachment);
  }

  private _attachment: Attachment = { kind: 'no-kernel' };
  private _attempt = 0;
  private readonly _changed = new Signal<this, Attachment>(this);
  private readonly _context: ISessionContext;
  private _isDisposed = false;
  private _isDue = false;
  private _kernel: Kernel.IKernelConnection | null = null;
  private readonly _reconnected = new Signal<this, void>(this);
  private readonly _settings: () => Attacher.ISettings;
  private readonly _trans: TranslationBundle;
}

/** What belongs to attaching. */
export namespace Attacher {
  /** What the user set. */
  export interface ISettings {
    /** Whether kernels are recorded without being asked to. */
    readonly recording: boolean;
    /** The mode of a kernel that is newly attached. */
    readonly mode: RecordingMode;
  }

  /** What attaching needs. */
  export interface IOptions {
    /** The notebook's connection with its kernel. */
    sessionContext: ISessionContext;
    /** What the user set, at the moment of asking. */
    settings: () => ISettings;
    /** The application's language. */
    trans: TranslationBundle;
  }
}

namespace Private {
  /** Whether two attachments say the same. */
  export function same(one: Attachment, other: Attachment): boolean {
    return JSON.stringify(one) === JSON.stringify(other);
  }
}
