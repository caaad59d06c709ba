import type { RewindClient } from '../api/client';
import type { IDifference, IOutputs, IPeek, ISources, ISpan } from '../tokens';
import { SessionSelection } from './selection';

/** What a session looks up in the records. */
export abstract class SessionRecords extends SessionSelection {
  /**
   * @param client - The server's operations
   */
  constructor(protected readonly client: RewindClient) {
    super();
  }

  /** The notebook's path, as the contents API names it. */
  abstract readonly path: string;

  /** What differs between two checkpoints. Rejects with a sentence. */
  difference(one: string, other: string): Promise<IDifference> {
    return this.client.difference(this.path, one, other);
  }

  /** The cells' texts at a checkpoint. Rejects with a sentence. */
  sources(checkpoint: string): Promise<ISources> {
    return this.client.sources(this.path, checkpoint);
  }

  /** The first rows of a value at a checkpoint. Rejects with a sentence. */
  async peek(checkpoint: string, name: string): Promise<IPeek> {
    const kernel = this.kernelId();
    return this.client.peek({ path: this.path, kernel, checkpoint, name });
  }

  /** The recorded outputs of a run. Rejects with a sentence. */
  outputs(run: string): Promise<IOutputs> {
    return this.client.outputs(run);
  }

  /** Where a text uses names. Rejects with a sentence. */
  spans(text: string): Promise<readonly ISpan[]> {
    return this.client.spans(text);
  }

  /** Return the kernel's id. Throws a sentence if there is none. */
  protected abstract kernelId(): string;
}
