import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ISources } from '../tokens';

/** What giving cells back their texts would do. */
export interface ISourceChanges {
  /** The cells that get another text, in the notebook's order. */
  readonly changed: readonly {
    readonly id: string;
    /** Its number, from 1. */
    readonly number: number;
    readonly text: string;
  }[];
  /** Numbers of cells that would change, but can't be edited. */
  readonly locked: readonly number[];
  /** Texts of cells that are gone; they are not made again. */
  readonly gone: ISources['cells'];
}

/** A cell as `sourceChanges` looks at it. */
export interface ISourceCell {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly isLocked: boolean;
}

/**
 * Return what giving cells back their texts would do. Pure.
 *
 * @param cells - The notebook's cells
 * @param sources - The texts
 */
export function sourceChanges(
  cells: readonly ISourceCell[],
  sources: ISources
): ISourceChanges {
  const texts = new Map(sources.cells.map(({ cell, text }) => [cell, text]));
  const changed: { id: string; number: number; text: string }[] = [];
  const locked: number[] = [];
  const present = new Set<string>();
  cells.forEach(({ id, isLocked, source, type }, place) => {
    const text = texts.get(id);
    if (text === undefined || type !== 'code') {
      return;
    }
    present.add(id);
    if (text === source) {
      return;
    }
    if (isLocked) {
      locked.push(place + 1);
    } else {
      changed.push({ id, number: place + 1, text });
    }
  });
  const gone = sources.cells.filter(({ cell }) => !present.has(cell));
  return { changed, gone, locked };
}

/** Return a notebook's cells as `sourceChanges` looks at them. */
export function sourceCells(model: INotebookModel): ISourceCell[] {
  return Array.from(model.cells, cell => ({
    id: cell.id,
    type: cell.type,
    source: cell.sharedModel.getSource(),
    isLocked: cell.getMetadata('editable') === false
  }));
}

/**
 * Give cells another text, as one edit that can be undone.
 *
 * @param model - The notebook
 * @param changed - Which, and the texts
 */
export function changeSources(
  model: INotebookModel,
  changed: ISourceChanges['changed']
): void {
  const texts = new Map(changed.map(({ id, text }) => [id, text]));
  model.sharedModel.transact(() => {
    for (const cell of model.sharedModel.cells) {
      const text = texts.get(cell.id);
      if (text !== undefined) {
        cell.setSource(text);
      }
    }
  });
}

/**
 * Ask whether cells shall get other texts.
 *
 * @param changes - What would be done
 * @param when - The moment of the texts, in words
 * @param trans - The application's language
 * @returns Whether to go on
 */
export async function confirmSources(
  changes: ISourceChanges,
  when: string,
  trans: TranslationBundle
): Promise<boolean> {
  const { changed } = changes;
  const body = ReactWidget.create(
    <SourcesBody changes={changes} when={when} trans={trans} />
  );
  body.addClass('jp-RewindSources');
  const { button } = await showDialog({
    title: changed.length
      ? trans._n(
          'Restore the text of %1 cell?',
          'Restore the texts of %1 cells?',
          changed.length
        )
      : trans.__('There are no texts to restore'),
    body,
    buttons: changed.length
      ? [
          Dialog.cancelButton(),
          Dialog.okButton({ label: trans.__('Restore Sources') })
        ]
      : [Dialog.cancelButton({ label: trans.__('Close') })]
  });
  return button.accept;
}

/** What would be done, in sentences. */
function SourcesBody(props: {
  changes: ISourceChanges;
  when: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { changes, trans, when } = props;
  const { changed, gone, locked } = changes;
  const numbers = changed.map(({ number }) => number).join(', ');
  const sentences = [
    changed.length
      ? trans._n(
          'Cell %2 gets the text that it had at %3. The kernel stays as it is; Undo Cell Operation brings the edit back.',
          'Cells %2 get the texts that they had at %3. The kernel stays as it is; Undo Cell Operation brings the edits back.',
          changed.length,
          numbers,
          when
        )
      : trans.__('All cells that can be changed have the texts of %1.', when),
    locked.length > 0 &&
      trans._n(
        'Cell %2 can’t be edited and keeps its text.',
        'Cells %2 can’t be edited and keep their texts.',
        locked.length,
        locked.join(', ')
      ),
    gone.length > 0 &&
      trans._n(
        '%1 cell of that time is not in the notebook any more; it is not made again:',
        '%1 cells of that time are not in the notebook any more; they are not made again:',
        gone.length
      )
  ].filter(sentence => sentence !== false);
  return (
    <>
      {sentences.map(sentence => (
        <p key={sentence}>{sentence}</p>
      ))}
      {gone.length > 0 && (
        <ul>
          {gone.map(({ cell, text }) => (
            <li key={cell}>
              <code>{text.trim().split('\n')[0]}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
