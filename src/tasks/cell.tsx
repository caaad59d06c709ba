import type { TranslationBundle } from '@jupyterlab/translation';
import {
  Button,
  caretDownIcon,
  caretRightIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { tasksText } from '../storage/words';
import type {
  ICellTasks,
  ITaskFacts,
  ITaskList,
  ITaskLogFacts,
  ITaskLogText
} from '../tokens';
import { Logs } from './logs';
import {
  partPhrases,
  PARTS,
  reasonSentence,
  stateWord,
  taskPhrases,
  totalOf
} from './words';

/** How many tasks of a cell are listed at most. */
const MOST = 200;

/** What a row needs. */
export interface ICellRowProps {
  /** How the cell's tasks stand. */
  readonly tasks: ICellTasks;
  /** What the cell is called. */
  readonly label: string;
  /** The first line of its text. */
  readonly code: string;
  /** Asks for each of the tasks. Rejects with a sentence. */
  readonly list: () => Promise<ITaskList>;
  /** The newest change of the notebook's records: its logs come after it. */
  readonly sequence: number;
  /** Asks for what a log says. Rejects with a sentence. */
  readonly log: (run: string, log: ITaskLogFacts) => Promise<ITaskLogText>;
  /** Shows the cell; null if it is not in the notebook any more. */
  readonly onShow: (() => void) | null;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * The tasks of a cell: how many are in which state, in words and as a bar;
 * opened, why they were not answered, and each of them.
 */
export function CellRow(props: ICellRowProps): React.JSX.Element {
  const { code, label, list, log, onShow, sequence, tasks, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const id = React.useId();
  const phrases = partPhrases(tasks, trans);
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <li className="jp-RewindTasks-cell">
      <button
        aria-controls={id}
        aria-expanded={isOpen}
        aria-label={[label, code, ...phrases].filter(Boolean).join(', ')}
        className="jp-RewindTasks-toggle"
        onClick={() => setOpen(!isOpen)}
        title={[label, code, ...phrases].filter(Boolean).join('\n')}
        type="button"
      >
        <Caret.react height="16px" tag="span" width="16px" />
        <span className="jp-RewindTasks-lines">
          <span className="jp-RewindTasks-line">
            <span className="jp-RewindTasks-name">{label}</span>
            {code && <code>{code}</code>}
            <span className="jp-RewindTasks-count">
              {tasksText(totalOf(tasks), trans)}
            </span>
          </span>
          <Bar tasks={tasks} />
          <span className="jp-RewindTasks-phrases">{phrases.join(' · ')}</span>
        </span>
      </button>
      {isOpen && (
        <div className="jp-RewindTasks-details" id={id}>
          {tasks.reasons.map(reason => (
            <p key={reason.text}>{reasonSentence(reason, trans)}</p>
          ))}
          {onShow && (
            <Button className="jp-RewindTimeline-button" onClick={onShow} small>
              {trans.__('Show the Cell')}
            </Button>
          )}
          <List
            list={list}
            log={log}
            sequence={sequence}
            tasks={tasks}
            trans={trans}
          />
        </div>
      )}
    </li>
  );
}

/** How large a part of the tasks is in each state; the words say it, too. */
function Bar(props: { tasks: ICellTasks }): React.JSX.Element {
  const { tasks } = props;
  return (
    <span aria-hidden className="jp-RewindTasks-bar">
      {PARTS.filter(part => tasks[part] > 0).map(part => (
        <span
          className={`jp-mod-${part}`}
          key={part}
          style={{ flexGrow: tasks[part] }}
        />
      ))}
    </span>
  );
}

/** Each task of the cell's last run, those first that say something. */
function List(props: {
  list: () => Promise<ITaskList>;
  log: (run: string, log: ITaskLogFacts) => Promise<ITaskLogText>;
  sequence: number;
  tasks: ICellTasks;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { list, log, sequence, tasks, trans } = props;
  const [found, setFound] = React.useState<ITaskList | null>(null);
  const [problem, setProblem] = React.useState('');
  const isOver = !tasks.running && !tasks.waiting;
  // While it runs its tasks are not listed: the record is made in the end.
  const run = isOver ? tasks.run : '';
  React.useEffect(() => {
    let isWanted = true;
    if (run) {
      list().then(
        answer => isWanted && setFound(answer),
        (error: unknown) => isWanted && setProblem(String(error))
      );
    }
    return () => {
      isWanted = false;
    };
  }, [run, sequence]);
  if (problem) {
    return <p role="alert">{problem}</p>;
  }
  if (!found || !run) {
    return null;
  }
  const shown = ordered(found.tasks).slice(0, MOST);
  const more = found.tasks.length + found.left_out - shown.length;
  return (
    <>
      <ol
        aria-label={trans.__('Each task')}
        className="jp-RewindTasks-list"
        // What scrolls is reached by keyboard.
        tabIndex={0}
      >
        {shown.map(task => (
          <li key={task.number}>
            <span className="jp-RewindTasks-line">
              <span>{stateWord(task.state, trans)}</span>
              <code title={task.name}>{task.name || trans.__('Task')}</code>
              {task.id > 0 && (
                <span
                  className="jp-RewindTasks-count"
                  title={trans.__('Task %1', task.id)}
                >
                  {trans.__('No. %1', task.id)}
                </span>
              )}
            </span>
            <span className="jp-RewindTasks-phrases">
              {taskPhrases(task, trans).join(' · ')}
            </span>
          </li>
        ))}
      </ol>
      {more > 0 && <p>{trans._n('And %1 other.', 'And %1 others.', more)}</p>}
      <Logs logs={found.logs} read={one => log(found.run, one)} trans={trans} />
    </>
  );
}

/** Return tasks so that those which failed come first. */
function ordered(tasks: readonly ITaskFacts[]): ITaskFacts[] {
  const rank = ({ state }: ITaskFacts): number => (state === 'failed' ? 0 : 1);
  return [...tasks].sort((one, other) => rank(one) - rank(other));
}
