import { nullTranslator } from '@jupyterlab/translation';

import { cancelPlan, runPlan } from '../run';
import { FakeSession, plan, settle, step } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');
const TARGET = { target: 'cell', cell: 'a', number: 1 } as const;

describe('runPlan', () => {
  let fake: FakeSession;

  beforeEach(() => {
    fake = new FakeSession();
    fake.proposed = () => Promise.resolve(plan({ steps: [step('a', 0)] }));
  });

  const run = () => runPlan(fake.session, TARGET, true, trans);

  it('answers when the plan has ended, not before', async () => {
    const ended = jest.fn();
    const result = run().then(ended);
    await settle();
    expect(fake.log).toEqual(['propose cell a', 'accept b0a1']);
    expect(ended).not.toHaveBeenCalled();
    const steps = [step('a', 0, {}, { state: 'done' })];
    fake.tell(plan({ state: 'done', steps }));
    fake.tell(null);
    await result;
    expect(ended).toHaveBeenCalledWith(
      expect.objectContaining({ plan: 'b0a1', state: 'done', ran: ['a'] })
    );
  });

  it('accepts nothing where nothing is to be done', async () => {
    fake.proposed = () =>
      Promise.resolve(plan({ reason: 'Nothing is stale.' }));
    expect(await run()).toMatchObject({
      plan: '',
      state: 'done',
      reason: 'Nothing is stale.',
      ran: []
    });
    expect(fake.log).toEqual(['propose cell a']);
  });

  it('rejects with what is in the way', async () => {
    fake.proposed = () =>
      Promise.resolve(plan({ steps: [step('a', 0)], reason: 'No kernel.' }));
    await expect(run()).rejects.toThrow('No kernel.');
  });

  it('ends also when the end was not seen', async () => {
    const result = run();
    await settle();
    fake.tell(null);
    expect(await result).toMatchObject({ plan: 'b0a1', ran: [] });
  });

  it('cancels, and answers what was done', async () => {
    fake.plan = plan({ state: 'running' });
    const result = cancelPlan(fake.session, fake.plan);
    await settle();
    const steps = [step('a', 0, {}, { state: 'done' })];
    fake.tell(plan({ state: 'cancelled', steps }));
    expect(await result).toMatchObject({ state: 'cancelled', ran: ['a'] });
  });
});
