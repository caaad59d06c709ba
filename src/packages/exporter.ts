import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { PackageClient } from '../api/packages';
import type { IExportPreview, IExportRequest } from '../api/types';
import { Preview } from '../preview/preview';
import { type IWorkOptions, PackageWork } from './work';
import { failureText } from './words';

/** What is written: all, without large values, or a notebook that has the latter in it. */
export type ExportChoice = IExportPreview['contents'] | 'embedded';

/** What an export needs. */
export interface IExporterOptions extends IWorkOptions {
  /** The server's operations. */
  readonly client: IWorkOptions['client'] &
    Pick<PackageClient, 'previewExport' | 'exportNotebook'>;
  /** The notebook's path. */
  readonly path: string;
  /** Saves the notebook if it has to be; what is exported is the file. */
  readonly save: () => Promise<void>;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * An export while the user looks at what it would write, and chooses.
 */
export class Exporter implements IDisposable {
  /**
   * @param options - What it needs
   */
  constructor(options: IExporterOptions) {
    this._options = options;
    this.preview = new Preview(() => this._look());
    this.preview.changed.connect(this._emit, this);
  }

  /** What would be written. */
  readonly preview: Preview<IExportPreview>;

  /** Emitted when anything below, or the preview's progress, changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook's path. */
  get path(): string {
    return this._options.path;
  }

  /** What is written. */
  get choice(): ExportChoice {
    return this._choice;
  }

  /** Whether files by which a container image is built go along. */
  get container(): boolean {
    return this._container && this._choice !== 'embedded';
  }
  set container(container: boolean) {
    this._container = container;
    this._emit();
  }

  /** Name of the key that signs; empty for none. */
  get key(): string {
    return this._key;
  }
  set key(key: string) {
    this._key = key;
    this._emit();
  }

  /** The file's name, as the user has typed it or by default. */
  get name(): string {
    return this._name ?? PathExt.basename(this._default());
  }
  set name(name: string) {
    this._name = name;
    this._emit();
  }

  /** Where the package goes: beside the notebook, unless that was said. */
  get target(): string {
    return this._given || PathExt.join(PathExt.dirname(this.path), this.name);
  }
  set target(target: string) {
    this._given = target;
  }

  /** Why the name can't be used, a sentence; empty if it can. */
  get nameProblem(): string {
    const { trans } = this._options;
    const { name } = this;
    const ending = this._choice === 'embedded' ? '.ipynb' : '.zip';
    if (!name.endsWith(ending) || name.length === ending.length) {
      return trans.__('The name must end in %1.', ending);
    }
    return /[/\\:]/.test(name) || name.startsWith('.')
      ? trans.__('The name must be that of a file beside the notebook.')
      : '';
  }

  /** What finds out what would be written; null if nobody does. */
  get work(): PackageWork | null {
    return this._work;
  }

  /** Whether it has been disposed of. */
  get isDisposed(): boolean {
    return this.preview.isDisposed;
  }

  /** Choose what is written, and ask what that would be. */
  choose(choice: ExportChoice): void {
    if (choice !== this._choice) {
      if (choice === 'embedded' || this._choice === 'embedded') {
        this._name = null; // It would have the wrong ending.
      }
      this._choice = choice;
      void this.preview.ask();
    }
  }

  /** Begin to write the package, as it was chosen. */
  start(): PackageWork {
    const { client, path } = this._options;
    const request: IExportRequest = {
      path,
      contents: this._contents,
      target: this.name || this._given ? this.target : '',
      key: this._key,
      embed: this._choice === 'embedded',
      container: this.container
    };
    return new PackageWork(() => client.exportNotebook(request), this._options);
  }

  /** Ask nothing more. */
  dispose(): void {
    this._work?.dispose();
    this.preview.dispose();
    Signal.clearData(this);
  }

  private async _look(): Promise<IExportPreview> {
    const { client, path, save, trans } = this._options;
    const { _contents: contents } = this;
    const known = this._known.get(contents);
    this._work?.dispose();
    this._work = null;
    if (known) {
      return known;
    }
    if (!this._known.size) {
      await save();
    }
    const work = new PackageWork(
      () => client.previewExport({ path, contents }),
      this._options
    );
    this._work = work;
    work.changed.connect(this._emit, this);
    const job = await work.ended;
    if (!job.preview) {
      throw new Error(failureText(job, trans));
    }
    this._known.set(contents, job.preview);
    return job.preview;
  }

  /** Whether large values go along. */
  private get _contents(): IExportPreview['contents'] {
    return this._choice === 'full' ? 'full' : 'slim';
  }

  /** Return where it goes if nothing else is said; empty if that is not known. */
  private _default(): string {
    const preview = this._known.get(this._contents);
    return (
      (this._choice === 'embedded' ? preview?.embedded : preview?.target) ?? ''
    );
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _choice: ExportChoice = 'full';
  private _container = false;
  private _key = '';
  private _given = '';
  private readonly _known = new Map<string, IExportPreview>();
  private _name: string | null = null;
  private readonly _options: IExporterOptions;
  private _work: PackageWork | null = null;
}
