/**
 * What the store holds in words. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import { durationText } from '../plan/words';
import { bytesText } from '../timeline/words';
import type {
  IBudget,
  ICleanup,
  IForgetTarget,
  IForgotten,
  IStorage,
  IStoredNotebook
} from '../tokens';

/** Return the last part of a path. */
export function baseName(path: string): string {
  return path.replace(/^.*[/\\]/, '');
}

/** Return how much of the budget is used, in a sentence. */
export function usedSentence(
  { budget, bytes }: Pick<IStorage, 'budget' | 'bytes'>,
  trans: TranslationBundle
): string {
  return trans.__(
    '%1 of %2 used (%3)',
    bytesText(bytes, trans),
    bytesText(budget, trans),
    percentText(bytes, budget, trans)
  );
}

/** Return a share of the budget; never 0 % of something. */
function percentText(
  bytes: number,
  budget: number,
  trans: TranslationBundle
): string {
  const percent = budget > 0 ? (100 * bytes) / budget : 100;
  return bytes > 0 && percent < 1
    ? trans.__('< 1 %')
    : trans.__('%1 %', Math.floor(percent));
}

/** Return what else there is to say of the store, a sentence each. */
export function storeSentences(
  storage: IStorage,
  trans: TranslationBundle
): string[] {
  const { budget, bytes, garbage, notebooks } = storage;
  const evicted = notebooks.reduce((sum, one) => sum + one.evicted, 0);
  const sentences: string[] = [];
  if (bytes > budget) {
    sentences.push(
      trans.__('That is %1 too much.', bytesText(bytes - budget, trans))
    );
  }
  if (garbage > 0) {
    sentences.push(
      trans.__(
        '%1 are garbage: nothing refers to them.',
        bytesText(garbage, trans)
      )
    );
  }
  if (evicted) {
    sentences.push(
      trans._n(
        '%1 checkpoint lacks values that were evicted.',
        '%1 checkpoints lack values that were evicted.',
        evicted
      )
    );
  }
  return sentences;
}

/** Return a number of checkpoints. */
export function checkpointsText(
  checkpoints: number,
  trans: TranslationBundle
): string {
  return trans._n('%1 checkpoint', '%1 checkpoints', checkpoints);
}

/** Return a number of tasks of which there are records. */
export function tasksText(tasks: number, trans: TranslationBundle): string {
  return trans._n('%1 task', '%1 tasks', tasks);
}

/** Return a number of runs. */
export function runsText(runs: number, trans: TranslationBundle): string {
  return trans._n('%1 run', '%1 runs', runs);
}

/** Return what is known of a notebook besides its size, as short phrases. */
export function notebookPhrases(
  notebook: IStoredNotebook,
  trans: TranslationBundle
): string[] {
  const { budget, bytes, evicted, exists, kept, own, path } = notebook;
  return [
    !exists && trans.__('deleted'),
    exists && !path && trans.__('in another folder'),
    checkpointsText(notebook.checkpoints, trans),
    kept > 0 && trans.__('%1 kept', kept),
    evicted > 0 && trans.__('%1 evicted', evicted),
    own < bytes && trans.__('%1 of it alone', bytesText(own, trans)),
    budget !== null && trans.__('may hold %1', bytesText(budget, trans))
  ].filter(phrase => phrase !== false);
}

