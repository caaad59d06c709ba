/**
 * Packages in words. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  IPackage,
  IPackageCell,
  IPackageJob,
  IPackageParts,
  IPackageSigner
} from '../api/types';
import { bytesText } from '../timeline/words';

/** Return what the files of a kind are. */
export function kindText(
  kind: IPackageParts['kinds'][number]['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'notebook':
      return trans.__('The notebook');
    case 'records':
      return trans.__('Records of runs, checkpoints and tasks');
    case 'contents':
      return trans.__('Recorded values and files');
    case 'data':
      return trans.__('Data that runs have read');
    case 'software':
      return trans.__('Software, by name and version');
    case 'descriptions':
      return trans.__('Descriptions for other programs');
  }
}

/** Return how many bytes all kinds take, before they are packed. */
export function totalBytes(parts: IPackageParts): number {
  return parts.kinds.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Return what is recorded in it, as short phrases. */
export function recordPhrases(
  { checkpoints, runs, tasks }: IPackageParts,
  trans: TranslationBundle
): string[] {
  return [
    trans._n('%1 run', '%1 runs', runs),
    trans._n('%1 checkpoint', '%1 checkpoints', checkpoints),
    tasks > 0 && trans._n('%1 task', '%1 tasks', tasks)
  ].filter(phrase => phrase !== false);
}

/** Return what an export is doing. */
export function doingText(
  job: IPackageJob | null,
  trans: TranslationBundle
): string {
  switch (job?.doing) {
    case 'Looking through contents':
      return trans.__('Looking through what is recorded, also for secrets…');
    case 'Writing':
      return trans.__('Writing the package…');
    case 'Checking':
      return trans.__('Checking the package…');
    case 'Trusting':
      return trans.__('Taking over its records…');
    default:
      return trans.__('Beginning…');
  }
}

/** Return why a job has failed, and what to do; a sentence or two. */
export function failureText(
  job: IPackageJob,
  trans: TranslationBundle
): string {
  return job.why === 'unknown'
    ? trans.__(
        'Nothing is recorded of this notebook yet. Run its cells while recording is on (the Rewind panel says whether it is), then export it.'
      )
    : asSentence(job.reason);
}

/** Return a message with a capital letter and an end. Names of files stay. */
export function asSentence(message: string): string {
  const [first = ''] = message.split(' ');
  const text = /[./\\]/.test(first)
    ? message
    : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Return what became of an export, in a sentence. */
export function exportedText(
  name: string,
  packed: number,
  trans: TranslationBundle
): string {
  return trans.__('Exported: %1 (%2).', name, bytesText(packed, trans));
}

/** Return whether its records are used, in two or three words. */
export function trustWord(
  trust: IPackage['trust'],
  trans: TranslationBundle
): string {
  switch (trust) {
    case 'own':
      return trans.__('Your own package');
    case 'trusted':
      return trans.__('Trusted');
    case 'untrusted':
      return trans.__('Not trusted');
  }
}

/** Return what that means, in a sentence. */
export function trustSentence(
  trust: IPackage['trust'],
  trans: TranslationBundle
): string {
  switch (trust) {
    case 'own':
      return trans.__(
        'It was made by you, on a machine that shares this Jupyter’s key. Its records can be used.'
      );
    case 'trusted':
      return trans.__('You have trusted it. Its records can be used.');
    case 'untrusted':
      return trans.__(
        'You can look at everything below, and open the notebook: its cells then run like those of any notebook. Its recorded values are not used, since to load one may run code of whoever made it.'
      );
  }
}

/** Return who has signed it, in a sentence. */
export function signerSentence(
  { kind, valid, who }: IPackageSigner,
  trans: TranslationBundle
): string {
  if (kind === 'ssh') {
    return valid
      ? trans.__(
          'Signed with the SSH key %1. Compare it with the one you know.',
          who
        )
      : trans.__('It has a signature by an SSH key that does not hold.');
  }
  return valid
    ? trans.__('Signed by your own Jupyter.')
    : trans.__(
        'Signed by somebody else’s Jupyter: that can’t be checked here.'
      );
}

/** Return what a repeat would do, in a sentence. */
export function outlookSentence(
  cells: readonly IPackageCell[],
  trans: TranslationBundle
): string {
  const code = cells.filter(
    cell => cell.kind === 'code' && cell.source.trim() !== ''
  );
  const answers = code.filter(cell => cell.answers).length;
  return trans.__(
    '%1 of %2 code cells are answered by their records, if files and software here are as they were there. The others run.',
    answers,
    code.length
  );
}

/** Return what a repeat would do with a cell, in a few words. */
export function cellOutlook(
  cell: IPackageCell,
  trans: TranslationBundle
): string {
  if (!cell.source.trim()) {
    return trans.__('empty');
  }
  return cell.answers
    ? trans.__('answered by its record')
    : trans.__('runs: %1', cell.reason);
}
