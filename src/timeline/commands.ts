import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import { rewindIcon } from '../icons';
import type { IRewindSession, IRewindSessions } from '../tokens';
import { whyNoCell, whyNoLast, whyNoRewind, whyNoUndo } from './able';
import type { IRewindResult, Rewinder } from './rewinder';
import { checkpointOf, text } from './target';

/** The commands that rewind. */
const REWINDING = [
  CommandIDs.rewindToCell,
  CommandIDs.undoRewind,
  CommandIDs.restoreLastState
];

/** What the commands need. */
export interface ICommandOptions {
  /** Where the commands are added. */
  readonly commands: CommandRegistry;
  /** Knows the notebook that the user is at. */
  readonly sessions: IRewindSessions;
  /** Rewinds. */
  readonly rewinder: Rewinder;
  /** Return the checkpoint at which the context menu was opened; or empty. */
  readonly pointedAt: () => string;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** What a command that rewinds is. */
interface IRewindCommand {
  readonly id: string;
  readonly label: (args: ReadonlyPartialJSONObject) => string;
  readonly caption: string;
  readonly args: ReadonlyJSONObject;
  /** Return why it can't work although the kernel can be rewound; or empty. */
  readonly whyNot: (
    session: IRewindSession,
    args: ReadonlyPartialJSONObject
  ) => string;
  /** Return where to. */
  readonly target: (
    session: IRewindSession,
    args: ReadonlyPartialJSONObject
  ) => string;
}

/**
 * Add the commands that rewind.
 *
 * @param options - What they need
 */
export function addRewindCommands(options: ICommandOptions): void {
  const { commands, pointedAt, rewinder, sessions, trans } = options;
  const all: IRewindCommand[] = [
    {
      id: CommandIDs.rewindToCell,
      label: args =>
        text(args.checkpoint) || args.menu === true
          ? trans.__('Rewind Here')
          : trans.__('Rewind to Cell'),
      caption: trans.__(
        'Take the kernel back to the state after this cell’s last run; no text changes'
      ),
      args: CommandArguments.rewind,
      whyNot: (session, args) =>
        checkpointOf(args, pointedAt)
          ? ''
          : whyNoCell(session, cellOf(session, args), trans),
      target: (session, args) =>
        checkpointOf(args, pointedAt) || cellOf(session, args)
    },
    {
      id: CommandIDs.undoRewind,
      label: () => trans.__('Undo Rewind'),
      caption: trans.__('Take the kernel back to where it was'),
      args: CommandArguments.none,
      whyNot: session => whyNoUndo(session, trans),
      target: session => session.rewound?.before ?? ''
    },
    {
      id: CommandIDs.restoreLastState,
      label: () => trans.__('Restore Last State'),
      caption: trans.__('Bring a new kernel to where the one before ended'),
      args: CommandArguments.none,
      whyNot: session => whyNoLast(session, trans),
      target: session => session.state?.last ?? ''
    }
  ];
  all.forEach(command => addRewindCommand(command, options));
  const changed = (): void => {
    REWINDING.forEach(id => commands.notifyCommandChanged(id));
  };
  rewinder.changed.connect(changed);
  watch(sessions, changed);
}

/** Add one command that rewinds. */
function addRewindCommand(
  command: IRewindCommand,
  { commands, rewinder, sessions, trans }: ICommandOptions
): void {
  const whyNot = (args: ReadonlyPartialJSONObject): string => {
    const session = sessions.current;
    return (
      whyNoRewind(session, trans) ||
      (session ? command.whyNot(session, args) : '')
    );
  };
  commands.addCommand(command.id, {
    label: command.label,
    caption: args => whyNot(args) || command.caption,
    icon: args => (args.toolbar ? rewindIcon : undefined),
    describedBy: { args: command.args },
    isEnabled: args => {
      const session = sessions.current;
      return !!session && !whyNot(args) && !rewinder.isWorking(session);
    },
    execute: async (args): Promise<IRewindResult> => {
      const session = sessions.current;
      const problem = whyNot(args);
      if (!session || problem) {
        throw new Error(problem);
      }
      return rewinder.rewind(session, command.target(session, args), {
        partial: args.partial === true,
        files: args.files === true
      });
    }
  });
}

/**
 * Call a function whenever what commands can do may have changed.
 *
 * @param sessions - All open notebooks
 * @param changed - The function
 */
export function watch(sessions: IRewindSessions, changed: () => void): void {
  const onChanged = (session: IRewindSession): void => {
    if (session === sessions.current) {
      changed();
    }
  };
  const follow = (session: IRewindSession): void => {
    session.attachmentChanged.connect(onChanged);
    session.historyChanged.connect(onChanged);
    session.stateChanged.connect(onChanged);
    session.planChanged.connect(onChanged);
    session.rewoundChanged.connect(onChanged);
    session.panel.content.activeCellChanged.connect(() => onChanged(session));
  };
  for (const session of sessions.all) {
    follow(session);
  }
  sessions.added.connect((_, session) => follow(session));
  sessions.currentChanged.connect(changed);
}

/**
 * Return the id of the cell that is meant.
 *
 * By default the active one: a click of the right button makes a cell the
 * active one before the menu opens.
 */
function cellOf(
  session: IRewindSession,
  args: ReadonlyPartialJSONObject
): string {
  return (
    text(args.cellId) || (session.panel.content.activeCell?.model.id ?? '')
  );
}
