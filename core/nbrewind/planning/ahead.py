"""Which cells of a plan can run ahead of their turn, each in a kernel of its own: beside each other, and elsewhere.

A run that is made ahead is a record like any other: when the cell's turn comes it answers only if all that it read is
what is there. So nothing here has to be proved. What is chosen badly costs time: a cell of which no record can answer,
or which reads what another cell has yet to make, runs for nothing.

One thing must not happen: that a cell does something to the world, or meets it, before its turn. The kernels in which
cells run ahead stop that (`nbrewind.kernel.guard`); here such cells are left out from the start, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nbrewind.model import Effect, Run, Version
from nbrewind.planning.constants import predicted
from nbrewind.planning.known import VAR, Doubt, PlanState
from nbrewind.planning.match import Meeting, Outside
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.plan import like, runs
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.reach import words_of
from nbrewind.planning.simulate import ALIVE, Judgement, needed_names, recorded_runs, simulate
from nbrewind.planning.tables import UNSEEN_IO
from nbrewind.planning.targets import asks_for_input
from nbrewind.planning.trace import unproved, used_packages

WORTH = 1.0
"""Seconds that a cell must have taken to run ahead: less is lost again on the way."""
DOING = frozenset(
    {"Popen", "check_call", "check_output", "getoutput", "imsave", "makedirs", "mkdir", "rmtree", "savefig", "submit"}
    | {"symlink_to", "system", "tofile", "to_csv", "to_excel", "to_hdf", "to_parquet", "to_pickle", "to_sql", "unlink"}
    | {"urlopen", "urlretrieve", "write_bytes", "write_text"}
)
"""Words that say that a cell does something to the world."""
DID: Mapping[str, str] = {
    "file": "changed {}", "process": "started a program ({})", "network": "used the network ({})",
    "input": "asked for input", "thread": "left something running ({})", "exit": "registered what is done at the end",
}  # fmt: skip
"""Kinds of effects that must come at their turn, in words."""


@dataclass(frozen=True)
class Part:
    """A cell that a job runs, with what it meets."""

    cell: SourceCell
    items: Mapping[str, Version]
    """All that is known before it and was recorded."""
    names: frozenset[str]
    """The variables that must be bound."""


@dataclass(frozen=True)
class Job:
    """A cell that can run now, after small ones that its kernel needs."""

    cell: SourceCell
    parts: tuple[Part, ...]
    """Cells of imports, definitions and constants above it, and the cell itself."""
    seconds: float
    """Expected; 0 where nothing tells."""
    reason: str
    """Why the cell has to run, in words."""
    files: tuple[str, ...] = ()
    """Files below the notebook's folder that it read when it ran last."""
    urgency: float = 0.0
    """Seconds from its beginning to the end of the longest chain of cells that wait for it."""


@dataclass(frozen=True)
class Outlook:
    """What becomes of the cells that have to run."""

    jobs: list[Job] = field(default_factory=list)
    """Those that can begin now, the most urgent first."""
    waiting: dict[str, str] = field(default_factory=dict)
    """Cell id to what it waits for, in words: it can run ahead later."""
    stay: dict[str, str] = field(default_factory=dict)
    """Cell id to why it runs in the notebook's own kernel."""


def look_ahead(
    cells: Sequence[SourceCell],
    records: Records,
    outside: Outside,
    *,
    policies: Policies = DEFAULT_POLICIES,
    forced: Collection[str] = (),
    start: PlanState | None = None,
    above: Sequence[Part] = (),
    makers: Mapping[str, str] | None = None,
) -> Outlook:
    """Look which of the cells can run now, and which later.

    Args:
        cells: those that have not had their turn, in notebook order.
        records: what is recorded, runs that were made ahead among it.
        outside: files, environment and packages as they are now.
        policies: which records answer.
        forced: ids of cells that run in the notebook's kernel though a record answers them.
        start: the state before the first of the cells; without it they are the notebook's first.
        above: cells of imports, definitions and constants that had their turn: the kernel of a job runs them first.
        makers: run id to the cell that it answered or made, of those that had their turn.
    """
    found = _Look(records, outside, policies, above, {part.cell.id for part in above}, dict(makers or {}))
    for judgement in simulate(cells, records, outside, policies=policies, forced=forced, start=start):
        found.meet(judgement)
    return found.outlook()


