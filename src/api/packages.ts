import { RewindClient } from './client';
import type { components } from './schema';
import type { IExportRequest, IPackage, IPackageJob } from './types';

type Schemas = components['schemas'];

/**
 * The server part's operations on packages. As those of `RewindClient`.
 */
export class PackageClient extends RewindClient {
  /** What is in a package. */
  inspectPackage(path: string): Promise<IPackage> {
    return this.ask('GET', '/package', { query: { path } });
  }

  /** Begin to find out what an export would write. */
  previewExport(body: IExportRequest): Promise<IPackageJob> {
    return this.ask('POST', '/package/preview', { body });
  }

  /** Begin to export a notebook. */
  exportNotebook(body: IExportRequest): Promise<IPackageJob> {
    return this.ask('POST', '/package/export', { body });
  }

  /** Begin to check a package, to trust it, or to write what is in it. */
  workOnPackage(
    verb: 'verify' | 'trust' | 'import',
    body: Schemas['PackageRequest']
  ): Promise<IPackageJob> {
    return this.ask('POST', `/package/${verb}`, { body });
  }

  /** How far work on a package is. */
  packageJob(id: string): Promise<IPackageJob> {
    return this.ask('GET', `/package/jobs/${encodeURIComponent(id)}`);
  }

  /** Cancel work on a package. */
  cancelPackageJob(id: string): Promise<IPackageJob> {
    const body: Schemas['JobAction'] = { action: 'cancel' };
    return this.ask('POST', `/package/jobs/${encodeURIComponent(id)}`, {
      body
    });
  }
}
