import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { freshnessIcons } from '../icons';
import {
  checkpointSentence,
  freshnessSentence,
  inKernelSentence,
  isStale
} from '../sidebar/words';
import { ActionButton } from '../timeline/bars';
import type { ITimelineActions } from '../timeline/actions';
import { bytesText, whenText } from '../timeline/words';
import type { IKnownCell, IRewindSession } from '../tokens';
import type { CellsModel, IShown } from './model';
import { type IPlaces, Lines, useSpans } from './places';
import type { IItem } from './rows';
import {
  effectSentences,
  type ICellSentence,
  readerSentences,
  readSentences
} from './sentences';
import { secondsText } from './words';

/** What the details need. */
export interface IDetailsProps {
  readonly actions: ITimelineActions;
  readonly model: CellsModel;
  readonly session: IRewindSession;
  readonly shown: IShown;
  readonly trans: TranslationBundle;
}

/** The selected cell in sentences, and what can be done with it. */
export function Details(props: IDetailsProps): React.JSX.Element | null {
  const { model, session, shown, trans } = props;
  const { selected } = session;
  const item = shown.items.find(({ id }) => id === selected);
  if (!item) {
    return null;
  }
  const known = session.cell(selected);
  return (
    <section
      aria-label={trans.__('Selected cell')}
      className="jp-RewindCells-details"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          model.select('');
        }
      }}
    >
      <header>
        <h3>{trans.__('Cell %1', item.number)}</h3>
        <code title={item.text}>{item.text}</code>
        <Button
          aria-label={trans.__('Close the details')}
          minimal
          onClick={() => model.select('')}
          small
          title={trans.__('Close the details')}
        >
          <closeIcon.react height="14px" tag={null} width="14px" />
        </Button>
      </header>
      {known ? (
        <Known {...props} item={item} known={known} />
      ) : (
        <p>{trans.__('Nothing is known of this cell yet.')}</p>
      )}
    </section>
  );
}

function Known(
  props: IDetailsProps & { item: IItem; known: IKnownCell }
): React.JSX.Element {
  const { item, known, model, session, shown, trans } = props;
  const { facts, state } = known;
  const icon = freshnessIcons[state.freshness];
  const numbers = new Map(shown.items.map(({ id, number }) => [id, number]));
  const number = (id: string): number | undefined => numbers.get(id);
  const { edges } = model;
  const spans = useSpans(session, model.text(item.id));
  const places = { cell: item.id, session, spans, trans };
  return (
    <>
      <p className="jp-RewindCells-freshness">
        <icon.react className="jp-RewindCells-node" tag="span" />
        {freshnessSentence(state.freshness, state.reason, trans)}
      </p>
      <Actions {...props} />
      <div className="jp-RewindCells-facts">
        <Others
          sentences={readSentences(
            edges.filter(({ to }) => to === item.id),
            number,
            trans
          )}
          places={places}
          title={trans.__('Inputs')}
          onSelect={id => model.select(id, true)}
        />
        <Names {...props} number={number} places={places} />
        <Others
          sentences={readerSentences(
            edges.filter(({ from }) => from === item.id),
            number,
            trans
          )}
          title={trans.__('Readers')}
          onSelect={id => model.select(id, true)}
        />
        <Fact title={trans.__('Last run')}>
          <p>{runSentences(known, trans).join(' ')}</p>
          {effectSentences(facts, trans).map(sentence => (
            <p key={sentence}>{sentence}</p>
          ))}
        </Fact>
      </div>
    </>
  );
}

/** Something that is known of the cell, below a title. */
function Fact(props: {
  title: string;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <section>
      <h4>{props.title}</h4>
      <div>{props.children}</div>
    </section>
  );
}

/** What can be done with the cell. */
function Actions(
  props: IDetailsProps & { item: IItem; known: IKnownCell }
): React.JSX.Element {
  const { actions, item, known, trans } = props;
  const args = { cellId: item.id };
  const offered: [command: string, label: string][] = [
    [CommandIDs.bringUpToDate, trans.__('Bring Up to Date…')],
    [CommandIDs.runAffected, trans.__('Run Affected…')],
    [CommandIDs.rewindToCell, trans.__('Rewind to Here')],
    [CommandIDs.pinCell, trans.__('Pin')]
  ];
  return (
    <div
      aria-label={trans.__('Actions')}
      className="jp-RewindTimeline-actions"
      role="group"
    >
      {offered
        .filter(([command]) => actions.commands.hasCommand(command))
        .map(([command, label]) => (
          <ActionButton
            actions={actions}
            args={args}
            command={command}
            isMain={
              command === CommandIDs.bringUpToDate &&
              isStale(known.state.freshness)
            }
            isPressed={
              command === CommandIDs.pinCell
                ? actions.commands.isToggled(command, args)
                : undefined
            }
            key={command}
          >
            {label}
          </ActionButton>
        ))}
    </div>
  );
}

