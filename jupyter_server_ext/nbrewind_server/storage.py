"""What the store holds, cleaning it up, and forgetting. Blocking: not for the event loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nbrewind.planning.known import describe
from nbrewind.planning.notebook import title
from nbrewind.store import Notebook, Store
from nbrewind.store.evict import Eviction
from nbrewind.store.usage import BUDGET, NotebookUsage
from nbrewind_server.paths import Places
from nbrewind_server.problem import Refused
from nbrewind_server.records import Records
from nbrewind_server.storage_messages import (
    Budget,
    BudgetRequest,
    Cleanup,
    Evicted,
    ForgetRequest,
    Forgotten,
    NotebookStorage,
    Storage,
    StoredNotebook,
    StoredShare,
)

NEGATIVE = "the budget must be 0 bytes or more"


def storage_of(records: Records, places: Places) -> Storage:
    """Return what the store holds, against what it may hold; nothing if there is none yet."""
    store, directory = records.store(), str(records.directory)
    if store is None:
        return Storage(directory=directory, bytes=0, budget=0, garbage=0, notebooks=())
    usage = store.usage()
    return Storage(
        directory=directory,
        bytes=usage.bytes,
        budget=usage.budget,
        garbage=usage.garbage,
        notebooks=tuple(_stored(notebook, places.path_of(notebook.path)) for notebook in usage.notebooks),
    )


def notebook_storage_of(records: Records, path: Path, name: str) -> NotebookStorage:
    """Return what the store holds of a notebook, whose API path is ``name``, by cell and by name."""
    store, index = records.store(), records.notebook(path)
    if store is None or index is None:
        return NotebookStorage(notebook=None)
    usage = next((notebook for notebook in store.usage().notebooks if notebook.id == index.id), None)
    if usage is None:  # forgotten just now
        return NotebookStorage(notebook=None)
    shares = store.shares(index)
    title_of = _titles(records, index)
    return NotebookStorage(
        notebook=_stored(usage, name),
        cells=tuple(
            StoredShare(
                key=one.key, title=title_of(one.key), bytes=one.bytes, checkpoints=one.checkpoints, tasks=one.tasks
            )
            for one in shares.cells
        ),
        names=tuple(
            StoredShare(
                key=one.key,
                title=describe(one.key) if ":" in one.key else "",
                bytes=one.bytes,
                checkpoints=one.checkpoints,
            )
            for one in shares.names
        ),
    )


def set_budget(records: Records, path: Path | None, request: BudgetRequest) -> Budget:
    """Set how much a notebook may hold, or without a path the whole store. Nothing is evicted by that.

    Raises:
        Refused: the budget makes no sense, is not decided here, or nothing is recorded yet.
    """
    wanted = request.budget
    if wanted is not None and wanted < 0:
        raise Refused("request", NEGATIVE)
    if path is not None:
        _, index = records.recorded(path)
        index.set_budget(wanted)
        return Budget(path=request.path, budget=index.budget)
    if wanted is None:
        raise Refused("request", "a store has a budget in any case: say how many bytes")
    if os.environ.get(BUDGET):
        raise Refused("request", f"{BUDGET} in the server's environment says how much the store may hold: set it there")
    store = _store(records)
    store.set_budget(wanted)
    return Budget(path="", budget=store.budget)


def clean(records: Records, places: Places, budget: int | None, *, preview: bool) -> Cleanup:
    """Clean the store up, or only say what that would do.

    Raises:
        Refused: there is no store, or the budget makes no sense.
    """
    if budget is not None and budget < 0:
        raise Refused("request", NEGATIVE)
    store = _store(records)
    done = store.plan_cleanup(budget) if preview else store.clean(budget)
    touched = {one.notebook for one in done.evictions}
    title_of = {index.path: _titles(records, index) for index in store.notebooks() if index.path in touched}

    def evicted(one: Eviction) -> Evicted:
        return Evicted(
            path=places.path_of(one.notebook),
            file=one.notebook,
            checkpoint=one.checkpoint,
            cell=one.cell,
            title=title_of[one.notebook](one.cell) if one.notebook in title_of else "",
            bytes=one.bytes,
            seconds=one.seconds,
            reason=one.reason,
            tasks=one.tasks,
        )

    return Cleanup(
        budget=done.budget,
        before=done.before,
        after=done.after,
        garbage=done.garbage,
        evictions=tuple(evicted(one) for one in done.evictions),
    )


def forget(records: Records, path: Path, request: ForgetRequest) -> Forgotten:
    """Forget a notebook, or a cell or a name of it; or only say what that would remove.

    Raises:
        Refused: nothing is recorded of the notebook, or a cell and a name are given.
    """
    if request.cell and request.name:
        raise Refused("request", "say either a cell or a name to forget, not both")
    store, index = records.recorded(path)
    done = store.forget(index, cell=request.cell, name=request.name, preview=request.preview)
    return Forgotten(
        path=request.path,
        cell=request.cell,
        name=request.name,
        runs=done.runs,
        checkpoints=done.checkpoints,
        bytes=done.bytes,
        tasks=done.tasks,
    )


def _store(records: Records) -> Store:
    store = records.store()
    if store is None:
        raise Refused("unknown", f"nothing is recorded yet: there is no store at {records.directory}")
    return store


def _titles(records: Records, index: Notebook) -> Callable[[str], str]:
    """Return what gives the first line of the text that a cell last ran, by the cell's id."""
    sources = {run.cell: run.source for run in index.runs()}
    return lambda cell: title(records.text(sources[cell]) or "") if cell in sources else ""


def _stored(notebook: NotebookUsage, path: str) -> StoredNotebook:
    return StoredNotebook(
        path=path,
        file=notebook.path,
        exists=os.path.exists(notebook.path),
        bytes=notebook.bytes,
        own=notebook.own,
        checkpoints=notebook.checkpoints,
        kept=notebook.kept,
        evicted=notebook.evicted,
        budget=notebook.budget,
    )
