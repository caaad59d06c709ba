import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { fireEvent } from '@testing-library/react';

import { CommandIDs } from '../../commands';
import { dialogShown } from '../../timeline/__tests__/dialogs';
import { FakeSession, FakeSessions } from '../../timeline/__tests__/fakes';
import type { IPlan } from '../../tokens';
import { addStorageCommands } from '../commands';
import { cleanup, evicted, FakeStorage, stored } from './fakes';

declare const globalThis: { IS_REACT_ACT_ENVIRONMENT: boolean };

const trans = nullTranslator.load('jupyterlab_nbrewind');

let fake: FakeStorage;
let session: FakeSession;
let commands: CommandRegistry;

beforeEach(() => {
  // Dialogs draw when they like.
  globalThis.IS_REACT_ACT_ENVIRONMENT = false;
  fake = new FakeStorage();
  session = Object.assign(new FakeSession(), { path: 'one.ipynb' });
  const sessions = new FakeSessions();
  sessions.open(session);
  commands = new CommandRegistry();
  const storage = fake.storage;
  addStorageCommands({
    commands,
    sessions: sessions.sessions,
    storage,
    trans
  });
  Notification.manager.dismiss();
});

/** What the user was told last. */
function told(): string {
  return Notification.manager.notifications[0]?.message ?? '';
}

/** The button that does what is shown, and whether it can be used. */
function acceptButton(dialog: { node: HTMLElement }): HTMLElement {
  return dialog.node.querySelector<HTMLElement>(
    '.jp-Dialog-button.jp-mod-accept'
  )!;
}

/** The fields of the limits: the store's, and the notebook's. */
function fields(dialog: {
  node: HTMLElement;
}): [store: HTMLInputElement, notebook: HTMLInputElement] {
  const [store, notebook] = dialog.node.querySelectorAll('input');
  return [store!, notebook!];
}

describe.each([CommandIDs.cleanUp, CommandIDs.forget])('%s', id => {
  it('says what arguments it takes', async () => {
    const { args } = await commands.describedBy(id);
    expect(args).toMatchObject({ type: 'object' });
    expect(args!.properties).toHaveProperty('confirmed');
  });
});

describe('clean-up', () => {
  it('shows what goes before it is done, and says what was', async () => {
    const result = commands.execute(CommandIDs.cleanUp);
    const dialog = await dialogShown('values of 1 run evicted');
    expect(dialog.node.textContent).toContain('Cell 1');
    expect(dialog.node.textContent).toContain('Never touched');
    expect(fake.cleanUp).not.toHaveBeenCalled();
    acceptButton(dialog).click();
    const done = await result;
    expect(done).toMatchObject({ done: true, cancelled: false, problem: '' });
    expect(done.cleanup.evictions).toHaveLength(1);
    expect(fake.cleanUp).toHaveBeenCalledWith(undefined);
    expect(told()).toBe('Cleaned up: 3.0 MB freed, values of 1 run evicted.');
  });

  it('takes another budget, and shows what goes then', async () => {
    const result = commands.execute(CommandIDs.cleanUp);
    const dialog = await dialogShown('values of 1 run evicted');
    fake.previewCleanUp.mockResolvedValueOnce(
      cleanup([evicted('cell a'), evicted('cell b')], { budget: 7_500_000 })
    );
    const input = dialog.node.querySelector('input')!;
    expect(input.value).toBe('20');
    fireEvent.change(input, { target: { value: '7.5' } });
    await dialogShown('values of 2 runs evicted');
    expect(fake.previewCleanUp).toHaveBeenLastCalledWith(7_500_000);
    // Enter in the field is no decision.
    fireEvent.keyDown(input, { key: 'Enter' });
    expect(dialog.isDisposed).toBe(false);
    acceptButton(dialog).click();
    await result;
    expect(fake.cleanUp).toHaveBeenCalledWith(7_500_000);
  });

  it('does nothing if the user does not want it', async () => {
    const result = commands.execute(CommandIDs.cleanUp);
    (await dialogShown('evicted')).reject();
    expect(await result).toEqual({
      cancelled: true,
      cleanup: null,
      done: false,
      problem: ''
    });
    expect(fake.cleanUp).not.toHaveBeenCalled();
  });

  it('can’t be done where there is nothing to clean up', async () => {
    fake.previewCleanUp.mockResolvedValue(
      cleanup([], { before: 5e6, after: 5e6 })
    );
    const result = commands.execute(CommandIDs.cleanUp);
    const dialog = await dialogShown('there is nothing to clean up');
    const button = acceptButton(dialog);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    button.click();
    expect(dialog.isDisposed).toBe(false);
    dialog.reject();
    expect(await result).toMatchObject({ cancelled: true });
  });

  it('says why it failed', async () => {
    fake.cleanUp.mockRejectedValue(new Error('The disk is full.'));
    const args = { confirmed: true, budget: 1000 };
    expect(await commands.execute(CommandIDs.cleanUp, args)).toEqual({
      cancelled: false,
      cleanup: null,
      done: false,
      problem: 'The disk is full.'
    });
    expect(fake.cleanUp).toHaveBeenCalledWith(1000);
    expect(told()).toBe('The disk is full.');
  });
});

