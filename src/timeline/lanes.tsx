import * as React from 'react';

import type { TimelineRow } from './tree';
import { heightOf } from './window';

/** How far lanes lie apart, in pixels. */
const STEP = 12;

/**
 * Return how wide the lanes are, in pixels.
 *
 * @param lanes - How many there are
 */
export function lanesWidth(lanes: number): number {
  return (lanes + 1) * STEP;
}

/**
 * The lines that pass through a row, and its node.
 *
 * A node is a disc; a ring, if it can't be brought back; a disc in a ring, if
 * the kernel is there.
 *
 * @param props - The row, how many lanes there are in all, and whether the
 *   kernel is there
 */
export function Lanes(props: {
  row: TimelineRow;
  lanes: number;
  isHere: boolean;
}): React.JSX.Element {
  const { isHere, lanes, row } = props;
  const height = heightOf(row);
  const width = lanesWidth(lanes);
  return (
    <svg
      aria-hidden="true"
      className="jp-RewindTimeline-lanes"
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
    >
      {row.through.map(lane => (
        <path key={lane} d={`M${x(lane)} 0V${height}`} />
      ))}
      {row.kind === 'checkpoint' && (
        <>
          {row.children.map(lane => (
            <path key={`child ${lane}`} d={arrival(lane, row.lane, height)} />
          ))}
          {row.hasParent && (
            <path d={`M${x(row.lane)} ${height / 2}V${height}`} />
          )}
          {isHere && <circle cx={x(row.lane)} cy={height / 2} r="7" />}
          <circle
            className={
              row.checkpoint.lost
                ? 'jp-RewindTimeline-lostNode'
                : 'jp-RewindTimeline-node'
            }
            cx={x(row.lane)}
            cy={height / 2}
            r="4"
          />
        </>
      )}
    </svg>
  );
}

/** Return the middle of a lane, in pixels. */
function x(lane: number): number {
  return (lane + 1) * STEP - STEP / 4;
}

/** Return the line from a child above, in its lane, to the node. */
function arrival(from: number, to: number, height: number): string {
  const middle = height / 2;
  return from === to
    ? `M${x(from)} 0V${middle}`
    : `M${x(from)} 0C${x(from)} ${middle} ${x(to)} 4 ${x(to)} ${middle}`;
}
