import type { Attachment, IState } from '../tokens';

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
   * @param state - The newest state; null before the first answer, which then
   *   is to be given to `settle`
   */
  note(id: string, { kind }: Attachment, state: IState | null): void {
    this._open.delete(id);
    if (RECORDED.has(kind)) {
      this.delete(id);
      return;
    }
    this.set(id, endOf(id, state));
    if (!state) {
      this._open.add(id);
    }
  }

  /** Learn of the runs before those that were noted before any answer. */
  settle(state: IState): void {
    for (const id of this._open) {
      this.set(id, endOf(id, state));
    }
    this._open.clear();
  }

  private readonly _open = new Set<string>();
}

/** When the last recorded run of a cell ended; null if there was none. */
function endOf(id: string, state: IState | null): string | null {
  return state?.facts.find(facts => facts.id === id)?.ended ?? null;
}
