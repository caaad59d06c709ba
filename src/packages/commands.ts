import { InputDialog } from '@jupyterlab/apputils';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import { exportIcon, packageIcon } from '../icons';
import { watch } from '../timeline/commands';
import { text } from '../timeline/target';
import type { IRewindSession, IRewindSessions } from '../tokens';
import { chooseExport } from './dialog';
import { followExport, type IExportResult } from './export';
import { Exporter, type IExporterOptions } from './exporter';
import { PACKAGE_FACTORY } from './page';

/** Shows a path in the file browser. */
const SHOW = 'filebrowser:go-to-path';

/** What the commands need. */
export interface IPackageCommandOptions extends Pick<
  IExporterOptions,
  'client' | 'events' | 'trans'
> {
  /** Where the commands are added. */
  readonly commands: CommandRegistry;
  /** The files. */
  readonly contents: Pick<Contents.IManager, 'getDownloadUrl'>;
  /** The file browsers; null where there is none. */
  readonly browsers: IFileBrowserFactory | null;
  /** The open notebooks. */
  readonly sessions: IRewindSessions;
}

/**
 * Add the commands that export a notebook, and open a package.
 *
 * @param options - What they need
 */
export function addPackageCommands(options: IPackageCommandOptions): void {
  const { commands, sessions, trans } = options;
  const whyNot = (args: ReadonlyPartialJSONObject): string =>
    find(sessions, args)
      ? ''
      : trans.__('There is no open notebook to export.');
  commands.addCommand(CommandIDs.exportNotebook, {
    label: trans.__('Export Reproducible Notebook…'),
    caption: args =>
      whyNot(args) ||
      trans.__(
        'Write the notebook, with all that it takes to repeat it elsewhere, into one file'
      ),
    icon: args => (args.toolbar ? exportIcon : undefined),
    describedBy: { args: CommandArguments.exportNotebook },
    isEnabled: args => !whyNot(args),
    execute: args => {
      const session = find(sessions, args);
      if (!session) {
        throw new Error(whyNot(args));
      }
      return exportNotebook(session, args, options);
    }
  });
  commands.addCommand(CommandIDs.openPackage, {
    label: trans.__('Open Reproducible Package…'),
    caption: trans.__('Show what is in a package; nothing of it runs'),
    icon: args => (args.menu ? packageIcon : undefined),
    describedBy: { args: CommandArguments.openPackage },
    isVisible: args => !args.menu || selected(options.browsers) !== '',
    execute: async args => {
      const path =
        text(args.path) || selected(options.browsers) || (await askPath(trans));
      if (path) {
        await commands.execute('docmanager:open', {
          path,
          factory: PACKAGE_FACTORY
        });
      }
      return { path };
    }
  });
  watch(sessions, () =>
    commands.notifyCommandChanged(CommandIDs.exportNotebook)
  );
}

/** Return the session of the notebook that is meant; null if there is none. */
function find(
  sessions: IRewindSessions,
  args: ReadonlyPartialJSONObject
): IRewindSession | null {
  const path = text(args.path);
  return path
    ? ([...sessions.all].find(session => session.path === path) ?? null)
    : sessions.current;
}

/** Export a notebook; show first what that writes, unless that is confirmed. */
async function exportNotebook(
  session: IRewindSession,
  args: ReadonlyPartialJSONObject,
  options: IPackageCommandOptions
): Promise<IExportResult> {
  const { client, commands, contents, events, trans } = options;
  const { context, sessionContext } = session.panel;
  const { path } = session;
  const save = async (): Promise<void> => {
    if (context.model.dirty && !context.model.readOnly) {
      await context.save();
    }
  };
  const exporter = new Exporter({ client, events, path, save, trans });
  try {
    if (args.contents === 'slim' || args.contents === 'embedded') {
      exporter.choose(args.contents);
    }
    exporter.container = args.container === true;
    exporter.key = text(args.key);
    exporter.target = text(args.target);
    if (args.confirmed === true) {
      await save();
    } else {
      const isBusy = sessionContext.session?.kernel?.status === 'busy';
      if (!(await chooseExport(exporter, isBusy, trans))) {
        return { cancelled: true, exported: null, problem: '' };
      }
    }
    const actions = {
      download: (there: string) => void download(there, contents),
      show: commands.hasCommand(SHOW)
        ? (there: string) => void commands.execute(SHOW, { path: there })
        : null,
      open: (there: string) =>
        void commands.execute(CommandIDs.openPackage, { path: there })
    };
    return await followExport(exporter.start(), actions, trans);
  } finally {
    exporter.dispose();
  }
}

/** Have the browser save a file. */
async function download(
  path: string,
  contents: IPackageCommandOptions['contents']
): Promise<void> {
  const link = document.createElement('a');
  link.href = await contents.getDownloadUrl(path);
  link.download = '';
  document.body.appendChild(link);
  link.click();
  link.remove();
}

/** Return the path of the zip that is selected in the file browser, or none. */
function selected(browsers: IFileBrowserFactory | null): string {
  const items = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
  const [item] = items;
  return items.length === 1 && item && /\.(zip|ipynb)$/.test(item.path)
    ? item.path
    : '';
}

/** Ask for the path of a package; empty if none was given. */
async function askPath(trans: TranslationBundle): Promise<string> {
  const { value } = await InputDialog.getText({
    title: trans.__('Open Reproducible Package'),
    label: trans.__('Path of the package, from the root of the file browser:'),
    okLabel: trans.__('Open')
  });
  return value?.trim() ?? '';
}
