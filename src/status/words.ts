/**
 * What the status bar says of a notebook. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import { isStale } from '../sidebar/words';
import type { Attachment, IPlan, IState, ServerState } from '../tokens';

/** What the status bar is to tell. */
export interface IStatusFacts {
  readonly server: ServerState;
  readonly attachment: Attachment;
  readonly state: IState | null;
  readonly plan: IPlan | null;
  /** Why `state` may be out of date; empty if it is not. */
  readonly problem: string;
}

/** What the status bar says. */
export interface IStatus {
  /** Which shape stands for it. */
  readonly icon: 'recording' | 'paused' | 'saving' | 'plan' | 'attention';
  /** A few words. */
  readonly text: string;
  /** A sentence. */
  readonly title: string;
}

/**
 * Return what the status bar says.
 *
 * @param facts - What is so
 * @param trans - The application's language
 */
export function statusOf(
  facts: IStatusFacts,
  trans: TranslationBundle
): IStatus {
  const { plan, server } = facts;
  if (server.kind !== 'connected') {
    return serverStatus(server, trans);
  }
  if (plan?.state === 'running') {
    return planStatus(plan, trans);
  }
  return (
    problemStatus(facts.attachment, trans) ?? recordingStatus(facts, trans)
  );
}

/** Return what is said while the server part can't be used. */
function serverStatus(
  server: Exclude<ServerState, { kind: 'connected' }>,
  trans: TranslationBundle
): IStatus {
  switch (server.kind) {
    case 'asking':
      return {
        icon: 'paused',
        text: trans.__('Connecting…'),
        title: trans.__('The server part of Rewind is being asked.')
      };
    case 'mismatched':
      return attention(
        trans.__('Rewind: versions differ'),
        trans.__('The server part of Rewind does not fit this page.')
      );
    case 'missing':
      return attention(
        trans.__('Rewind: no server part'),
        trans.__('The Jupyter server has no server part of Rewind.')
      );
    case 'forbidden':
      return attention(
        trans.__('Rewind: not permitted'),
        trans.__('The server does not permit you to read records.')
      );
    case 'unreachable':
      return attention(
        trans.__('Rewind: no answer'),
        trans.__('The server does not answer: %1', server.reason)
      );
  }
}

/** Return how far a plan is. */
function planStatus(plan: IPlan, trans: TranslationBundle): IStatus {
  const running = plan.steps.filter(({ step }) => step.action === 'run');
  const done = running.filter(({ state }) => state === 'done').length;
  return {
    icon: 'plan',
    text: trans.__('Plan: %1 of %2', done, running.length),
    title: trans._n(
      'A plan is at work: %2 of %1 cell has run.',
      'A plan is at work: %2 of %1 cells have run.',
      running.length,
      done
    )
  };
}

/** Return why nothing is recorded; null if all is well. */
function problemStatus(
  attachment: Attachment,
  trans: TranslationBundle
): IStatus | null {
  switch (attachment.kind) {
    case 'recording':
      return null;
    case 'no-kernel':
      return off(
        trans.__('Not recording'),
        trans.__('The notebook has no kernel.')
      );
    case 'off':
      return off(
        trans.__('Recording off'),
        trans.__('Recording is switched off in the settings.')
      );
    case 'paused':
      return off(
        trans.__('Recording off'),
        trans.__('Recording is switched off for this kernel.')
      );
    case 'waiting':
      return off(
        trans.__('Waiting for kernel'),
        trans.__('Recording starts when the kernel answers.')
      );
    case 'language':
      return off(
        trans.__('Not recording'),
        trans.__(
          'Only Python kernels are recorded; this one is of %1.',
          attachment.language
        )
      );
    case 'missing':
      return attention(
        trans.__('Not recording'),
        trans.__('The kernel’s environment has no nbrewind.')
      );
    case 'mismatched':
      return attention(
        trans.__('Not recording'),
        trans.__(
          'The nbrewind in the kernel’s environment, %1, does not fit this page.',
          attachment.handshake.agent
        )
      );
    case 'unreachable':
      return attention(
        trans.__('Records not reachable'),
        trans.__(
          'The kernel records where the server can’t read: %1',
          attachment.handshake.store
        )
      );
    case 'failed':
      return attention(trans.__('Not recording'), attachment.reason);
  }
}

/** Return what is said while all is well. */
function recordingStatus(
  facts: IStatusFacts,
  trans: TranslationBundle
): IStatus {
  const { problem, state } = facts;
  if (problem) {
    return attention(trans.__('Recording · state unknown'), problem);
  }
  const cells = state?.cells ?? [];
  if (cells.some(cell => cell.checkpoint === 'saving')) {
    return {
      icon: 'saving',
      text: trans.__('Saving…'),
      title: trans.__('A checkpoint is being saved.')
    };
  }
  const stale = cells.filter(cell => isStale(cell.freshness)).length;
  return {
    icon: 'recording',
    text: stale
      ? trans._n('Recording · %1 stale', 'Recording · %1 stale', stale)
      : trans.__('Recording'),
    title: stale
      ? trans._n(
          'Runs are recorded. %1 cell may not show what it would show now.',
          'Runs are recorded. %1 cells may not show what they would show now.',
          stale
        )
      : trans.__('Runs are recorded.')
  };
}

function attention(text: string, title: string): IStatus {
  return { icon: 'attention', text, title };
}

function off(text: string, title: string): IStatus {
  return { icon: 'paused', text, title };
}

/**
 * Return what is announced once when a plan has ended; empty for nothing.
 *
 * @param before - The plan as it was
 * @param after - The plan as it is
 * @param trans - The application's language
 */
export function announcement(
  before: IPlan | null,
  after: IPlan | null,
  trans: TranslationBundle
): string {
  if (
    before?.state !== 'running' ||
    after?.id !== before.id ||
    after.state === 'running'
  ) {
    return '';
  }
  switch (after.state) {
    case 'done':
      return trans.__('The plan is done.');
    case 'failed':
      return trans.__('The plan failed: %1', after.reason);
    case 'cancelled':
      return trans.__('The plan was cancelled.');
    case 'stopped':
      return trans.__('The plan stopped: %1', after.reason);
    case 'proposed':
      return '';
  }
}
