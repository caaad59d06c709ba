"""Stores of earlier versions open under this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Store, schema


@pytest.mark.py311
def test_an_index_from_before_eviction(directory: Path, new_history: Any) -> None:
    """Schema 1 knew no evicted contents: all of its checkpoints are there, and can be evicted now."""
    with Store.open(directory) as store:
        notebook = store.notebook(directory.parent / "a.ipynb")
        history = new_history(store, notebook)
        first = history.run({"x": bytes(100_000)})
        history.run({"x": b"1"})
    (path,) = (directory / "notebooks").glob("*.sqlite")
    with sqlite3.connect(path) as old:  # back to what schema 1 had
        old.execute("ALTER TABLE checkpoints DROP COLUMN evicted")
        old.execute("ALTER TABLE runs DROP COLUMN evicted")
        old.execute("DROP TABLE evicted")
        old.execute("DELETE FROM meta WHERE key = 'forgotten'")
        old.execute("PRAGMA user_version = 1")
        made = {sql for (sql,) in old.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        assert made == {statement for statement in schema.NOTEBOOK[0] if statement.startswith("CREATE")}
    old.close()
    with Store.open(directory) as store:
        (notebook,) = store.notebooks()
        assert notebook.database.schema() == len(schema.NOTEBOOK)
        assert [checkpoint.evicted for checkpoint in notebook.checkpoints()] == ["", ""]
        assert [entry.checkpoint for entry in store.clean(1000).evictions] == [first.id]
        assert store.doctor(deep=True) == []
