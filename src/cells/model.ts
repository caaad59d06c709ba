import type { INotebookModel } from '@jupyterlab/notebook';
import { JSONExt } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IEmphasis } from '../graph/lanes';
import { type ILayout, layoutGraph } from '../graph/layout';
import { type IRelatives, relativesOf } from '../graph/relatives';
import type { IEdge, IRewindSession, IRewindSessions } from '../tokens';
import {
  arcsOf,
  firstLine,
  headingOf,
  type IChoice,
  type IFlow,
  type IItem,
  type IRows,
  rowsOf
} from './rows';

/** How long headings may be out of date while somebody types, in ms. */
const TYPING = 250;

/** What is shown of a notebook. */
export interface IShown {
  readonly items: readonly IItem[];
  readonly rows: IRows;
  readonly layout: ILayout;
  /** What the lines of the layout stand for. */
  readonly flows: readonly IFlow[];
  /** Null: nothing is selected. */
  readonly emphasis: IEmphasis | null;
  /** Of the selected cell. */
  readonly relatives: IRelatives;
}

/** Lines between rows, and where they lie. */
interface ILaidOut extends Pick<IShown, 'flows' | 'layout'> {
  /** How many rows there are. */
  readonly count: number;
}

const EVERYTHING: IChoice = {
  collapsed: new Set(),
  filter: '',
  isStaleOnly: false,
  isPreludeShown: false
};

/**
 * What the section of the cells shows: the notebook that the user is at, as
 * rows with lanes, and what the user chose to see of it.
 *
 * It works only while somebody looks.
 */
export class CellsModel implements IDisposable {
  /**
   * @param sessions - The open notebooks
   */
  constructor(sessions: IRewindSessions) {
    this._typing = new Debouncer(() => this._onTyped(), TYPING);
    sessions.currentChanged.connect(this._onCurrent, this);
    this._onCurrent(sessions, sessions.current);
  }

  /** Emitted when anything that is shown has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook's session; null if there is none. */
  get session(): IRewindSession | null {
    return this._session;
  }

  /** What the user chose to see. */
  get choice(): IChoice {
    return this._choice;
  }

  /** What is shown; null if there is no notebook. */
  get shown(): IShown | null {
    const session = this._session;
    const model = session?.panel.content.model;
    if (!session || !model) {
      return null;
    }
    this._shown ??= this._compute(session, model);
    return this._shown;
  }

  /** What depends on what; the same object until it changes. */
  get edges(): readonly IEdge[] {
    return this._session?.state?.edges ?? NO_EDGES;
  }

  /** Whether somebody looks. */
  get isVisible(): boolean {
    return this._isVisible;
  }
  set isVisible(isVisible: boolean) {
    if (isVisible !== this._isVisible) {
      this._isVisible = isVisible;
      if (isVisible) {
        this._invalidate();
      }
    }
  }

  /** Whether the model has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Choose what to see. */
  choose(choice: Partial<IChoice>): void {
    this._choice = { ...this._choice, ...choice };
    this._invalidate();
  }

  /** Hide the cells below a heading, or show them. */
  setCollapsed(id: string, isCollapsed: boolean): void {
    const collapsed = new Set(this._choice.collapsed);
    if (isCollapsed) {
      collapsed.add(id);
    } else {
      collapsed.delete(id);
    }
    this.choose({ collapsed });
  }

  /** Return a cell's text as it is in the notebook; empty if it is gone. */
  text(id: string): string {
    for (const cell of this._session?.panel.content.model?.cells ?? []) {
      if (cell.id === id) {
        return cell.sharedModel.getSource();
      }
    }
    return '';
  }

  /** Select a cell, and reveal it in the notebook if wanted. */
  select(id: string, reveal = false): void {
    this._session?.select(id, reveal);
  }

