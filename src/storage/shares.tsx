import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { keyTarget, scrollTo, useSight } from '../list/list';
import { bytesText } from '../timeline/words';

/** How many rows are shown at first. */
const FIRST = 12;

/** The height of a row in a list that scrolls, in pixels. */
const ROW_HEIGHT = 44;

/** How many rows are drawn above and below what is in sight. */
const MARGIN = 4;

/** What takes some of the store. */
export interface IShareRow {
  /** Tells it from the others. */
  readonly key: string;
  /** What it is. */
  readonly label: string;
  /** Code that says more of it; empty for none. */
  readonly code: string;
  /** What else is known of it, as short phrases. */
  readonly phrases: readonly string[];
  /** What it takes. */
  readonly bytes: number;
  /** All that is known, for who points at it. */
  readonly title: string;
  /** What can be done with it. */
  readonly action?: {
    readonly label: string;
    /** Why it can't be done, a sentence; empty if it can. */
    readonly whyNot: string;
    readonly run: () => void;
  };
}

/**
 * What takes most of the store first; the rest when it is asked for, or
 * scrolled to. Only what is in sight is drawn.
 *
 * @param props - The rows and what they are; whether all are there at once, in
 *   a list that scrolls; the application's language
 */
export function Shares(props: {
  label: string;
  rows: readonly IShareRow[];
  isAlwaysWhole?: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { isAlwaysWhole = false, label, rows, trans } = props;
  const [isWhole, setWhole] = React.useState(isAlwaysWhole);
  const list = React.useRef<HTMLDivElement>(null);
  const { height, onScroll, top } = useSight(list);
  const count = isWhole ? rows.length : Math.min(FIRST, rows.length);
  const isScrolled = isAlwaysWhole || count > FIRST;
  const most = Math.max(1, ...rows.map(({ bytes }) => bytes));
  const { go, setFocused, stop } = useKeyboard(list, rows, count);
  const first = isScrolled
    ? Math.max(0, Math.floor(top / ROW_HEIGHT) - MARGIN)
    : 0;
  const end = isScrolled
    ? Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + MARGIN)
    : count;
  const drawn = [...rows.keys()].slice(first, end);
  if (count && (stop < first || stop >= end)) {
    // What has the focus stays, or the keyboard would lose its place.
    drawn.push(stop);
  }
  const hasActions = rows.some(({ action }) => action);
  return (
    <>
      <div
        aria-label={label}
        className={`jp-RewindShares${isScrolled ? ' jp-mod-scrolled' : ''}`}
        data-lm-suppress-shortcuts="true"
        onScroll={onScroll}
        ref={list}
        role="list"
        style={isScrolled ? { maxHeight: FIRST * ROW_HEIGHT } : undefined}
        // What scrolls is reached by keyboard.
        tabIndex={isScrolled && !hasActions ? 0 : undefined}
      >
        <div
          className="jp-RewindShares-sizer"
          role="presentation"
          style={isScrolled ? { height: count * ROW_HEIGHT } : undefined}
        >
          {drawn.map(place => {
            const row = rows[place]!;
            return (
              <div
                aria-posinset={place + 1}
                aria-setsize={rows.length}
                className="jp-RewindShares-row"
                key={row.key}
                onFocus={() => setFocused(row.key)}
                onKeyDown={event => {
                  const next = keyTarget(event.key, place, count);
                  if (hasActions && next !== undefined) {
                    event.preventDefault();
                    event.stopPropagation();
                    go(next);
                  }
                }}
                role="listitem"
                style={
                  isScrolled
                    ? { height: ROW_HEIGHT, top: place * ROW_HEIGHT }
                    : undefined
                }
              >
                <Row
                  isStop={place === stop}
                  row={row}
                  share={row.bytes / most}
                  trans={trans}
                />
              </div>
            );
          })}
        </div>
      </div>
      {rows.length > FIRST && !isAlwaysWhole && (
        <Button
          aria-expanded={isWhole}
          className="jp-RewindTimeline-button jp-RewindShares-all"
          onClick={() => setWhole(!isWhole)}
          small
        >
          {isWhole
            ? trans.__('Show the First %1', FIRST)
            : trans.__('Show All %1', rows.length)}
        </Button>
      )}
    </>
  );
}

/** One row: what it is and takes, how much that is beside the largest. */
function Row(props: {
  isStop: boolean;
  row: IShareRow;
  share: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { isStop, row, share, trans } = props;
  const { action, code } = row;
  return (
    <>
      <div className="jp-RewindShares-lines" title={row.title}>
        <div className="jp-RewindShares-line">
          <span className="jp-RewindShares-label">{row.label}</span>
          {code && <code>{code}</code>}
          <span className="jp-RewindShares-bytes">
            {bytesText(row.bytes, trans)}
          </span>
        </div>
        <div aria-hidden className="jp-RewindShares-track">
          <div style={{ width: `${100 * share}%` }} />
        </div>
        <div className="jp-RewindShares-phrases">{row.phrases.join(' · ')}</div>
      </div>
      {action && (
        <Button
          aria-disabled={!!action.whyNot}
          aria-label={action.label}
          className="jp-RewindShares-action"
          minimal
          onClick={() => {
            if (!action.whyNot) {
              action.run();
            }
          }}
          small
          tabIndex={isStop ? 0 : -1}
          title={action.whyNot || action.label}
        >
          <deleteIcon.react tag={null} width="16px" height="16px" />
        </Button>
      )}
    </>
  );
}

/** Moving in the list by keys: it is one stop for the tabulator. */
function useKeyboard(
  list: React.RefObject<HTMLDivElement>,
  rows: readonly IShareRow[],
  count: number
): {
  go: (place: number) => void;
  setFocused: (key: string) => void;
  stop: number;
} {
  const [focused, setFocused] = React.useState('');
  const found = rows.findIndex(({ key }) => key === focused);
  // The row that had it may be gone: then what is in its place.
  const last = React.useRef(0);
  const stop =
    found >= 0 && found < count ? found : Math.min(last.current, count - 1);
  const isWanted = React.useRef(false);
  const go = (place: number): void => {
    const row = rows[place];
    if (row && list.current) {
      // It may not be drawn yet where it is scrolled to.
      const begin = place * ROW_HEIGHT;
      scrollTo(list.current, begin, begin + ROW_HEIGHT);
      isWanted.current = true;
      setFocused(row.key);
    }
  };
  React.useEffect(() => {
    if (found >= 0) {
      last.current = found;
    }
    const isLost =
      focused && found < 0 && document.activeElement === document.body;
    if (isWanted.current || isLost) {
      isWanted.current = false;
      list.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    }
  });
  return { go, setFocused, stop };
}
