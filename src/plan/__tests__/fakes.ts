import { NotebookModel, type NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import type {
  IOutputs,
  IPlan,
  IPlanStep,
  IRewindSession,
  PlanActionWord
} from '../../tokens';

/** Return a step; by default one that waits to run. */
export function step(
  cell: string,
  index: number,
  facts: Partial<IPlanStep['step']> = {},
  more: Partial<Omit<IPlanStep, 'step'>> = {}
): IPlanStep {
  return {
    step: {
      cell,
      index,
      action: 'run',
      reason: 'its text was edited',
      seconds: 0,
      run: '',
      prelude: false,
      ...facts
    },
    title: `${cell} = 1`,
    state: 'waiting',
    seconds: 0,
    run: '',
    source: '',
    error: '',
    note: '',
    ...more
  };
}

/** Return a plan; by default a proposed one without steps. */
export function plan(facts: Partial<IPlan> = {}): IPlan {
  return {
    id: 'b0a1',
    path: 'work.ipynb',
    kernel: 'k',
    owner: 'me',
    target: 'all',
    cell: '',
    state: 'proposed',
    reason: '',
    missing: [],
    head: '',
    steps: [],
    seconds: 0,
    saved: 0,
    started: null,
    ended: null,
    ...facts
  };
}

/** Return a notebook of code cells with these texts; ids are a, b, c, … */
export function notebook(...sources: string[]): NotebookModel {
  const model = new NotebookModel();
  model.fromJSON({
    cells: sources.map((source, index) => ({
      cell_type: 'code',
      id: String.fromCharCode(97 + index),
      source,
      metadata: {},
      outputs: [],
      execution_count: null
    })),
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5
  });
  return model;
}

/** What plans need of a session. */
export class FakeSession {
  constructor(readonly model: NotebookModel = notebook()) {
    this.panel = {
      content: { model, widgets: [] },
      disposed: new Signal({})
    } as unknown as NotebookPanel;
  }

  readonly panel: NotebookPanel;
  plan: IPlan | null = null;
  ownsPlan = true;
  readonly planChanged = new Signal<this, IPlan | null>(this);
  /** What was proposed and done, in words. */
  readonly log: string[] = [];
  /** What is proposed next. */
  proposed: () => Promise<IPlan> = () => Promise.resolve(plan());
  /** Answers an action on a plan. */
  acted: (action: PlanActionWord) => IPlan = () => plan({ state: 'running' });
  /** Recorded outputs by run. */
  readonly recorded = new Map<string, IOutputs>();

  propose(
    target: string,
    cell = '',
    forced: readonly string[] = []
  ): Promise<IPlan> {
    this.log.push(`propose ${[target, cell, ...forced].join(' ')}`.trim());
    return this.proposed();
  }

  act(id: string, action: PlanActionWord): Promise<IPlan> {
    this.log.push(`${action} ${id}`);
    const plan = this.acted(action);
    if (action === 'acknowledge') {
      this.tell(null);
    } else {
      this.tell(plan);
    }
    return Promise.resolve(plan);
  }

  outputs(run: string): Promise<IOutputs> {
    this.log.push(`outputs ${run}`);
    const found = this.recorded.get(run);
    return found
      ? Promise.resolve(found)
      : Promise.reject(new Error(`There is no run ${run}.`));
  }

  select(cell: string): void {
    this.log.push(`select ${cell}`);
  }

  /** Let the session know of a plan. */
  tell(plan: IPlan | null): void {
    this.plan = plan;
    this.planChanged.emit(plan);
  }

  /** As what it stands for. */
  get session(): IRewindSession {
    return this as unknown as IRewindSession;
  }
}

/** Let promises that are settled go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}
