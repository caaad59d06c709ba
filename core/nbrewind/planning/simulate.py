"""The notebook from top to bottom over records: which recorded run answers each cell, and what is in doubt after it.

The simulation starts from a new kernel. A cell that no record answers will run; what it may change is then in doubt,
and cells that read it can't be answered *for now*. The driver judges every cell again when its turn comes, against what
really happened: a re-run with an equal result takes the doubt away (early cut-off).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from nbrewind.model import Run, Version
from nbrewind.planning.constants import predicted
from nbrewind.planning.known import Doubt, PlanState
from nbrewind.planning.match import Meeting, Mismatch, Outside, answer, ended
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.reach import Reach
from nbrewind.planning.trace import LOCAL, closure, read_names, rebound, referring

ALIVE = "what it leaves alive is needed"


@dataclass(frozen=True)
class Judgement:
    """What a plan knows of one cell."""

    cell: SourceCell
    answered: Run | None
    """The recorded run that stands for a new run of the cell."""
    mismatch: Mismatch | None
    """Why none does; None also where there is no candidate at all."""
    before: PlanState
    """The state that the cell meets. From `simulate` it is so only until the next judgement is asked for."""
    forced: bool = False
    """The cell runs although a record answers it: what it leaves alive is needed."""
    met: bool = False
    """Its last run, which can't answer, met what it would meet here: it tells what a new run does outside variables."""
    unsettled: frozenset[str] = frozenset()
    """Keys that the answering run kept as they were, of which it set parts, or which it let go, and of which it is not
    known how they would be here."""

    @property
    def reason(self) -> str:
        """Why the cell must run, in words; empty if a record answers it."""
        if self.forced:
            return ALIVE
        if self.answered is not None:
            return ""
        return self.mismatch.reason if self.mismatch else "no run of this code is recorded"


def judge(
    cell: SourceCell, state: PlanState, records: Records, outside: Outside, policies: Policies = DEFAULT_POLICIES
) -> Judgement:
    """Judge one cell in ``state``, which is not changed.

    An empty cell, or one that only steers recording, is answered by nothing and changes nothing.
    """
    found = answer(_candidates(cell, records), cell.analysis, cell.digest, state, outside, policies)
    if isinstance(found, Run):
        return Judgement(cell, found, None, state)
    own, met = records.last_run(cell.id), False
    if own is not None and own.code == cell.analysis.code and _barred(own, policies):
        met = Meeting(cell.analysis, cell.digest, state, outside, policies).unmet(own) is None
    return Judgement(cell, None, found or _own_reason(cell, records), state, met=met)


def _barred(run: Run, policies: Policies) -> bool:
    """Whether a run can't answer whatever it meets."""
    return bool(run.unknown or run.status != "ok" or policies.always_runs(run.effects))


def simulate(
    cells: Iterable[SourceCell],
    records: Records,
    outside: Outside,
    *,
    policies: Policies = DEFAULT_POLICIES,
    forced: Iterable[str] = (),
    cautious: bool = False,
    start: PlanState | None = None,
) -> Iterator[Judgement]:
    """Judge all cells in order. One state proceeds with them: look at a judgement's before asking for the next.

    ``start`` is that state before the first of them; without it they are the first of a new kernel.

    ``forced`` are ids of cells that run although a record would answer them: their results are expected to be the
    recorded ones. A cautious simulation (for freshness) takes what a cell's own last run shows for true also before
    its contents are saved, and doubts everything that a cell which must run *can* change; otherwise (for plans, which
    are judged again as they proceed) only what it is expected to change is in doubt.
    """
    notebook = list(cells)
    must = set(forced)
    state = PlanState() if start is None else start
    reach = Reach(notebook) if cautious else None
    for cell in notebook:
        found = judge(cell, state, records, outside, policies)
        if found.answered is not None and cell.id in must:
            found = Judgement(cell, found.answered, None, state, forced=True)
        own = records.last_run(cell.id)
        if cautious and own is not None and (found.answered is None or found.answered.id != own.id):
            found = shown_by(found, own, outside, policies) or found
        yield found
        advance(found, state, records, reach)


def shown_by(found: Judgement, own: Run, outside: Outside, policies: Policies) -> Judgement | None:
    """Judge by what the cell shows: its own last run, though it may not be saved, or though it kept other values."""
    cell, state = found.cell, found.before
    if not cell.active:
        return None
    here = Meeting(cell.analysis, cell.digest, state, outside, policies)
    if here.mismatch(own) is None:
        return Judgement(cell, own, None, state)
    if found.answered is not None or here.mismatch(own, shown=True) is not None:
        return None
    carried = (entry for entry in own.inputs if entry.kept or "" in (entry.parts or ()))
    unsettled = {entry.key for entry in carried if here.differs_in(entry) and not _sets_alike(entry.key, own, state)}
    return Judgement(cell, own, None, state, unsettled=frozenset(unsettled | here.let_go(own)))


def _sets_alike(key: str, own: Run, state: PlanState) -> bool:
    """Whether a run that set parts of a value would leave here what it left: all other parts are the same, too."""
    made, after = _set_here(key, own, state), own.written(key)
    # In order: a dictionary shows in which order its keys were added.
    return made is not None and after is not None and list(made.parts.items()) == list(after.parts.items())


