/**
 * Requests to the server part.
 */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { paths } from './schema';

/** Where the server part's routes lie, below the server's base URL. */
const API = 'nbrewind/api';

/** The JSON body of a successful GET of a path. */
type Answer<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { 'application/json': infer T } } } };
}
  ? T
  : never;

/** The paths that answer a GET with JSON. */
type JSONPath = {
  [P in keyof paths]: Answer<P> extends never ? never : P;
}[keyof paths];

/**
 * GET a path of the server part.
 *
 * @param path - Path below `nbrewind/api`, as in the API's description
 * @param settings - How to reach the Jupyter server
 * @returns The decoded answer
 * @throws ServerConnection.ResponseError for any status but 200
 * @throws ServerConnection.NetworkError if there is no answer
 */
export async function get<P extends JSONPath>(
  path: P,
  settings: ServerConnection.ISettings
): Promise<Answer<P>> {
  const response = await ServerConnection.makeRequest(
    URLExt.join(settings.baseUrl, API, path),
    { method: 'GET' },
    settings
  );
  if (response.status !== 200) {
    throw await ServerConnection.ResponseError.create(response);
  }
  return response.json();
}
