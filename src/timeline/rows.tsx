import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useSight } from '../list/list';
import { aboutCheckpoint } from './about';
import { CheckpointRow, HeadingRow } from './row';
import type { ICheckpointRow, ITree } from './tree';
import { heightOf, offsetsOf, windowOf } from './window';

/** What the rows need. */
export interface IRowsProps {
  readonly tree: ITree;
  /** The selected checkpoint; empty for none. */
  readonly selected: string;
  /** The checkpoint that is compared with it; empty for none. */
  readonly other: string;
  /** The checkpoint at which the kernel is; empty for none. */
  readonly head: string;
  /** The kernel session that is running; empty for none. */
  readonly session: string;
  /** The numbers of cells by their ids. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly trans: TranslationBundle;
  /** Select a checkpoint. */
  readonly onSelect: (checkpoint: string) => void;
  /** Compare the selected checkpoint with another one. */
  readonly onMark: (checkpoint: string) => void;
  /** Go on to what is said of the selected checkpoint. */
  readonly onEnter: () => void;
}

/**
 * The checkpoints as a list, newest first; only what is in sight is drawn.
 */
export function Rows(props: IRowsProps): React.JSX.Element {
  const { head, numbers, other, selected, session, trans, tree } = props;
  const { rows } = tree;
  const offsets = React.useMemo(() => offsetsOf(rows), [rows]);
  const options = React.useMemo(() => optionsOf(tree), [tree]);
  const list = React.useRef<HTMLDivElement>(null);
  const { height, top, onScroll } = useSight(list);
  const [focused, setFocused] = React.useState('');
  const tabStop = options.places.has(focused)
    ? focused
    : options.places.has(selected)
      ? selected
      : (options.ids[0] ?? '');
  // Where keys have led to: the focus follows a frame later, and the next key
  // may be faster.
  const at = React.useRef('');
  const focus = (id: string): void => {
    at.current = id;
    setFocused(id);
    moveTo(list.current, id, options.places.get(id) ?? 0, offsets);
  };
  const chosen = options.places.get(selected);
  React.useEffect(() => {
    // The details, when they open, take room from the list.
    if (chosen !== undefined) {
      reveal(list.current, chosen, offsets);
    }
    // Only then: new checkpoints don't take the list to the selected one.
  }, [selected, height]);
  const headPlace = options.places.get(head);
  React.useEffect(() => {
    // After a rewind it may be far down.
    if (headPlace !== undefined) {
      reveal(list.current, headPlace, offsets);
    }
  }, [head]);
  const now = Date.now();
  const [first, end] = windowOf(offsets, top, height);
  const drawn = rows.map((_, place) => place).slice(first, end);
  const stop = options.places.get(tabStop);
  if (stop !== undefined && (stop < first || stop >= end)) {
    // What has the focus stays, or the keyboard would lose its place.
    drawn.push(stop);
  }
  return (
    <div
      aria-label={trans.__('Checkpoints, newest first')}
      aria-multiselectable="true"
      className={`jp-RewindTimeline-list${selected ? ' jp-mod-above' : ''}`}
      onScroll={onScroll}
      ref={list}
      role="listbox"
    >
      <div
        className="jp-RewindTimeline-sizer"
        role="presentation"
        style={{ height: offsets[rows.length] }}
      >
        {drawn.map(place => {
          const row = rows[place]!;
          const style = { height: heightOf(row), top: offsets[place] };
          if (row.kind === 'heading') {
            return (
              <div
                className="jp-RewindTimeline-heading"
                key={row.key}
                role="presentation"
                style={style}
              >
                <HeadingRow
                  row={row}
                  lanes={tree.lanes}
                  isPresent={row.session === session}
                  now={now}
                  trans={trans}
                />
              </div>
            );
          }
          const { checkpoint } = row;
          const { id } = checkpoint;
          const number = numbers.get(checkpoint.cell ?? '');
          const isHere = id === head;
          const isOther = id === other;
          return (
            <div
              aria-label={aboutCheckpoint(
                checkpoint,
                { isHere, isOther, now, number },
                trans
              )}
              aria-posinset={options.ids.indexOf(id) + 1}
              aria-selected={id === selected || isOther}
              aria-setsize={options.ids.length}
              className={classOf(row, id === selected, isOther)}
              data-rewind-checkpoint={id}
              key={id}
              onClick={event => {
                setFocused(id);
                if (event.shiftKey || event.ctrlKey || event.metaKey) {
                  props.onMark(id);
                } else {
                  props.onSelect(id);
                }
              }}
              onFocus={() => {
                at.current = id;
              }}
              onKeyDown={event => {
                const here = options.places.has(at.current) ? at.current : id;
                const next = keyTarget(event.key, here, options.ids);
                if (next) {
                  focus(next);
                } else if (event.key === 'Enter') {
                  props.onSelect(here);
                  props.onEnter();
                } else if (event.key === ' ') {
                  props.onMark(here);
                } else {
                  return;
                }
                event.preventDefault();
                event.stopPropagation();
              }}
              role="option"
              style={style}
              tabIndex={id === tabStop ? 0 : -1}
            >
              <CheckpointRow
                row={row}
                lanes={tree.lanes}
                number={number}
                isHere={isHere}
                trans={trans}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The checkpoints of a tree as they stand in the list. */
function optionsOf(tree: ITree): {
  ids: readonly string[];
  places: ReadonlyMap<string, number>;
} {
  const places = new Map<string, number>();
  tree.rows.forEach((row, place) => {
    if (row.kind === 'checkpoint') {
      places.set(row.checkpoint.id, place);
    }
  });
  return { ids: [...places.keys()], places };
}

function classOf(
  row: ICheckpointRow,
  isSelected: boolean,
  isOther: boolean
): string {
  return [
    'jp-RewindTimeline-row',
    isSelected && 'jp-mod-selected',
    isOther && 'jp-mod-other',
    row.checkpoint.lost && 'jp-mod-lost'
  ]
    .filter(name => !!name)
    .join(' ');
}

/** Return the checkpoint to which a key leads; empty if to none. */
function keyTarget(key: string, id: string, ids: readonly string[]): string {
  const place = ids.indexOf(id);
  const last = ids.length - 1;
  const to: Record<string, number> = {
    ArrowDown: Math.min(place + 1, last),
    ArrowUp: Math.max(place - 1, 0),
    End: last,
    Home: 0,
    PageDown: Math.min(place + 10, last),
    PageUp: Math.max(place - 10, 0)
  };
  const next = to[key];
  return next === undefined ? '' : (ids[next] ?? '');
}

/** Bring a row into sight, with the one before and the one after. */
function reveal(
  list: HTMLElement | null,
  place: number,
  offsets: readonly number[]
): void {
  if (!list) {
    return;
  }
  const begin = offsets[Math.max(0, place - 1)] ?? 0;
  const end = offsets[Math.min(offsets.length - 1, place + 2)] ?? begin;
  if (begin < list.scrollTop) {
    list.scrollTop = begin;
  } else if (end > list.scrollTop + list.clientHeight) {
    list.scrollTop = end - list.clientHeight;
  }
}

/** Bring a row into sight and give it the focus. */
function moveTo(
  list: HTMLElement | null,
  id: string,
  place: number,
  offsets: readonly number[]
): void {
  if (!list) {
    return;
  }
  reveal(list, place, offsets);
  // It may not be drawn before now.
  requestAnimationFrame(() => {
    for (const row of list.querySelectorAll<HTMLElement>('[role="option"]')) {
      if (row.dataset.rewindCheckpoint === id) {
        row.focus({ preventScroll: true });
      }
    }
  });
}
