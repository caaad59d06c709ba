/**
 * Who writes outputs where several could: views of one notebook in a page, and
 * pages of one shared notebook.
 */

import type { INotebookModel } from '@jupyterlab/notebook';

/** What a shared notebook knows of the pages in which it is open. */
interface IAwareness {
  readonly clientID: number;
  getStates(): Map<number, Record<string, unknown>>;
  setLocalStateField(field: string, value: unknown): void;
  on(event: 'change', listener: () => void): void;
  off(event: 'change', listener: () => void): void;
}

/** What pages say of themselves to others: their names, as owners of plans. */
const FIELD = 'nbrewind';

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

  /**
   * Tell the other pages of a shared notebook who this one is, and hear when
   * one of them comes or goes.
   *
   * @param model - The notebook
   * @param page - This page's name
   * @param changed - Called when a page has come, gone or changed
   * @returns What ends the listening
   */
  export function meet(
    model: INotebookModel | null,
    page: string,
    changed: () => void
  ): () => void {
    const awareness = awarenessOf(model);
    awareness?.setLocalStateField(FIELD, page);
    awareness?.on('change', changed);
    return () => awareness?.off('change', changed);
  }

  /** Return whether a page is among those of a shared notebook. */
  export function isHere(model: INotebookModel | null, page: string): boolean {
    const states = awarenessOf(model)?.getStates() ?? new Map();
    return [...states.values()].some(state => state[FIELD] === page);
  }

  /**
   * Return how many pages come before this one when one has left: those that
   * nobody has heard of for long are among them for a while.
   */
  export function turn(model: INotebookModel | null): number {
    const awareness = awarenessOf(model);
    const states = [...(awareness?.getStates() ?? [])];
    // The server is among them, too, and writes nothing.
    return states.filter(
      ([id, state]) => FIELD in state && id < awareness!.clientID
    ).length;
  }
}

function awarenessOf(model: INotebookModel | null): IAwareness | undefined {
  return (model?.sharedModel as { awareness?: IAwareness } | undefined)
    ?.awareness;
}
