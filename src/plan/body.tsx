import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, checkIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useChanges } from '../changes';
import { attentionIcon, stepIcons } from '../icons';
import { Notice } from '../preview/notice';
import type { Proposal } from './proposal';
import { type IStepRow, rowsOf, summaryOf, verdictOf } from './steps';
import { actionWord, expectedText, summaryPhrases } from './words';

/**
 * A plan before it is accepted: what it does in numbers, and step by step.
 *
 * @param props - The proposal, whether the user may choose cells that run in
 *   any case, and the application's language
 */
export function PlanBody(props: {
  proposal: Proposal;
  canForce: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { canForce, proposal, trans } = props;
  useChanges(proposal);
  const { isLoading, plan, problem } = proposal;
  return (
    <div className="jp-RewindPlan" aria-busy={isLoading}>
      <div className="jp-RewindPlan-head" role="status">
        <Head proposal={proposal} trans={trans} />
      </div>
      {problem && (
        <Button
          className="jp-RewindPlan-again jp-mod-styled"
          onClick={() => {
            void proposal.ask();
          }}
        >
          <refreshIcon.react tag="span" />
          {trans.__('Ask Again')}
        </Button>
      )}
      {plan && plan.steps.length > 0 && !problem && (
        <Steps
          rows={rowsOf(plan, proposal.forced)}
          force={
            canForce
              ? (cell, isForced) => proposal.force(cell, isForced)
              : undefined
          }
          trans={trans}
        />
      )}
    </div>
  );
}

/**
 * What the plan is all in all: not there yet, not to be had, in numbers.
 */
function Head(props: {
  proposal: Proposal;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { proposal, trans } = props;
  const { isLoading, plan, problem } = proposal;
  if (isLoading && !plan) {
    return <p>{trans.__('Finding out what has to run…')}</p>;
  }
  if (problem || !plan) {
    return <Notice text={problem} />;
  }
  const verdict = verdictOf(plan);
  if (verdict === 'blocked') {
    return <Notice text={plan.reason} />;
  }
  if (verdict === 'nothing') {
    return (
      <p className="jp-RewindPlan-fresh">
        <checkIcon.react tag="span" />
        <span>
          {plan.reason || trans.__('Everything is fresh: nothing has to run.')}
        </span>
      </p>
    );
  }
  const summary = summaryOf(plan, proposal.cells);
  return (
    <ul className="jp-RewindPlan-summary">
      {summaryPhrases(summary, trans).map(phrase => (
        <li key={phrase}>{phrase}</li>
      ))}
    </ul>
  );
}

/** The steps, in notebook order. */
function Steps(props: {
  rows: readonly IStepRow[];
  force: ((cell: string, isForced: boolean) => void) | undefined;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { force, rows, trans } = props;
  return (
    // A list that scrolls is reached by keyboard.
    <ol
      className="jp-RewindPlan-steps"
      aria-label={trans.__('Steps')}
      tabIndex={0}
    >
      {rows.map(row => (
        <Step key={row.cell} row={row} force={force} trans={trans} />
      ))}
    </ol>
  );
}

/** One step: cell, what is done and why, how long it takes. */
function Step(props: {
  row: IStepRow;
  force: ((cell: string, isForced: boolean) => void) | undefined;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { force, row, trans } = props;
  const Icon = stepIcons[row.action];
  return (
    <li className="jp-RewindPlan-step" data-action={row.action}>
      <Icon.react tag="span" className="jp-RewindPlan-icon" />
      <div className="jp-RewindPlan-what">
        <div className="jp-RewindPlan-line">
          <span className="jp-RewindPlan-number">
            {trans.__('Cell %1', row.number)}
          </span>
          <code className="jp-RewindPlan-title" title={row.title}>
            {row.title}
          </code>
        </div>
        <div className="jp-RewindPlan-why">
          <span className="jp-RewindPlan-action">
            {actionWord(row.action, trans)}
          </span>
          {row.reason && <span>{row.reason}</span>}
        </div>
        {row.note && (
          <div className="jp-RewindPlan-note">
            <attentionIcon.react tag="span" />
            <span>{row.note}</span>
          </div>
        )}
        {force && row.canForce && (
          <label className="jp-RewindPlan-force">
            <input
              type="checkbox"
              checked={row.isForced}
              onChange={event => force(row.cell, event.target.checked)}
              aria-label={trans.__('Run cell %1 anyway', row.number)}
            />
            {trans.__('Run it anyway')}
          </label>
        )}
      </div>
      {row.action === 'run' && row.seconds > 0 && (
        <span
          className="jp-RewindPlan-time"
          title={trans.__('Expected running time')}
        >
          {expectedText(row.seconds, trans)}
        </span>
      )}
    </li>
  );
}
