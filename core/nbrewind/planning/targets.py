"""What brings some cells up to date in a kernel that runs already: only what they need, exactly as in a full run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nbrewind.model import Action, Run, Step, Version
from nbrewind.planning.course import Course, Pilot, Place, chosen
from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.gone import gone
from nbrewind.planning.keeper import FileKeeper
from nbrewind.planning.known import VAR
from nbrewind.planning.match import Outside, with_remarks
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.plan import like
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies

STALE = frozenset({"edited", "input changed", "upstream stale", "out of order", "failed", "unknown"})
INPUT = re.compile(r"(^|\.)(input|raw_input|getpass)$")


@dataclass(frozen=True)
class Target:
    """What shall be up to date: one cell, all stale ones, one cell and all that it affects, or everything."""

    kind: Literal["cell", "stale", "affected", "all"]
    cell: str = ""


@dataclass(frozen=True)
class LivePlan:
    """What is going to happen, as far as it is known before."""

    steps: list[Step] = field(default_factory=list)
    """In notebook order; cells that do not matter to the target are left out."""
    saved: float = 0.0
    """Seconds that the answered cells took when they were recorded."""
    notes: dict[str, str] = field(default_factory=dict)
    """Cell id to what the user should know before accepting."""
    blocked: str = ""
    """Why there is nothing to accept, in a sentence."""
    goals: frozenset[str] = frozenset()
    """The cells that the target means."""
    forced: frozenset[str] = frozenset()
    """Cells that run in any case."""


@dataclass(frozen=True)
class Alive:
    """What the kernel has bound, as far as its head tells."""

    head: Mapping[str, Version]
    names: Collection[str]

    def has(self, version: Version) -> bool:
        """Whether a version of a variable is bound, by all that is known without looking at the value."""
        name = version.key.removeprefix(VAR)
        held = self.head.get(version.key)
        if held is None or name not in self.names:
            return False
        exact = held.digest.startswith("b3:") and held.digest == version.digest and held.members == version.members
        return held.id == version.id or exact

    def missing(self, versions: Iterable[Version]) -> list[Version]:
        """Return those that are neither bound nor can be loaded."""
        return [version for version in versions if not version.loadable and not self.has(version)]


def plan_live(
    cells: Sequence[SourceCell],
    records: Records,
    outside: Outside,
    head: Mapping[str, Version],
    target: Target,
    *,
    session: str,
    live: Collection[str] = (),
    forced: Iterable[str] = (),
    policies: Policies = DEFAULT_POLICIES,
    keeper: FileKeeper | None = None,
) -> LivePlan:
    """Plan what brings ``target`` up to date in the running kernel of ``session``.

    Args:
        cells: all code cells, in notebook order.
        records: what was recorded.
        outside: files, environment and packages as they are now.
        head: the state at the kernel's head.
        target: what shall be up to date.
        session: what the agent calls its session.
        live: the names that are bound in the kernel (`live` of verb ``state``).
        forced: ids of cells that run in any case, if they belong to the target or what it needs.
        policies: which records count.
        keeper: knows which files will be left as they are.
    """
    by_id = {cell.id: cell for cell in cells}
    if target.kind in ("cell", "affected") and (target.cell not in by_id or not by_id[target.cell].active):
        return LivePlan(blocked="The cell is empty or gone: there is nothing to run.")
    must = {*forced, target.cell} if target.kind == "affected" else set(forced)
    pilot = Pilot(cells, records, outside, session=session, forced=must, policies=policies)
    goals = goals_of(target, cells, records, outside, policies) | {cell for cell in forced if cell in by_id}
    if not goals:
        return LivePlan(blocked="Nothing is stale.")
    course, found = settle(pilot, goals, Alive(head, live))
    ends = ending(course, goals)
    answered = [place for place in course.places if place.answered and place.cell.id not in found]
    saved = sum(place.answered.seconds for place in answered if place.answered and not place.cell.analysis.prelude)
    notes = {place.cell.id: text for place in course.places if (text := _note(place, place.cell.id in found, records))}
    for cell, text in _files_left(course, found, goals, keeper).items() if keeper is not None else ():
        notes[cell] = "; ".join(filter(None, (notes.get(cell), text)))
    steps = _steps(course, found, goals, ends, notes, records, outside, Alive(head, live))
    shown = {step.cell for step in steps}
    missing = gone([place.cell for place in course.places], found, records, outside, policies)
    return LivePlan(
        steps, saved, {cell: text for cell, text in notes.items() if cell in shown}, goals=frozenset(goals),
        forced=frozenset(must), blocked=sentence("; ".join(missing)),
    )  # fmt: skip


def goals_of(
    target: Target, cells: Sequence[SourceCell], records: Records, outside: Outside, policies: Policies
) -> set[str]:
    """Return the ids of the cells that a target means."""
    active = {cell.id for cell in cells if cell.active}
    if target.kind == "all":
        return active
    if target.kind == "stale":
        states = freshness(cells, records, outside, policies=policies)
        return {state.id for state in states if state.freshness in STALE} & active
    found = {target.cell}
    if target.kind == "affected":
        readers: dict[str, set[str]] = {}
        for edge in (*edges(cells, records), *edges(cells)):
            if edge.kind != "order":
                readers.setdefault(edge.from_, set()).add(edge.to)
        todo = [target.cell]
        while todo:
            more = readers.get(todo.pop(), set()) - found
            found |= more
            todo += more
    return found & active


def settle(pilot: Pilot, goals: Collection[str], alive: Alive) -> tuple[Course, set[str]]:
    """Return the course up to the last goal, and the cells on it that have to run and have not yet.

    A cell that made something which is needed, can't be loaded and is not bound any more, runs again.
    """
    last = max(cell.index for cell in pilot.cells if cell.id in goals)
    while True:
        course = pilot.course(last)
        found = chosen(course, goals)
        wanted = [version for cell in found for version in course.by_cell[cell].needs] + ending(course, goals)
        makers = {course.makers[version.run] for version in alive.missing(wanted) if version.run in course.makers}
        makers = {cell for cell in makers if course.by_cell[cell].answered and not course.by_cell[cell].settled}
        if makers <= pilot.alive:
            return course, found
        pilot.alive |= makers


def ending(course: Course, goals: Collection[str]) -> list[Version]:
    """Return the versions that have to be bound in the end: those of the goals that nothing on the course overwrote."""
    return [
        version
        for key, version in course.items.items()
        if key.startswith((VAR, "ambient:", "env:")) and course.makers.get(version.run) in goals
    ]


def asks_for_input(cell: SourceCell, records: Records) -> bool:
    """Whether the cell reads what the user types: it can't be run by a plan."""
    analysis = cell.analysis
    if any(INPUT.search(call) for call in analysis.calls):
        return True
    own = records.last_run_of(cell.id, analysis.code)
    return own is not None and any(effect.kind == "input" for effect in own.effects)


