import { Preview } from '../preview/preview';
import type { IPlan, IRewindSession } from '../tokens';
import type { ITarget } from './words';

/**
 * A plan while the user looks at it: asked for, and asked for again with every
 * cell that shall run in any case.
 */
export class Proposal extends Preview<IPlan> {
  /**
   * @param session - Asks for the plan
   * @param target - What to bring up to date
   */
  constructor(session: IRewindSession, target: ITarget) {
    const forced = new Set<string>();
    super(() => session.propose(target.target, target.cell, [...forced]));
    this._forced = forced;
    this._session = session;
    this.target = target;
  }

  /** What to bring up to date. */
  readonly target: ITarget;

  /** The plan; null until there is one. Of an older choice while loading. */
  get plan(): IPlan | null {
    return this.value;
  }

  /** Ids of the cells that shall run in any case. */
  get forced(): ReadonlySet<string> {
    return this._forced;
  }

  /** How many code cells the notebook has. */
  get cells(): number {
    let count = 0;
    for (const cell of this._session.panel.content.model?.cells ?? []) {
      count += cell.type === 'code' ? 1 : 0;
    }
    return count;
  }

  /**
   * Let a cell run in any case, or no longer so, and ask again.
   *
   * @param cell - Its id
   * @param isForced - Whether it runs in any case
   */
  force(cell: string, isForced: boolean): void {
    if (isForced) {
      this._forced.add(cell);
    } else {
      this._forced.delete(cell);
    }
    void this.ask();
  }

  private readonly _forced: Set<string>;
  private readonly _session: IRewindSession;
}
