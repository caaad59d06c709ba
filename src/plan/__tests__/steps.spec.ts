import { nullTranslator } from '@jupyterlab/translation';

import type { IPlan } from '../../tokens';
import { resultOf, rowsOf, summaryOf, type Verdict, verdictOf } from '../steps';
import {
  durationText,
  endSentence,
  progressSentence,
  summaryPhrases,
  targetTitle
} from '../words';
import { plan, step } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

const STEPS = [
  step('a', 0, { action: 'skip', run: 'r1' }),
  step('b', 2, { action: 'load', run: 'r2' }),
  step('c', 3, { seconds: 1.5 }, { note: 'it writes out.csv' }),
  step('d', 6, { seconds: 2.5 })
];

describe('rowsOf', () => {
  it('counts cells from 1 and lets only what would not run be forced', () => {
    const rows = rowsOf(plan({ steps: STEPS }), new Set(['d']));
    expect(rows.map(row => row.number)).toEqual([1, 3, 4, 7]);
    expect(rows.map(row => row.canForce)).toEqual([true, true, false, true]);
    expect(rows.map(row => row.isForced)).toEqual([false, false, false, true]);
    expect(rows[2]!.note).toBe('it writes out.csv');
  });
});

describe('summary', () => {
  const phrases = (facts: Parameters<typeof plan>[0], cells: number) =>
    summaryPhrases(summaryOf(plan(facts), cells), trans);

  it('says what runs, loads, stays and is saved', () => {
    expect(phrases({ steps: STEPS, saved: 35 }, 15)).toEqual([
      '2 cells run (about 4 s)',
      '1 is loaded',
      '12 stay as they are',
      'saves 35 s'
    ]);
  });

  it('says nothing of what is not known or not there', () => {
    expect(phrases({ steps: [step('a', 0)], saved: 0.02 }, 1)).toEqual([
      '1 cell runs'
    ]);
  });

  it('never counts below nothing while cells are deleted', () => {
    expect(summaryOf(plan({ steps: STEPS }), 1).stay).toBe(0);
  });
});

describe('verdictOf', () => {
  it.each<[Partial<IPlan>, Verdict]>([
    [{ steps: STEPS }, 'ready'],
    [{ steps: [step('b', 2, { action: 'load' })] }, 'ready'],
    [{ steps: [step('a', 0, { action: 'skip' })] }, 'nothing'],
    [{ reason: 'Nothing is stale.' }, 'nothing'],
    [{ steps: STEPS, reason: 'The kernel is busy.' }, 'blocked']
  ])('of %o is %s', (facts, expected) => {
    expect(verdictOf(plan(facts))).toBe(expected);
  });
});

describe('resultOf', () => {
  it('names only what was reached', () => {
    const steps = [
      step('a', 0, { action: 'skip' }, { state: 'done' }),
      step('b', 1, { action: 'load' }, { state: 'done' }),
      step('c', 2, {}, { state: 'done' }),
      step('d', 3, {}, { state: 'failed' }),
      step('e', 4, {}, { state: 'left' })
    ];
    expect(resultOf(plan({ state: 'failed', reason: 'No.', steps }))).toEqual({
      plan: 'b0a1',
      state: 'failed',
      reason: 'No.',
      ran: ['c', 'd'],
      loaded: ['b'],
      skipped: ['a']
    });
  });
});

describe('durationText', () => {
  it.each([
    [0, 'less than 0.1 s'],
    [0.14, '0.1 s'],
    [4, '4 s'],
    [9.97, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [80, '1 min 20 s'],
    [3599.7, '1 h 0 min'],
    [7500, '2 h 5 min']
  ])('of %d s is %s', (seconds, expected) => {
    expect(durationText(seconds, trans)).toBe(expected);
  });
});

describe('targetTitle', () => {
  it('names the cell', () => {
    expect(targetTitle({ target: 'cell', cell: 'a', number: 7 }, trans)).toBe(
      'Bring cell 7 up to date'
    );
  });
});

describe('endSentence', () => {
  const steps = [
    step('a', 0, {}, { state: 'done' }),
    step('b', 3, {}, { state: 'done' }),
    step('c', 4, {}, { state: 'left' })
  ];

  it.each([
    ['done', false, 'The plan is done. 2 cells ran.'],
    [
      'done',
      true,
      'The plan finished while this page was closed. 2 cells ran.'
    ],
    ['failed', false, 'The plan failed. Cell 5 ended.'],
    [
      'failed',
      true,
      'The plan failed while this page was closed. Cell 5 ended.'
    ],
    ['cancelled', false, 'The plan was cancelled. Cells 1, 4 were done.'],
    ['stopped', false, 'The plan stopped. Cell 5 ended.'],
    ['running', false, '']
  ] as const)('of %s (%s) is %s', (state, wasAway, expected) => {
    const ended = plan({ state, steps, reason: 'Cell 5 ended.' });
    expect(endSentence(ended, wasAway, trans)).toBe(expected);
  });

  it('says when a cancelled plan had done nothing', () => {
    expect(endSentence(plan({ state: 'cancelled' }), false, trans)).toMatch(
      /before any cell/
    );
  });
});

describe('progressSentence', () => {
  it('says which cell runs, and how many', () => {
    const steps = [
      step('a', 0, { action: 'load' }, { state: 'done' }),
      step('b', 6, {}, { state: 'done' }),
      step('c', 8, {}, { state: 'running' }),
      step('d', 9)
    ];
    expect(progressSentence(plan({ steps }), trans)).toBe(
      'Cell 9 is running (2 of 3)'
    );
    expect(progressSentence(plan(), trans)).toBe('The plan is at work…');
  });
});
