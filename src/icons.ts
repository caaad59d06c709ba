import { LabIcon } from '@jupyterlab/ui-components';

import rewindSvg from '../style/icons/rewind.svg';
import attentionSvg from '../style/icons/attention.svg';
import checkpointEvictedSvg from '../style/icons/checkpoint-evicted.svg';
import checkpointLostSvg from '../style/icons/checkpoint-lost.svg';
import checkpointSavedSvg from '../style/icons/checkpoint-saved.svg';
import checkpointSavingSvg from '../style/icons/checkpoint-saving.svg';
import editedSvg from '../style/icons/edited.svg';
import exportSvg from '../style/icons/export.svg';
import failedSvg from '../style/icons/failed.svg';
import freshSvg from '../style/icons/fresh.svg';
import inputChangedSvg from '../style/icons/input-changed.svg';
import neverRunSvg from '../style/icons/never-run.svg';
import outOfOrderSvg from '../style/icons/out-of-order.svg';
import packageSvg from '../style/icons/package.svg';
import pausedSvg from '../style/icons/paused.svg';
import pinSvg from '../style/icons/pin.svg';
import recordingSvg from '../style/icons/recording.svg';
import runStaleSvg from '../style/icons/run-stale.svg';
import stepLoadSvg from '../style/icons/step-load.svg';
import stepRunSvg from '../style/icons/step-run.svg';
import stepSkipSvg from '../style/icons/step-skip.svg';
import unknownSvg from '../style/icons/unknown.svg';
import upstreamStaleSvg from '../style/icons/upstream-stale.svg';
import type { Freshness, ICellState, IPlanStep } from './tokens';

/** The sign of NBRewind: a clock hand turned back. */
export const rewindIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:rewind',
  svgstr: rewindSvg
});

/** What it shows is right: a tick. */
export const freshIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:fresh',
  svgstr: freshSvg
});

/** No run is recorded: an empty ring. */
export const neverRunIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:never-run',
  svgstr: neverRunSvg
});

/** Its text was edited: a pencil. */
export const editedIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:edited',
  svgstr: editedSvg
});

/** Something that it read has changed: an arrow into it. */
export const inputChangedIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:input-changed',
  svgstr: inputChangedSvg
});

/** A cell that it reads from is stale: an arrow up to a bar. */
export const upstreamStaleIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:upstream-stale',
  svgstr: upstreamStaleSvg
});

/** It read what stands below: arrows against each other. */
export const outOfOrderIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:out-of-order',
  svgstr: outOfOrderSvg
});

/** Its last run failed: a cross. */
export const failedIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:failed',
  svgstr: failedSvg
});

/** Nothing can be proved: a question mark. */
export const unknownIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:unknown',
  svgstr: unknownSvg
});

/** A checkpoint on its way to the disk: an arrow down. */
export const checkpointSavingIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:checkpoint-saving',
  svgstr: checkpointSavingSvg
});

/** A checkpoint safely on disk: a diamond with a core. */
export const checkpointSavedIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:checkpoint-saved',
  svgstr: checkpointSavedSvg
});

/** A checkpoint whose contents were evicted: an empty diamond. */
export const checkpointEvictedIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:checkpoint-evicted',
  svgstr: checkpointEvictedSvg
});

/** A checkpoint that can’t be brought back: a struck diamond. */
export const checkpointLostIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:checkpoint-lost',
  svgstr: checkpointLostSvg
});

/** A pinned cell: a pin. */
export const pinIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:pin',
  svgstr: pinSvg
});

/** Runs are recorded: a disc. */
export const recordingIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:recording',
  svgstr: recordingSvg
});

/** Runs are not recorded: a pause sign. */
export const pausedIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:paused',
  svgstr: pausedSvg
});

/** Something wants attention: a triangle. */
export const attentionIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:attention',
  svgstr: attentionSvg
});

/** Run what is stale: a triangle in a turning arrow. */
export const runStaleIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:run-stale',
  svgstr: runStaleSvg
});

/** Write into one file: an arrow out of a box. */
export const exportIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:export',
  svgstr: exportSvg
});

/** A package: a closed box. */
export const packageIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:package',
  svgstr: packageSvg
});

/** The shape that stands for each freshness: told apart without colour. */
export const freshnessIcons: Readonly<Record<Freshness, LabIcon>> = {
  'never run': neverRunIcon,
  fresh: freshIcon,
  edited: editedIcon,
  'input changed': inputChangedIcon,
  'upstream stale': upstreamStaleIcon,
  'out of order': outOfOrderIcon,
  failed: failedIcon,
  unknown: unknownIcon
};

/** The shape that stands for each state of a checkpoint; none has none. */
export const checkpointIcons: Readonly<
  Record<ICellState['checkpoint'], LabIcon | null>
> = {
  none: null,
  saving: checkpointSavingIcon,
  saved: checkpointSavedIcon,
  evicted: checkpointEvictedIcon,
  lost: checkpointLostIcon
};

/** A step that runs: a triangle. */
export const stepRunIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:step-run',
  svgstr: stepRunSvg
});

/** A step that loads values: an arrow into a tray. */
export const stepLoadIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:step-load',
  svgstr: stepLoadSvg
});

/** A step that does nothing: an arrow over a dot. */
export const stepSkipIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:step-skip',
  svgstr: stepSkipSvg
});

/** The shape that stands for what a step does. */
export const stepIcons: Readonly<Record<IPlanStep['step']['action'], LabIcon>> =
  { run: stepRunIcon, load: stepLoadIcon, skip: stepSkipIcon };
