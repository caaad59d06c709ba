import type { TranslationBundle } from '@jupyterlab/translation';

import {
  checkpointSentence,
  freshnessSentence,
  inKernelSentence
} from '../sidebar/words';
import { type IMark, isGone } from './mark';

/**
 * Return what a mark says, in sentences.
 *
 * @param mark - What is shown at the cell
 * @param trans - The application's language
 */
export function markSentence(mark: IMark, trans: TranslationBundle): string {
  const sentences = [
    freshnessSentence(mark.freshness, mark.reason, trans),
    executionSentence(mark.execution, trans),
    checkpointSentence(mark.checkpoint, trans),
    isGone(mark) || mark.inKernel === 'restored'
      ? inKernelSentence(mark.inKernel, trans)
      : '',
    mark.isPinned ? trans.__('Pinned: no plan runs it again.') : ''
  ];
  return sentences.filter(sentence => sentence).join(' ');
}

/** Return a sentence about what the cell does now; empty if it rests. */
function executionSentence(
  execution: IMark['execution'],
  trans: TranslationBundle
): string {
  switch (execution) {
    case 'idle':
      return '';
    case 'queued':
      return trans.__('It waits to run.');
    case 'running':
      return trans.__('It is running.');
  }
}
