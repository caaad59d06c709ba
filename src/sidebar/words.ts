/**
 * The facts about a cell in words. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Freshness, ICellState } from '../tokens';

/** Return the word for a freshness, as the first of a line. */
export function freshnessWord(
  freshness: Freshness,
  trans: TranslationBundle
): string {
  switch (freshness) {
    case 'never run':
      return trans.__('Never run');
    case 'fresh':
      return trans.__('Fresh');
    case 'edited':
      return trans.__('Edited');
    case 'input changed':
      return trans.__('Input changed');
    case 'upstream stale':
      return trans.__('Upstream stale');
    case 'out of order':
      return trans.__('Out of order');
    case 'failed':
      return trans.__('Failed');
    case 'unknown':
      return trans.__('Unknown');
  }
}

/** Return whether a cell is stale: it has run, and is not fresh. */
export function isStale(freshness: Freshness): boolean {
  return freshness !== 'fresh' && freshness !== 'never run';
}

/** Return a sentence with a cell's freshness and the reason for it. */
export function freshnessSentence(
  freshness: Freshness,
  reason: string,
  trans: TranslationBundle
): string {
  const word = freshnessWord(freshness, trans);
  return reason
    ? trans.__('%1: %2.', word, reason.replace(/\.$/, ''))
    : trans.__('%1.', word);
}

/** Return a sentence about a cell's checkpoint; empty if it has none. */
export function checkpointSentence(
  checkpoint: ICellState['checkpoint'],
  trans: TranslationBundle
): string {
  switch (checkpoint) {
    case 'none':
      return '';
    case 'saving':
      return trans.__('Its checkpoint is being saved.');
    case 'saved':
      return trans.__('Its checkpoint is saved.');
    case 'evicted':
      return trans.__('Its checkpoint was evicted from the store.');
    case 'lost':
      return trans.__('Its checkpoint can’t be brought back.');
  }
}

/** Return a sentence about where the values of a cell that has run are. */
export function inKernelSentence(
  inKernel: ICellState['in_kernel'],
  trans: TranslationBundle
): string {
  switch (inKernel) {
    case 'live':
      return trans.__('Its values are in the kernel.');
    case 'restored':
      return trans.__('Its values were restored into the kernel.');
    case 'no':
      return trans.__('Its values are not in the kernel now.');
  }
}
