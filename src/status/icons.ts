import type { LabIcon } from '@jupyterlab/ui-components';

import {
  attentionIcon,
  checkpointSavingIcon,
  pausedIcon,
  recordingIcon,
  runStaleIcon
} from '../icons';
import type { IStatus } from './words';

/** The shape that stands for what the status says. */
export const statusIcons: Readonly<Record<IStatus['icon'], LabIcon>> = {
  recording: recordingIcon,
  paused: pausedIcon,
  saving: checkpointSavingIcon,
  plan: runStaleIcon,
  attention: attentionIcon
};
