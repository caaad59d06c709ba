import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../../commands';
import type { IPlan } from '../../tokens';
import { addRewindCommands } from '../commands';
import { Rewinder } from '../rewinder';
import {
  answer,
  checkpoint,
  FakeSession,
  FakeSessions,
  history
} from './fakes';
import { dialogShown } from './dialogs';

const trans = nullTranslator.load('jupyterlab_nbrewind');

function setup(fake: FakeSession | null = new FakeSession()): CommandRegistry {
  const commands = new CommandRegistry();
  const sessions = new FakeSessions();
  sessions.open(fake);
  addRewindCommands({
    commands,
    pointedAt: () => '',
    rewinder: new Rewinder(trans),
    sessions: sessions.sessions,
    trans
  });
  return commands;
}

const lossy = answer({
  done: false,
  lost: [{ name: 'handle', reason: 'an open file can’t be saved' }]
});

afterEach(() => {
  Notification.dismiss();
});

/** What a rewind does besides, by default. */
const NEITHER = { partial: false, files: false };

describe('rewind-to-cell', () => {
  it('rewinds to the active cell', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    const result = await setup(fake).execute(CommandIDs.rewindToCell);
    expect(fake.rewind).toHaveBeenCalledWith('cell a', NEITHER);
    expect(result).toMatchObject({ done: true, answer: { after: 'a' } });
  });

  it('rewinds to the cell, or the checkpoint, that is named', async () => {
    const fake = new FakeSession();
    fake.record('cell b');
    const commands = setup(fake);
    await commands.execute(CommandIDs.rewindToCell, { cellId: 'cell b' });
    expect(fake.rewind).toHaveBeenLastCalledWith('cell b', NEITHER);
    await commands.execute(CommandIDs.rewindToCell, {
      checkpoint: 'x',
      partial: true
    });
    expect(fake.rewind).toHaveBeenLastCalledWith('x', {
      partial: true,
      files: false
    });
  });

  it('says what was done, with a way back', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    fake.history = history([checkpoint('a', null)]);
    await setup(fake).execute(CommandIDs.rewindToCell);
    const [note] = Notification.manager.notifications;
    expect(note?.message).toBe('Rewound to “Cell 1” in 12 ms.');
    expect(note?.options.actions?.map(action => action.label)).toEqual([
      'Undo',
      'Details'
    ]);
    note?.options.actions?.[0]?.callback({} as MouseEvent);
    expect(fake.rewind).toHaveBeenLastCalledWith('b', {});
  });

  it('overwrites files, if wanted, to where the kernel is now', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    const done = answer({ files: ['t.csv has other content now'] });
    fake.rewind.mockImplementationOnce(async () => {
      fake.setRewound(done);
      return done;
    });
    await setup(fake).execute(CommandIDs.rewindToCell);
    const [note] = Notification.manager.notifications;
    note?.options.actions?.[1]?.callback({} as MouseEvent);
    const dialog = await dialogShown();
    dialog.resolve(0);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(fake.rewind).toHaveBeenLastCalledWith('a', {
      partial: false,
      files: true
    });
  });

  it('offers no way back any more once something ran', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    await setup(fake).execute(CommandIDs.rewindToCell);
    expect(Notification.manager.count).toBe(1);
    fake.setRewound(null);
    expect(Notification.manager.count).toBe(0);
  });

  it('asks before names are lost, and by default loses none', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    fake.rewind.mockResolvedValue(lossy);
    const result = setup(fake).execute(CommandIDs.rewindToCell);
    const dialog = await dialogShown('handle');
    expect(dialog.node.textContent).toContain('an open file can’t be saved');
    dialog.resolve();
    expect(await result).toMatchObject({ done: false, cancelled: true });
    expect(fake.rewind).toHaveBeenCalledTimes(1);
    expect(Notification.manager.count).toBe(0);
  });

  it('goes on to the checkpoint that was asked about, if wanted', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    fake.rewind.mockResolvedValueOnce(lossy);
    const result = setup(fake).execute(CommandIDs.rewindToCell);
    (await dialogShown()).resolve(1);
    expect(await result).toMatchObject({ done: true });
    expect(fake.rewind.mock.calls).toEqual([
      ['cell a', NEITHER],
      ['a', { partial: true, files: false }]
    ]);
  });

  it('tells why nothing was done', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    fake.rewind.mockRejectedValueOnce(new Error('The kernel is busy.'));
    const result = await setup(fake).execute(CommandIDs.rewindToCell);
    expect(result).toMatchObject({
      done: false,
      problem: 'The kernel is busy.'
    });
    expect(Notification.manager.notifications[0]?.message).toBe(
      'The kernel is busy.'
    );
  });

  it('does one thing at a time', async () => {
    const fake = new FakeSession();
    fake.record('cell a');
    let finish = (): void => undefined;
    fake.rewind.mockReturnValueOnce(
      new Promise(resolve => {
        finish = () => resolve(answer());
      })
    );
    const commands = setup(fake);
    const first = commands.execute(CommandIDs.rewindToCell);
    expect(commands.isEnabled(CommandIDs.rewindToCell)).toBe(false);
    expect(await commands.execute(CommandIDs.rewindToCell)).toMatchObject({
      done: false,
      problem: 'A rewind is at work already.'
    });
    finish();
    await first;
    expect(commands.isEnabled(CommandIDs.rewindToCell)).toBe(true);
    expect(fake.rewind).toHaveBeenCalledTimes(1);
  });
});

