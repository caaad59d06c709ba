import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from '../commands';
import type {
  IRewindSession,
  IRewindSessions,
  IRewindTasks,
  ITasks
} from '../tokens';

/** Schemas of the commands' arguments. */
const ARGUMENTS = {
  start: {
    type: 'object',
    properties: {
      manager: {
        type: 'integer',
        description:
          'Number of the manager in the kernel; by default the first that is open'
      },
      count: { type: 'integer', description: 'How many; by default one' },
      cores: { type: 'integer', description: 'Cores of each; by default one' }
    },
    required: [],
    additionalProperties: true
  },
  stop: {
    type: 'object',
    properties: {
      workers: {
        type: 'array',
        items: { type: 'string' },
        description: 'Ids of workers; by default all of the notebook'
      }
    },
    required: [],
    additionalProperties: true
  }
};

/** What the commands need. */
export interface ITaskCommandOptions {
  /** Where the commands are added. */
  readonly commands: CommandRegistry;
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** Their tasks. */
  readonly tasks: IRewindTasks;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * Add the commands that start and stop local workers. Both return the tasks as
 * the server answers them, and reject with a sentence.
 *
 * @param options - What they need
 */
export function addTaskCommands(options: ITaskCommandOptions): void {
  const { commands, sessions, tasks, trans } = options;
  const current = (): IRewindSession => {
    const session = sessions.current;
    if (!session) {
      throw new Error(trans.__('Open a notebook first.'));
    }
    return session;
  };
  commands.addCommand(CommandIDs.startWorkers, {
    label: trans.__('Start Local Workers'),
    caption: trans.__(
      'Start workers on the server’s machine for a manager of this notebook'
    ),
    describedBy: { args: ARGUMENTS.start },
    isEnabled: () => sessions.current !== null,
    execute: async (args): Promise<ITasks> => {
      const { attachment, path } = current();
      const own = 'handshake' in attachment ? attachment.handshake.session : '';
      const { managers, session } = await tasks.tasks(path, own);
      const wanted = numberOf(args, 'manager');
      const manager =
        managers.find(({ number }) => number === wanted) ??
        (wanted === undefined
          ? (managers.find(({ refusal }) => !refusal) ?? managers[0])
          : undefined);
      if (!manager) {
        throw new Error(
          trans.__('The notebook’s kernel has no manager: run its cell first.')
        );
      }
      return tasks.startWorkers(
        path,
        session,
        manager.number,
        numberOf(args, 'count'),
        numberOf(args, 'cores')
      );
    }
  });
  commands.addCommand(CommandIDs.stopWorkers, {
    label: trans.__('Stop Local Workers'),
    caption: trans.__(
      'Stop the workers that this server has started for this notebook'
    ),
    describedBy: { args: ARGUMENTS.stop },
    isEnabled: () => sessions.current !== null,
    execute: (args): Promise<ITasks> => {
      const { workers } = args;
      const ids = Array.isArray(workers) ? workers.map(String) : [];
      return tasks.stopWorkers(current().path, ids);
    }
  });
}

/** Return an argument that is a number; undefined if it is none. */
function numberOf(
  args: ReadonlyPartialJSONObject,
  name: string
): number | undefined {
  const found = args[name];
  return typeof found === 'number' ? found : undefined;
}
