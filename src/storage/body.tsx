import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { useChanges } from '../changes';
import { CommandIDs } from '../commands';
import { attentionIcon } from '../icons';
import { SeenBody } from '../seen';
import { actionsOf, type ITimelineActions } from '../timeline/actions';
import { ActionButton } from '../timeline/bars';
import { numbersOf } from '../timeline/numbers';
import type { IRewindSessions, IRewindStorage, IStorage } from '../tokens';
import { type ShownStorage, StorageModel } from './model';
import { cellRows, type Forget, nameRows, notebookRows } from './rows';
import { type IShareRow, Shares } from './shares';
import { storeSentences, usedSentence } from './words';

/** What the section *Storage* needs. */
export interface IStorageOptions {
  /** What the buttons execute. */
  readonly commands: CommandRegistry;
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
  /** The store. */
  readonly storage: IRewindStorage;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * What the store holds; works only in sight.
 */
export class StorageBody extends SeenBody<StorageModel> {
  /**
   * @param options - What the section needs
   */
  constructor(options: IStorageOptions) {
    super(new StorageModel(options.storage, options.sessions));
    this._actions = actionsOf(options.commands);
    this._trans = options.trans;
    this.addClass('jp-RewindStorage');
  }

  protected override render(): React.JSX.Element {
    return (
      <Content actions={this._actions} model={this.model} trans={this._trans} />
    );
  }

  private readonly _actions: ITimelineActions;
  private readonly _trans: TranslationBundle;
}

/** What the content needs. */
interface IContentProps {
  readonly actions: ITimelineActions;
  readonly model: StorageModel;
  readonly trans: TranslationBundle;
}

/** What the store holds, or why that is not known. */
function Content(props: IContentProps): React.JSX.Element {
  const { model, trans } = props;
  useChanges(model);
  const { shown } = model;
  switch (shown.kind) {
    case 'asking':
      return (
        <p className="jp-RewindStorage-note" role="status">
          {trans.__('Loading…')}
        </p>
      );
    case 'failed':
      return (
        <>
          <p className="jp-RewindStorage-note" role="alert">
            <attentionIcon.react tag="span" />
            <span>{shown.reason}</span>
          </p>
          <Button
            className="jp-RewindTimeline-button jp-RewindStorage-again"
            onClick={() => {
              void model.refresh();
            }}
            small
          >
            <refreshIcon.react tag={null} height="14px" width="14px" />
            {trans.__('Ask Again')}
          </Button>
        </>
      );
    case 'ready':
      return shown.storage.notebooks.length || shown.storage.bytes ? (
        <Ready {...props} shown={shown} />
      ) : (
        <p className="jp-RewindStorage-note" role="status">
          {trans.__(
            'Nothing is recorded yet. Run a cell: what its checkpoint takes on disk appears here.'
          )}
        </p>
      );
  }
}

/** What the store holds. */
function Ready(
  props: IContentProps & { shown: ShownStorage & { kind: 'ready' } }
): React.JSX.Element {
  const { actions, model, shown, trans } = props;
  const { notebook, problem, storage } = shown;
  const { session } = model;
  const forget: Forget = target =>
    actions.execute(CommandIDs.forget, { ...target });
  return (
    <>
      <Used storage={storage} trans={trans} />
      <div
        aria-label={trans.__('Actions')}
        className="jp-RewindTimeline-actions"
        role="group"
      >
        <ActionButton actions={actions} args={{}} command={CommandIDs.cleanUp}>
          {trans.__('Clean Up…')}
        </ActionButton>
        <ActionButton
          actions={actions}
          args={{}}
          command={CommandIDs.setBudget}
        >
          {trans.__('Limits…')}
        </ActionButton>
        {notebook?.notebook && (
          <ActionButton
            actions={actions}
            args={{ path: notebook.notebook.path }}
            command={CommandIDs.forget}
          >
            {trans.__('Forget This Notebook…')}
          </ActionButton>
        )}
      </div>
      <Part
        heading={trans.__('Notebooks')}
        rows={notebookRows(storage, notebook?.notebook ?? null, forget, trans)}
        trans={trans}
      />
      {problem && <p role="alert">{problem}</p>}
      {session && notebook && !notebook.notebook && (
        <p className="jp-RewindStorage-none">
          {trans.__('Nothing is recorded of this notebook.')}
        </p>
      )}
      {session && notebook?.notebook && (
        <>
          <Part
            heading={trans.__('Cells of this notebook')}
            rows={cellRows(notebook, numbersOf(session.panel), forget, trans)}
            trans={trans}
          />
          <Part
            heading={trans.__('Names of this notebook')}
            rows={nameRows(notebook, forget, trans)}
            trans={trans}
          />
        </>
      )}
    </>
  );
}

/** How much of the budget is used, in a picture and in words. */
function Used(props: {
  storage: IStorage;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { storage, trans } = props;
  const { budget, bytes } = storage;
  const used = usedSentence(storage, trans);
  const isOver = bytes > budget;
  const share = budget > 0 ? Math.min(1, bytes / budget) : 1;
  return (
    <>
      <p className="jp-RewindStorage-used" title={storage.directory}>
        {isOver && <attentionIcon.react tag="span" />}
        <span>{used}</span>
      </p>
      <div
        aria-label={trans.__('Store')}
        aria-valuemax={Math.max(budget, bytes)}
        aria-valuemin={0}
        aria-valuenow={bytes}
        aria-valuetext={used}
        className={`jp-RewindStorage-meter${isOver ? ' jp-mod-over' : ''}`}
        role="meter"
      >
        <div style={{ width: `${100 * share}%` }} />
      </div>
      {storeSentences(storage, trans).map(sentence => (
        <p key={sentence}>{sentence}</p>
      ))}
    </>
  );
}

/** A heading, and what takes how much. */
function Part(props: {
  heading: string;
  rows: readonly IShareRow[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { heading, rows, trans } = props;
  return rows.length ? (
    <>
      <h4>{heading}</h4>
      <Shares label={heading} rows={rows} trans={trans} />
    </>
  ) : null;
}
