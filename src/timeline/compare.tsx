import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IDifference, IRewindSession } from '../tokens';
import { Difference } from './difference';
import { numbersOf } from './numbers';

/**
 * Show what differs between two checkpoints.
 *
 * @param session - The notebook's session
 * @param difference - What differs
 * @param names - The two checkpoints, in words
 * @param trans - The application's language
 */
export async function showDifference(
  session: IRewindSession,
  difference: IDifference,
  names: readonly [one: string, other: string],
  trans: TranslationBundle
): Promise<void> {
  const body = ReactWidget.create(
    <Difference
      difference={difference}
      numbers={numbersOf(session.panel)}
      peek={name => session.peek(difference.other, name)}
      trans={trans}
    />
  );
  body.addClass('jp-RewindDifference-dialog');
  await showDialog({
    title: trans.__('From %1 to %2', names[0], names[1]),
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
