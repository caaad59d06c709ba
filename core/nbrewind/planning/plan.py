"""The cheapest sequence of steps that brings a notebook up to date in a new kernel.

Forward, the notebook is simulated: cells that a record answers need not run. Backward, every cell that runs needs the
variables that it may read: those that can be loaded are loaded, and a cell that made one which can't be loaded runs as
well, with its own needs, until nothing more is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from nbrewind.model import Action, Run, Step
from nbrewind.planning.match import Outside, PackagePolicy
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.simulate import Judgement, needed_names, simulate


@dataclass
class Plan:
    """Steps in notebook order, and the cells that run only because of what they leave alive."""

    steps: list[Step]
    judged: list[Judgement]
    forced: frozenset[str] = frozenset()
    needs: dict[str, frozenset[str]] = field(default_factory=dict)
    """Cell id to the names that must be bound before it runs."""


def plan(
    cells: Sequence[SourceCell],
    records: Records,
    outside: Outside,
    *,
    policy: PackagePolicy = "compatible",
    forced: Iterable[str] = (),
) -> Plan:
    """Plan the cells, from the top to the last one given, for a new kernel. ``forced`` cells run in any case."""
    must = set(forced)
    while True:
        judged, _ = simulate(cells, records, outside, policy=policy, forced=must)
        needs = {found.cell.id: frozenset(needed_names(found.cell, found.before)) for found in judged if runs(found)}
        more = _makers_of_unloadable(judged, needs) - must
        if not more:
            break
        must |= more
    loads = _loaded_runs(judged, needs)
    steps = [_step(found, records, loads) for found in judged]
    return Plan(steps, judged, frozenset(must), needs)


def runs(found: Judgement) -> bool:
    """Whether a new kernel has to run the cell: no record answers it, or it is of the prelude."""
    return found.cell.active and (found.answered is None or found.cell.analysis.prelude)


def _makers_of_unloadable(judged: Iterable[Judgement], needs: dict[str, frozenset[str]]) -> set[str]:
    """Return the cells that were answered although a value of theirs is needed that can't be loaded."""
    maker: dict[str, str] = {}
    found: set[str] = set()
    for judgement in judged:
        for name in needs.get(judgement.cell.id, ()):
            version = judgement.before.items["var:" + name]
            if not version.loadable and version.run in maker:
                found.add(maker[version.run])
        if judgement.answered is not None and not runs(judgement):
            maker[judgement.answered.id] = judgement.cell.id
    return found


def _loaded_runs(judged: Iterable[Judgement], needs: dict[str, frozenset[str]]) -> set[str]:
    """Return the ids of the recorded runs some of whose values a running cell needs."""
    return {
        judgement.before.items["var:" + name].run for judgement in judged for name in needs.get(judgement.cell.id, ())
    }


def _step(found: Judgement, records: Records, loads: Collection[str]) -> Step:
    cell, run = found.cell, found.answered
    action: Action = "run"
    reason = found.reason
    if not cell.active:
        action, reason = "skip", "the cell is empty" if not cell.source.strip() else "it only steers recording"
    elif cell.analysis.prelude:
        reason = "imports, options and definitions run in every new kernel"
    elif run is not None:
        action = "load" if run.id in loads else "skip"
        reason = "a later step needs its values" if action == "load" else "recorded, and nothing needs its values"
    return Step(
        cell=cell.id,
        index=cell.index,
        action=action,
        reason=reason,
        seconds=_expected(action, run or _like(cell, records)),
        run=run.id if run and action != "run" else "",
        prelude=cell.active and cell.analysis.prelude,
    )


def _like(cell: SourceCell, records: Records) -> Run | None:
    """The run that tells best how long the cell takes."""
    own = records.last_run(cell.id)
    return own or next(iter(records.candidates(cell.analysis.code)), None)


def _expected(action: Action, run: Run | None) -> float:
    return run.seconds if action == "run" and run is not None else 0.0