class _Look:
    """On the way through the notebook."""

    def __init__(
        self,
        records: Records,
        outside: Outside,
        policies: Policies,
        above: Iterable[Part],
        small: set[str],
        makers: dict[str, str],
    ) -> None:
        self._records, self._outside, self._policies = records, outside, policies
        self._above, self._small, self._makers = list(above), small, makers
        self._defined: set[str] = set()
        """Words that functions of the notebook use."""
        self._late: dict[str, set[str]] = {}
        """What cells define that have not run yet, each with the names that it looks up when it is called."""
        self._jobs: list[Job] = []
        self._waiting: dict[str, str] = {}
        self._stay: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._after: dict[str, set[str]] = {}
        """Cell to those that have to run and that it waits for."""
        self._codes: set[str] = set()

    def meet(self, found: Judgement) -> None:
        """Take note of a cell; its state is that of this moment."""
        cell = found.cell
        if not cell.active:
            return
        if found.answered is not None:
            self._makers[found.answered.id] = cell.id
        if cell.analysis.late_reads:
            self._defined |= words_of(cell.analysis)
        if is_small(cell):
            self._small.add(cell.id)
            self._above.append(part_of(cell, found.before))
            if found.answered is None:
                self._late.update({name: set(cell.analysis.late_reads) for name in cell.analysis.writes})
        elif runs(found):
            self._consider(found)

    def _consider(self, found: Judgement) -> None:
        cell, state = found.cell, found.before
        self._after[cell.id] = {doubt.cell for doubt in self._doubts(cell, state)}
        known = like(cell, self._records)
        self._seconds[cell.id] = known.seconds if known is not None else 0.0
        why = self._why_not(found, known)
        if why:
            self._stay[cell.id] = why
        elif self._after[cell.id]:
            first = next(iter(self._doubts(cell, state)))
            self._waiting[cell.id] = f"it waits for {first.label}"
        elif cell.analysis.code in self._codes:
            self._waiting[cell.id] = "it waits for another cell of the same code"
        else:
            self._codes.add(cell.analysis.code)
            parts = (*self._above, part_of(cell, state, self._called(cell)))
            self._jobs.append(Job(cell, parts, self._seconds[cell.id], found.reason, self._files(cell)))

    def _files(self, cell: SourceCell) -> tuple[str, ...]:
        """Return the files below the notebook's folder that the cell read when it ran last."""
        keys = {entry.key for run in recorded_runs(cell, self._records) for entry in run.inputs}
        return tuple(sorted(key[5:] for key in keys if key.startswith("file:") and not key[5:].startswith("/")))

    def _doubts(self, cell: SourceCell, state: PlanState) -> list[Doubt]:
        """Return why what the cell may look up is not known, but for what the kernel of a job makes itself."""
        here = Meeting(cell.analysis, cell.digest, state, self._outside, self._policies)
        keys = [*here.doubted, *(VAR + name for name in (*needed_names(cell, state), *self._called(cell)))]
        for run in recorded_runs(cell, self._records):
            keys += [entry.key for entry in run.inputs if not entry.unread and not entry.kept]
        found = [doubt for key in keys if (doubt := state.doubt_on(key)) is not None]
        found += [self._not_put_back(key, state) for key in keys if self._is_elsewise(key, state)]
        return [doubt for doubt in found if doubt.cell not in self._small]

    def _called(self, cell: SourceCell) -> set[str]:
        """Return the names that functions which have not been defined yet may look up for the cell."""
        found: set[str] = set()
        todo = [*cell.analysis.reads, *cell.analysis.strings]
        while todo:
            more = self._late.get(todo.pop(), set()) - found
            found |= more
            todo += more
        return found

    def _is_elsewise(self, key: str, state: PlanState) -> bool:
        """Whether a file is not yet as the cells above leave it."""
        version = state.items.get(key) if key.startswith("file:") else None
        return version is not None and self._outside.digest(key) != version.digest

    def _not_put_back(self, key: str, state: PlanState) -> Doubt:
        cell = self._makers.get(state.items[key].run, "")
        return Doubt(cell, f"{key[5:]}, which is not as a cell above leaves it")

    def _why_not(self, found: Judgement, known: Run | None) -> str:
        """Say why the cell runs in the notebook's own kernel; empty if it need not."""
        cell, state = found.cell, found.before
        if found.forced:
            return ALIVE
        if cell.may_raise:
            return "it may raise"
        if asks_for_input(cell, self._records):
            return "it asks for input"
        why = self._deeds(cell, known) or self._of_record(cell, known)
        if why:
            return why
        names = needed_names(cell, state)
        packages = used_packages(cell.analysis, names, state.items)
        reasons = unproved(cell.analysis, names, packages)
        if reasons:
            return f"no record of it would answer: {reasons[0]}"
        words = words_of(cell.analysis) | (self._defined if cell.analysis.calls else set())
        for package, functions in UNSEEN_IO.items():
            if package in packages and (used := sorted(functions & words)):
                return f"it may read or write files through {package} ({used[0]}), which is not seen"
        for name in sorted(names):
            version = state.items[VAR + name]
            if not version.loadable and VAR + name not in state.doubts and not self._is_made(version):
                return f"it needs {name}, which can't be saved: {version.reason}"
        if known is not None and known.seconds < WORTH:
            return f"it takes {known.seconds:.2f} s"
        return ""

    def _is_made(self, version: Version) -> bool:
        """Whether a job's kernel makes a value itself."""
        return self._makers.get(version.run, self._records.producer(version.run)) in self._small

    def _deeds(self, cell: SourceCell, known: Run | None) -> str:
        """Say what the cell does to the world: by its last run or, where there is none of this code, by its text."""
        of_this_code = known is not None and known.code == cell.analysis.code and not known.unknown
        words = sorted(DOING.intersection(words_of(cell.analysis)))
        if cell.analysis.magics:
            return f"it uses {cell.analysis.magics[0]}"
        if words and not of_this_code:
            return f"it may do something that must come at its turn (`{words[0]}`)"
        for run in recorded_runs(cell, self._records):
            if did := deeds(run):
                return did
            if why := self._policies.always_runs(run.effects):
                return why
        return ""

    @staticmethod
    def _of_record(cell: SourceCell, known: Run | None) -> str:
        """Say why no record of the cell will be of use, by that of its last run of this code."""
        if known is None or known.code != cell.analysis.code:
            return ""
        if known.unknown:
            return f"no record of it answers: {known.unknown[0]}"
        return unfit(known)

    def outlook(self) -> Outlook:
        """Return what was found, the most urgent jobs first."""
        readers: dict[str, list[str]] = {}
        for cell, makers in self._after.items():
            for maker in makers:
                readers.setdefault(maker, []).append(cell)
        urgency: dict[str, float] = {}
        for cell in reversed(self._seconds):
            rest = max((urgency.get(reader, 0.0) for reader in readers.get(cell, ())), default=0.0)
            urgency[cell] = self._seconds[cell] + rest
        jobs = [replace(one, urgency=urgency[one.cell.id]) for one in self._jobs]
        jobs.sort(key=lambda job: -job.urgency)
        return Outlook(jobs, self._waiting, self._stay)