describe('commands that rewind', () => {
  const all = [
    CommandIDs.rewindToCell,
    CommandIDs.undoRewind,
    CommandIDs.restoreLastState
  ];

  it.each(all)('%s can’t work without a notebook', async id => {
    const commands = setup(null);
    expect(commands.isEnabled(id)).toBe(false);
    await expect(commands.execute(id)).rejects.toThrow('No notebook is open.');
  });

  it.each(all)('%s can’t work while nothing is recorded', id => {
    const fake = new FakeSession();
    fake.record('cell a');
    fake.rewound = answer();
    fake.setState({ last: 'z' });
    const commands = setup(fake);
    expect(commands.isEnabled(id)).toBe(true);
    fake.setAttachment({ kind: 'no-kernel' });
    expect(commands.isEnabled(id)).toBe(false);
    expect(commands.caption(id)).toBe('The notebook has no kernel.');
  });

  it.each(all)('%s can’t work while a plan does', id => {
    const fake = new FakeSession();
    fake.record('cell a');
    fake.rewound = answer();
    fake.setState({ last: 'z' });
    fake.plan = { state: 'running' } as IPlan;
    expect(setup(fake).isEnabled(id)).toBe(false);
  });

  it.each(all)('%s says what arguments it takes', async id => {
    const { args } = await setup().describedBy(id);
    expect(args).toMatchObject({ type: 'object' });
  });

  it('undoes the last rewind', async () => {
    const fake = new FakeSession();
    const commands = setup(fake);
    expect(commands.isEnabled(CommandIDs.undoRewind)).toBe(false);
    fake.setRewound(answer());
    await commands.execute(CommandIDs.undoRewind);
    expect(fake.rewind).toHaveBeenCalledWith('b', NEITHER);
  });

  it('restores the last state', async () => {
    const fake = new FakeSession();
    const commands = setup(fake);
    expect(commands.isEnabled(CommandIDs.restoreLastState)).toBe(false);
    fake.setState({ last: 'z' });
    await commands.execute(CommandIDs.restoreLastState);
    expect(fake.rewind).toHaveBeenCalledWith('z', NEITHER);
  });

  it('tell when they may have changed', () => {
    const fake = new FakeSession();
    const commands = setup(fake);
    const changed = jest.fn();
    commands.commandChanged.connect((_, { id }) => changed(id));
    fake.setState({ last: 'z' });
    expect(changed.mock.calls.map(([id]) => id)).toEqual(all);
  });
});
