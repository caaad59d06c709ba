import { Notification, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { useChanges } from '../changes';
import { sentence } from '../errors';
import { firstLine } from '../cells/rows';
import { attentionIcon } from '../icons';
import { numbersOf } from '../timeline/numbers';
import { cellText } from '../timeline/words';
import type { IRewindSession } from '../tokens';
import { CellRow } from './cell';
import { ManagerRow } from './manager';
import type { TasksModel } from './model';
import { Spark } from './spark';
import { momentsSentence } from './words';

/** Of how many moments at least it is drawn how many tasks ran then. */
const LEAST = 4;

/** What the section *Tasks* needs. */
export interface ITasksOptions {
  /** How the tasks stand. */
  readonly model: TasksModel;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * How the tasks of the notebook stand that the user is at.
 */
export class TasksBody extends ReactWidget {
  /**
   * @param options - What the section needs
   */
  constructor(options: ITasksOptions) {
    super();
    this._options = options;
    this.addClass('jp-RewindTasks');
  }

  override dispose(): void {
    Signal.disconnectReceiver(this);
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return <Content {...this._options} />;
  }

  private readonly _options: ITasksOptions;
}

/** Managers, how many tasks ran at a time, and the tasks by cell. */
export function Content(props: ITasksOptions): React.JSX.Element | null {
  const { model, trans } = props;
  useChanges(model);
  const { problem, session, shown } = model;
  if (!session || !shown) {
    return null;
  }
  const { managers, moments, most_workers, workers } = shown;
  // Of the first moments there is nothing to be seen.
  const ran =
    moments.length >= LEAST && moments.some(({ running }) => running > 0);
  const act = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      Notification.error(sentence(error));
    });
  };
  return (
    <>
      {problem && (
        <p className="jp-RewindTasks-note" role="alert">
          <attentionIcon.react tag="span" />
          <span>{problem}</span>
        </p>
      )}
      {managers.map(manager => (
        <ManagerRow
          key={manager.number}
          manager={manager}
          mostWorkers={most_workers}
          onStart={() => act(model.startWorker(manager.number))}
          onStop={() => act(model.stopWorkers(manager.number))}
          trans={trans}
          workers={workers}
        />
      ))}
      {ran && (
        <figure className="jp-RewindTasks-figure">
          <Spark
            label={trans.__('Tasks that ran at a time')}
            moments={moments}
          />
          <figcaption>{momentsSentence(moments, trans)}</figcaption>
        </figure>
      )}
      <Cells model={model} session={session} trans={trans} />
    </>
  );
}

/** The tasks by cell, in the order of the notebook. */
function Cells(props: {
  model: TasksModel;
  session: IRewindSession;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, session, trans } = props;
  const numbers = numbersOf(session.panel);
  const texts = new Map(
    Array.from(session.panel.content.model?.cells ?? [], cell => [
      cell.id,
      firstLine(cell.sharedModel.getSource())
    ])
  );
  const placed = [...(model.shown?.cells ?? [])].sort(
    (one, other) =>
      (numbers.get(one.cell) ?? Infinity) -
      (numbers.get(other.cell) ?? Infinity)
  );
  return (
    <ul
      aria-label={trans.__('Tasks by cell')}
      className="jp-RewindTasks-cells"
      data-lm-suppress-shortcuts="true"
    >
      {placed.map(tasks => (
        <CellRow
          code={texts.get(tasks.cell) ?? ''}
          key={tasks.cell}
          label={cellText({ cell: tasks.cell }, numbers.get(tasks.cell), trans)}
          list={() => model.list(tasks.cell)}
          log={(run, log) => model.log(run, log)}
          sequence={model.shown?.sequence ?? 0}
          onShow={
            numbers.has(tasks.cell)
              ? () => session.select(tasks.cell, true)
              : null
          }
          tasks={tasks}
          trans={trans}
        />
      ))}
    </ul>
  );
}
