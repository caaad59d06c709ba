import type { KernelMessage } from '@jupyterlab/services';

/** What takes messages for one output area. */
export interface ITaker {
  /** Whether it takes no more. */
  readonly isDisposed: boolean;
  /** Take a message. */
  take(message: KernelMessage.IIOPubMessage): void;
}

/**
 * Which output areas show which display: a display can be updated from any
 * cell. The kernel connection knows that for requests of its own only.
 */
export class Displays {
  /**
   * Let those who show a display show its newest data.
   *
   * @param message - Any message of the kernel
   */
  update(message: KernelMessage.IIOPubMessage): void {
    const id = displayId(message);
    const takers = id ? this._takers.get(id) : undefined;
    if (!takers) {
      return;
    }
    const update = {
      ...message,
      header: { ...message.header, msg_type: 'update_display_data' }
    } as KernelMessage.IIOPubMessage;
    for (const taker of takers) {
      if (taker.isDisposed) {
        takers.delete(taker);
      } else {
        taker.take(update);
      }
    }
  }

  /**
   * Remember that somebody shows what a message tells to show.
   *
   * @param message - A message that it has taken
   * @param taker - Who took it
   */
  add(message: KernelMessage.IIOPubMessage, taker: ITaker): void {
    const id = displayId(message);
    if (!id || isUpdate(message)) {
      return;
    }
    const takers = this._takers.get(id);
    if (takers) {
      takers.add(taker);
    } else {
      this._takers.set(id, new Set([taker]));
    }
  }

  /** Forget all: the kernel is another one. */
  clear(): void {
    this._takers.clear();
  }

  private readonly _takers = new Map<string, Set<ITaker>>();
}

/** Return whether a message only changes what is shown already. */
export function isUpdate(message: KernelMessage.IIOPubMessage): boolean {
  return message.header.msg_type === 'update_display_data';
}

/** Return the id of the display that a message is about; empty if of none. */
function displayId(message: KernelMessage.IIOPubMessage): string {
  switch (message.header.msg_type) {
    case 'display_data':
    case 'execute_result':
    case 'update_display_data': {
      const { transient } = message.content as {
        transient?: { display_id?: unknown };
      };
      const id = transient?.display_id;
      return typeof id === 'string' ? id : '';
    }
    default:
      return '';
  }
}
