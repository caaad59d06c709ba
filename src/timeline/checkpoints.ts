import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import type {
  ICheckpoint,
  IDifference,
  IRewindSession,
  IRewindSessions
} from '../tokens';
import { watch } from './commands';
import { showDifference } from './compare';
import { numbersOf } from './numbers';
import {
  changeSources,
  confirmSources,
  sourceCells,
  sourceChanges
} from './sources';
import { checkpointOf } from './target';
import { cellText, whenText } from './words';

/** The commands on a checkpoint. */
const MARKING = [
  CommandIDs.compareCheckpoints,
  CommandIDs.keepCheckpoint,
  CommandIDs.labelCheckpoint,
  CommandIDs.restoreSources
];

/** What the commands need. */
export interface ICheckpointCommandOptions {
  /** Where the commands are added. */
  readonly commands: CommandRegistry;
  /** Knows the notebook that the user is at. */
  readonly sessions: IRewindSessions;
  /** Return the checkpoint at which the context menu was opened; or empty. */
  readonly pointedAt: () => string;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** What comparing answers. */
export interface ICompareResult {
  readonly difference: IDifference;
}

/** What labelling answers. */
export interface ILabelResult {
  readonly checkpoint: string;
  /** Its label now. */
  readonly label: string;
  /** Whether the user decided against it. */
  readonly cancelled: boolean;
}

/** What keeping answers. */
export interface IKeepResult {
  readonly checkpoint: string;
  /** Whether it is never evicted now. */
  readonly keep: boolean;
}

/** What giving cells back their texts answers. */
export interface ISourcesResult {
  /** Ids of the cells whose text was changed. */
  readonly changed: readonly string[];
  /** Ids of cells that are gone. */
  readonly gone: readonly string[];
  /** Whether the user decided against it. */
  readonly cancelled: boolean;
}

/**
 * Add the commands on a checkpoint.
 *
 * @param options - What they need
 */
export function addCheckpointCommands(
  options: ICheckpointCommandOptions
): void {
  const { commands, sessions, trans } = options;
  const work = new CheckpointWork(options);
  const isEnabled = (args: ReadonlyPartialJSONObject): boolean =>
    !work.whyNot(args);
  const caption =
    (text: string) =>
    (args: ReadonlyPartialJSONObject): string =>
      work.whyNot(args) || text;
  commands.addCommand(CommandIDs.compareCheckpoints, {
    label: trans.__('Compare With the Kernel…'),
    caption: caption(
      trans.__('Show which names differ between two checkpoints')
    ),
    describedBy: { args: CommandArguments.compare },
    isEnabled,
    execute: args => work.compare(args)
  });
  commands.addCommand(CommandIDs.labelCheckpoint, {
    label: trans.__('Label…'),
    caption: caption(trans.__('Give the checkpoint a name')),
    describedBy: { args: CommandArguments.label },
    isEnabled,
    execute: args => work.label(args)
  });
  commands.addCommand(CommandIDs.keepCheckpoint, {
    label: trans.__('Keep'),
    caption: caption(
      trans.__('Never evict the checkpoint when the store is full')
    ),
    describedBy: { args: CommandArguments.keep },
    isEnabled,
    isToggleable: true,
    isToggled: args => work.isKept(args),
    execute: args => work.keep(args)
  });
  commands.addCommand(CommandIDs.restoreSources, {
    label: trans.__('Restore Sources…'),
    caption: caption(
      trans.__('Give the cells the texts that they had then; nothing runs')
    ),
    describedBy: { args: CommandArguments.sources },
    isEnabled,
    execute: args => work.restoreSources(args)
  });
  watch(sessions, () => {
    MARKING.forEach(id => commands.notifyCommandChanged(id));
  });
}

/** What the commands do. */
class CheckpointWork {
  constructor(private readonly _options: ICheckpointCommandOptions) {}

  /** Return why a command can't work, a sentence; empty if it can. */
  whyNot(args: ReadonlyPartialJSONObject): string {
    const { sessions, trans } = this._options;
    const session = sessions.current;
    if (!session) {
      return trans.__('No notebook is open.');
    }
    const id = this._id(args);
    if (!id) {
      return trans.__('No checkpoint is chosen.');
    }
    return session.history && !found(session, id)
      ? trans.__('The history of this notebook has no such checkpoint.')
      : '';
  }

