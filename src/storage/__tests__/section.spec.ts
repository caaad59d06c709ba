import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { act, fireEvent, screen, within } from '@testing-library/react';

import { CommandIDs } from '../../commands';
import { FakeSession, FakeSessions } from '../../timeline/__tests__/fakes';
import { StorageSection } from '../section';
import { FakeStorage, share, stored, usage } from './fakes';

declare const globalThis: { IS_REACT_ACT_ENVIRONMENT: boolean };

const trans = nullTranslator.load('jupyterlab_nbrewind');

let section: StorageSection;
let fake: FakeStorage;
let sessions: FakeSessions;
let executed: jest.Mock;

/** Wait until all that was promised is done, and drawn. */
async function drawn(change: () => void = () => undefined): Promise<void> {
  await act(async () => {
    change();
    await new Promise(resolve => setTimeout(resolve, 50));
  });
}

/** Show the section. */
function show(): Promise<void> {
  return drawn(() => Widget.attach(section, document.body));
}

beforeEach(() => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  fake = new FakeStorage();
  sessions = new FakeSessions();
  sessions.open(Object.assign(new FakeSession(), { path: 'one.ipynb' }));
  executed = jest.fn();
  const commands = new CommandRegistry();
  for (const id of [CommandIDs.cleanUp, CommandIDs.forget]) {
    commands.addCommand(id, {
      describedBy: {},
      execute: args => executed(id, args)
    });
  }
  section = new StorageSection({
    commands,
    sessions: sessions.sessions,
    storage: fake.storage,
    trans
  });
});

afterEach(async () => {
  await drawn(() => section.dispose());
});

describe('the section', () => {
  it('asks only while it is shown', async () => {
    section.hide();
    await show();
    expect(fake.usage).not.toHaveBeenCalled();
    await drawn(() => section.show());
    expect(fake.usage).toHaveBeenCalledTimes(1);
  });

  it('shows the budget in words and for screen readers', async () => {
    fake.usage.mockResolvedValue(
      usage([stored('one.ipynb', { evicted: 3 })], { garbage: 5000 })
    );
    await show();
    expect(section.node.textContent).toContain('3.0 MB of 20 MB used (15 %)');
    expect(section.node.textContent).toContain('3 checkpoints lack values');
    expect(section.node.textContent).toContain('5.0 kB are garbage');
    const meter = screen.getByRole('meter', { name: 'Store' });
    expect(meter.getAttribute('aria-valuetext')).toContain('15 %');
  });

  it('offers to clean up and to forget', async () => {
    fake.notebook.mockResolvedValue({
      notebook: stored('one.ipynb'),
      cells: [share('cell b', 7)],
      names: [share('df', 5)]
    });
    await show();
    const click = (name: string | RegExp): void => {
      fireEvent.click(screen.getByRole('button', { name }));
    };
    click('Clean Up…');
    expect(executed).toHaveBeenLastCalledWith(CommandIDs.cleanUp, {});
    const path = 'one.ipynb';
    click('Forget This Notebook…');
    expect(executed).toHaveBeenLastCalledWith(CommandIDs.forget, { path });
    click('Forget what is recorded of Cell 2…');
    const cell = { path, cellId: 'cell b' };
    expect(executed).toHaveBeenLastCalledWith(CommandIDs.forget, cell);
    click('Forget the values of df…');
    const name = { path, name: 'df' };
    expect(executed).toHaveBeenLastCalledWith(CommandIDs.forget, name);
  });

  it('is the same for a notebook that can’t be edited', async () => {
    const { model } = sessions.current!.panel.content;
    Object.assign(model!, { readOnly: true });
    await show();
    const button = screen.getByRole('button', { name: /Forget This/ });
    expect(button.getAttribute('aria-disabled')).toBe('false');
  });

  it('says when nothing is recorded', async () => {
    fake.notebook.mockResolvedValue({ notebook: null, cells: [], names: [] });
    await show();
    expect(section.node.textContent).toContain(
      'Nothing is recorded of this notebook.'
    );
    fake.usage.mockResolvedValue(usage([], { bytes: 0, budget: 0 }));
    await drawn(() => fake.changed.emit());
    expect(section.node.textContent).toMatch(/^Nothing is recorded yet/);
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('says what is wrong, and asks again', async () => {
    fake.usage.mockRejectedValueOnce(new Error('The store can’t be read.'));
    await show();
    expect(screen.getByRole('alert').textContent).toBe(
      'The store can’t be read.'
    );
    await drawn(() =>
      fireEvent.click(screen.getByRole('button', { name: 'Ask Again' }))
    );
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.getByRole('meter')).toBeTruthy();
  });
});

describe('a list', () => {
  beforeEach(async () => {
    fake.notebook.mockResolvedValue({
      notebook: stored('one.ipynb'),
      cells: [],
      names: Array.from({ length: 500 }, (_, place) =>
        share(`v${place}`, 1000 - place)
      )
    });
    await show();
  });

  function names(): HTMLElement {
    return screen.getByRole('list', { name: 'Names of this notebook' });
  }

  function rows(): HTMLElement[] {
    return within(names()).getAllByRole('listitem');
  }

  it('shows a dozen, all when asked to, and draws what is in sight', async () => {
    expect(rows()).toHaveLength(12);
    expect(rows()[0]!.getAttribute('aria-setsize')).toBe('500');
    await drawn(() =>
      fireEvent.click(screen.getByRole('button', { name: 'Show All 500' }))
    );
    expect(rows().length).toBeGreaterThan(12);
    expect(rows().length).toBeLessThan(60);
    fireEvent.click(screen.getByRole('button', { name: 'Show the First 12' }));
    expect(rows()).toHaveLength(12);
  });

  it('is one stop of the tabulator, with arrows inside', async () => {
    const stops = (): string[] =>
      within(names())
        .getAllByRole('button')
        .filter(({ tabIndex }) => tabIndex === 0)
        .map(button => button.getAttribute('aria-label')!);
    expect(stops()).toEqual(['Forget the values of v0…']);
    const press = (key: string): Promise<void> =>
      drawn(() => fireEvent.keyDown(document.activeElement!, { key }));
    await drawn(() => within(names()).getAllByRole('button')[0]!.focus());
    await press('ArrowDown');
    await press('ArrowDown');
    expect(stops()).toEqual(['Forget the values of v2…']);
    expect(document.activeElement?.getAttribute('aria-label')).toBe(
      'Forget the values of v2…'
    );
    await press('End');
    expect(stops()).toEqual(['Forget the values of v11…']);
  });

  it('keeps the keyboard’s place when a row is gone', async () => {
    const button = within(names()).getAllByRole('button')[3]!;
    await drawn(() => button.focus());
    fake.notebook.mockResolvedValue({
      notebook: stored('one.ipynb'),
      cells: [],
      names: [share('v0', 3), share('v1', 2), share('v2', 1), share('v4', 1)]
    });
    await drawn(() => fake.changed.emit());
    expect(document.activeElement?.getAttribute('aria-label')).toBe(
      'Forget the values of v4…'
    );
  });
});
