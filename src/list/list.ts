/**
 * Long lists of which only what is in sight is drawn: moving in them by keys.
 */

import * as React from 'react';

/** How high a list is before it was measured, in pixels. */
const UNMEASURED = 600;

/** How many rows a page has, for the keys that turn pages. */
const PAGE = 10;

/**
 * Return the place to which a key leads; undefined if to none.
 *
 * @param key - As keyboard events name it
 * @param place - The present place, from 0
 * @param count - How many places there are
 */
export function keyTarget(
  key: string,
  place: number,
  count: number
): number | undefined {
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(place + 1, last);
    case 'ArrowUp':
      return Math.max(place - 1, 0);
    case 'End':
      return last;
    case 'Home':
      return 0;
    case 'PageDown':
      return Math.min(place + PAGE, last);
    case 'PageUp':
      return Math.max(place - PAGE, 0);
    default:
      return undefined;
  }
}

/**
 * Scroll a list so that a row is in sight.
 *
 * @param list - What scrolls
 * @param begin - Where the row begins, in pixels
 * @param end - Where it ends, in pixels
 */
export function scrollTo(list: HTMLElement, begin: number, end: number): void {
  if (begin < list.scrollTop) {
    list.scrollTop = begin;
  } else if (end > list.scrollTop + list.clientHeight) {
    list.scrollTop = end - list.clientHeight;
  }
}

/** What of a list is in sight. */
export interface ISight {
  /** What is scrolled out of sight above, in pixels. */
  readonly top: number;
  /** What is in sight, in pixels. */
  readonly height: number;
  /** To be called when the list has been scrolled. */
  readonly onScroll: () => void;
}

/** Follow what of a list is in sight. */
export function useSight(list: React.RefObject<HTMLElement>): ISight {
  const [sight, setSight] = React.useState({ height: UNMEASURED, top: 0 });
  const measure = React.useCallback(() => {
    const node = list.current;
    if (node) {
      const height = node.clientHeight || UNMEASURED;
      const top = node.scrollTop;
      setSight(before =>
        before.height === height && before.top === top
          ? before
          : { height, top }
      );
    }
  }, [list]);
  React.useEffect(() => {
    const node = list.current;
    if (!node || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [list, measure]);
  return { ...sight, onScroll: measure };
}
