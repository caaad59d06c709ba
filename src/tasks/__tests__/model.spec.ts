import { Signal } from '@lumino/signaling';

import type {
  IRewindSession,
  IRewindSessions,
  IRewindTasks,
  ITasks
} from '../../tokens';
import { INTERVAL, TasksModel } from '../model';

/** Return how tasks stand: so many of one cell are done. */
function standing(done: number, more: Partial<ITasks> = {}): ITasks {
  return {
    sequence: 1,
    session: 's',
    cells: [
      {
        ...{ cell: 'c', run: 'r', done, answered: 0, failed: 0 },
        ...{ running: 0, waiting: 0, reasons: [], began: '' }
      }
    ],
    managers: [],
    workers: [],
    most_workers: 2,
    moments: [],
    ...more
  };
}

class FakeTasks {
  readonly changed = new Signal<IRewindTasks, string>(this.own);
  readonly tasks = jest.fn(async () => this.answer);
  readonly list = jest.fn();
  readonly startWorkers = jest.fn(async () => this.answer);
  readonly stopWorkers = jest.fn(async () => this.answer);
  answer = standing(2);

  get own(): IRewindTasks {
    return this as unknown as IRewindTasks;
  }
}

class FakeSession {
  readonly stateChanged = new Signal<IRewindSession, void>(this.own);
  readonly attachment = { kind: 'recording', handshake: { session: 's' } };
  readonly path: string;
  state: { tasks: boolean; sequence: number } | null = null;

  constructor(path = 'one.ipynb') {
    this.path = path;
  }

  get own(): IRewindSession {
    return this as unknown as IRewindSession;
  }
}

function made(session = new FakeSession()): {
  tasks: FakeTasks;
  session: FakeSession;
  model: TasksModel;
  go: (to: FakeSession) => void;
} {
  const tasks = new FakeTasks();
  const sessions = {
    current: session.own,
    all: [session.own],
    currentChanged: new Signal<object, IRewindSession | null>({}),
    added: new Signal<object, IRewindSession>({})
  };
  const model = new TasksModel(
    tasks.own,
    sessions as unknown as IRewindSessions
  );
  const go = (to: FakeSession): void => {
    sessions.current = to.own;
    sessions.added.emit(to.own);
    sessions.currentChanged.emit(to.own);
  };
  return { tasks, session, model, go };
}

async function later(): Promise<void> {
  await jest.advanceTimersByTimeAsync(INTERVAL + 1);
}

describe('TasksModel', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('asks for nothing while there are no tasks', async () => {
    const { model, session, tasks } = made();
    model.isVisible = true;
    session.state = { tasks: false, sequence: 3 };
    session.stateChanged.emit();
    await later();
    expect(tasks.tasks).not.toHaveBeenCalled();
    expect(model.hasTasks).toBe(false);
  });

  it('asks when the records tell of tasks', async () => {
    const { model, session, tasks } = made();
    model.isVisible = true;
    session.state = { tasks: true, sequence: 1 };
    session.stateChanged.emit();
    await later();
    expect(tasks.tasks).toHaveBeenCalledWith('one.ipynb', 's');
    expect(model.hasTasks).toBe(true);
    session.stateChanged.emit(); // Nothing new.
    await later();
    expect(tasks.tasks).toHaveBeenCalledTimes(1);
  });

  it('asks when the server says so, not too often, and only in sight', async () => {
    const { model, tasks } = made();
    tasks.changed.emit('one.ipynb');
    await later();
    expect(tasks.tasks).not.toHaveBeenCalled();
    model.isVisible = true;
    await later();
    expect(tasks.tasks).toHaveBeenCalledTimes(1);
    for (let count = 0; count < 9; count++) {
      tasks.changed.emit('one.ipynb');
      tasks.changed.emit('other.ipynb');
    }
    await later();
    expect(tasks.tasks).toHaveBeenCalledTimes(2);
  });

  it('keeps what it shows when an answer can’t be had, and says why', async () => {
    const { model, tasks } = made();
    model.isVisible = true;
    tasks.changed.emit('one.ipynb');
    await later();
    tasks.tasks.mockRejectedValueOnce(new Error('No answer.'));
    tasks.changed.emit('one.ipynb');
    await later();
    expect(model.hasTasks).toBe(true);
    expect(model.problem).toBe('No answer.');
    tasks.changed.emit('one.ipynb');
    await later();
    expect(model.problem).toBe('');
  });

  it('shows nothing of another notebook', async () => {
    const { go, model, tasks } = made();
    model.isVisible = true;
    tasks.changed.emit('one.ipynb');
    await later();
    go(new FakeSession('two.ipynb'));
    expect(model.shown).toBeNull();
    await later();
    expect(model.hasTasks).toBe(false);
  });

  it('starts workers, and stops those of a manager', async () => {
    const { model, tasks } = made();
    const worker = { cores: 1, started: '' };
    tasks.answer = standing(0, {
      workers: [
        { ...worker, id: 'a', manager: 1 },
        { ...worker, id: 'b', manager: 2 }
      ]
    });
    model.isVisible = true;
    tasks.changed.emit('one.ipynb');
    await later();
    await model.startWorker(2);
    expect(tasks.startWorkers).toHaveBeenCalledWith('one.ipynb', 's', 2);
    await model.stopWorkers(2);
    expect(tasks.stopWorkers).toHaveBeenCalledWith('one.ipynb', ['b']);
    await model.stopWorkers(3);
    expect(tasks.stopWorkers).toHaveBeenCalledTimes(1);
    model.dispose();
  });
});
