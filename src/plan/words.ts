/**
 * Plans in words. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan, PlanTarget } from '../tokens';
import type { IPlanSummary, StepAction } from './steps';

/** What a plan is asked for. */
export interface ITarget {
  /** What to bring up to date. */
  readonly target: PlanTarget;
  /** Id of the cell, for targets `cell` and `affected`; else empty. */
  readonly cell: string;
  /** Its number, counted from 1; 0 if there is none. */
  readonly number: number;
}

/** Return what a plan does, as a heading. */
export function targetTitle(
  { number, target }: ITarget,
  trans: TranslationBundle
): string {
  switch (target) {
    case 'cell':
      return trans.__('Bring cell %1 up to date', number);
    case 'affected':
      return trans.__('Run cell %1 and what it affects', number);
    case 'stale':
      return trans.__('Run what is stale');
    case 'all':
      return trans.__('Bring the whole notebook up to date');
  }
}

/** Return what a step does. */
export function actionWord(
  action: StepAction,
  trans: TranslationBundle
): string {
  switch (action) {
    case 'run':
      return trans.__('Runs');
    case 'load':
      return trans.__('Is loaded');
    case 'skip':
      return trans.__('Is skipped');
  }
}

/** Return a length of time; seconds below a minute with one digit at most. */
export function durationText(
  seconds: number,
  trans: TranslationBundle
): string {
  if (seconds < 0.1) {
    return trans.__('less than 0.1 s');
  }
  if (seconds < 9.95) {
    return trans.__('%1 s', String(Math.round(seconds * 10) / 10));
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  if (whole < 3600) {
    return trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60);
  }
  const minutes = Math.round(seconds / 60);
  return trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}

/** Return the time that a step is expected to take. */
export function expectedText(
  seconds: number,
  trans: TranslationBundle
): string {
  const time = durationText(seconds, trans);
  return seconds < 0.1 ? time : trans.__('about %1', time);
}

/** Return a plan in numbers, as short phrases. */
export function summaryPhrases(
  summary: IPlanSummary,
  trans: TranslationBundle
): string[] {
  const { load, run, saved, seconds, stay } = summary;
  const phrases: string[] = [];
  if (run && seconds > 0) {
    const time = expectedText(seconds, trans);
    phrases.push(trans._n('%1 cell runs (%2)', '%1 cells run (%2)', run, time));
  } else if (run) {
    phrases.push(trans._n('%1 cell runs', '%1 cells run', run));
  }
  if (load) {
    phrases.push(trans._n('%1 is loaded', '%1 are loaded', load));
  }
  if (stay) {
    phrases.push(trans._n('%1 stays as it is', '%1 stay as they are', stay));
  }
  if (saved >= 0.1) {
    phrases.push(trans.__('saves %1', durationText(saved, trans)));
  }
  return phrases;
}

/** Return how many cells ran, in a sentence. */
export function ranSentence(count: number, trans: TranslationBundle): string {
  return count
    ? trans._n('%1 cell ran.', '%1 cells ran.', count)
    : trans.__('No cell had to run.');
}

/**
 * Return how a plan ended, in sentences.
 *
 * @param plan - The plan, not at work any more
 * @param wasAway - Whether it ended while the page was closed
 * @param trans - The application's language
 */
export function endSentence(
  plan: IPlan,
  wasAway: boolean,
  trans: TranslationBundle
): string {
  const done = plan.steps.filter(
    ({ state, step }) => step.action === 'run' && state === 'done'
  );
  const ran = ranSentence(done.length, trans);
  switch (plan.state) {
    case 'done':
      return wasAway
        ? trans.__('The plan finished while this page was closed. %1', ran)
        : trans.__('The plan is done. %1', ran);
    case 'cancelled': {
      const numbers = done.map(({ step }) => step.index + 1).join(', ');
      return numbers
        ? trans._n(
            'The plan was cancelled. Cell %2 was done.',
            'The plan was cancelled. Cells %2 were done.',
            done.length,
            numbers
          )
        : trans.__('The plan was cancelled before any cell was done.');
    }
    case 'failed':
      return wasAway
        ? trans.__(
            'The plan failed while this page was closed. %1',
            plan.reason
          )
        : trans.__('The plan failed. %1', plan.reason);
    case 'stopped':
      return trans.__('The plan stopped. %1', plan.reason);
    case 'running':
    case 'proposed':
      return '';
  }
}

/** Return how far a plan at work is, in a sentence. */
export function progressSentence(
  plan: IPlan,
  trans: TranslationBundle
): string {
  const steps = plan.steps.filter(({ step }) => step.action === 'run');
  const place = steps.findIndex(({ state }) => state === 'running');
  const running = steps[place];
  return running
    ? trans.__(
        'Cell %1 is running (%2 of %3)',
        running.step.index + 1,
        place + 1,
        steps.length
      )
    : trans.__('The plan is at work…');
}
