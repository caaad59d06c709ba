import { nullTranslator } from '@jupyterlab/translation';

import { isGone, isSameMark, markOf } from '../mark';
import { DEFAULT_SETTINGS, readSettings } from '../settings';
import { markSentence } from '../words';
import { known } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

describe('markOf', () => {
  it('shows nothing where nothing is known', () => {
    expect(markOf(undefined, true, '')).toBeNull();
  });

  it('calls nothing fresh while there is no newer answer', () => {
    const mark = markOf(known('a'), false, 'The server does not answer.');
    expect(mark).toMatchObject({
      freshness: 'unknown',
      reason: 'The server does not answer.'
    });
    const edited = markOf(known('a', { freshness: 'edited' }), false, 'x');
    expect(edited).toMatchObject({ freshness: 'edited' });
  });

  it.each([
    { freshness: 'edited' },
    { reason: 'another' },
    { execution: 'running' },
    { checkpoint: 'lost' },
    { in_kernel: 'restored' },
    { run: null }
  ] as const)('notices a change of %o', change => {
    const before = markOf(known('a'), false, '');
    expect(isSameMark(before, markOf(known('a'), false, ''))).toBe(true);
    expect(isSameMark(before, markOf(known('a', change), false, ''))).toBe(
      false
    );
    expect(isSameMark(before, null)).toBe(false);
  });

  it('notices a pin', () => {
    const [free, pinned] = [false, true].map(pin =>
      markOf(known('a'), pin, '')
    );
    expect(isSameMark(free!, pinned!)).toBe(false);
  });
});

describe('isGone', () => {
  it.each([
    [{ in_kernel: 'no' }, true],
    [{ in_kernel: 'no', run: null }, false],
    [{ in_kernel: 'no', execution: 'running' }, false],
    [{ in_kernel: 'live' }, false],
    [{ in_kernel: 'restored' }, false]
  ] as const)('of %o is %s', (facts, expected) => {
    expect(isGone(markOf(known('a', facts), false, '')!)).toBe(expected);
  });
});

describe('markSentence', () => {
  const sentence = (
    facts: Parameters<typeof known>[1],
    isPinned = false
  ): string => markSentence(markOf(known('a', facts), isPinned, '')!, trans);

  it('says freshness, reason and checkpoint', () => {
    expect(
      sentence({ freshness: 'input changed', reason: 'df has another value' })
    ).toBe('Input changed: df has another value. Its checkpoint is saved.');
  });

  it('ends a reason that is a sentence once', () => {
    expect(
      sentence({ freshness: 'edited', reason: 'Being compared.' })
    ).toMatch(/^Edited: Being compared\. Its/);
  });

  it('says that values are gone only of what has run', () => {
    const gone = 'Its values are not in the kernel now.';
    expect(sentence({ in_kernel: 'no' })).toContain(gone);
    expect(sentence({ in_kernel: 'no', run: null })).not.toContain(gone);
  });

  it('says what it does and that it is pinned', () => {
    expect(
      sentence({ execution: 'running', checkpoint: 'none', reason: '' }, true)
    ).toBe('Fresh. It is running. Pinned: no plan runs it again.');
  });
});

describe('readSettings', () => {
  it('takes what is set', () => {
    const composite = {
      badge: 'always',
      fadeStaleOutputs: false,
      markGoneOutputs: false
    };
    expect(readSettings({ composite })).toEqual(composite);
  });

  it('falls back for what is not there or not understood', () => {
    expect(readSettings({ composite: { badge: 'loud' } })).toEqual(
      DEFAULT_SETTINGS
    );
  });

  it('has the defaults of the schema', () => {
    const { properties } = jest.requireActual(
      '../../../schema/notebook.json'
    ) as { properties: Record<string, { default: unknown }> };
    const defaults = Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, value.default])
    );
    expect(defaults).toEqual(DEFAULT_SETTINGS);
  });
});
