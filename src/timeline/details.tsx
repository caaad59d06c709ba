import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../commands';
import type { ICheckpoint, IRewindSession } from '../tokens';
import { keptSentence, keptText, namesText } from './about';
import type { ITimelineActions } from './actions';
import { ActionButton } from './bars';
import { Difference } from './difference';
import type { TimelineModel } from './model';
import { bytesText, cellText, tookText, whenText } from './words';

/** What the details need. */
interface IDetailsProps {
  readonly model: TimelineModel;
  readonly session: IRewindSession;
  readonly checkpoint: ICheckpoint;
  readonly actions: ITimelineActions;
  /** The numbers of cells by their ids. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly trans: TranslationBundle;
  /** Close the details. */
  readonly onClose: () => void;
}

/** The selected checkpoint: what can be done with it, and how it differs. */
export function Details(props: IDetailsProps): React.JSX.Element {
  const { checkpoint, model, numbers, onClose, trans } = props;
  const { other } = model;
  const names = namesText(checkpoint, trans);
  const place = (of: ICheckpoint): string =>
    cellText(of, numbers.get(of.cell ?? ''), trans);
  return (
    <section
      aria-label={trans.__('Selected checkpoint')}
      className="jp-RewindTimeline-details"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          onClose();
        }
      }}
    >
      <header>
        <h3 className="jp-RewindTimeline-title" tabIndex={-1}>
          {checkpoint.label || place(checkpoint)}
        </h3>
        <code title={checkpoint.title}>{checkpoint.title}</code>
        <Button
          aria-label={trans.__('Close the details')}
          minimal
          onClick={onClose}
          small
          title={trans.__('Close the details')}
        >
          <closeIcon.react tag={null} width="14px" height="14px" />
        </Button>
      </header>
      <p className="jp-RewindTimeline-facts">
        {factsText(
          checkpoint,
          checkpoint.label ? place(checkpoint) : '',
          trans
        )}
      </p>
      {(checkpoint.lost || checkpoint.evicted) && (
        <p>{keptSentence(checkpoint, trans)}</p>
      )}
      <Actions {...props} />
      <h4>
        {other
          ? trans.__(
              'Compared with %1 (%2)',
              other.label || place(other),
              whenText(other.time, Date.now(), trans)
            )
          : checkpoint.id === model.head
            ? trans.__('The kernel is here')
            : trans.__('What a rewind to here would change')}
      </h4>
      {(other || checkpoint.id !== model.head) && <Changes {...props} />}
      {names && (
        <p className="jp-RewindTimeline-facts">
          {trans.__('Its run wrote: %1', names)}
        </p>
      )}
    </section>
  );
}

/**
 * Return what is known of a checkpoint, in a few words.
 *
 * @param checkpoint - The checkpoint
 * @param place - Its cell, where that is said nowhere else; else empty
 * @param trans - The application's language
 */
function factsText(
  checkpoint: ICheckpoint,
  place: string,
  trans: TranslationBundle
): string {
  return [
    place,
    whenText(checkpoint.time, Date.now(), trans),
    trans.__('took %1', tookText(checkpoint.seconds, trans)),
    checkpoint.bytes > 0 && bytesText(checkpoint.bytes, trans),
    keptText(checkpoint, trans)
  ]
    .filter(fact => !!fact)
    .join(' · ');
}

/** What can be done with a checkpoint. */
function Actions(props: IDetailsProps): React.JSX.Element {
  const { actions, checkpoint, model, trans } = props;
  const args = { checkpoint: checkpoint.id };
  return (
    <div
      aria-label={trans.__('Actions')}
      className="jp-RewindTimeline-actions"
      role="group"
    >
      {checkpoint.id !== model.head && (
        <ActionButton
          actions={actions}
          args={args}
          command={CommandIDs.rewindToCell}
          isMain
        >
          {trans.__('Rewind Here')}
        </ActionButton>
      )}
      <Button
        aria-pressed={model.isPicking}
        className="jp-RewindTimeline-button"
        onClick={() => {
          if (model.other) {
            model.mark('');
          } else {
            model.pick(!model.isPicking);
          }
        }}
        small
        title={trans.__(
          'Shift-click another checkpoint, or press Space at it, to compare'
        )}
      >
        {model.other ? trans.__('Stop Comparing') : trans.__('Compare With…')}
      </Button>
      <ActionButton
        actions={actions}
        args={args}
        command={CommandIDs.labelCheckpoint}
      >
        {trans.__('Label…')}
      </ActionButton>
      <ActionButton
        actions={actions}
        args={args}
        command={CommandIDs.keepCheckpoint}
        isPressed={checkpoint.keep}
      >
        {trans.__('Keep')}
      </ActionButton>
      <ActionButton
        actions={actions}
        args={args}
        command={CommandIDs.restoreSources}
      >
        {trans.__('Restore Sources…')}
      </ActionButton>
      {model.isPicking && (
        <p role="status">
          {trans.__('Choose the other checkpoint in the list.')}
        </p>
      )}
    </div>
  );
}

/** The difference, or why there is none. */
function Changes(props: IDetailsProps): React.JSX.Element | null {
  const { model, numbers, session, trans } = props;
  const { shown } = model;
  switch (shown.kind) {
    case 'none':
      return null;
    case 'asking':
      return <p role="status">{trans.__('Comparing…')}</p>;
    case 'failed':
      return <p role="alert">{shown.reason}</p>;
    case 'ready':
      return (
        <Difference
          difference={shown.difference}
          numbers={numbers}
          peek={name => session.peek(shown.difference.other, name)}
          trans={trans}
        />
      );
  }
}
