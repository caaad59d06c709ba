/**
 * Which rows of a list are drawn: those in sight, and a few more. Pure.
 */

import type { TimelineRow } from './tree';

/** The height of a checkpoint's row, in pixels; style/timeline.css has it too. */
export const ROW_HEIGHT = 44;

/** The height of a heading's row, in pixels. */
export const HEADING_HEIGHT = 28;

/** How many pixels are drawn above and below what is in sight. */
const MARGIN = 200;

/** Return the height of a row, in pixels. */
export function heightOf(row: TimelineRow): number {
  return row.kind === 'heading' ? HEADING_HEIGHT : ROW_HEIGHT;
}

/**
 * Return where each row begins, in pixels from the top, and where the last one
 * ends.
 */
export function offsetsOf(rows: readonly TimelineRow[]): number[] {
  const offsets = [0];
  let end = 0;
  for (const row of rows) {
    end += heightOf(row);
    offsets.push(end);
  }
  return offsets;
}

/**
 * Return the rows that are drawn.
 *
 * @param offsets - As `offsetsOf` returns them
 * @param top - What is scrolled out of sight above, in pixels
 * @param height - What is in sight, in pixels
 * @returns The place of the first, and that after the last
 */
export function windowOf(
  offsets: readonly number[],
  top: number,
  height: number
): [first: number, end: number] {
  const count = offsets.length - 1;
  const first = Math.max(0, firstAfter(offsets, top - MARGIN) - 1);
  const end = Math.min(count, firstAfter(offsets, top + height + MARGIN));
  return [Math.min(first, count), end];
}

/** Return the place of the first offset that is greater; by bisection. */
function firstAfter(offsets: readonly number[], pixel: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) > pixel) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
