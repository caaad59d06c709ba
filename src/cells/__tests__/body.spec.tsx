import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import { actionsOf } from '../../timeline/actions';
import { Cells } from '../body';
import { CellsModel } from '../model';
import { edge, FakeSession, known, sessionsOf } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

/** Draw the section for a notebook. */
function draw(session: FakeSession | null): {
  execute: jest.Mock;
  model: CellsModel;
} {
  const commands = new CommandRegistry();
  const execute = jest.fn();
  commands.addCommand(CommandIDs.bringUpToDate, {
    execute,
    label: 'Bring Cell Up to Date…'
  });
  const model = new CellsModel(sessionsOf(session));
  model.isVisible = true;
  render(<Cells actions={actionsOf(commands)} model={model} trans={trans} />);
  return { execute, model };
}

/** A notebook: b reads a, c reads b. */
function chain(): FakeSession {
  const session = new FakeSession({
    a: 'a = 1',
    title: '# Results',
    b: 'b = a',
    c: 'print(b)'
  });
  session.answer(
    [
      known('a'),
      known('b', { freshness: 'edited', reason: 'its code was edited since' }),
      known(
        'c',
        {
          freshness: 'upstream stale',
          reason: 'reads b, which cell 3 changes'
        },
        {
          effects: [{ kind: 'clock', subject: 'time.time' }],
          writes: []
        }
      )
    ],
    [edge('a', 'b'), edge('b', 'c')]
  );
  return session;
}

const rows = (): HTMLElement[] => screen.getAllByRole('treeitem');