/** Sentences that lead to other cells. */
function Others(props: {
  /** Where the selected cell reads what the sentences tell of. */
  places?: IPlaces;
  sentences: readonly ICellSentence[];
  title: string;
  onSelect: (cell: string) => void;
}): React.JSX.Element | null {
  const { onSelect, places, sentences, title } = props;
  return sentences.length ? (
    <Fact title={title}>
      <ul>
        {sentences.map(({ cell, names, text }, place) => (
          <li key={place}>
            <button
              className="jp-RewindCells-link"
              onClick={() => onSelect(cell)}
              type="button"
            >
              {text}
            </button>
            {places && <Lines {...places} names={names} use="read" />}
          </li>
        ))}
      </ul>
    </Fact>
  ) : null;
}

/**
 * The names that the cell gave values to; of those that the last run of another
 * cell set later, which one.
 */
function Names(
  props: IDetailsProps & {
    known: IKnownCell;
    number: (id: string) => number | undefined;
    places: IPlaces;
  }
): React.JSX.Element | null {
  const { known, model, number, places, session, shown, trans } = props;
  const { removes, writes } = known.facts;
  if (!writes.length && !removes.length) {
    return null;
  }
  const others = writes.flatMap(name => {
    const last = lastWriter(name, shown, session);
    const place = last && number(last.state.id);
    return last?.facts.ended && last !== known && place !== undefined
      ? [{ ended: last.facts.ended, id: last.state.id, name, place }]
      : [];
  });
  const own = writes.filter(name => !others.some(other => other.name === name));
  return (
    <Fact title={trans.__('Names')}>
      <ul>
        {own.length > 0 && (
          <li>
            <code>{own.join(', ')}</code>
            <Lines {...places} names={own} use="write" />
          </li>
        )}
        {others.map(({ ended, id, name, place }) => (
          <li key={name}>
            <code>{name}</code>{' '}
            <button
              className="jp-RewindCells-link"
              onClick={() => model.select(id, true)}
              type="button"
            >
              {trans.__(
                'set by the last run of cell %1, %2',
                place,
                whenText(ended, Date.now(), trans)
              )}
            </button>
            <Lines {...places} names={[name]} use="write" />
          </li>
        ))}
        {removes.map(name => (
          <li key={`removed ${name}`}>
            {trans.__('removes %1', name)}
            <Lines {...places} names={[name]} use="delete" />
          </li>
        ))}
      </ul>
    </Fact>
  );
}

/**
 * Return the cell whose last run set a name, the newest if several did.
 *
 * Only each cell's last run is known here: an earlier run, a cell that is gone
 * or a change between cells may have set the name since. So the words must not
 * say that nothing else did.
 */
function lastWriter(
  name: string,
  shown: IShown,
  session: IRewindSession
): IKnownCell | undefined {
  let last: IKnownCell | undefined;
  let time = 0;
  for (const { id, level } of shown.items) {
    const known = level ? undefined : session.cell(id);
    const ended = known?.facts.ended;
    if (ended && known.facts.writes.includes(name)) {
      const at = Date.parse(ended);
      if (at >= time) {
        last = known;
        time = at;
      }
    }
  }
  return last;
}

/** Return what is known of a cell's last run, in sentences. */
function runSentences(
  { facts, state }: IKnownCell,
  trans: TranslationBundle
): string[] {
  if (!facts.ended) {
    return [trans.__('No run of it is recorded.')];
  }
  const when = whenText(facts.ended, Date.now(), trans);
  const took = secondsText(state.seconds, trans);
  const checkpoint = checkpointSentence(state.checkpoint, trans);
  return [
    facts.status === 'error'
      ? trans.__('It failed at %1, after %2: %3.', when, took, facts.error)
      : facts.status === 'interrupted'
        ? trans.__('It was interrupted at %1, after %2.', when, took)
        : trans.__('It ended at %1 and took %2.', when, took),
    checkpoint && state.bytes > 0
      ? trans.__('%1 It takes %2.', checkpoint, bytesText(state.bytes, trans))
      : checkpoint,
    inKernelSentence(state.in_kernel, trans)
  ].filter(sentence => sentence);
}
