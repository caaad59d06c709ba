import { nullTranslator } from '@jupyterlab/translation';

import { cellRows, evictionRows, nameRows, notebookRows } from '../rows';
import {
  cleanedSentence,
  cleanupPhrases,
  leftSentence,
  removesSentence,
  storeSentences,
  targetText,
  usedSentence
} from '../words';
import { cleanup, evicted, share, stored, usage } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

const NUMBERS = new Map([
  ['a', 1],
  ['b', 2]
]);

describe('notebooks', () => {
  it('begin with the current one', () => {
    const [big, here] = [stored('dir/big.ipynb'), stored('here.ipynb')];
    const forget = jest.fn();
    const rows = notebookRows(usage([big, here]), here, forget, trans);
    expect(rows.map(({ label }) => label)).toEqual(['here.ipynb', 'big.ipynb']);
    expect(rows[0]!.phrases).toEqual(['this notebook', '4 checkpoints']);
    rows[1]!.action!.run();
    expect(forget).toHaveBeenCalledWith({ path: 'dir/big.ipynb' });
  });

  it('say what is special about them', () => {
    const facts = { evicted: 2, exists: false, kept: 1, own: 500_000 };
    const [row] = notebookRows(
      usage([stored('old.ipynb', { ...facts, budget: 2_000_000 })]),
      null,
      jest.fn(),
      trans
    );
    expect(row!.phrases).toEqual([
      'deleted',
      '4 checkpoints',
      '1 kept',
      '2 evicted',
      '500 kB of it alone',
      'may hold 2.0 MB'
    ]);
  });

  it('outside of the server’s folder can’t be forgotten here', () => {
    const [row] = notebookRows(
      usage([stored('', { file: '/elsewhere/x.ipynb' })]),
      null,
      jest.fn(),
      trans
    );
    expect(row).toMatchObject({ label: 'x.ipynb' });
    expect(row!.phrases[0]).toBe('in another folder');
    expect(row!.action!.whyNot).toContain('nbrewind forget');
  });

  it('may be links to what lies elsewhere', () => {
    const file = '/elsewhere/x.ipynb';
    const here = stored('link.ipynb', { file });
    const rows = notebookRows(
      usage([stored('', { file })]),
      here,
      jest.fn(),
      trans
    );
    expect(rows[0]).toMatchObject({ label: 'link.ipynb' });
    expect(rows[0]!.action!.whyNot).toBe('');
  });
});

describe('a notebook’s parts', () => {
  const part = {
    notebook: stored('n.ipynb'),
    cells: [
      share('b', 5, { title: 'df = load()' }),
      share('gone', 4, { title: 'old = 1' }),
      share('', 3)
    ],
    names: [share('df', 5), share('file:a.csv', 1, { title: 'file a.csv' })]
  };

  it('are its cells', () => {
    const forget = jest.fn();
    const rows = cellRows(part, NUMBERS, forget, trans);
    expect(rows.map(({ code, label }) => [label, code])).toEqual([
      ['Cell 2', 'df = load()'],
      ['A deleted cell', 'old = 1'],
      ['Changes between cells', '']
    ]);
    expect(rows.map(({ action }) => !!action!.whyNot)).toEqual([
      ...[false, false, true]
    ]);
    rows[0]!.action!.run();
    expect(forget).toHaveBeenCalledWith({ path: 'n.ipynb', cellId: 'b' });
  });

  it('are its names', () => {
    const forget = jest.fn();
    const [row, file] = nameRows(part, forget, trans);
    expect(row).toMatchObject({ label: '', code: 'df', bytes: 5 });
    expect(file).toMatchObject({ code: 'file a.csv' });
    expect(file!.action!.whyNot).toContain('no variable');
    row!.action!.run();
    expect(forget).toHaveBeenCalledWith({ path: 'n.ipynb', name: 'df' });
  });
});

