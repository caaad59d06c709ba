import { nullTranslator } from '@jupyterlab/translation';

import type { ICellTasks, ITaskFacts, ITaskManager } from '../../tokens';
import { outline } from '../spark';
import {
  logName,
  managerName,
  managerPhrases,
  momentsSentence,
  partPhrases,
  reasonSentence,
  taskPhrases,
  totalOf
} from '../words';

const trans = nullTranslator.load('jupyterlab_nbrewind');

const MANAGER: ITaskManager = {
  number: 2,
  name: '',
  port: 9123,
  status: 'open',
  workers: 2,
  cores: 4,
  refusal: ''
};

const TASKS: ICellTasks = {
  cell: 'c',
  run: 'r',
  waiting: 3,
  running: 1,
  done: 0,
  answered: 16,
  failed: 1,
  reasons: [],
  began: '2026-01-01T00:00:00Z'
};

const TASK: ITaskFacts = {
  number: 1,
  id: 7,
  name: 'tile',
  category: '',
  state: 'done',
  reason: '`tile()` changed',
  note: '',
  seconds: 2,
  host: 'node1',
  key: 'ab',
  is_recorded: true
};

describe('Words about tasks', () => {
  it('say how many are in which state', () => {
    expect(totalOf(TASKS)).toBe(21);
    expect(partPhrases(TASKS, trans)).toEqual([
      '16 answered',
      '1 failed',
      '1 running',
      '3 waiting'
    ]);
  });

  it('say why tasks were not answered', () => {
    const text = '`tile()` changed.';
    expect(reasonSentence({ text, count: 16 }, trans)).toBe(
      '16 were not answered: `tile()` changed.'
    );
    expect(reasonSentence({ text, count: 1 }, trans)).toBe(
      '1 was not answered: `tile()` changed.'
    );
  });

  it('name managers and say how they stand', () => {
    expect(managerName(MANAGER, trans)).toBe('Manager on port 9123');
    expect(managerName({ ...MANAGER, name: 'tiles' }, trans)).toBe(
      'Manager tiles'
    );
    const lazy: ITaskManager = { ...MANAGER, status: 'lazy', port: 0 };
    expect(managerName(lazy, trans)).toBe('Manager 2');
    expect(managerPhrases(MANAGER, 1, trans)).toEqual([
      'Open',
      '2 workers',
      '4 cores',
      '1 started here'
    ]);
    expect(managerPhrases({ ...MANAGER, workers: 0 }, 0, trans)).toEqual([
      'Open',
      'no worker'
    ]);
    expect(managerPhrases(lazy, 0, trans)[0]).toContain('Not open');
  });

  it('say what is known of one', () => {
    expect(taskPhrases(TASK, trans)).toEqual([
      '2 s',
      'on node1',
      'not answered: `tile()` changed'
    ]);
    const answered: ITaskFacts = { ...TASK, state: 'answered', reason: '' };
    expect(taskPhrases(answered, trans)).toEqual(['2 s saved', 'on node1']);
    const note = 'it raised ValueError';
    expect(
      taskPhrases({ ...TASK, state: 'failed', seconds: 0, note }, trans)
    ).toContain(note);
    expect(
      taskPhrases({ ...TASK, reason: note, note }, trans).filter(text =>
        text.includes(note)
      )
    ).toHaveLength(1);
  });
});

describe('Logs of managers', () => {
  it('are named, also those that are not known', () => {
    const known = ['transactions', 'taskgraph', 'performance', 'other'];
    const log = { manager: 2, bytes: 1, left_out: 0 };
    expect(known.map(name => logName({ ...log, name }, trans))).toEqual([
      'Transactions of manager 2',
      'Task graph of manager 2',
      'Performance of manager 2',
      'other of manager 2'
    ]);
  });
});

describe('How many tasks ran at a time', () => {
  const moments = [
    { seconds: 0, running: 1 },
    { seconds: 5, running: 4 },
    { seconds: 10, running: 0 }
  ];

  it('is said in words', () => {
    expect(momentsSentence(moments, trans)).toBe(
      'At most 4 tasks at a time, in 10 s.'
    );
  });

  it('is drawn in steps', () => {
    expect(outline(moments)).toBe(
      'M0,24H0.00V18.50H50.00V2.00H100.00V24.00H100V24Z'
    );
    expect(outline([])).toBe('');
    expect(outline([{ seconds: 0, running: 0 }])).not.toContain('NaN');
  });
});
