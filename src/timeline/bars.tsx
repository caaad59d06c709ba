import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { rewindIcon } from '../icons';
import type { IRewindSession } from '../tokens';
import { Report } from './report';
import type { ITimelineActions } from './actions';
import { cellText, rewoundSentence, whenText } from './words';

/** What a bar above the checkpoints needs. */
interface IBarProps {
  readonly session: IRewindSession;
  readonly actions: ITimelineActions;
  /** The numbers of cells by their ids. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly trans: TranslationBundle;
}

/** Offers a new kernel the state in which the one before ended. */
export function RestoreBar(props: IBarProps): React.JSX.Element | null {
  const { actions, session, trans } = props;
  const last = session.state?.last;
  if (!last) {
    return null;
  }
  const found = session.history?.checkpoints.find(({ id }) => id === last);
  return (
    <div className="jp-RewindTimeline-bar">
      <rewindIcon.react className="jp-RewindTimeline-barIcon" tag="span" />
      <p>
        {found
          ? trans.__(
              'The kernel is new. Restore the state of %1?',
              whenText(found.time, Date.now(), trans)
            )
          : trans.__('The kernel is new. Restore the last state?')}
      </p>
      <ActionButton
        actions={actions}
        args={{}}
        command={CommandIDs.restoreLastState}
        isMain
      >
        {trans.__('Restore')}
      </ActionButton>
    </div>
  );
}

/** Tells what the last rewind did, until it is undone or something runs. */
export function RewoundBar(props: IBarProps): React.JSX.Element | null {
  const { actions, numbers, session, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const { rewound } = session;
  React.useEffect(() => setOpen(false), [rewound]);
  if (!rewound) {
    return null;
  }
  const { report } = rewound;
  const found = session.history?.checkpoints.find(
    ({ id }) => id === report.checkpoint
  );
  const place = found
    ? cellText(found, numbers.get(found.cell ?? ''), trans)
    : '';
  return (
    <div className="jp-RewindTimeline-bar">
      <rewindIcon.react className="jp-RewindTimeline-barIcon" tag="span" />
      <p role="status">{rewoundSentence(report, place, trans)}</p>
      <div className="jp-RewindTimeline-actions">
        {rewound.before && (
          <ActionButton
            actions={actions}
            args={{}}
            command={CommandIDs.undoRewind}
          >
            {trans.__('Undo')}
          </ActionButton>
        )}
        <Button
          aria-expanded={isOpen}
          className="jp-RewindTimeline-button"
          onClick={() => setOpen(!isOpen)}
          small
        >
          {trans.__('Details')}
        </Button>
      </div>
      {isOpen && <Report isCounted={false} report={report} trans={trans} />}
    </div>
  );
}

/** A button that executes a command; it says why if it can't. */
export function ActionButton(props: {
  actions: ITimelineActions;
  args: Record<string, string>;
  command: string;
  children: React.ReactNode;
  isMain?: boolean;
  isPressed?: boolean;
}): React.JSX.Element {
  const { actions, args, children, command, isMain, isPressed } = props;
  const isEnabled = actions.commands.isEnabled(command, args);
  return (
    <Button
      // It stays reachable, so that the reason can be read.
      aria-disabled={!isEnabled}
      aria-pressed={isPressed}
      className={`jp-RewindTimeline-button${isMain ? ' jp-mod-styled jp-mod-accept' : ''}`}
      onClick={() => {
        if (isEnabled) {
          actions.execute(command, args);
        }
      }}
      small
      title={actions.commands.caption(command, args)}
    >
      {children}
    </Button>
  );
}
