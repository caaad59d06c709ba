/**
 * The cell dependency graph as rows with lanes, as version control draws its
 * histories. Pure data: no widgets, no words.
 *
 * All nodes stand in lane 0. A strand is what one node gives to others: it
 * leaves its row and arrives at each reader's row, in one lane. Between two
 * nodes that follow each other it goes straight down in lane 0; all others lie
 * further out, where no nodes are.
 */

/** Lanes that are drawn; what would lie further out shares the last one. */
export const MOST_LANES = 7;

/** That one row depends on another. */
export interface IArc {
  /** The row of the producer, from 0. */
  readonly from: number;
  /** The row of the reader. */
  readonly to: number;
}

/** Arcs of one producer that share a lane. */
export interface IStrand {
  /** The row of the producer. */
  readonly from: number;
  /** The rows of the readers, from top to bottom. */
  readonly to: readonly number[];
  /** Where it lies. */
  readonly lane: number;
}

/** What one strand does in one row. */
export interface ISegment {
  /** Whose it is; null where several share the lane for want of room. */
  readonly strand: IStrand | null;
  readonly lane: number;
  /** It comes from above. */
  readonly isFromAbove: boolean;
  /** It goes on below. */
  readonly isToBelow: boolean;
  /** It touches the node: begins here, or is read here. */
  readonly isAtNode: boolean;
}

/** A graph, laid out. */
export interface ILayout {
  /** For each row what passes through it, or touches its node. */
  readonly rows: readonly (readonly ISegment[])[];
  /** How many lanes are in use, that of the nodes included. */
  readonly lanes: number;
}

/** Return whether a strand leads upwards: its reader stands above. */
export function isBack({ from, to }: IStrand): boolean {
  return (to[0] ?? from) < from;
}

/**
 * Lay out a graph.
 *
 * Arcs are placed in the order of their lower ends, each in the first lane
 * that is free between its ends. So only what lies above counts: a row that is
 * appended, with its arcs to rows above, moves no earlier lane. Takes time in
 * proportion to rows and arcs, as there are at most `MOST_LANES` lanes.
 *
 * @param count - How many rows there are
 * @param arcs - What depends on what, in any order; those from or to no row,
 *   or to the same row, are left out
 */
export function layoutGraph(count: number, arcs: readonly IArc[]): ILayout {
  const placer = new Placer();
  for (const sameLower of byLowerEnd(count, arcs)) {
    for (const arc of sameLower) {
      placer.place(arc);
    }
  }
  const rows: ISegment[][] = Array.from({ length: count }, () => []);
  let lanes = Math.min(count, 1);
  for (const strand of placer.strands) {
    lanes = Math.max(lanes, strand.lane + 1);
    draw(strand, rows, true);
  }
  if (placer.bundled.length) {
    lanes = MOST_LANES;
    bundle(placer.bundled, rows);
  }
  return { rows, lanes };
}

/** Return the arcs, each once, by their lower ends; of one, the shortest first. */
function byLowerEnd(count: number, arcs: readonly IArc[]): IArc[][] {
  const lists = (): IArc[][] => Array.from({ length: count }, () => []);
  const uppers = lists();
  const known = new Set<number>();
  for (const arc of arcs) {
    const { from, to } = arc;
    const key = from * count + to;
    if (from !== to && uppers[from] && uppers[to] && !known.has(key)) {
      known.add(key);
      uppers[Math.min(from, to)]!.push(arc);
    }
  }
  const lowers = lists();
  for (const sameUpper of uppers.reverse()) {
    for (const arc of sameUpper) {
      lowers[Math.max(arc.from, arc.to)]!.push(arc);
    }
  }
  return lowers;
}

/** A strand that may get more readers. */
interface IGrowing extends IStrand {
  readonly to: number[];
}

/** Gives arcs their lanes, one after another by their lower ends. */
class Placer {
  /** Strands that have their lane for themselves. */
  readonly strands: IGrowing[] = [];

  /** Strands that share the last lane. */
  readonly bundled: IStrand[] = [];

  /** Give an arc its lane. */
  place({ from, to }: IArc): void {
    if (to === from + 1) {
      this.strands.push({ from, to: [to], lane: 0 });
      return;
    }
    const own = to > from ? this._own.get(from) : undefined;
    if (own && this._newest[own.lane] === own) {
      own.to.push(to);
      return;
    }
    const lane = this._free(Math.min(from, to));
    const strand: IGrowing = { from, to: [to], lane };
    if (lane >= MOST_LANES - 1) {
      this.bundled.push({ ...strand, lane: MOST_LANES - 1 });
      return;
    }
    this.strands.push(strand);
    this._newest[lane] = strand;
    if (to > from) {
      this._own.set(from, strand);
    }
  }

  /** Return the first lane in which nothing lies below a row. */
  private _free(row: number): number {
    for (let lane = 1; lane < MOST_LANES - 1; lane++) {
      const newest = this._newest[lane];
      if (!newest || lowerEnd(newest) <= row) {
        return lane;
      }
    }
    return MOST_LANES - 1;
  }

  /** For each lane, the strand that reaches lowest. */
  private readonly _newest: (IGrowing | undefined)[] = [];
  /** By producer, its newest strand downwards. */
  private readonly _own = new Map<number, IGrowing>();
}

/** Return the lowest row that a strand reaches. */
function lowerEnd({ from, to }: IStrand): number {
  return Math.max(from, to[to.length - 1] ?? from);
}

/** Return the highest row that a strand reaches. */
function upperEnd({ from, to }: IStrand): number {
  return Math.min(from, to[0] ?? from);
}

/** Add what a strand does in each row; or only where it touches nodes. */
function draw(strand: IStrand, rows: ISegment[][], isWhole: boolean): void {
  const first = upperEnd(strand);
  const last = lowerEnd(strand);
  const touched = new Set([strand.from, ...strand.to]);
  const drawn = isWhole
    ? Array.from({ length: last - first + 1 }, (_, place) => first + place)
    : touched;
  for (const row of drawn) {
    rows[row]!.push({
      strand,
      lane: strand.lane,
      isFromAbove: row > first,
      isToBelow: row < last,
      isAtNode: touched.has(row)
    });
  }
}

/** Add strands that share the last lane: one line, however many they are. */
function bundle(strands: readonly IStrand[], rows: ISegment[][]): void {
  const steps = new Array<number>(rows.length + 1).fill(0);
  for (const strand of strands) {
    draw(strand, rows, false);
    steps[upperEnd(strand) + 1]! += 1;
    steps[lowerEnd(strand)]! -= 1;
  }
  let count = 0;
  rows.forEach((row, place) => {
    count += steps[place]!;
    if (count > 0) {
      row.push({
        strand: null,
        lane: MOST_LANES - 1,
        isFromAbove: true,
        isToBelow: true,
        isAtNode: false
      });
    }
  });
}
