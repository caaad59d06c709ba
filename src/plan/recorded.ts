/**
 * Recorded outputs, brought back into cells.
 */

import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import type * as nbformat from '@jupyterlab/nbformat';
import { OutputAreaModel } from '@jupyterlab/outputarea';
import { KernelMessage } from '@jupyterlab/services';
import { JSONExt, type PartialJSONObject } from '@lumino/coreutils';

import type { IOutputs } from '../tokens';
import { PlanFuture } from './future';

/**
 * Return outputs as a cell shows them: streams joined, and carriage returns
 * and backspaces carried out.
 *
 * @param outputs - In nbformat's form
 */
export function asShown(outputs: IOutputs['outputs']): nbformat.IOutput[] {
  const values = (outputs as unknown as nbformat.IOutput[]).map(output =>
    Array.isArray(output.text)
      ? { ...output, text: output.text.join('') }
      : output
  );
  const model = new OutputAreaModel({ values });
  const shown = model.toJSON();
  model.dispose();
  return shown;
}

/** Return whether two lists of outputs show the same, whatever their counts. */
export function isSameShown(
  one: readonly nbformat.IOutput[],
  other: readonly nbformat.IOutput[]
): boolean {
  return (
    one.length === other.length &&
    one.every((output, index) =>
      JSONExt.deepEqual(content(output), content(other[index]!))
    )
  );
}

/** Return what an output shows. */
function content(output: nbformat.IOutput): PartialJSONObject {
  const found: PartialJSONObject = {};
  for (const [key, value] of Object.entries(output)) {
    if (key === 'data') {
      found.data = Object.fromEntries(
        Object.entries(value as PartialJSONObject).map(([mime, data]) => [
          mime,
          Array.isArray(data) ? data.join('') : data
        ])
      );
    } else if (key === 'metadata') {
      if (Object.keys(value as PartialJSONObject).length) {
        found.metadata = value;
      }
    } else if (key !== 'execution_count' && key !== 'transient') {
      found[key] = value;
    }
  }
  return found;
}

/**
 * Show the recorded outputs of a run in a cell, unless it shows them already.
 *
 * @param model - The cell
 * @param widget - What shows it
 * @param recorded - The outputs
 * @returns Whether anything changed
 */
export function showRecorded(
  model: ICodeCellModel,
  widget: CodeCell | null,
  recorded: IOutputs
): boolean {
  const outputs = asShown(recorded.outputs);
  if (isSameShown(outputs, model.outputs.toJSON())) {
    return false;
  }
  // What the run before may still say is not about these outputs.
  if (widget?.outputArea.future) {
    widget.outputArea.future = new PlanFuture(request(''), () => undefined);
  }
  // Not as one change of the shared model: what is shown would add a new stream
  // to the old one of that name before it takes the old one away.
  model.outputs.fromJSON(outputs);
  model.executionCount = recorded.execution_count;
  return true;
}

/**
 * Return a request as the page would have sent it.
 *
 * @param id - Its id
 */
export function request(id: string): KernelMessage.IExecuteRequestMsg {
  return KernelMessage.createMessage<KernelMessage.IExecuteRequestMsg>({
    channel: 'shell',
    content: { code: '' },
    msgId: id,
    msgType: 'execute_request',
    session: ''
  });
}
