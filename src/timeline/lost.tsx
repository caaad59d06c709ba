import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRewindReport } from '../tokens';

/**
 * Ask whether to rewind although names would be lost.
 *
 * @param report - Of the rewind that was not done
 * @param trans - The application's language
 * @returns Whether to go on
 */
export async function confirmPartial(
  report: IRewindReport,
  trans: TranslationBundle
): Promise<boolean> {
  const body = ReactWidget.create(
    <div className="jp-RewindLost">
      <p>
        {trans.__(
          'Nothing has been changed. These can’t be brought back; a partial rewind goes on without them:'
        )}
      </p>
      <LostNames lost={report.lost} />
    </div>
  );
  const { button } = await showDialog({
    title: trans._n(
      'Rewinding would lose %1 name',
      'Rewinding would lose %1 names',
      report.lost.length
    ),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Rewind Partially') })
    ],
    // What loses nothing.
    defaultButton: 0
  });
  return button.accept;
}

/** Names that can’t be brought back, each with the reason. */
export function LostNames(props: {
  lost: IRewindReport['lost'];
}): React.JSX.Element {
  return (
    <dl className="jp-RewindLost-names" tabIndex={0}>
      {props.lost.map(({ name, reason }, place) => (
        <div key={place}>
          <dt>{name}</dt>
          <dd>{reason}</dd>
        </div>
      ))}
    </dl>
  );
}
