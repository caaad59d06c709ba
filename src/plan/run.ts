/**
 * Runs plans: asked for, looked at, accepted, followed to their end.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan, IRewindSession } from '../tokens';
import { choosePlan } from './dialog';
import { type IPlanResult, resultOf, verdictOf } from './steps';
import type { ITarget } from './words';

/** What the commands answer when the user decided against it. */
export interface ICancelled {
  readonly cancelled: true;
}

/**
 * Plan, and run that.
 *
 * @param session - The notebook's session
 * @param target - What to bring up to date
 * @param accept - Whether to run the plan without showing it first
 * @param trans - The application's language
 * @returns What it did, once it has ended. Rejects with a sentence.
 */
export async function runPlan(
  session: IRewindSession,
  target: ITarget,
  accept: boolean,
  trans: TranslationBundle
): Promise<IPlanResult | ICancelled> {
  if (accept) {
    const plan = await session.propose(target.target, target.cell);
    switch (verdictOf(plan)) {
      case 'nothing':
        return { ...resultOf(plan), plan: '', state: 'done' };
      case 'blocked':
        throw new Error(plan.reason);
      case 'ready':
        return acceptPlan(session, plan);
    }
  }
  const { isWanted, plan } = await choosePlan(session, target, false, trans);
  return isWanted && plan ? acceptPlan(session, plan) : { cancelled: true };
}

/** Accept a plan; return what it did, once it has ended. */
export async function acceptPlan(
  session: IRewindSession,
  plan: IPlan
): Promise<IPlanResult> {
  const end = whenEnded(session, plan.id);
  try {
    await session.act(plan.id, 'accept');
    return resultOf(await end.plan);
  } finally {
    end.stop();
  }
}

/** Interrupt a plan; return what it had done by then. */
export async function cancelPlan(
  session: IRewindSession,
  plan: IPlan
): Promise<IPlanResult> {
  const end = whenEnded(session, plan.id);
  try {
    await session.act(plan.id, 'cancel');
    return resultOf(await end.plan);
  } finally {
    end.stop();
  }
}

/**
 * Wait for the end of a plan.
 *
 * @param session - Follows it
 * @param id - The plan
 * @returns The plan as it ended; and what ends the waiting
 */
function whenEnded(
  session: IRewindSession,
  id: string
): { plan: Promise<IPlan>; stop: () => void } {
  let stop = (): void => undefined;
  const plan = new Promise<IPlan>(resolve => {
    let last: IPlan | null = null;
    const look = (): void => {
      const plan = session.plan;
      if (plan?.id === id) {
        last = plan;
        if (plan.state !== 'running') {
          resolve(plan);
        }
      } else if (last) {
        // Somebody else acknowledged it before its end was seen here.
        resolve(last);
      }
    };
    session.planChanged.connect(look);
    stop = () => {
      session.planChanged.disconnect(look);
    };
    look();
  });
  return { plan, stop };
}
