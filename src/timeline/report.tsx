import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRewindReport } from '../tokens';
import { LostNames } from './lost';
import { reportPhrases, tookText } from './words';

/**
 * Show what a rewind did.
 *
 * @param report - The report of one that was done
 * @param trans - The application's language
 * @returns Whether files shall be overwritten
 */
export async function showReport(
  report: IRewindReport,
  trans: TranslationBundle
): Promise<boolean> {
  const body = ReactWidget.create(
    <Report isCounted report={report} trans={trans} />
  );
  body.addClass('jp-RewindReport-dialog');
  const overwrite = Dialog.warnButton({
    label: trans.__('Overwrite Files'),
    caption: trans.__(
      'Write the recorded files over these. What they hold now is recorded nowhere'
    )
  });
  const close = Dialog.cancelButton({ label: trans.__('Close') });
  const { button } = await showDialog({
    title: trans.__('What the rewind did'),
    body,
    buttons: report.files.length ? [overwrite, close] : [close],
    defaultButton: report.files.length
  });
  return button.accept;
}

/** What a rewind did, name by name. */
export function Report(props: {
  /** Whether it is said first how many names there are of each kind. */
  isCounted: boolean;
  report: IRewindReport;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { isCounted, report, trans } = props;
  const groups: [label: string, names: readonly string[]][] = [
    [trans.__('Loaded from the records'), report.loaded],
    [trans.__('Computed again'), report.recomputed],
    [trans.__('Removed'), report.removed],
    [trans.__('Settings put back'), report.ambient],
    [trans.__('Files put back'), report.restored],
    [trans.__('Kept as they were'), report.kept]
  ];
  return (
    <div className="jp-RewindReport">
      {isCounted && (
        <p>
          {[
            ...reportPhrases(report, trans),
            trans.__('took %1', tookText(report.seconds, trans))
          ].join(' · ')}
        </p>
      )}
      {report.lost.length > 0 && (
        <section>
          <h4>{trans.__('Lost')}</h4>
          <LostNames lost={report.lost} />
        </section>
      )}
      <Sentences
        label={trans.__('Files that differ now, and were left as they are')}
        sentences={report.files}
      />
      <Sentences label={trans.__('Good to know')} sentences={report.notes} />
      {groups.map(
        ([label, names]) =>
          names.length > 0 && (
            <section key={label}>
              <h4>{label}</h4>
              <p className="jp-RewindReport-names">{names.join(', ')}</p>
            </section>
          )
      )}
    </div>
  );
}

/** Sentences below a heading; nothing if there are none. */
function Sentences(props: {
  label: string;
  sentences: readonly string[];
}): React.JSX.Element | null {
  return props.sentences.length ? (
    <section>
      <h4>{props.label}</h4>
      <ul>
        {props.sentences.map((sentence, place) => (
          <li key={place}>{sentence}</li>
        ))}
      </ul>
    </section>
  ) : null;
}
