import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { RecordingMode } from '../tokens';
import { MODES } from './handshake';

/** What the user set of recording. */
export interface IRecordingSettings {
  /** Whether kernels are recorded without being asked to. */
  readonly recording: boolean;
  /** The mode of a kernel that is newly attached. */
  readonly mode: RecordingMode;
}

/** What holds where the settings can't be read. */
export const DEFAULT_SETTINGS: IRecordingSettings = {
  recording: true,
  mode: 'audit'
};

/** Return what the user set. */
export function readSettings(
  settings: ISettingRegistry.ISettings
): IRecordingSettings {
  const { recording, mode } = settings.composite;
  return {
    recording: recording !== false,
    mode: MODES.find(known => known === mode) ?? DEFAULT_SETTINGS.mode
  };
}
