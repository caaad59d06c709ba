import { ServerConnection } from '@jupyterlab/services';

import type { ServerState } from '../../tokens';
import { RewindServer } from '../server';

const VERSION = {
  version: '1.2.3',
  protocol: 1,
  store: { directory: '/records', state: 'ready', reason: null }
};

/** A connection to a server that answers as told; and what it was asked. */
function connect(answer: () => Promise<Response>): {
  server: RewindServer;
  asked: string[];
} {
  const asked: string[] = [];
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/user/me/',
    fetch: (request: RequestInfo | URL) => {
      asked.push((request as Request).url);
      return answer();
    }
  });
  return { server: new RewindServer({ serverSettings }), asked };
}

/** An answer with a JSON body. */
function json(body: unknown, status = 200): () => Promise<Response> {
  return async () => new Response(JSON.stringify(body), { status });
}

describe('RewindServer', () => {
  it('asks below the base URL, and is connected', async () => {
    const { asked, server } = connect(json(VERSION));
    const states: string[] = [];
    server.stateChanged.connect((_: RewindServer, state: ServerState) => {
      states.push(state.kind);
    });
    expect(await server.check()).toEqual({
      kind: 'connected',
      version: VERSION
    });
    expect(states).toEqual(['asking', 'connected']);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(
      /^http:\/\/localhost\/user\/me\/nbrewind\/api\/version(\?|$)/
    );
  });

  it.each([
    [0, 'mismatched'],
    [1, 'connected'],
    [2, 'mismatched']
  ])('judges protocol %i: %s', async (protocol, kind) => {
    const { server } = connect(json({ ...VERSION, protocol }));
    expect((await server.check()).kind).toBe(kind);
  });

  it.each([
    [404, 'missing'],
    [401, 'forbidden'],
    [403, 'forbidden'],
    [500, 'unreachable']
  ])('judges status %i: %s', async (status, kind) => {
    const { server } = connect(json({ message: 'no' }, status));
    expect((await server.check()).kind).toBe(kind);
  });

  it('says why there is no answer', async () => {
    const { server } = connect(async () => {
      throw new TypeError('Failed to fetch');
    });
    const state = await server.check();
    expect(state).toEqual({ kind: 'unreachable', reason: 'Failed to fetch' });
    expect(server.state).toBe(state);
  });

  it('calls an answer that is not JSON unusable', async () => {
    const { server } = connect(async () => new Response('<html>'));
    expect((await server.check()).kind).toBe('unreachable');
  });

  it('believes the newest question only', async () => {
    const answers: ((response: Response) => void)[] = [];
    const { server } = connect(
      () => new Promise(resolve => answers.push(resolve))
    );
    const first = server.check();
    const second = server.check();
    answers[1]!(new Response(JSON.stringify(VERSION)));
    await second;
    answers[0]!(new Response('{}', { status: 404 }));
    await first;
    expect(server.state.kind).toBe('connected');
  });

  it('is silent once disposed of', async () => {
    const { server } = connect(json(VERSION));
    const changed = jest.fn();
    server.stateChanged.connect(changed);
    const check = server.check();
    changed.mockClear();
    server.dispose();
    server.dispose();
    await check;
    expect(server.isDisposed).toBe(true);
    expect(changed).not.toHaveBeenCalled();
  });
});
