import type { ISessionContext } from '@jupyterlab/apputils';
import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Displays, isUpdate } from './displays';
import { PlanFuture } from './future';
import { request } from './recorded';
import { type IRequest, readRequest } from './request';

/** How many messages of a plan are kept that this page does not know yet. */
const HELD = 1000;

/** What the kernel has said so far about one run of a cell. */
export interface ILiveRun {
  /** Id of the cell. */
  readonly cell: string;
  /** Whether nothing is known to be missing since the run began. */
  readonly isWhole: boolean;
  /** Whether the run has ended. */
  readonly isEnded: boolean;
}

/**
 * Routes what the kernel says about the requests of a plan into the cells.
 */
export class OutputRouter implements IDisposable {
  /**
   * @param options - What routing needs
   */
  constructor(options: OutputRouter.IOptions) {
    this._options = options;
    const { sessionContext } = options;
    sessionContext.iopubMessage.connect(this._onMessage, this);
    sessionContext.kernelChanged.connect(this._onKernel, this);
    sessionContext.connectionStatusChanged.connect(this._onConnection, this);
  }

  /** Emitted with a run that has ended. */
  get ended(): ISignal<this, ILiveRun> {
    return this._ended;
  }

  /** Whether the router has been disposed of. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Route the messages of a plan from now on, also those that came before it
   * was known here.
   *
   * @param plan - Its id; empty for none
   */
  follow(plan: string): void {
    if (plan === this._plan) {
      return;
    }
    this._plan = plan;
    this._cells.clear();
    this._closed.clear();
    const held = this._held;
    this._held = [];
    for (const [found, message] of held) {
      if (found.plan === plan) {
        this._route(found, message);
      }
    }
  }

  /** Return the newest run of a cell in the plan; undefined if none was seen. */
  of(cell: string): ILiveRun | undefined {
    return this._cells.get(cell);
  }

  /** Route nothing any more. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    const { sessionContext } = this._options;
    sessionContext.iopubMessage.disconnect(this._onMessage, this);
    sessionContext.kernelChanged.disconnect(this._onKernel, this);
    sessionContext.connectionStatusChanged.disconnect(this._onConnection, this);
    Signal.clearData(this);
  }

  private _onMessage(
    _: ISessionContext,
    message: KernelMessage.IMessage
  ): void {
    const iopub = message as KernelMessage.IIOPubMessage;
    this._displays.update(iopub);
    if (isUpdate(iopub)) {
      return;
    }
    const { parent_header } = iopub;
    const id = 'msg_id' in parent_header ? parent_header.msg_id : '';
    const run = this._runs.get(id);
    if (run) {
      this._give(run, iopub);
      return;
    }
    const found = readRequest(id);
    if (!found) {
      return;
    }
    if (found.plan === this._plan) {
      this._route(found, iopub);
    } else if (this._held.length < HELD) {
      this._held.push([found, iopub]);
    }
  }

  /** Begin to follow a run with the first message about it that tells much. */
  private _route(
    { cell }: IRequest,
    message: KernelMessage.IIOPubMessage
  ): void {
    const id = (message.parent_header as KernelMessage.IHeader).msg_id;
    const known = this._runs.get(id);
    if (known) {
      this._give(known, message);
      return;
    }
    const type = message.header.msg_type;
    // Busy, or idle: there is no telling what was missed before.
    if (type === 'status' || this._closed.has(id)) {
      return;
    }
    const input =
      type === 'execute_input'
        ? (message as KernelMessage.IExecuteInputMsg).content
        : null;
    const widget = this._options.begin(cell, input?.code ?? null);
    if (!widget) {
      if (input) {
        this._closed.add(id);
      }
      return;
    }
    const run = new LiveRun(cell, widget.model, input !== null);
    this._runs.set(id, run);
    this._cells.set(cell, run);
    this._attach(run, id, widget);
    this._give(run, message);
  }

