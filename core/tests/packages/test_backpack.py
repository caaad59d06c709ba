"""A plain backpack of Floability, which knows nothing of records, is inspected, imported and repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import Place, texts
from package_tools import DATA, TABLE, backpack, zipped

pytest.importorskip("yaml")


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder around"])
def test_it_repeats_and_all_runs(tmp_path: Path, form: str) -> None:
    place = Place(tmp_path)
    made = backpack(tmp_path / "pack")
    package = "pack"
    if form != "folder":
        package = zipped(made, tmp_path / "pack.zip", "name-main/" if "around" in form else "").name
    told = place("inspect", package, "--json")
    assert told.code == 0 and told.json["cells"] == 3, told
    assert [(one["path"], bool(one["inside"])) for one in told.json["data"]] == [
        ("tables/table.csv", True),
        ("large.root", False),
    ]
    assert "all its cells run" in place("inspect", package).out
    answer = place("repeat", package, "--into", "work", "-o", "done.ipynb", "--json")
    assert answer.code == 0 and "all its cells run" in answer.err, answer
    assert [step["action"] for step in answer.json["steps"]] == ["run"] * 3
    assert texts(place.read("done.ipynb"))[-1] == "2\n"
    assert (tmp_path / "work" / "tables" / "table.csv").read_bytes() == TABLE
    again = place("repeat", package, "--into", "work", "-o", "done.ipynb", "--json")
    assert again.code == 0 and again.json["steps"][1]["action"] != "run", "what was recorded meanwhile answers"


def test_import_names_what_is_elsewhere(tmp_path: Path) -> None:
    place = Place(tmp_path)
    backpack(tmp_path / "pack")
    answer = place("import", "pack", "copy")
    assert answer.code == 0 and "large.root, which is at https://host.invalid/large.root" in answer.out


@pytest.mark.parametrize("command", ["verify", "trust"])
def test_there_is_nothing_to_check_or_trust(tmp_path: Path, command: str) -> None:
    backpack(tmp_path / "pack")
    answer = Place(tmp_path)(command, "pack")
    assert answer.code == 2 and "backpack without records" in answer.line()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("target_location: tables/table.csv", "target_location: ../../evil", "may lie outside"),
        ("source: data/table.csv", "source: data/other.csv", "has no data/other.csv"),
        ("checksum: sha256:", "checksum: sha256:0", "does not have the digest"),
        ("profiles:", "profiles: [", "can't be read"),
        (
            "local_data:\n    data:",
            "local_data:\n    data: !!python/object/apply:os.system [id]\n    other:",
            "can't be read",
        ),
        ("source: data/table.csv", "source: [[data/table.csv]]", "list where a text is wanted"),
        ("default_profile: local_data\nprofiles:", "default_profile: 5\nprofiles: [{}]\nothers:", "can't be read"),
    ],
)
def test_what_is_wrong_with_it_is_told_and_nothing_is_left(tmp_path: Path, old: str, new: str, why: str) -> None:
    made = backpack(tmp_path / "pack")
    assert old in DATA
    (made / "data" / "data.yml").write_text(DATA.replace(old, new, 1))
    answer = Place(tmp_path)("import", "pack", "copy")
    assert answer.code == 2 and why in answer.line(), answer
    assert not (tmp_path / "evil").exists() and not (tmp_path / "copy" / "tables" / "table.csv").exists()


@pytest.mark.parametrize("text", ["[]", "{}", '{"nbformat": 4, "nbformat_minor": 5, "cells": [{}]}', "\udcff"])
def test_a_notebook_that_is_none(tmp_path: Path, text: str) -> None:
    made = backpack(tmp_path / "pack")
    (made / "workflow" / "analysis.ipynb").write_text(text, errors="surrogateescape")
    answer = Place(tmp_path)("inspect", "pack")
    assert answer.code == 2 and "pack" in answer.line() and "is not a valid notebook" in answer.line()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    backpack(tmp_path / "pack")
    (tmp_path / "copy").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "copy" / "tables").symlink_to(tmp_path / "outside")
    answer = Place(tmp_path)("import", "pack", "copy")
    assert answer.code == 2 and "leads out" in answer.line()
    assert list((tmp_path / "outside").iterdir()) == [] and not (tmp_path / "copy" / "analysis.ipynb").exists()


def test_a_folder_that_is_neither(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = Place(tmp_path)("inspect", "empty")
    assert answer.code == 2 and "no package and no backpack" in answer.line()