describe('what is evicted', () => {
  it('is one row for each cell, the largest first', () => {
    const other = { path: 'other.ipynb', file: '/home/me/other.ipynb' };
    const rows = evictionRows(
      cleanup([
        evicted('a', { bytes: 10, seconds: 0.2 }),
        evicted('x', { ...other, bytes: 50, title: 'x = 1' }),
        evicted('a', { bytes: 20, seconds: 0.3 }),
        evicted('', { bytes: 5, seconds: 0, reason: 'no cell makes it again' })
      ]),
      path => (path === 'one.ipynb' ? NUMBERS : undefined),
      trans
    );
    expect(rows.map(({ bytes, code, label }) => [label, code, bytes])).toEqual([
      ['', 'x = 1', 50],
      ['Cell 1', '', 30],
      ['Changes between cells', '', 5]
    ]);
    expect(rows[1]!.phrases).toEqual([
      'one.ipynb',
      '2 runs',
      '0.5 s to recompute'
    ]);
    expect(rows[2]!.phrases[2]).toBe('no cell makes it again');
  });
});

describe('sentences', () => {
  it('say how much of the budget is used', () => {
    const said = (bytes: number, budget: number): string =>
      usedSentence({ bytes, budget }, trans);
    expect(said(3e6, 20e6)).toBe('3.0 MB of 20 MB used (15 %)');
    expect(said(1, 20e6)).toBe('1 B of 20 MB used (< 1 %)');
    expect(said(30e6, 20e6)).toBe('30 MB of 20 MB used (150 %)');
    expect(said(0, 0)).toBe('0 B of 0 B used (100 %)');
  });

  it('say what else there is', () => {
    expect(storeSentences(usage([]), trans)).toEqual([]);
    const full = usage([stored('a', { evicted: 1 }), stored('b')], {
      bytes: 21e6,
      garbage: 2e6
    });
    expect(storeSentences(full, trans)).toEqual([
      'That is 1.0 MB too much.',
      '2.0 MB are garbage: nothing refers to them.',
      '1 checkpoint lacks values that were evicted.'
    ]);
  });

  it('say what cleaning up would do, and did', () => {
    const one = cleanup([evicted('a', { seconds: 2 })], { garbage: 1e6 });
    expect(cleanupPhrases(one, trans)).toEqual([
      '3.0 MB freed',
      '1.0 MB of it garbage',
      'values of 1 run evicted',
      '2 s to recompute'
    ]);
    const gone = cleanup([evicted('', { seconds: 0 })]);
    expect(cleanupPhrases(gone, trans)).toContain('1 can’t be recomputed');
    expect(leftSentence(one, trans)).toBe('');
    expect(leftSentence({ ...one, budget: 1e6 }, trans)).toContain(
      '20 MB stay'
    );
    expect(cleanedSentence(one, trans)).toBe(
      'Cleaned up: 3.0 MB freed, values of 1 run evicted.'
    );
    expect(cleanedSentence({ ...one, evictions: [] }, trans)).toBe(
      'Cleaned up: 3.0 MB freed, nothing evicted.'
    );
    expect(
      cleanedSentence({ ...one, evictions: [], after: one.before }, trans)
    ).toBe('There was nothing to clean up.');
  });

  it('say what forgetting removes', () => {
    const forgotten = {
      ...{ path: 'd/n.ipynb', cell: '', name: '' },
      ...{ runs: 7, checkpoints: 5, bytes: 2e6, tasks: 0 }
    };
    expect(removesSentence(forgotten, trans)).toBe(
      'This removes 7 runs and 5 checkpoints, with code, outputs and values, and frees 2.0 MB.'
    );
    expect(removesSentence({ ...forgotten, name: 'df' }, trans)).toBe(
      'This removes its values from 5 checkpoints, also from what shares objects with it, and frees 2.0 MB. Code and outputs stay.'
    );
    const path = 'd/n.ipynb';
    expect(targetText({ path }, '', trans)).toBe('n.ipynb');
    expect(targetText({ path, cell: 'a' }, 'Cell 1', trans)).toBe(
      'Cell 1 of n.ipynb'
    );
    expect(targetText({ path, name: 'df' }, '', trans)).toBe(
      'the name df of n.ipynb'
    );
  });
});
