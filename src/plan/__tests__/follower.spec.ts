import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { sourceDigest } from '../../api/digest';
import type { IOutputs, IPlan, IPlanStep } from '../../tokens';
import { type IEnded, OutputFollower } from '../follower';
import { FakeSession, notebook, plan, settle, step } from './fakes';
import { cellsOf, FakeCell, FakeConnection } from './pages';

const SOURCES = ['n = 2', 'print(n)', 'print(n + 1)'];
const IDS = ['a', 'b', 'c'];

/** A session of a notebook whose kernel a test speaks for. */
class Page extends FakeSession {
  constructor() {
    super(notebook(...SOURCES));
    this.cells = cellsOf(this.model);
    Object.assign(this.panel, {
      content: {
        model: this.model,
        widgets: this.cells,
        notebookConfig: { recordTiming: false }
      },
      context: { ready: this.ready },
      disposed: new Signal({}),
      sessionContext: this.kernel
    } as unknown as NotebookPanel);
  }

  readonly kernel = new FakeConnection();
  readonly cells: FakeCell[];
  readonly ready = Promise.resolve();
  /** When a cell's newest run ended, by cell. */
  readonly endings = new Map<string, string>();

  cell(id: string): unknown {
    return { facts: { id, ended: this.endings.get(id) ?? null } };
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }
}

/** Return the plan with its steps in these states; their runs are r-a, …. */
function course(
  states: readonly IPlanStep['state'][],
  facts: Partial<IPlan> = {}
): IPlan {
  return plan({
    state: 'running',
    started: '2026-01-01T00:00:00Z',
    steps: states.map((state, index) =>
      step(
        IDS[index]!,
        index,
        {},
        {
          state,
          source: sourceDigest(SOURCES[index]!),
          run: state === 'done' || state === 'failed' ? `r-${IDS[index]}` : ''
        }
      )
    ),
    ...facts
  });
}

function recorded(text: string, count = 9): IOutputs {
  return {
    execution_count: count,
    outputs: [{ output_type: 'stream', name: 'stdout', text }]
  } as unknown as IOutputs;
}

const request = (cell: string): string => `nbrewind-plan_b0a1_${cell}`;

