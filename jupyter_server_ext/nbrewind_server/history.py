"""History, differences, texts and outputs as the browser asks for them. Blocking: not for the event loop."""

from __future__ import annotations

from pathlib import Path

from nbrewind.model import Run
from nbrewind.planning.history import Change, difference, history_rows, in_words, sources_at
from nbrewind.planning.known import describe
from nbrewind.store import ContentError, Notebook, Store
from nbrewind_server.messages import (
    Difference,
    Head,
    History,
    Mark,
    NameChange,
    Outputs,
    Sources,
    SourceText,
)
from nbrewind_server.problem import Refused
from nbrewind_server.records import Records


class Finder:
    """Finds runs by id: those of a notebook at once, others in the store."""

    def __init__(self, store: Store, index: Notebook) -> None:
        """Look in a notebook first."""
        self._store = store
        self._runs = {run.id: run for run in index.runs()}

    def __call__(self, run: str) -> Run | None:
        """Return a run."""
        if run and run not in self._runs and (found := self._store.run(run)) is not None:
            self._runs[run] = found
        return self._runs.get(run)


def history_of(records: Records, path: Path) -> History:
    """Return the checkpoint tree of a notebook; an empty one if nothing is recorded of it."""
    store, index = records.store(), records.notebook(path)
    if store is None or index is None:
        return History(sequence=0, heads=(), checkpoints=())
    sequence = index.sequence()
    checkpoints, find = index.checkpoints(), Finder(store, index)
    made = (find(checkpoint.run) for checkpoint in checkpoints)
    texts, _ = records.find_texts({run.source for run in made if run is not None}, {})
    rows = history_rows(checkpoints, find, texts.get)
    return History(
        sequence=sequence,
        heads=tuple(Head(session=session, checkpoint=place) for session, place in index.heads().items()),
        checkpoints=tuple(rows),
    )


def difference_of(records: Records, path: Path, one: str, other: str) -> Difference:
    """Return what differs between two checkpoints; an empty id stands for a new kernel."""
    store, index = records.recorded(path)
    for checkpoint in (one, other):
        if checkpoint:
            _known(index, checkpoint)
    changes, same = difference(index.state(one), index.state(other))
    find = Finder(store, index)
    return Difference(one=one, other=other, names=tuple(_name_change(change, find) for change in changes), same=same)


def _name_change(change: Change, find: Finder) -> NameChange:
    maker = find(change.after.run) if change.after is not None else None
    return NameChange(
        name=describe(change.key),
        change="added" if change.before is None else "removed" if change.after is None else "changed",
        before=in_words(change.before),
        after=in_words(change.after),
        bytes=change.after.bytes if change.after is not None else 0,
        cell=maker.cell if maker is not None else "",
    )


def sources_of(records: Records, path: Path, checkpoint: str) -> Sources:
    """Return the cells' texts as they last ran on the branch that ends at a checkpoint."""
    store, index = records.recorded(path)
    _known(index, checkpoint)
    digests = sources_at(index.checkpoints(), checkpoint, Finder(store, index))
    texts = {cell: records.text(digest) for cell, digest in digests.items()}
    return Sources(
        checkpoint=checkpoint,
        cells=tuple(SourceText(cell=cell, text=text) for cell, text in texts.items() if text is not None),
    )


def mark(records: Records, path: Path, change: Mark) -> History:
    """Label a checkpoint, or keep it; returns the history then."""
    _, index = records.recorded(path)
    _known(index, change.checkpoint)
    if change.label is not None:
        index.label(change.checkpoint, change.label.strip())
    if change.keep is not None:
        index.keep(change.checkpoint, change.keep)
    return history_of(records, path)


def outputs_of(records: Records, run: str) -> Outputs:
    """Return the recorded outputs of a run of any notebook."""
    store = records.store()
    found = store.run(run) if store is not None else None
    if store is None or found is None:
        raise Refused("unknown", f"there is no run {run} in the store at {records.directory}")
    try:
        outputs = store.outputs(run)
    except ContentError as error:
        raise Refused("store", str(error)) from error
    return Outputs(run=run, outputs=tuple(outputs), execution_count=found.execution_count, source=found.source)


def _known(index: Notebook, checkpoint: str) -> None:
    if index.checkpoint(checkpoint) is None:
        raise Refused("unknown", f"there is no checkpoint {checkpoint} in the history of this notebook")
