import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ILocalWorker, ITaskManager } from '../tokens';
import { managerName, managerPhrases } from './words';

/**
 * A manager: how it stands, and its local workers.
 *
 * @param props - The manager; all local workers of the notebook, and how many
 *   there may be; what the buttons do
 */
export function ManagerRow(props: {
  manager: ITaskManager;
  mostWorkers: number;
  onStart: () => void;
  onStop: () => void;
  trans: TranslationBundle;
  workers: readonly ILocalWorker[];
}): React.JSX.Element {
  const { manager, mostWorkers, onStart, onStop, trans, workers } = props;
  const mine = workers.filter(worker => worker.manager === manager.number);
  const whyNot =
    manager.refusal ||
    (workers.length >= mostWorkers
      ? trans._n(
          'This server runs at most %1 local worker.',
          'This server runs at most %1 local workers.',
          mostWorkers
        )
      : '');
  const name = managerName(manager, trans);
  return (
    <section aria-label={name} className="jp-RewindTasks-manager">
      <div className="jp-RewindTasks-lines">
        <div className="jp-RewindTasks-name">{name}</div>
        <div className="jp-RewindTasks-phrases">
          {managerPhrases(manager, mine.length, trans).join(' · ')}
        </div>
      </div>
      <div
        aria-label={trans.__('Local workers of %1', name)}
        className="jp-RewindTimeline-actions"
        role="group"
      >
        <Button
          // It stays reachable, so that the reason can be read.
          aria-disabled={!!whyNot}
          className="jp-RewindTimeline-button jp-RewindTasks-button"
          onClick={() => {
            if (!whyNot) {
              onStart();
            }
          }}
          small
          title={
            whyNot ||
            trans.__('Start a worker with one core on the server’s machine')
          }
        >
          {trans.__('Start Worker')}
        </Button>
        {mine.length > 0 && (
          <Button
            className="jp-RewindTimeline-button jp-RewindTasks-button"
            onClick={onStop}
            small
            title={trans.__('Stop the workers that were started here')}
          >
            {trans._n('Stop Worker', 'Stop %1 Workers', mine.length)}
          </Button>
        )}
      </div>
    </section>
  );
}
