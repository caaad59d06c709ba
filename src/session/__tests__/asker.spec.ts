import { nullTranslator } from '@jupyterlab/translation';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { IState } from '../../tokens';
import { StateAsker } from '../asker';

const ANSWER = { cells: [], head: '', missing: [] } as unknown as IState;

/** Return an asker, and the answers that it waits for, in order. */
function setup(): { asker: StateAsker; asked: PromiseDelegate<IState>[] } {
  const asked: PromiseDelegate<IState>[] = [];
  const asker = new StateAsker({
    cells: { now: () => ({ digests: new Map() }) },
    client: {
      state: () => {
        const answer = new PromiseDelegate<IState>();
        asked.push(answer);
        return answer.promise;
      }
    },
    question: () => ({ kernel: 'k', session: 's' }),
    server: { state: { kind: 'connected' }, stateChanged: new Signal({}) },
    trans: nullTranslator.load('jupyterlab_nbrewind')
  } as unknown as StateAsker.IOptions);
  return { asker, asked };
}

/** Wait longer than changes are gathered. */
function gathered(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 120));
}

describe('asking for the state', () => {
  it('makes one question of changes that come together', async () => {
    const { asked, asker } = setup();
    asker.askSoon();
    asker.askSoon();
    await gathered();
    expect(asked).toHaveLength(1);
    asked[0]!.resolve(ANSWER);
    await gathered();
    expect(asked).toHaveLength(1);
    expect(asker.isLoading).toBe(false);
    asker.dispose();
  });

  it('asks again for what changed while an answer was on its way', async () => {
    const { asked, asker } = setup();
    asker.askSoon();
    await gathered();
    asker.askSoon();
    await gathered();
    asked[0]!.resolve({ ...ANSWER, head: 'old' });
    await gathered();
    expect(asked).toHaveLength(2);
    expect(asker.isLoading).toBe(true);
    asked[1]!.resolve({ ...ANSWER, head: 'new' });
    await gathered();
    expect(asker.answered?.state.head).toBe('new');
    expect(asker.isLoading).toBe(false);
    asker.dispose();
  });
});
