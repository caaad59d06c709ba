import { nullTranslator } from '@jupyterlab/translation';

import { EXPRESSION, readHandshake, readReply } from '../handshake';

const trans = nullTranslator.load('jupyterlab_nbrewind');

const HANDSHAKE = {
  agent: '0.1.0',
  protocol: 1,
  python: '3.13.0',
  session: 's',
  mode: 'audit',
  store: '/records of “mine”',
  store_nonce: 'n',
  head: '',
  error: ''
};

/** Return a value as the kernel shows it. */
function shown(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return `'${[...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')}'`;
}

describe('readHandshake', () => {
  it('understands an agent that records', () => {
    expect(readHandshake(shown(HANDSHAKE), trans)).toEqual({
      kind: 'recording',
      handshake: HANDSHAKE
    });
  });

  it('understands one that does not', () => {
    expect(readHandshake(shown(null), trans)).toEqual({ kind: 'off' });
    expect(
      readHandshake(shown({ ...HANDSHAKE, mode: 'off' }), trans).kind
    ).toBe('paused');
    expect(
      readHandshake(shown({ ...HANDSHAKE, protocol: 99 }), trans).kind
    ).toBe('mismatched');
    expect(
      readHandshake(shown({ ...HANDSHAKE, error: 'The disk is full.' }), trans)
    ).toEqual({ kind: 'failed', reason: 'The disk is full.' });
  });

  it('takes nothing else for an answer', () => {
    for (const value of [
      undefined,
      '',
      "'zz'",
      "''",
      shown({}),
      shown({ ...HANDSHAKE, mode: 'other' }),
      shown({ ...HANDSHAKE, session: 3 })
    ]) {
      expect(readHandshake(value, trans).kind).toBe('failed');
    }
  });
});

describe('readReply', () => {
  const reply = (answer: object): Parameters<typeof readReply>[0] =>
    ({ status: 'ok', user_expressions: { [EXPRESSION]: answer } }) as never;

  it('knows a kernel without the package', () => {
    const answer = {
      status: 'error',
      ename: 'ModuleNotFoundError',
      evalue: "No module named 'nbrewind'"
    };
    expect(readReply(reply(answer), trans)).toEqual({ kind: 'missing' });
  });

  it('says what else went wrong', () => {
    const answer = { status: 'error', ename: 'OSError', evalue: 'disk full' };
    expect(readReply(reply(answer), trans)).toEqual({
      kind: 'failed',
      reason: 'Recording could not start: OSError: disk full'
    });
  });

  it('is no answer where a cell before failed', () => {
    expect(readReply({ status: 'aborted' } as never, trans)).toBeNull();
  });
});
