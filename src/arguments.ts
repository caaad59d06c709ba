/**
 * What the commands take.
 */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** JSON schemas of the commands' arguments. */
export namespace CommandArguments {
  const cellId = {
    type: 'string',
    description: 'Id of the cell; by default the active one'
  };
  const checkpoint = { type: 'string', description: 'Id of the checkpoint' };
  const menu = {
    type: 'boolean',
    description:
      'Take the checkpoint in the timeline at which the context menu was opened'
  };

  function schema(
    properties: ReadonlyJSONObject,
    required: string[] = []
  ): ReadonlyJSONObject {
    return { type: 'object', properties, required, additionalProperties: true };
  }

  /** Of a command that takes no arguments. */
  export const none = schema({});

  /** Of a command on a cell. */
  export const cell = schema({ cellId });

  /** Of a rewind. */
  export const rewind = schema({
    cellId,
    checkpoint: {
      type: 'string',
      description: 'Id of a checkpoint, instead of a cell'
    },
    partial: {
      type: 'boolean',
      description: 'Go on although names would be lost'
    },
    files: {
      type: 'boolean',
      description:
        'Put files that runs wrote back also over what is recorded nowhere'
    },
    menu
  });

  /** Of a comparison. */
  export const compare = schema({
    one: checkpoint,
    other: {
      type: 'string',
      description: 'Id of the other checkpoint; by default where the kernel is'
    },
    menu
  });

  /** Of naming. */
  export const label = schema({
    checkpoint,
    label: {
      type: 'string',
      description: 'The name; asked for if it is left out'
    },
    menu
  });

  /** Of keeping. */
  export const keep = schema({
    checkpoint,
    keep: { type: 'boolean', description: 'By default the opposite of now' },
    menu
  });

  /** Of giving cells back their texts. */
  export const sources = schema({
    checkpoint,
    confirmed: {
      type: 'boolean',
      description: 'Change the cells without asking first'
    },
    menu
  });

  /** Of a plan. */
  export const plan = schema({
    target: {
      type: 'string',
      enum: ['cell', 'stale', 'affected', 'all'],
      description: 'What to bring up to date; by default everything'
    },
    cellId
  });

  /** Of running a plan. */
  export const runPlan = schema({
    cellId,
    accept: {
      type: 'boolean',
      description: 'Run the plan without showing it first'
    }
  });

  /** Of setting the mode. */
  export const mode = schema(
    {
      mode: {
        type: 'string',
        enum: ['audit', 'repeat', 'off'],
        description: 'What the kernel does with runs'
      }
    },
    ['mode']
  );

  /** Of cleaning up. */
  export const cleanUp = schema({
    budget: {
      type: 'number',
      description:
        'Bytes that the store may hold afterwards; by default its budget'
    },
    confirmed: {
      type: 'boolean',
      description: 'Clean up without showing first what goes'
    }
  });

  /** Of saying how much may be held. */
  export const setBudget = schema({
    budget: {
      type: ['number', 'null'],
      description:
        'Bytes; null: a notebook may hold as much as the store; asked for if it is left out'
    },
    path: {
      type: 'string',
      description: 'Path of the notebook; by default it is for the whole store'
    }
  });

  /** Of an export. */
  export const exportNotebook = schema({
    path: {
      type: 'string',
      description: 'Path of an open notebook; by default the current one'
    },
    contents: {
      type: 'string',
      enum: ['full', 'slim', 'embedded'],
      description:
        'Whether large values go along, as they do by default; embedded: a notebook with a slim package in it'
    },
    container: {
      type: 'boolean',
      description:
        'Whether files by which a container image is built go along; by default they do not'
    },
    target: {
      type: 'string',
      description:
        'Path of the package, which must be new; by default beside the notebook'
    },
    key: {
      type: 'string',
      description: 'Name of an SSH key that signs; by default none does'
    },
    confirmed: {
      type: 'boolean',
      description: 'Export without showing first what that writes'
    }
  });

  /** Of opening a package. */
  export const openPackage = schema({
    path: {
      type: 'string',
      description:
        'Path of the package; by default the one selected in the file browser, else it is asked for'
    }
  });

  /** Of forgetting. */
  export const forget = schema({
    path: {
      type: 'string',
      description: 'Path of the notebook; by default the current one'
    },
    cellId: { type: 'string', description: 'Id of a cell: only that' },
    name: { type: 'string', description: 'A variable’s name: only that' },
    confirmed: {
      type: 'boolean',
      description: 'Forget without asking first'
    }
  });
}
