"""The state of a notebook as the browser has it, against the records. Blocking: not for the event loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nbrewind.model import DEFAULT, CellState, EdgeKind, Run
from nbrewind.planning.edges import OUTSIDE_KINDS, edges
from nbrewind.planning.freshness import freshness, in_kernel
from nbrewind.planning.history import instant
from nbrewind.planning.known import describe
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import KernelWorld
from nbrewind.planning.policies import Policies, PolicyError, policies_of
from nbrewind.store import Notebook, Store
from nbrewind_server.messages import CellFacts, NotebookCell, Question, Source, State
from nbrewind_server.problem import Refused
from nbrewind_server.records import Records
from nbrewind_server.tasks import has_tasks


@dataclass(frozen=True)
class Asked:
    """A question with everything that its answer is made of."""

    store: Store | None
    index: Notebook | None
    sequence: int
    cells: list[SourceCell]
    missing: list[str]
    """Digests whose texts nobody here has; there are no cells then."""
    history: History
    world: KernelWorld
    policies: Policies


def look_up(records: Records, question: Question, path: Path, *, shared: bool) -> Asked:
    """Find what is recorded of a notebook.

    Args:
        records: the store.
        question: the notebook as the browser has it.
        path: the notebook's file.
        shared: whether its kernel runs in this process's environment.

    Raises:
        Refused: two cells have the same id, a text has another digest, or there is no such policy.
    """
    _check(question.cells)
    try:
        policies = policies_of({"nbrewind": {"policies": question.policies}}, place=path.name)
    except PolicyError as error:
        raise Refused("request", str(error)) from error
    store = records.store()
    index = records.notebook(path, [cell.id for cell in question.cells])
    sequence = index.sequence() if index else 0  # before all else: what comes later is told by another event
    texts, missing = records.find_texts([cell.source for cell in question.cells], question.texts)
    runs = index.runs() if index else []
    return Asked(
        store=store,
        index=index,
        sequence=sequence,
        cells=[] if missing else [_source_cell(cell, texts[cell.source]) for cell in question.cells],
        missing=missing,
        history=History(runs, store.candidates, store.messages) if store else History(runs, lambda code: ()),
        world=KernelWorld(path.parent, runs, question.session, shared=shared, files=records.file_digests()),
        policies=policies,
    )


def _check(cells: Sequence[NotebookCell]) -> None:
    if len({cell.id for cell in cells}) < len(cells):
        raise Refused("request", "two cells of the notebook have the same id")


def _source_cell(cell: NotebookCell, text: str) -> SourceCell:
    return SourceCell(cell.id, cell.index, text, cell.tags, cell.policy)


def state_of(records: Records, question: Question, path: Path, *, shared: bool = False, plan: str = "") -> State:
    """Answer a question; ``plan`` is the id of the notebook's plan, if there is one."""
    asked = look_up(records, question, path, shared=shared)
    reachable = not question.nonce or (asked.store is not None and asked.store.nonce == question.nonce)
    if asked.missing:
        return State(sequence=asked.sequence, missing=tuple(asked.missing), reachable=reachable, plan=plan)
    checkpoints = asked.index.checkpoints() if asked.index else []
    heads = asked.index.heads() if asked.index else {}
    head = heads.get(question.session, "")
    present = in_kernel(checkpoints, head, question.session, asked.history.runs.values()) if head else {}
    found = freshness(
        asked.cells, asked.history, asked.world, policies=asked.policies, checkpoints=checkpoints, in_kernel=present
    )
    places = {(checkpoint.cell, checkpoint.run): checkpoint.id for checkpoint in checkpoints}
    states = [_as_shown(state, asked, places) for state in found]
    return State(
        sequence=asked.sequence,
        reachable=reachable,
        cells=tuple(states),
        facts=tuple(_all_facts(asked, states, places)),
        edges=tuple(edges(asked.cells, asked.history)),
        head=head,
        last="" if question.session in heads else next(reversed(heads.values()), ""),
        plan=plan,
        tasks=asked.index is not None and has_tasks(asked.index.runs()),
    )


def _as_shown(state: CellState, asked: Asked, places: Container[tuple[str, str]]) -> CellState:
    """Call a cell never run whose text a run of another cell answers: nobody knows what it shows.

    Unless that run was brought back for it, in a kernel that repeats: cell and run are in ``places``.
    """
    if state.freshness != "fresh" or not state.run or asked.history.last_run(state.id) is not None:
        return state
    if (state.id, state.run) in places:
        return state
    reason = "it was not run here; a recorded run of the same code answers it"
    return msgspec.structs.replace(state, freshness="never run", reason=reason)


def _all_facts(asked: Asked, states: Iterable[CellState], places: Mapping[tuple[str, str], str]) -> list[CellFacts]:
    """``places``: the checkpoint of a cell and the run that stands for it there."""
    return [_facts(cell, _run(asked, state.run), places) for cell, state in zip(asked.cells, states, strict=True)]


def _run(asked: Asked, run: str | None) -> Run | None:
    if not run:
        return None
    return asked.history.runs.get(run) or (asked.store.run(run) if asked.store else None)


def _facts(cell: SourceCell, run: Run | None, places: Mapping[tuple[str, str], str]) -> CellFacts:
    analysis = cell.analysis
    if run is None:
        return CellFacts(
            id=cell.id,
            writes=analysis.writes,
            removes=analysis.deletes,
            prelude=analysis.prelude,
            opaque=analysis.opaque,
            policy=cell.policy,
        )
    return CellFacts(
        id=cell.id,
        writes=tuple(version.key[4:] for version in run.writes if version.key.startswith("var:")),
        removes=tuple(key[4:] for key in run.removed if key.startswith("var:")),
        effects=run.effects,
        unknown=run.unknown,
        outside=_outside(run),
        ended=instant(run.started + run.seconds),
        status=run.status,
        error=run.error,
        session=run.session,
        checkpoint_id=places.get((cell.id, run.id), ""),
        prelude=analysis.prelude,
        opaque=analysis.opaque,
        policy=cell.policy,
        source=run.source,
    )


def _outside(run: Run) -> tuple[Source, ...]:
    """Return what a run read that no run made; a setting as a new kernel has it says nothing."""
    names: dict[EdgeKind, list[str]] = defaultdict(list)
    for entry in run.inputs:
        kind = OUTSIDE_KINDS.get(entry.key.partition(":")[0])
        if kind is not None and not entry.run and not entry.kept and entry.digest != DEFAULT:
            names[kind].append(describe(entry.key))
    return tuple(Source(names=tuple(found), kind=kind) for kind, found in names.items())
