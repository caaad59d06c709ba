import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useChanges } from '../changes';
import type { IExportPreview } from '../api/types';
import { PreviewDialog } from '../preview/dialog';
import { Notice } from '../preview/notice';
import { bytesText } from '../timeline/words';
import type { Exporter, ExportChoice } from './exporter';
import { LeftOut, ProgressBar, Secrets, Sizes } from './parts';
import { doingText } from './words';

/**
 * Show what an export would write, and let the user choose.
 *
 * @param exporter - The export
 * @param isBusy - Whether a cell is still running
 * @param trans - The application's language
 * @returns Whether to do it
 */
export async function chooseExport(
  exporter: Exporter,
  isBusy: boolean,
  trans: TranslationBundle
): Promise<boolean> {
  void exporter.preview.ask();
  return new PreviewDialog({
    preview: exporter.preview,
    canAccept: () => !exporter.nameProblem,
    title: trans.__('Export %1', PathExt.basename(exporter.path)),
    body: ReactWidget.create(
      <ExportBody exporter={exporter} isBusy={isBusy} trans={trans} />
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Export') })
    ],
    isAcceptDefault: true
  }).ask();
}

interface IBodyProps {
  readonly exporter: Exporter;
  readonly isBusy: boolean;
  readonly trans: TranslationBundle;
}

/** The dialog's content. */
export function ExportBody(props: IBodyProps): React.JSX.Element {
  const { exporter, isBusy, trans } = props;
  useChanges(exporter);
  const { isLoading, problem, value } = exporter.preview;
  return (
    <div aria-busy={isLoading} className="jp-RewindExport">
      <p>
        {trans.__(
          'One file with the notebook, what is recorded of it, its data and the names of its software. Others can look at it, and repeat the notebook with it.'
        )}
      </p>
      {isBusy && (
        <Notice
          text={trans.__(
            'A cell is still running: what it makes is not in the package.'
          )}
        />
      )}
      {!problem && <Choice exporter={exporter} trans={trans} />}
      <div role="status">
        {problem ? (
          <Notice text={problem} />
        ) : isLoading ? (
          <Looking exporter={exporter} trans={trans} />
        ) : null}
      </div>
      {value && !problem && !isLoading && (
        <Found exporter={exporter} trans={trans} value={value} />
      )}
    </div>
  );
}

/** What is written. */
function Choice(props: Omit<IBodyProps, 'isBusy'>): React.JSX.Element {
  const { exporter, trans } = props;
  const choices: readonly [ExportChoice, string, string][] = [
    [
      'full',
      trans.__('Full'),
      trans.__('All recorded values: nothing has to be computed again')
    ],
    [
      'slim',
      trans.__('Slim'),
      trans.__('Without values of more than 64 kB: their cells run again')
    ],
    [
      'embedded',
      trans.__('In the notebook'),
      trans.__(
        'A copy of the notebook with the slim package inside: one .ipynb that opens anywhere'
      )
    ]
  ];
  return (
    <fieldset className="jp-RewindExport-choice">
      <legend>{trans.__('What goes along')}</legend>
      {choices.map(([choice, word, sentence]) => (
        <label key={choice}>
          <input
            checked={exporter.choice === choice}
            name="jp-rewind-export-choice"
            onChange={() => exporter.choose(choice)}
            type="radio"
          />
          <span>
            <strong>{word}</strong> <span>{sentence}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** How far it is known what would be written. */
function Looking(props: Omit<IBodyProps, 'isBusy'>): React.JSX.Element {
  const { exporter, trans } = props;
  const { work } = exporter;
  const text = doingText(work?.job ?? null, trans);
  return (
    <div className="jp-RewindExport-looking">
      <p>{text}</p>
      <ProgressBar label={text} share={work?.job?.share ?? 0} />
    </div>
  );
}

/** What would be written. */
function Found(
  props: Omit<IBodyProps, 'isBusy'> & { value: IExportPreview }
): React.JSX.Element {
  const { exporter, trans, value } = props;
  return (
    <>
      {exporter.choice !== 'embedded' && (
        <div className="jp-RewindExport-choice">
          <label>
            <input
              checked={exporter.container}
              onChange={({ target }) => {
                exporter.container = target.checked;
              }}
              type="checkbox"
            />
            <span>
              <strong>{trans.__('For a container')}</strong>{' '}
              <span>
                {trans.__(
                  'Also files by which Docker, Podman or Apptainer build an image that installs the software and repeats the notebook (%1)',
                  bytesText(value.container, trans)
                )}
              </span>
            </span>
          </label>
        </div>
      )}
      <div className="jp-RewindExport-fields">
        <label>
          <span>{trans.__('File name')}</span>
          <input
            aria-invalid={Boolean(exporter.nameProblem)}
            className="jp-mod-styled"
            onChange={({ target }) => {
              exporter.name = target.value;
            }}
            spellCheck={false}
            type="text"
            value={exporter.name}
          />
        </label>
        <Signing exporter={exporter} trans={trans} value={value} />
      </div>
      {exporter.nameProblem && <Notice text={exporter.nameProblem} />}
      {value.secrets_count > 0 && (
        <section>
          <h3>{trans.__('Secrets (%1)', value.secrets_count)}</h3>
          <Notice
            text={trans.__(
              'These were found, and are not in the package. Secrets that look like ordinary words can’t be found: look at the notebook before you send it.'
            )}
          />
          <Secrets parts={value} trans={trans} />
        </section>
      )}
      {value.left_out_count > 0 && (
        <section>
          <h3>{trans.__('Left out (%1)', value.left_out_count)}</h3>
          <LeftOut parts={value} trans={trans} />
        </section>
      )}
      <section>
        <h3>{trans.__('What it holds')}</h3>
        <Sizes parts={value} trans={trans} />
      </section>
      {!value.secrets_count && <Secrets parts={value} trans={trans} />}
      {!value.left_out_count && <LeftOut parts={value} trans={trans} />}
    </>
  );
}

/** Which key signs. */
function Signing(
  props: Omit<IBodyProps, 'isBusy'> & { value: IExportPreview }
): React.JSX.Element | null {
  const { exporter, trans, value } = props;
  if (!value.keys.length) {
    return null;
  }
  return (
    <label>
      <span>{trans.__('Sign with')}</span>
      <select
        className="jp-mod-styled"
        onChange={({ target }) => {
          exporter.key = target.value;
        }}
        value={exporter.key}
      >
        <option value="">{trans.__('no SSH key')}</option>
        {value.keys.map(({ fingerprint, name }) => (
          <option key={name} title={fingerprint} value={name}>
            {trans.__('SSH key %1', name)}
          </option>
        ))}
      </select>
    </label>
  );
}
