/**
 * What takes how much of the store, as rows. Pure.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import { durationText } from '../plan/words';
import { cellText } from '../timeline/words';
import type {
  ICleanup,
  IEvicted,
  INotebookStorage,
  IStorage,
  IStoredNotebook
} from '../tokens';
import type { IShareRow } from './shares';
import {
  baseName,
  checkpointsText,
  notebookPhrases,
  runsText,
  tasksText
} from './words';

/** The numbers of a notebook's cells, by their ids. */
export type Numbers = ReadonlyMap<string, number>;

/** A row, and what forgetting it takes. */
export type Forget = (target: {
  path: string;
  cellId?: string;
  name?: string;
}) => void;

/** Return the notebooks of the store, the current one first. */
export function notebookRows(
  storage: IStorage,
  current: IStoredNotebook | null,
  forget: Forget,
  trans: TranslationBundle
): IShareRow[] {
  const isCurrent = ({ file }: IStoredNotebook): boolean =>
    file === current?.file;
  const notebooks = [
    ...storage.notebooks.filter(isCurrent),
    ...storage.notebooks.filter(notebook => !isCurrent(notebook))
  ];
  return notebooks.map(notebook => {
    // The current one may be a link to what lies elsewhere.
    const path = isCurrent(notebook) ? current!.path : notebook.path;
    const label = baseName(path || notebook.file);
    const phrases = notebookPhrases({ ...notebook, path }, trans);
    if (isCurrent(notebook)) {
      phrases.unshift(trans.__('this notebook'));
    }
    return {
      key: notebook.file,
      label,
      code: '',
      phrases,
      bytes: notebook.bytes,
      title: [path || notebook.file, ...phrases].join('\n'),
      action: {
        label: trans.__('Forget %1…', label),
        whyNot: path
          ? ''
          : trans.__(
              'It lies outside of the folder that this server shows: use “nbrewind forget” there.'
            ),
        run: () => forget({ path })
      }
    };
  });
}

/** Return the cells of a notebook. */
export function cellRows(
  { cells, notebook }: INotebookStorage,
  numbers: Numbers,
  forget: Forget,
  trans: TranslationBundle
): IShareRow[] {
  const path = notebook?.path ?? '';
  return cells.map(({ bytes, checkpoints, key, tasks, title }) => {
    const label = cellText({ cell: key || null }, numbers.get(key), trans);
    const phrases = [
      checkpointsText(checkpoints, trans),
      ...(tasks ? [tasksText(tasks, trans)] : [])
    ];
    return {
      key,
      label,
      code: title,
      phrases,
      bytes,
      title: [label, title, ...phrases].filter(line => line).join('\n'),
      action: {
        label: trans.__('Forget what is recorded of %1…', label),
        whyNot: key
          ? ''
          : trans.__('What changed between cells goes with the notebook.'),
        run: () => forget({ path, cellId: key })
      }
    };
  });
}

/** Return the names of a notebook. */
export function nameRows(
  { names, notebook }: INotebookStorage,
  forget: Forget,
  trans: TranslationBundle
): IShareRow[] {
  const path = notebook?.path ?? '';
  return names.map(({ bytes, checkpoints, key, title }) => {
    const name = title || key;
    const phrases = [checkpointsText(checkpoints, trans)];
    return {
      key,
      label: '',
      code: name,
      phrases,
      bytes,
      title: [name, ...phrases].join('\n'),
      action: {
        label: trans.__('Forget the values of %1…', name),
        whyNot: title
          ? trans.__(
              'It is no variable: it goes with its cell or the notebook.'
            )
          : '',
        run: () => forget({ path, name: key })
      }
    };
  });
}

/**
 * Return what a cleanup evicts: a row for each cell of a notebook, the largest
 * first.
 *
 * @param cleanup - What it does
 * @param numbersOf - Returns the numbers of an open notebook's cells
 * @param trans - The application's language
 */
export function evictionRows(
  cleanup: ICleanup,
  numbersOf: (path: string) => Numbers | undefined,
  trans: TranslationBundle
): IShareRow[] {
  const groups = new Map<string, IEvicted[]>();
  for (const one of cleanup.evictions) {
    const key = `${one.file}\n${one.tasks ? ' tasks' : one.cell}`;
    const group = groups.get(key);
    if (group) {
      group.push(one);
    } else {
      groups.set(key, [one]);
    }
  }
  const rows = [...groups].map(([key, group]): IShareRow => {
    const { cell, file, path, title } = group[0]!;
    const numbers = numbersOf(path);
    const tasks = group.reduce((sum, one) => sum + one.tasks, 0);
    const label = tasks
      ? trans.__('Tasks')
      : numbers || !cell
        ? cellText({ cell: cell || null }, numbers?.get(cell), trans)
        : '';
    const seconds = group.reduce((sum, one) => sum + one.seconds, 0);
    const phrases = [
      baseName(path || file),
      tasks ? tasksText(tasks, trans) : runsText(group.length, trans),
      seconds > 0 && trans.__('%1 to recompute', durationText(seconds, trans)),
      ...group.map(one => !one.seconds && one.reason)
    ].filter((phrase): phrase is string => !!phrase);
    return {
      key,
      label: label || (title ? '' : trans.__('A cell')),
      code: title,
      phrases: [...new Set(phrases)],
      bytes: group.reduce((sum, one) => sum + one.bytes, 0),
      title: [label, title, path || file, ...phrases.slice(1)]
        .filter(line => line)
        .join('\n')
    };
  });
  return rows.sort((one, other) => other.bytes - one.bytes);
}
