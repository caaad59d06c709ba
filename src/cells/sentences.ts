/**
 * What is known of a cell, in sentences. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICellFacts, IEdge, IEffect } from '../tokens';

/** A sentence that names another cell. */
export interface ICellSentence {
  /** The other cell's id. */
  readonly cell: string;
  /** The names that it tells of. */
  readonly names: readonly string[];
  readonly text: string;
}

/** How many names are listed before the rest is counted. */
const MOST_NAMES = 6;

/** Return names as a list; those beyond a few are counted. */
export function namesText(
  names: readonly string[],
  trans: TranslationBundle
): string {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return more > 0 ? trans.__('%1 and %2 more', shown, more) : shown;
}

/** In which order edges are told: what cells set up for all others comes last. */
const KINDS: readonly IEdge['kind'][] = [
  'variable',
  'mutation',
  'file',
  'task',
  'call',
  'order',
  'ambient'
];

/**
 * Return what a cell reads from others, one sentence for each edge.
 *
 * @param edges - Edges that lead to the cell
 * @param number - Returns the number of a cell
 * @param trans - The application's language
 */
export function readSentences(
  edges: readonly IEdge[],
  number: (cell: string) => number | undefined,
  trans: TranslationBundle
): ICellSentence[] {
  const sorted = KINDS.flatMap(wanted =>
    edges.filter(({ kind }) => kind === wanted)
  );
  return sorted.flatMap(edge => {
    const place = number(edge.from);
    return place === undefined
      ? []
      : [
          {
            cell: edge.from,
            names: edge.names,
            text: readSentence(edge, place, trans)
          }
        ];
  });
}

function readSentence(
  { evidence, kind, names }: IEdge,
  number: number,
  trans: TranslationBundle
): string {
  const what = namesText(names, trans);
  if (evidence === 'static' && kind !== 'order') {
    return trans.__('May read %1 from cell %2', what, number);
  }
  switch (kind) {
    case 'variable':
    case 'file':
      return trans.__('Reads %1 from cell %2', what, number);
    case 'mutation':
      return trans.__('Reads %1, which cell %2 changes', what, number);
    case 'call':
      return trans.__(
        'Uses %1 of cell %2, in a function that it calls',
        what,
        number
      );
    case 'ambient':
      return trans.__('Depends on %1, set by cell %2', what, number);
    case 'order':
      return trans.__('Read %1 of cell %2, which stands below', what, number);
    case 'task':
      return trans.__('Waits for %1 of cell %2', what, number);
  }
}

/**
 * Return who reads what a cell makes, one sentence for each edge.
 *
 * @param edges - Edges that lead from the cell
 * @param number - Returns the number of a cell
 * @param trans - The application's language
 */
export function readerSentences(
  edges: readonly IEdge[],
  number: (cell: string) => number | undefined,
  trans: TranslationBundle
): ICellSentence[] {
  return edges.flatMap(({ evidence, names, to }) => {
    const place = number(to);
    if (place === undefined) {
      return [];
    }
    const what = namesText(names, trans);
    const text =
      evidence === 'static'
        ? trans.__('Cell %1 may read %2', place, what)
        : trans.__('Cell %1 reads %2', place, what);
    return [{ cell: to, names, text }];
  });
}

/** How many lines are said of one line of the graph before the rest is counted. */
const MOST_FLOWS = 8;

/**
 * Return what flows along a line of the graph, one line of text for each edge.
 *
 * @param edges - The edges that the line stands for
 * @param number - Returns the number of a cell
 * @param trans - The application's language
 */
export function flowText(
  edges: readonly IEdge[],
  number: (cell: string) => number | undefined,
  trans: TranslationBundle
): string {
  const lines = edges.slice(0, MOST_FLOWS).map(edge => {
    const { evidence, from, names, to } = edge;
    const what = namesText(names, trans);
    return evidence === 'static'
      ? trans.__(
          'Cell %1 may read %2 from cell %3',
          number(to),
          what,
          number(from)
        )
      : trans.__(
          'Cell %1 reads %2 from cell %3',
          number(to),
          what,
          number(from)
        );
  });
  const more = edges.length - lines.length;
  if (more > 0) {
    lines.push(trans._n('and %1 more', 'and %1 more', more));
  }
  return lines.join('\n');
}

/** Return what a cell's last run did besides its values, in sentences. */
export function effectSentences(
  facts: ICellFacts,
  trans: TranslationBundle
): string[] {
  const sentences = facts.effects.map(effect => effectSentence(effect, trans));
  const outside = facts.outside.flatMap(({ names }) => names);
  if (outside.length) {
    sentences.unshift(
      trans.__('It read %1.', namesText([...new Set(outside)], trans))
    );
  }
  for (const reason of facts.unknown) {
    sentences.push(
      trans.__('Not all of it is known: %1.', reason.replace(/\.$/, ''))
    );
  }
  if (facts.opaque) {
    sentences.push(
      trans.__(
        'Its text can’t be analysed: %1.',
        facts.opaque.replace(/\.$/, '')
      )
    );
  }
  return [...new Set(sentences)];
}

function effectSentence(
  { kind, subject }: IEffect,
  trans: TranslationBundle
): string {
  const what = subject ?? '';
  switch (kind) {
    case 'clock':
      return trans.__('It looked at the clock.');
    case 'exit':
      return trans.__('It asked the kernel to end.');
    case 'file':
      return trans.__('It made or removed %1.', what);
    case 'input':
      return trans.__('It asked for input.');
    case 'module':
      return trans.__('It used the local module %1.', what);
    case 'network':
      return what
        ? trans.__('It used the network: %1.', what)
        : trans.__('It used the network.');
    case 'process':
      return what
        ? trans.__('It started a process: %1.', what)
        : trans.__('It started a process.');
    case 'randomness':
      return what
        ? trans.__('It drew random numbers: %1.', what)
        : trans.__('It drew random numbers.');
    case 'thread':
      return trans.__('It left a thread at work.');
  }
}
