"""A package repeats elsewhere by itself: only what differs runs, and what comes back out is what went in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from cli_tools import Place, texts, write
from package_tools import CELLS, files

PRELUDE = {"imports", "function"}


def ran(answer) -> set[str]:
    return {step["cell"] for step in answer.json["steps"] if step["action"] == "run"}


def test_it_repeats_elsewhere_and_only_the_prelude_runs(sent: Place, received: Place, stranger) -> None:
    refused = received("repeat", "a.zip", "-o", "done.ipynb", **stranger)
    assert refused.code == 2 and "not trusted" in refused.line() and not (received.folder / "a").exists()
    assert received("trust", "a.zip", **stranger).code == 0
    answer = received("repeat", "a.zip", "-o", "done.ipynb", "--json", **stranger)
    assert answer.code == 0 and ran(answer) == PRELUDE, answer
    wanted = sent("audit", "a.ipynb", "-o", "plain.ipynb", NBREWIND_STORE=str(received.folder / "other"))
    assert wanted.code == 0
    assert texts(received.read("done.ipynb")) == texts(sent.read("plain.ipynb"))
    assert (received.folder / "a" / "out.txt").read_text() == "[0, 6, 12]"
    content = received.read("a/a.ipynb")
    content.cells[2].source = "N = 7"
    nbformat.write(content, received.folder / "a" / "a.ipynb")
    again = received("repeat", "a.zip", "-o", "done.ipynb", "--json", **stranger)
    assert ran(again) - {"numbers"} == PRELUDE | {"use", "write", "last"}
    assert "[0, 7, 14]" in "".join(texts(received.read("done.ipynb")))


def test_export_import_export_gives_the_same_bytes(sent: Place, received: Place) -> None:
    assert received("import", "a.zip", "copy").code == 0
    (received.folder / "copy" / "large.bin").write_bytes(b"l" * 100)
    assert received("export", "copy/a.ipynb", "-o", "b.zip").code == 0
    assert (received.folder / "b.zip").read_bytes() == (received.folder / "a.zip").read_bytes()
    assert received("export", "copy/a.ipynb", "-o", "c.zip").code == 0
    assert (received.folder / "c.zip").read_bytes() == (received.folder / "a.zip").read_bytes()


def test_a_slim_package_names_what_it_leaves_out_which_is_made_again(sent: Place, received: Place) -> None:
    answer = sent("export", "a.ipynb", "-o", str(received.folder / "slim.zip"), "--slim", "--json")
    left = answer.json["left_out"]
    assert sorted((one["kind"], one["what"]) for one in left) == [("content", "a"), ("content", "b")]
    assert all(one["bytes"] > 2_000_000 for one in left)
    assert received("import", "slim.zip").code == 0
    again = received("repeat", "slim/a.ipynb", "-o", "done.ipynb", "--json")
    assert again.code == 0 and ran(again) == PRELUDE | {"array", "whole"}
    assert received("doctor").code == 0
    assert received("import", "slim.zip", "twice").code == 0
    assert received("export", "slim/a.ipynb", "-o", "after.zip", "--slim").code == 0


def test_a_slim_package_comes_back_out_as_it_went_in(sent: Place, received: Place) -> None:
    assert sent("export", "a.ipynb", "-o", str(received.folder / "slim.zip"), "--slim").code == 0
    assert received("import", "slim.zip").code == 0
    assert received("export", "slim/a.ipynb", "-o", "again.zip", "--slim").code == 0
    assert (received.folder / "again.zip").read_bytes() == (received.folder / "slim.zip").read_bytes()


def test_a_folder_is_a_package_too(sent: Place, received: Place) -> None:
    shutil.copytree(sent.folder / "folder", received.folder / "folder")
    found = {str(path.relative_to(received.folder / "folder")): path.read_bytes()
             for path in (received.folder / "folder").rglob("*") if path.is_file()}  # fmt: skip
    assert found == files(received.folder / "a.zip")
    assert received("verify", "folder").code == 0
    assert received("import", "folder", "copy").code == 0
    answer = received("repeat", "copy/a.ipynb", "--dry-run", "--json")
    assert ran(answer) == PRELUDE


def test_in_the_store_that_it_came_from_it_changes_nothing(sent: Place, tmp_path: Path) -> None:
    copy = sent.copy(tmp_path / "sent")
    answer = copy("import", "a.zip", "elsewhere", "--json")
    assert answer.code == 0 and (answer.json["runs"], answer.json["bytes"]) == (0, 0)
    assert ran(copy("repeat", "elsewhere/a.ipynb", "--dry-run", "--json")) == PRELUDE
    assert copy("doctor").code == 0
    assert copy("export", "elsewhere/a.ipynb", "-o", "again.zip").code == 0


def test_data_that_is_only_named_is_found_by_its_content(sent: Place, received: Place, monkeypatch) -> None:
    monkeypatch.setattr("nbrewind.packages.export.data_files.__defaults__", (50,))
    answer = sent("export", "a.ipynb", "-o", str(received.folder / "small.zip"), "--json")
    listed = {one["path"]: one["inside"] for one in answer.json["data"]}
    assert listed == {"in.csv": "data/files/in.csv", "large.bin": ""}
    assert [one["id"] for one in answer.json["left_out"]] == ["large.bin"]
    imported = received("import", "small.zip", "--json")
    assert imported.json["missing"] == ["large.bin"]
    assert "read" in ran(received("repeat", "small/a.ipynb", "--dry-run", "--json"))
    (received.folder / "disk" / "deep").mkdir(parents=True)
    (received.folder / "disk" / "deep" / "renamed.bin").write_bytes(b"l" * 100)
    (received.folder / "disk" / "large.bin").write_bytes(b"m" * 100)
    done = received("repeat", "small/a.ipynb", "--data", "disk", "--dry-run", "--json")
    assert done.code == 0 and ran(done) == PRELUDE, done
    assert (received.folder / "small" / "large.bin").read_bytes() == b"l" * 100


def test_the_notebook_in_it_opens_anywhere_and_says_what_was_recorded(sent: Place) -> None:
    found = files(sent.folder / "a.zip")
    notebook = nbformat.reads(found["workflow/a.ipynb"].decode(), as_version=4)
    nbformat.validate(notebook)
    facts = {cell.id: cell.metadata.get("nbrewind") for cell in notebook.cells}
    assert facts["heading"] is None and notebook.metadata.nbrewind.manifest.startswith("sha256:")
    assert {"N", "f"} <= set(facts["use"]["reads"])
    assert facts["use"]["writes"] == ["r"] and facts["use"]["status"] == "ok"
    assert facts["read"]["files"] == ["in.csv", "large.bin"] and "out.txt" in facts["write"]["files"]
    assert "numpy" in facts["array"]["packages"]
    assert texts(notebook)[3] == "[0, 6, 12]\n", "outputs are those of the records"
    lock = found["software/pylock.toml"].decode()
    assert 'lock-version = "1.0"' in lock and 'name = "numpy"' in lock
    assert json.loads(found["data/data.yml"])["profiles"]["recorded"]["data"][0]["target_location"] == "in.csv"


def test_what_the_user_has_set_comes_through_and_nothing_of_ours(place_with_policy: Place) -> None:
    place = place_with_policy
    assert place("export", "b.ipynb", "-o", "b.zip").code == 0
    assert place("import", "b.zip", "copy").code == 0
    copy = place.read("copy/b.ipynb")
    assert copy.cells[1].metadata["nbrewind"] == {"policy": "ask"}
    assert copy.metadata["nbrewind"] == {"policies": {"clock": "run"}}
    assert all("nbrewind" not in cell.metadata for cell in copy.cells[2:])


@pytest.fixture
def place_with_policy(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    write(place.folder / "b.ipynb", (*CELLS[1:2], ("second", "N + 1")))
    notebook = json.loads((place.folder / "b.ipynb").read_text())
    notebook["cells"][1]["metadata"]["nbrewind"] = {"policy": "ask"}
    notebook["metadata"]["nbrewind"] = {"policies": {"clock": "run"}}
    (place.folder / "b.ipynb").write_text(json.dumps(notebook))
    assert place("audit", "b.ipynb").code == 0
    return place


def test_cells_beyond_the_newest_head_go_along(tmp_path: Path) -> None:
    """The last session was a repeat of the first cells."""
    copy = Place(tmp_path)
    copy.write("a.ipynb")
    assert copy("audit", "a.ipynb").code == 0
    assert copy("repeat", "a.ipynb", "--to", "3", "-o", "done.ipynb").code == 0
    assert copy("export", "a.ipynb", "-o", "b.zip").code == 0
    there = Place(tmp_path / "there")
    there.folder.mkdir()
    shutil.copy(copy.folder / "b.zip", there.folder)
    assert there("import", "b.zip").code == 0
    assert ran(there("repeat", "b/a.ipynb", "--dry-run", "--json")) == PRELUDE
    assert [step.metadata.get("nbrewind") for step in there.read("b/a.ipynb").cells] == [None] * 7
    assert there("export", "b/a.ipynb", "-o", "c.zip").code == 0
    assert (there.folder / "c.zip").read_bytes() == (copy.folder / "b.zip").read_bytes()


def test_there_must_be_records(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(place.folder / "a.ipynb", CELLS)
    assert place("doctor").code in (0, 2)
    answer = place("export", "a.ipynb", "-o", "a.zip")
    assert answer.code == 2 and not (place.folder / "a.zip").exists()
