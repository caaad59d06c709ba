import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { sentence } from '../errors';
import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import { watch } from '../timeline/commands';
import { numbersOf } from '../timeline/numbers';
import { text } from '../timeline/target';
import { cellText } from '../timeline/words';
import type {
  IBudget,
  ICleanup,
  IForgetTarget,
  IForgotten,
  IRewindSession,
  IRewindSessions,
  IRewindStorage
} from '../tokens';
import { confirmCleanUp, confirmForget, type IDialogOptions } from './dialogs';
import { askLimits } from './limits';
import type { Numbers } from './rows';
import {
  budgetSentence,
  cleanedSentence,
  forgottenSentence,
  targetText
} from './words';

/** How long a notice of what was done stays, in milliseconds. */
const STAYS = 10000;

/** What the commands need. */
export interface IStorageCommandOptions {
  /** Where the commands are added. */
  readonly commands: CommandRegistry;
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** The store. */
  readonly storage: IRewindStorage;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** What a command answers. */
interface IResult {
  /** Whether it was done. */
  readonly done: boolean;
  /** Whether the user decided against it. */
  readonly cancelled: boolean;
  /** Why it could not be done, a sentence; empty if it could. */
  readonly problem: string;
}

/** What cleaning up answers. */
export interface ICleanUpResult extends IResult {
  /** What was done; null if nothing was. */
  readonly cleanup: ICleanup | null;
}

/** What forgetting answers. */
export interface IForgetResult extends IResult {
  /** What was removed; null if nothing was. */
  readonly forgotten: IForgotten | null;
}

/**
 * Add the commands that make the store smaller, or keep it small.
 *
 * @param options - What they need
 */
export function addStorageCommands(options: IStorageCommandOptions): void {
  const { commands, sessions, trans } = options;
  const work = new StorageWork(options);
  commands.addCommand(CommandIDs.cleanUp, {
    label: trans.__('Clean Up Store…'),
    caption: trans.__(
      'Show what can go from the store of records, and free space'
    ),
    describedBy: { args: CommandArguments.cleanUp },
    execute: args => work.cleanUp(args)
  });
  commands.addCommand(CommandIDs.setBudget, {
    label: trans.__('Set Storage Limits…'),
    caption: trans.__('Say how much the store and this notebook may hold'),
    describedBy: { args: CommandArguments.setBudget },
    execute: args => work.setBudget(args)
  });
  commands.addCommand(CommandIDs.forget, {
    label: args =>
      text(args.cellId) || text(args.name) || text(args.path)
        ? trans.__('Forget…')
        : trans.__('Forget This Notebook…'),
    caption: args =>
      work.whyNoForget(args) ||
      trans.__('Remove what is recorded of it for good'),
    describedBy: { args: CommandArguments.forget },
    isEnabled: args => !work.whyNoForget(args),
    execute: args => work.forget(args)
  });
  watch(sessions, () => commands.notifyCommandChanged(CommandIDs.forget));
}

/** What the commands do. */
class StorageWork {
  constructor(private readonly _options: IStorageCommandOptions) {}

  /** Free space; show first what goes, unless that is confirmed. */
  async cleanUp(args: ReadonlyPartialJSONObject): Promise<ICleanUpResult> {
    const { storage, trans } = this._options;
    let budget = typeof args.budget === 'number' ? args.budget : undefined;
    if (args.confirmed !== true) {
      const chosen = await confirmCleanUp(budget, this._dialogs);
      if (!chosen.isWanted) {
        return { ...CANCELLED, cleanup: null };
      }
      ({ budget } = chosen);
    }
    const { problem, value } = await tell(
      storage.cleanUp(budget),
      trans.__('Cleaning up…'),
      cleanup => cleanedSentence(cleanup, trans)
    );
    return { ...ended(problem), cleanup: value };
  }

  /** Say how much may be held; ask, unless that is given. */
  async setBudget(args: ReadonlyPartialJSONObject): Promise<IResult> {
    const { budget } = args;
    let changes: IBudget[];
    try {
      changes =
        typeof budget === 'number' || budget === null
          ? [{ budget, path: text(args.path) }]
          : await this._askBudgets();
    } catch (error) {
      const problem = sentence(error);
      Notification.error(problem, { autoClose: STAYS });
      return ended(problem);
    }
    if (!changes.length) {
      return CANCELLED;
    }
    const { storage, trans } = this._options;
    for (const one of changes) {
      const { problem } = await tell(
        storage.setBudget(one.budget, one.path),
        trans.__('Setting the limit…'),
        done => budgetSentence(done, trans)
      );
      if (problem) {
        return ended(problem);
      }
    }
    return ended('');
  }

