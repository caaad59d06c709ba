"""Stores of earlier versions open under this one."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Content, Store, StoreError, schema
from nbrewind.store.tasks import Place, TaskRow


@pytest.mark.py311
def test_an_index_from_before_eviction(directory: Path, new_history: Any) -> None:
    """Schema 1 knew no evicted contents: all of its checkpoints are there, and can be evicted now."""
    with Store.open(directory) as store:
        notebook = store.notebook(directory.parent / "a.ipynb")
        history = new_history(store, notebook)
        first = history.run({"x": random.Random(1).randbytes(100_000)})
        history.run({"x": b"1"})
    (path,) = (directory / "notebooks").glob("*.sqlite")
    with sqlite3.connect(path) as old:  # back to what schema 1 had
        old.execute("ALTER TABLE checkpoints DROP COLUMN evicted")
        old.execute("ALTER TABLE runs DROP COLUMN evicted")
        old.execute("DROP TABLE evicted")
        old.execute("DROP TABLE logs")
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


@pytest.mark.py311
def test_a_store_from_before_compression(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was stored as it is comes back, is not stored again, and counts as what it takes."""
    content = Content(bytes(70_000), [bytes(50_000)], b"")
    with monkeypatch.context() as patch:
        patch.setattr("nbrewind.store.store.TRACES", schema.TRACES[:1])
        patch.setattr("nbrewind.store.blobs._compressed", lambda *_: None)
        patch.setattr("nbrewind.store.small.COMPRESSED_BYTES", 1_000_000)
        with Store.open(directory) as old:
            stored = old.put(content)
            old.sync()
            assert old.database.schema() == 1
    with Store.open(directory) as store:
        assert store.info().schema == len(schema.TRACES)
        assert store.get(stored.id) == Content(content.stream, [bytearray(50_000)], b"")
        assert store.put(content).added == 0
        assert store.bytes_on_disk() == 120_000
        assert store.doctor(deep=True) == []


def test_a_store_from_before_tasks(directory: Path, new_history: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema 2 knew no records of tasks: all else is as it was, and there is room for them now."""
    with monkeypatch.context() as patch:
        patch.setattr("nbrewind.store.store.TRACES", schema.TRACES[:2])
        with Store.open(directory) as old:
            history = new_history(old, old.notebook(directory.parent / "a.ipynb"))
            checkpoint = history.run({"x": b"1" * 100_000}).id
            assert old.database.schema() == 2
    with Store.open(directory) as store:
        assert store.database.schema() == len(schema.TRACES)
        assert new_history(store, store.notebooks()[0]).values(checkpoint) == {"x": b"1" * 100_000}
        store.tasks.add(TaskRow((1, 0), Place("", ""), b"", 1.0, b"record", b"", ()))
        store.tasks.flush()
        assert store.tasks.find((1, 0)) is not None
        assert store.doctor(deep=True) == []


def test_an_older_version_says_that_it_is_too_old(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(directory).close()
    monkeypatch.setattr("nbrewind.store.store.TRACES", schema.TRACES[:1])
    newest = len(schema.TRACES)
    with pytest.raises(StoreError, match=rf"a newer nbrewind \(schema {newest}; this version knows up to 1\); upgrade"):
        Store.open(directory)