def left_to_user(cell: SourceCell, records: Records) -> str:
    """Return why a plan does not run the cell; empty if it does."""
    if cell.policy == "pinned":
        return f"{cell.label} is pinned and no recorded run of it can stand: run it yourself"
    if asks_for_input(cell, records):
        return f"{cell.label} asks for input: run it yourself"
    return ""


def sentence(text: str) -> str:
    """Return a text with a capital letter and a full stop; nothing of nothing."""
    return text and text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _note(place: Place, run: bool, records: Records) -> str:
    if not run:
        return place.note
    why = left_to_user(place.cell, records)
    if why:
        return f"{why}; the plan stops here"
    found = ["it is marked to be asked about before it runs"] if place.cell.policy == "ask" else []
    own = records.last_run(place.cell.id)
    files = sorted(version.key[5:] for version in own.writes if version.key.startswith("file:")) if own else []
    if files:
        found.append(f"it writes {', '.join(files[:3])}{' and others' if len(files) > 3 else ''}")
    return "; ".join(found)


def _files_left(course: Course, run: Collection[str], goals: Collection[str], keeper: FileKeeper) -> dict[str, str]:
    """Return the answered cells whose files can't all be put back before a cell runs or in the end, each with why."""
    last = max((course.by_cell[cell].cell.index for cell in run), default=-1)
    answered = [
        (place.cell.id, place.answered)
        for place in course.places
        if place.answered and place.cell.id not in run and (place.cell.index < last or place.cell.id in goals)
    ]
    told = keeper.foresee([answer for _, answer in answered])
    return {cell: text for (cell, _), text in zip(answered, told, strict=True) if text}


def _steps(
    course: Course,
    run: Collection[str],
    goals: Collection[str],
    ends: Iterable[Version],
    notes: Collection[str],
    records: Records,
    outside: Outside,
    alive: Alive,
) -> list[Step]:
    needed = {version.run for cell in run for version in course.by_cell[cell].needs if not alive.has(version)}
    final = {version.run for version in ends if version.key.startswith(VAR) and not alive.has(version)}
    steps = []
    for place in course.places:
        cell, answer = place.cell, place.answered
        if cell.id in run:
            steps.append(run_step(place, records))
        elif answer is not None and answer.id in needed | final:
            why = "a later step needs its values" if answer.id in needed else "its values are brought back"
            steps.append(_answered(place, answer, "load", with_remarks(why, answer, outside)))
        elif answer is not None and (cell.id in goals or cell.id in notes):
            why = with_remarks("recorded, and nothing that it read has changed", answer, outside)
            steps.append(_answered(place, answer, "skip", why))
    return steps


def run_step(place: Place, records: Records) -> Step:
    """Return the step that runs a cell."""
    cell, known = place.cell, like(place.cell, records)
    return Step(
        cell=cell.id,
        index=cell.index,
        action="run",
        reason=place.reason or "imports, options and definitions run once in every kernel",
        seconds=known.seconds if known else 0.0,
        prelude=cell.analysis.prelude,
    )


def _answered(place: Place, run: Run, action: Action, reason: str) -> Step:
    cell = place.cell
    return Step(cell=cell.id, index=cell.index, action=action, reason=reason, run=run.id, prelude=cell.analysis.prelude)
