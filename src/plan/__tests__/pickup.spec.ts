import type { ICodeCellModel } from '@jupyterlab/cells';
import { OutputAreaModel } from '@jupyterlab/outputarea';

import type { IOutputs } from '../../tokens';
import { outputsFrom } from '../pickup';
import { asShown, isSameShown, showRecorded } from '../recorded';
import { readRequest } from '../request';
import { Writers } from '../writers';
import { notebook, step } from './fakes';

describe('readRequest', () => {
  it('finds the plan and the cell, whichever run it is', () => {
    const found = { plan: 'b0a1', cell: 'a-b_c' };
    expect(readRequest('nbrewind-plan_b0a1_a-b_c')).toEqual(found);
    expect(readRequest('nbrewind-plan_b0a1_a-b_c:2')).toEqual(found);
  });

  it.each([
    '',
    'b0a1_a',
    'nbrewind-plan_b0a1',
    'nbrewind-plan_b0a1_',
    'nbrewind-plan_XY_a',
    'nbrewind-plan_b0a1_a:x',
    'x-nbrewind-plan_b0a1_a'
  ])('finds none in %p', id => {
    expect(readRequest(id)).toBeNull();
  });
});

describe('outputsFrom', () => {
  const done = step('a', 0, {}, { state: 'done', run: 'r', source: 'text' });
  const heard = { cell: 'a', isWhole: true, isEnded: true };
  const now = {
    live: undefined,
    text: 'text',
    isTouched: false,
    ranLater: false
  };

  it('needs no record of what was heard wholly', () => {
    expect(outputsFrom(done, { ...now, live: heard })).toBe('kernel');
  });

  it.each([
    ['nothing was heard', undefined],
    ['the beginning was missed', { ...heard, isWhole: false }],
    ['the end was missed', { ...heard, isEnded: false }]
  ])('takes the record where %s', (_, live) => {
    expect(outputsFrom(done, { ...now, live })).toBe('store');
  });

  it.each([
    ['has another text', { text: 'other' }],
    ['is gone', { text: '' }],
    ['was told to run in this page', { isTouched: true }],
    ['ran after the plan', { ranLater: true }]
  ])('leaves a cell alone that %s', (_, facts) => {
    expect(outputsFrom(done, { ...now, ...facts })).toBe('nowhere');
  });

  it('has nothing for a step without a run', () => {
    expect(outputsFrom({ ...done, run: '' }, now)).toBe('nowhere');
  });

  it('takes the record of what was loaded', () => {
    const loaded = { ...done, step: { ...done.step, action: 'load' as const } };
    expect(outputsFrom(loaded, now)).toBe('store');
  });
});

describe('recorded outputs', () => {
  const stream = (text: string | string[]): IOutputs['outputs'][number] =>
    ({ output_type: 'stream', name: 'stdout', text }) as never;
  const result = (count: number, text: string | string[]): never =>
    ({
      output_type: 'execute_result',
      execution_count: count,
      metadata: {},
      data: { 'text/plain': text }
    }) as never;

  it('are as a cell shows them', () => {
    const live = new OutputAreaModel();
    live.add(stream('a\nb') as never);
    live.add(stream('c\rdd\n') as never);
    const recorded = [stream(['a\n', 'b']), stream('c\rdd\n')];
    expect(asShown(recorded)).toEqual(live.toJSON());
    expect(asShown(recorded)).toHaveLength(1);
  });

  it('are the same whatever their counts and the form of their texts', () => {
    expect(isSameShown([result(1, 'x')], [result(2, ['x'])])).toBe(true);
    expect(isSameShown([result(1, 'x')], [result(1, 'y')])).toBe(false);
    expect(isSameShown([result(1, 'x')], [])).toBe(false);
  });

  it('replace what a cell shows, also where that was printed too', () => {
    const model = notebook('print(1)').cells.get(0) as ICodeCellModel;
    model.outputs.add(stream('old\n') as never);
    const recorded = {
      execution_count: 4,
      outputs: [stream('new\n')]
    } as unknown as IOutputs;
    expect(showRecorded(model, null, recorded)).toBe(true);
    for (const outputs of [
      model.outputs.toJSON(),
      model.sharedModel.getOutputs()
    ]) {
      expect(outputs).toHaveLength(1);
      expect(outputs).toMatchObject([{ name: 'stdout', text: 'new\n' }]);
    }
    expect(model.executionCount).toBe(4);
    expect(showRecorded(model, null, recorded)).toBe(false);
  });
});

describe('Writers', () => {
  const [first, second] = [{}, {}];
  const added: object[] = [];
  const add = (follower: object, model: ReturnType<typeof notebook>): void => {
    Writers.add(follower, () => model);
    added.push(follower);
  };

  afterEach(() => added.splice(0).forEach(Writers.remove));

  it('lets the first view of a notebook write, then the next', () => {
    const model = notebook('1');
    add(first, model);
    add(second, model);
    expect(Writers.isFirst(first)).toBe(true);
    expect(Writers.isFirst(second)).toBe(false);
    Writers.remove(first);
    expect(Writers.isFirst(second)).toBe(true);
  });

  it('lets views of different notebooks write', () => {
    add(first, notebook('1'));
    add(second, notebook('1'));
    expect(Writers.isFirst(second)).toBe(true);
  });

  it('knows who is here, and whose turn it is when one has left', () => {
    const shared = (clientID: number, names: Record<number, string>): never =>
      ({
        sharedModel: {
          awareness: {
            clientID,
            getStates: () =>
              new Map(
                Object.entries(names).map(([id, nbrewind]) => [
                  Number(id),
                  { nbrewind }
                ])
              )
          }
        }
      }) as never;
    const model = shared(7, { 3: 'one', 7: 'two' });
    expect(Writers.isHere(model, 'one')).toBe(true);
    expect(Writers.isHere(model, 'three')).toBe(false);
    expect(Writers.turn(model)).toBe(1);
    expect(Writers.turn(shared(3, { 3: 'one', 7: 'two' }))).toBe(0);
    expect(Writers.isHere(null, 'one')).toBe(false);
    expect(Writers.turn(null)).toBe(0);
  });
});
