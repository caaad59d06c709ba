"""A run that an engine has made of a cell enters the history where the kernel stands, as if it had been made here.

Whoever asks for that has judged that it answers the cell: what it read is what is here. So what it says of where that
came from can be said in terms of this session, and the record is that of an ordinary run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from nbrewind.analysis import source_digest
from nbrewind.model import Checkpoint, Input, Run, Version
from nbrewind.store import Store

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder


class Stuck(Exception):
    """It can't be taken over: ``names`` refer to a function or class that it changed, and can't be loaded with it."""

    def __init__(self, names: list[str]) -> None:
        """Take the names."""
        super().__init__(", ".join(names))
        self.names = names


def enter(recorder: Recorder, place: str, run_id: str, cell: str, source: str, number: int, added: int) -> Run:
    """Record the run of the store at ``place`` as one of this session; its values are known, and not bound.

    Args:
        recorder: of this kernel.
        place: the directory of the engine's store.
        run_id: the run there; its contents are in this store already, safely on disk.
        cell: the id of the cell that it answers.
        source: the cell's exact text.
        number: the cell's execution count.
        added: bytes that its contents have added to this store.

    Raises:
        LookupError: there is no such run.
        Stuck: it can't be taken over here; nothing was changed.
    """
    with Store.open(place, create=False) as made:
        found = made.run(run_id)
        if found is None:
            raise LookupError(f"there is no run {run_id} in the store at {place}")
        outputs = made.messages(run_id)
    if stuck := recorder.stuck(found):
        raise Stuck(stuck)
    run = _as_here(found, recorder, cell, source, number)
    analysis = recorder.analysis(source)

    def record(checkpoint: Checkpoint) -> None:
        recorder.notebook.record(run, checkpoint, source=source, outputs=outputs, analysis=analysis)
        recorder.number = run.number
        recorder.makers.update(dict.fromkeys(run.removed, run.id))

    checkpoint = recorder.adopt(run, cell, "run", record)
    recorder.saver.save(checkpoint, added)
    return run


def _as_here(run: Run, recorder: Recorder, cell: str, source: str, number: int) -> Run:
    """Return the run as one of this session, bound to the versions that are here."""

    def bound(entry: Input) -> Input:
        version = recorder.state.get(entry.key)
        return replace(entry, run=version.run if version is not None else recorder.makers.get(entry.key, ""))

    def based(version: Version) -> Version:
        before = recorder.state.get(version.key)
        return replace(version, base=before.run) if version.base and before is not None else version

    return replace(
        run,
        notebook=recorder.notebook.id,
        session=recorder.session,
        cell=cell,
        number=recorder.number + 1,
        execution_count=number,
        source=source_digest(source),
        inputs=tuple(bound(entry) for entry in run.inputs),
        writes=tuple(based(version) for version in run.writes),
    )
