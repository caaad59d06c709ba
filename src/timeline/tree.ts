/**
 * The checkpoint tree as rows, newest first, with its branches in lanes.
 *
 * Pure data: no widgets, no words.
 */

import type { ICheckpoint, IHistory } from '../api/types';

/** Lanes that are drawn; what would lie further out shares the last one. */
export const MOST_LANES = 10;

/** What passes through a row besides its own node. */
export interface IPassing {
  /** Lanes whose line goes straight through. */
  readonly through: readonly number[];
}

/** One checkpoint. */
export interface ICheckpointRow extends IPassing {
  readonly kind: 'checkpoint';
  readonly checkpoint: ICheckpoint;
  /** The lane of its node. */
  readonly lane: number;
  /** Lanes from which lines of its children arrive, from above. */
  readonly children: readonly number[];
  /** Whether a line leaves towards its parent, below. */
  readonly hasParent: boolean;
  /** Kernel sessions whose head it is. */
  readonly heads: readonly string[];
}

/** A heading above checkpoints of one kernel session on one day. */
export interface IHeadingRow extends IPassing {
  readonly kind: 'heading';
  /** Unique in the tree, and the same after checkpoints were added. */
  readonly key: string;
  readonly session: string;
  /** Start of the day, local time, milliseconds. */
  readonly day: number;
  /** When the oldest checkpoint below it was made, RFC 3339. */
  readonly since: string;
}

/** A row of the timeline. */
export type TimelineRow = ICheckpointRow | IHeadingRow;

/** The tree as rows. */
export interface ITree {
  /** Newest first. */
  readonly rows: readonly TimelineRow[];
  /** Lanes in use, at most `MOST_LANES`. */
  readonly lanes: number;
}

/**
 * Give each checkpoint a lane.
 *
 * A child stays in its parent's lane while that lane's newest node is the
 * parent; otherwise its line comes down in the first lane that was free ever
 * since the parent. So a line never crosses a node, and, as only what is older
 * counts, a new checkpoint moves no lane.
 *
 * @param checkpoints - Oldest first; a parent stands before its children
 * @returns The lane of each, in the same order
 */
export function assignLanes(checkpoints: readonly ICheckpoint[]): number[] {
  const places = new Map<string, number>();
  /** For each lane, the place of its newest node. */
  const newest: number[] = [];
  return checkpoints.map((checkpoint, place) => {
    const parent = places.get(checkpoint.parent ?? '');
    places.set(checkpoint.id, place);
    const lane = freeLane(newest, parent ?? place, parent);
    newest[lane] = place;
    return lane;
  });
}

/**
 * Return the first lane without a node since a place.
 *
 * @param newest - For each lane, the place of its newest node
 * @param since - The place from which on the lane must be free
 * @param parent - The place of a node that may be continued
 */
function freeLane(
  newest: readonly number[],
  since: number,
  parent: number | undefined
): number {
  const continued = parent === undefined ? -1 : newest.indexOf(parent);
  if (continued >= 0) {
    return continued;
  }
  const free = newest.findIndex(place => place < since);
  return free >= 0 ? free : newest.length;
}

/**
 * Lay out a history.
 *
 * @param history - The checkpoints, oldest first, and the kernels' heads
 * @returns Its rows, newest first
 */
export function layoutTree(history: IHistory): ITree {
  const { checkpoints } = history;
  const lanes = assignLanes(checkpoints).map(lane =>
    Math.min(lane, MOST_LANES - 1)
  );
  const known = new Set(checkpoints.map(checkpoint => checkpoint.id));
  const heads = headsByCheckpoint(history);
  const keys = new Map<string, number>();
  /** Lanes of lines that go further down, by the checkpoint they go to. */
  const open = new Map<string, Set<number>>();
  /** For each lane, how many of them lie in it. */
  const lines = new Array<number>(MOST_LANES).fill(0);
  const rows: TimelineRow[] = [];

  // Upwards, to name the headings by what is oldest: that never changes.
  const headings = new Map<number, IHeadingRow>();
  let heading: IHeadingRow | null = null;
  checkpoints.forEach((checkpoint, place) => {
    const day = startOfDay(checkpoint.time);
    if (heading?.session !== checkpoint.session || heading.day !== day) {
      const name = `${checkpoint.session} ${day}`;
      const count = keys.get(name) ?? 0;
      keys.set(name, count + 1);
      heading = {
        kind: 'heading',
        key: `${name} ${count}`,
        session: checkpoint.session,
        day,
        since: checkpoint.time,
        through: []
      };
    }
    headings.set(place, heading);
  });

  for (let place = checkpoints.length - 1; place >= 0; place--) {
    const checkpoint = checkpoints[place];
    const above = headings.get(place + 1);
    const current = headings.get(place);
    if (current && current !== above) {
      rows.push({ ...current, through: openLanes(lines) });
    }
    const children = [...(open.get(checkpoint.id) ?? [])].sort(ascending);
    open.delete(checkpoint.id);
    children.forEach(lane => lines[lane]--);
    const parent = checkpoint.parent;
    const hasParent = parent !== null && known.has(parent);
    rows.push({
      kind: 'checkpoint',
      checkpoint,
      lane: lanes[place],
      children,
      hasParent,
      heads: heads.get(checkpoint.id) ?? [],
      through: openLanes(lines)
    });
    if (hasParent) {
      const arriving = open.get(parent) ?? new Set();
      lines[lanes[place]] += arriving.has(lanes[place]) ? 0 : 1;
      open.set(parent, arriving.add(lanes[place]));
    }
  }
  return { rows, lanes: Math.max(0, ...lanes.map(lane => lane + 1)) };
}

/** Return the sessions whose head each checkpoint is. */
function headsByCheckpoint(history: IHistory): Map<string, string[]> {
  const heads = new Map<string, string[]>();
  for (const { session, checkpoint } of history.heads) {
    heads.set(checkpoint, [...(heads.get(checkpoint) ?? []), session]);
  }
  return heads;
}

/** Return the lanes that have a line. */
function openLanes(lines: readonly number[]): number[] {
  return lines.flatMap((count, lane) => (count > 0 ? [lane] : []));
}

/** Return when the day of an instant began, local time, milliseconds. */
export function startOfDay(time: string | number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

function ascending(one: number, other: number): number {
  return one - other;
}