describe('OutputFollower', () => {
  let page: Page;
  let follower: OutputFollower;
  let ended: IEnded[];

  const follow = (): void => {
    follower = new OutputFollower(page.session);
    follower.ended.connect((_, end) => ended.push(end));
  };

  beforeEach(() => {
    jest.useFakeTimers();
    page = new Page();
    for (const id of IDS) {
      page.recorded.set(`r-${id}`, recorded(`recorded ${id}`));
    }
    ended = [];
  });

  afterEach(() => {
    follower.dispose();
    jest.useRealTimers();
  });

  it('shows what waits, what runs, and what it says; asks for no record', async () => {
    follow();
    page.tell(course(['waiting', 'waiting', 'waiting']));
    expect(page.cells.map(({ prompt }) => prompt)).toEqual(['*', '*', '*']);
    page.tell(course(['done', 'running', 'waiting']));
    page.kernel.begin(request('b'), SOURCES[1]!, 5);
    expect(page.cells[1]!.model.executionState).toBe('running');
    page.kernel.print(request('b'), 'two');
    page.kernel.end(request('b'));
    page.tell(course(['done', 'done', 'left'], { state: 'cancelled' }));
    await settle();
    expect(page.cells[1]!.texts).toEqual(['two']);
    expect(page.cells[2]!.prompt).toBe('');
    expect(page.log).not.toContain('outputs r-b');
    expect(ended).toMatchObject([{ wasAway: false }]);
  });

  it('waits with the end until the kernel has said its last word', async () => {
    follow();
    page.tell(course(['running']));
    page.kernel.begin(request('a'), SOURCES[0]!, 5);
    page.tell(course(['done'], { state: 'done' }));
    await settle();
    expect(ended).toEqual([]);
    page.kernel.print(request('a'), 'late');
    page.kernel.end(request('a'));
    await settle();
    expect(ended).toHaveLength(1);
    expect(page.cells[0]!.texts).toEqual(['late']);
  });

  it('takes what it has not heard from the store, and acknowledges once', async () => {
    page.plan = course(['done', 'done', 'failed'], {
      state: 'failed',
      ended: '2026-01-01T00:00:09Z'
    });
    follow();
    await settle();
    await settle();
    expect(page.cells.flatMap(({ texts }) => texts)).toEqual([
      'recorded a',
      'recorded b',
      'recorded c'
    ]);
    expect(ended).toMatchObject([{ wasAway: true }]);
    jest.advanceTimersByTime(5000);
    await settle();
    page.tell(null);
    await settle();
    expect(page.log.filter(line => line === 'acknowledge b0a1')).toHaveLength(
      1
    );
    expect(ended).toHaveLength(1);
  });

  it('leaves cells alone that were edited, or ran since', async () => {
    page.endings.set('b', '2026-01-01T00:00:10Z');
    page.cells[2]!.model.sharedModel.setSource('print("edited")');
    page.plan = course(['done', 'done', 'done'], {
      state: 'done',
      ended: '2026-01-01T00:00:09Z'
    });
    follow();
    await settle();
    expect(page.cells.map(({ texts }) => texts)).toEqual([
      ['recorded a'],
      [],
      []
    ]);
  });

  it('leaves what ran since alone when it meets an older plan', async () => {
    follow();
    await settle();
    jest.advanceTimersByTime(60000);
    page.endings.set('a', '2026-01-01T00:00:10Z');
    page.tell(
      course(['done'], { state: 'done', ended: '2026-01-01T00:00:09Z' })
    );
    await settle();
    expect(page.cells[0]!.texts).toEqual([]);
    expect(ended).toMatchObject([{ wasAway: false }]);
  });

  it('acknowledges what a page before it began', async () => {
    page.ownsPlan = false;
    follow();
    page.tell(course(['running']));
    page.tell(course(['done'], { state: 'done' }));
    await settle();
    jest.advanceTimersByTime(5000);
    expect(page.log).toContain('acknowledge b0a1');
  });

  it('writes nothing to a cell that is edited before it runs', async () => {
    follow();
    page.tell(course(['waiting']));
    page.cells[0]!.model.sharedModel.setSource('n = 3');
    page.tell(course(['running']));
    page.kernel.begin(request('a'), SOURCES[0]!, 5);
    page.kernel.print(request('a'), 'of the text before');
    page.kernel.end(request('a'));
    page.tell(course(['done'], { state: 'done' }));
    await settle();
    expect(page.cells[0]!.texts).toEqual([]);
    expect(page.cells[0]!.model.executionState).toBe('idle');
  });

  it('leaves a cell to the user who runs it meanwhile', async () => {
    follow();
    page.tell(course(['waiting', 'running']));
    (NotebookActions.executionScheduled as Signal<unknown, unknown>).emit({
      notebook: page.panel.content,
      cell: page.cells[0]!
    });
    page.kernel.begin(request('a'), SOURCES[0]!, 5);
    page.kernel.print(request('a'), 'of the plan');
    page.kernel.end(request('a'));
    page.tell(course(['done', 'left'], { state: 'stopped' }));
    await settle();
    expect(page.cells[0]!.texts).toEqual([]);
  });

  describe('of a shared notebook', () => {
    beforeEach(() => {
      Object.defineProperty(page.model, 'collaborative', { value: true });
    });

    const run = async (): Promise<void> => {
      follow();
      page.tell(course(['running']));
      page.kernel.begin(request('a'), SOURCES[0]!, 5);
      page.kernel.print(request('a'), 'live');
      page.kernel.end(request('a'));
      page.tell(course(['done'], { state: 'done' }));
      await settle();
    };

    it('writes in the page that owns the plan', async () => {
      await run();
      expect(page.cells[0]!.texts).toEqual(['live']);
    });

    it('writes in no other page', async () => {
      page.ownsPlan = false;
      await run();
      expect(page.cells[0]!.texts).toEqual([]);
      expect(page.log).toEqual([]);
    });

    /** Two pages: this one, and the one that began the plan. */
    const meet = (): { owner: boolean; changed: () => void } => {
      const pages = { owner: true, changed: (): void => undefined };
      page.ownsPlan = false;
      Object.defineProperty(page.model.sharedModel, 'awareness', {
        value: {
          clientID: 2,
          getStates: () =>
            new Map([
              [2, { nbrewind: 'other' }],
              [0, {}],
              ...(pages.owner ? [[1, { nbrewind: 'me' }] as const] : [])
            ]),
          setLocalStateField: () => undefined,
          on: (_: string, listener: () => void) => {
            pages.changed = listener;
          },
          off: () => undefined
        }
      });
      return pages;
    };

    it('stands in for an owner that is gone without a word', async () => {
      meet();
      await run();
      jest.advanceTimersByTime(8000);
      await settle();
      expect(page.cells[0]!.texts).toEqual([]);
      jest.advanceTimersByTime(2000);
      await settle();
      await settle();
      expect(page.cells[0]!.texts).toEqual(['recorded a']);
      expect(page.log).toContain('acknowledge b0a1');
    });

    it('stands in at once for an owner that leaves during the plan', async () => {
      const pages = meet();
      follow();
      await settle();
      page.tell(course(['done', 'running']));
      await settle();
      expect(page.cells[0]!.texts).toEqual([]);
      pages.owner = false;
      pages.changed();
      jest.advanceTimersByTime(2000);
      await settle();
      await settle();
      expect(page.cells[0]!.texts).toEqual(['recorded a']);
      page.kernel.begin(request('b'), SOURCES[1]!, 6);
      page.kernel.print(request('b'), 'live');
      page.kernel.end(request('b'));
      page.tell(course(['done', 'done'], { state: 'done' }));
      await settle();
      expect(page.cells[1]!.texts).toEqual(['live']);
      expect(page.log).not.toContain('acknowledge b0a1');
      jest.advanceTimersByTime(2000);
      await settle();
      expect(page.log).toContain('acknowledge b0a1');
    });
  });
});