def _set_here(key: str, own: Run, state: PlanState) -> Version | None:
    """Return the value with the parts that a run set of it, as they would be here; None if that is not known."""
    before, after, doubt = state.items.get(key), own.written(key), state.doubt_on(key)
    if before is None or after is None or not after.sets or (doubt is not None and not doubt.whole):
        return None
    if before.part("") != after.rest or before.members != after.members:
        return None
    return msgspec.structs.replace(after, parts={**before.parts, **{name: after.parts[name] for name in after.sets}})


def advance(found: Judgement, state: PlanState, records: Records, reach: Reach | None) -> None:
    """Bring ``state`` to what is known after the judged cell."""
    cell = found.cell
    if not cell.active:
        return
    if found.answered is not None:
        run, unsettled = found.answered, found.unsettled
        connected = reach.of(cell, state) if reach is not None and unsettled else frozenset()
        set_here = {key: version for key in unsettled if (version := _set_here(key, run, state)) is not None}
        state.apply((*loaded_before(run, state, records), *run.writes), run.removed)
        state.doubt(unsettled - set_here.keys(), Doubt(cell.id, cell.label, expected=False), connected)
        state.apply(set_here.values(), ())
        state.doubt(set_here, Doubt(cell.id, cell.label, expected=False, whole=True))
        return
    known = predicted(cell)
    if known:
        if reach is None:
            state.apply(known, ())
        else:
            state.expect(known, records.last_run(cell.id), Doubt(cell.id, cell.label))
        return
    recorded = recorded_runs(cell, records)
    expected = expected_changes(cell, recorded)
    if reach is None:
        if not recorded:
            expected |= {"var:" + name for name in _worked_on(cell, state)}
        if cell.analysis.prelude:
            state.defined.update(cell.analysis.writes)
        state.doubt(expected, Doubt(cell.id, cell.label))
    else:
        unproved = found.mismatch is not None and found.mismatch.cause == "unknown"
        reach.doubt(cell, state, expected, stale=not unproved, met=found.met)


def _worked_on(cell: SourceCell, state: PlanState) -> set[str]:
    """Return the values that a cell of which no run is recorded is expected to change in place.

    Not functions that it calls, and not modules: those it may change, but hardly a cell does.
    """
    names = read_names(cell.analysis, state.items).intersection(cell.analysis.mutates)
    names.difference_update(cell.analysis.calls, state.defined)
    modules = {name for name in names if (known := state.items.get("var:" + name)) and known.kind == "module"}
    return names - modules


def loaded_before(run: Run, state: PlanState, records: Records) -> Iterator[Version]:
    """Yield what modules of the user's own hold that a run imported and that a run before it in the kernel had loaded.

    Where nothing has loaded them before, an import makes that.
    """
    for entry in run.inputs:
        if (
            entry.key.startswith(LOCAL)
            and entry.key not in state.items
            and (load := records.run(entry.run)) is not None
        ):
            place = f"var:{entry.key.removeprefix(LOCAL)}."
            yield from (made for made in load.writes if made.key == entry.key or made.key.startswith(place))


def recorded_runs(cell: SourceCell, records: Records) -> list[Run]:
    """Return the runs that tell what to expect of the cell: its own last one, and one of this code."""
    own = records.last_run(cell.id)
    runs = [own] if own is not None else []
    if own is None or own.code != cell.analysis.code:
        runs += records.candidates(cell.analysis.code)[:1]
    return runs


def expected_changes(cell: SourceCell, recorded: Iterable[Run]) -> set[str]:
    """Return the keys that a run of the cell is expected to change: what its text binds, what it changed before."""
    keys = {"var:" + name for name in (*cell.analysis.writes, *cell.analysis.deletes)}
    for run in recorded:
        keys.update(version.key for version in run.writes)
        keys.update(run.removed)
    return keys


def needed_names(cell: SourceCell, state: PlanState) -> set[str]:
    """Return the variables that must be bound before the cell runs: all that it may read, with their groups.

    Also those that it may delete: that a name is gone after a run is only seen where it was there before. And those
    that it binds anew beside others of their group: that these share less then is only seen where they shared before.
    And those that refer by name to a definition which it binds anew or deletes: they have to get it while it is there.
    """
    items, analysis = state.items, cell.analysis
    wanted = read_names(analysis, items).union(analysis.deletes, referring(rebound(analysis, items), items))
    for name in analysis.writes:
        version = items.get("var:" + name)
        if version is not None and not set(analysis.must_writes).issuperset(version.members):
            wanted.add(name)
    names = {name for name in wanted if "var:" + name in items}
    while True:
        groups = {member for name in names for member in items["var:" + name].members if "var:" + member in items}
        more = closure(names | groups, items)
        if more <= names:
            return names
        names |= more


def _candidates(cell: SourceCell, records: Records) -> Sequence[Run]:
    """Return the runs that may answer; the one whose outputs the cell shows comes first."""
    if not cell.active:
        return ()
    runs = records.candidates(cell.analysis.code)
    own = records.last_run(cell.id)
    if own is not None and own.code == cell.analysis.code and runs and runs[0].id != own.id:
        return sorted(runs, key=lambda run: run.id != own.id)
    return runs


def _own_reason(cell: SourceCell, records: Records) -> Mismatch | None:
    """Say why the cell's own last run can't answer, where the store offers no candidate."""
    own = records.last_run(cell.id)
    if own is None or not cell.active:
        return None
    if own.code != cell.analysis.code:
        return Mismatch("source", "", "its code was edited since")
    if own.status != "ok":
        return Mismatch("failed", "", ended(own))
    if own.unknown:
        return Mismatch("unknown", "", own.unknown[0])
    return Mismatch("unknown", "", "the contents of its last run are not in the store")
