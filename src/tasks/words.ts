/**
 * Tasks, managers and workers in words. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import { durationText } from '../plan/words';
import type {
  ICellTasks,
  IMoment,
  ITaskFacts,
  ITaskLogFacts,
  ITaskManager,
  ITaskReason
} from '../tokens';

/** A state of tasks, in the order in which bars and counts show them. */
export type TaskPart = 'done' | 'answered' | 'failed' | 'running' | 'waiting';

/** All of them. */
export const PARTS: readonly TaskPart[] = [
  'done',
  'answered',
  'failed',
  'running',
  'waiting'
];

/** Return how many tasks are in a state, in words. */
export function partText(
  part: TaskPart,
  count: number,
  trans: TranslationBundle
): string {
  switch (part) {
    case 'done':
      return trans._n('%1 done', '%1 done', count);
    case 'answered':
      return trans._n('%1 answered', '%1 answered', count);
    case 'failed':
      return trans._n('%1 failed', '%1 failed', count);
    case 'running':
      return trans._n('%1 running', '%1 running', count);
    case 'waiting':
      return trans._n('%1 waiting', '%1 waiting', count);
  }
}

/** Return the word for a state of one task, as the first of a line. */
export function stateWord(
  state: ITaskFacts['state'],
  trans: TranslationBundle
): string {
  switch (state) {
    case 'done':
      return trans.__('Done');
    case 'answered':
      return trans.__('Answered');
    case 'failed':
      return trans.__('Failed');
    case 'waiting':
      return trans.__('Waiting');
  }
}

/** Return how many tasks there are. */
export function totalOf(tasks: ICellTasks): number {
  return PARTS.reduce((sum, part) => sum + tasks[part], 0);
}

/** Return the states that tasks of a cell are in, as short phrases. */
export function partPhrases(
  tasks: ICellTasks,
  trans: TranslationBundle
): string[] {
  return PARTS.filter(part => tasks[part] > 0).map(part =>
    partText(part, tasks[part], trans)
  );
}

/** Return why tasks were not answered, in a sentence. */
export function reasonSentence(
  { count, text }: ITaskReason,
  trans: TranslationBundle
): string {
  return trans._n(
    '%1 was not answered: %2.',
    '%1 were not answered: %2.',
    count,
    text.replace(/\.$/, '')
  );
}

/** Return what a log of a manager is called. */
export function logName(
  { manager, name }: ITaskLogFacts,
  trans: TranslationBundle
): string {
  const what =
    name === 'transactions'
      ? trans.__('Transactions')
      : name === 'taskgraph'
        ? trans.__('Task graph')
        : name === 'performance'
          ? trans.__('Performance')
          : name;
  return trans.__('%1 of manager %2', what, manager);
}

/** Return what a manager is called. */
export function managerName(
  { name, number, port }: ITaskManager,
  trans: TranslationBundle
): string {
  if (name) {
    return trans.__('Manager %1', name);
  }
  return port
    ? trans.__('Manager on port %1', port)
    : trans.__('Manager %1', number);
}

/**
 * Return how a manager stands, as short phrases.
 *
 * @param manager - The manager
 * @param local - How many of its workers were started here
 * @param trans - The application's language
 */
export function managerPhrases(
  { cores, status, workers }: ITaskManager,
  local: number,
  trans: TranslationBundle
): string[] {
  if (status === 'lazy') {
    return [trans.__('Not open: no task had to run so far')];
  }
  return [
    trans.__('Open'),
    workers
      ? trans._n('%1 worker', '%1 workers', workers)
      : trans.__('no worker'),
    workers > 0 && trans._n('%1 core', '%1 cores', cores),
    local > 0 && trans._n('%1 started here', '%1 started here', local)
  ].filter((phrase): phrase is string => !!phrase);
}

/** Return how many tasks ran at a time, in a sentence. */
export function momentsSentence(
  moments: readonly IMoment[],
  trans: TranslationBundle
): string {
  const most = Math.max(0, ...moments.map(({ running }) => running));
  const seconds = moments[moments.length - 1]?.seconds ?? 0;
  return trans._n(
    'At most %1 task at a time, in %2.',
    'At most %1 tasks at a time, in %2.',
    most,
    durationText(seconds, trans)
  );
}

/** Return what is known of a task beside its state, as short phrases. */
export function taskPhrases(
  { host, note, reason, seconds, state }: ITaskFacts,
  trans: TranslationBundle
): string[] {
  return [
    seconds > 0 &&
      (state === 'answered'
        ? trans.__('%1 saved', durationText(seconds, trans))
        : durationText(seconds, trans)),
    host && trans.__('on %1', host),
    reason && trans.__('not answered: %1', reason),
    note &&
      note !== reason &&
      (state === 'failed' ? note : trans.__('not recorded: %1', note))
  ].filter((phrase): phrase is string => !!phrase);
}
