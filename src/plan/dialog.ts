import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { PreviewDialog } from '../preview/dialog';
import type { IPlan, IRewindSession } from '../tokens';
import { PlanBody } from './body';
import { Proposal } from './proposal';
import { verdictOf } from './steps';
import { type ITarget, targetTitle } from './words';

/**
 * Show a plan, and let the user decide.
 *
 * @param session - The notebook's session
 * @param target - What to bring up to date
 * @param isPreview - Whether to only show it first
 * @param trans - The application's language
 * @returns The plan, null if there was none; and whether to run it
 */
export async function choosePlan(
  session: IRewindSession,
  target: ITarget,
  isPreview: boolean,
  trans: TranslationBundle
): Promise<{ plan: IPlan | null; isWanted: boolean }> {
  const proposal = new Proposal(session, target);
  const onDisposed = (): void => proposal.dispose();
  session.panel.disposed.connect(onDisposed);
  try {
    void proposal.ask();
    const isWanted =
      (!isPreview || (await ask(proposal, true, trans))) &&
      (await ask(proposal, false, trans));
    return { plan: proposal.plan, isWanted };
  } finally {
    session.panel.disposed.disconnect(onDisposed);
    proposal.dispose();
  }
}

/** Show the dialog; return whether its last button was chosen. */
function ask(
  proposal: Proposal,
  isPreview: boolean,
  trans: TranslationBundle
): Promise<boolean> {
  return new PreviewDialog({
    preview: proposal,
    canAccept: plan => verdictOf(plan) === 'ready',
    title: targetTitle(proposal.target, trans),
    body: ReactWidget.create(
      React.createElement(PlanBody, { proposal, canForce: !isPreview, trans })
    ),
    buttons: [
      Dialog.cancelButton(isPreview ? { label: trans.__('Close') } : {}),
      Dialog.okButton({
        label: isPreview ? trans.__('Run…') : trans.__('Run')
      })
    ],
    isAcceptDefault: !isPreview
  }).ask();
}
