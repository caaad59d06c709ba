"""The four facts about every cell, each judgement with its reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nbrewind.model import (
    ABSENT,
    PLACE,
    CellState,
    Checkpoint,
    CheckpointState,
    Freshness,
    InKernel,
    Input,
    Run,
    Version,
)
from nbrewind.planning.known import VAR, describe
from nbrewind.planning.makers import makers
from nbrewind.planning.match import Meeting, Mismatch, Outside, with_remarks
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.simulate import Judgement, simulate
from nbrewind.planning.trace import ALL_NAMES


def freshness(
    cells: Iterable[SourceCell],
    records: Records,
    outside: Outside,
    *,
    policies: Policies = DEFAULT_POLICIES,
    checkpoints: Iterable[Checkpoint] = (),
    in_kernel: Mapping[str, InKernel] | None = None,
) -> list[CellState]:
    """Return the state of every code cell, in order.

    A cell is fresh if what it shows (the outputs of its last run) is what it would show if all cells above it ran
    once, in order, in a new kernel. A cell without a run of its own is judged by the records of the whole store.
    """
    notebook = list(cells)
    positions = {cell.id: cell.index for cell in notebook}
    saved = _checkpoint_states(checkpoints)
    return [
        _state(found, records, outside, policies, positions, saved, in_kernel or {})
        for found in simulate(notebook, records, outside, policies=policies, cautious=True)
    ]


def in_kernel(checkpoints: Iterable[Checkpoint], head: str, session: str, runs: Iterable[Run]) -> dict[str, InKernel]:
    """Return where the results of every cell's newest run are, for a kernel session that stands at ``head``.

    ``live``: the run lies on the head's line and was made in this session. ``restored``: it lies there, but came by a
    load, a skip, or a rewind to a checkpoint of another session; or another run stands there for the cell. ``no``: it
    does not lie there. ``runs``: oldest first.
    """
    by_id = {checkpoint.id: checkpoint for checkpoint in checkpoints}
    line: dict[str, InKernel] = {}
    stood_for: set[str] = set()
    while head in by_id:
        at = by_id.pop(head)
        line.setdefault(at.run, "live" if at.action == "run" and at.session == session else "restored")
        if at.action != "run":
            stood_for.add(at.cell)
        head = at.parent
    newest = {run.cell: run.id for run in runs if run.cell}
    found: dict[str, InKernel] = {cell: "restored" for cell in stood_for if cell}
    found.update({cell: line[run] for cell, run in newest.items() if run in line})
    return {cell: found.get(cell, "no") for cell in {*newest, *found}}


def _state(
    found: Judgement,
    records: Records,
    outside: Outside,
    policies: Policies,
    positions: Mapping[str, int],
    saved: Mapping[str, tuple[CheckpointState, str]],
    in_kernel: Mapping[str, InKernel],
) -> CellState:
    cell = found.cell
    own = records.last_run(cell.id)
    shown = own or found.answered
    word, reason = _freshness(found, own, records, outside, policies, positions)
    checkpoint: CheckpointState = "none"
    if shown is not None:
        checkpoint, lost = saved.get(shown.id, ("saved" if shown is found.answered else "none", ""))
        if lost:
            reason = f"{reason}; {lost}" if reason else lost
    return CellState(
        id=cell.id,
        index=cell.index,
        freshness=word,
        reason=reason,
        checkpoint=checkpoint,
        in_kernel=in_kernel.get(cell.id, "no"),
        run=shown.id if shown else None,
        bytes=shown.bytes if shown else 0,
        seconds=shown.seconds if shown else 0.0,
        label=cell.title,
    )


def _freshness(
    found: Judgement,
    own: Run | None,
    records: Records,
    outside: Outside,
    policies: Policies,
    positions: Mapping[str, int],
) -> tuple[Freshness, str]:
    cell = found.cell
    if not cell.source.strip():
        return "fresh", "the cell is empty"
    if cell.analysis.own:
        return "fresh", "the cell only steers recording"
    if own is None:
        if found.answered is not None:
            return "fresh", with_remarks("a recorded run answers it", found.answered, outside)
        elsewhere = f"; another run of the same code does not answer it: {found.reason}" if found.mismatch else ""
        return "never run", "no run of it is recorded" + elsewhere
    if found.answered is not None and found.answered.id == own.id:
        return "fresh", with_remarks("nothing that it read has changed", own, outside)
    # What it only kept as it was makes no difference to what it shows.
    why = Meeting(cell.analysis, cell.digest, found.before, outside, policies).mismatch(own, shown=True)
    if why is None:
        return "fresh", with_remarks("nothing that it read has changed", own, outside)
    if why.cause in ("variable", "input"):
        if found.answered is not None and _equal(own, found.answered, records):
            return "fresh", with_remarks("it shows and left what it would here", own, outside)
        return _changed(why, own, found, records, positions)
    words: dict[str, Freshness] = {
        "source": "edited", "failed": "failed", "unknown": "unknown", "upstream": "upstream stale"
    }  # fmt: skip
    return words[why.cause], why.reason


def _equal(own: Run, answered: Run, records: Records) -> bool:
    """Whether a cell's last run shows and left what the run did that answers here, though it met something else.

    So it is where a cell that sets an option runs again: the option was set before it. What it did not touch outside
    the variables counts for nothing: a module that was imported before adds no filters of warnings again.
    """
    kept = {entry.key for entry in own.inputs if entry.kept}
    wrote = {version.key: version.digest for version in own.writes}
    left = {entry.key: entry.digest for entry in own.inputs if entry.key.startswith(VAR)} | wrote
    made = {version.key: version.digest for version in answered.writes}
    return (
        all(left.get(key) == digest for key, digest in made.items() if key.startswith(VAR) or key in wrote)
        and all(key in made or key in kept for key in wrote)
        and own.removed == answered.removed
        and (shown := records.showed(own.id)) is not None
        and shown == records.showed(answered.id)
    )


def _changed(
    why: Mismatch, own: Run, found: Judgement, records: Records, positions: Mapping[str, int]
) -> tuple[Freshness, str]:
    """Tell a changed input from one that was read out of notebook order."""
    here = found.cell.index
    name = describe(why.key)
    seen = next((entry for entry in own.inputs if entry.key == why.key), None)
    runs = makers(seen, records) if seen and seen.digest != ABSENT else []
    version = found.before.items.get(why.key)
    doubt = _unprovable(why.key, seen, runs, version, own, found.cell, records)
    if doubt:
        return "unknown", doubt
    makers_of = [records.producer(run) for run in runs]
    for maker in makers_of:
        if maker == found.cell.id:
            return "out of order", f"it read {name} as its own earlier run left it"
        if maker.startswith(PLACE):
            return "out of order", f"it read {name} as code made it that is no cell of the notebook"
        if maker and maker not in positions:
            return "out of order", f"it read {name} as a cell made it that is not in the notebook"
        if maker and positions[maker] > here:
            return "out of order", f"it read {name} as cell {positions[maker] + 1} made it, which stands below"
    above = records.producer(version.run) if version else ""
    if seen is None or (not seen.run and version is not None):
        where = f"cell {positions[above] + 1}" if above in positions else "a cell above"
        return "out of order", f"it ran before {where} made {name}"
    maker = makers_of[0] if makers_of else ""
    if maker and positions[maker] < positions.get(above, 0):
        made = f"as cell {positions[maker] + 1} made it, not as cell {positions[above] + 1} does"
        return "out of order", f"it read {name} {made}, which stands between"
    return "input changed", why.reason


def _unprovable(
    key: str,
    seen: Input | None,
    runs: Sequence[str],
    version: Version | None,
    own: Run,
    cell: SourceCell,
    records: Records,
) -> str:
    """Say why it can't be told whether what a cell read is another here; empty if it is.

    What modules hold is not recorded, and what was made by a cell that can look at all variables has no exact digest
    of its own: both depend on whatever else was there.
    """
    name, module = describe(key), key.removeprefix("module:")
    texts, named = cell.analysis.strings, {*cell.analysis.reads, *cell.analysis.imports}
    if module != key and module in texts and module not in named:
        return f"a text in it names {module}, and whether it met {name} is not known"
    if seen is None or not runs or not _is_alike(runs[0], version.run if version else own.id, records):
        return ""
    if module != key:
        return f"{name} is not recorded, and whether it would meet the same is not known"
    maker = records.run(runs[0])
    if not seen.digest.startswith("b3:") and maker is not None and _saw_all(maker):
        return f"{name} was made by a cell that can see all variables: whether it is the same here is not known"
    return ""


def _saw_all(run: Run) -> bool:
    return any(entry.key == ALL_NAMES for entry in run.inputs)


def _is_alike(one: str, other: str, records: Records) -> bool:
    """Whether two runs are of one cell and one code: they may have made the same though they met another state."""
    first, second = records.run(one), records.run(other)
    return first is not None and second is not None and (first.cell, first.code) == (second.cell, second.code)


def _checkpoint_states(checkpoints: Iterable[Checkpoint]) -> dict[str, tuple[CheckpointState, str]]:
    found: dict[str, tuple[CheckpointState, str]] = {}
    for checkpoint in checkpoints:
        if checkpoint.lost:
            found[checkpoint.run] = ("lost", f"its checkpoint was lost: {checkpoint.lost}")
        elif checkpoint.evicted:
            found[checkpoint.run] = ("evicted", f"contents of its checkpoint are gone: {checkpoint.evicted}")
        else:
            found[checkpoint.run] = ("saved" if checkpoint.saved else "saving", "")
    return found
