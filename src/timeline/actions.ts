import { Notification } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';

import { sentence } from '../errors';

/** What a timeline lets the user do. */
export interface ITimelineActions {
  /** Whose commands are executed. */
  readonly commands: CommandRegistry;
  /** Execute a command; tell if it fails. */
  execute(command: string, args: Record<string, string>): void;
}

/** Return what a timeline lets the user do, by the application's commands. */
export function actionsOf(commands: CommandRegistry): ITimelineActions {
  return {
    commands,
    execute: (command, args) => {
      commands.execute(command, args).catch((error: unknown) => {
        Notification.error(sentence(error));
      });
    }
  };
}
