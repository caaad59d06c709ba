/**
 * What is said of one checkpoint. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICheckpoint } from '../tokens';
import { bytesText, cellText, whenText } from './words';

/** How a checkpoint lies on the disk. */
export type Kept = 'saving' | 'saved' | 'evicted' | 'lost';

/** What says how a checkpoint lies on the disk. */
type IOnDisk = Pick<ICheckpoint, 'evicted' | 'lost' | 'saved'>;

/** Return how a checkpoint lies on the disk. */
export function keptOf({ evicted, lost, saved }: IOnDisk): Kept {
  return lost ? 'lost' : evicted ? 'evicted' : saved ? 'saved' : 'saving';
}

/** Return a sentence about how a checkpoint lies on the disk. */
export function keptSentence(
  checkpoint: IOnDisk,
  trans: TranslationBundle
): string {
  switch (keptOf(checkpoint)) {
    case 'lost':
      return trans.__('It can’t be brought back: %1.', bare(checkpoint.lost));
    case 'evicted':
      return trans.__(
        'Contents of it are not in the store any more: %1.',
        bare(checkpoint.evicted)
      );
    case 'saved':
      return trans.__('It is saved.');
    case 'saving':
      return trans.__('It is being saved.');
  }
}

/** Return in a word or two how a checkpoint lies on the disk; empty if lost. */
export function keptText(
  checkpoint: IOnDisk,
  trans: TranslationBundle
): string {
  switch (keptOf(checkpoint)) {
    case 'lost':
      return '';
    case 'evicted':
      return trans.__('evicted');
    case 'saved':
      return trans.__('saved');
    case 'saving':
      return trans.__('being saved');
  }
}

/**
 * Return what a cell's run did to the names, in a phrase; empty if nothing.
 */
export function namesText(
  checkpoint: Pick<ICheckpoint, 'removed' | 'written'>,
  trans: TranslationBundle
): string {
  const written = checkpoint.written.join(', ');
  const removed = checkpoint.removed.join(', ');
  if (!removed) {
    return written;
  }
  return written
    ? trans.__('%1; removed %2', written, removed)
    : trans.__('removed %1', removed);
}

/**
 * Return how a checkpoint's run ended, if it did not end well, or that there
 * was none; else an empty text.
 */
export function endText(
  checkpoint: Pick<ICheckpoint, 'action' | 'status'>,
  trans: TranslationBundle
): string {
  if (checkpoint.status === 'error') {
    return trans.__('Failed');
  }
  if (checkpoint.status === 'interrupted') {
    return trans.__('Interrupted');
  }
  switch (checkpoint.action) {
    case 'load':
      return trans.__('Loaded');
    case 'skip':
      return trans.__('Skipped');
    case 'run':
      return '';
  }
}

/** What `aboutCheckpoint` says more of. */
export interface IAbout {
  /** The number of its cell, from 1; undefined if the cell is gone. */
  readonly number: number | undefined;
  /** Whether the kernel is there. */
  readonly isHere: boolean;
  /** Whether another checkpoint is compared with it. */
  readonly isOther: boolean;
  /** The present, milliseconds. */
  readonly now: number;
}

/** Return all that a row shows, for who can't see it. */
export function aboutCheckpoint(
  checkpoint: ICheckpoint,
  about: IAbout,
  trans: TranslationBundle
): string {
  const names = namesText(checkpoint, trans);
  const phrases = [
    cellText(checkpoint, about.number, trans),
    checkpoint.label,
    checkpoint.title,
    whenText(checkpoint.time, about.now, trans),
    endText(checkpoint, trans),
    names && trans.__('names: %1', names),
    checkpoint.bytes > 0 && bytesText(checkpoint.bytes, trans),
    checkpoint.keep && trans.__('never evicted')
  ].filter(phrase => !!phrase);
  return [
    `${phrases.join(', ')}.`,
    keptSentence(checkpoint, trans),
    about.isHere && trans.__('The kernel is here.'),
    about.isOther && trans.__('Compared with the selected one.')
  ]
    .filter(sentence => !!sentence)
    .join(' ');
}

/** Return a sentence without the point at its end. */
function bare(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
