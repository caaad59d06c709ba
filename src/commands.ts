/**
 * The commands' ids.
 */

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
  /** Write a notebook with all that it takes to repeat it into one file. */
  export const exportNotebook = 'nbrewind:export-notebook';
  /** Show what is in such a file. */
  export const openPackage = 'nbrewind:open-package';
}
