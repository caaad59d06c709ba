/**
 * What a package holds, and what it does not: for the dialog and the page.
 */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPackageParts } from '../api/types';
import { bytesText } from '../timeline/words';
import { kindText, recordPhrases, totalBytes } from './words';

/** How many entries of a list are shown at first. */
const SHOWN = 8;

interface IPartsProps {
  /** What is in the package, or would be. */
  readonly parts: IPackageParts;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** What a package holds, with sizes. */
export function Sizes(props: IPartsProps): React.JSX.Element {
  const { parts, trans } = props;
  return (
    <table className="jp-RewindPackage-sizes">
      <caption>{recordPhrases(parts, trans).join(' · ')}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('What')}</th>
          <th scope="col">{trans.__('Files')}</th>
          <th scope="col">{trans.__('Size')}</th>
        </tr>
      </thead>
      <tbody>
        {parts.kinds.map(({ bytes, files, kind }) => (
          <tr key={kind}>
            <th scope="row">{kindText(kind, trans)}</th>
            <td>{files}</td>
            <td>{bytesText(bytes, trans)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{trans.__('Together, before packing')}</th>
          <td>{parts.kinds.reduce((sum, { files }) => sum + files, 0)}</td>
          <td>{bytesText(totalBytes(parts), trans)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** What was left out, and why. */
export function LeftOut(props: IPartsProps): React.JSX.Element {
  const { parts, trans } = props;
  return (
    <Entries
      count={parts.left_out_count}
      entries={parts.left_out.map(({ bytes, kind, reason, what }) => ({
        what: `${entryKind(kind, trans)} ${what}`,
        why: reason,
        size: bytes > 0 ? bytesText(bytes, trans) : ''
      }))}
      label={trans.__('Left out')}
      none={trans.__('Nothing was left out.')}
      trans={trans}
    />
  );
}

/** Where secrets were found. */
export function Secrets(props: IPartsProps): React.JSX.Element {
  const { parts, trans } = props;
  return (
    <Entries
      count={parts.secrets_count}
      entries={parts.secrets.map(({ kind, where }) => ({
        what: where,
        why: kind,
        size: ''
      }))}
      label={trans.__('Secrets found, which are not in the package')}
      none={trans.__('No secrets were found.')}
      trans={trans}
    />
  );
}

/** Return what was left out. */
function entryKind(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'content':
      return trans.__('value of');
    case 'task':
      return '';
    case 'file':
      return trans.__('file');
    default:
      return trans.__('record of');
  }
}

/** A list of which the first entries are shown, and all on demand. */
export function Entries(props: {
  count: number;
  entries: readonly { what: string; why: string; size: string }[];
  label: string;
  none: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { count, entries, label, none, trans } = props;
  const [isWhole, setWhole] = React.useState(false);
  if (!count) {
    return <p className="jp-RewindPackage-none">{none}</p>;
  }
  const shown = isWhole ? entries : entries.slice(0, SHOWN);
  const more = count - shown.length;
  return (
    <>
      <ul aria-label={label} className="jp-RewindPackage-entries">
        {shown.map(({ size, what, why }, index) => (
          <li key={index}>
            <span className="jp-RewindPackage-what">{what.trim()}</span>
            <span className="jp-RewindPackage-size">{size}</span>
            <span className="jp-RewindPackage-why">{why}</span>
          </li>
        ))}
      </ul>
      {more > 0 &&
        (isWhole ? (
          <p className="jp-RewindPackage-none">
            {trans.__('and %1 more', more)}
          </p>
        ) : (
          <button
            className="jp-RewindPackage-more"
            onClick={() => setWhole(true)}
            type="button"
          >
            {trans.__('Show All %1', count)}
          </button>
        ))}
    </>
  );
}

/** How far something is. */
export function ProgressBar(props: {
  label: string;
  share: number;
}): React.JSX.Element {
  const { label, share } = props;
  const percent = Math.round(100 * share);
  return (
    <div
      aria-label={label}
      aria-valuemax={100}
      aria-valuemin={0}
      aria-valuenow={percent}
      className="jp-RewindPackage-progress"
      role="progressbar"
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}
