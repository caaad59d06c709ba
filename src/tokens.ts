/**
 * What other extensions may use: the token of each service, and the types that
 * it deals in.
 */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type {
  IBudget,
  ICellFacts,
  ICellState,
  ICleanup,
  IDifference,
  IForgotten,
  IHistory,
  INotebookStorage,
  IOutputs,
  IPeek,
  IPlan,
  IRewindAnswer,
  ISources,
  ISpan,
  IState,
  IStorage,
  ITaskList,
  ITaskLogText,
  ITasks,
  IVersion,
  PlanActionWord,
  PlanTarget
} from './api/types';

export type * from './api/types';

/** Id of the package, and first part of the ids of all its plugins and tokens. */
export const PACKAGE = 'jupyterlab-nbrewind';

/** The protocols, oldest and newest, that this front end can speak. */
export const PROTOCOLS: readonly [oldest: number, newest: number] = [1, 1];

/** Whether the server part can be used, and if not, why. */
export type ServerState =
  /** The answer to the first question is not there yet. */
  | { readonly kind: 'asking' }
  /** The server part answers, in a protocol that this front end speaks. */
  | { readonly kind: 'connected'; readonly version: IVersion }
  /** It answers, in a protocol that this front end does not speak. */
  | { readonly kind: 'mismatched'; readonly version: IVersion }
  /** The Jupyter server answers, but has no such extension. */
  | { readonly kind: 'missing' }
  /** The Jupyter server does not let this user ask. */
  | { readonly kind: 'forbidden' }
  /** No usable answer; `reason` is a technical message in English. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** The connection to the server part. */
export interface IRewindServer extends IDisposable {
  /** Whether the server part can be used. */
  readonly state: ServerState;

  /** Emitted with the new state when it changes. */
  readonly stateChanged: ISignal<IRewindServer, ServerState>;

  /**
   * Ask the server part again.
   *
   * @returns The new state. Never rejects.
   */
  check(): Promise<ServerState>;
}

/** The token of the connection to the server part. */
export const IRewindServer = new Token<IRewindServer>(
  'jupyterlab-nbrewind:IRewindServer',
  'The connection to the server part of NBRewind.'
);

/** What the agent in a kernel says of itself when it is attached. */
export interface IHandshake {
  /** Version of the agent. */
  readonly agent: string;
  /** Number of the protocol that it speaks. */
  readonly protocol: number;
  /** Version of the kernel's Python. */
  readonly python: string;
  /** What the agent calls this kernel session. */
  readonly session: string;
  /** `audit`, `repeat` or `off`. */
  readonly mode: RecordingMode;
  /** Where the records lie. */
  readonly store: string;
  /** The nonce of that store. */
  readonly store_nonce: string;
  /** The checkpoint at which the kernel is. */
  readonly head: string;
  /** Why nothing is recorded, a sentence; empty if all is well. */
  readonly error: string;
}

/** What a kernel does with runs. */
export type RecordingMode = 'audit' | 'repeat' | 'off';

/** Whether the notebook's kernel records, and if not, why. */
export type Attachment =
  /** The notebook has no kernel. */
  | { readonly kind: 'no-kernel' }
  /** The user has turned recording off in the settings. */
  | { readonly kind: 'off' }
  /** The kernel was asked and has not answered yet: it starts, or is busy. */
  | { readonly kind: 'waiting' }
  /** Every run is recorded. */
  | { readonly kind: 'recording'; readonly handshake: IHandshake }
  /** The agent is there, in mode `off`. */
  | { readonly kind: 'paused'; readonly handshake: IHandshake }
  /** The kernel is not of Python. */
  | { readonly kind: 'language'; readonly language: string }
  /** The kernel's environment has no `nbrewind`. */
  | { readonly kind: 'missing' }
  /** The agent speaks a protocol that this front end does not. */
  | { readonly kind: 'mismatched'; readonly handshake: IHandshake }
  /** It records where the server can't read. */
  | { readonly kind: 'unreachable'; readonly handshake: IHandshake }
  /** Recording could not start; `reason` is a sentence. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What is known of one cell. */
export interface IKnownCell {
  /** The four facts, `execution` as this front end sees it. */
  readonly state: ICellState;
  /** What else is known. */
  readonly facts: ICellFacts;
}

/** What a rewind does besides. */
export interface IRewindOptions {
  /** Go on although names would be lost. */
  readonly partial?: boolean;
  /** Put files that runs wrote back also over what is recorded nowhere. */
  readonly files?: boolean;
}

