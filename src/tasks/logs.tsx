import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { bytesText } from '../timeline/words';
import type { ITaskLogFacts, ITaskLogText } from '../tokens';
import { logName } from './words';

/** What the list of logs needs. */
export interface ILogsProps {
  /** The logs that are kept with a run. */
  readonly logs: readonly ITaskLogFacts[];
  /** Asks for what one says. Rejects with a sentence. */
  readonly read: (log: ITaskLogFacts) => Promise<ITaskLogText>;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * What the managers of tasks logged while a run went on; nothing if that was
 * not kept.
 */
export function Logs(props: ILogsProps): React.JSX.Element | null {
  const { logs, read, trans } = props;
  if (!logs.length) {
    return null;
  }
  return (
    <ul
      aria-label={trans.__('Logs of managers')}
      className="jp-RewindTasks-logs"
    >
      {logs.map(log => (
        <Log
          key={`${log.manager} ${log.name}`}
          log={log}
          read={() => read(log)}
          trans={trans}
        />
      ))}
    </ul>
  );
}

/** One log: its name and size; opened, what it says. */
function Log(props: {
  log: ITaskLogFacts;
  read: () => Promise<ITaskLogText>;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { log, read, trans } = props;
  const [found, setFound] = React.useState<ITaskLogText | null>(null);
  const [isOpen, setOpen] = React.useState(false);
  const [problem, setProblem] = React.useState('');
  const id = React.useId();
  React.useEffect(() => {
    let isWanted = isOpen;
    if (isOpen) {
      read().then(
        answer => isWanted && setFound(answer),
        (error: unknown) => isWanted && setProblem(String(error))
      );
    }
    return () => {
      isWanted = false;
    };
  }, [isOpen, log.bytes]);
  const name = logName(log, trans);
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <li>
      <button
        aria-controls={id}
        aria-expanded={isOpen}
        className="jp-RewindTasks-toggle"
        onClick={() => {
          setProblem('');
          setOpen(!isOpen);
        }}
        type="button"
      >
        <Caret.react height="16px" tag="span" width="16px" />
        <span className="jp-RewindTasks-lines">
          <span className="jp-RewindTasks-line">
            <span>{name}</span>
            <span className="jp-RewindTasks-count">
              {bytesText(log.bytes, trans)}
            </span>
          </span>
        </span>
      </button>
      {isOpen && problem && <p role="alert">{problem}</p>}
      {isOpen && !problem && found && (
        <>
          <pre aria-label={name} id={id} role="region" tabIndex={0}>
            {found.text}
          </pre>
          {found.left_out > 0 && (
            <p>
              {trans.__(
                '%1 more were left out.',
                bytesText(found.left_out, trans)
              )}
            </p>
          )}
        </>
      )}
    </li>
  );
}
