import { type Cell, CodeCell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IRewindSession } from '../tokens';
import {
  BADGE_CLASS,
  createBadge,
  fillBadge,
  type IBadgeContent
} from './badge';
import { type IMark, isGone, isSameMark, markOf } from './mark';
import { isPinned } from './policy';
import type { INotebookSettings } from './settings';

/** Class of a cell that was just pointed at from elsewhere. */
const POINTED_CLASS = 'jp-mod-rewindPointed';

/** How long a cell stands out that was pointed at, in milliseconds. */
const POINTED = 1000;

/**
 * Marks the code cells of one notebook with what is known of them.
 *
 * Marks are attributes of the cells' own nodes, and one small element in each:
 * both outlive what JupyterLab attaches and detaches inside while it scrolls,
 * and need no place of their own. Updates of one turn are drawn together, and
 * touch only cells of which something changed.
 */
export class NotebookMarks implements IDisposable {
  /**
   * @param options - What marking needs
   */
  constructor(options: NotebookMarks.IOptions) {
    const { session } = options;
    this._options = options;
    this._session = session;
    this._notebook = session.panel.content;
    session.stateChanged.connect(this.update, this);
    session.selectedChanged.connect(this._onSelected, this);
    this._notebook.activeCellChanged.connect(this._onActive, this);
    this._notebook.modelChanged.connect(this._onModel, this);
    this._notebook.node.addEventListener('click', this);
    this._notebook.node.addEventListener('keydown', this);
    this._onModel();
    this._onActive(this._notebook, this._notebook.activeCell);
    this.settle();
  }

  /** Whether the marks have been removed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Take the settings as they are now. */
  settle(): void {
    const { badge, fadeStaleOutputs, markGoneOutputs } =
      this._options.settings();
    const { node } = this._notebook;
    node.dataset.rewindBadge = badge;
    node.toggleAttribute('data-rewind-fade', fadeStaleOutputs);
    node.toggleAttribute('data-rewind-gone', markGoneOutputs);
  }

  /** Draw what has changed, before the page is painted next. */
  update(): void {
    this._frame ||= requestAnimationFrame(() => {
      this._frame = 0;
      this.draw();
    });
  }

  /** Draw what has changed, now. */
  draw(): void {
    const { problem } = this._session;
    for (const cell of this._notebook.widgets) {
      if (!(cell instanceof CodeCell) || cell.isDisposed) {
        continue;
      }
      const known = this._session.cell(cell.model.id);
      const mark = markOf(known, isPinned(cell.model), problem);
      const shown = this._shown.get(cell);
      if (!isSameMark(mark, shown?.mark ?? null)) {
        this._show(cell, mark, shown?.badge);
      }
    }
  }

  /** Act on a click or key at a badge. */
  handleEvent(event: Event): void {
    const badge = (event.target as Element).closest(`.${BADGE_CLASS}`);
    const cell = badge && this._cells.get(badge);
    if (!cell || cell.isDisposed) {
      return;
    }
    if (event.type === 'click') {
      this._session.select(cell.model.id);
      this._options.open();
    } else if ((event as KeyboardEvent).key === 'Escape') {
      cell.node.focus();
    }
  }

  /** Remove all marks. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    cancelAnimationFrame(this._frame);
    clearTimeout(this._pointedTimer);
    this._pointed?.classList.remove(POINTED_CLASS);
    Signal.disconnectReceiver(this);
    const { node } = this._notebook;
    node.removeEventListener('click', this);
    node.removeEventListener('keydown', this);
    if (this._notebook.isDisposed) {
      return;
    }
    delete node.dataset.rewindBadge;
    node.removeAttribute('data-rewind-fade');
    node.removeAttribute('data-rewind-gone');
    for (const cell of this._notebook.widgets) {
      this._show(cell, null, this._shown.get(cell)?.badge);
    }
  }

  private _show(
    cell: Cell,
    mark: IMark | null,
    badge: HTMLButtonElement | undefined
  ): void {
    const { dataset } = cell.node;
    if (!mark) {
      delete dataset.rewindFreshness;
      delete dataset.rewindInKernel;
      delete dataset.rewindGone;
      delete dataset.rewindPinned;
      badge?.remove();
      this._shown.delete(cell);
      return;
    }
    dataset.rewindFreshness = mark.freshness;
    dataset.rewindInKernel = mark.inKernel;
    cell.node.toggleAttribute('data-rewind-gone', isGone(mark));
    cell.node.toggleAttribute('data-rewind-pinned', mark.isPinned);
    if (!badge) {
      badge = createBadge();
      badge.tabIndex = cell === this._active ? 0 : -1;
      this._cells.set(badge, cell);
      cell.model.metadataChanged.connect(this.update, this);
      // Last: layouts place their widgets by counting nodes from the first.
      cell.node.append(badge);
    }
    fillBadge(badge, this._options.content(mark));
    this._shown.set(cell, { mark, badge });
  }

  private _onModel(): void {
    this._notebook.model?.cells.changed.connect(this.update, this);
    this.update();
  }

  private _onActive(_: Notebook, cell: Cell | null): void {
    const before = this._active && this._shown.get(this._active);
    if (before) {
      before.badge.tabIndex = -1;
    }
    this._active = cell;
    const after = cell && this._shown.get(cell);
    if (after) {
      after.badge.tabIndex = 0;
    }
  }

  /** Let a cell stand out for a moment that was selected from elsewhere. */
  private _onSelected(_: IRewindSession, id: string): void {
    clearTimeout(this._pointedTimer);
    this._pointed?.classList.remove(POINTED_CLASS);
    this._pointed = null;
    if (!id || this._session.panel.node.contains(document.activeElement)) {
      return;
    }
    const cell = this._notebook.widgets.find(cell => cell.model.id === id);
    if (!cell) {
      return;
    }
    this._pointed = cell.node;
    this._pointed.classList.add(POINTED_CLASS);
    this._pointedTimer = window.setTimeout(() => {
      this._pointed?.classList.remove(POINTED_CLASS);
      this._pointed = null;
    }, POINTED);
  }

  private _active: Cell | null = null;
  /** The cells of the badges. */
  private readonly _cells = new WeakMap<Element, Cell>();
  private _frame = 0;
  private _isDisposed = false;
  private readonly _notebook: Notebook;
  private readonly _options: NotebookMarks.IOptions;
  private _pointed: HTMLElement | null = null;
  private _pointedTimer = 0;
  private readonly _session: IRewindSession;
  /** What is shown at the cells. */
  private readonly _shown = new WeakMap<
    Cell,
    { readonly mark: IMark; readonly badge: HTMLButtonElement }
  >();
}

/** What belongs to marking. */
export namespace NotebookMarks {
  /** What marking needs. */
  export interface IOptions {
    /** What is known of the notebook. */
    session: IRewindSession;
    /** Returns the settings, as they are now. */
    settings: () => INotebookSettings;
    /** Returns what a badge shows for a mark. */
    content: (mark: IMark) => IBadgeContent;
    /** Shows the panel. */
    open: () => void;
  }
}
