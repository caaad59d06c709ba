/**
 * What a cell depends on, and what depends on it, to any depth. Pure.
 */

import type { IEdge } from '../tokens';

/** The relatives of a cell, by their ids. */
export interface IRelatives {
  /** What it depends on. */
  readonly ancestors: ReadonlySet<string>;
  /** What depends on it. */
  readonly descendants: ReadonlySet<string>;
}

/**
 * Return the relatives of a cell; in time proportional to the edges.
 *
 * @param cell - Its id; empty for none
 * @param edges - All edges
 */
export function relativesOf(
  cell: string,
  edges: readonly Pick<IEdge, 'from' | 'to'>[]
): IRelatives {
  const up = new Map<string, string[]>();
  const down = new Map<string, string[]>();
  for (const { from, to } of edges) {
    add(up, to, from);
    add(down, from, to);
  }
  return { ancestors: reached(cell, up), descendants: reached(cell, down) };
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) {
    list.push(value);
  } else {
    map.set(key, [value]);
  }
}

function reached(
  start: string,
  next: ReadonlyMap<string, readonly string[]>
): Set<string> {
  const found = new Set<string>();
  const todo = [start];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    for (const other of next.get(id) ?? []) {
      if (other !== start && !found.has(other)) {
        found.add(other);
        todo.push(other);
      }
    }
  }
  return found;
}
