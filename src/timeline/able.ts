/**
 * What a rewind needs. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IRewindSession } from '../tokens';

/**
 * Return why a notebook's kernel can't be rewound, a sentence; empty if it can.
 *
 * @param session - The notebook's session; null if there is none
 * @param trans - The application's language
 */
export function whyNoRewind(
  session: Pick<IRewindSession, 'attachment' | 'plan'> | null,
  trans: TranslationBundle
): string {
  if (!session) {
    return trans.__('No notebook is open.');
  }
  if (session.plan?.state === 'running') {
    return trans.__('A plan is at work: wait until it is done, or cancel it.');
  }
  switch (session.attachment.kind) {
    case 'recording':
      return '';
    case 'no-kernel':
      return trans.__('The notebook has no kernel.');
    case 'waiting':
      return trans.__('The kernel has not answered yet.');
    case 'off':
    case 'paused':
      return trans.__(
        'Nothing is recorded in this kernel: a rewind needs that.'
      );
    default:
      return trans.__('This kernel can’t be recorded: a rewind needs that.');
  }
}

/**
 * Return why there is no state after a cell to rewind to, a sentence; empty if
 * there is one.
 *
 * @param session - The notebook's session
 * @param cell - The cell's id; empty for none
 * @param trans - The application's language
 */
export function whyNoCell(
  session: Pick<IRewindSession, 'cell'>,
  cell: string,
  trans: TranslationBundle
): string {
  return cell && session.cell(cell)?.facts.checkpoint_id
    ? ''
    : trans.__(
        'No run of this cell is recorded in the history of this notebook.'
      );
}

/** Return why there is no rewind to undo, a sentence; empty if there is one. */
export function whyNoUndo(
  session: Pick<IRewindSession, 'rewound'>,
  trans: TranslationBundle
): string {
  return session.rewound?.before
    ? ''
    : trans.__('There is no rewind to undo: something ran since, or none was.');
}

/** Return why there is no last state, a sentence; empty if there is one. */
export function whyNoLast(
  session: Pick<IRewindSession, 'state'>,
  trans: TranslationBundle
): string {
  return session.state?.last
    ? ''
    : trans.__('No earlier session of this notebook is recorded.');
}
