"""The cheapest sequence of steps that brings a notebook up to date in a new kernel.

Forward, the notebook is simulated: cells that a record answers need not run. Backward, every cell that runs needs the
variables that it may read: those that can be loaded are loaded, and a cell that made one which can't be loaded runs as
well, with its own needs, until nothing more is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nbrewind.model import Action, Run, Step, Version
from nbrewind.planning.gone import gone
from nbrewind.planning.known import state_of
from nbrewind.planning.match import Outside, other_versions, with_remarks
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.simulate import Judgement, needed_names, simulate


@dataclass(frozen=True)
class Planned:
    """A judged cell, and what it needs."""

    judgement: Judgement
    needs: tuple[Version, ...] = ()
    """The known versions that must be bound before the cell runs; empty where it does not run."""


@dataclass(frozen=True)
class Plan:
    """Steps in notebook order, and the cells that run only because of what they leave alive."""

    steps: list[Step]
    forced: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    """What the user should know before."""
    blocked: str = ""
    """Why it would fail, in words: a file is gone."""


def plan(
    cells: Sequence[SourceCell],
    records: Records,
    outside: Outside,
    *,
    policies: Policies = DEFAULT_POLICIES,
    forced: Iterable[str] = (),
    items: Mapping[str, Version] | None = None,
) -> Plan:
    """Plan the cells, from the top to the last one given, for a new kernel. ``forced`` cells run in any case.

    ``items``: what the kernel's state holds before the first of them, where that is not the notebook's first cell.
    """
    must = set(forced)
    while True:
        start = state_of(items or {})
        planned = [
            Planned(found, _needed_versions(found) if runs(found) else ())
            for found in simulate(cells, records, outside, policies=policies, forced=must, start=start)
        ]
        more = _makers_of_unloadable(planned) - must
        if not more:
            break
        must |= more
    loads = {version.run for one in planned for version in one.needs}
    steps = [_step(one.judgement, records, outside, loads) for one in planned]
    answers = [
        (one.judgement.cell, run) for one in planned if (run := one.judgement.answered) and not runs(one.judgement)
    ]
    missing = gone(cells, {step.cell for step in steps if step.action == "run"}, records, outside, policies)
    return Plan(steps, frozenset(must), version_notes(answers, outside), "; ".join(missing))


def version_notes(answers: Iterable[tuple[SourceCell, Run]], outside: Outside) -> list[str]:
    """Say which packages have other versions here than when the cells ran that their records answer."""
    found: dict[str, list[str]] = {}
    for cell, run in answers:
        for difference in other_versions(run, outside):
            found.setdefault(difference, []).append(str(cell.index + 1))
    return [
        f"{difference}; answered nevertheless: cell{'s' if cells[1:] else ''} {', '.join(cells)}"
        for difference, cells in sorted(found.items())
    ]


def runs(found: Judgement) -> bool:
    """Whether a new kernel has to run the cell: no record answers it, it is forced, or it is of the prelude."""
    return found.cell.active and (found.answered is None or found.forced or found.cell.analysis.prelude)


def _needed_versions(found: Judgement) -> tuple[Version, ...]:
    """Return the versions that a running cell needs; what a cell that runs before it makes is not among them."""
    before = found.before
    keys = ("var:" + name for name in sorted(needed_names(found.cell, before)))
    return tuple(before.items[key] for key in keys if key not in before.doubts)


def _makers_of_unloadable(planned: Iterable[Planned]) -> set[str]:
    """Return the cells that were answered although a value of theirs is needed that can't be loaded."""
    maker: dict[str, str] = {}
    found: set[str] = set()
    for one in planned:
        found.update(maker[version.run] for version in one.needs if not version.loadable and version.run in maker)
        run = one.judgement.answered
        if run is not None and not runs(one.judgement):
            maker[run.id] = one.judgement.cell.id
    return found


def _step(found: Judgement, records: Records, outside: Outside, loads: Collection[str]) -> Step:
    cell, run = found.cell, found.answered
    action: Action = "run"
    reason = found.reason
    if not cell.active:
        action, reason = "skip", "the cell is empty" if not cell.source.strip() else "it only steers recording"
    elif cell.analysis.prelude:
        reason = "imports, options and definitions run in every new kernel"
    elif run is not None and not found.forced:
        action = "load" if run.id in loads else "skip"
        reason = "a later step needs its values" if action == "load" else "recorded, and nothing needs its values"
        reason = with_remarks(reason, run, outside)
    return Step(
        cell=cell.id,
        index=cell.index,
        action=action,
        reason=reason,
        seconds=_expected(action, run or like(cell, records)),
        run=run.id if run and action != "run" else "",
        prelude=cell.active and cell.analysis.prelude,
    )


def like(cell: SourceCell, records: Records) -> Run | None:
    """Return the run that tells best how long the cell takes."""
    own = records.last_run(cell.id)
    return own or next(iter(records.candidates(cell.analysis.code)), None)


def _expected(action: Action, run: Run | None) -> float:
    return run.seconds if action == "run" and run is not None else 0.0