def is_small(cell: SourceCell) -> bool:
    """Whether a kernel runs the cell itself where it is needed: imports, definitions, constants."""
    return cell.active and (cell.analysis.prelude or bool(predicted(cell)))


def part_of(cell: SourceCell, state: PlanState, also: Collection[str] = ()) -> Part:
    """Return a cell as a job runs it in ``state``; ``also``: names that it may look up besides those that are known."""
    known = {key: one for key, one in state.items.items() if one.run and state.doubt_on(key) is None}
    names = {name for name in (*needed_names(cell, state), *also) if VAR + name in known}
    return Part(cell, known, frozenset(names))


def deeds(run: Run) -> str:
    """Say what a run did to the world that must come at its turn; empty if it did nothing."""
    files = [key[5:] for key in (*(one.key for one in run.writes), *run.removed) if key.startswith("file:")]
    if files:
        return f"it writes or removes {files[0]}"
    if run.tasks is not None:
        return "it submits tasks"
    return next((_did(effect) for effect in run.effects if effect.kind in DID), "")


def _did(effect: Effect) -> str:
    return f"its last run {DID[effect.kind].format(effect.subject or 'a file')}".replace(" ()", "")


def unfit(run: Run) -> str:
    """Say why what a run has made can't be brought into another kernel; empty if it can."""
    lost = next((one for one in run.writes if not one.loadable), None)
    return f"it makes {lost.key.partition(':')[2]}, which can't be saved: {lost.reason}" if lost is not None else ""


__all__ = ["Job", "Outlook", "Part", "deeds", "is_small", "look_ahead", "part_of", "unfit"]
