"""Which notebook is which: paths, renames, copies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Notebook, Store

CELLS = ["a1", "b2", "c3", "d4"]


def _open(store: Store, path: Path, cells: list[str] | None = None) -> Notebook:
    found = store.notebook(path, cells=cells or ())
    assert found is not None
    return found


@pytest.mark.py311
def test_a_notebook_is_known_by_its_real_path(store: Store, tmp_path: Path) -> None:
    path, link = tmp_path / "a.ipynb", tmp_path / "link.ipynb"
    path.touch()
    link.symlink_to(path)
    first = _open(store, path)
    assert first.path == str(path)
    assert _open(store, link) is first
    assert _open(store, tmp_path / "." / "a.ipynb", ["other", "cells"]) is first
    assert store.notebook(tmp_path / "b.ipynb", create=False) is None
    assert [found.id for found in store.notebooks()] == [first.id]


@pytest.mark.py311
@pytest.mark.parametrize("create", [True, False])
def test_a_renamed_notebook_keeps_its_history(store: Store, tmp_path: Path, create: bool, new_history: Any) -> None:
    old, new = tmp_path / "old.ipynb", tmp_path / "new.ipynb"
    old.touch()
    first = _open(store, old, CELLS)
    head = new_history(store, first).run({"x": b"1"}).id
    old.rename(new)
    found = store.notebook(new, cells=[*CELLS[1:], "e5"], create=create)
    assert found is not None
    assert (found.id, found.path) == (first.id, str(new))
    assert found.checkpoint(head) is not None
    assert [entry.path for entry in store.notebooks()] == [str(new)]
    new_at_old_place = _open(store, old, CELLS)
    assert new_at_old_place.id != first.id


def test_a_copy_starts_its_own_history_and_profits_from_all_records(
    store: Store, tmp_path: Path, new_history: Any
) -> None:
    old, copy = tmp_path / "old.ipynb", tmp_path / "copy.ipynb"
    old.touch()
    first = _open(store, old, CELLS)
    run = new_history(store, first).run({"x": b"1"}).run
    copy.touch()
    second = _open(store, copy, CELLS)
    assert second.id != first.id
    assert second.runs() == []
    assert [found.id for found in store.candidates("code:1")] == [run]


def test_cells_in_common_must_be_a_majority(store: Store, tmp_path: Path) -> None:
    first = _open(store, tmp_path / "gone.ipynb", CELLS)
    assert _open(store, tmp_path / "b.ipynb", ["a1", "b2", "x", "y"]).id != first.id
    assert _open(store, tmp_path / "c.ipynb", ["x", "y"]).id != first.id
    assert _open(store, tmp_path / "d.ipynb").id != first.id
    assert _open(store, tmp_path / "e.ipynb", ["a1", "b2", "c3", "y"]).id == first.id


def test_the_notebook_that_shares_most_cells_is_meant(store: Store, tmp_path: Path) -> None:
    gone = _open(store, tmp_path / "gone.ipynb", CELLS[:3])
    (tmp_path / "here.ipynb").touch()
    here = _open(store, tmp_path / "here.ipynb", ["x", *CELLS])
    found = _open(store, tmp_path / "copy.ipynb", ["x", *CELLS])
    assert found.id not in (gone.id, here.id)


def test_a_renamed_copy_is_the_copy(store: Store, tmp_path: Path) -> None:
    for name in ("original", "copy"):
        (tmp_path / f"{name}.ipynb").touch()
        _open(store, tmp_path / f"{name}.ipynb", CELLS)
    copy = _open(store, tmp_path / "copy.ipynb")
    (tmp_path / "copy.ipynb").rename(tmp_path / "renamed.ipynb")
    assert _open(store, tmp_path / "renamed.ipynb", CELLS).id == copy.id


def test_cells_known_from_runs_only(store: Store, tmp_path: Path, new_history: Any) -> None:
    first = _open(store, tmp_path / "gone.ipynb")  # a kernel knows the path alone
    history = new_history(store, first)
    history.run(cell="a1")
    history.run(cell="b2")
    history.run(cell="place:code:1:0")
    assert _open(store, tmp_path / "new.ipynb", ["a1", "b2", "c3"]).id == first.id


def test_a_path_that_is_not_unicode(store: Store, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.ipynb")
    first = _open(store, path, CELLS)
    with Store.open(store.directory) as other:
        found = _open(other, path)
        assert (found.id, found.path) == (first.id, str(path))
