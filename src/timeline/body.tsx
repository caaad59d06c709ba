import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { useChanges } from '../changes';
import { SeenBody } from '../seen';
import type { IRewindSession, IRewindSessions } from '../tokens';
import { whyNoRewind } from './able';
import { actionsOf, type ITimelineActions } from './actions';
import { RestoreBar, RewoundBar } from './bars';
import { Details } from './details';
import { TimelineModel } from './model';
import { numbersOf } from './numbers';
import { Rows } from './rows';

/** What a timeline needs. */
export interface ITimelineOptions {
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** What the buttons execute. */
  readonly commands: CommandRegistry;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * The history of the notebook that the user is at; works only in sight.
 */
export class TimelineBody extends SeenBody<TimelineModel> {
  /**
   * @param options - What the timeline needs
   */
  constructor(options: ITimelineOptions) {
    super(new TimelineModel(options.sessions));
    this._actions = actionsOf(options.commands);
    this._trans = options.trans;
    this.addClass('jp-RewindTimeline');
  }

  protected override render(): React.JSX.Element {
    return (
      <Timeline
        actions={this._actions}
        model={this.model}
        trans={this._trans}
      />
    );
  }

  private readonly _actions: ITimelineActions;
  private readonly _trans: TranslationBundle;
}

/** What the timeline's content needs. */
export interface ITimelineProps {
  readonly model: TimelineModel;
  readonly actions: ITimelineActions;
  readonly trans: TranslationBundle;
}

/** The timeline's content. */
export function Timeline(props: ITimelineProps): React.JSX.Element {
  const { actions, model, trans } = props;
  useChanges(model, actions.commands);
  const { session } = model;
  if (!session) {
    return (
      <p className="jp-RewindTimeline-note">
        {trans.__('Open a notebook to see its checkpoints.')}
      </p>
    );
  }
  const bar = { actions, numbers: numbersOf(session.panel), session, trans };
  return (
    <>
      <RestoreBar {...bar} />
      <RewoundBar {...bar} />
      <Content {...props} {...bar} />
    </>
  );
}

/** The checkpoints and the selected one, or why there are none. */
function Content(
  props: ITimelineProps & {
    session: IRewindSession;
    numbers: ReadonlyMap<string, number>;
  }
): React.JSX.Element {
  const { model, numbers, session, trans } = props;
  const split = React.useRef<HTMLDivElement>(null);
  const { other, selected, tree } = model;
  if (!tree?.rows.length) {
    return <Nothing session={session} isLoading={!tree} trans={trans} />;
  }
  const { attachment } = session;
  return (
    <div className="jp-RewindTimeline-split" ref={split}>
      <Rows
        head={model.head}
        numbers={numbers}
        onEnter={() => {
          // It may not be drawn before now.
          requestAnimationFrame(() => {
            split.current
              ?.querySelector<HTMLElement>('.jp-RewindTimeline-title')
              ?.focus();
          });
        }}
        onMark={id => model.mark(id)}
        onSelect={id => model.select(id)}
        other={other?.id ?? ''}
        selected={selected?.id ?? ''}
        session={
          attachment.kind === 'recording' || attachment.kind === 'paused'
            ? attachment.handshake.session
            : ''
        }
        trans={trans}
        tree={tree}
      />
      {selected && (
        <Details
          {...props}
          checkpoint={selected}
          onClose={() => {
            // The keyboard goes on where it came from.
            split.current
              ?.querySelector<HTMLElement>('[role="option"][tabindex="0"]')
              ?.focus();
            model.select('');
          }}
        />
      )}
    </div>
  );
}

/** Why there are no checkpoints to see. */
function Nothing(props: {
  session: IRewindSession;
  isLoading: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { isLoading, session, trans } = props;
  const why = session.problem || whyNoRewind(session, trans);
  return (
    <p className="jp-RewindTimeline-note" role="status">
      {why ||
        (isLoading
          ? trans.__('Loading…')
          : trans.__(
              'Run a cell: the state after it appears here, and you can come back to it.'
            ))}
    </p>
  );
}
