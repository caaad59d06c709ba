import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { sentence } from '../errors';
import type { IDifference, INameChange, IPeek } from '../tokens';
import { bytesText } from './words';

/** What a list of differences needs. */
export interface IDifferenceProps {
  readonly difference: IDifference;
  /** The numbers of cells by their ids. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly trans: TranslationBundle;
  /** Return the first rows of the later value. Rejects with a sentence. */
  readonly peek: (name: string) => Promise<IPeek>;
}

/** What differs between two checkpoints, name by name. */
export function Difference(props: IDifferenceProps): React.JSX.Element {
  const { difference, trans } = props;
  const { names, same } = difference;
  return (
    <div className="jp-RewindDifference">
      <p>{differenceText(difference, trans)}</p>
      {names.length > 0 && (
        <ul className="jp-RewindDifference-names">
          {inOrder(names).map(change => (
            <Change
              {...props}
              change={change}
              key={`${difference.one} ${difference.other} ${change.name}`}
            />
          ))}
        </ul>
      )}
      {same > 0 && names.length > 0 && (
        <p className="jp-RewindDifference-same">
          {trans._n('%1 name is equal.', '%1 names are equal.', same)}
        </p>
      )}
    </div>
  );
}

/** What is said first: a removed name has the least to tell. */
const ORDER: readonly INameChange['change'][] = ['changed', 'added', 'removed'];

/** Return changes of one kind together. */
function inOrder(names: readonly INameChange[]): INameChange[] {
  return ORDER.flatMap(word => names.filter(({ change }) => change === word));
}

/** Return what differs, in numbers. */
export function differenceText(
  difference: IDifference,
  trans: TranslationBundle
): string {
  const count = (word: INameChange['change']): number =>
    difference.names.filter(({ change }) => change === word).length;
  const [added, changed, removed] = [
    count('added'),
    count('changed'),
    count('removed')
  ];
  if (!difference.names.length) {
    return trans._n(
      'Nothing differs: %1 name is equal.',
      'Nothing differs: %1 names are equal.',
      difference.same
    );
  }
  return [
    added && trans._n('%1 added', '%1 added', added),
    changed && trans._n('%1 changed', '%1 changed', changed),
    removed && trans._n('%1 removed', '%1 removed', removed)
  ]
    .filter(phrase => !!phrase)
    .join(' · ');
}

/** One name that differs. */
function Change(
  props: IDifferenceProps & { readonly change: INameChange }
): React.JSX.Element {
  const { change, numbers, trans } = props;
  const number = numbers.get(change.cell);
  const facts = [
    change.bytes > 0 && bytesText(change.bytes, trans),
    number !== undefined && trans.__('from cell %1', number)
  ].filter(fact => !!fact);
  return (
    <li>
      <span className={`jp-RewindDifference-change jp-mod-${change.change}`}>
        <span aria-hidden="true">{SIGNS[change.change]}</span>{' '}
        {changeWord(change.change, trans)}
      </span>
      <div className="jp-RewindDifference-what">
        <code>{change.name}</code>
        <span className="jp-RewindDifference-values">
          {change.before && (
            <span className="jp-RewindDifference-before">{change.before}</span>
          )}
          {change.before && change.after && (
            <span aria-label={trans.__('becomes')} role="img">
              →
            </span>
          )}
          {change.after && <span>{change.after}</span>}
        </span>
        {facts.length > 0 && (
          <span className="jp-RewindDifference-facts">{facts.join(', ')}</span>
        )}
      </div>
      {canPeek(change) && <FirstRows {...props} name={change.name} />}
    </li>
  );
}

/** The shape of each change, besides its word. */
const SIGNS: Readonly<Record<INameChange['change'], string>> = {
  added: '+',
  changed: '~',
  removed: '−'
};

function changeWord(
  change: INameChange['change'],
  trans: TranslationBundle
): string {
  switch (change) {
    case 'added':
      return trans.__('added');
    case 'changed':
      return trans.__('changed');
    case 'removed':
      return trans.__('removed');
  }
}

/**
 * Return whether a value has rows to show: it is there, and a variable's, not
 * that of a file or a setting, whose names are two words.
 */
export function canPeek(change: INameChange): boolean {
  return change.change !== 'removed' && !change.name.includes(' ');
}

/** A button that shows the first rows of a value, and hides them again. */
function FirstRows(props: {
  name: string;
  peek: IDifferenceProps['peek'];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { name, peek, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const [answer, setAnswer] = React.useState<IPeek | null>(null);
  const toggle = async (): Promise<void> => {
    setOpen(!isOpen);
    if (isOpen || answer?.text) {
      return;
    }
    setAnswer(null);
    try {
      setAnswer(await peek(name));
    } catch (error) {
      const reason = sentence(error);
      setAnswer({ reason, text: '' });
    }
  };
  return (
    <div className="jp-RewindDifference-rows">
      <Button
        aria-expanded={isOpen}
        aria-label={
          isOpen
            ? trans.__('Hide first rows of %1', name)
            : trans.__('Show first rows of %1', name)
        }
        className="jp-RewindDifference-peek"
        minimal
        onClick={() => {
          void toggle();
        }}
        small
      >
        {isOpen ? trans.__('Hide First Rows') : trans.__('Show First Rows')}
      </Button>
      {isOpen && !answer && <p role="status">{trans.__('Loading…')}</p>}
      {isOpen && answer && !answer.text && (
        <p role="status">{answer.reason || trans.__('There is nothing.')}</p>
      )}
      {isOpen && answer?.text && (
        <pre aria-label={trans.__('First rows of %1', name)} tabIndex={0}>
          {answer.text}
        </pre>
      )}
    </div>
  );
}
