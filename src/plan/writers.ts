/**
 * Who writes outputs where several could: views of one notebook in a page, and
 * pages of one shared notebook.
 */

import type { INotebookModel } from '@jupyterlab/notebook';

/** What a shared notebook knows of the pages in which it is open. */
interface IAwareness {
  readonly clientID: number;
  getStates(): Map<number, unknown>;
}

/** Those who follow plans in this page, the oldest first. */
const followers = new Map<object, () => INotebookModel | null>();

/** What decides who writes. */
export namespace Writers {
  /**
   * Take note of somebody who follows plans.
   *
   * @param follower - Who
   * @param model - Returns the notebook, once it is there
   */
  export function add(
    follower: object,
    model: () => INotebookModel | null
  ): void {
    followers.set(follower, model);
  }

  /** Forget a follower. */
  export function remove(follower: object): void {
    followers.delete(follower);
  }

  /** Return whether a follower is the first of its notebook in this page. */
  export function isFirst(follower: object): boolean {
    const model = followers.get(follower)?.();
    for (const [other, modelOf] of followers) {
      if (modelOf() === model) {
        return other === follower;
      }
    }
    return false;
  }

  /** Return whether this page is the one that stands in for one that left. */
  export function isHeir(model: INotebookModel | null): boolean {
    const { awareness } = (model?.sharedModel ?? {}) as {
      awareness?: IAwareness;
    };
    return (
      !!awareness &&
      Math.min(...awareness.getStates().keys()) === awareness.clientID
    );
  }
}