  /** Return whether a checkpoint is never evicted. */
  isKept(args: ReadonlyPartialJSONObject): boolean {
    const session = this._options.sessions.current;
    return !!session && !!found(session, this._id(args))?.keep;
  }

  /** Show what differs. */
  async compare(args: ReadonlyPartialJSONObject): Promise<ICompareResult> {
    const { trans } = this._options;
    const { id, session } = this._target(args);
    const other =
      typeof args.other === 'string' ? args.other : (session.state?.head ?? '');
    const difference = await session.difference(id, other);
    const names = [
      this._name(session, id),
      this._name(session, other)
    ] as const;
    void showDifference(session, difference, names, trans);
    return { difference };
  }

  /** Name a checkpoint; ask for the name if it is left out. */
  async label(args: ReadonlyPartialJSONObject): Promise<ILabelResult> {
    const { trans } = this._options;
    const { id, session } = this._target(args);
    const before = found(session, id)?.label ?? '';
    let label = args.label;
    if (typeof label !== 'string') {
      const { button, value } = await InputDialog.getText({
        title: trans.__('Label of %1', this._name(session, id)),
        label: trans.__('A few words; leave it empty for none'),
        text: before
      });
      if (!button.accept) {
        return { cancelled: true, checkpoint: id, label: before };
      }
      label = value ?? '';
    }
    label = label.trim();
    await session.mark(id, { label });
    return { cancelled: false, checkpoint: id, label };
  }

  /** Never evict a checkpoint, or no longer so. */
  async keep(args: ReadonlyPartialJSONObject): Promise<IKeepResult> {
    const { trans } = this._options;
    const { id, session } = this._target(args);
    if (typeof args.keep !== 'boolean' && !session.history) {
      throw new Error(
        trans.__('The history of this notebook is not there yet: try again.')
      );
    }
    const keep =
      typeof args.keep === 'boolean' ? args.keep : !found(session, id)?.keep;
    await session.mark(id, { keep });
    return { checkpoint: id, keep };
  }

  /** Give the cells the texts of a checkpoint. */
  async restoreSources(
    args: ReadonlyPartialJSONObject
  ): Promise<ISourcesResult> {
    const { trans } = this._options;
    const { id, session } = this._target(args);
    const model = session.panel.content.model;
    if (!model || model.readOnly) {
      throw new Error(trans.__('The notebook can’t be edited.'));
    }
    const sources = await session.sources(id);
    const changes = sourceChanges(sourceCells(model), sources);
    const gone = changes.gone.map(({ cell }) => cell);
    if (
      args.confirmed !== true &&
      !(await confirmSources(changes, this._name(session, id), trans))
    ) {
      return { cancelled: true, changed: [], gone };
    }
    if (session.isDisposed) {
      throw new Error(trans.__('The notebook was closed.'));
    }
    changeSources(model, changes.changed);
    const changed = changes.changed.map(cell => cell.id);
    return { cancelled: false, changed, gone };
  }

  private _id(args: ReadonlyPartialJSONObject): string {
    return checkpointOf(args, this._options.pointedAt);
  }

  /** Return which checkpoint of which notebook is meant. */
  private _target(args: ReadonlyPartialJSONObject): {
    id: string;
    session: IRewindSession;
  } {
    const session = this._options.sessions.current;
    const problem = this.whyNot(args);
    if (!session || problem) {
      throw new Error(problem);
    }
    return { id: this._id(args), session };
  }

  /** Return a checkpoint in words. */
  private _name(session: IRewindSession, id: string): string {
    const { trans } = this._options;
    if (!id) {
      return trans.__('a new kernel');
    }
    const checkpoint = found(session, id);
    if (!checkpoint) {
      return trans.__('checkpoint %1', id);
    }
    const number = numbersOf(session.panel).get(checkpoint.cell ?? '');
    return (
      checkpoint.label ||
      trans.__(
        '%1 (%2)',
        cellText(checkpoint, number, trans),
        whenText(checkpoint.time, Date.now(), trans)
      )
    );
  }
}

/** Return a checkpoint of a notebook, if its history is known and has it. */
function found(session: IRewindSession, id: string): ICheckpoint | undefined {
  return session.history?.checkpoints.find(checkpoint => checkpoint.id === id);
}
