import { ReactWidget } from '@jupyterlab/apputils';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { statusIcons } from '../status/icons';
import { statusOf } from '../status/words';
import { actionsOf, type ITimelineActions } from '../timeline/actions';
import { ActionButton } from '../timeline/bars';
import type { IRewindServer, IRewindSession, IRewindSessions } from '../tokens';
import { RewindBody } from './body';
import { isStale } from './words';

/** What installs the agent. */
const INSTALL = 'pip install nbrewind';

/** What the header needs. */
export interface IHeaderOptions {
  /** What the buttons execute. */
  readonly commands: CommandRegistry;
  /** The connection to the server part. */
  readonly server: IRewindServer;
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** The application's language. */
  readonly translator: ITranslator;
}

/**
 * The top of the panel: whether the notebook is recorded, and if not, why and
 * what to do; without a notebook, whether the server part is there.
 */
export class RewindHeader extends ReactWidget {
  /**
   * @param options - What the header needs
   */
  constructor(options: IHeaderOptions) {
    super();
    this._options = options;
    this._actions = actionsOf(options.commands);
    this.addClass('jp-RewindHeader');
  }

  override dispose(): void {
    Signal.disconnectReceiver(this);
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return <Header {...this._options} actions={this._actions} />;
  }

  private readonly _actions: ITimelineActions;
  private readonly _options: IHeaderOptions;
}

/** The top of the panel. */
export function Header(
  props: IHeaderOptions & { actions: ITimelineActions }
): React.JSX.Element {
  const { server, sessions, translator } = props;
  const trans = translator.load('jupyterlab_nbrewind');
  useChanges(server, sessions);
  const session = sessions.current;
  if (!session || server.state.kind !== 'connected') {
    return <RewindBody server={server} translator={translator} />;
  }
  return <Recording {...props} session={session} trans={trans} />;
}

/** Whether the notebook is recorded, in words, and what can be done. */
function Recording(props: {
  actions: ITimelineActions;
  server: IRewindServer;
  session: IRewindSession;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { actions, server, session, trans } = props;
  const { attachment, plan, problem, state } = session;
  const status = statusOf(
    { server: server.state, attachment, state, plan, problem },
    trans
  );
  const Icon = statusIcons[status.icon];
  const isWell = status.icon === 'recording' || status.icon === 'saving';
  return (
    <div className="jp-RewindPanel-content">
      <div className="jp-RewindPanel-line">
        <p className="jp-RewindStatus">
          <Icon.react tag="span" />
          <span title={isWell ? status.title : undefined}>
            {isWell ? status.text : status.title}
          </span>
        </p>
        <Actions actions={actions} session={session} trans={trans} />
      </div>
      {attachment.kind === 'missing' && (
        <>
          <p>{trans.__('Install it there, then restart the kernel:')}</p>
          <pre className="jp-RewindStatus-command">{INSTALL}</pre>
        </>
      )}
    </div>
  );
}

/** What can be done with the whole notebook, if anything. */
function Actions(props: {
  actions: ITimelineActions;
  session: IRewindSession;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { actions, session, trans } = props;
  const { attachment, plan, state } = session;
  const offered: [
    command: string,
    args: Record<string, string>,
    label: string
  ][] = [];
  if (plan?.state === 'running') {
    offered.push([CommandIDs.cancelPlan, {}, trans.__('Cancel Plan')]);
  } else if (
    attachment.kind === 'recording' &&
    state?.cells.some(({ freshness }) => isStale(freshness))
  ) {
    offered.push([CommandIDs.runStale, {}, trans.__('Run Stale…')]);
  }
  if (attachment.kind === 'off' || attachment.kind === 'paused') {
    offered.push([CommandIDs.setMode, { mode: 'audit' }, trans.__('Record')]);
  }
  return offered.length ? (
    <div
      aria-label={trans.__('Actions')}
      className="jp-RewindTimeline-actions"
      role="group"
    >
      {offered.map(([command, args, label]) => (
        <ActionButton
          actions={actions}
          args={args}
          command={command}
          key={command}
        >
          {label}
        </ActionButton>
      ))}
    </div>
  ) : null;
}

/** Draw again when what the header says has changed. */
function useChanges(server: IRewindServer, sessions: IRewindSessions): void {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  const [session, setSession] = React.useState(sessions.current);
  React.useEffect(() => {
    const onCurrent = (): void => setSession(sessions.current);
    server.stateChanged.connect(draw);
    sessions.currentChanged.connect(onCurrent);
    // Something may have changed between the first drawing and now.
    onCurrent();
    draw();
    return () => {
      server.stateChanged.disconnect(draw);
      sessions.currentChanged.disconnect(onCurrent);
    };
  }, [server, sessions]);
  React.useEffect(() => {
    session?.attachmentChanged.connect(draw);
    session?.planChanged.connect(draw);
    session?.stateChanged.connect(draw);
    draw();
    return () => {
      session?.attachmentChanged.disconnect(draw);
      session?.planChanged.disconnect(draw);
      session?.stateChanged.disconnect(draw);
    };
  }, [session]);
}