/** The connection of one notebook panel with its kernel's records. */
export interface IRewindSession extends IDisposable {
  /** The panel. */
  readonly panel: NotebookPanel;

  /** The notebook's path, as the contents API names it. */
  readonly path: string;

  /** Whether the kernel records. */
  readonly attachment: Attachment;

  /** Emitted with the new attachment when it changes. */
  readonly attachmentChanged: ISignal<IRewindSession, Attachment>;

  /** The newest state; null until the first answer. Never of an older text. */
  readonly state: IState | null;

  /** Whether a newer state was asked for and is not there yet. */
  readonly isLoading: boolean;

  /** Why there is no newer state, a sentence; empty if there is one. */
  readonly problem: string;

  /** Emitted when `state`, `isLoading`, `problem` or a cell's execution changed. */
  readonly stateChanged: ISignal<IRewindSession, void>;

  /** Return what is known of a cell; undefined for one of which nothing is. */
  cell(id: string): IKnownCell | undefined;

  /**
   * Ask for the state now.
   *
   * @returns When it is there, or could not be had. Never rejects.
   */
  refresh(): Promise<void>;

  /** The id of the cell that is selected in the sidebar; empty if none is. */
  readonly selected: string;

  /** Emitted with the id of the cell that is selected now. */
  readonly selectedChanged: ISignal<IRewindSession, string>;

  /**
   * Select a cell in the sidebar.
   *
   * @param cell - Its id; empty to select none
   * @param reveal - Also make it the notebook's active cell, and scroll to it
   */
  select(cell: string, reveal?: boolean): void;

  /** Make a cell the active one, and select a name in its text. */
  show(cell: string, span: ISpan): void;

  /** Where a text uses names of the user's namespace. Rejects with a sentence. */
  spans(text: string): Promise<readonly ISpan[]>;

  /** The checkpoint tree; null until somebody follows it. */
  readonly history: IHistory | null;

  /** Emitted when the checkpoint tree has changed. */
  readonly historyChanged: ISignal<IRewindSession, void>;

  /** Keep `history` up to date until the result is disposed of. */
  followHistory(): IDisposable;

  /** The last rewind in this page, until it is undone or something runs. */
  readonly rewound: IRewindAnswer | null;

  /** Emitted when `rewound` changes. */
  readonly rewoundChanged: ISignal<IRewindSession, IRewindAnswer | null>;

  /**
   * Take the kernel to the state after a run. Rejects with a sentence.
   *
   * @param target - A checkpoint id, or a cell id
   * @param how - What else is done
   * @returns What was done; `report.done` is false if nothing was
   */
  rewind(target: string, how?: IRewindOptions): Promise<IRewindAnswer>;

  /** Label or keep a checkpoint. Rejects with a sentence. */
  mark(
    checkpoint: string,
    change: { label?: string; keep?: boolean }
  ): Promise<void>;

  /** What differs between two checkpoints. Rejects with a sentence. */
  difference(one: string, other: string): Promise<IDifference>;

  /** The cells' texts at a checkpoint. Rejects with a sentence. */
  sources(checkpoint: string): Promise<ISources>;

  /** The first rows of a value at a checkpoint. Rejects with a sentence. */
  peek(checkpoint: string, name: string): Promise<IPeek>;

  /** The recorded outputs of a run. Rejects with a sentence. */
  outputs(run: string): Promise<IOutputs>;

  /** The plan that is at work, or ended and was not acknowledged; else null. */
  readonly plan: IPlan | null;

  /** Emitted when the plan or its progress changes. */
  readonly planChanged: ISignal<IRewindSession, IPlan | null>;

  /** Whether the plan at work was accepted in this page. */
  readonly ownsPlan: boolean;

  /**
   * Ask for a plan; nothing runs. Rejects with a sentence.
   *
   * @param target - What to bring up to date
   * @param cell - Which cell, for targets `cell` and `affected`
   * @param forced - Ids of cells that run in any case
   */
  propose(
    target: PlanTarget,
    cell?: string,
    forced?: readonly string[]
  ): Promise<IPlan>;

  /** Accept, cancel or acknowledge a plan. Rejects with a sentence. */
  act(plan: string, action: PlanActionWord): Promise<IPlan>;

  /** Change what the kernel does with runs. Rejects with a sentence. */
  setMode(mode: RecordingMode): Promise<void>;
}

