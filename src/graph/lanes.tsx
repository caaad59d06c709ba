import * as React from 'react';

import { type ILayout, isBack, type ISegment, type IStrand } from './layout';

/** How far lanes lie apart, in pixels. */
const STEP = 9;

/** How much room there is beside the outermost lanes, in pixels. */
const MARGIN = 8;

/**
 * Return how wide the lanes are, in pixels.
 *
 * @param lanes - How many there are, that of the nodes included
 */
export function lanesWidth(lanes: number): number {
  return 2 * MARGIN + Math.max(0, lanes - 1) * STEP;
}

/** Which parts of a graph are emphasised. */
export interface IEmphasis {
  /** Whether a row is the selected one, or one of its relatives. */
  has(row: number): boolean;
}

/**
 * What one row shows of the graph: lines that pass, and lines at its node. The
 * node itself stands in the rightmost lane, and is not drawn here.
 *
 * Hidden from screen readers: rows and details say the same in words.
 */
export function Lanes(props: {
  row: number;
  layout: ILayout;
  height: number;
  /** Null: nothing is selected. */
  emphasis: IEmphasis | null;
}): React.JSX.Element {
  const { emphasis, height, layout, row } = props;
  const { lanes } = layout;
  const width = lanesWidth(lanes);
  return (
    <svg
      aria-hidden="true"
      className="jp-RewindGraph"
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
    >
      {(layout.rows[row] ?? []).map((segment, place) => (
        <path
          className={classOf(segment, row, emphasis)}
          d={pathOf(segment, lanes, height)}
          key={place}
        />
      ))}
    </svg>
  );
}

function classOf(
  { strand }: ISegment,
  row: number,
  emphasis: IEmphasis | null
): string {
  return [
    strand && isBack(strand) && 'jp-mod-back',
    strand && emphasis && isEmphasised(strand, row, emphasis) && 'jp-mod-on'
  ]
    .filter(name => !!name)
    .join(' ');
}

/** Return whether a strand leads, at a row, from a relative to another. */
function isEmphasised(
  { from, to }: IStrand,
  row: number,
  emphasis: IEmphasis
): boolean {
  return (
    emphasis.has(from) &&
    to.some(
      reader =>
        emphasis.has(reader) &&
        Math.min(from, reader) <= row &&
        row <= Math.max(from, reader)
    )
  );
}

/** Return the middle of a lane, in pixels. */
function x(lane: number, lanes: number): number {
  return MARGIN + (lanes - 1 - lane) * STEP;
}

/** Return the line that a segment draws. */
function pathOf(segment: ISegment, lanes: number, height: number): string {
  const { isAtNode, isFromAbove, isToBelow, lane } = segment;
  const at = x(lane, lanes);
  const node = x(0, lanes);
  const middle = height / 2;
  const parts = [];
  if (isFromAbove && isToBelow) {
    parts.push(`M${at} 0V${height}`);
  }
  if (isAtNode) {
    // A reader is turned to from above; what only begins here turns below.
    const end = isFromAbove ? 0 : height;
    parts.push(
      at === node
        ? `M${at} ${end}V${middle}`
        : `M${at} ${end}C${at} ${middle} ${at} ${middle} ${node} ${middle}`
    );
  }
  return parts.join('');
}
