/**
 * What may be shown between two answers: the server's newest answer, corrected
 * by what has happened in the page since it was asked. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICellState, IEdge, IKnownCell, IState } from '../tokens';
import type { Execution } from './execution';
import type { Unrecorded } from './unrecorded';

/** What an answer is about. */
export interface ISituation {
  /** Digests of the texts of the code cells by their ids, in their order. */
  readonly digests: ReadonlyMap<string, string>;
  /** Id of the kernel; empty if there is none. */
  readonly kernel: string;
  /** The session of the agent in it; empty if none is attached. */
  readonly session: string;
}

/** An answer, and what it is about. */
export interface IAnswered {
  readonly state: IState;
  readonly asked: ISituation;
}

/** What is so now. */
export interface IPresent extends ISituation {
  /** What the cells do that don't rest. */
  readonly execution: ReadonlyMap<string, Execution>;
  /** Cells that ran while nothing was recorded. */
  readonly unrecorded: Unrecorded;
  /** Why there is no newer answer; empty if there is, or will be at once. */
  readonly problem: string;
}

/** What may be shown. */
export interface IView {
  readonly state: IState | null;
  readonly cells: ReadonlyMap<string, IKnownCell>;
}

/** Return what may be shown: `stateNow`, and its cells by their ids. */
export function viewNow(
  answered: IAnswered,
  present: IPresent,
  trans: TranslationBundle
): IView {
  const state = stateNow(answered, present, trans);
  const facts = new Map(state.facts.map(one => [one.id, one]));
  const cells = new Map<string, IKnownCell>();
  for (const cell of state.cells) {
    const known = facts.get(cell.id);
    if (known) {
      cells.set(cell.id, { state: cell, facts: known });
    }
  }
  return { state, cells };
}

/**
 * Return the state that may be shown.
 *
 * No cell is fresh whose text is not the one that was asked about, nor one that
 * may depend on such a cell; and nothing is in a kernel that is another one.
 *
 * @param answered - The newest answer
 * @param present - What is so now
 * @param trans - The application's language
 */
export function stateNow(
  answered: IAnswered,
  present: IPresent,
  trans: TranslationBundle
): IState {
  const { asked, state } = answered;
  const touched = touchedCells(asked.digests, present.digests);
  const doubted = present.problem
    ? following(touched, state.cells, present.digests)
    : dependants(touched, state.edges);
  const isSameKernel =
    asked.kernel === present.kernel && asked.session === present.session;
  const ran = new Map(state.facts.map(facts => [facts.id, facts.source]));
  const ended = new Map(state.facts.map(facts => [facts.id, facts.ended]));
  const cells: ICellState[] = [];
  for (const cell of state.cells) {
    const digest = present.digests.get(cell.id);
    if (digest === undefined) {
      // Deleted.
      continue;
    }
    const changes: Partial<ICellState> = {};
    const execution = present.execution.get(cell.id) ?? 'idle';
    if (execution !== cell.execution) {
      changes.execution = execution;
    }
    if (!isSameKernel && cell.in_kernel !== 'no') {
      changes.in_kernel = 'no';
    }
    if (digest !== asked.digests.get(cell.id)) {
      changes.freshness = edited(cell, digest, ran.get(cell.id) ?? '');
      changes.reason = trans.__('Its text was edited; being compared.');
    } else if (doubted.has(cell.id) && cell.freshness === 'fresh') {
      changes.freshness = 'unknown';
      changes.reason = present.problem
        ? trans.__('A cell before it was edited, and there is no answer yet.')
        : trans.__('A cell that it depends on was edited; being compared.');
    }
    const before = present.unrecorded.get(cell.id);
    if (before !== undefined && before === ended.get(cell.id)) {
      changes.freshness = 'unknown';
      changes.reason = trans.__('It ran while nothing was recorded.');
    }
    cells.push(Object.keys(changes).length ? { ...cell, ...changes } : cell);
  }
  return {
    ...state,
    cells,
    facts: state.facts.filter(facts => present.digests.has(facts.id)),
    head: isSameKernel ? state.head : ''
  };
}

/** Return what an edited cell is until there is an answer. */
function edited(
  cell: ICellState,
  digest: string,
  ran: string
): ICellState['freshness'] {
  if (cell.freshness === 'never run') {
    return 'never run';
  }
  return ran && ran !== digest ? 'edited' : 'unknown';
}

/**
 * Return the cells that are not what and where they were: edited, removed, or
 * moved against others.
 *
 * @param before - Digests by ids, in order
 * @param after - The same, now
 */
export function touchedCells(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>
): Set<string> {
  const touched = new Set<string>();
  const stayed: string[] = [];
  for (const [id, digest] of before) {
    const now = after.get(id);
    if (now !== undefined) {
      stayed.push(id);
    }
    if (now !== digest) {
      touched.add(id);
    }
  }
  const order = [...after.keys()].filter(id => before.has(id));
  let first = 0;
  let last = order.length - 1;
  while (first <= last && order[first] === stayed[first]) {
    first++;
  }
  while (last > first && order[last] === stayed[last]) {
    last--;
  }
  for (let index = first; index <= last; index++) {
    touched.add(order[index]!);
  }
  return touched;
}

/** Return what depends on cells, through any number of others; and they. */
function dependants(
  cells: ReadonlySet<string>,
  edges: readonly IEdge[]
): Set<string> {
  const found = new Set(cells);
  if (!cells.size) {
    return found;
  }
  const readers = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const known = readers.get(from);
    if (known) {
      known.push(to);
    } else {
      readers.set(from, [to]);
    }
  }
  for (const cell of found) {
    // A set hands out also what is added while it is walked.
    readers.get(cell)?.forEach(reader => found.add(reader));
  }
  return found;
}

/** Return the cells from the first of some on, and new ones count as such. */
function following(
  touched: ReadonlySet<string>,
  cells: readonly ICellState[],
  digests: ReadonlyMap<string, string>
): Set<string> {
  const known = new Set(cells.map(cell => cell.id));
  const found = new Set<string>();
  let isAfter = cells.some(cell => !digests.has(cell.id));
  for (const id of digests.keys()) {
    isAfter ||= touched.has(id) || !known.has(id);
    if (isAfter) {
      found.add(id);
    }
  }
  return found;
}
