import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { useChanges } from '../changes';
import { SeenBody } from '../seen';
import { actionsOf, type ITimelineActions } from '../timeline/actions';
import type { IRewindSessions } from '../tokens';
import { Details } from './details';
import { List } from './list';
import { CellsModel, type IShown } from './model';

/** What the cells need. */
export interface ICellsOptions {
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** What the buttons execute. */
  readonly commands: CommandRegistry;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * The cells of the notebook that the user is at; works only in sight.
 */
export class CellsBody extends SeenBody<CellsModel> {
  /**
   * @param options - What the cells need
   */
  constructor(options: ICellsOptions) {
    super(new CellsModel(options.sessions));
    this._actions = actionsOf(options.commands);
    this._trans = options.trans;
    this.addClass('jp-RewindCells');
  }

  protected override render(): React.JSX.Element {
    return (
      <Cells actions={this._actions} model={this.model} trans={this._trans} />
    );
  }

  private readonly _actions: ITimelineActions;
  private readonly _trans: TranslationBundle;
}

/** What the content needs. */
export interface ICellsProps {
  readonly actions: ITimelineActions;
  readonly model: CellsModel;
  readonly trans: TranslationBundle;
}

/** The cells, the selected one, and what the user chose to see. */
export function Cells(props: ICellsProps): React.JSX.Element {
  const { actions, model, trans } = props;
  useChanges(model, actions.commands);
  const { session, shown } = model;
  if (!session || !shown) {
    return (
      <Note>
        {session
          ? trans.__('Loading…')
          : trans.__('Open a notebook to see its cells.')}
      </Note>
    );
  }
  return (
    <>
      {session.problem && <Note>{session.problem}</Note>}
      <Content {...props} session={session} shown={shown} />
    </>
  );
}

/** Where the next run of a cell is recorded. */
const BEGINS = new Set(['no-kernel', 'waiting', 'recording']);

/** The filter and the rows, or why there are none. */
function Content(
  props: ICellsProps & {
    session: NonNullable<CellsModel['session']>;
    shown: IShown;
  }
): React.JSX.Element {
  const { session, shown, trans } = props;
  if (!shown.items.some(({ level }) => !level)) {
    return (
      <Note>
        {trans.__(
          'This notebook has no code cells yet. Add one and run it: it appears here.'
        )}
      </Note>
    );
  }
  if (session.attachment.kind === 'language') {
    return <Note>{trans.__('Nothing is recorded of this notebook.')}</Note>;
  }
  const isNew =
    BEGINS.has(session.attachment.kind) &&
    session.state !== null &&
    session.state.cells.every(({ freshness }) => freshness === 'never run');
  return (
    <>
      <Filter {...props} />
      {isNew && (
        <Note>
          {trans.__('Run a cell: what it reads and makes appears here.')}
        </Note>
      )}
      {!session.state && !session.problem && (
        <Note>{trans.__('Loading…')}</Note>
      )}
      {shown.rows.rows.length ? (
        <List
          // Another notebook is seen from its beginning.
          key={session.panel.id}
          {...props}
        />
      ) : (
        <Note>{trans.__('No cell is like that.')}</Note>
      )}
      <Details {...props} />
    </>
  );
}

/** What the user chooses to see. */
function Filter(props: ICellsProps): React.JSX.Element {
  const { model, trans } = props;
  const { filter, isPreludeShown, isStaleOnly } = model.choice;
  return (
    <div className="jp-RewindCells-filter" role="search">
      <input
        aria-label={trans.__('Filter cells by text, name or number')}
        className="jp-mod-styled"
        onChange={event => model.choose({ filter: event.target.value })}
        placeholder={trans.__('Filter')}
        type="search"
        value={filter}
      />
      <label title={trans.__('Show only cells that are stale')}>
        <input
          checked={isStaleOnly}
          onChange={event =>
            model.choose({ isStaleOnly: event.target.checked })
          }
          type="checkbox"
        />
        {trans.__('Stale')}
      </label>
      <label
        title={trans.__('Show lines from cells of imports and definitions too')}
      >
        <input
          checked={isPreludeShown}
          onChange={event =>
            model.choose({ isPreludeShown: event.target.checked })
          }
          type="checkbox"
        />
        {trans.__('Imports')}
      </label>
    </div>
  );
}

function Note(props: { children: React.ReactNode }): React.JSX.Element {
  return (
    <p className="jp-RewindCells-note" role="status">
      {props.children}
    </p>
  );
}
