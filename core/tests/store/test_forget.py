"""Forgetting really removes: no byte of what was forgotten is left in the store's files."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Notebook, Store, StoreError

ROW = b"secret in a row " * 20
BLOB = b"secret in a blob" + random.Random(0).randbytes(160_000)  # stored as it is
SECRETS = ("secret in a row", "secret in a blob", "secret = 'text'", "secret output", "secret preview", "code:secret")


def find(directory: Path, word: str) -> list[str]:
    """Return the files of a store in which a word is."""
    return [path.name for path in directory.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def secret(history: Any, **options: Any) -> Any:
    """Record a run full of secrets among others."""
    for number in range(30):
        history.run({"other": b"%d" % number * 300}, code=f"code:{number}", source=f"# {number}")
    found = history.run(
        {"x": ROW, "y": BLOB}, cell="cell-2", code="code:secret", source="secret = 'text'",
        outputs=[{"output_type": "stream", "name": "stdout", "text": "secret output"}], error="secret preview",
        **options,
    )  # fmt: skip
    for number in range(30):
        history.run({"other": b"%d" % number * 300}, code=f"code:{number}", source=f"# {number}")
    return found


def assert_gone(directory: Path, *words: str) -> None:
    assert {word: find(directory, word) for word in words} == {word: [] for word in words}


@pytest.mark.py311
def test_a_whole_notebook(store: Store, history: Any, tmp_path: Path, new_history: Any) -> None:
    secret(history)
    other = new_history(store, store.notebook(tmp_path / "b.ipynb"))
    kept = other.run({"x": b"common" * 50_000}, source="x = 1", code="code:1")
    history.run({"x": b"common" * 50_000}, source="x = 1", code="code:1")
    for word in SECRETS:
        assert find(store.directory, word), word
    index = store.layout.index(history.notebook.id)
    wanted = store.forget(history.notebook, preview=True)
    assert (wanted.runs, wanted.checkpoints) == (62, 62)
    assert len(history.notebook.runs()) == 62
    assert store.forget(history.notebook) == wanted
    assert not index.exists() and not list(index.parent.glob(f"{index.stem}*"))
    assert_gone(store.directory, *SECRETS, history.notebook.id)
    assert other.values(kept.id) == {"x": b"common" * 50_000}
    assert store.source("src:" + b"x = 1".hex()) == "x = 1"
    assert [each.path for each in store.notebooks()] == [other.notebook.path]
    assert store.doctor(deep=True) == []
    again = store.notebook(history.notebook.path)
    assert again is not None and again.id != history.notebook.id and again.runs() == []


@pytest.mark.py311
def test_a_cell(store: Store, history: Any) -> None:
    gone = secret(history)
    number = len(history.notebook.runs())
    wanted = store.forget(history.notebook, cell="cell-2", preview=True)
    assert (wanted.runs, wanted.checkpoints) == (1, 1)
    assert wanted.bytes >= len(ROW) + len(BLOB)
    assert store.forget(history.notebook, cell="cell-2") == wanted
    assert_gone(store.directory, *SECRETS)
    assert len(history.notebook.runs()) == number - 1
    assert history.notebook.runs("cell-2") == [] and store.run(gone.run) is None
    state = history.notebook.state(history.head)
    assert sorted(state) == ["var:other", "var:x", "var:y"], "what came after knows that there were values"
    assert [state[f"var:{name}"].loadable for name in ("other", "x", "y")] == [True, False, False]
    assert state["var:x"].reason == "it was forgotten on request"
    found = history.notebook.checkpoint(gone.id)
    assert found is not None and (found.cell, found.run, found.evicted) == ("", "", "it was forgotten on request")
    assert store.doctor(deep=True) == []
    history.run({"z": b"1"})
    assert store.doctor(deep=True) == []


def test_a_cell_that_nothing_follows_leaves_no_checkpoint(store: Store, history: Any) -> None:
    base = history.run({"x": b"1"})
    first = history.run({"x": b"2"}, cell="cell-2")
    history.run({"x": b"3"}, cell="cell-2")
    history.run({"y": b"4"}, parent=base.id)
    store.forget(history.notebook, cell="cell-2")
    assert first.id not in {checkpoint.id for checkpoint in history.notebook.checkpoints()}
    assert len(history.notebook.checkpoints()) == 2
    assert store.doctor(deep=True) == []


@pytest.mark.py311
def test_a_name(store: Store, history: Any) -> None:
    gone = secret(history)
    later = history.run({"x": b"secret in a row, too" * 9}, cell="cell-1")
    wanted = store.forget(history.notebook, name="x", preview=True)
    assert (wanted.runs, wanted.checkpoints) == (2, 2)
    assert store.forget(history.notebook, name="x") == wanted
    assert_gone(store.directory, "secret in a row")
    assert find(store.directory, "secret in a blob")
    state = history.notebook.state(history.head)
    assert not state["var:x"].loadable and state["var:y"].loadable
    assert store.get(state["var:y"].snapshot).stream == BLOB
    assert len(history.notebook.runs("cell-2")) == 1
    assert store.candidates("code:secret") == []
    assert {checkpoint.id for checkpoint in history.notebook.checkpoints() if checkpoint.evicted} == {
        gone.id,
        later.id,
    } | {checkpoint.id for checkpoint in history.notebook.checkpoints()[31:]}
    assert history.notebook.agreement.holds()
    assert store.doctor(deep=True) == []


def test_what_shares_objects_with_a_name_goes_with_it(store: Store, history: Any) -> None:
    history.run({"a": b"secret in a row" * 9, "b": b"secret in a row" * 9, "c": b"other"})
    store.forget(history.notebook, name="a")
    state = history.notebook.state(history.head)
    assert [state[f"var:{name}"].loadable for name in "abc"] == [False, False, True]
    assert_gone(store.directory, "secret in a row")


def test_another_process_that_records_goes_on(store: Store, history: Any, new_history: Any) -> None:
    """A cell or a name may be forgotten while a kernel records."""
    secret(history)
    with Store.open(store.directory) as cleaner:
        theirs = cleaner.notebook(history.notebook.path, create=False)
        assert theirs is not None and theirs.runs()
        cleaner.forget(theirs, cell="cell-1")
        cleaner.forget(theirs, name="y")
    history.run({"z": b"1"})
    assert len(history.notebook.runs()) == 2
    assert store.doctor(deep=True) == []


@pytest.mark.py311
def test_nothing_is_left_where_others_have_the_store_open(store: Store, history: Any) -> None:
    """Nor of what was evicted before: its rows were overwritten, too."""
    with Store.open(store.directory) as other:
        secret(history)
        theirs = other.notebook(history.notebook.path, create=False)
        assert theirs is not None and len(theirs.runs()) == 61
        other.clean(1)
        other.forget(theirs, cell="cell-2")
        assert_gone(store.directory, *SECRETS)
        assert len(history.notebook.runs()) == 60
        store.forget(history.notebook)
        assert theirs.runs() == [] and theirs.checkpoints() == []
        assert not theirs.stands("session-1")
    assert store.doctor(deep=True) == []


def test_who_reads_it_meanwhile_is_told(store: Store, new_history: Any, tmp_path: Path) -> None:
    for number in range(3):
        notebook = store.notebook(tmp_path / f"{number}.ipynb")
        assert notebook is not None
        new_history(store, notebook).run({"x": ROW}, code="code:1")
        told: list[str] = []

        def read(notebook: Notebook = notebook, told: list[str] = told) -> None:
            with contextlib.suppress(StoreError):
                while True:
                    notebook.checkpoints()
            told.append("gone")

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        time.sleep(0.01)
        store.forget(notebook)
        for reader in readers:
            reader.join(10)
        assert told == ["gone", "gone"]
