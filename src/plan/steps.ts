/**
 * A plan as the list that is shown before it is accepted. Pure.
 */

import type { IPlan, IPlanStep } from '../tokens';

/** What a step does. */
export type StepAction = IPlanStep['step']['action'];

/** One step as it is shown. */
export interface IStepRow {
  /** Id of the cell. */
  readonly cell: string;
  /** Number of the cell, counted from 1 over all cells of the notebook. */
  readonly number: number;
  /** The first line of its text. */
  readonly title: string;
  /** What the step does. */
  readonly action: StepAction;
  /** Why, in words. */
  readonly reason: string;
  /** Expected running time in seconds; 0 if it is not known. */
  readonly seconds: number;
  /** What the user should know of it before accepting; empty if nothing. */
  readonly note: string;
  /** Whether the user wants it to run in any case. */
  readonly isForced: boolean;
  /** Whether the user can decide that: it would not run otherwise. */
  readonly canForce: boolean;
}

/** A plan in numbers. */
export interface IPlanSummary {
  /** Cells that run. */
  readonly run: number;
  /** Seconds that they are expected to take. */
  readonly seconds: number;
  /** Cells whose values are loaded. */
  readonly load: number;
  /** Code cells that stay as they are. */
  readonly stay: number;
  /** Seconds of recorded running time that the plan does not repeat. */
  readonly saved: number;
}

/** Whether a plan can be accepted. */
export type Verdict =
  /** There is something to do. */
  | 'ready'
  /** All that is meant is up to date already; a reason may say it better. */
  | 'nothing'
  /** Something is in the way, and the plan's reason says what. */
  | 'blocked';

/**
 * Return a plan's steps as they are shown.
 *
 * @param plan - The plan
 * @param forced - Ids of cells that the user wants to run in any case
 */
export function rowsOf(plan: IPlan, forced: ReadonlySet<string>): IStepRow[] {
  return plan.steps.map(({ step, title, note }) => ({
    cell: step.cell,
    number: step.index + 1,
    title,
    action: step.action,
    reason: step.reason,
    seconds: step.seconds,
    note,
    isForced: forced.has(step.cell),
    canForce: step.action !== 'run' || forced.has(step.cell)
  }));
}

/**
 * Return a plan in numbers.
 *
 * @param plan - The plan
 * @param cells - How many code cells the notebook has
 */
export function summaryOf(plan: IPlan, cells: number): IPlanSummary {
  let run = 0;
  let load = 0;
  let seconds = 0;
  for (const { step } of plan.steps) {
    if (step.action === 'run') {
      run++;
      seconds += step.seconds;
    } else if (step.action === 'load') {
      load++;
    }
  }
  const stay = Math.max(0, cells - run - load);
  return { run, seconds, load, stay, saved: plan.saved };
}

/** Return whether a plan can be accepted. */
export function verdictOf(plan: IPlan): Verdict {
  if (plan.reason) {
    return plan.steps.length ? 'blocked' : 'nothing';
  }
  const isIdle = plan.steps.every(({ step }) => step.action === 'skip');
  return isIdle ? 'nothing' : 'ready';
}

/** What a plan did, as a command answers it. */
export interface IPlanResult {
  /** Id of the plan; empty if there was nothing to do. */
  readonly plan: string;
  /** How it ended. */
  readonly state: IPlan['state'];
  /** Why it failed or stopped, in a sentence; empty if it is done. */
  readonly reason: string;
  /** Ids of the cells that ran, in notebook order. */
  readonly ran: string[];
  /** Ids of the cells whose values were loaded. */
  readonly loaded: string[];
  /** Ids of the cells that were skipped. */
  readonly skipped: string[];
}

/** Return what a plan did, or what it would not even begin. */
export function resultOf(plan: IPlan): IPlanResult {
  const cells = (action: StepAction): string[] =>
    plan.steps
      .filter(
        ({ state, step }) =>
          step.action === action && (state === 'done' || state === 'failed')
      )
      .map(({ step }) => step.cell);
  return {
    plan: plan.id,
    state: plan.state,
    reason: plan.reason,
    ran: cells('run'),
    loaded: cells('load'),
    skipped: cells('skip')
  };
}
