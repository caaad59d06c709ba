import { Signal } from '@lumino/signaling';

import type {
  IExportPreview,
  IExportRequest,
  IPackage,
  IPackageCell,
  IPackageJob
} from '../../api/types';

/** Return work on a package, but for some facts. */
export function job(more: Partial<IPackageJob> = {}): IPackageJob {
  return {
    id: 'b0a1',
    kind: 'export',
    path: 'one.ipynb',
    state: 'running',
    doing: '',
    share: 0,
    reason: '',
    why: '',
    preview: null,
    exported: null,
    verified: null,
    trusted: null,
    imported: null,
    ...more
  };
}

/** What a package holds. */
export const PARTS = {
  contents: 'full' as const,
  runs: 3,
  checkpoints: 3,
  tasks: 0,
  kinds: [
    { kind: 'notebook' as const, files: 1, bytes: 2000 },
    { kind: 'contents' as const, files: 4, bytes: 3_000_000 }
  ],
  left_out: [],
  left_out_count: 0,
  secrets: [],
  secrets_count: 0
};

/** Return what an export would write, but for some facts. */
export function preview(more: Partial<IExportPreview> = {}): IExportPreview {
  return {
    ...PARTS,
    target: 'folder/one.nbrewind.zip',
    embedded: 'folder/one-reproducible.ipynb',
    container: 400_000,
    keys: [],
    ...more
  };
}

/** Return a cell of a package, but for some facts. */
export function cell(
  index: number,
  more: Partial<IPackageCell> = {}
): IPackageCell {
  return {
    id: `c${index}`,
    index,
    kind: 'code',
    source: 'x = 1',
    outputs: [],
    attachments: {},
    execution_count: 1,
    run: `r${index}`,
    seconds: 1,
    reads: [],
    writes: [],
    files: [],
    answers: true,
    reason: '',
    ...more
  };
}

/** Return what is in a package, but for some facts. */
export function facts(more: Partial<IPackage> = {}): IPackage {
  return {
    ...PARTS,
    path: 'folder/one.nbrewind.zip',
    id: 'a'.repeat(64),
    trust: 'untrusted',
    signatures: [],
    packed: 1_000_000,
    notebook: 'one.ipynb',
    language: 'python',
    python: '3.13.0',
    platform: 'Linux x86_64',
    software: [],
    data: [],
    data_count: 0,
    cells: [cell(0)],
    whole: true,
    imported: '',
    ...more
  };
}

/** The server, of which the test says what it answers. */
export class FakeServer {
  readonly packageChanged = new Signal<never, string>(this as never);
  readonly asked: string[] = [];
  /** What the jobs become, one after the other; the last one stays. */
  jobs: IPackageJob[] = [job({ state: 'done' })];
  inspected: () => Promise<IPackage> = async () => facts();

  readonly client = {
    previewExport: (request: IExportRequest) =>
      this._start(`preview ${request.contents}`, 'preview'),
    exportNotebook: (request: IExportRequest) =>
      this._start(
        [
          'export',
          request.contents,
          request.target,
          request.key,
          request.embed && 'embed',
          request.container && 'container'
        ]
          .filter(Boolean)
          .join(' '),
        'export'
      ),
    inspectPackage: () => this.inspected(),
    workOnPackage: (verb: 'verify' | 'trust' | 'import') =>
      this._start(verb, verb),
    packageJob: async () => this._next(),
    cancelPackageJob: async (id: string) => {
      this.asked.push(`cancel ${id}`);
      this.jobs = [job({ state: 'cancelled' })];
      return this.jobs[0]!;
    }
  };

  /** What work needs. */
  get options() {
    return {
      client: this.client,
      events: this as unknown as { packageChanged: Signal<never, string> }
    };
  }

  /** Say that there is news. */
  tell(path = 'one.ipynb'): void {
    this.packageChanged.emit(path);
  }

  private async _start(
    asked: string,
    kind: IPackageJob['kind']
  ): Promise<IPackageJob> {
    this.asked.push(asked);
    return { ...this._next(), kind };
  }

  private _next(): IPackageJob {
    return this.jobs.length > 1 ? this.jobs.shift()! : this.jobs[0]!;
  }
}

/** Wait until all that was promised is done. */
export function settle(milliseconds = 10): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
