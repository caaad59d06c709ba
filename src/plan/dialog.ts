import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

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
async function ask(
  proposal: Proposal,
  isPreview: boolean,
  trans: TranslationBundle
): Promise<boolean> {
  const dialog = new PlanDialog(proposal, isPreview, trans);
  const { button } = await dialog.launch();
  dialog.dispose();
  return button.accept;
}

/** Place of the button that closes the dialog. */
const CLOSE = 0;

/** Place of the button that runs the plan. */
const RUN = 1;

/**
 * The dialog that shows a plan before it is accepted.
 */
class PlanDialog extends Dialog<unknown> {
  constructor(
    proposal: Proposal,
    isPreview: boolean,
    trans: TranslationBundle
  ) {
    const body = ReactWidget.create(
      React.createElement(PlanBody, { proposal, canForce: !isPreview, trans })
    );
    body.addClass('jp-RewindPlanDialog-body');
    super({
      title: targetTitle(proposal.target, trans),
      body,
      buttons: [
        Dialog.cancelButton(isPreview ? { label: trans.__('Close') } : {}),
        Dialog.okButton({
          label: isPreview ? trans.__('Run…') : trans.__('Run')
        })
      ],
      defaultButton: isPreview ? CLOSE : RUN
    });
    this._default = isPreview ? CLOSE : RUN;
    this.addClass('jp-RewindPlanDialog');
    this.node.setAttribute('aria-label', targetTitle(proposal.target, trans));
    this._proposal = proposal;
    proposal.changed.connect(this._update, this);
    this._update();
  }

  /** Go on with a button, unless it runs what can't be run. */
  override resolve(index?: number): void {
    if ((index ?? this._default) !== RUN || this._canRun) {
      super.resolve(index);
    }
  }

  /** Close the dialog. */
  override dispose(): void {
    this._proposal.changed.disconnect(this._update, this);
    super.dispose();
  }

  private get _canRun(): boolean {
    const { isLoading, plan, problem } = this._proposal;
    return !isLoading && !problem && !!plan && verdictOf(plan) === 'ready';
  }

  /**
   * Show whether the plan can be run. A button that is disabled in the ordinary
   * way would lose the focus while the plan is asked for.
   */
  private _update(): void {
    this.node
      .querySelector('.jp-Dialog-button.jp-mod-accept')
      ?.setAttribute('aria-disabled', String(!this._canRun));
  }

  private readonly _default: number;
  private readonly _proposal: Proposal;
}