  /** Let the cell's output area take what the kernel says. */
  private _attach(run: LiveRun, id: string, cell: CodeCell): void {
    const { model } = run;
    const { sharedModel } = model;
    sharedModel.transact(() => {
      model.clearExecution();
      cell.outputHidden = false;
    }, false);
    model.executionState = 'running';
    model.trusted = true;
    run.future = new PlanFuture(request(id), () => {
      this._runs.delete(id);
      this._closed.add(id);
      if (!run.isEnded) {
        this._abandon(run);
      }
    });
    cell.outputArea.future = run.future;
  }

  private _give(run: LiveRun, message: KernelMessage.IIOPubMessage): void {
    const { content, header } = message;
    if (header.msg_type === 'execute_input') {
      run.count = (
        content as KernelMessage.IExecuteInputMsg['content']
      ).execution_count;
    }
    if (this._options.isTimed()) {
      Private.recordTime(run.model, message);
    }
    run.future?.take(message);
    if (run.future) {
      this._displays.add(message, run.future);
    }
    const isIdle =
      header.msg_type === 'status' &&
      (content as KernelMessage.IStatusMsg['content']).execution_state ===
        'idle';
    if (isIdle && !run.isEnded) {
      run.isEnded = true;
      run.model.executionCount = run.count;
      run.model.executionState = 'idle';
      this._ended.emit(run);
    }
  }

  /** The output area is used by another run, or gone with its widget. */
  private _abandon(run: LiveRun): void {
    run.isWhole = false;
    run.isEnded = true;
    this._ended.emit(run);
  }

  private _onKernel(): void {
    this._displays.clear();
    this._onConnection();
  }

  /** What is said while nobody listens is missing. */
  private _onConnection(
    _?: ISessionContext,
    status?: Kernel.ConnectionStatus
  ): void {
    if (status === 'connected') {
      return;
    }
    for (const run of this._cells.values()) {
      if (!run.isEnded) {
        run.isWhole = false;
      }
    }
  }

  /** The newest run of each cell in the plan. */
  private readonly _cells = new Map<string, LiveRun>();
  /**
   * Ids of the plan's requests of which nothing more is shown: they were not
   * for the cell as it was, or another run has the output area.
   */
  private readonly _closed = new Set<string>();
  private readonly _displays = new Displays();
  private readonly _ended = new Signal<this, ILiveRun>(this);
  /** Messages of plans that this page does not know yet. */
  private _held: [IRequest, KernelMessage.IIOPubMessage][] = [];
  private _isDisposed = false;
  private readonly _options: OutputRouter.IOptions;
  private _plan = '';
  /**
   * Runs by the ids of their requests, for as long as an output area takes
   * their messages: threads print after a cell has ended.
   */
  private readonly _runs = new Map<string, LiveRun>();
}

/** What belongs to routing. */
export namespace OutputRouter {
  /** What routing needs. */
  export interface IOptions {
    /** The notebook's connection with its kernel. */
    sessionContext: ISessionContext;
    /**
     * Returns what shows a cell that shall get outputs; null if it shall not.
     *
     * @param cell - Its id
     * @param code - The text that runs; null if that was missed
     */
    begin: (cell: string, code: string | null) => CodeCell | null;
    /** Whether the user wants to see when cells ran. */
    isTimed: () => boolean;
  }
}

namespace Private {
  /** Note when a run began and ended where JupyterLab does for its own. */
  export function recordTime(
    model: ICodeCellModel,
    { content, header }: KernelMessage.IIOPubMessage
  ): void {
    let label = '';
    if (header.msg_type === 'execute_input') {
      label = 'iopub.execute_input';
    } else if (header.msg_type === 'status') {
      const { execution_state } =
        content as KernelMessage.IStatusMsg['content'];
      label = `iopub.status.${execution_state}`;
    }
    if (label) {
      const times = model.getMetadata('execution') as
        PartialJSONObject | undefined;
      model.setMetadata('execution', { ...times, [label]: header.date });
    }
  }
}

/** What the kernel has said so far about one run of a cell. */
class LiveRun implements ILiveRun {
  constructor(
    readonly cell: string,
    readonly model: ICodeCellModel,
    public isWhole: boolean
  ) {}

  /** The number that the kernel gave to the run. */
  count: number | null = null;
  isEnded = false;
  /** What stands for the request in the cell's output area. */
  future: PlanFuture | null = null;
}
