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

/** Says in words what flows in a strand past a row, or to it. */
export type StrandTitle = (strand: IStrand, row: number) => string;

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
  /** What is said where a line is pointed at. */
  titleOf: StrandTitle;
}): React.JSX.Element {
  const { emphasis, height, layout, row, titleOf } = props;
  const { lanes } = layout;
  const width = lanesWidth(lanes);
  return (
    <svg
      aria-hidden="true"
      className={`jp-RewindGraph${emphasis ? ' jp-mod-emphasised' : ''}`}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
    >
      {(layout.rows[row] ?? []).map((segment, place) => {
        const path = pathOf(segment, lanes, height);
        const { strand } = segment;
        return (
          <g className={classOf(segment, row, emphasis)} key={place}>
            <path d={path} />
            {strand && (
              // A line is too thin to be pointed at.
              <path className="jp-RewindGraph-target" d={path}>
                <title>{titleOf(strand, row)}</title>
              </path>
            )}
          </g>
        );
      })}
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
  strand: IStrand,
  row: number,
  emphasis: IEmphasis
): boolean {
  return (
    emphasis.has(strand.from) &&
    readersAt(strand, row).some(reader => emphasis.has(reader))
  );
}

/** Return the readers to which a strand leads at a row: past it, or at it. */
export function readersAt({ from, to }: IStrand, row: number): number[] {
  return to.filter(
    reader => Math.min(from, reader) <= row && row <= Math.max(from, reader)
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
