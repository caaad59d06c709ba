import { Notification } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useChanges } from '../changes';
import type { IPackage } from '../api/types';
import { sentence } from '../errors';
import { attentionIcon, freshIcon, packageIcon } from '../icons';
import { bytesText } from '../timeline/words';
import { Cells } from './cells';
import type { PackageModel } from './model';
import type { IPageActions } from './page';
import { Entries, LeftOut, ProgressBar, Secrets, Sizes } from './parts';
import {
  doingText,
  outlookSentence,
  signerSentence,
  trustSentence,
  trustWord
} from './words';

/** What a page's content needs. */
export interface IPackageBodyProps {
  /** What the user does. */
  readonly actions: IPageActions;
  /** What is known of the package. */
  readonly model: PackageModel;
  /** Shows outputs and texts. */
  readonly rendermime: IRenderMimeRegistry;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** The page of a package. */
export function PackageBody(props: IPackageBodyProps): React.JSX.Element {
  const { model, rendermime, trans } = props;
  useChanges(model);
  const { facts, problem } = model;
  if (problem) {
    return (
      <div className="jp-RewindPackage-problem" role="alert">
        <attentionIcon.react height="24px" tag="span" width="24px" />
        <div>
          <h1>{trans.__('This package can’t be used')}</h1>
          <p>{problem}</p>
          <p>
            {trans.__(
              'Nothing of it was run, loaded or written. Ask whoever made it to send it again.'
            )}
          </p>
          <Button onClick={() => void model.refresh()} small>
            {trans.__('Look Again')}
          </Button>
        </div>
      </div>
    );
  }
  if (!facts) {
    return (
      <p className="jp-RewindPackage-loading" role="status">
        {trans.__('Looking at the package…')}
      </p>
    );
  }
  return (
    <article className="jp-RewindPackage-article">
      <Head {...props} facts={facts} />
      <div className="jp-RewindPackage-columns">
        <Facts facts={facts} trans={trans} />
        <section
          aria-labelledby="jp-rewind-package-notebook"
          className="jp-RewindPackage-notebook"
        >
          <h2 id="jp-rewind-package-notebook">{trans.__('Notebook')}</h2>
          {!facts.whole && (
            <p className="jp-RewindPackage-none">
              {trans.__(
                'Some outputs are large and not shown here: open the notebook to see them.'
              )}
            </p>
          )}
          <Cells facts={facts} rendermime={rendermime} trans={trans} />
        </section>
      </div>
    </article>
  );
}

type IFactsProps = {
  readonly facts: IPackage;
  readonly trans: TranslationBundle;
};

/** What it is, whether it is trusted, and what can be done with it. */
function Head(
  props: IPackageBodyProps & { facts: IPackage }
): React.JSX.Element {
  const { facts, trans } = props;
  const isUntrusted = facts.trust === 'untrusted';
  const TrustIcon = isUntrusted ? attentionIcon : freshIcon;
  return (
    <header className="jp-RewindPackage-head">
      <h1>
        <packageIcon.react height="24px" tag="span" width="24px" />
        <span>{facts.notebook}</span>
      </h1>
      <ul className="jp-RewindPackage-line">
        <li>
          {facts.contents === 'full'
            ? trans.__('Full package')
            : trans.__('Slim package')}
        </li>
        <li>{bytesText(facts.packed, trans)}</li>
        <li>{trans.__('Python %1', facts.python)}</li>
        <li>{facts.platform}</li>
      </ul>
      <div
        className={`jp-RewindPackage-trust${isUntrusted ? ' jp-mod-untrusted' : ''}`}
      >
        <TrustIcon.react tag="span" />
        <div>
          <p>
            <strong>{trustWord(facts.trust, trans)}.</strong>{' '}
            {trustSentence(facts.trust, trans)}
          </p>
          {facts.signatures.map((signer, index) => (
            <p key={index}>{signerSentence(signer, trans)}</p>
          ))}
          {!facts.signatures.length && (
            <p>{trans.__('Nobody has signed it.')}</p>
          )}
          <Check {...props} />
        </div>
      </div>
      <Actions {...props} />
    </header>
  );
}

/** Whether all of it is as its maker has sealed it. */
function Check(props: IPackageBodyProps): React.JSX.Element {
  const { model, trans } = props;
  const { check } = model;
  switch (check.kind) {
    case 'checking':
      return (
        <div role="status">
          <p>{trans.__('Checking whether all of it is as it was sealed…')}</p>
          <ProgressBar label={trans.__('Checking')} share={check.share} />
        </div>
      );
    case 'holds':
      return (
        <p role="status">
          {trans.__('All of it was checked, and is as it was sealed.')}
        </p>
      );
    case 'unknown':
      return (
        <p role="status">
          {trans.__('It could not be checked: %1', check.reason)}
        </p>
      );
  }
}

/** What can be done with it. */
function Actions(
  props: IPackageBodyProps & { facts: IPackage }
): React.JSX.Element {
  const { actions, facts, model, trans } = props;
  const { work } = model;
  const isUntrusted = facts.trust === 'untrusted';
  const tell = (done: Promise<void>): void => {
    done.catch((error: unknown) => {
      Notification.error(sentence(error), { autoClose: false });
    });
  };
  if (work) {
    const text = doingText(work.job, trans);
    return (
      <div className="jp-RewindPackage-work" role="status">
        <p>{text}</p>
        <ProgressBar label={text} share={work.job?.share ?? 0} />
        <Button onClick={() => work.cancel()} small>
          {trans.__('Cancel')}
        </Button>
      </div>
    );
  }
  return (
    <>
      <div
        aria-label={trans.__('Actions')}
        className="jp-RewindPackage-actions"
        role="group"
      >
        <Button onClick={() => tell(actions.open(model))}>
          {trans.__('Open')}
        </Button>
        {isUntrusted && (
          <Button onClick={() => tell(actions.trust(model))}>
            {trans.__('Trust…')}
          </Button>
        )}
        <Button
          aria-describedby="jp-rewind-package-repeat"
          aria-disabled={isUntrusted}
          className={isUntrusted ? 'jp-mod-off' : 'jp-mod-accept'}
          onClick={() => {
            if (!isUntrusted) {
              tell(actions.repeat(model));
            }
          }}
        >
          {trans.__('Repeat…')}
        </Button>
      </div>
      <p className="jp-RewindPackage-none" id="jp-rewind-package-repeat">
        {isUntrusted
          ? trans.__('To repeat it with its records, trust it first.')
          : trans.__(
              'Repeat writes the notebook into a folder beside the package, opens it, and shows what would run before anything does.'
            )}
        {facts.imported &&
          ' ' + trans.__('Its notebook is in %1.', facts.imported)}
      </p>
    </>
  );
}

/** What is in it. */
function Facts(props: IFactsProps): React.JSX.Element {
  const { facts, trans } = props;
  return (
    <aside
      aria-label={trans.__('What is in it')}
      className="jp-RewindPackage-facts"
    >
      <h2>{trans.__('What a repeat runs')}</h2>
      <p>{outlookSentence(facts.cells, trans)}</p>
      <h2>{trans.__('What it holds')}</h2>
      <Sizes parts={facts} trans={trans} />
      <h2>{trans.__('Left out')}</h2>
      <LeftOut parts={facts} trans={trans} />
      <h2>{trans.__('Secrets')}</h2>
      <Secrets parts={facts} trans={trans} />
      <h2>{trans.__('Data')}</h2>
      <Data facts={facts} trans={trans} />
      <h2>{trans.__('Software')}</h2>
      <Software facts={facts} trans={trans} />
    </aside>
  );
}

/** The files that it reads. */
function Data(props: IFactsProps): React.JSX.Element {
  const { facts, trans } = props;
  return (
    <Entries
      count={facts.data_count}
      entries={facts.data.map(({ bytes, inside, path, url }) => ({
        what: path,
        why: inside
          ? trans.__('in the package')
          : url || trans.__('only named: put it where it was'),
        size: bytes > 0 ? bytesText(bytes, trans) : ''
      }))}
      label={trans.__('Data')}
      none={trans.__('It reads no files.')}
      trans={trans}
    />
  );
}

/** What its runs have imported. */
function Software(props: IFactsProps): React.JSX.Element {
  const { facts, trans } = props;
  if (!facts.software.length) {
    return (
      <p className="jp-RewindPackage-none">
        {trans.__('It uses nothing but Python.')}
      </p>
    );
  }
  return (
    <ul aria-label={trans.__('Software')} className="jp-RewindPackage-software">
      {facts.software.map(({ name, version }) => (
        <li key={name}>
          {name} <span>{version}</span>
        </li>
      ))}
    </ul>
  );
}