/** Return what cleaning up frees, as short phrases. */
export function cleanupPhrases(
  cleanup: ICleanup,
  trans: TranslationBundle
): string[] {
  const { after, before, evictions, garbage } = cleanup;
  const seconds = evictions.reduce((sum, one) => sum + one.seconds, 0);
  const gone = evictions.filter(one => !one.seconds && !one.tasks).length;
  const runs = evictions.filter(one => !one.tasks).length;
  const tasks = evictions.reduce((sum, one) => sum + one.tasks, 0);
  return [
    trans.__('%1 freed', bytesText(before - after, trans)),
    garbage > 0 && trans.__('%1 of it garbage', bytesText(garbage, trans)),
    runs > 0 &&
      trans._n('values of %1 run evicted', 'values of %1 runs evicted', runs),
    tasks > 0 &&
      trans._n(
        'results of %1 task evicted',
        'results of %1 tasks evicted',
        tasks
      ),
    seconds > 0 && trans.__('%1 to recompute', durationText(seconds, trans)),
    gone > 0 &&
      trans._n('%1 can’t be recomputed', '%1 can’t be recomputed', gone)
  ].filter(phrase => phrase !== false);
}

/** Return why a cleanup leaves more than was wanted; empty if it does not. */
export function leftSentence(
  { after, budget }: ICleanup,
  trans: TranslationBundle
): string {
  return after > budget
    ? trans.__(
        '%1 stay: kept checkpoints and the newest states are never evicted.',
        bytesText(after, trans)
      )
    : '';
}

/** Return what cleaning up did, in a sentence. */
export function cleanedSentence(
  { after, before, evictions }: ICleanup,
  trans: TranslationBundle
): string {
  const freed = bytesText(Math.max(0, before - after), trans);
  if (!evictions.length && before <= after) {
    return trans.__('There was nothing to clean up.');
  }
  return evictions.some(one => !one.tasks)
    ? trans._n(
        'Cleaned up: %2 freed, values of %1 run evicted.',
        'Cleaned up: %2 freed, values of %1 runs evicted.',
        evictions.filter(one => !one.tasks).length,
        freed
      )
    : evictions.length
      ? trans.__('Cleaned up: %1 freed, results of tasks evicted.', freed)
      : trans.__('Cleaned up: %1 freed, nothing evicted.', freed);
}

/** Return how much may be held, in a sentence. */
export function budgetSentence(
  { budget, path }: IBudget,
  trans: TranslationBundle
): string {
  const size = bytesText(budget ?? 0, trans);
  if (!path) {
    return trans.__('The store may hold %1.', size);
  }
  return budget === null
    ? trans.__('%1 may hold as much as the store.', baseName(path))
    : trans.__('%1 may hold %2.', baseName(path), size);
}

/**
 * Return what is to be forgotten, in words.
 *
 * @param target - The target
 * @param cell - Its cell in words, if it is one
 * @param trans - The application's language
 */
export function targetText(
  target: IForgetTarget,
  cell: string,
  trans: TranslationBundle
): string {
  const notebook = baseName(target.path);
  if (target.cell) {
    return trans.__('%1 of %2', cell, notebook);
  }
  return target.name
    ? trans.__('the name %1 of %2', target.name, notebook)
    : notebook;
}

/** Return what forgetting would remove, in a sentence. */
export function removesSentence(
  { bytes, checkpoints, name, runs, tasks }: IForgotten,
  trans: TranslationBundle
): string {
  const held = bytesText(bytes, trans);
  const points = tasks
    ? trans.__(
        '%1 and %2',
        checkpointsText(checkpoints, trans),
        tasksText(tasks, trans)
      )
    : checkpointsText(checkpoints, trans);
  return name
    ? trans.__(
        'This removes its values from %1, also from what shares objects with it, and frees %2. Code and outputs stay.',
        points,
        held
      )
    : trans.__(
        'This removes %1 and %2, with code, outputs and values, and frees %3.',
        runsText(runs, trans),
        points,
        held
      );
}

/**
 * Return what forgetting did, in a sentence.
 *
 * @param forgotten - What was removed
 * @param what - What was forgotten, in words
 * @param trans - The application's language
 */
export function forgottenSentence(
  { bytes, checkpoints }: IForgotten,
  what: string,
  trans: TranslationBundle
): string {
  return trans.__(
    'Forgotten: %1 (%2, %3 freed).',
    what,
    checkpointsText(checkpoints, trans),
    bytesText(bytes, trans)
  );
}