  /** Return which limits the user wants to be others. */
  private async _askBudgets(): Promise<IBudget[]> {
    const { sessions, storage, trans } = this._options;
    const current = sessions.current?.path;
    const [{ budget }, known] = await Promise.all([
      storage.usage(),
      current ? storage.notebook(current) : null
    ]);
    const stored = known?.notebook ?? null;
    const path = stored?.path ?? '';
    const now = { store: budget, notebook: stored?.budget ?? null };
    const wanted = await askLimits(now, path, trans);
    const changes = wanted
      ? [
          { budget: wanted.store, path: '', before: now.store },
          { budget: wanted.notebook, path, before: now.notebook }
        ]
      : [];
    return changes.filter(one => one.budget !== one.before);
  }

  /** Return why nothing can be forgotten, a sentence; empty if it can. */
  whyNoForget(args: ReadonlyPartialJSONObject): string {
    const { trans } = this._options;
    const { path } = this._target(args);
    if (!path) {
      return trans.__('No notebook is open.');
    }
    return this._session(path)?.plan?.state === 'running'
      ? trans.__('A plan is at work: wait until it is done, or cancel it.')
      : '';
  }

  /** Remove records for good; ask first, unless that is confirmed. */
  async forget(args: ReadonlyPartialJSONObject): Promise<IForgetResult> {
    const { storage, trans } = this._options;
    const problem = this.whyNoForget(args);
    if (problem) {
      throw new Error(problem);
    }
    const target = this._target(args);
    const what = targetText(target, this._cell(target), trans);
    if (
      args.confirmed !== true &&
      !(await confirmForget(target, what, this._dialogs))
    ) {
      return { ...CANCELLED, forgotten: null };
    }
    const told = await tell(
      storage.forget(target),
      trans.__('Forgetting %1…', what),
      forgotten => forgottenSentence(forgotten, what, trans)
    );
    return { ...ended(told.problem), forgotten: told.value };
  }

  private get _dialogs(): IDialogOptions {
    const { storage, trans } = this._options;
    return { storage, trans, numbersOf: path => this._numbers(path) };
  }

  private _target(args: ReadonlyPartialJSONObject): IForgetTarget {
    const path = text(args.path) || this._options.sessions.current?.path || '';
    return { path, cell: text(args.cellId), name: text(args.name) };
  }

  /** Return the session of an open notebook. */
  private _session(path: string): IRewindSession | undefined {
    return [...this._options.sessions.all].find(
      session => session.path === path
    );
  }

  private _numbers(path: string): Numbers | undefined {
    const session = this._session(path);
    return session && numbersOf(session.panel);
  }

  /** Return the cell that is to be forgotten, in words. */
  private _cell({ cell, path }: IForgetTarget): string {
    const numbers = this._numbers(path);
    return cell && numbers
      ? cellText({ cell }, numbers.get(cell), this._options.trans)
      : this._options.trans.__('cell %1', cell ?? '');
  }
}

/** Of what the user decided against. */
const CANCELLED: IResult = { done: false, cancelled: true, problem: '' };

/** Return how something ended. */
function ended(problem: string): IResult {
  return { done: !problem, cancelled: false, problem };
}

/**
 * Tell the user that something is at work, and what it did.
 *
 * @param work - The work
 * @param doing - What is being done, a phrase
 * @param done - Says what was done
 * @returns What was done, or why it could not be. Never rejects
 */
async function tell<T>(
  work: Promise<T>,
  doing: string,
  done: (value: T) => string
): Promise<{ value: T | null; problem: string }> {
  const id = Notification.emit(doing, 'in-progress', { autoClose: false });
  try {
    const value = await work;
    const message = done(value);
    Notification.update({ id, message, type: 'success', autoClose: STAYS });
    return { value, problem: '' };
  } catch (error) {
    const problem = sentence(error);
    Notification.update({
      id,
      message: problem,
      type: 'error',
      autoClose: STAYS
    });
    return { value: null, problem };
  }
}
