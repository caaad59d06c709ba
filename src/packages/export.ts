import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IExported, IPackageJob } from '../api/types';
import { sentence } from '../errors';
import type { PackageWork } from './work';
import { doingText, exportedText, failureText } from './words';

/** What is done with a package that was exported. */
export interface IExportedActions {
  /** Have the browser save it. */
  readonly download: (path: string) => void;
  /** Show it in the file browser; null where there is none. */
  readonly show: ((path: string) => void) | null;
  /** Show what is in it. */
  readonly open: (path: string) => void;
}

/** What an export answers. */
export interface IExportResult {
  /** Whether the user decided against it, or cancelled it. */
  readonly cancelled: boolean;
  /** What was written; null if nothing was. */
  readonly exported: IExported | null;
  /** Why it could not be done, a sentence; empty if it could. */
  readonly problem: string;
}

/**
 * Tell how far an export is, with a way to cancel it; then what was written.
 *
 * @param work - The export
 * @param actions - What is done with the package
 * @param trans - The application's language
 * @returns How it ended. Never rejects
 */
export async function followExport(
  work: PackageWork,
  actions: IExportedActions,
  trans: TranslationBundle
): Promise<IExportResult> {
  const progress = (job: IPackageJob | null) => ({
    message: doingText(job, trans),
    progress: job?.share ?? 0,
    autoClose: false as const,
    actions: [
      {
        label: trans.__('Cancel'),
        caption: trans.__('Stop, and leave nothing behind'),
        callback: (event: MouseEvent) => {
          // It stays until the export has really ended.
          event.preventDefault();
          work.cancel();
        }
      }
    ]
  });
  const { message, ...options } = progress(null);
  const id = Notification.emit(message, 'in-progress', options);
  work.changed.connect(() => {
    if (work.job?.state === 'running') {
      Notification.update({ id, ...progress(work.job) });
    }
  });
  const result = await outcome(work, trans);
  const { cancelled, exported, problem } = result;
  Notification.update({
    id,
    message: exported
      ? exportedText(PathExt.basename(exported.path), exported.packed, trans)
      : cancelled
        ? trans.__('The export was cancelled. Nothing was written.')
        : problem,
    type: exported ? 'success' : cancelled ? 'info' : 'error',
    autoClose: cancelled ? 5000 : false,
    actions: exported ? resultActions(exported.path, actions, trans) : []
  });
  return result;
}

/** Return how an export ended. */
async function outcome(
  work: PackageWork,
  trans: TranslationBundle
): Promise<IExportResult> {
  try {
    const job = await work.ended;
    const cancelled = job.state === 'cancelled';
    const problem = job.state === 'failed' ? failureText(job, trans) : '';
    return { cancelled, exported: job.exported, problem };
  } catch (error) {
    return { cancelled: false, exported: null, problem: sentence(error) };
  }
}

/** Return what can be done with a package. */
function resultActions(
  path: string,
  { download, open, show }: IExportedActions,
  trans: TranslationBundle
): Notification.IAction[] {
  const actions: Notification.IAction[] = [
    {
      label: trans.__('Download'),
      callback: event => {
        event.preventDefault();
        download(path);
      }
    },
    { label: trans.__('Open'), callback: () => open(path) }
  ];
  if (show) {
    actions.splice(1, 0, {
      label: trans.__('Show in File Browser'),
      callback: event => {
        event.preventDefault();
        show(path);
      }
    });
  }
  return actions;
}