describe('set-budget', () => {
  beforeEach(() => {
    fake.notebook.mockImplementation(async path => ({
      notebook: stored(path, { budget: 2_000_000 }),
      cells: [],
      names: []
    }));
  });

  it('asks how much the store and this notebook may hold', async () => {
    const result = commands.execute(CommandIDs.setBudget);
    const dialog = await dialogShown('Nothing is removed now');
    const [store, notebook] = fields(dialog);
    expect([store.value, notebook.value]).toEqual(['20', '2']);
    expect(notebook.labels?.[0]?.textContent).toContain('one.ipynb');
    fireEvent.change(store, { target: { value: '30' } });
    fireEvent.change(notebook, { target: { value: '' } });
    acceptButton(dialog).click();
    expect(await result).toMatchObject({ done: true, problem: '' });
    expect(fake.setBudget.mock.calls).toEqual([
      [30_000_000, ''],
      [null, 'one.ipynb']
    ]);
    expect(Notification.manager.notifications.map(one => one.message)).toEqual([
      'one.ipynb may hold as much as the store.',
      'The store may hold 30 MB.'
    ]);
  });

  it('sets only what was changed, and nothing without a decision', async () => {
    const first = commands.execute(CommandIDs.setBudget);
    (await dialogShown('Nothing is removed now')).reject();
    expect(await first).toMatchObject({ cancelled: true });
    const second = commands.execute(CommandIDs.setBudget);
    acceptButton(await dialogShown('Nothing is removed now')).click();
    expect(await second).toMatchObject({ cancelled: true });
    expect(fake.setBudget).not.toHaveBeenCalled();
  });

  it('takes no negative size', async () => {
    const result = commands.execute(CommandIDs.setBudget);
    const dialog = await dialogShown('Nothing is removed now');
    const [store] = fields(dialog);
    fireEvent.change(store, { target: { value: '-3' } });
    acceptButton(dialog).click();
    await result;
    expect(fake.setBudget).not.toHaveBeenCalled();
  });

  it('does not ask where it is given a size', async () => {
    const args = { budget: 5_000_000, path: 'two.ipynb' };
    await commands.execute(CommandIDs.setBudget, args);
    expect(fake.setBudget).toHaveBeenCalledWith(5_000_000, 'two.ipynb');
    expect(told()).toBe('two.ipynb may hold 5.0 MB.');
  });

  it('says why it failed', async () => {
    fake.setBudget.mockRejectedValue(new Error('It is set elsewhere.'));
    expect(
      await commands.execute(CommandIDs.setBudget, { budget: 1 })
    ).toMatchObject({ done: false, problem: 'It is set elsewhere.' });
    fake.usage.mockRejectedValue(new Error('The server is gone.'));
    expect(await commands.execute(CommandIDs.setBudget)).toMatchObject({
      problem: 'The server is gone.'
    });
    expect(told()).toBe('The server is gone.');
  });
});

describe('forget', () => {
  it('says what is removed for good, and asks', async () => {
    const result = commands.execute(CommandIDs.forget);
    const dialog = await dialogShown('7 runs and 5 checkpoints');
    expect(dialog.node.textContent).toContain('Forget one.ipynb?');
    expect(dialog.node.textContent).toContain('This can’t be undone');
    expect(fake.forget).not.toHaveBeenCalled();
    acceptButton(dialog).click();
    const { forgotten } = await result;
    expect(forgotten).toMatchObject({ runs: 7, checkpoints: 5 });
    const target = { path: 'one.ipynb', cell: '', name: '' };
    expect(fake.forget).toHaveBeenCalledWith(target);
    expect(told()).toContain('Forgotten: one.ipynb (5 checkpoints');
  });

  it('forgets a cell, or a name', async () => {
    const args = { cellId: 'cell b' };
    const result = commands.execute(CommandIDs.forget, args);
    const dialog = await dialogShown('Forget Cell 2 of one.ipynb?');
    dialog.reject();
    expect(await result).toMatchObject({ cancelled: true, forgotten: null });
    await commands.execute(CommandIDs.forget, { name: 'df', confirmed: true });
    const target = { path: 'one.ipynb', cell: '', name: 'df' };
    expect(fake.forget).toHaveBeenCalledWith(target);
  });

  it('waits for what can’t be known yet', async () => {
    fake.previewForget.mockRejectedValue(new Error('There is no such cell.'));
    const result = commands.execute(CommandIDs.forget, { cellId: 'x' });
    const dialog = await dialogShown('There is no such cell.');
    const button = acceptButton(dialog);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    dialog.reject();
    await result;
    expect(fake.forget).not.toHaveBeenCalled();
  });

  it('needs a notebook on which no plan is at work', () => {
    expect(commands.isEnabled(CommandIDs.forget)).toBe(true);
    session.plan = { state: 'running' } as IPlan;
    expect(commands.isEnabled(CommandIDs.forget)).toBe(false);
    expect(commands.caption(CommandIDs.forget)).toContain('A plan is at work');
    const other = { path: 'other.ipynb' };
    expect(commands.isEnabled(CommandIDs.forget, other)).toBe(true);
  });
});