/** The sessions of all open notebooks. */
export interface IRewindSessions {
  /** The session of the notebook that the user is at; null if there is none. */
  readonly current: IRewindSession | null;

  /** Emitted with the session of the notebook that the user is at now. */
  readonly currentChanged: ISignal<IRewindSessions, IRewindSession | null>;

  /** Emitted with each new session. */
  readonly added: ISignal<IRewindSessions, IRewindSession>;

  /** All sessions. */
  readonly all: Iterable<IRewindSession>;

  /** Return the session of a panel. */
  of(panel: NotebookPanel): IRewindSession | undefined;
}

/** The token of the sessions. */
export const IRewindSessions = new Token<IRewindSessions>(
  'jupyterlab-nbrewind:IRewindSessions',
  'The connections of open notebooks with what is recorded of them.'
);

/** What is to be forgotten: a notebook, or only a cell or a name of it. */
export interface IForgetTarget {
  /** The notebook's path, as the contents API names it. */
  readonly path: string;
  /** Id of a cell; empty for none. */
  readonly cell?: string;
  /** A name; empty for none. */
  readonly name?: string;
}

/** The store of all records: what it holds, and making it smaller. */
export interface IRewindStorage {
  /** Emitted when something was removed or set in this page. */
  readonly changed: ISignal<IRewindStorage, void>;

  /** What the store holds, by notebook. Rejects with a sentence. */
  usage(): Promise<IStorage>;

  /** What it holds of a notebook, by cell and name. Rejects with a sentence. */
  notebook(path: string): Promise<INotebookStorage>;

  /**
   * Return what cleaning up would do; nothing changes. Rejects with a sentence.
   *
   * @param budget - Bytes that may be left; by default the store's budget
   */
  previewCleanUp(budget?: number): Promise<ICleanup>;

  /** Evict until the store fits its budget, and remove garbage. */
  cleanUp(budget?: number): Promise<ICleanup>;

  /**
   * Say how much may be held; nothing is evicted by that. Rejects with a sentence.
   *
   * @param budget - Bytes; null: the notebook may hold as much as the store
   * @param path - The notebook; by default it is for the whole store
   */
  setBudget(budget: number | null, path?: string): Promise<IBudget>;

  /** Return what forgetting would remove. Rejects with a sentence. */
  previewForget(target: IForgetTarget): Promise<IForgotten>;

  /** Remove records for good. Rejects with a sentence. */
  forget(target: IForgetTarget): Promise<IForgotten>;
}

/** The token of the store. */
export const IRewindStorage = new Token<IRewindStorage>(
  'jupyterlab-nbrewind:IRewindStorage',
  'What the store of records holds, cleaning it up, and forgetting.'
);

/** Distributed tasks of notebooks, and local workers for their managers. */
export interface IRewindTasks {
  /** Emitted with the path of a notebook whose tasks stand otherwise. */
  readonly changed: ISignal<IRewindTasks, string>;

  /**
   * How the tasks of a notebook stand. Rejects with a sentence.
   *
   * @param path - The notebook
   * @param session - What the agent calls the kernel session; may be empty
   */
  tasks(path: string, session: string): Promise<ITasks>;

  /** The tasks of a cell's last run. Rejects with a sentence. */
  list(path: string, cell: string): Promise<ITaskList>;

  /**
   * What a manager logged while a run went on. Rejects with a sentence.
   *
   * @param path - The notebook
   * @param run - The run, as in the list of its tasks
   * @param manager - Number of the manager, as in that list
   * @param name - Name of the log, as in that list
   */
  log(
    path: string,
    run: string,
    manager: number,
    name: string
  ): Promise<ITaskLogText>;

  /**
   * Start workers on the server's machine. Rejects with a sentence.
   *
   * @param path - The notebook
   * @param session - The kernel session, as in the tasks
   * @param manager - Number of the manager, as in the tasks
   * @param count - How many; by default one
   * @param cores - Cores of each; by default one
   */
  startWorkers(
    path: string,
    session: string,
    manager: number,
    count?: number,
    cores?: number
  ): Promise<ITasks>;

  /** Stop workers that the server has started, by default all. */
  stopWorkers(path: string, workers?: readonly string[]): Promise<ITasks>;
}

/** The token of the tasks. */
export const IRewindTasks = new Token<IRewindTasks>(
  'jupyterlab-nbrewind:IRewindTasks',
  'Distributed tasks of notebooks, and local workers for their managers.'
);
