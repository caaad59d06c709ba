import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { PackageClient } from '../api/packages';
import type { IPackage, IPackageJob } from '../api/types';
import { sentence } from '../errors';
import { type IWorkOptions, PackageWork } from './work';
import { asSentence, failureText } from './words';

/** What can be done with a package. */
export type PackageVerb = 'verify' | 'trust' | 'import';

/** Whether all of a package is as its maker has sealed it. */
export type PackageCheck =
  | { readonly kind: 'checking'; readonly share: number }
  | { readonly kind: 'holds' }
  /** It could not be found out; `reason` is a sentence. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** What the model needs. */
export interface IPackageModelOptions extends IWorkOptions {
  /** The server's operations. */
  readonly client: IWorkOptions['client'] &
    Pick<PackageClient, 'inspectPackage' | 'workOnPackage'>;
  /** The package's path. */
  readonly path: () => string;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/**
 * One package that the user looks at.
 */
export class PackageModel implements IDisposable {
  /**
   * @param options - What it needs
   */
  constructor(options: IPackageModelOptions) {
    this._options = options;
  }

  /** Emitted when anything below changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is in it; null until that is known, or where it can't be. */
  get facts(): IPackage | null {
    return this._facts;
  }

  /** Why it can't be shown, a sentence; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  /** Whether all of it is as its maker has sealed it. */
  get check(): PackageCheck {
    return this._check;
  }

  /** What the user has begun, and is at work; null if nothing is. */
  get work(): PackageWork | null {
    return this._work;
  }

  /** Whether it has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Look at the package, then check all of it.
   *
   * @returns When that is done. Never rejects
   */
  async refresh(): Promise<void> {
    const number = ++this._number;
    this._checker?.dispose();
    const isNewest = (): boolean => number === this._number;
    try {
      const facts = await this._inspect();
      if (!isNewest()) {
        return;
      }
      const isSame = facts.id === this._facts?.id;
      this._facts = facts;
      this._problem = '';
      if (isSame && this._check.kind === 'holds') {
        this._emit();
        return;
      }
    } catch (error) {
      if (isNewest()) {
        this._fail(sentence(error));
      }
      return;
    }
    await this._verify(isNewest);
  }

  /**
   * Trust the package. Rejects with a sentence.
   *
   * @returns Whether it was done, not cancelled
   */
  async trust(): Promise<boolean> {
    const job = await this._do('trust');
    await this.refresh();
    return job.state === 'done';
  }

  /**
   * Write the notebook and its data beside the package. Rejects with a sentence.
   *
   * @returns The notebook's path; empty if it was cancelled
   */
  async import(): Promise<string> {
    const job = await this._do('import');
    void this.refresh();
    return job.imported?.notebook ?? '';
  }

  /** Ask nothing more. */
  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._number++;
      this._checker?.dispose();
      this._work?.dispose();
      Signal.clearData(this);
    }
  }

  private _inspect(): Promise<IPackage> {
    const { client, path } = this._options;
    return client.inspectPackage(path());
  }

  private async _verify(isNewest: () => boolean): Promise<void> {
    const checker = (this._checker = this._start('verify'));
    const update = (): void => {
      this._check = { kind: 'checking', share: checker.job?.share ?? 0 };
      this._emit();
    };
    checker.changed.connect(update);
    update();
    try {
      const job = await checker.ended;
      if (!isNewest()) {
        return;
      }
      if (job.state === 'failed') {
        this._fail(failureText(job, this._options.trans));
        return;
      }
      this._check = { kind: 'holds' };
    } catch (error) {
      this._check = { kind: 'unknown', reason: sentence(error) };
    }
    if (isNewest()) {
      this._emit();
    }
  }

  private async _do(verb: PackageVerb): Promise<IPackageJob> {
    const work = this._start(verb);
    this._work = work;
    work.changed.connect(this._emit, this);
    this._emit();
    try {
      const job = await work.ended;
      if (job.state === 'failed') {
        throw new Error(failureText(job, this._options.trans));
      }
      return job;
    } finally {
      this._work = null;
      this._emit();
    }
  }

  private _start(verb: PackageVerb): PackageWork {
    const { client, path } = this._options;
    const id = this._facts?.id ?? '';
    return new PackageWork(
      () => client.workOnPackage(verb, { path: path(), id }),
      this._options
    );
  }

  private _fail(problem: string): void {
    this._facts = null;
    this._problem = asSentence(problem);
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _check: PackageCheck = { kind: 'checking', share: 0 };
  private _checker: PackageWork | null = null;
  private _facts: IPackage | null = null;
  private _isDisposed = false;
  private _number = 0;
  private readonly _options: IPackageModelOptions;
  private _problem = '';
  private _work: PackageWork | null = null;
}
