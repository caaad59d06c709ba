/**
 * The checkpoint tree as rows, newest first, with its branches in lanes.
 *
 * Pure data: no widgets, no words.
 */

import type { ICheckpoint, IHistory } from '../api/types';

/** Lanes that are drawn; what would lie further out shares the last one. */
export const MOST_LANES = 8;

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
  const known = new Set(checkpoints.map(checkpoint => checkpoint.id));
  const heads = headsByCheckpoint(history);
  const placed = place(checkpoints);
  const lines = new Lines();
  const rows: TimelineRow[] = [];
  placed.reverse();
  placed.forEach(({ checkpoint, heading, lane }, at) => {
    if (at === 0 || placed[at - 1]?.heading !== heading) {
      rows.push({ ...heading, through: lines.lanes() });
    }
    const children = lines.end(checkpoint.id);
    const { parent } = checkpoint;
    const hasParent = parent !== null && known.has(parent);
    rows.push({
      kind: 'checkpoint',
      checkpoint,
      lane,
      children,
      hasParent,
      heads: heads.get(checkpoint.id) ?? [],
      through: lines.lanes()
    });
    if (hasParent) {
      lines.begin(parent, lane);
    }
  });
  const lanes = Math.max(0, ...placed.map(({ lane }) => lane + 1));
  return { rows, lanes };
}

/** A checkpoint with its lane, and the heading that it stands under. */
interface IPlaced {
  readonly checkpoint: ICheckpoint;
  readonly lane: number;
  readonly heading: IHeadingRow;
}

/**
 * Give each checkpoint its lane and its heading.
 *
 * Upwards, so that headings are named by what is oldest: that never changes.
 *
 * @param checkpoints - Oldest first
 * @returns In the same order
 */
function place(checkpoints: readonly ICheckpoint[]): IPlaced[] {
  const lanes = assignLanes(checkpoints);
  const counts = new Map<string, number>();
  let heading: IHeadingRow | null = null;
  return checkpoints.map((checkpoint, at) => {
    const { session, time } = checkpoint;
    const day = startOfDay(time);
    if (heading?.session !== session || heading.day !== day) {
      const name = `${session} ${day}`;
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      const key = `${name} ${count}`;
      heading = {
        kind: 'heading',
        key,
        session,
        day,
        since: time,
        through: []
      };
    }
    const lane = Math.min(lanes[at] ?? 0, MOST_LANES - 1);
    return { checkpoint, lane, heading };
  });
}

/** The lines that go further down, while rows are made downwards. */
class Lines {
  /** Begin a line in a lane that goes down to a checkpoint. */
  begin(parent: string, lane: number): void {
    const lanes = this._open.get(parent) ?? new Set();
    if (!lanes.has(lane)) {
      this._counts[lane] = (this._counts[lane] ?? 0) + 1;
      this._open.set(parent, lanes.add(lane));
    }
  }

  /** End all lines that go to a checkpoint, and return their lanes. */
  end(checkpoint: string): number[] {
    const lanes = [...(this._open.get(checkpoint) ?? [])];
    this._open.delete(checkpoint);
    for (const lane of lanes) {
      this._counts[lane] = (this._counts[lane] ?? 0) - 1;
    }
    return lanes.sort((one, other) => one - other);
  }

  /** Return the lanes that have a line. */
  lanes(): number[] {
    return this._counts.flatMap((count, lane) => (count > 0 ? [lane] : []));
  }

  /** For each lane, how many lines lie in it. */
  private readonly _counts = new Array<number>(MOST_LANES).fill(0);
  /** The lanes of lines by the checkpoint that they go to. */
  private readonly _open = new Map<string, Set<number>>();
}

/** Return the sessions whose head each checkpoint is. */
function headsByCheckpoint(history: IHistory): Map<string, string[]> {
  const heads = new Map<string, string[]>();
  for (const { session, checkpoint } of history.heads) {
    heads.set(checkpoint, [...(heads.get(checkpoint) ?? []), session]);
  }
  return heads;
}

/** Return when the day of an instant began, local time, milliseconds. */
export function startOfDay(time: string | number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
