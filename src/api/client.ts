/**
 * Requests to the server part, typed by the API's description.
 */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { sentence } from '../errors';
import type { components } from './schema';
import type {
  IBudget,
  ICleanup,
  IDifference,
  IForgotten,
  IHistory,
  INotebookStorage,
  IOutputs,
  IPeek,
  IPlan,
  IQuestion,
  IRewindAnswer,
  ISources,
  ISpan,
  IState,
  IStorage,
  ITaskList,
  ITaskLogText,
  ITasks,
  PlanActionWord
} from './types';

type Schemas = components['schemas'];

/** Where the server part's routes lie, below the server's base URL. */
const API = 'nbrewind/api';

/** What a request takes, beside its path. */
export interface IRequest {
  /** What follows the question mark. */
  query?: Record<string, string>;
  /** What is sent as JSON. */
  body?: unknown;
  /** Gives the request up. */
  signal?: AbortSignal;
}

/**
 * Ask a path of the server part.
 *
 * @param settings - How to reach the Jupyter server
 * @param method - The method
 * @param path - Path below `nbrewind/api`, as in the API's description
 * @param request - What else the operation takes
 * @returns The decoded answer
 * @throws ServerConnection.ResponseError for any status but 200
 * @throws ServerConnection.NetworkError if there is no answer
 */
export async function send<T>(
  settings: ServerConnection.ISettings,
  method: 'GET' | 'POST',
  path: string,
  request: IRequest = {}
): Promise<T> {
  const query = request.query ? `?${new URLSearchParams(request.query)}` : '';
  const response = await ServerConnection.makeRequest(
    URLExt.join(settings.baseUrl, API, path) + query,
    {
      method,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: request.signal ?? null
    },
    settings
  );
  if (response.status !== 200) {
    throw await ServerConnection.ResponseError.create(response);
  }
  return response.json();
}

/** Why a request failed: `message` is a sentence for the user. */
export class RequestError extends Error {
  /**
   * @param message - A sentence
   * @param status - The answer's status; 0 if there was no answer
   */
  constructor(
    message: string,
    readonly status: number
  ) {
    super(message);
  }
}

/**
 * The server part's operations. Every one rejects with a `RequestError`.
 */
export class RewindClient {
  /**
   * @param options - What the requests need
   */
  constructor(options: RewindClient.IOptions) {
    this._settings = options.serverSettings;
    this._trans = options.trans;
  }

  /** The state of every cell, and the graph. */
  state(question: IQuestion, signal?: AbortSignal): Promise<IState> {
    return this.ask('POST', '/state', { body: question, signal });
  }

  /** Where a text uses names of the user's namespace, in its order. */
  async spans(text: string): Promise<readonly ISpan[]> {
    const body: Schemas['Text'] = { text };
    return (await this.ask<Schemas['Spans']>('POST', '/spans', { body })).spans;
  }

  /** The checkpoint tree of a notebook. */
  history(path: string): Promise<IHistory> {
    return this.ask('GET', '/history', { query: { path } });
  }

  /** What differs between two checkpoints. */
  difference(path: string, one: string, other: string): Promise<IDifference> {
    return this.ask('GET', '/difference', { query: { path, one, other } });
  }

  /** The cells' texts at a checkpoint. */
  sources(path: string, checkpoint: string): Promise<ISources> {
    return this.ask('GET', '/sources', { query: { path, checkpoint } });
  }

  /** The recorded outputs of a run. */
  outputs(run: string): Promise<IOutputs> {
    return this.ask('GET', '/outputs', { query: { run } });
  }

  /** Label or keep a checkpoint. */
  mark(body: Schemas['Mark']): Promise<IHistory> {
    return this.ask('POST', '/mark', { body });
  }

  /** Rewind a kernel. */
  rewind(body: Schemas['RewindRequest']): Promise<IRewindAnswer> {
    return this.ask('POST', '/rewind', { body });
  }

  /** The first rows of a value. */
  peek(body: Schemas['PeekRequest']): Promise<IPeek> {
    return this.ask('POST', '/peek', { body });
  }

  /** The plans of a notebook that are at work, or were not acknowledged. */
  async plans(path: string): Promise<readonly IPlan[]> {
    return (
      await this.ask<Schemas['Plans']>('GET', '/plans', { query: { path } })
    ).plans;
  }

