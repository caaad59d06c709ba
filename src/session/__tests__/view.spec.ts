import { nullTranslator } from '@jupyterlab/translation';

import type { ICellFacts, ICellState, IEdge, IState } from '../../tokens';
import {
  type IAnswered,
  type IPresent,
  stateNow,
  touchedCells,
  viewNow
} from '../view';
import { Unrecorded } from '../unrecorded';

const trans = nullTranslator.load('jupyterlab_nbrewind');

function cell(id: string, more: Partial<ICellState> = {}): ICellState {
  return {
    id,
    index: 0,
    freshness: 'fresh',
    reason: '',
    execution: 'idle',
    checkpoint: 'saved',
    in_kernel: 'live',
    run: `run ${id}`,
    bytes: 0,
    seconds: 0,
    label: '',
    ...more
  };
}

function edge(from: string, to: string): IEdge {
  return { from, to, names: ['x'], kind: 'variable', evidence: 'observed' };
}

/** The answer about cells a, b and c, of which b reads a. */
function answered(cells = [cell('a'), cell('b'), cell('c')]): IAnswered {
  const state: IState = {
    sequence: 1,
    missing: [],
    reachable: true,
    cells,
    facts: cells.map(
      ({ id }) =>
        ({ id, source: `${id} text`, ended: null }) as unknown as ICellFacts
    ),
    edges: [edge('a', 'b')],
    head: 'here',
    last: '',
    plan: '',
    tasks: false
  };
  const digests = new Map(cells.map(({ id }) => [id, `${id} text`]));
  return { state, asked: { digests, kernel: 'k', session: 's' } };
}

function present(
  texts: Record<string, string> = {},
  more: Partial<IPresent> = {}
): IPresent {
  return {
    digests: new Map(
      Object.entries({ a: 'a text', b: 'b text', c: 'c text', ...texts })
    ),
    kernel: 'k',
    session: 's',
    execution: new Map(),
    unrecorded: new Unrecorded(),
    problem: '',
    ...more
  };
}

const words = (state: IState): string[] =>
  state.cells.map(({ freshness, id }) => `${id} ${freshness}`);

describe('stateNow', () => {
  it('is the answer while nothing has changed', () => {
    const before = answered();
    const now = stateNow(before, present(), trans);
    expect(now.cells).toEqual(before.state.cells);
    expect(now.head).toBe('here');
  });

  it('calls nothing fresh that was edited, nor what depends on it', () => {
    const now = stateNow(answered(), present({ a: 'another' }), trans);
    expect(words(now)).toEqual(['a edited', 'b unknown', 'c fresh']);
    expect(
      now.cells.every(({ freshness, reason }) =>
        freshness === 'fresh' ? !reason : !!reason
      )
    ).toBe(true);
  });

  it('trusts nothing below an edit when there is no answer', () => {
    const now = stateNow(
      answered(),
      present({ a: 'another' }, { problem: 'No answer.' }),
      trans
    );
    expect(words(now)).toEqual(['a edited', 'b unknown', 'c unknown']);
  });

  it('leaves what is known to be stale as it is', () => {
    const stale = cell('b', { freshness: 'input changed', reason: 'why' });
    const now = stateNow(
      answered([cell('a'), stale, cell('c')]),
      present({ a: 'another' }),
      trans
    );
    expect(now.cells[1]).toEqual(stale);
  });

  it('does not call a cell edited that has never run', () => {
    const now = stateNow(
      answered([cell('a', { freshness: 'never run' })]),
      present({ a: 'another' }),
      trans
    );
    expect(words(now)).toEqual(['a never run']);
  });

  it('knows nothing of a cell that ran unrecorded, until it is recorded', () => {
    const now = stateNow(
      answered([cell('a', { freshness: 'never run' }), cell('b'), cell('c')]),
      present(
        {},
        {
          unrecorded: new Unrecorded([
            ['a', null],
            ['b', null],
            ['c', 'before']
          ])
        }
      ),
      trans
    );
    expect(words(now)).toEqual(['a unknown', 'b unknown', 'c fresh']);
    expect(now.cells[0]!.reason).toBe('It ran while nothing was recorded.');
  });

  it('says of no value that it is in a kernel that is another one', () => {
    for (const other of [
      { kernel: 'k2' },
      { session: 's2' },
      { session: '' }
    ]) {
      const now = stateNow(answered(), present({}, other), trans);
      expect(now.cells.map(({ in_kernel }) => in_kernel)).toEqual([
        'no',
        'no',
        'no'
      ]);
      expect(now.head).toBe('');
    }
  });

  it('shows at once what runs and what waits to', () => {
    const now = stateNow(
      answered(),
      present({}, { execution: new Map([['b', 'running']]) }),
      trans
    );
    expect(now.cells.map(({ execution }) => execution)).toEqual([
      'idle',
      'running',
      'idle'
    ]);
  });

  it('says nothing of a cell that was deleted', () => {
    const now = present();
    const digests = new Map(now.digests);
    digests.delete('a');
    const view = viewNow(answered(), { ...now, digests }, trans);
    expect(view.cells.has('a')).toBe(false);
    expect(view.cells.get('b')?.state.freshness).toBe('unknown');
    expect(view.cells.get('c')?.state.freshness).toBe('fresh');
  });
});

test('touchedCells', () => {
  const texts = (order: string): Map<string, string> =>
    new Map([...order].map(id => [id, id]));
  const moved = (before: string, after: string): string =>
    [...touchedCells(texts(before), texts(after))].sort().join('');
  expect(moved('abc', 'abc')).toBe('');
  expect(moved('abc', 'abxc')).toBe('');
  expect(moved('abcd', 'acbd')).toBe('bc');
  expect(moved('abc', 'ac')).toBe('b');
});
