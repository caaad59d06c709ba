import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useChanges } from '../changes';
import { PreviewDialog } from '../preview/dialog';
import { Notice } from '../preview/notice';
import { Preview } from '../preview/preview';
import type {
  ICleanup,
  IForgetTarget,
  IForgotten,
  IRewindStorage
} from '../tokens';
import { evictionRows, type Numbers } from './rows';
import { Shares } from './shares';
import { SizeField } from './size';
import { cleanupPhrases, leftSentence, removesSentence } from './words';

/** How long after the last key the preview is asked for, in milliseconds. */
const TYPED = 400;

/** What the dialogs need. */
export interface IDialogOptions {
  /** The store. */
  readonly storage: IRewindStorage;
  /** Returns the numbers of an open notebook's cells. */
  readonly numbersOf: (path: string) => Numbers | undefined;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * Show what cleaning up would do, and let the user decide.
 *
 * @param budget - Bytes that may be left; undefined for the store's budget
 * @param options - What the dialog needs
 * @returns Whether to do it, and with which budget
 */
export async function confirmCleanUp(
  budget: number | undefined,
  options: IDialogOptions
): Promise<{ isWanted: boolean; budget: number | undefined }> {
  const { storage, trans } = options;
  let chosen = budget;
  const preview = new Preview(() => storage.previewCleanUp(chosen));
  const choose = (bytes: number): void => {
    chosen = bytes;
    void preview.ask();
  };
  void preview.ask();
  const isWanted = await new PreviewDialog({
    preview,
    canAccept: ({ after, before, evictions }) =>
      before > after || evictions.length > 0,
    title: trans.__('Clean Up the Store'),
    body: ReactWidget.create(
      <CleanUp {...options} choose={choose} preview={preview} />
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Clean Up') })
    ],
    isAcceptDefault: false
  }).ask();
  preview.dispose();
  return { isWanted, budget: chosen };
}

/**
 * Show what forgetting would remove, and let the user decide.
 *
 * @param target - What is to be forgotten
 * @param what - The same in words
 * @param options - What the dialog needs
 * @returns Whether to do it
 */
export async function confirmForget(
  target: IForgetTarget,
  what: string,
  options: IDialogOptions
): Promise<boolean> {
  const { storage, trans } = options;
  const preview = new Preview(() => storage.previewForget(target));
  void preview.ask();
  const isWanted = await new PreviewDialog({
    preview,
    canAccept: () => true,
    title: trans.__('Forget %1?', what),
    body: ReactWidget.create(<Forget preview={preview} trans={trans} />),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Forget') })
    ],
    isAcceptDefault: false
  }).ask();
  preview.dispose();
  return isWanted;
}

/** What cleaning up would do. */
function CleanUp(
  props: IDialogOptions & {
    choose: (bytes: number) => void;
    preview: Preview<ICleanup>;
  }
): React.JSX.Element {
  const { choose, numbersOf, preview, trans } = props;
  useChanges(preview);
  const { isLoading, problem, value } = preview;
  const rows = value && !problem ? evictionRows(value, numbersOf, trans) : [];
  const left = value && leftSentence(value, trans);
  return (
    <div aria-busy={isLoading} className="jp-RewindStorageDialog">
      {value && <Budget budget={value.budget} choose={choose} trans={trans} />}
      <div role="status">
        {problem ? (
          <Notice text={problem} />
        ) : !value ? (
          <p>{trans.__('Finding out what can go…')}</p>
        ) : value.before <= value.after && !rows.length ? (
          <p>{trans.__('The store fits: there is nothing to clean up.')}</p>
        ) : (
          <ul className="jp-RewindPlan-summary">
            {cleanupPhrases(value, trans).map(phrase => (
              <li key={phrase}>{phrase}</li>
            ))}
          </ul>
        )}
        {left && <Notice text={left} />}
      </div>
      {rows.length > 0 && (
        <Shares
          isAlwaysWhole
          label={trans.__('What is evicted')}
          rows={rows}
          trans={trans}
        />
      )}
      <p className="jp-RewindStorageDialog-never">
        {trans.__(
          'Never touched: checkpoints that you keep, the newest state of each notebook, where kernels are or were within 7 days, and all code and outputs. What is evicted stays in the timeline; a rewind there says which values are gone, and running their cells makes them again.'
        )}
      </p>
    </div>
  );
}

/** What may be left, which can be changed. */
function Budget(props: {
  budget: number;
  choose: (bytes: number) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { budget, choose, trans } = props;
  const timer = React.useRef<ReturnType<typeof setTimeout>>();
  React.useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <SizeField
      bytes={budget}
      choose={bytes => {
        clearTimeout(timer.current);
        if (bytes !== null) {
          timer.current = setTimeout(() => choose(bytes), TYPED);
        }
      }}
      label={unit => trans.__('The store may hold, in %1:', unit)}
      like={budget}
    />
  );
}

/** What forgetting would remove. */
function Forget(props: {
  preview: Preview<IForgotten>;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { preview, trans } = props;
  useChanges(preview);
  const { isLoading, problem, value } = preview;
  const isWhole = value !== null && !value.cell && !value.name;
  return (
    <div aria-busy={isLoading} className="jp-RewindStorageDialog">
      <div role="status">
        {problem ? (
          <Notice text={problem} />
        ) : value ? (
          <p>{removesSentence(value, trans)}</p>
        ) : (
          <p>{trans.__('Finding out what would go…')}</p>
        )}
      </div>
      <Notice
        text={trans.__(
          'This can’t be undone: no rewind leads back to what is forgotten, kept checkpoints included.'
        )}
      />
      {isWhole && (
        <p>
          {trans.__(
            'The notebook itself stays as it is. What a running kernel holds is recorded again when a cell runs: to prevent that, shut the kernel down or turn recording off first.'
          )}
        </p>
      )}
    </div>
  );
}
