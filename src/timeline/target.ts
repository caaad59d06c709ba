import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/**
 * Return the id of the checkpoint that is meant; empty if none is.
 *
 * @param args - A command's arguments
 * @param pointedAt - Returns the one at which the context menu was opened
 */
export function checkpointOf(
  args: ReadonlyPartialJSONObject,
  pointedAt: () => string
): string {
  const named = text(args.checkpoint) || text(args.one);
  return named || (args.menu === true ? pointedAt() : '');
}

/** Return an argument if it is a text; else an empty one. */
export function text(argument: unknown): string {
  return typeof argument === 'string' ? argument : '';
}
