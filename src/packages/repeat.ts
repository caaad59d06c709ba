import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import { whyNoPlan } from '../plan/commands';
import { runPlan } from '../plan/run';
import type { IRewindSession, IRewindSessions } from '../tokens';

/** How long a kernel may take to start and answer, in ms. */
const PATIENCE = 60000;

/** What opening and repeating need. */
export interface IRepeatOptions {
  /** The application's commands. */
  readonly commands: CommandRegistry;
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * Open a notebook. In Notebook 7 it gets a page of its own; browsers let pages
 * open by themselves for some seconds after a click, and say nothing when they
 * do not: then the user is asked for another click.
 *
 * @param path - Its path
 * @param options - What that needs
 * @returns Whether it is in this page
 */
export async function openNotebook(
  path: string,
  { commands, trans }: Pick<IRepeatOptions, 'commands' | 'trans'>
): Promise<boolean> {
  const open = (): Promise<IDisposable | undefined> =>
    commands.execute('docmanager:open', { path });
  const mayOpenPages =
    !('userActivation' in navigator) || navigator.userActivation.isActive;
  // Notebook 7 gives the widget that it has disposed of.
  const isHere = (await open())?.isDisposed === false;
  if (!isHere && !mayOpenPages) {
    Notification.warning(
      trans.__('The browser may have kept the page of %1 from opening.', path),
      {
        autoClose: false,
        actions: [{ label: trans.__('Open'), callback: () => void open() }]
      }
    );
  }
  return isHere;
}

/**
 * Open a notebook, and repeat all of it as far as it has to be: the plan is
 * shown before anything runs.
 *
 * @param path - The notebook's path
 * @param options - What that needs
 * @returns When the plan has ended, or was decided against; false if the
 *   notebook is not in this page. Rejects with a sentence
 */
export async function repeatNotebook(
  path: string,
  options: IRepeatOptions
): Promise<boolean> {
  const { sessions, trans } = options;
  if (!(await openNotebook(path, options))) {
    return false;
  }
  const session = await until(
    sessions.added,
    () => find(sessions, path),
    trans.__('The notebook could not be opened.')
  );
  await session.panel.context.ready;
  const whyNot = (): string => whyNoPlan(session, 'all', '', trans);
  await until(
    session.attachmentChanged,
    () => !isUndecided(session) || null,
    whyNot() || trans.__('The kernel has not answered.')
  );
  const reason = whyNot();
  if (reason) {
    throw new Error(reason);
  }
  const target = { target: 'all', cell: '', number: 0 } as const;
  await runPlan(session, target, false, trans);
  return true;
}

/** Return the session of an open notebook. */
function find(sessions: IRewindSessions, path: string): IRewindSession | null {
  return [...sessions.all].find(session => session.path === path) ?? null;
}

/** Whether it is not known yet if the kernel records. */
function isUndecided({ attachment }: IRewindSession): boolean {
  return attachment.kind === 'waiting' || attachment.kind === 'no-kernel';
}

/**
 * Wait until something is there.
 *
 * @param signal - Emitted when it may be
 * @param look - Returns it; null if it is not there yet
 * @param problem - Why it does not come, a sentence
 */
function until<T>(
  signal: ISignal<unknown, unknown>,
  look: () => T | null,
  problem: string
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.disconnect(onSignal);
    };
    const onSignal = (): void => {
      const found = look();
      if (found !== null) {
        end();
        resolve(found);
      }
    };
    const timer = setTimeout(() => {
      end();
      reject(new Error(problem));
    }, PATIENCE);
    signal.connect(onSignal);
    onSignal();
  });
}
