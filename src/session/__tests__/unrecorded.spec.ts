import type { Attachment, ICellFacts, IState } from '../../tokens';
import { Unrecorded } from '../unrecorded';

const off = { kind: 'off' } as Attachment;
const recording = { kind: 'recording' } as Attachment;

/** An answer of which only the ends of runs matter here. */
function answer(ends: Record<string, string | null>): IState {
  const facts = Object.entries(ends).map(([id, ended]) => ({ id, ended }));
  return { facts: facts as ICellFacts[] } as IState;
}

describe('cells that ran unrecorded', () => {
  it('are noted with the end of the run that was recorded before', () => {
    const cells = new Unrecorded();
    cells.note('a', off, answer({ a: 'noon', b: null }));
    cells.note('b', off, answer({ a: 'noon', b: null }));
    cells.note('c', off, answer({}));
    expect([...cells]).toEqual([
      ['a', 'noon'],
      ['b', null],
      ['c', null]
    ]);
  });

  it('learn of that run from the first answer, and from no later one', () => {
    const cells = new Unrecorded();
    cells.note('a', off, null);
    expect([...cells]).toEqual([['a', null]]);
    cells.settle(answer({ a: 'noon' }));
    cells.settle(answer({ a: 'evening' }));
    expect([...cells]).toEqual([['a', 'noon']]);
  });

  it('are none once they run recorded', () => {
    const cells = new Unrecorded();
    cells.note('a', off, null);
    cells.note('a', recording, null);
    cells.settle(answer({ a: 'noon' }));
    expect([...cells]).toEqual([]);
  });
});
