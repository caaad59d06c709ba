import type { Attachment, IKnownCell } from '../tokens';

/** Where a cell that is told to run is recorded: the agent is asked for first. */
const RECORDED = new Set<Attachment['kind']>([
  'no-kernel',
  'waiting',
  'recording'
]);

/**
 * Cells that ran in this page while nothing was recorded, with when the last of
 * their recorded runs had ended by then; null if there was none.
 */
export class Unrecorded extends Map<string, string | null> {
  /**
   * Take note of a cell that was told to run.
   *
   * @param id - The cell's id
   * @param attachment - Whether the kernel records
   * @param known - What is known of the cell by now
   */
  note(id: string, { kind }: Attachment, known: IKnownCell | undefined): void {
    if (RECORDED.has(kind)) {
      this.delete(id);
    } else {
      this.set(id, known?.facts.ended ?? null);
    }
  }
}
