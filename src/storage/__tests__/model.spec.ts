import { FakeSession, FakeSessions } from '../../timeline/__tests__/fakes';
import { INTERVAL, StorageModel } from '../model';
import { FakeStorage, share, stored, usage } from './fakes';

/** A notebook with a path of its own. */
function notebook(path: string): FakeSession {
  return Object.assign(new FakeSession(), { path });
}

function setup(): {
  fake: FakeStorage;
  one: FakeSession;
  other: FakeSession;
  sessions: FakeSessions;
  model: StorageModel;
} {
  const fake = new FakeStorage();
  const sessions = new FakeSessions();
  const one = notebook('one.ipynb');
  const other = notebook('other.ipynb');
  sessions.open(other);
  sessions.open(one);
  const model = new StorageModel(fake.storage, sessions.sessions);
  return { fake, one, other, sessions, model };
}

/** Let time pass, and all that was promised be done. */
async function pass(time = 0): Promise<void> {
  await jest.advanceTimersByTimeAsync(time);
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('the storage model', () => {
  it('asks for nothing while nobody looks', async () => {
    const { fake, model, one } = setup();
    one.setState({ sequence: 7 });
    fake.changed.emit();
    await pass(10 * INTERVAL);
    expect(fake.usage).not.toHaveBeenCalled();

    model.isVisible = true;
    expect(model.shown).toEqual({ kind: 'asking' });
    await pass();
    expect(fake.usage).toHaveBeenCalledTimes(1);
    expect(fake.notebook).toHaveBeenCalledWith('one.ipynb');
    expect(model.shown).toMatchObject({
      kind: 'ready',
      notebook: { notebook: { path: 'one.ipynb' } },
      problem: ''
    });

    model.isVisible = false;
    one.setState({ sequence: 8 });
    await pass(10 * INTERVAL);
    expect(fake.usage).toHaveBeenCalledTimes(1);
  });

  it('asks again when records change, not often', async () => {
    const { fake, model, one, other } = setup();
    one.setState({ sequence: 1 });
    model.isVisible = true;
    await pass();
    for (let sequence = 2; sequence < 12; sequence++) {
      one.setState({ sequence });
      other.setState({ sequence });
      await pass(10);
    }
    expect(fake.usage).toHaveBeenCalledTimes(1);
    await pass(INTERVAL);
    expect(fake.usage).toHaveBeenCalledTimes(2);
    // Nothing new: what runs is no change of the records.
    one.setState({ sequence: 11 });
    await pass(10 * INTERVAL);
    expect(fake.usage).toHaveBeenCalledTimes(2);
  });

  it('asks at once when something was removed here', async () => {
    const { fake, model } = setup();
    model.isVisible = true;
    await pass();
    fake.changed.emit();
    await pass();
    expect(fake.usage).toHaveBeenCalledTimes(2);
  });

  it('never shows one notebook’s part for another', async () => {
    const { fake, model, other, sessions } = setup();
    model.isVisible = true;
    await pass();
    sessions.open(other);
    expect(model.shown).toMatchObject({ kind: 'ready', notebook: null });
    await pass();
    expect(fake.notebook).toHaveBeenLastCalledWith('other.ipynb');
    expect(model.shown).toMatchObject({
      notebook: { notebook: { path: 'other.ipynb' } }
    });
    sessions.open(null);
    await pass();
    expect(model.shown).toMatchObject({ kind: 'ready', notebook: null });
    expect(fake.notebook).toHaveBeenCalledTimes(2);
  });

  it('says why there is no answer', async () => {
    const { fake, model } = setup();
    fake.usage.mockRejectedValueOnce(new Error('The store can’t be read.'));
    model.isVisible = true;
    await pass();
    expect(model.shown).toEqual({
      kind: 'failed',
      reason: 'The store can’t be read.'
    });
    await model.refresh();
    expect(model.shown.kind).toBe('ready');
  });

  it('shows the store where a notebook’s part can’t be had', async () => {
    const { fake, model } = setup();
    fake.usage.mockResolvedValue(usage([stored('other.ipynb')]));
    fake.notebook.mockRejectedValue(new Error('There is no such notebook.'));
    model.isVisible = true;
    await pass();
    expect(model.shown).toMatchObject({
      kind: 'ready',
      notebook: null,
      problem: 'There is no such notebook.'
    });
  });

  it('follows nothing when it is disposed of', async () => {
    const { fake, model, one } = setup();
    fake.notebook.mockResolvedValue({
      notebook: stored('one.ipynb'),
      cells: [share('a', 1)],
      names: []
    });
    model.isVisible = true;
    await pass();
    model.dispose();
    one.setState({ sequence: 99 });
    fake.changed.emit();
    await pass(10 * INTERVAL);
    expect(fake.usage).toHaveBeenCalledTimes(1);
  });
});
