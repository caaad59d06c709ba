import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Lanes, type StrandTitle } from '../graph/lanes';
import {
  checkpointIcons,
  freshnessIcons,
  neverRunIcon,
  pinIcon
} from '../icons';
import {
  checkpointSentence,
  freshnessSentence,
  freshnessWord
} from '../sidebar/words';
import type { IKnownCell } from '../tokens';
import type { IShown } from './model';
import type { IRow } from './rows';
import { secondsText } from './words';

/** The height of a row, in pixels. */
export const ROW_HEIGHT = 26;

/**
 * Return what a row says, for who can't see it.
 *
 * @param row - The row
 * @param known - What is known of its cell
 * @param trans - The application's language
 */
export function rowLabel(
  row: IRow,
  known: IKnownCell | undefined,
  trans: TranslationBundle
): string {
  if (row.level) {
    return row.staleHidden
      ? trans._n(
          '%2, %1 stale cell hidden',
          '%2, %1 stale cells hidden',
          row.staleHidden,
          row.text
        )
      : row.text;
  }
  const name = trans.__('Cell %1: %2.', row.number, row.text || '—');
  if (!known) {
    return name;
  }
  const { checkpoint, execution, freshness, reason } = known.state;
  const sentences = [name, freshnessSentence(freshness, reason, trans)];
  if (execution === 'running') {
    sentences.push(trans.__('It is running.'));
  } else if (execution === 'queued') {
    sentences.push(trans.__('It waits to run.'));
  }
  sentences.push(checkpointSentence(checkpoint, trans));
  if (known.facts.policy === 'pinned') {
    sentences.push(trans.__('It is pinned.'));
  }
  return sentences.filter(sentence => sentence).join(' ');
}

/** What a row shows. */
export function Row(props: {
  row: IRow;
  place: number;
  known: IKnownCell | undefined;
  shown: IShown;
  titleOf: StrandTitle;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { known, place, row, shown, titleOf, trans } = props;
  const { emphasis, layout } = shown;
  return (
    <>
      <Lanes
        emphasis={emphasis}
        height={ROW_HEIGHT}
        layout={layout}
        row={place}
        titleOf={titleOf}
      />
      {row.level ? (
        <HeadingRow row={row} trans={trans} />
      ) : (
        <CellRow row={row} known={known} trans={trans} />
      )}
    </>
  );
}

function HeadingRow(props: {
  row: IRow;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { row, trans } = props;
  const Caret = row.isCollapsed ? caretRightIcon : caretDownIcon;
  return (
    <>
      <Caret.react className="jp-RewindCells-node" tag="span" />
      <span className="jp-RewindCells-heading" title={row.text}>
        {row.text}
      </span>
      {row.staleHidden > 0 && (
        <span className="jp-RewindCells-fact">
          {trans._n('%1 stale', '%1 stale', row.staleHidden)}
        </span>
      )}
    </>
  );
}

function CellRow(props: {
  row: IRow;
  known: IKnownCell | undefined;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { known, row, trans } = props;
  const state = known?.state;
  const icon = state ? freshnessIcons[state.freshness] : neverRunIcon;
  const checkpoint = state ? checkpointIcons[state.checkpoint] : null;
  const isAtWork = state && state.execution !== 'idle';
  return (
    <>
      <icon.react
        className="jp-RewindCells-node"
        tag="span"
        title={state ? freshnessWord(state.freshness, trans) : undefined}
      />
      <span className="jp-RewindCells-number">
        {isAtWork ? '*' : row.number}
      </span>
      <code className="jp-RewindCells-code" title={row.text}>
        {row.text}
      </code>
      {known?.facts.policy === 'pinned' && (
        <pinIcon.react className="jp-RewindCells-icon" tag="span" />
      )}
      {state && state.seconds >= 0.05 && (
        <span className="jp-RewindCells-fact">
          {secondsText(state.seconds, trans)}
        </span>
      )}
      {checkpoint && (
        <checkpoint.react
          className="jp-RewindCells-icon jp-mod-checkpoint"
          tag="span"
          title={
            state ? checkpointSentence(state.checkpoint, trans) : undefined
          }
        />
      )}
    </>
  );
}
