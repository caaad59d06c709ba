import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** At which cells a badge is shown. */
export type BadgeVisibility = 'always' | 'attention' | 'never';

/** How notebooks show what is known of their cells. */
export interface INotebookSettings {
  /** At which cells a badge is shown. */
  readonly badge: BadgeVisibility;
  /** Whether stale outputs are faded. */
  readonly fadeStaleOutputs: boolean;
  /** Whether outputs are marked whose values the kernel has not. */
  readonly markGoneOutputs: boolean;
}

/** What holds until the settings are there, and without them. */
export const DEFAULT_SETTINGS: INotebookSettings = {
  badge: 'attention',
  fadeStaleOutputs: true,
  markGoneOutputs: true
};

/**
 * Read the settings; what is not as the schema says is as by default.
 *
 * @param settings - As the user has them
 */
export function readSettings(
  settings: Pick<ISettingRegistry.ISettings, 'composite'>
): INotebookSettings {
  const { badge, fadeStaleOutputs, markGoneOutputs } = settings.composite;
  return {
    badge:
      badge === 'always' || badge === 'attention' || badge === 'never'
        ? badge
        : DEFAULT_SETTINGS.badge,
    fadeStaleOutputs:
      typeof fadeStaleOutputs === 'boolean'
        ? fadeStaleOutputs
        : DEFAULT_SETTINGS.fadeStaleOutputs,
    markGoneOutputs:
      typeof markGoneOutputs === 'boolean'
        ? markGoneOutputs
        : DEFAULT_SETTINGS.markGoneOutputs
  };
}
