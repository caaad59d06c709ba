import type { TranslationBundle } from '@jupyterlab/translation';

import type { RewindClient } from '../api/client';
import type { IPlan } from '../tokens';
import type { CellsWatch } from './cells';

/** How often a plan is asked for: the cells may change meanwhile. */
const ATTEMPTS = 4;

/**
 * Ask for a plan of the cells as they are, and send the texts that the server
 * wants for it. Rejects with a sentence.
 *
 * @param client - The server's operations
 * @param cells - The notebook's cells
 * @param trans - The application's language
 * @param request - Returns the request as it is now
 */
export async function proposePlan(
  client: RewindClient,
  cells: CellsWatch,
  trans: TranslationBundle,
  request: () => Parameters<RewindClient['propose']>[0]
): Promise<IPlan> {
  const texts: Record<string, string> = {};
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const plan = await client.propose({ ...request(), texts });
    if (!plan.missing.length) {
      return plan;
    }
    Object.assign(texts, cells.texts(plan.missing));
  }
  throw new Error(
    trans.__('There is no plan: the cells’ texts changed while it was made.')
  );
}
