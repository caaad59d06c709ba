/**
 * The ids of a plan's requests to the kernel, which all messages about them
 * carry. Pure.
 */

/** What the id of a request says. */
export interface IRequest {
  /** Id of the plan. */
  readonly plan: string;
  /** Id of the cell that it runs. */
  readonly cell: string;
}

/** `nbrewind-plan_PLAN_CELL`, with `:N` from the second run of a cell on. */
const ID = /^nbrewind-plan_([0-9a-f]+)_([^:]+)(?::\d+)?$/;

/** Return what the id of a request says; null if it is not of a plan. */
export function readRequest(id: string): IRequest | null {
  const found = ID.exec(id);
  return found && { plan: found[1]!, cell: found[2]! };
}
