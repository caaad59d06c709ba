import { PromiseDelegate } from '@lumino/coreutils';

import type { IDifference } from '../../tokens';
import { TimelineModel } from '../model';
import { checkpoint, FakeSession, FakeSessions, history } from './fakes';

function setup(): { fake: FakeSession; model: TimelineModel } {
  const fake = new FakeSession();
  fake.history = history([
    checkpoint('a', null),
    checkpoint('b', 'a'),
    checkpoint('c', 'b')
  ]);
  fake.setState({ head: 'c' });
  const sessions = new FakeSessions();
  sessions.open(fake);
  return { fake, model: new TimelineModel(sessions.sessions) };
}

/** Wait until all that was promised is done. */
async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve));
}

describe('a timeline', () => {
  it('asks for nothing while nobody looks', async () => {
    const { fake, model } = setup();
    model.select('a');
    await settled();
    expect(fake.followers).toBe(0);
    expect(fake.difference).not.toHaveBeenCalled();

    model.isVisible = true;
    await settled();
    expect(fake.followers).toBe(1);
    expect(fake.difference).toHaveBeenCalledTimes(1);

    model.isVisible = false;
    expect(fake.followers).toBe(0);
  });

  it('follows the notebook that the user is at', () => {
    const fakes = [new FakeSession(), new FakeSession()];
    const sessions = new FakeSessions();
    sessions.open(fakes[0]!);
    const model = new TimelineModel(sessions.sessions);
    model.isVisible = true;
    sessions.open(fakes[1]!);
    expect(fakes.map(({ followers }) => followers)).toEqual([0, 1]);
    sessions.open(null);
    expect(fakes.map(({ followers }) => followers)).toEqual([0, 0]);
    expect(model.session).toBeNull();
    expect(model.tree).toBeNull();
  });

  it('compares the kernel with what is selected', async () => {
    const { fake, model } = setup();
    model.isVisible = true;
    model.select('a');
    expect(model.shown).toEqual({ kind: 'asking' });
    await settled();
    expect(fake.difference).toHaveBeenLastCalledWith('c', 'a');
    expect(model.shown).toMatchObject({ kind: 'ready' });
  });

  it('asks again when the kernel is elsewhere', async () => {
    const { fake, model } = setup();
    model.isVisible = true;
    model.select('a');
    await settled();
    fake.setState({ head: 'b' });
    expect(model.shown).toEqual({ kind: 'asking' });
    await settled();
    expect(fake.difference).toHaveBeenLastCalledWith('b', 'a');
    fake.setState({ head: 'b' });
    await settled();
    expect(fake.difference).toHaveBeenCalledTimes(2);
  });

  it('says where the kernel is by what is newer, history or state', () => {
    const { fake, model } = setup();
    const [a, b] = [checkpoint('a', null), checkpoint('b', 'a')];
    fake.setState({ head: 'a', sequence: 2 });
    fake.history = { ...history([a, b]), sequence: 3 };
    expect(model.head).toBe('b');
    fake.history = { ...fake.history, heads: [] };
    expect(model.head).toBe('');
    fake.setState({ head: 'a', sequence: 4 });
    expect(model.head).toBe('a');
  });

  it('compares two checkpoints, the older one first', async () => {
    const { fake, model } = setup();
    model.isVisible = true;
    model.select('b');
    model.mark('a');
    await settled();
    expect(fake.difference).toHaveBeenLastCalledWith('a', 'b');
    expect(model.other?.id).toBe('a');
    model.mark('a');
    await settled();
    expect(model.other).toBeUndefined();
    expect(fake.difference).toHaveBeenLastCalledWith('c', 'b');
  });

  it('lets the other checkpoint be chosen by an ordinary click', () => {
    const { model } = setup();
    model.select('b');
    model.pick(true);
    model.select('c');
    expect([model.selected?.id, model.other?.id]).toEqual(['b', 'c']);
    expect(model.isPicking).toBe(false);
    model.select('c');
    expect([model.selected?.id, model.other]).toEqual(['c', undefined]);
  });

  it('never shows the answer to an older question', async () => {
    const { fake, model } = setup();
    const late = new PromiseDelegate<IDifference>();
    fake.difference.mockReturnValueOnce(late.promise);
    model.isVisible = true;
    model.select('a');
    model.select('b');
    await settled();
    late.resolve({ one: 'c', other: 'a', names: [], same: 9 });
    await settled();
    expect(model.shown).toMatchObject({ difference: { other: 'b', same: 0 } });
  });

  it('tells why there is no difference', async () => {
    const { fake, model } = setup();
    fake.difference.mockRejectedValueOnce(new Error('The records are gone.'));
    model.isVisible = true;
    model.select('a');
    await settled();
    expect(model.shown).toEqual({
      kind: 'failed',
      reason: 'The records are gone.'
    });
  });

  it('follows nothing when it is disposed of', () => {
    const { fake, model } = setup();
    model.isVisible = true;
    const changed = jest.fn();
    model.changed.connect(changed);
    model.dispose();
    fake.setState({ head: 'a' });
    expect(fake.followers).toBe(0);
    expect(changed).not.toHaveBeenCalled();
  });
});
