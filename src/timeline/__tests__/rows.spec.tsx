import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { ICheckpoint } from '../../tokens';
import { type IRowsProps, Rows } from '../rows';
import { layoutTree } from '../tree';
import { offsetsOf, windowOf } from '../window';
import { checkpoint, history } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

/** Return checkpoints in one line, oldest first. */
function line(count: number, more: Partial<ICheckpoint> = {}): ICheckpoint[] {
  return Array.from({ length: count }, (_, place) =>
    checkpoint(`k${place}`, place ? `k${place - 1}` : null, more)
  );
}

function props(checkpoints: ICheckpoint[]): IRowsProps {
  const last = checkpoints[checkpoints.length - 1];
  return {
    tree: layoutTree(history(checkpoints)),
    selected: '',
    other: '',
    head: last?.id ?? '',
    session: 's',
    numbers: new Map(checkpoints.map(({ cell }, at) => [cell ?? '', at + 1])),
    trans,
    onSelect: jest.fn(),
    onMark: jest.fn(),
    onEnter: jest.fn()
  };
}

function options(): HTMLElement[] {
  return screen.getAllByRole('option');
}

describe('rows', () => {
  it('are drawn only in sight, and counted all', () => {
    render(<Rows {...props(line(1000))} />);
    expect(options().length).toBeLessThan(40);
    expect(options()[0]!.getAttribute('aria-setsize')).toBe('1000');
    expect(options()[2]!.getAttribute('aria-posinset')).toBe('3');
  });

  it('say in a sentence what they show', () => {
    const facts: Partial<ICheckpoint> = {
      title: 'df = load()',
      written: ['df', 'x'],
      bytes: 1_200_000,
      label: 'clean',
      keep: true
    };
    render(<Rows {...props(line(1, facts))} />);
    const said = options()[0]!.getAttribute('aria-label');
    expect(said).toMatch(/^Cell 1, clean, df = load\(\), /);
    expect(said).toContain('names: df, x, 1.2 MB, never evicted.');
    expect(said).toContain('It is saved. The kernel is here.');
  });

  it('say why a checkpoint can’t be brought back', () => {
    const lost = 'f is an open file.';
    const { container } = render(<Rows {...props(line(1, { lost }))} />);
    expect(options()[0]!.getAttribute('aria-label')).toContain(
      'It can’t be brought back: f is an open file.'
    );
    expect(container.querySelector('.jp-RewindTimeline-lostNode')).toBeTruthy();
  });

  it('say that a checkpoint’s contents were evicted', () => {
    const evicted = 'the store was over its budget';
    render(<Rows {...props(line(1, { evicted }))} />);
    expect(options()[0]!.getAttribute('aria-label')).toContain(
      'Contents of it are not in the store any more: the store was over its budget.'
    );
  });

  it('have one tab stop, which the arrows move', async () => {
    render(<Rows {...props(line(3))} />);
    const stops = (): (string | undefined)[] =>
      options()
        .filter(option => option.tabIndex === 0)
        .map(option => option.dataset.rewindCheckpoint);
    expect(stops()).toEqual(['k2']);
    fireEvent.keyDown(options()[0]!, { key: 'ArrowDown' });
    expect(stops()).toEqual(['k1']);
    fireEvent.keyDown(options()[1]!, { key: 'End' });
    expect(stops()).toEqual(['k0']);
    await new Promise(resolve => requestAnimationFrame(resolve));
    expect(document.activeElement).toBe(options()[2]);
  });

  it('keep the tab stop when it is scrolled out of sight', () => {
    render(<Rows {...props(line(500))} selected="k0" />);
    const last = options().find(option => option.tabIndex === 0);
    expect(last?.dataset.rewindCheckpoint).toBe('k0');
  });

  it('are selected by a click, marked by a shift-click or the space bar', () => {
    const given = props(line(3));
    render(<Rows {...given} />);
    fireEvent.click(options()[0]!);
    expect(given.onSelect).toHaveBeenLastCalledWith('k2');
    fireEvent.click(options()[1]!, { shiftKey: true });
    expect(given.onMark).toHaveBeenLastCalledWith('k1');
    fireEvent.keyDown(options()[2]!, { key: ' ' });
    expect(given.onMark).toHaveBeenLastCalledWith('k0');
    expect(given.onSelect).toHaveBeenCalledTimes(1);
    fireEvent.keyDown(options()[2]!, { key: 'Enter' });
    expect(given.onSelect).toHaveBeenLastCalledWith('k0');
    expect(given.onEnter).toHaveBeenCalledTimes(1);
  });

  it('leave other keys alone', () => {
    render(<Rows {...props(line(1))} />);
    expect(fireEvent.keyDown(options()[0]!, { key: 's' })).toBe(true);
  });
});

describe('windowOf', () => {
  const offsets = offsetsOf(layoutTree(history(line(1000))).rows);

  it.each([0, 1, 777, 20_000, 43_000, 99_999])(
    'covers what is in sight from %i on',
    top => {
      const height = 500;
      const [first, end] = windowOf(offsets, top, height);
      const total = offsets[offsets.length - 1]!;
      expect(offsets[first]).toBeLessThanOrEqual(Math.min(top, total));
      expect(offsets[end]).toBeGreaterThanOrEqual(
        Math.min(top + height, total)
      );
      expect(end - first).toBeLessThan(30);
    }
  );

  it('is empty for no rows', () => {
    expect(windowOf(offsetsOf([]), 0, 500)).toEqual([0, 0]);
  });
});
