import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { lanesWidth } from '../graph/lanes';
import { keyTarget, scrollTo, useSight } from '../list/list';
import type { IRewindSession } from '../tokens';
import type { CellsModel, IShown } from './model';
import { ROW_HEIGHT, Row, rowLabel } from './row';

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
  const { rows } = shown.rows;
  const list = React.useRef<HTMLDivElement>(null);
  const { height, top, onScroll } = useSight(list);
  const [focused, setFocused] = React.useState('');
  const { selected } = session;
  const places = React.useMemo(
    () => new Map(rows.map(({ id }, place) => [id, place])),
    [rows]
  );
  const stop = places.get(focused) ?? places.get(selected) ?? 0;
  useRevealed(list, selected, places.get(selected));
  const go = (place: number): void => {
    const row = rows[place];
    if (!row || !list.current) {
      return;
    }
    setFocused(row.id);
    if (!row.level) {
      model.select(row.id);
    }
    scrollTo(list.current, place * ROW_HEIGHT, (place + 1) * ROW_HEIGHT);
    // It may not be drawn before now.
    requestAnimationFrame(() => {
      list.current
        ?.querySelector<HTMLElement>(
          `[data-rewind-row="${CSS.escape(row.id)}"]`
        )
        ?.focus({ preventScroll: true });
    });
  };
  const onKey = (event: React.KeyboardEvent, place: number): void => {
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
      className="jp-RewindCells-list"
      data-lm-suppress-shortcuts="true"
      onScroll={onScroll}
      ref={list}
      role="tree"
      style={
        {
          '--jp-rewind-lanes': `${lanesWidth(shown.layout.lanes)}px`
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
                trans={trans}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Reveal a cell; hide the cells below a heading, or show them. */
function act(model: CellsModel, id: string, isCollapsed: boolean | null): void {
  if (isCollapsed === null) {
    model.select(id, true);
  } else {
    model.setCollapsed(id, !isCollapsed);
  }
}

/** Scroll to the selected row when another one is selected. */
function useRevealed(
  list: React.RefObject<HTMLElement>,
  selected: string,
  place: number | undefined
): void {
  React.useEffect(() => {
    const node = list.current;
    if (node && place !== undefined) {
      scrollTo(node, place * ROW_HEIGHT, (place + 1) * ROW_HEIGHT);
    }
    // Not when rows come and go.
  }, [list, selected]);
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
