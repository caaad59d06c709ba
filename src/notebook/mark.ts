/**
 * What is shown at a cell of a notebook. Pure.
 */

import type { Freshness, ICellState, IKnownCell } from '../tokens';

/** What is shown at one cell. */
export interface IMark {
  readonly freshness: Freshness;
  readonly reason: string;
  readonly execution: ICellState['execution'];
  readonly checkpoint: ICellState['checkpoint'];
  readonly inKernel: ICellState['in_kernel'];
  /** Whether a run of the cell is recorded. */
  readonly hasRun: boolean;
  readonly isPinned: boolean;
}

/**
 * Return what is shown at a cell.
 *
 * @param known - What is known of it; undefined: nothing
 * @param isPinned - Whether the user pinned it
 * @param problem - Why what is known may be out of date; empty if it is not.
 *   Nothing is fresh then
 * @returns The mark; null: nothing is shown
 */
export function markOf(
  known: IKnownCell | undefined,
  isPinned: boolean,
  problem: string
): IMark | null {
  if (!known) {
    return null;
  }
  const { state } = known;
  const isDoubted = problem !== '' && state.freshness === 'fresh';
  return {
    freshness: isDoubted ? 'unknown' : state.freshness,
    reason: isDoubted ? problem : state.reason,
    execution: state.execution,
    checkpoint: state.checkpoint,
    inKernel: state.in_kernel,
    hasRun: state.run !== null,
    isPinned
  };
}

/** Return whether two marks show the same. */
export function isSameMark(one: IMark | null, other: IMark | null): boolean {
  return (
    one === other ||
    (one !== null &&
      other !== null &&
      one.freshness === other.freshness &&
      one.reason === other.reason &&
      one.execution === other.execution &&
      one.checkpoint === other.checkpoint &&
      one.inKernel === other.inKernel &&
      one.hasRun === other.hasRun &&
      one.isPinned === other.isPinned)
  );
}

/** Return whether what a cell shows is of values that the kernel has not. */
export function isGone(mark: IMark): boolean {
  return mark.hasRun && mark.inKernel === 'no' && mark.execution === 'idle';
}
