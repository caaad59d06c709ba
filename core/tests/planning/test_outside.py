"""The world as it is now: files, folders, environment, packages."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import pytest

from nbrewind.model import ABSENT
from nbrewind.planning.outside import World, folder_digest, package_digest, path_key
from nbrewind.state.files import FOLDER, Digests, file_digest

pytestmark = pytest.mark.py311


def test_paths_below_the_notebook_are_relative_and_all_others_absolute(tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "work"
    folder.mkdir()
    assert path_key(folder / "data" / "a.csv", folder) == "file:data/a.csv"
    assert path_key(tmp_path / "b.csv", folder) == f"file:{tmp_path.resolve()}/b.csv"
    assert path_key(folder, folder, "dir") == "dir:"
    assert path_key(f"{folder}2", folder) == f"file:{folder}2"


def test_a_file_is_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("text")
    two.write_text("text")
    assert file_digest(one) == file_digest(two)
    two.write_text("other")
    assert file_digest(one) != file_digest(two)
    assert file_digest(tmp_path / "none") == ABSENT
    assert file_digest(tmp_path) == FOLDER


def test_a_folder_is_its_names(tmp_path: Path) -> None:
    before = folder_digest(tmp_path)
    (tmp_path / "new").touch()
    assert folder_digest(tmp_path) != before
    assert folder_digest(tmp_path / "none") == ABSENT


def test_a_change_of_a_file_is_seen_again_and_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    seen = [world.digest("file:a")]
    for text in ("one", "three", "three"):
        (tmp_path / "a").write_text(text)
        seen.append(world.digest("file:a"))
    assert seen[0] == ABSENT
    assert len(set(seen)) == 3 and seen[2] == seen[3]


def test_environment_packages_and_python_have_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    monkeypatch.setenv("SOME_NAME", "one")
    one = world.digest("env:SOME_NAME")
    monkeypatch.setenv("SOME_NAME", "two")
    assert world.digest("env:SOME_NAME") != one
    assert world.digest("env:NO_SUCH_NAME") == ABSENT
    assert world.digest("python:") == f"v:{platform.python_version()}"
    assert World(tmp_path, "3.11.1").digest("python:") == "v:3.11.1"
    assert world.digest("package:pytest") == f"v:{pytest.__version__}"
    assert world.digest("package:no_such_package") == ABSENT


def test_a_package_is_found_by_the_name_that_is_imported() -> None:
    assert package_digest("IPython").startswith("v:")
    assert package_digest("_pytest").startswith("v:")


def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path: Path) -> None:
    """As `cp -p`, `tar` and `rsync` leave it; and one in the same tick of the clock."""
    place, files = tmp_path / "a.csv", Digests()
    place.write_text("old")
    long_ago = time.time() - 1000
    os.utime(place, (long_ago, long_ago))
    before = World(tmp_path, files=files).digest("file:a.csv")
    with open(place, "r+") as file:
        file.write("new")
    os.utime(place, (long_ago, long_ago))
    after = World(tmp_path, files=files).digest("file:a.csv")
    assert after != before
    world = World(tmp_path, files=files)
    for text in ("one", "two", "six"):
        place.write_text(text)
        assert world.digest("file:a.csv") == file_digest(place)


def test_a_file_that_stays_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, read = tmp_path / "a.csv", list[object]()
    place.write_text("text")
    monkeypatch.setattr("nbrewind.state.files.SETTLED", -(10**12))
    monkeypatch.setattr("nbrewind.state.files.file_digest", lambda path: read.append(path) or file_digest(path))
    world = World(tmp_path)
    assert world.digest("file:a.csv") == world.digest("file:a.csv") == file_digest(place)
    assert read == [place]