  /** Show no more. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._typing.dispose();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _compute(session: IRewindSession, model: INotebookModel): IShown {
    const known = session.cell.bind(session);
    const items = itemsOf(model, known);
    const rows = rowsOf(items, known, this._choice);
    const { edges } = this;
    const { flows, layout } = this._layOut(
      rows.rows.length,
      arcsOf(rows, edges, known, this._choice)
    );
    const { selected } = session;
    const relatives = relativesOf(selected, edges);
    const lit = new Set<number>();
    for (const id of [
      selected,
      ...relatives.ancestors,
      ...relatives.descendants
    ]) {
      const place = rows.places.get(id);
      if (place !== undefined) {
        lit.add(place);
      }
    }
    return {
      items,
      rows,
      layout,
      flows,
      relatives,
      emphasis: selected ? lit : null
    };
  }

  /** Lay out what has changed: most changes are of words and marks only. */
  private _layOut(count: number, flows: readonly IFlow[]): ILaidOut {
    const before = this._laidOut;
    const isSame =
      before?.count === count && isSameList(before.flows, flows, isSameArc);
    if (!isSame) {
      this._laidOut = { count, flows, layout: layoutGraph(count, flows) };
    } else if (!isSameList(before.flows, flows, isSameEdge)) {
      this._laidOut = { ...before, flows };
    }
    return this._laidOut!;
  }

  private _onCurrent(_: IRewindSessions, session: IRewindSession | null): void {
    const before = this._session;
    if (before) {
      before.attachmentChanged.disconnect(this._invalidate, this);
      before.planChanged.disconnect(this._invalidate, this);
      before.selectedChanged.disconnect(this._invalidate, this);
      before.stateChanged.disconnect(this._invalidate, this);
      before.panel.content.activeCellChanged.disconnect(this._onActive, this);
      before.panel.content.modelContentChanged.disconnect(this._onText, this);
    }
    this._session = session;
    this._choice = EVERYTHING;
    if (session) {
      session.attachmentChanged.connect(this._invalidate, this);
      session.planChanged.connect(this._invalidate, this);
      session.selectedChanged.connect(this._invalidate, this);
      session.stateChanged.connect(this._invalidate, this);
      session.panel.content.activeCellChanged.connect(this._onActive, this);
      session.panel.content.modelContentChanged.connect(this._onText, this);
    }
    this._invalidate();
  }

  /** Follow the notebook: what is active there is selected here. */
  private _onActive(): void {
    const id = this._session?.panel.content.activeCell?.model.id ?? '';
    if (this._isVisible && id && this._session?.cell(id)) {
      this._session.select(id);
    }
  }

  private _onText(): void {
    if (this._isVisible) {
      void this._typing.invoke();
    }
  }

  /** Texts have changed: most changes are in no row. */
  private _onTyped(): void {
    const session = this._session;
    const model = session?.panel.content.model;
    const isSame =
      !!session &&
      !!model &&
      isSameList(
        this._shown?.items ?? [],
        itemsOf(model, session.cell.bind(session)),
        isSameItem
      );
    if (!isSame) {
      this._invalidate();
    }
  }

  private _invalidate(): void {
    this._shown = null;
    if (this._isVisible && !this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _choice = EVERYTHING;
  private _isDisposed = false;
  private _isVisible = false;
  private _laidOut: ILaidOut | null = null;
  private _session: IRewindSession | null = null;
  private _shown: IShown | null = null;
  private readonly _typing: Debouncer<void>;
}

const NO_EDGES: readonly IEdge[] = [];

/** Return whether two lists are alike, one by one. */
function isSameList<T>(
  one: readonly T[],
  other: readonly T[],
  isSame: (one: T, other: T) => boolean
): boolean {
  return (
    one.length === other.length &&
    one.every((item, place) => isSame(item, other[place]!))
  );
}

function isSameItem(one: IItem, other: IItem): boolean {
  return (
    one.id === other.id &&
    one.number === other.number &&
    one.level === other.level &&
    one.text === other.text
  );
}

function isSameArc(one: IFlow, other: IFlow): boolean {
  return one.from === other.from && one.to === other.to;
}

function isSameEdge({ edge: one }: IFlow, { edge: other }: IFlow): boolean {
  return one === other || JSONExt.deepEqual(one, other);
}

/** Return the headings and code cells of a notebook. */
function itemsOf(
  model: INotebookModel,
  known: IRewindSession['cell']
): IItem[] {
  const items: IItem[] = [];
  let number = 0;
  for (const cell of model.cells) {
    const { id, type } = cell;
    number++;
    if (type === 'code') {
      const text =
        known(id)?.state.label || firstLine(cell.sharedModel.getSource());
      items.push({ id, number, level: 0, text });
    } else if (type === 'markdown') {
      const heading = headingOf(cell.sharedModel.getSource());
      if (heading) {
        items.push({ id, number, ...heading });
      }
    }
  }
  return items;
}
