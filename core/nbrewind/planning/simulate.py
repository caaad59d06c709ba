"""The notebook from top to bottom over records: which recorded run answers each cell, and what is in doubt after it.

The simulation starts from a new kernel. A cell that no record answers will run; what it may change is then in doubt,
and cells that read it can't be answered *for now*. The driver judges every cell again when its turn comes, against what
really happened: a re-run with an equal result takes the doubt away (early cut-off).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbrewind.model import Run, Version
from nbrewind.planning.match import Doubt, Mismatch, Outside, PackagePolicy, PlanState, answer
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.trace import closure, read_names, variable_names


@dataclass(frozen=True)
class Judgement:
    """What a plan knows of one cell."""

    cell: SourceCell
    answered: Run | None
    """The recorded run that stands for a new run of the cell."""
    mismatch: Mismatch | None
    """Why none does; None also where there is no candidate at all."""
    before: PlanState
    """The state that the cell meets."""

    @property
    def reason(self) -> str:
        """Why the cell must run, in words; empty if a record answers it."""
        if self.answered is not None:
            return ""
        return self.mismatch.reason if self.mismatch else "no run of this code is recorded"


def judge(
    cell: SourceCell, state: PlanState, records: Records, outside: Outside, policy: PackagePolicy = "compatible"
) -> Judgement:
    """Judge one cell in ``state``, which is not changed.

    An empty cell, or one that only steers recording, is answered by nothing and changes nothing.
    """
    found = answer(_candidates(cell, records), cell.analysis, cell.digest, state, outside, policy)
    run = found if isinstance(found, Run) else None
    why = found if isinstance(found, Mismatch) else _own_reason(cell, records)
    return Judgement(cell, run, None if run else why, state)


def simulate(
    cells: Iterable[SourceCell],
    records: Records,
    outside: Outside,
    *,
    policy: PackagePolicy = "compatible",
    forced: Iterable[str] = (),
    start: PlanState | None = None,
    cautious: bool = False,
) -> tuple[list[Judgement], PlanState]:
    """Judge all cells in order. Returns the judgements and the state after the last cell.

    ``forced`` are ids of cells that run although a record would answer them: their results are expected to be the
    recorded ones. A cautious simulation doubts everything that a cell which must run *can* change (for freshness);
    otherwise only what it is expected to change (for plans, which are judged again as they proceed).
    """
    must = set(forced)
    state = start.copy() if start else PlanState()
    judged = []
    for cell in cells:
        found = judge(cell, state.copy(), records, outside, policy)
        judged.append(found)
        advance(found, state, records, cautious=cautious)
        if cell.id in must and found.answered is not None:
            judged[-1] = Judgement(cell, None, Mismatch("upstream", "", "what it leaves alive is needed"), found.before)
    return judged, state


def advance(found: Judgement, state: PlanState, records: Records, *, cautious: bool = False) -> None:
    """Bring ``state`` to what is known after the judged cell."""
    cell = found.cell
    if not cell.active:
        return
    if found.answered is not None:
        state.apply(found.answered.writes, found.answered.removed)
        return
    expected = expected_changes(cell, state, records)
    if cautious:
        possible = possible_changes(cell, state)
        state.doubt(possible - expected, Doubt(cell.id, cell.label, expected=False))
    state.doubt(expected, Doubt(cell.id, cell.label))
    if cell.analysis.opaque:
        state.names_doubt = state.names_doubt or Doubt(cell.id, cell.label, expected=False)


def expected_changes(cell: SourceCell, state: PlanState, records: Records) -> set[str]:
    """Return the keys that a run of the cell is expected to change: what its text binds and what it changed before.

    Where no run of the cell is recorded, also everything that its text may change in place.
    """
    analysis = cell.analysis
    own = records.last_run(cell.id)
    same = next((run for run in (own, *records.candidates(analysis.code)) if run and run.code == analysis.code), None)
    keys = {"var:" + name for name in (*analysis.writes, *analysis.deletes)}
    for run in (own, same):
        if run is not None:
            keys |= {version.key for version in run.writes} | set(run.removed)
    return keys if own or same else keys | possible_changes(cell, state)


def possible_changes(cell: SourceCell, state: PlanState) -> set[str]:
    """Return the keys that a run of the cell can change: all values that it can reach and change in place."""
    names = variable_names(state.items) if cell.analysis.opaque else read_names(cell.analysis, state.items)
    changeable = _changeable(names, state)
    return {"var:" + name for name in (*changeable, *cell.analysis.writes, *cell.analysis.deletes)}


def needed_names(cell: SourceCell, state: PlanState) -> set[str]:
    """Return the variables that must be bound before the cell runs: all that it may read, with their groups."""
    names = read_names(cell.analysis, state.items) & variable_names(state.items)
    for name in tuple(names):
        names.update(member for member in state.items["var:" + name].members if "var:" + member in state.items)
    return closure(names, state.items)


def _changeable(names: Iterable[str], state: PlanState) -> set[str]:
    """Return those of ``names`` whose values can be changed in place, with the other members of their groups."""
    found: set[str] = set()
    for name in names:
        version: Version | None = state.items.get("var:" + name)
        if version is not None and not version.fixed:
            found.update((name, *version.members))
    return found


def _candidates(cell: SourceCell, records: Records) -> Sequence[Run]:
    if not cell.active:
        return ()
    runs = list(records.candidates(cell.analysis.code))
    own = records.last_run(cell.id)
    if own is not None:  # the run whose outputs the cell shows is judged first, where it may answer at all
        runs.sort(key=lambda run: run.id != own.id)
    return runs


def _own_reason(cell: SourceCell, records: Records) -> Mismatch | None:
    """Say why the cell's own last run can't answer, where the store offers no candidate."""
    own = records.last_run(cell.id)
    if own is None or not cell.active:
        return None
    if own.code != cell.analysis.code:
        return Mismatch("source", "", "its code was edited since")
    if own.status != "ok":
        return Mismatch("failed", "", f"its last run ended with {own.error or own.status}")
    if own.unknown:
        return Mismatch("unknown", "", own.unknown[0])
    return Mismatch("unknown", "", "the contents of its last run were not saved")
