/**
 * What is asked of a kernel, and what its answers mean. One expression each,
 * evaluated by a silent request: it leaves no name, no output and no trace in
 * the user's history.
 */

import type { KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import {
  type Attachment,
  type IHandshake,
  PROTOCOLS,
  type RecordingMode
} from '../tokens';

/** The modes, the usual one first. */
export const MODES: readonly RecordingMode[] = ['audit', 'repeat', 'off'];

/** The name of the expression in the request. */
export const EXPRESSION = 'nbrewind';

/**
 * Return the expression that attaches the agent.
 *
 * A kernel that is attached already stays in the mode that it is in.
 *
 * @param mode - The mode of a kernel that is not attached yet
 */
export function attachExpression(mode: RecordingMode): string {
  // A kernel's environment may ask for another mode than the usual one.
  const wanted = mode === 'audit' ? '' : `mode='${mode}'`;
  return withAgent('now', `agent.attach(${wanted})`);
}

/** Return the expression that asks for the agent, and attaches none. */
export function probeExpression(): string {
  return encoded(
    `(lambda agent: agent and agent.current() and agent.current().handshake())` +
      `(__import__('sys').modules.get('nbrewind.kernel.agent'))`
  );
}

/** Return the expression that sets the mode, and attaches where that is due. */
export function modeExpression(mode: RecordingMode): string {
  return withAgent(
    `now.set_mode('${mode}') and now`,
    `agent.attach(mode='${mode}')`
  );
}

/**
 * Return what an answer means.
 *
 * @param content - The reply
 * @param trans - The application's language
 * @returns The attachment; null if the kernel did not get to evaluate it
 */
export function readReply(
  content: KernelMessage.IExecuteReplyMsg['content'],
  trans: TranslationBundle
): Attachment | null {
  const status: string = content.status;
  if (status === 'aborted' || status === 'abort') {
    return null;
  }
  const answers = (content as { user_expressions?: Record<string, unknown> })
    .user_expressions;
  const answer = answers?.[EXPRESSION] as Private.IAnswer | undefined;
  if (status === 'ok' && answer?.status === 'ok') {
    return readHandshake(answer.data?.['text/plain'], trans);
  }
  const { ename, evalue } = (status === 'ok' ? answer : content) as {
    ename?: unknown;
    evalue?: unknown;
  };
  if (
    ename === 'ModuleNotFoundError' &&
    /^No module named ['"]nbrewind\b/.test(String(evalue))
  ) {
    return { kind: 'missing' };
  }
  return {
    kind: 'failed',
    reason: trans.__(
      'Recording could not start: %1',
      [ename, evalue].filter(Boolean).join(': ') || status
    )
  };
}

/**
 * Return what a handshake means.
 *
 * @param text - The value as the kernel shows it: a Python text of hexadecimal
 *   digits, so that nothing in it can be mistaken
 * @param trans - The application's language
 */
export function readHandshake(
  text: unknown,
  trans: TranslationBundle
): Attachment {
  const digits = /^'((?:[0-9a-f]{2})*)'$/.exec(String(text))?.[1];
  let found: unknown;
  try {
    found = JSON.parse(Private.decode(digits!));
  } catch {
    found = undefined;
  }
  if (found === null) {
    return { kind: 'off' };
  }
  if (!Private.isHandshake(found)) {
    return {
      kind: 'failed',
      reason: trans.__(
        'Recording could not start: the kernel’s answer makes no sense.'
      )
    };
  }
  const [oldest, newest] = PROTOCOLS;
  if (found.protocol < oldest || found.protocol > newest) {
    return { kind: 'mismatched', handshake: found };
  }
  if (found.error) {
    return { kind: 'failed', reason: found.error };
  }
  return {
    kind: found.mode === 'off' ? 'paused' : 'recording',
    handshake: found
  };
}

/**
 * Return the expression for the handshake of an agent.
 *
 * @param sound - The agent where `now` is attached, and can record
 * @param none - The agent where none is
 */
function withAgent(sound: string, none: string): string {
  const agent = "__import__('nbrewind.kernel.agent', fromlist=['current'])";
  return encoded(
    `(lambda agent: (lambda now: (${sound}) if now and not now.error ` +
      `else ${none})(agent.current()))(${agent}).handshake()`
  );
}

/** Return the expression for a value's JSON, as hexadecimal digits. */
function encoded(expression: string): string {
  return `__import__('json').dumps(${expression}).encode().hex()`;
}

namespace Private {
  /** What the kernel answers to one expression. */
  export interface IAnswer {
    status: string;
    data?: Record<string, unknown>;
  }

  /** Return the text that hexadecimal digits stand for. */
  export function decode(digits: string): string {
    const bytes = digits.match(/../g) ?? [];
    return new TextDecoder().decode(
      Uint8Array.from(bytes, byte => parseInt(byte, 16))
    );
  }

  /** Whether a value is a handshake with all that is relied on. */
  export function isHandshake(value: unknown): value is IHandshake {
    if (typeof value !== 'object' || value === null) {
      return false;
    }
    const found = value as Record<keyof IHandshake, unknown>;
    const texts: (keyof IHandshake)[] = [
      'agent',
      'python',
      'session',
      'store',
      'store_nonce',
      'head',
      'error'
    ];
    return (
      typeof found.protocol === 'number' &&
      MODES.includes(found.mode as RecordingMode) &&
      texts.every(key => typeof found[key] === 'string')
    );
  }
}
