import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { checkpointIcons, failedIcon } from '../icons';
import type { ICheckpoint } from '../tokens';
import { endText, keptOf, keptSentence, namesText } from './about';
import { Lanes } from './lanes';
import type { ICheckpointRow, IHeadingRow } from './tree';
import { bytesText, cellText, dayText, timeText } from './words';

/** What a checkpoint's row shows. */
export interface ICheckpointRowProps {
  readonly row: ICheckpointRow;
  /** How many lanes there are in all. */
  readonly lanes: number;
  /** The number of its cell, from 1; undefined if the cell is gone. */
  readonly number: number | undefined;
  /** Whether the kernel is there. */
  readonly isHere: boolean;
  readonly trans: TranslationBundle;
}

/** What a checkpoint's row shows: its place in the tree, and two lines. */
export function CheckpointRow(props: ICheckpointRowProps): React.JSX.Element {
  const { isHere, lanes, number, row, trans } = props;
  const { checkpoint } = row;
  const names = namesText(checkpoint, trans);
  return (
    <>
      <Lanes row={row} lanes={lanes} isHere={isHere} />
      <div className="jp-RewindTimeline-lines">
        <div className="jp-RewindTimeline-line">
          <span className="jp-RewindTimeline-cell">
            {cellText(checkpoint, number, trans)}
          </span>
          <code className="jp-RewindTimeline-code" title={checkpoint.title}>
            {checkpoint.title}
          </code>
          <time dateTime={checkpoint.time}>{timeText(checkpoint.time)}</time>
        </div>
        <div className="jp-RewindTimeline-line jp-mod-second">
          <KeptIcon checkpoint={checkpoint} trans={trans} />
          <Chips {...props} />
          <span className="jp-RewindTimeline-names" title={names}>
            {names}
          </span>
          {checkpoint.bytes > 0 && (
            <span className="jp-RewindTimeline-bytes">
              {bytesText(checkpoint.bytes, trans)}
            </span>
          )}
        </div>
      </div>
    </>
  );
}

/** How a checkpoint lies on the disk, as a shape. */
function KeptIcon(props: {
  checkpoint: ICheckpoint;
  trans: TranslationBundle;
}): React.JSX.Element {
  const icon = checkpointIcons[keptOf(props.checkpoint)];
  return (
    <span
      className="jp-RewindTimeline-kept"
      title={keptSentence(props.checkpoint, props.trans)}
    >
      {icon && <icon.react tag={null} width="14px" height="14px" />}
    </span>
  );
}

/** What is said of a checkpoint in single words. */
function Chips(props: ICheckpointRowProps): React.JSX.Element {
  const { isHere, row, trans } = props;
  const { checkpoint, heads } = row;
  const end = endText(checkpoint, trans);
  return (
    <>
      {isHere && (
        <span className="jp-RewindTimeline-chip jp-mod-here">
          {trans.__('Kernel is here')}
        </span>
      )}
      {!isHere && heads.length > 0 && (
        <span className="jp-RewindTimeline-chip">
          {trans.__('Last of its session')}
        </span>
      )}
      {checkpoint.label && (
        <span
          className="jp-RewindTimeline-chip jp-mod-label"
          title={checkpoint.label}
        >
          {checkpoint.label}
        </span>
      )}
      {checkpoint.keep && (
        <span className="jp-RewindTimeline-chip">{trans.__('Kept')}</span>
      )}
      {end && (
        <span className="jp-RewindTimeline-end">
          {checkpoint.status !== 'ok' && (
            <failedIcon.react tag={null} width="14px" height="14px" />
          )}
          {end}
        </span>
      )}
    </>
  );
}

/** The heading above checkpoints of one kernel session on one day. */
export function HeadingRow(props: {
  row: IHeadingRow;
  lanes: number;
  /** Whether it is the session of the kernel that runs now. */
  isPresent: boolean;
  now: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { isPresent, lanes, now, row, trans } = props;
  const day = dayText(row.day, now, trans);
  const since = timeText(row.since);
  const text = isPresent
    ? trans.__('%1, this kernel, from %2', day, since)
    : trans.__('%1, earlier kernel, from %2', day, since);
  return (
    <>
      <Lanes row={row} lanes={lanes} isHere={false} />
      <span className="jp-RewindTimeline-headingText" title={text}>
        {text}
      </span>
    </>
  );
}