  /** Propose a plan. */
  propose(body: Schemas['PlanRequest']): Promise<IPlan> {
    return this.ask('POST', '/plans', { body });
  }

  /** One plan. */
  plan(id: string): Promise<IPlan> {
    return this.ask('GET', `/plans/${encodeURIComponent(id)}`);
  }

  /** Accept, cancel or acknowledge a plan. */
  act(id: string, action: PlanActionWord): Promise<IPlan> {
    const body: Schemas['PlanAction'] = { action };
    return this.ask('POST', `/plans/${encodeURIComponent(id)}`, { body });
  }

  /** What the store holds, by notebook. */
  storage(): Promise<IStorage> {
    return this.ask('GET', '/storage');
  }

  /** What the store holds of a notebook, by cell and by name. */
  notebookStorage(path: string): Promise<INotebookStorage> {
    return this.ask('GET', '/storage/notebook', { query: { path } });
  }

  /** What cleaning up would do. */
  previewCleanup(body: Schemas['CleanRequest']): Promise<ICleanup> {
    return this.ask('POST', '/storage/preview', { body });
  }

  /** Clean up. */
  cleanUp(body: Schemas['CleanRequest']): Promise<ICleanup> {
    return this.ask('POST', '/storage/clean', { body });
  }

  /** Say how much may be held. */
  setBudget(body: Schemas['BudgetRequest']): Promise<IBudget> {
    return this.ask('POST', '/storage/budget', { body });
  }

  /** Remove records for good. */
  forget(body: Schemas['ForgetRequest']): Promise<IForgotten> {
    return this.ask('POST', '/storage/forget', { body });
  }

  /** The tasks of a notebook, its managers and workers. */
  tasks(path: string, session: string): Promise<ITasks> {
    return this.ask('GET', '/tasks', { query: { path, session } });
  }

  /** The tasks of a cell's last run. */
  taskList(path: string, cell: string): Promise<ITaskList> {
    return this.ask('GET', '/tasks/cell', { query: { path, cell } });
  }

  /** What a manager logged while a run went on. */
  taskLog(
    path: string,
    run: string,
    manager: number,
    name: string
  ): Promise<ITaskLogText> {
    const query = { path, run, manager: String(manager), name };
    return this.ask('GET', '/tasks/log', { query });
  }

  /** Start local workers. */
  startWorkers(body: Schemas['StartWorkers']): Promise<ITasks> {
    return this.ask('POST', '/workers/start', { body });
  }

  /** Stop local workers. */
  stopWorkers(body: Schemas['StopWorkers']): Promise<ITasks> {
    return this.ask('POST', '/workers/stop', { body });
  }

  /** Ask a path; what goes wrong becomes a sentence. */
  protected async ask<T>(
    method: 'GET' | 'POST',
    path: string,
    request: IRequest = {}
  ): Promise<T> {
    try {
      return await send<T>(this._settings, method, path, request);
    } catch (error) {
      throw this._explain(error);
    }
  }

  /** Return what went wrong as a sentence. */
  private _explain(error: unknown): RequestError {
    const trans = this._trans;
    if (error instanceof ServerConnection.ResponseError) {
      const status = error.response.status;
      switch (status) {
        case 401:
        case 403:
          return new RequestError(
            trans.__('You have no permission to do this on this server.'),
            status
          );
        case 502:
        case 503:
        case 504:
          return new RequestError(
            trans.__('The Jupyter server does not answer at the moment.'),
            status
          );
        default:
          return new RequestError(error.message, status);
      }
    }
    if (error instanceof ServerConnection.NetworkError) {
      return new RequestError(
        trans.__('The Jupyter server can’t be reached.'),
        0
      );
    }
    return new RequestError(
      trans.__('The server’s answer makes no sense: %1', sentence(error)),
      0
    );
  }

  private readonly _settings: ServerConnection.ISettings;
  private readonly _trans: TranslationBundle;
}

/** What belongs to the requests. */
export namespace RewindClient {
  /** What the requests need. */
  export interface IOptions {
    /** How to reach the Jupyter server. */
    serverSettings: ServerConnection.ISettings;
    /** The application's language. */
    trans: TranslationBundle;
  }
}