describe('the cells', () => {
  it('say what to do where there is nothing to see', () => {
    draw(null);
    expect(screen.getByRole('status').textContent).toBe(
      'Open a notebook to see its cells.'
    );
  });

  it('say that a notebook has no code yet', () => {
    draw(new FakeSession({ title: '# Title' }));
    expect(screen.getByRole('status').textContent).toMatch(
      /^This notebook has no code cells yet/
    );
  });

  it('say how to begin', () => {
    const session = new FakeSession({ a: 'a = 1' });
    session.answer([known('a', { freshness: 'never run' }, { ended: null })]);
    draw(session);
    expect(screen.getByRole('status').textContent).toMatch(/^Run a cell/);
  });

  it('are one row each, with what is so in words', () => {
    draw(chain());
    expect(rows().map(row => row.getAttribute('aria-label'))).toEqual([
      'Cell 1: a = 1. Fresh: nothing that it read has changed. Its checkpoint is saved.',
      'Results',
      'Cell 3: b = 1. Edited: its code was edited since. Its checkpoint is saved.',
      'Cell 4: c = 1. Upstream stale: reads b, which cell 3 changes. Its checkpoint is saved.'
    ]);
  });

  it('follow what becomes known', () => {
    const session = chain();
    draw(session);
    act(() => session.answer([known('b')]));
    expect(rows()[2]!.getAttribute('aria-label')).toMatch(/Fresh/);
  });

  it('say of the selected one what it reads and who reads it', () => {
    const session = chain();
    draw(session);
    fireEvent.click(rows()[2]!);
    expect(session.select).toHaveBeenLastCalledWith('b', true);
    const details = screen.getByRole('region', { name: 'Selected cell' });
    expect(details.textContent).toContain('Edited: its code was edited since.');
    fireEvent.click(screen.getByRole('button', { name: 'Cell 4 reads b' }));
    expect(session.selected).toBe('c');
    expect(details.textContent).toContain('It looked at the clock.');
    fireEvent.click(
      screen.getByRole('button', { name: 'Reads b from cell 3' })
    );
    expect(session.selected).toBe('b');
  });

  it('lead to the lines in which the selected one uses names', async () => {
    const session = chain();
    session.spans.mockImplementation(async text => {
      expect(text).toBe('b = a');
      return [
        { name: 'b', use: 'write', line: 1, start: 0, end: 1 },
        { name: 'a', use: 'read', line: 1, start: 4, end: 5 }
      ];
    });
    draw(session);
    fireEvent.click(rows()[2]!);
    const lines = await screen.findAllByRole('button', { name: 'line 1' });
    expect(lines.map(({ title }) => title)).toEqual([
      'Show a in the cell',
      'Show b in the cell'
    ]);
    fireEvent.click(lines[0]!);
    expect(session.show).toHaveBeenCalledWith('b', {
      name: 'a',
      use: 'read',
      line: 1,
      start: 4,
      end: 5
    });
  });

  it('say what they know of the selected one where no lines can be had', async () => {
    const session = chain();
    session.spans.mockRejectedValue(new Error('no answer'));
    draw(session);
    await act(async () => {
      fireEvent.click(rows()[2]!);
    });
    expect(
      screen.getByRole('button', { name: 'Reads a from cell 1' })
    ).not.toBeNull();
    expect(screen.queryByRole('button', { name: 'line 1' })).toBeNull();
  });

  it('say in words what flows along the lines', () => {
    const session = chain();
    session.answer(
      [known('a'), known('b'), known('c')],
      [
        edge('a', 'b', { names: ['x', 'y'] }),
        edge('b', 'c'),
        edge('a', 'c', { evidence: 'static' })
      ]
    );
    draw(session);
    const titles = rows().map(row =>
      [...row.querySelectorAll('title')].map(({ textContent }) => textContent)
    );
    const both = 'Cell 3 reads x, y from cell 1\nCell 4 may read a from cell 1';
    expect(titles[0]).toEqual([both]);
    // The heading between them, which they pass.
    expect(titles[1]).toEqual([both]);
    expect(titles[3]).toContain('Cell 4 may read a from cell 1');
    expect(titles[3]).toContain('Cell 4 reads b from cell 3');
  });

  it('do not say that nothing else changed a name since', () => {
    const session = chain();
    session.answer([
      known('a', {}, { ended: '2026-01-01T11:00:00Z', writes: ['x'] }),
      known('b', {}, { ended: '2026-01-01T10:00:00Z', writes: ['x'] }),
      // An earlier run of it may have set x at 12:00: that is not known here.
      known('c', {}, { ended: '2026-01-01T13:00:00Z', writes: [] })
    ]);
    draw(session);
    fireEvent.click(rows()[2]!);
    const details = screen.getByRole('region', { name: 'Selected cell' });
    expect(details.textContent).toContain('set by the last run of cell 1');
    expect(details.textContent).not.toContain('last changed');
  });

  it('offer what can be done', () => {
    const session = chain();
    const { execute } = draw(session);
    fireEvent.click(rows()[3]!);
    fireEvent.click(screen.getByRole('button', { name: 'Bring Up to Date…' }));
    expect(execute.mock.calls[0]![0]).toMatchObject({ cellId: 'c' });
  });

  it('are reached by keys', () => {
    const session = chain();
    draw(session);
    const press = (row: number, key: string): void => {
      act(() => rows()[row]!.focus());
      fireEvent.keyDown(rows()[row]!, { key });
    };
    expect(rows().map(row => row.tabIndex)).toEqual([0, -1, -1, -1]);
    press(0, 'End');
    expect(session.selected).toBe('c');
    expect(rows().map(row => row.tabIndex)).toEqual([-1, -1, -1, 0]);
    press(3, 'ArrowUp');
    expect(session.selected).toBe('b');
    press(2, 'Enter');
    expect(session.select).toHaveBeenLastCalledWith('b', true);
    press(1, 'ArrowLeft');
    expect(rows()).toHaveLength(2);
    expect(rows()[1]!.getAttribute('aria-expanded')).toBe('false');
    press(1, 'ArrowRight');
    expect(rows()).toHaveLength(4);
  });

  it('are reached by keys that are faster than the focus', () => {
    const session = chain();
    draw(session);
    const [first] = rows();
    act(() => first!.focus());
    fireEvent.keyDown(first!, { key: 'ArrowDown' });
    fireEvent.keyDown(first!, { key: 'ArrowDown' });
    expect(session.selected).toBe('b');
  });

  it('can be filtered', () => {
    draw(chain());
    fireEvent.click(screen.getByRole('checkbox', { name: 'Stale' }));
    expect(rows()).toHaveLength(2);
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'nothing' }
    });
    expect(screen.getByRole('status').textContent).toBe(
      'No cell is like that.'
    );
  });

  it('are drawn only as far as they are in sight', () => {
    const ids = Array.from({ length: 1000 }, (_, place) => `x${place}`);
    const session = new FakeSession(
      Object.fromEntries(ids.map(id => [id, `${id} = 1`]))
    );
    session.answer(ids.map(id => known(id)));
    draw(session);
    expect(rows().length).toBeLessThan(50);
    expect(rows()[0]!.getAttribute('aria-setsize')).toBe('1000');
  });

  it('do nothing while nobody looks', () => {
    const session = chain();
    const { model } = draw(session);
    model.isVisible = false;
    const changed = jest.fn();
    model.changed.connect(changed);
    session.answer([known('b')]);
    expect(changed).not.toHaveBeenCalled();
    act(() => {
      model.isVisible = true;
    });
    expect(changed).toHaveBeenCalledTimes(1);
  });
});
