/**
 * Where the outputs of a step that was reached come from. Pure.
 */

import type { IPlanStep } from '../tokens';
import type { ILiveRun } from './router';

/** What is so in the page. */
export interface IStepSituation {
  /** What this page heard of the cell's run; undefined if nothing. */
  readonly live: ILiveRun | undefined;
  /** The digest of the cell's text; empty if the cell is gone. */
  readonly text: string;
  /** Whether the cell was told to run in this page since the plan began. */
  readonly isTouched: boolean;
  /** Whether a run of the cell is recorded that ended after the plan. */
  readonly ranLater: boolean;
}

/** Where the outputs of a step come from. */
export type OutputsFrom =
  /** They are shown: all that the kernel said was routed. */
  | 'kernel'
  /** The store has them, and the page has not heard all. */
  | 'store'
  /** The cell shows something that is not the step's to change. */
  | 'nowhere';

/**
 * Return where the outputs of a step come from.
 *
 * @param step - A step that is done, or has failed
 * @param situation - What is so in the page
 */
export function outputsFrom(
  step: IPlanStep,
  situation: IStepSituation
): OutputsFrom {
  const { isTouched, live, ranLater, text } = situation;
  if (isTouched || ranLater) {
    return 'nowhere';
  }
  if (step.step.action === 'run' && live?.isWhole && live.isEnded) {
    return 'kernel';
  }
  return step.run && text === step.source ? 'store' : 'nowhere';
}
