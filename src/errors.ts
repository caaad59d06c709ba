/**
 * What went wrong, for the user. No state, no imports.
 */

/** Return what went wrong, as a sentence. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
