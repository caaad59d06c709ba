"""The notebook from top to bottom for a plan in a running kernel: which cell would have to run, and what it needs.

Unlike a plan for a new kernel, one in a running kernel runs only what its targets need. Cells that nobody asked for
stay stale, and everything that they *can* change stays in doubt. So the course is as cautious as freshness is: a cell
that may look up something in doubt needs all cells that may have changed it, and they run before it.

Once a cell has run in the plan, its result is known: the course is gone through again, and what was in doubt because of
that cell is settled. So a cell that was expected to run is answered where what it reads turned out unchanged, and one
that turned out to read something still in doubt runs again after the cells that decide it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nbrewind.model import ABSENT, Run, Version
from nbrewind.planning.known import VAR, PlanState, kind_of
from nbrewind.planning.match import Meeting, Mismatch, Outside
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.reach import Reach
from nbrewind.planning.simulate import (
    ALIVE,
    Judgement,
    advance,
    judge,
    loaded_before,
    needed_names,
    recorded_runs,
    shown_by,
)
from nbrewind.planning.tables import AMBIENT_PACKAGES
from nbrewind.planning.trace import ALL_NAMES, lookups, variable_names

ASKED = "you asked for it to run"


@dataclass(frozen=True)
class Place:
    """One cell on the course."""

    cell: SourceCell
    answered: Run | None
    """The run whose results the course goes on with: a recorded one, or the one that the plan has made."""
    reason: str = ""
    """Why the cell has to run; empty if it has not."""
    settled: bool = False
    """The plan has run it."""
    prelude: bool = False
    """A cell of imports, options and definitions that this session has not run: it runs if a cell below it does."""
    note: str = ""
    doubters: frozenset[str] = frozenset()
    """Cells above that may have changed something which it may look up, and have not run."""
    needs: tuple[Version, ...] = ()
    """The known versions that must be bound before it runs."""
    names: frozenset[str] = frozenset()
    """Their names."""
    items: Mapping[str, Version] = field(default_factory=dict)
    """What is known before it, where it has to run: the state in which it runs."""

    @property
    def runs(self) -> bool:
        """Whether it has to run if its results are needed."""
        return bool(self.reason)


@dataclass(frozen=True)
class Course:
    """All cells in order, and what is known after the last."""

    places: Sequence[Place]
    items: Mapping[str, Version]
    makers: Mapping[str, str]
    """Run id to the cell for which that run stands."""

    @cached_property
    def by_cell(self) -> Mapping[str, Place]:
        """The places by cell id."""
        return {place.cell.id: place for place in self.places}

    @property
    def end(self) -> int:
        """The index behind the last cell."""
        return self.places[-1].cell.index + 1 if self.places else 0


class _Beginning:
    """What was outside before the plan's first step.

    The files that a step writes are for the cells below it, which meet them as versions. The cells above it are judged
    as if it had not run yet, as in a full run.
    """

    def __init__(self, outside: Outside, cells: Iterable[SourceCell], records: Records) -> None:
        """Look at all files and folders that a recorded run of the cells read."""
        self._outside = outside
        self._files = {
            entry.key: outside.digest(entry.key)
            for cell in cells
            for run in records.candidates(cell.analysis.code)
            for entry in run.inputs
            if entry.key.startswith(("file:", "dir:"))
        }

    def digest(self, key: str) -> str:
        """Return the digest that a key had."""
        found = self._files.get(key)
        return self._outside.digest(key) if found is None else found


class Pilot:
    """Goes through the notebook, again after every cell that the plan has run."""

    def __init__(
        self,
        cells: Sequence[SourceCell],
        records: Records,
        outside: Outside,
        *,
        session: str,
        forced: Iterable[str] = (),
        policies: Policies = DEFAULT_POLICIES,
    ) -> None:
        """Plan for the kernel session ``session``. ``forced`` cells run in any case: their results may be others."""
        self.cells, self.records, self.policies = list(cells), records, policies
        self.outside = _Beginning(outside, cells, records)
        self.session = session
        self.forced = frozenset(forced)
        self.alive: set[str] = set()
        """Cells that run because of what they leave alive; their results are expected to be the recorded ones."""
        self.made: dict[str, Run] = {}
        """Cell id to the run that the plan has made of it."""
        self._reach = Reach(self.cells)

    def course(self, last: int | None = None) -> Course:
        """Go through the cells, up to the one of index ``last``."""
        walk = _Walk()
        places = [self._place(cell, walk) for cell in self.cells if last is None or cell.index <= last]
        known = {key: version for key, version in walk.state.items.items() if walk.state.doubt_on(key) is None}
        return Course(places, known, walk.makers)

    def _place(self, cell: SourceCell, walk: _Walk) -> Place:
        if not cell.active:
            return Place(cell, None)
        state = walk.state
        made = self.made.get(cell.id)
        if made is not None and self._still(made, cell, state):
            walk.makers[made.id] = cell.id
            walk.settle(made, self.records)
            return Place(cell, made, settled=True)
        found, note = self._judge(cell, state)
        reason, prelude = self._reason(cell, found), self._waits(cell)
        place = Place(cell, found.answered, reason, prelude=prelude, note=note)
        if reason or prelude:
            place = self._with_needs(place, walk)
        if found.answered is not None:
            walk.makers[found.answered.id] = cell.id
        walk.go(found, self.records, self._reach)
        return place

    def _judge(self, cell: SourceCell, state: PlanState) -> tuple[Judgement, str]:
        if cell.id in self.forced:
            return Judgement(cell, None, Mismatch("source", "", ASKED), state), ""
        found = judge(cell, state, self.records, self.outside, self.policies)
        own = self.records.last_run(cell.id)
        if own is not None and (found.answered is None or found.answered.id != own.id):
            found = shown_by(found, own, self.outside, self.policies) or found
        if found.answered is None and cell.policy == "pinned":
            pinned = self.records.last_run_of(cell.id, cell.analysis.code)
            if pinned is not None:
                return Judgement(cell, pinned, None, state), f"pinned: its recorded run stands, although {found.reason}"
        return found, ""

    def _reason(self, cell: SourceCell, found: Judgement) -> str:
        if found.answered is None:
            return found.reason
        return ALIVE if cell.id in self.alive else ""

    def _waits(self, cell: SourceCell) -> bool:
        """Whether a cell of the prelude was not run yet in this session."""
        if not cell.analysis.prelude:
            return False
        run = self.records.last_run_of(cell.id, cell.analysis.code)
        return run is None or run.session != self.session

    def _with_needs(self, place: Place, walk: _Walk) -> Place:
        cell, state = place.cell, walk.state
        names = needed_names(cell, state)
        known = {key: version for key, version in state.items.items() if state.doubt_on(key) is None}
        needs = tuple(known[VAR + name] for name in sorted(names) if VAR + name in known)
        keys = set(self._looked_up(cell, state))
        keys.update(VAR + member for version in needs for member in version.members)
        return Place(
            cell, place.answered, place.reason, prelude=place.prelude, note=place.note,
            doubters=frozenset(walk.doubters(keys)), needs=needs, names=frozenset(names), items=known,
        )  # fmt: skip

    def _looked_up(self, cell: SourceCell, state: PlanState) -> Iterator[str]:
        """Yield the keys in doubt on which a run of the cell may depend."""
        if state.certain:
            return
        analysis = cell.analysis
        names = {*analysis.reads, *analysis.strings, *analysis.deletes, *analysis.writes}
        names -= set(analysis.must_writes).difference(analysis.reads, analysis.strings, analysis.deletes)
        if analysis.opaque:
            names |= variable_names(state.items)
        found, every = lookups(names, state.items, state.reach)
        yield from (VAR + name for name in found)
        if every or analysis.opaque:
            yield from state.doubts
            yield from state.wild
        packages = {module.partition(".")[0] for module in analysis.imports}
        for name in found:
            version = state.items.get(VAR + name)
            packages.update(version.packages if version is not None else ())
        for key, owner in AMBIENT_PACKAGES.items():
            if key in state.doubts and (not owner or owner in packages):
                yield key
        recorded = recorded_runs(cell, self.records)
        if cell.id in self.made:
            recorded = [*recorded, self.made[cell.id]]
        for run in recorded:
            yield from (entry.key for entry in run.inputs if not entry.key.startswith(VAR) and entry.key != ALL_NAMES)

    def _still(self, run: Run, cell: SourceCell, state: PlanState) -> bool:
        """Whether what the plan's own run of the cell read is what is known here.

        Of files only what cells above it left: later steps of the plan may have changed them.
        """
        here = Meeting(cell.analysis, cell.digest, state, self.outside, self.policies)
        for entry in run.inputs:
            if entry.unread:
                continue
            if here.doubt(entry.key) is not None:
                return False
            version = state.items.get(entry.key)
            if version is not None and version.digest != entry.digest:
                return False
            is_gone = entry.key.startswith(VAR) or entry.key in state.absent
            if version is None and is_gone and entry.digest != ABSENT:
                return False
        return True


class _Walk:
    """The state on the way, and for what is in doubt all cells that may have changed it."""

    def __init__(self) -> None:
        self.state = PlanState()
        self.makers: dict[str, str] = {}
        self._of: dict[str, list[str]] = {}
        """Key in doubt to the cells that may have changed it, oldest first."""
        self._wild: dict[str, list[str]] = {}
        """The same for whole kinds of keys."""

    def doubters(self, keys: Iterable[str]) -> set[str]:
        """Return the cells because of which one of ``keys`` (or kinds) is in doubt."""
        found: set[str] = set()
        for key in keys:
            if key in self.state.doubts:
                found.update(self._of.get(key, ()))
            if self.state.wild and (key in self.state.wild or self.state.doubt_on(key) is not None):
                found.update(self._wild.get(key if key in self.state.wild else kind_of(key), ()))
        return found

    def settle(self, run: Run, records: Records) -> None:
        """Take over the results of a run."""
        self.state.apply((*loaded_before(run, self.state, records), *run.writes), run.removed)

    def go(self, found: Judgement, records: Records, reach: Reach) -> None:
        """Bring the state to what is known after the judged cell."""
        before = set(self.state.doubts)
        advance(found, self.state, records, reach)
        cell = found.cell
        bound = {VAR + name for name in cell.analysis.must_writes}
        for key, doubt in self.state.doubts.items():
            if doubt.cell == cell.id:
                earlier = self._of.get(key, []) if key in before and key not in bound else []
                self._of[key] = [*earlier, cell.id]
        for kind, (doubt, _) in self.state.wild.items():
            if doubt.cell == cell.id:
                self._wild.setdefault(kind, []).append(cell.id)


def chosen(course: Course, goals: Collection[str]) -> set[str]:
    """Return the cells that have to run so that all ``goals`` are known: they, and what they need, to any depth."""
    found: set[str] = set()
    todo = [goal for goal in goals if goal in course.by_cell]
    while True:
        while todo:
            place = course.by_cell[todo.pop()]
            if place.cell.id in found or not place.runs:
                continue
            found.add(place.cell.id)
            todo += place.doubters
            todo += (course.makers[version.run] for version in place.needs if version.run in course.makers)
        last = max((course.by_cell[cell].cell.index for cell in found), default=-1)
        for place in course.places:
            if place.prelude and place.cell.index < last and place.cell.id not in found:
                found.add(place.cell.id)
                todo += place.doubters
        if not todo:
            return found


__all__ = ["ASKED", "Course", "Pilot", "Place", "chosen"]
