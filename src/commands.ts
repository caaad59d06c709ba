/**
 * The commands' ids and the schemas of their arguments.
 */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** The ids of the commands. */
export namespace CommandIDs {
  /** Show the panel. */
  export const open = 'nbrewind:open';
  /** Show the timeline in the main area. */
  export const openTimeline = 'nbrewind:open-timeline';
  /** Take the kernel to the state after the last run of a cell. */
  export const rewindToCell = 'nbrewind:rewind-to-cell';
  /** Undo the last rewind. */
  export const undoRewind = 'nbrewind:undo-rewind';
  /** Bring a new kernel to where the session before ended. */
  export const restoreLastState = 'nbrewind:restore-last-state';
  /** Show what differs between two checkpoints. */
  export const compareCheckpoints = 'nbrewind:compare-checkpoints';
  /** Name a checkpoint. */
  export const labelCheckpoint = 'nbrewind:label-checkpoint';
  /** Never evict a checkpoint, or no longer so. */
  export const keepCheckpoint = 'nbrewind:keep-checkpoint';
  /** Give the cells the texts that they had at a checkpoint. */
  export const restoreSources = 'nbrewind:restore-sources';
  /** Plan what brings a cell up to date, and run that. */
  export const bringUpToDate = 'nbrewind:bring-up-to-date';
  /** Plan to run a cell and what it affects. */
  export const runAffected = 'nbrewind:run-affected';
  /** Plan to run everything that is stale. */
  export const runStale = 'nbrewind:run-stale';
  /** Show a plan and run nothing. */
  export const previewPlan = 'nbrewind:preview-plan';
  /** Cancel the plan that is at work. */
  export const cancelPlan = 'nbrewind:cancel-plan';
  /** Never re-run a cell, or no longer so. */
  export const pinCell = 'nbrewind:pin-cell';
  /** Record, repeat, or do neither. */
  export const setMode = 'nbrewind:set-mode';
  /** Free space in the store. */
  export const cleanUp = 'nbrewind:clean-up';
  /** Say how much the store, or a notebook, may hold. */
  export const setBudget = 'nbrewind:set-budget';
  /** Remove what is recorded of a notebook, a cell or a name for good. */
  export const forget = 'nbrewind:forget';
  /** Start local workers for a manager of the notebook. */
  export const startWorkers = 'nbrewind:start-workers';
  /** Stop local workers of the notebook. */
  export const stopWorkers = 'nbrewind:stop-workers';
}

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
