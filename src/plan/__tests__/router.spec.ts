import type { ISessionContext } from '@jupyterlab/apputils';

import { type ILiveRun, OutputRouter } from '../router';
import { cell, FakeCell, FakeConnection } from './pages';

const A = 'nbrewind-plan_b0a1_a';
const B = 'nbrewind-plan_b0a1_b';

describe('plan outputs', () => {
  let kernel: FakeConnection;
  let cells: Record<string, FakeCell>;
  let router: OutputRouter;
  let ended: ILiveRun[];

  beforeEach(() => {
    kernel = new FakeConnection();
    cells = { a: cell('print(1)'), b: cell('b') };
    ended = [];
    router = new OutputRouter({
      sessionContext: kernel as unknown as ISessionContext,
      begin: (id, code) => {
        const found = cells[id];
        const isMeant =
          code === null || code === found?.model.sharedModel.getSource();
        return isMeant ? (found?.cell ?? null) : null;
      },
      isTimed: () => false
    });
    router.ended.connect((_, run) => ended.push(run));
    router.follow('b0a1');
  });

  afterEach(() => router.dispose());

  it('clears what the cell showed and shows what it prints', () => {
    const { a } = cells;
    a!.model.outputs.add({ output_type: 'stream', name: 'stdout', text: 'x' });
    kernel.begin(A, 'print(1)', 7);
    expect(a!.model.executionState).toBe('running');
    expect(a!.outputHidden).toBe(false);
    kernel.print(A, '1\n');
    kernel.print(A, '2\n');
    expect(a!.texts).toEqual(['1\n2\n']);
    kernel.end(A);
    expect(a!.model.executionState).toBe('idle');
    expect(a!.model.executionCount).toBe(7);
    expect(ended).toHaveLength(1);
    expect(router.of('a')).toMatchObject({ isWhole: true, isEnded: true });
  });

  it('shows results and errors', () => {
    kernel.begin(A, 'print(1)', 1);
    kernel.say(A, 'execute_result', {
      data: { 'text/plain': '42' },
      metadata: {},
      execution_count: 1
    });
    kernel.say(A, 'error', { ename: 'E', evalue: 'bad', traceback: ['bad'] });
    kernel.end(A);
    expect(cells.a!.texts).toEqual(['42', 'bad']);
  });

  it('waits with clearing until there is something new', () => {
    kernel.begin(A, 'print(1)', 1);
    kernel.print(A, 'old');
    kernel.say(A, 'clear_output', { wait: true });
    expect(cells.a!.texts).toEqual(['old']);
    kernel.print(A, 'new');
    expect(cells.a!.texts).toEqual(['new']);
    kernel.say(A, 'clear_output', { wait: false });
    expect(cells.a!.texts).toEqual([]);
  });

  it('updates a display of another cell, and of the user’s runs since', () => {
    const shown = (text: string, id = 'd'): object => ({
      data: { 'text/plain': text },
      metadata: {},
      transient: { display_id: id }
    });
    kernel.begin(A, 'print(1)', 1);
    kernel.say(A, 'display_data', shown('one'));
    kernel.end(A);
    kernel.begin(B, 'b', 2);
    kernel.say(B, 'update_display_data', shown('two'));
    kernel.say(B, 'update_display_data', shown('other', 'unknown'));
    kernel.end(B);
    expect(cells.a!.texts).toEqual(['two']);
    expect(cells.b!.texts).toEqual([]);
    kernel.say('of the user', 'update_display_data', shown('three'));
    expect(cells.a!.texts).toEqual(['three']);
  });

  it('keeps what came before the plan was known here', () => {
    const other = 'nbrewind-plan_c0c0_a';
    kernel.begin(other, 'print(1)', 3);
    kernel.print(other, 'early');
    expect(cells.a!.texts).toEqual([]);
    router.follow('c0c0');
    expect(cells.a!.texts).toEqual(['early']);
    kernel.end(other);
    expect(router.of('a')).toMatchObject({ isWhole: true, isEnded: true });
  });

  it('takes what a thread prints after the cell has ended', () => {
    kernel.begin(A, 'print(1)', 1);
    kernel.end(A);
    kernel.print(A, 'late');
    expect(cells.a!.texts).toEqual(['late']);
  });

  it('writes nothing to a cell whose text is another', () => {
    cells.a!.model.outputs.add({
      output_type: 'stream',
      name: 'stdout',
      text: 'mine'
    });
    kernel.begin(A, 'print(2)', 1);
    expect(cells.a!.texts).toEqual(['mine']);
    expect(cells.a!.model.executionState).toBe('idle');
    expect(router.of('a')).toBeUndefined();
  });

  it('writes nothing more of a run whose beginning was not for the cell', () => {
    kernel.begin(A, 'print(2)', 1);
    kernel.print(A, 'of another text');
    kernel.end(A);
    expect(cells.a!.texts).toEqual([]);
    expect(router.of('a')).toBeUndefined();
  });

  it('leaves what is not of a plan alone', () => {
    kernel.begin('of the user', 'print(1)', 1);
    kernel.print('of the user', 'x');
    kernel.print('', 'y');
    expect(cells.a!.texts).toEqual([]);
  });

  it('knows that it missed the beginning', () => {
    kernel.print(A, 'rest');
    kernel.end(A);
    expect(cells.a!.texts).toEqual(['rest']);
    expect(router.of('a')).toMatchObject({ isWhole: false, isEnded: true });
  });

  it('knows that it missed something while the connection was away', () => {
    kernel.begin(A, 'print(1)', 1);
    kernel.connectionStatusChanged.emit('connecting');
    kernel.connectionStatusChanged.emit('connected');
    kernel.end(A);
    expect(router.of('a')).toMatchObject({ isWhole: false, isEnded: true });
  });

  it('lets go of a cell that the user runs', () => {
    kernel.begin(A, 'print(1)', 1);
    cells.a!.outputArea.future.dispose();
    expect(router.of('a')).toMatchObject({ isWhole: false, isEnded: true });
    kernel.print(A, 'x');
    expect(cells.a!.texts).toEqual([]);
  });

  it('replaces the outputs of a cell that runs twice', () => {
    kernel.begin(A, 'print(1)', 1);
    kernel.print(A, 'first');
    kernel.end(A);
    kernel.begin(`${A}:2`, 'print(1)', 2);
    kernel.print(`${A}:2`, 'second');
    kernel.end(`${A}:2`);
    expect(cells.a!.texts).toEqual(['second']);
    expect(cells.a!.model.executionCount).toBe(2);
  });
});
