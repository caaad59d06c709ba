import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

// eslint-disable-next-line jupyter/prefer-lazy-imports -- as below
import { PackageClient } from '../api/packages';
import { RewindEvents } from '../api/events';
import { CommandIDs } from '../commands';
import { IRewindSessions } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- as the factory below
import { pageActions } from './actions';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are added at once
import { addPackageCommands } from './commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a package may be open already
import {
  PACKAGE_FACTORY,
  packageFileType,
  PackageFileFactory,
  type PackagePage,
  PackagePageFactory
} from './page';

/**
 * Packages: a notebook with all that it takes to repeat it, in one file.
 */
export const packagesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-nbrewind:packages',
  description: 'Exports notebooks as packages, and shows what is in packages.',
  autoStart: true,
  requires: [IRewindSessions, IRenderMimeRegistry],
  optional: [
    ITranslator,
    ICommandPalette,
    IFileBrowserFactory,
    ILayoutRestorer
  ],
  activate: (
    app: JupyterFrontEnd,
    sessions: IRewindSessions,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, docRegistry, serviceManager } = app;
    const { contents, events, serverSettings } = serviceManager;
    const trans = (translator ?? nullTranslator).load('jupyterlab_nbrewind');
    const options = {
      client: new PackageClient({ serverSettings, trans }),
      events: new RewindEvents({ events }),
      trans
    };
    addPackageCommands({ ...options, browsers, commands, contents, sessions });
    for (const command of [CommandIDs.exportNotebook, CommandIDs.openPackage]) {
      palette?.addItem({ command, category: trans.__('Rewind') });
    }
    const factory = new PackagePageFactory({
      ...options,
      actions: pageActions({ commands, sessions, trans }),
      rendermime
    });
    docRegistry.addFileType(packageFileType(trans));
    docRegistry.addModelFactory(new PackageFileFactory());
    docRegistry.addWidgetFactory(factory);
    const tracker = new WidgetTracker<PackagePage>({
      namespace: 'jp-rewind-packages'
    });
    factory.widgetCreated.connect((_, page) => {
      void tracker.add(page);
      page.context.pathChanged.connect(() => void tracker.save(page));
    });
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: ({ context }) => ({ path: context.path, factory: PACKAGE_FACTORY }),
      name: ({ context }) => context.path
    });
  }
};
