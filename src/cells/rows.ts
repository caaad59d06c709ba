/**
 * A notebook as rows: headings and code cells, of which some are hidden. Pure.
 */

import type { IArc } from '../graph/layout';
import { isStale } from '../sidebar/words';
import type { IEdge, IKnownCell } from '../tokens';

/** A heading or a code cell of a notebook. */
export interface IItem {
  /** The cell's id. */
  readonly id: string;
  /** The cell's number, from 1 over all cells. */
  readonly number: number;
  /** 1 to 6 for a heading, 0 for a code cell. */
  readonly level: number;
  /** The heading, or the first line of the code. */
  readonly text: string;
}

/** What the user chose to see. */
export interface IChoice {
  /** Ids of headings whose cells are hidden. */
  readonly collapsed: ReadonlySet<string>;
  /** What rows must contain; empty: all. */
  readonly filter: string;
  /** Whether only stale cells are shown. */
  readonly isStaleOnly: boolean;
  /** Whether lines from cells of imports and definitions are drawn. */
  readonly isPreludeShown: boolean;
}

/** A row. */
export interface IRow extends IItem {
  /** How deep it stands, from 1. */
  readonly depth: number;
  /** Whether its cells are hidden; null for a code cell. */
  readonly isCollapsed: boolean | null;
  /** How many stale cells it hides. */
  readonly staleHidden: number;
}

/** A notebook as rows. */
export interface IRows {
  readonly rows: readonly IRow[];
  /** For each item the row that shows it, or hides it; none if filtered out. */
  readonly places: ReadonlyMap<string, number>;
}

/** A heading at the begin of a Markdown cell: its marks and its text. */
const HEADING = /^\s*(#{1,6})\s+(.+?)\s*#*\s*$/m;

/**
 * Return the heading with which a Markdown text begins; null if with none.
 *
 * @param text - The text
 */
export function headingOf(
  text: string
): { level: number; text: string } | null {
  const first = firstLine(text);
  const found = HEADING.exec(first);
  return found ? { level: found[1]!.length, text: found[2]! } : null;
}

/** Return the first line of a text that is not blank. */
export function firstLine(text: string): string {
  return /\S.*/.exec(text)?.[0].trimEnd() ?? '';
}

/**
 * Return the rows that are shown.
 *
 * @param items - All headings and code cells, in the notebook's order
 * @param known - What is known of a code cell
 * @param choice - What the user chose to see
 */
export function rowsOf(
  items: readonly IItem[],
  known: (id: string) => IKnownCell | undefined,
  choice: IChoice
): IRows {
  const { collapsed, isStaleOnly } = choice;
  const filter = choice.filter.trim().toLowerCase();
  const isFiltered = !!filter || isStaleOnly;
  const stale = (id: string): boolean => {
    const cell = known(id);
    return !!cell && isStale(cell.state.freshness);
  };
  const rows: IRow[] = [];
  const places = new Map<string, number>();
  /** The levels of the headings above, outermost first. */
  let levels: number[] = [];
  let hider: { level: number; place: number } | null = null;
  for (const item of items) {
    const { id, level } = item;
    if (level) {
      levels = [...levels.filter(above => above < level), level];
      if (hider && level <= hider.level) {
        hider = null;
      }
    }
    if (isFiltered) {
      const isWanted =
        !level &&
        (!isStaleOnly || stale(id)) &&
        matches(item, known(id), filter);
      if (isWanted) {
        places.set(id, rows.length);
        rows.push({ ...item, depth: 1, isCollapsed: null, staleHidden: 0 });
      }
      continue;
    }
    if (hider) {
      places.set(id, hider.place);
      if (!level && stale(id)) {
        const row = rows[hider.place]!;
        rows[hider.place] = { ...row, staleHidden: row.staleHidden + 1 };
      }
      continue;
    }
    const isCollapsed = level ? collapsed.has(id) : null;
    places.set(id, rows.length);
    if (isCollapsed) {
      hider = { level, place: rows.length };
    }
    const depth = level ? levels.length : levels.length + 1;
    rows.push({ ...item, depth, isCollapsed, staleHidden: 0 });
  }
  return { rows, places };
}

/** Return whether a cell is one that was looked for, by its text or names. */
function matches(
  { number, text }: IItem,
  known: IKnownCell | undefined,
  filter: string
): boolean {
  return (
    !filter ||
    text.toLowerCase().includes(filter) ||
    String(number) === filter ||
    !!known?.facts.writes.some(name => name.toLowerCase().includes(filter))
  );
}

/** A line between rows, and the edge for which it stands. */
export interface IFlow extends IArc {
  readonly edge: IEdge;
}

/**
 * Return the lines between rows.
 *
 * @param shown - The rows
 * @param edges - What depends on what
 * @param known - What is known of a cell
 * @param choice - What the user chose to see
 */
export function arcsOf(
  shown: IRows,
  edges: readonly IEdge[],
  known: (id: string) => IKnownCell | undefined,
  choice: IChoice
): IFlow[] {
  const { places } = shown;
  const arcs: IFlow[] = [];
  for (const edge of edges) {
    const from = places.get(edge.from);
    const to = places.get(edge.to);
    const isFolded =
      !choice.isPreludeShown && !!known(edge.from)?.facts.prelude;
    if (from !== undefined && to !== undefined && !isFolded) {
      arcs.push({ edge, from, to });
    }
  }
  return arcs;
}
