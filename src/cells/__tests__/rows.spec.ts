import type { IKnownCell } from '../../tokens';
import {
  arcsOf,
  firstLine,
  headingOf,
  type IChoice,
  type IItem,
  rowsOf
} from '../rows';
import { edge, known } from './fakes';

const ITEMS: IItem[] = [
  { id: 'imports', number: 1, level: 0, text: 'import math' },
  { id: 'h1', number: 2, level: 1, text: 'Data' },
  { id: 'a', number: 3, level: 0, text: 'a = load()' },
  { id: 'h2', number: 4, level: 2, text: 'Cleaning' },
  { id: 'b', number: 5, level: 0, text: 'b = clean(a)' },
  { id: 'h3', number: 7, level: 1, text: 'Results' },
  { id: 'c', number: 8, level: 0, text: 'print(b)' }
];

const EVERYTHING: IChoice = {
  collapsed: new Set(),
  filter: '',
  isStaleOnly: false,
  isPreludeShown: false
};

const CELLS = new Map<string, IKnownCell>([
  ['imports', known('imports', {}, { prelude: true, writes: ['math'] })],
  ['a', known('a', {}, { writes: ['a', 'frame'] })],
  ['b', known('b', { freshness: 'edited' })],
  ['c', known('c', { freshness: 'upstream stale' })]
]);

const cell = (id: string): IKnownCell | undefined => CELLS.get(id);
const ids = (choice: Partial<IChoice>): string[] =>
  rowsOf(ITEMS, cell, { ...EVERYTHING, ...choice }).rows.map(({ id }) => id);

describe('rowsOf', () => {
  it('shows all cells under their headings', () => {
    const { rows } = rowsOf(ITEMS, cell, EVERYTHING);
    expect(rows.map(({ depth, id }) => `${id} ${depth}`)).toEqual([
      'imports 1',
      'h1 1',
      'a 2',
      'h2 2',
      'b 3',
      'h3 1',
      'c 2'
    ]);
  });

  it('hides what stands below a collapsed heading, and counts what is stale', () => {
    const { places, rows } = rowsOf(ITEMS, cell, {
      ...EVERYTHING,
      collapsed: new Set(['h1'])
    });
    expect(rows.map(({ id }) => id)).toEqual(['imports', 'h1', 'h3', 'c']);
    expect(rows[1]).toMatchObject({ isCollapsed: true, staleHidden: 1 });
    expect(places.get('b')).toBe(1);
  });

  it('finds cells by text, name or number', () => {
    expect(ids({ filter: 'CLEAN' })).toEqual(['b']);
    expect(ids({ filter: 'frame' })).toEqual(['a']);
    expect(ids({ filter: '8' })).toEqual(['c']);
    expect(ids({ filter: 'nothing like it' })).toEqual([]);
  });

  it('shows only what is stale', () => {
    expect(ids({ isStaleOnly: true })).toEqual(['b', 'c']);
    expect(ids({ isStaleOnly: true, filter: 'print' })).toEqual(['c']);
  });
});

describe('arcsOf', () => {
  const EDGES = [edge('imports', 'a'), edge('a', 'b'), edge('b', 'c')];
  const arcs = (choice: Partial<IChoice>): string[] => {
    const all = { ...EVERYTHING, ...choice };
    return arcsOf(rowsOf(ITEMS, cell, all), EDGES, cell, all).map(
      ({ from, to }) => `${from} ${to}`
    );
  };

  it('leaves out what imports give, unless it is asked for', () => {
    expect(arcs({})).toEqual(['2 4', '4 6']);
    expect(arcs({ isPreludeShown: true })).toEqual(['0 2', '2 4', '4 6']);
  });

  it('leads to the heading that hides a cell', () => {
    expect(arcs({ collapsed: new Set(['h2']) })).toEqual(['2 3', '3 5']);
  });

  it('leaves out what is filtered out', () => {
    expect(arcs({ isStaleOnly: true })).toEqual(['0 1']);
  });
});

test('texts', () => {
  expect(firstLine('\n\n  x = 1\ny = 2')).toBe('x = 1');
  expect(firstLine('  \n')).toBe('');
  expect(headingOf('## Data ##\ntext')).toEqual({ level: 2, text: 'Data' });
  expect(headingOf('text\n# later')).toBeNull();
  expect(headingOf('#no heading')).toBeNull();
});
