import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { IRewindServer, IVersion, ServerState } from '../../tokens';
import { RewindBody } from '../body';

/** A connection whose state the test sets. */
class FakeServer implements IRewindServer {
  readonly stateChanged = new Signal<this, ServerState>(this);
  readonly check = jest.fn(async () => this.state);
  readonly isDisposed = false;
  state: ServerState = { kind: 'asking' };

  set(state: ServerState): void {
    this.state = state;
    this.stateChanged.emit(state);
  }

  dispose(): void {
    Signal.clearData(this);
  }
}

function version(store: Partial<IVersion['store']> = {}): IVersion {
  return {
    version: '1.2.3',
    protocol: 1,
    store: { directory: '/records', state: 'ready', reason: null, ...store }
  };
}

function draw(state: ServerState): FakeServer {
  const server = new FakeServer();
  server.state = state;
  render(<RewindBody server={server} translator={nullTranslator} />);
  return server;
}

describe('RewindBody', () => {
  it('says what to do, and shows version and place of the records', () => {
    draw({ kind: 'connected', version: version() });
    expect(screen.getByRole('status').textContent).toMatch(/^Open a notebook/);
    expect(
      screen.getAllByRole('definition').map(fact => fact.textContent)
    ).toEqual(['1.2.3', '/records']);
    expect(screen.queryByRole('button')).toBeNull();
  });

  it.each([
    [{ state: 'absent' as const }, 'Nothing has been recorded yet.'],
    [
      { state: 'unreadable' as const, reason: 'Newer schema.' },
      'Not readable: Newer schema.'
    ]
  ])('says what is wrong with the records', (store, words) => {
    draw({ kind: 'connected', version: version(store) });
    expect(screen.getByText(words)).toBeTruthy();
  });

  it('tells how to install what is missing, and checks again', () => {
    const server = draw({ kind: 'missing' });
    expect(screen.getByText('The server part is missing.')).toBeTruthy();
    expect(screen.getByText('pip install jupyterlab-nbrewind')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Check Again' }));
    expect(server.check).toHaveBeenCalledTimes(1);
  });

  it.each<[ServerState, RegExp]>([
    [{ kind: 'asking' }, /^Asking the server/],
    [{ kind: 'forbidden' }, /does not permit/],
    [{ kind: 'unreachable', reason: 'Failed to fetch' }, /Failed to fetch/],
    [
      { kind: 'mismatched', version: { ...version(), protocol: 99 } },
      /newer than this page/
    ],
    [
      { kind: 'mismatched', version: { ...version(), protocol: 0 } },
      /older than this page/
    ]
  ])('puts %j in words', (state, words) => {
    draw(state);
    expect(screen.getByRole('status').textContent).toMatch(words);
  });

  it('follows the connection while it is shown', () => {
    const server = new FakeServer();
    const { unmount } = render(
      <RewindBody server={server} translator={nullTranslator} />
    );
    act(() => {
      server.set({ kind: 'connected', version: version() });
    });
    expect(screen.getByText(/^Open a notebook/)).toBeTruthy();
    unmount();
    const error = jest.spyOn(console, 'error');
    server.set({ kind: 'missing' });
    expect(error).not.toHaveBeenCalled();
  });
});
