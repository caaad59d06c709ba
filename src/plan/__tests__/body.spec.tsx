import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { IPlan } from '../../tokens';
import { PlanBody } from '../body';
import { Proposal } from '../proposal';
import { FakeSession, notebook, plan, settle, step } from './fakes';

const trans = nullTranslator.load('jupyterlab_nbrewind');

describe('PlanBody', () => {
  let fake: FakeSession;
  let proposal: Proposal;

  beforeEach(() => {
    fake = new FakeSession(notebook('a = 1', 'b = a', 'c = b'));
    proposal = new Proposal(fake.session, {
      target: 'cell',
      cell: 'c',
      number: 3
    });
  });

  const show = async (canForce = true): Promise<void> => {
    render(<PlanBody proposal={proposal} canForce={canForce} trans={trans} />);
    await act(async () => {
      await proposal.ask();
    });
  };

  it('says that it looks while there is no plan', async () => {
    render(<PlanBody proposal={proposal} canForce={true} trans={trans} />);
    act(() => {
      void proposal.ask();
    });
    expect(screen.getByRole('status').textContent).toContain('Finding out');
    await act(settle);
  });

  it('lists steps with action, reason, time and notes', async () => {
    fake.proposed = () =>
      Promise.resolve(
        plan({
          saved: 35,
          steps: [
            step('a', 0, { action: 'load', reason: 'a later step needs it' }),
            step('b', 1, { seconds: 4 }, { note: 'it writes out.csv' })
          ]
        })
      );
    await show();
    const rows = screen.getAllByRole('listitem').slice(-2);
    expect(rows[0]!.textContent).toContain('Cell 1');
    expect(rows[0]!.textContent).toContain('Is loaded');
    expect(rows[0]!.textContent).toContain('a later step needs it');
    expect(rows[1]!.textContent).toContain('Runs');
    expect(rows[1]!.textContent).toContain('about 4 s');
    expect(rows[1]!.textContent).toContain('it writes out.csv');
    const summary = screen.getByRole('status').textContent;
    expect(summary).toContain('1 cell runs (about 4 s)');
    expect(summary).toContain('1 stays as it is');
    expect(summary).toContain('saves 35 s');
  });

  it('asks again with what shall run anyway, and keeps the choice', async () => {
    fake.proposed = () =>
      Promise.resolve(
        plan({
          steps: [
            step('a', 0, {
              action: proposal.forced.has('a') ? 'run' : 'skip'
            })
          ]
        })
      );
    await show();
    await act(async () => {
      fireEvent.click(screen.getByLabelText('Run cell 1 anyway'));
      await settle();
    });
    expect(fake.log).toEqual(['propose cell c', 'propose cell c a']);
    const box = screen.getByLabelText<HTMLInputElement>('Run cell 1 anyway');
    expect(box.checked).toBe(true);
    await act(async () => {
      fireEvent.click(box);
      await settle();
    });
    expect(fake.log[2]).toBe('propose cell c');
  });

  it('shows no choice where nothing is run', async () => {
    fake.proposed = () =>
      Promise.resolve(plan({ steps: [step('a', 0, { action: 'skip' })] }));
    await show(false);
    expect(screen.queryByRole('checkbox')).toBeNull();
    expect(screen.getByRole('status').textContent).toContain(
      'Everything is fresh'
    );
  });

  it('shows the server’s sentence, and asks again', async () => {
    fake.proposed = () => Promise.reject(new Error('The kernel is busy.'));
    await show();
    expect(screen.getByRole('status').textContent).toContain(
      'The kernel is busy.'
    );
    fake.proposed = () =>
      Promise.resolve(plan({ reason: 'Nothing is stale.' }));
    await act(async () => {
      fireEvent.click(screen.getByText('Ask Again'));
      await settle();
    });
    expect(screen.getByRole('status').textContent).toContain(
      'Nothing is stale.'
    );
  });

  it('shows only the answer to the newest choice', async () => {
    const answers: ((plan: IPlan) => void)[] = [];
    fake.proposed = () => new Promise(resolve => answers.push(resolve));
    void proposal.ask();
    proposal.force('a', true);
    answers[1]!(plan({ id: 'new' }));
    answers[0]!(plan({ id: 'old' }));
    await settle();
    expect(proposal.plan!.id).toBe('new');
    expect(proposal.isLoading).toBe(false);
  });
});
