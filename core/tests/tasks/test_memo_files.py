"""Files and folders that tasks make, as the memo keeps them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tasks.memos import again, key_of

from nbrewind.store import Store
from nbrewind.tasks import Elsewhere, Memo, Outcome

pytestmark = pytest.mark.py311


def tree(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK)) if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "made"
    (folder / "tree" / "deep" / "empty").mkdir(parents=True)
    (folder / "tree" / "deep" / "a.bin").write_bytes(os.urandom(200_000))
    (folder / "tree" / "run.sh").write_bytes(b"#!/bin/sh\n")
    (folder / "tree" / "run.sh").chmod(0o755)
    (folder / "out.csv").write_bytes(b"a,b\n")
    (folder / "none.txt").touch()
    (folder / "go").write_bytes(b"x" * 70_000)
    (folder / "go").chmod(0o700)
    return {name: folder / name for name in ("tree", "out.csv", "none.txt", "go")}


def test_files_and_folders_come_back(store: Store, memo: Memo, made: dict[str, Path], tmp_path: Path) -> None:
    before = tree(tmp_path / "made")
    memo.record(key_of(), Outcome(b"1", outputs=made))
    assert memo.trouble == ""
    memo.flush()
    other, there = again(store), tmp_path / "there"
    assert not there.exists()
    found = other.find(key_of(), places={name: there / name for name in made})
    assert found is not None and set(found.outputs) == set(made)
    assert tree(there) == before
    (there / "out.csv").write_bytes(b"something else")
    (there / "tree" / "mine").write_bytes(b"mine")
    (there / "tree" / "run.sh").unlink()
    assert other.find(key_of(), places={name: there / name for name in made})
    assert (there / "tree" / "mine").read_bytes() == b"mine"
    (there / "tree" / "mine").unlink()
    assert tree(there) == before
    assert not list(tmp_path.rglob(".*"))


def test_one_that_is_damaged_puts_back_none(store: Store, memo: Memo, made: dict[str, Path], tmp_path: Path) -> None:
    memo.record(key_of(), Outcome(b"1", outputs=made))
    memo.flush()
    blobs = sorted(store.layout.blobs.glob("??/*"), key=lambda path: path.stat().st_size)
    blobs[-1].chmod(0o600)
    blobs[-1].write_bytes(b"x" + blobs[-1].read_bytes()[1:])
    there = tmp_path / "there"
    assert memo.find(key_of(), places={name: there / name for name in made}) is None
    assert [path for path in there.rglob("*") if path.is_file()] == []
    assert memo.find(key_of(), places={"out.csv": there / "out.csv"}) is None
    assert memo.find(key_of()) is None
    memo.record(key_of(), Outcome(b"1", outputs=made))  # it has run again
    memo.flush()
    assert again(store).find(key_of(), places={name: there / name for name in made})
    assert tree(there) == tree(tmp_path / "made")


def test_what_it_did_not_make_and_what_is_no_file_is_not_recorded(memo: Memo, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to("/")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    for number, name in enumerate(["missing", "folder", "pipe"]):
        memo.record(key_of(number), Outcome(b"1", outputs={"x": tmp_path / name}))
        assert memo.find(key_of(number)) is None
        assert "could not" in memo.trouble
        memo.trouble = ""


def test_what_stays_elsewhere_is_known_by_its_digest(store: Store, memo: Memo, tmp_path: Path) -> None:
    memo.record(key_of(), Outcome(outputs={"temp": Elsewhere("sha256:1", 5)}))
    memo.flush()
    other = again(store)
    found = other.find(key_of())
    assert found is not None and found.outputs["temp"].made.size == 5
    assert other.made(key_of(), output="temp") == "sha256:1"
    assert other.made(key_of(), output="other") is None
    assert other.find(key_of(), places={"temp": tmp_path / "temp"}) is None, "it can't be put anywhere"


def test_cleaning_leaves_what_records_need(store: Store, memo: Memo, made: dict[str, Path], tmp_path: Path) -> None:
    memo.record(key_of(1), Outcome(os.urandom(100_000), outputs=made))
    memo.flush()
    cleaner = Store.open(store.directory)
    assert cleaner.usage().garbage == 0
    assert cleaner.clean().before == cleaner.bytes_on_disk() == cleaner.usage().bytes > 300_000
    assert memo.find(key_of(1), places={name: tmp_path / "there" / name for name in made}) is not None
    memo.record(key_of(1), Outcome(b"short"))
    memo.flush()
    assert cleaner.usage().garbage > 300_000
    cleaner.clean()
    assert cleaner.bytes_on_disk() < 10_000
    assert memo.find(key_of(1)) is not None
