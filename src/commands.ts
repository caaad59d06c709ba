/**
 * The commands' ids and the schemas of their arguments.
 */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** The ids of the commands. */
export namespace CommandIDs {
  /** Show the panel. */
  export const open = 'nbrewind:open';
}

/** JSON schemas of the commands' arguments. */
export namespace CommandArguments {
  /** Of a command that takes no arguments. */
  export const none: ReadonlyJSONObject = {
    type: 'object',
    properties: {},
    additionalProperties: true
  };
}
