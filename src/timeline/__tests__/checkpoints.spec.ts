import { NotebookModel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../../commands';
import { addCheckpointCommands } from '../checkpoints';
import { changeSources, sourceCells, sourceChanges } from '../sources';
import { dialogShown } from './dialogs';
import {
  change,
  checkpoint,
  FakeSession,
  FakeSessions,
  history
} from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

/** A session of a notebook with real cells. */
function notebook(): { fake: FakeSession; model: NotebookModel } {
  const fake = new FakeSession();
  const model = new NotebookModel();
  model.sharedModel.insertCells(0, [
    { cell_type: 'code', id: 'cell a', source: 'x = 1' },
    { cell_type: 'markdown', id: 'cell m', source: 'words' },
    { cell_type: 'code', id: 'cell b', source: 'y = x' },
    {
      cell_type: 'code',
      id: 'cell c',
      source: 'z = y',
      metadata: { editable: false }
    }
  ]);
  Object.assign(fake.panel.content, { model });
  fake.history = history([checkpoint('a', null), checkpoint('b', 'a')]);
  fake.sources.mockResolvedValue({
    checkpoint: 'a',
    cells: [
      { cell: 'cell a', text: 'x = 0' },
      { cell: 'cell m', text: 'code once' },
      { cell: 'cell b', text: 'y = x' },
      { cell: 'cell c', text: 'z = 0' },
      { cell: 'gone', text: 'old = 1\nolder = 2' }
    ]
  });
  return { fake, model };
}

function setup(fake: FakeSession | null, pointedAt = ''): CommandRegistry {
  const commands = new CommandRegistry();
  const sessions = new FakeSessions();
  sessions.open(fake);
  addCheckpointCommands({
    commands,
    sessions: sessions.sessions,
    pointedAt: () => pointedAt,
    trans
  });
  return commands;
}

const ALL = [
  CommandIDs.compareCheckpoints,
  CommandIDs.keepCheckpoint,
  CommandIDs.labelCheckpoint,
  CommandIDs.restoreSources
];

describe.each(ALL)('%s', id => {
  it('needs a notebook and a checkpoint that it has', () => {
    const { fake } = notebook();
    const args = { checkpoint: 'a' };
    expect(setup(null).isEnabled(id, args)).toBe(false);
    const commands = setup(fake);
    expect(commands.isEnabled(id)).toBe(false);
    expect(commands.caption(id)).toBe('No checkpoint is chosen.');
    expect(commands.isEnabled(id, { checkpoint: 'x' })).toBe(false);
    expect(commands.isEnabled(id, args)).toBe(true);
  });

  it('takes what the context menu was opened at only from the menu', () => {
    const commands = setup(notebook().fake, 'a');
    expect(commands.isEnabled(id)).toBe(false);
    expect(commands.isEnabled(id, { menu: true })).toBe(true);
  });

  it('says what arguments it takes', async () => {
    const { args } = await setup(null).describedBy(id);
    expect(args).toMatchObject({ type: 'object' });
    expect(args!.properties).toHaveProperty('menu');
  });
});

describe('label-checkpoint', () => {
  it('names a checkpoint', async () => {
    const { fake } = notebook();
    const result = await setup(fake).execute(CommandIDs.labelCheckpoint, {
      checkpoint: 'a',
      label: ' clean '
    });
    expect(fake.mark).toHaveBeenCalledWith('a', { label: 'clean' });
    expect(result).toEqual({
      cancelled: false,
      checkpoint: 'a',
      label: 'clean'
    });
  });

  it('asks for the name, which can be left as it is', async () => {
    const { fake } = notebook();
    fake.history = history([checkpoint('a', null, { label: 'before' })]);
    const result = setup(fake).execute(CommandIDs.labelCheckpoint, {
      checkpoint: 'a'
    });
    const dialog = await dialogShown('Label of');
    expect(dialog.node.querySelector('input')!.value).toBe('before');
    dialog.reject();
    expect(await result).toMatchObject({ cancelled: true, label: 'before' });
    expect(fake.mark).not.toHaveBeenCalled();
  });
});

describe('keep-checkpoint', () => {
  it('turns what is into its opposite, unless it is told', async () => {
    const { fake } = notebook();
    fake.history = history([checkpoint('a', null, { keep: true })]);
    const commands = setup(fake);
    const args = { checkpoint: 'a' };
    const id = CommandIDs.keepCheckpoint;
    expect(commands.isToggled(id, args)).toBe(true);
    expect(await commands.execute(id, args)).toEqual({ ...args, keep: false });
    expect(fake.mark).toHaveBeenLastCalledWith('a', { keep: false });
    await commands.execute(id, { ...args, keep: true });
    expect(fake.mark).toHaveBeenLastCalledWith('a', { keep: true });
  });
});

describe('compare-checkpoints', () => {
  it('compares with where the kernel is, and shows that', async () => {
    const { fake } = notebook();
    fake.setState({ head: 'b' });
    const difference = {
      one: 'a',
      other: 'b',
      names: [change('df')],
      same: 3
    };
    fake.difference.mockResolvedValueOnce(difference);
    const id = CommandIDs.compareCheckpoints;
    const result = await setup(fake).execute(id, { one: 'a' });
    expect(fake.difference).toHaveBeenCalledWith('a', 'b');
    expect(result).toEqual({ difference });
    const dialog = await dialogShown('3 names are equal');
    expect(dialog.node.textContent).toContain('df');
    dialog.resolve();
  });
});

describe('restore-sources', () => {
  it('changes code cells that are still there, after asking', async () => {
    const { fake, model } = notebook();
    const result = setup(fake).execute(CommandIDs.restoreSources, {
      checkpoint: 'a'
    });
    const dialog = await dialogShown('Cell 1 gets the text');
    expect(dialog.node.textContent).toContain('Cell 4 can’t be edited');
    expect(dialog.node.textContent).toContain('old = 1');
    dialog.resolve();
    expect(await result).toEqual({
      cancelled: false,
      changed: ['cell a'],
      gone: ['cell m', 'gone']
    });
    expect(sourceCells(model).map(({ source }) => source)).toEqual([
      'x = 0',
      'words',
      'y = x',
      'z = y'
    ]);
  });

  it('changes nothing if the user does not want it', async () => {
    const { fake, model } = notebook();
    const result = setup(fake).execute(CommandIDs.restoreSources, {
      checkpoint: 'a'
    });
    (await dialogShown('Cell 1 gets')).reject();
    expect(await result).toMatchObject({ cancelled: true, changed: [] });
    expect(sourceCells(model)[0]!.source).toBe('x = 1');
  });

  it('is one edit, which can be undone', () => {
    const { model } = notebook();
    model.sharedModel.clearUndoHistory();
    const texts = sourceChanges(sourceCells(model), {
      checkpoint: 'a',
      cells: [
        { cell: 'cell a', text: 'x = 7' },
        { cell: 'cell b', text: 'y = 7' }
      ]
    });
    changeSources(model, texts.changed);
    const sources = (): string[] =>
      sourceCells(model).map(({ source }) => source);
    expect(sources().slice(0, 3)).toEqual(['x = 7', 'words', 'y = 7']);
    model.sharedModel.undo();
    expect(sources().slice(0, 3)).toEqual(['x = 1', 'words', 'y = x']);
  });
});
