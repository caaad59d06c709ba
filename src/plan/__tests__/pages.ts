import { CodeCellModel, type CodeCell } from '@jupyterlab/cells';
import { OutputArea } from '@jupyterlab/outputarea';
import {
  RenderMimeRegistry,
  standardRendererFactories
} from '@jupyterlab/rendermime';
import type { KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { NotebookModel } from '@jupyterlab/notebook';

/** What routing needs of the connection with a kernel. */
export class FakeConnection {
  readonly iopubMessage = new Signal<this, KernelMessage.IMessage>(this);
  readonly kernelChanged = new Signal<this, unknown>(this);
  readonly connectionStatusChanged = new Signal<this, string>(this);

  /** Let the kernel say something about a request. */
  say(
    request: string,
    type: KernelMessage.IOPubMessageType,
    content: object
  ): void {
    this.iopubMessage.emit({
      header: { msg_type: type, date: '2026-01-01T00:00:00Z' },
      parent_header: request ? { msg_id: request } : {},
      channel: 'iopub',
      content,
      metadata: {},
      buffers: []
    } as unknown as KernelMessage.IMessage);
  }

  /** Let the kernel begin with a request. */
  begin(request: string, code: string, count: number): void {
    this.say(request, 'status', { execution_state: 'busy' });
    this.say(request, 'execute_input', { code, execution_count: count });
  }

  /** Let the kernel end a request. */
  end(request: string): void {
    this.say(request, 'status', { execution_state: 'idle' });
  }

  /** Let the kernel print. */
  print(request: string, text: string): void {
    this.say(request, 'stream', { name: 'stdout', text });
  }
}

/** A cell as a page shows it: a real output area with a real model. */
export class FakeCell {
  constructor(readonly model: CodeCellModel) {
    this.outputArea = new OutputArea({
      model: model.outputs,
      rendermime: new RenderMimeRegistry({
        initialFactories: standardRendererFactories
      })
    });
  }

  readonly outputArea: OutputArea;
  outputHidden = true;
  /** What the prompt says. */
  prompt = '';

  setPrompt(prompt: string): void {
    this.prompt = prompt;
  }

  /** The outputs, in nbformat's form. */
  get outputs(): unknown[] {
    return this.model.outputs.toJSON();
  }

  /** The outputs' texts. */
  get texts(): string[] {
    return this.model.outputs.toJSON().map(output => {
      const data = output.data as Record<string, string> | undefined;
      return String(output.text ?? data?.['text/plain'] ?? output.evalue);
    });
  }

  /** As what it stands for. */
  get cell(): CodeCell {
    return this as unknown as CodeCell;
  }
}

/** Return a cell with a text. */
export function cell(source: string): FakeCell {
  const model = new CodeCellModel();
  model.sharedModel.setSource(source);
  return new FakeCell(model);
}

/** Return what shows the cells of a notebook. */
export function cellsOf(model: NotebookModel): FakeCell[] {
  return [...model.cells].map(cell => new FakeCell(cell as CodeCellModel));
}
