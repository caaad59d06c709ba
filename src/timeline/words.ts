/**
 * Checkpoints and rewinds in words. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICheckpoint, IRewindReport } from '../tokens';
import { startOfDay } from './tree';

/** One day, in milliseconds. */
const DAY = 24 * 60 * 60 * 1000;

/**
 * Return a size; in powers of ten, with two digits at least.
 *
 * @param bytes - The size
 * @param trans - The application's language
 */
export function bytesText(bytes: number, trans: TranslationBundle): string {
  if (bytes < 1000) {
    return trans.__('%1 B', bytes);
  }
  if (bytes < 999_500) {
    return trans.__('%1 kB', twoDigits(bytes / 1e3));
  }
  if (bytes < 999_500_000) {
    return trans.__('%1 MB', twoDigits(bytes / 1e6));
  }
  return trans.__('%1 GB', twoDigits(bytes / 1e9));
}

function twoDigits(number: number): string {
  return number < 9.95 ? number.toFixed(1) : number.toFixed(0);
}

/** Return how long a rewind took; in milliseconds below a second. */
export function tookText(seconds: number, trans: TranslationBundle): string {
  return seconds < 0.9995
    ? trans.__('%1 ms', Math.round(seconds * 1000))
    : trans.__('%1 s', twoDigits(seconds));
}

/** Return the time of day of an instant. */
export function timeText(time: string): string {
  return Private.time().format(new Date(time));
}

/**
 * Return a day in words.
 *
 * @param day - Its start, local time, milliseconds
 * @param now - The present, milliseconds
 * @param trans - The application's language
 */
export function dayText(
  day: number,
  now: number,
  trans: TranslationBundle
): string {
  const today = startOfDay(now);
  if (day === today) {
    return trans.__('Today');
  }
  // A day may be an hour longer or shorter: one at noon is in it anyway.
  if (day === startOfDay(today - DAY / 2)) {
    return trans.__('Yesterday');
  }
  return Private.date().format(new Date(day));
}

/** Return an instant: the time, and the day unless it is today. */
export function whenText(
  time: string,
  now: number,
  trans: TranslationBundle
): string {
  const day = startOfDay(time);
  return day === startOfDay(now)
    ? timeText(time)
    : trans.__('%1, %2', dayText(day, now, trans), timeText(time));
}

/**
 * Return what a checkpoint is the state after.
 *
 * @param checkpoint - The checkpoint
 * @param number - The number of its cell, from 1; undefined if it is gone
 * @param trans - The application's language
 */
export function cellText(
  checkpoint: Pick<ICheckpoint, 'cell'>,
  number: number | undefined,
  trans: TranslationBundle
): string {
  if (checkpoint.cell === null) {
    return trans.__('Changes between cells');
  }
  return number === undefined
    ? trans.__('A deleted cell')
    : trans.__('Cell %1', number);
}

/** Return what a report counts, as short phrases. */
export function reportPhrases(
  report: IRewindReport,
  trans: TranslationBundle
): string[] {
  const { kept, loaded, lost, recomputed, removed } = report;
  const phrases: string[] = [];
  if (loaded.length) {
    phrases.push(trans._n('%1 loaded', '%1 loaded', loaded.length));
  }
  if (recomputed.length) {
    phrases.push(trans._n('%1 recomputed', '%1 recomputed', recomputed.length));
  }
  if (removed.length) {
    phrases.push(trans._n('%1 removed', '%1 removed', removed.length));
  }
  if (kept.length) {
    phrases.push(trans._n('%1 kept', '%1 kept', kept.length));
  }
  if (lost.length) {
    phrases.push(trans._n('%1 lost', '%1 lost', lost.length));
  }
  return phrases;
}

/**
 * Return what a rewind did, in a sentence.
 *
 * @param report - The report of one that was done
 * @param place - Where to, as `cellText` says it; empty if not known
 * @param trans - The application's language
 */
export function rewoundSentence(
  report: IRewindReport,
  place: string,
  trans: TranslationBundle
): string {
  const names = reportPhrases(report, trans).join(', ');
  const took = tookText(report.seconds, trans);
  const done = place
    ? trans.__('Rewound to “%1” in %2.', place, took)
    : trans.__('Rewound in %1.', took);
  return names ? trans.__('%1 Names: %2.', done, names) : done;
}

namespace Private {
  let language = '';
  let timeFormat: Intl.DateTimeFormat | null = null;
  let dateFormat: Intl.DateTimeFormat | null = null;

  /** Forget the formats if the page's language is another one now. */
  function check(): string | undefined {
    const { lang } = document.documentElement;
    if (lang !== language) {
      language = lang;
      timeFormat = null;
      dateFormat = null;
    }
    return lang || undefined;
  }

  /** Return the format for times; making one is slow. */
  export function time(): Intl.DateTimeFormat {
    const locales = check();
    timeFormat ??= new Intl.DateTimeFormat(locales, {
      hour: '2-digit',
      minute: '2-digit'
    });
    return timeFormat;
  }

  /** Return the format for days. */
  export function date(): Intl.DateTimeFormat {
    const locales = check();
    dateFormat ??= new Intl.DateTimeFormat(locales, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric'
    });
    return dateFormat;
  }
}
