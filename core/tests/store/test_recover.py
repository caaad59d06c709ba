"""What a kernel has recorded when it dies, and not saved, is saved by the next one, or lost with the reason."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from nbrewind.model import new_id
from nbrewind.store import Store

LARGE = bytes(range(256)) * 40_000


def die_with(directory: Path, path: Path, new_history: Any, *values: bytes) -> list[str]:
    """Record runs as a kernel that dies before it saves any; returns the checkpoints."""
    store = Store.open(directory)
    history = new_history(store, store.notebook(path))
    found = [history.run({f"x{index}": value}, save=False).id for index, value in enumerate(values)]
    for notebook in store.notebooks():
        notebook.close()
    store.database.close()  # not the store: that would write what is left
    return found


@pytest.mark.py311
def test_what_was_recorded_is_saved_by_the_next(directory: Path, tmp_path: Path, new_history: Any) -> None:
    path = tmp_path / "a.ipynb"
    checkpoints = die_with(directory, path, new_history, b"small", LARGE)
    with Store.open(directory) as store:
        notebook = store.notebook(path)
        assert notebook is not None
        assert [entry.saved for entry in notebook.checkpoints()] == [False, False]
        assert store.recover(notebook) == 2
        assert [entry.saved for entry in notebook.checkpoints()] == [True, True]
        assert new_history(store, notebook).values(checkpoints[1]) == {"x0": b"small", "x1": LARGE}
        assert store.candidates("code:1"), "it may answer"
        assert store.recover(notebook) == 0
        assert store.doctor(deep=True) == []


def test_what_is_damaged_is_lost_with_all_that_follows(directory: Path, tmp_path: Path, new_history: Any) -> None:
    path = tmp_path / "a.ipynb"
    die_with(directory, path, new_history, b"before", LARGE, b"after")
    with sqlite3.connect(directory / "traces.sqlite") as database:
        digest, data = database.execute("SELECT digest, data FROM contents ORDER BY LENGTH(data) DESC").fetchone()
        database.execute("UPDATE contents SET data = ? WHERE digest = ?", (bytes([data[0] ^ 1]) + data[1:], digest))
    database.close()
    with Store.open(directory) as store:
        notebook = store.notebook(path)
        assert notebook is not None
        store.recover(notebook)
        first, second, third = notebook.checkpoints()
        assert first.saved and not second.saved and not third.saved
        assert "before it was saved" in second.lost and "damaged" in second.lost
        assert third.lost
        assert [run.id for run in store.candidates("code:1")] == [first.run]


def test_what_another_kernel_saves_at_the_same_time_stays_saved(store: Store, notebook: Any, history: Any) -> None:
    checkpoint = history.run({"x": new_id().encode()}, save=False)
    store.recover(notebook)
    store.sync()
    notebook.mark_saved(checkpoint.id, added=7)
    assert [(entry.saved, entry.stored) for entry in notebook.checkpoints()] == [(True, 7)]
