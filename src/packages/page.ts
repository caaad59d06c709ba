import { ReactWidget } from '@jupyterlab/apputils';
import {
  ABCWidgetFactory,
  type DocumentRegistry,
  DocumentWidget,
  TextModelFactory
} from '@jupyterlab/docregistry';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { packageIcon } from '../icons';
import { PackageBody } from './body';
import { type IPackageModelOptions, PackageModel } from './model';

/** Name of the factory of pages. */
export const PACKAGE_FACTORY = 'NBRewind Package';

/** Name of the type of files, and of their models: these are of small letters. */
const PACKAGE_TYPE = 'nbrewind-package';

/** What the names of packages end with. */
export const PACKAGE_EXTENSION = '.nbrewind.zip';

/** What the user does on a page. */
export interface IPageActions {
  /** Write the notebook beside the package, and open it. */
  open(model: PackageModel): Promise<void>;
  /** Trust the package, after a question. */
  trust(model: PackageModel): Promise<void>;
  /** Write the notebook, open it, and repeat it. */
  repeat(model: PackageModel): Promise<void>;
}

/** What pages need. */
export interface IPageOptions extends Omit<IPackageModelOptions, 'path'> {
  /** What the user does. */
  readonly actions: IPageActions;
  /** Shows outputs and texts. */
  readonly rendermime: IRenderMimeRegistry;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** A package's file: only whether it has changed is asked, never its bytes. */
export class PackageFileFactory extends TextModelFactory {
  /** Nothing in it is shared. */
  constructor() {
    super(false);
  }

  /** The name by which page factories ask for it. */
  override get name(): string {
    return PACKAGE_TYPE;
  }

  /** It is a file, whatever is in it. */
  override get contentType(): 'file' {
    return 'file';
  }

  /** Its bytes are not asked for. */
  override get fileFormat(): null {
    return null;
  }
}

/** The page of a package. */
export class PackagePage extends DocumentWidget<ReactWidget> {
  /** What is known of it. */
  readonly package: PackageModel;

  /**
   * @param context - The file
   * @param options - What the page needs
   */
  constructor(context: DocumentRegistry.Context, options: IPageOptions) {
    const model = new PackageModel({ ...options, path: () => context.path });
    const { actions, rendermime, trans } = options;
    super({
      context,
      content: ReactWidget.create(
        React.createElement(PackageBody, { actions, model, rendermime, trans })
      )
    });
    this.package = model;
    this.addClass('jp-RewindPackagePage');
    this.content.addClass('jp-RewindPackage');
    this.content.node.tabIndex = 0;
    this.content.node.setAttribute('role', 'region');
    this.content.node.setAttribute('aria-label', trans.__('Package'));
    this.title.icon = packageIcon;
    this.toolbar.hide();
    void context.ready.then(() => model.refresh());
    // Somebody may have put another file there.
    context.fileChanged.connect(() => void model.refresh());
  }

  /** Ask nothing more. */
  override dispose(): void {
    if (!this.isDisposed) {
      this.package.dispose();
      super.dispose();
    }
  }
}

/** Makes pages of packages. */
export class PackagePageFactory extends ABCWidgetFactory<PackagePage> {
  /**
   * @param options - What pages need
   */
  constructor(options: IPageOptions) {
    super({
      name: PACKAGE_FACTORY,
      label: options.trans.__('Reproducible Package'),
      modelName: PACKAGE_TYPE,
      fileTypes: [PACKAGE_TYPE],
      defaultFor: [PACKAGE_TYPE],
      readOnly: true
    });
    this._options = options;
  }

  protected override createNewWidget(
    context: DocumentRegistry.Context
  ): PackagePage {
    return new PackagePage(context, this._options);
  }

  private readonly _options: IPageOptions;
}

/** Return the type of packages' files. */
export function packageFileType(
  trans: TranslationBundle
): Partial<DocumentRegistry.IFileType> & { name: string } {
  return {
    name: PACKAGE_TYPE,
    displayName: trans.__('Reproducible Package'),
    extensions: [PACKAGE_EXTENSION],
    mimeTypes: ['application/zip'],
    contentType: 'file',
    fileFormat: null,
    icon: packageIcon
  } as Partial<DocumentRegistry.IFileType> & { name: string };
}
