import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import { runStaleIcon } from '../icons';
import type {
  IPlan,
  IRewindSession,
  IRewindSessions,
  PlanTarget
} from '../tokens';
import { choosePlan } from './dialog';
import { acceptPlan, cancelPlan, runPlan } from './run';
import type { ITarget } from './words';

/** The commands whose state depends on whether a plan can be made. */
const PLANNING = [
  CommandIDs.bringUpToDate,
  CommandIDs.runAffected,
  CommandIDs.runStale,
  CommandIDs.previewPlan,
  CommandIDs.cancelPlan
];

/**
 * Add the commands that plan.
 *
 * @param commands - Where to
 * @param sessions - Knows the notebook that the user is at
 * @param trans - The application's language
 */
export function addPlanCommands(
  commands: CommandRegistry,
  sessions: IRewindSessions,
  trans: TranslationBundle
): void {
  const add = (
    id: string,
    words: { label: string; caption: string },
    target: PlanTarget
  ): void => {
    const whyNot = (args: ReadonlyPartialJSONObject): string =>
      whyNoPlan(sessions.current, target, args.cellId, trans);
    commands.addCommand(id, {
      label: words.label,
      caption: args => whyNot(args) || words.caption,
      icon: args =>
        args.toolbar && target === 'stale' ? runStaleIcon : undefined,
      describedBy: { args: CommandArguments.runPlan },
      isEnabled: args => !whyNot(args),
      execute: args => {
        const session = sessions.current;
        const reason = whyNot(args);
        if (!session || reason) {
          throw new Error(reason);
        }
        const found = targetOf(session, target, args.cellId);
        return runPlan(session, found, args.accept === true, trans);
      }
    });
  };
  add(
    CommandIDs.bringUpToDate,
    {
      label: trans.__('Bring Cell Up to Date…'),
      caption: trans.__('Run only what this cell needs to be right again')
    },
    'cell'
  );
  add(
    CommandIDs.runAffected,
    {
      label: trans.__('Run Affected Cells…'),
      caption: trans.__('Run this cell and every cell that it affects')
    },
    'affected'
  );
  add(
    CommandIDs.runStale,
    {
      label: trans.__('Run Stale Cells…'),
      caption: trans.__('Run every cell that is stale, and what it needs')
    },
    'stale'
  );
  addPreviewCommand(commands, sessions, trans);
  addCancelCommand(commands, sessions, trans);
  watch(commands, sessions);
}

/** Add the command that shows a plan. */
function addPreviewCommand(
  commands: CommandRegistry,
  sessions: IRewindSessions,
  trans: TranslationBundle
): void {
  const whyNot = (args: ReadonlyPartialJSONObject): string =>
    whyNoPlan(
      sessions.current,
      readTarget(args.target),
      args.cellId,
      trans,
      true
    );
  commands.addCommand(CommandIDs.previewPlan, {
    label: trans.__('Preview Plan…'),
    caption: args =>
      whyNot(args) ||
      trans.__('Show what would bring the notebook up to date; run nothing'),
    describedBy: { args: CommandArguments.plan },
    isEnabled: args => !whyNot(args),
    execute: async args => {
      const session = sessions.current;
      const reason = whyNot(args);
      if (!session || reason) {
        throw new Error(reason);
      }
      const target = targetOf(session, readTarget(args.target), args.cellId);
      const { isWanted, plan } = await choosePlan(session, target, true, trans);
      if (isWanted && plan) {
        return acceptPlan(session, plan);
      }
      return {
        cancelled: true,
        steps: plan?.steps.map(({ step }) => step) ?? []
      };
    }
  });
}

/** Add the command that interrupts a plan. */
function addCancelCommand(
  commands: CommandRegistry,
  sessions: IRewindSessions,
  trans: TranslationBundle
): void {
  commands.addCommand(CommandIDs.cancelPlan, {
    label: trans.__('Cancel Plan'),
    caption: trans.__('Interrupt the kernel, and run no more steps'),
    describedBy: { args: CommandArguments.none },
    isEnabled: () => atWork(sessions.current) !== null,
    execute: () => {
      const session = sessions.current;
      const plan = atWork(session);
      if (!session || !plan) {
        throw new Error(trans.__('No plan is at work in this notebook.'));
      }
      return cancelPlan(session, plan);
    }
  });
}

/** Return the plan that is at work; null if none is. */
function atWork(session: IRewindSession | null): IPlan | null {
  return session?.plan?.state === 'running' ? session.plan : null;
}

/** Return what an argument means. */
function readTarget(target: unknown): PlanTarget {
  return target === 'cell' || target === 'stale' || target === 'affected'
    ? target
    : 'all';
}

/**
 * Return why no plan can be made, a sentence; empty if one can.
 *
 * @param session - The notebook that the user is at
 * @param target - What to bring up to date
 * @param cell - Id of the cell that is meant; by default the active one
 * @param trans - The application's language
 * @param isPreview - Whether nothing runs
 */
export function whyNoPlan(
  session: IRewindSession | null,
  target: PlanTarget,
  cell: unknown,
  trans: TranslationBundle,
  isPreview = false
): string {
  if (!session) {
    return trans.__('There is no notebook to plan for.');
  }
  if (atWork(session)) {
    return trans.__('A plan is at work: wait until it is done, or cancel it.');
  }
  const isOfCell = target === 'cell' || target === 'affected';
  if (isOfCell && !targetOf(session, target, cell).number) {
    return trans.__('There is no such code cell.');
  }
  if (isPreview) {
    return '';
  }
  switch (session.attachment.kind) {
    case 'recording':
      return '';
    case 'paused':
    case 'off':
      return trans.__('Nothing is recorded in this kernel: a plan needs that.');
    case 'no-kernel':
      return trans.__('The notebook has no kernel.');
    case 'waiting':
      return trans.__('The kernel has not answered yet.');
    default:
      return trans.__('This kernel can’t be recorded: a plan needs that.');
  }
}

/** Return what a command is about; its number is 0 if there is no such cell. */
function targetOf(
  session: IRewindSession,
  target: PlanTarget,
  id: unknown
): ITarget {
  if (target !== 'cell' && target !== 'affected') {
    return { target, cell: '', number: 0 };
  }
  const { activeCell, model } = session.panel.content;
  const cell = typeof id === 'string' && id ? id : activeCell?.model.id;
  let number = 0;
  let index = 0;
  for (const { id, type } of model?.cells ?? []) {
    index++;
    if (id === cell && type === 'code') {
      number = index;
      break;
    }
  }
  return { target, cell: cell ?? '', number };
}

/** Tell whoever shows the commands when they may have changed. */
function watch(commands: CommandRegistry, sessions: IRewindSessions): void {
  const changed = (): void => {
    PLANNING.forEach(id => commands.notifyCommandChanged(id));
  };
  const follow = (session: IRewindSession): void => {
    session.attachmentChanged.connect(changed);
    session.planChanged.connect(changed);
    session.panel.content.activeCellChanged.connect(changed);
  };
  for (const session of sessions.all) {
    follow(session);
  }
  sessions.added.connect((_, session) => follow(session));
  sessions.currentChanged.connect(changed);
}
