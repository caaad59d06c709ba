import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { act, fireEvent, screen } from '@testing-library/react';

import { CommandIDs } from '../../commands';
import { TimelineSection } from '../section';
import {
  answer,
  change,
  checkpoint,
  FakeSession,
  FakeSessions,
  history
} from './fakes';

declare const globalThis: { IS_REACT_ACT_ENVIRONMENT: boolean };

let section: TimelineSection;
let fake: FakeSession;
let sessions: FakeSessions;
let executed: jest.Mock;

/** Wait until all that was promised is done, and drawn. */
async function drawn(change: () => void = () => undefined): Promise<void> {
  await act(async () => {
    change();
    await new Promise(resolve => setTimeout(resolve, 50));
  });
}

beforeEach(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  fake = new FakeSession();
  sessions = new FakeSessions();
  sessions.open(fake);
  executed = jest.fn();
  const commands = new CommandRegistry();
  for (const id of [
    CommandIDs.rewindToCell,
    CommandIDs.undoRewind,
    CommandIDs.restoreLastState,
    CommandIDs.keepCheckpoint
  ]) {
    commands.addCommand(id, {
      describedBy: {},
      execute: args => executed(id, args)
    });
  }
  section = new TimelineSection({
    commands,
    sessions: sessions.sessions,
    translator: nullTranslator
  });
  await drawn(() => Widget.attach(section, document.body));
});

afterEach(async () => {
  await drawn(() => section.dispose());
});

/** Show a history of two checkpoints, the kernel at the newer one. */
async function showHistory(): Promise<void> {
  await drawn(() => {
    fake.setHistory(
      history([
        checkpoint('a', null, { cell: 'cell a' }),
        checkpoint('b', 'a', { cell: 'cell b' })
      ])
    );
    fake.setState({ head: 'b' });
  });
}

describe('the section', () => {
  it('follows the history only while it is shown', async () => {
    expect(fake.followers).toBe(1);
    await drawn(() => section.hide());
    expect(fake.followers).toBe(0);
    await drawn(() => section.show());
    expect(fake.followers).toBe(1);
    await drawn(() => section.dispose());
    expect(fake.followers).toBe(0);
  });

  it('says why there is nothing to see', async () => {
    expect(section.node.textContent).toContain('Loading…');
    await drawn(() => fake.setHistory(history([])));
    expect(section.node.textContent).toContain('Run a cell');
    await drawn(() => fake.setAttachment({ kind: 'no-kernel' }));
    expect(section.node.textContent).toContain('The notebook has no kernel.');
    fake.problem = 'The server can’t be reached.';
    await drawn(() => fake.setState({}));
    expect(section.node.textContent).toContain('The server can’t be reached.');
    await drawn(() => sessions.open(null));
    expect(section.node.textContent).toContain('Open a notebook');
  });

  it('shows what a rewind would change, and rewinds', async () => {
    fake.difference.mockResolvedValue({
      one: 'b',
      other: 'a',
      names: [
        change('df'),
        change('file data.csv'),
        change('m', { change: 'removed', after: '' })
      ],
      same: 1
    });
    fake.peek.mockResolvedValue({ text: '   x\n0  7', reason: '' });
    await showHistory();
    await drawn(() => fireEvent.click(screen.getAllByRole('option')[1]!));
    expect(section.node.textContent).toContain('2 changed · 1 removed');
    // Neither a file nor what is removed has rows to show.
    const peeks = screen.getAllByRole('button', { name: /first rows/ });
    expect(peeks).toHaveLength(1);
    await drawn(() => fireEvent.click(peeks[0]!));
    expect(fake.peek).toHaveBeenCalledWith('a', 'df');
    expect(section.node.querySelector('pre')?.textContent).toContain('0  7');

    fireEvent.click(screen.getByRole('button', { name: 'Rewind Here' }));
    expect(executed).toHaveBeenCalledWith(CommandIDs.rewindToCell, {
      checkpoint: 'a'
    });
  });

  it('offers no rewind to where the kernel is', async () => {
    await showHistory();
    await drawn(() => fireEvent.click(screen.getAllByRole('option')[0]!));
    expect(screen.queryByRole('button', { name: 'Rewind Here' })).toBeNull();
    expect(fake.difference).not.toHaveBeenCalled();
  });

  it('gives the focus back to the list when the details are closed', async () => {
    await showHistory();
    const row = screen.getAllByRole('option')[1]!;
    await drawn(() => fireEvent.click(row));
    const title = section.node.querySelector<HTMLElement>('h3')!;
    title.focus();
    await drawn(() => fireEvent.keyDown(title, { key: 'Escape' }));
    expect(section.node.querySelector('h3')).toBeNull();
    expect(document.activeElement).toBe(row);
  });

  it('offers a new kernel the last state', async () => {
    await showHistory();
    expect(section.node.textContent).not.toContain('The kernel is new.');
    await drawn(() => fake.setState({ head: '', last: 'b' }));
    expect(section.node.textContent).toContain('The kernel is new.');
    fireEvent.click(screen.getByRole('button', { name: 'Restore' }));
    expect(executed).toHaveBeenCalledWith(CommandIDs.restoreLastState, {});
  });

  it('tells what the last rewind did, with a way back', async () => {
    await showHistory();
    await drawn(() =>
      fake.setRewound(answer({ loaded: ['df'], notes: ['A thread runs.'] }))
    );
    expect(section.node.textContent).toContain('Rewound to “Cell 1”');
    await drawn(() =>
      fireEvent.click(screen.getByRole('button', { name: 'Details' }))
    );
    expect(section.node.textContent).toContain('A thread runs.');
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(executed).toHaveBeenCalledWith(CommandIDs.undoRewind, {});
    await drawn(() => fake.setRewound(null));
    expect(section.node.textContent).not.toContain('now');
  });
});
