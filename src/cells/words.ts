import type { TranslationBundle } from '@jupyterlab/translation';

/** Return how long something took, as short as can be. */
export function secondsText(seconds: number, trans: TranslationBundle): string {
  if (seconds < 0.9995) {
    return trans.__('%1 ms', Math.round(seconds * 1000));
  }
  if (seconds < 59.5) {
    return trans.__(
      '%1 s',
      seconds < 9.95 ? seconds.toFixed(1) : seconds.toFixed(0)
    );
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60
    ? trans.__('%1 min', minutes)
    : trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}
