import * as React from 'react';

import type { IMoment } from '../tokens';

/** Size of the drawing, in units of its own: it is stretched. */
const WIDTH = 100;
const HEIGHT = 24;

/**
 * Return the outline of how many tasks ran at a time, as an SVG path: from one
 * moment to the next it is as at the first of them. Pure.
 */
export function outline(moments: readonly IMoment[]): string {
  const last = moments[moments.length - 1];
  if (!last) {
    return '';
  }
  const most = Math.max(1, ...moments.map(({ running }) => running));
  const x = (seconds: number): string =>
    ((WIDTH * seconds) / Math.max(last.seconds, 1e-9)).toFixed(2);
  const y = (running: number): string =>
    (HEIGHT - ((HEIGHT - 2) * running) / most).toFixed(2);
  const steps = moments.map(
    ({ running, seconds }) => `H${x(seconds)}V${y(running)}`
  );
  return `M0,${HEIGHT}${steps.join('')}H${WIDTH}V${HEIGHT}Z`;
}

/**
 * How many tasks ran at a time.
 *
 * @param props - The moments, and the same in words
 */
export function Spark(props: {
  moments: readonly IMoment[];
  label: string;
}): React.JSX.Element {
  const { label, moments } = props;
  return (
    <svg
      aria-label={label}
      className="jp-RewindTasks-spark"
      preserveAspectRatio="none"
      role="img"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
    >
      <path d={outline(moments)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
