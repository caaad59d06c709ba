import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { type IPlan, type IRewindSession, IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addPlanCommands } from './commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a plan may be at work already
import { OutputFollower } from './follower';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- as above
import { PlanNotices } from './notices';

/**
 * Plans: what brings cells up to date, shown, run and followed.
 */
export const planPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-nbrewind:plan',
  description: 'Shows, runs and follows plans that bring cells up to date.',
  autoStart: true,
  requires: [IRewindSessions],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    addPlanCommands(app.commands, sessions, trans);
    const follow = (session: IRewindSession): void => {
      const activate = (): void => app.shell.activateById(session.panel.id);
      new PlanNotices({
        session,
        follower: new OutputFollower(session),
        cancel: async plan => {
          const { cancelPlan } = await import('./run');
          await cancelPlan(session, plan);
        },
        again: plan => {
          activate();
          void app.commands.execute(commandOf(plan), { cellId: plan.cell });
        },
        show: cell => {
          activate();
          session.select(cell, true);
        },
        trans
      });
    };
    for (const session of sessions.all) {
      follow(session);
    }
    sessions.added.connect((_, session) => follow(session));
    for (const command of [
      CommandIDs.bringUpToDate,
      CommandIDs.runAffected,
      CommandIDs.runStale,
      CommandIDs.previewPlan,
      CommandIDs.cancelPlan
    ]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
  }
};

/** Return the command that proposes a plan like another. */
function commandOf(plan: IPlan): string {
  switch (plan.target) {
    case 'cell':
      return CommandIDs.bringUpToDate;
    case 'affected':
      return CommandIDs.runAffected;
    case 'stale':
      return CommandIDs.runStale;
    case 'all':
      return CommandIDs.previewPlan;
  }
}
