import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';

type Hook = (
  message: KernelMessage.IIOPubMessage
) => boolean | PromiseLike<boolean>;

/**
 * Stands, for an output area, for a request that the server sent: what the
 * kernel says about it is handed on as if the page had sent it itself. So
 * streams, `clear_output`, errors and the rest are JupyterLab's own code, and
 * the next run of the cell, whoever starts it, takes the output area over.
 */
export class PlanFuture implements Kernel.IShellFuture<
  KernelMessage.IExecuteRequestMsg,
  KernelMessage.IExecuteReplyMsg
> {
  /**
   * @param msg - The request
   * @param disposed - Called when the output area has no more use for this
   */
  constructor(
    readonly msg: KernelMessage.IExecuteRequestMsg,
    disposed: () => void
  ) {
    this._disposed = disposed;
    // Nobody has to wait for it.
    this._done.promise.catch(() => undefined);
  }

  /** Rejected when the output area has no more use for this: the reply comes to the server. */
  get done(): Promise<KernelMessage.IExecuteReplyMsg> {
    return this._done.promise;
  }

  /** Whether the output area has no more use for this. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** What takes messages; set by the output area. */
  onIOPub: (msg: KernelMessage.IIOPubMessage) => void | PromiseLike<void> =
    () => undefined;

  /** Never called: the reply comes to the server. */
  onReply: (msg: KernelMessage.IExecuteReplyMsg) => void | PromiseLike<void> =
    () => undefined;

  /** Never called: a plan runs nothing that asks for input. */
  onStdin: (msg: KernelMessage.IStdinMessage) => void | PromiseLike<void> =
    () => undefined;

  /** Hand a message on, unless a hook keeps it. */
  take(message: KernelMessage.IIOPubMessage): void {
    if (this._isDisposed) {
      return;
    }
    if (this._hooks.length) {
      void this._ask(message);
    } else {
      void this.onIOPub(message);
    }
  }

  /** Ask a hook first, from the next message on. */
  registerMessageHook(hook: Hook): void {
    this._hooks.unshift(hook);
  }

  /** Ask a hook no more. */
  removeMessageHook(hook: Hook): void {
    this._hooks = this._hooks.filter(other => other !== hook);
  }

  /** Does nothing: a plan runs nothing that asks for input. */
  sendInputReply(): void {
    // Nobody waits for it.
  }

  /** Take no more messages. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._done.reject(new Error('The output area is used by another run.'));
    this._disposed();
  }

  /** Ask the hooks, the newest first; the first that says no keeps it. */
  private async _ask(message: KernelMessage.IIOPubMessage): Promise<void> {
    for (const hook of this._hooks) {
      if ((await hook(message)) === false) {
        return;
      }
    }
    if (!this._isDisposed) {
      await this.onIOPub(message);
    }
  }

  private readonly _disposed: () => void;
  private readonly _done =
    new PromiseDelegate<KernelMessage.IExecuteReplyMsg>();
  private _hooks: Hook[] = [];
  private _isDisposed = false;
}
