import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { readersAt, type StrandTitle } from '../graph/lanes';
import { keyTarget, scrollTo, useSight } from '../list/list';
import type { IEdge, IRewindSession } from '../tokens';
import type { CellsModel, IShown } from './model';
import { ROW_HEIGHT, Row, rowLabel } from './row';
import { flowText } from './sentences';

/** How many rows are drawn above and below what is in sight. */
const MARGIN = 8;

/**
 * The cells of a notebook as a tree of one row each; only what is in sight is
 * drawn.
 */
export function List(props: {
  model: CellsModel;
  session: IRewindSession;
  shown: IShown;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, session, shown, trans } = props;
  const titleOf = useTitles(shown, trans);
  const { rows } = shown.rows;
  const list = React.useRef<HTMLDivElement>(null);
  const { height, top, onScroll } = useSight(list);
  const [focused, setFocused] = React.useState('');
  const { selected } = session;
  const places = React.useMemo(
    () => new Map(rows.map(({ id }, place) => [id, place])),
    [rows]
  );
  const hasDetails = shown.items.some(({ id }) => id === selected);
  const stop = places.get(focused) ?? places.get(selected) ?? 0;
  useRevealed(list, selected, places.get(selected), height);
  // Where keys have led to: the focus follows a frame later, and the next key
  // may be faster.
  const at = React.useRef('');
  const go = (place: number): void => {
    const row = rows[place];
    if (!row || !list.current) {
      return;
    }
    at.current = row.id;
    setFocused(row.id);
    if (!row.level) {
      model.select(row.id);
    }
    reveal(list.current, place);
    // It may not be drawn before now.
    requestAnimationFrame(() => {
      list.current
        ?.querySelector<HTMLElement>(
          `[data-rewind-row="${CSS.escape(row.id)}"]`
        )
        ?.focus({ preventScroll: true });
    });
  };
  const onKey = (event: React.KeyboardEvent, target: number): void => {
    const place = places.get(at.current) ?? target;
    const row = rows[place]!;
    const next = keyTarget(event.key, place, rows.length);
    if (event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    if (next !== undefined) {
      go(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      act(model, row.id, row.isCollapsed);
    } else if (event.key === 'ArrowLeft' && row.isCollapsed === false) {
      model.setCollapsed(row.id, true);
    } else if (event.key === 'ArrowRight' && row.isCollapsed) {
      model.setCollapsed(row.id, false);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - MARGIN);
  const end = Math.ceil((top + height) / ROW_HEIGHT) + MARGIN;
  const drawn = [...rows.keys()].slice(first, end);
  if (rows.length && (stop < first || stop >= end)) {
    // What has the focus stays, or the keyboard would lose its place.
    drawn.push(stop);
  }
  return (
    <div
      aria-label={trans.__('Cells')}
      className={`jp-RewindCells-list${hasDetails ? ' jp-mod-above' : ''}`}
      data-lm-suppress-shortcuts="true"
      onScroll={onScroll}
      ref={list}
      role="tree"
      style={
        {
          '--jp-rewind-digits': String(rows[rows.length - 1]?.number ?? 0)
            .length
        } as React.CSSProperties
      }
    >
      <div
        className="jp-RewindCells-sizer"
        role="presentation"
        style={{ height: rows.length * ROW_HEIGHT }}
      >
        {drawn.map(place => {
          const row = rows[place]!;
          const { emphasis } = shown;
          const isSelected = row.id === selected;
          return (
            <div
              aria-expanded={
                row.isCollapsed === null ? undefined : !row.isCollapsed
              }
              aria-label={rowLabel(row, session.cell(row.id), trans)}
              aria-level={row.depth}
              aria-posinset={place + 1}
              aria-selected={isSelected}
              aria-setsize={rows.length}
              className={classOf(
                row.level > 0,
                isSelected,
                !!emphasis && !emphasis.has(place)
              )}
              data-rewind-row={row.id}
              key={row.id}
              onClick={() => {
                setFocused(row.id);
                act(model, row.id, row.isCollapsed);
              }}
              onFocus={() => {
                at.current = row.id;
              }}
              onKeyDown={event => onKey(event, place)}
              role="treeitem"
              style={{ height: ROW_HEIGHT, top: place * ROW_HEIGHT }}
              tabIndex={place === stop ? 0 : -1}
            >
              <Row
                known={session.cell(row.id)}
                place={place}
                row={row}
                shown={shown}
                titleOf={titleOf}
                trans={trans}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Return what says in words which values flow along the lines of the graph. */
function useTitles(shown: IShown, trans: TranslationBundle): StrandTitle {
  const { flows, items } = shown;
  return React.useMemo(() => {
    const numbers = new Map(items.map(({ id, number }) => [id, number]));
    const edges = new Map<string, IEdge[]>();
    for (const { edge, from, to } of flows) {
      const key = `${from} ${to}`;
      const known = edges.get(key);
      if (known) {
        known.push(edge);
      } else {
        edges.set(key, [edge]);
      }
    }
    return (strand, row) =>
      flowText(
        readersAt(strand, row).flatMap(
          reader => edges.get(`${strand.from} ${reader}`) ?? []
        ),
        id => numbers.get(id),
        trans
      );
  }, [flows, items, trans]);
}

/** Reveal a cell; hide the cells below a heading, or show them. */
function act(model: CellsModel, id: string, isCollapsed: boolean | null): void {
  if (isCollapsed === null) {
    model.select(id, true);
  } else {
    model.setCollapsed(id, !isCollapsed);
  }
}

/** Scroll to a row, so that the one before and the one after are seen too. */
function reveal(list: HTMLElement, place: number): void {
  scrollTo(list, (place - 1) * ROW_HEIGHT, (place + 2) * ROW_HEIGHT);
}

/**
 * Scroll to the selected row when another one is selected, or when there is
 * less room: the details, when they open, take some from the list.
 */
function useRevealed(
  list: React.RefObject<HTMLElement>,
  selected: string,
  place: number | undefined,
  height: number
): void {
  React.useEffect(() => {
    const node = list.current;
    if (node && place !== undefined) {
      reveal(node, place);
    }
    // Not when rows come and go.
  }, [list, selected, height]);
}

function classOf(
  isHeading: boolean,
  isSelected: boolean,
  isUnrelated: boolean
): string {
  return [
    'jp-RewindCells-row',
    isHeading && 'jp-mod-heading',
    isSelected && 'jp-mod-selected',
    isUnrelated && 'jp-mod-unrelated'
  ]
    .filter(name => !!name)
    .join(' ');
}
