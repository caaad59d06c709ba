"""Repeat through other programs' doors: nbclient with `RepeatClient`, and `papermill --engine nbrewind`.

Each is compared with the same program and its own plain client.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from driver_notebooks import notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from papermill import PapermillExecutionError, execute_notebook

from nbrewind.client import RepeatClient
from nbrewind.model import RECORDED
from nbrewind.store import Store

CELLS = (
    ("imports", "import sys, time\nfrom IPython.display import display, update_display"),
    ("parameters", "alpha, path = 0.5, 'none'"),
    ("table", "rows = [alpha * n for n in range(5)]\nprint('made', flush=True)\nprint('rows', file=sys.stderr)\nrows"),
    ("shows", "display('one', display_id='d')\nfree = [1, 2, 3]\nlen(free)"),
    ("updates", "update_display('two', display_id='d')"),
    ("markdown", None),
    ("tolerated", "raise ValueError('meant')"),
    ("left-out", "free = 'never'"),
    ("last", "print(free, Out[3])"),
)
TAGS = {"parameters": "parameters", "tolerated": "raises-exception", "left-out": "skip-execution"}


def book(**sources: str) -> nbformat.NotebookNode:
    """Make the notebook; ``sources`` replace those of some cells."""
    made = notebook([(name, sources.get(name, source) or "") for name, source in CELLS])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for index, cell in enumerate(made.cells):
        if cell.id == "markdown":
            made.cells[index] = nbformat.v4.new_markdown_cell("text", id="markdown")
        elif cell.id in TAGS:
            cell.metadata["tags"] = [TAGS[cell.id]]
    return made


def form(cell) -> dict:
    """What a cell shows; parts of a stream may come in any number."""
    found = copy.deepcopy(cell)
    found.pop("id", None)  # papermill makes a new cell of parameters each time
    joined: list = []
    for output in found.get("outputs", ()):
        if joined and output.output_type == joined[-1].output_type == "stream" and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    found["outputs"] = joined
    for key in ("execution", "papermill"):  # times
        times = found.metadata.pop(key, None)
        found[key] = times and (sorted(times.keys() - {RECORDED}), times.get("status"), times.get("exception"))
    return found


def forms(made) -> list[dict]:
    return [form(cell) for cell in made.cells]


def recorded(made) -> set[str]:
    """The cells that were not run."""
    return {cell.id for cell in made.cells if RECORDED in cell.metadata.get("execution", {})}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A working folder with a store of its own."""
    monkeypatch.setenv("NBREWIND_STORE", str(tmp_path / "store"))
    where = tmp_path / "work"
    where.mkdir()
    monkeypatch.chdir(where)
    return where


@pytest.mark.py311
def test_nbclient(folder: Path) -> None:
    hooked: list[tuple[str, str]] = []

    def hook(name):
        return lambda cell, **_: hooked.append((name, cell.id))

    hooks = {name: hook(name) for name in ("on_cell_start", "on_cell_execute", "on_cell_executed", "on_cell_error")}
    plain = NotebookClient(book(), **hooks).execute()
    expected, hooked[:] = list(hooked), []
    first = RepeatClient(book(), notebook="work.ipynb", **hooks).execute()
    assert forms(first) == forms(plain) and recorded(first) == set()
    assert hooked == expected
    hooked.clear()
    client = RepeatClient(book(), notebook="work.ipynb", coalesce_streams=True, **hooks)
    second = client.execute()
    assert forms(second) == forms(plain)
    assert recorded(second) == {"parameters", "shows", "updates"}, "`Out[3]` needs the result of that cell"
    assert second.metadata == first.metadata == plain.metadata
    other = RepeatClient(book(last="print(alpha)"), notebook="work.ipynb").execute()
    assert recorded(other) == {"parameters", "table", "shows", "updates"}
    assert forms(other) == forms(NotebookClient(book(last="print(alpha)")).execute())
    with Store.open() as store:
        assert store.notebook(folder / "work.ipynb", create=False).runs("last")


@pytest.mark.slow
def test_nbclient_failures(folder: Path) -> None:
    def failing(client):
        made = book(last="print('so far')\n1 / 0")
        with pytest.raises(CellExecutionError) as raised:
            client(made).execute()
        return str(raised.value), raised.value.ename, forms(made)

    plain = failing(NotebookClient)
    assert failing(RepeatClient) == plain
    assert failing(RepeatClient) == plain, "the failed cell runs again"
    made = book(last="1 / 0")
    assert RepeatClient(made, allow_errors=True).execute().cells[-1].outputs[0].ename == "ZeroDivisionError"
    with pytest.raises(CellExecutionError):
        RepeatClient(book(), force_raise_errors=True).execute()
    slow = book(last="time.sleep(30)")
    with pytest.raises(TimeoutError):
        RepeatClient(slow, timeout=1).execute()


def test_a_kernel_that_runs_is_refused(plain) -> None:
    with pytest.raises(ValueError, match="has not started"):
        RepeatClient(book(), km=plain.manager)


QUIET = {"tolerated": "quiet = 1", "last": "print(free)"}
"""papermill takes any error that is shown for a failure."""


def papermill(made, out, engine, **options):
    nbformat.write(made, "in.ipynb")
    return execute_notebook("in.ipynb", out, engine_name=engine, progress_bar=False, **options)


def test_papermill(folder: Path) -> None:
    outputs = {}
    for name, engine, alpha in [
        ("plain", None, 0.5), ("first", "nbrewind", 0.5), ("second", "nbrewind", 0.5),
        ("other", "nbrewind", 0.7), ("plain other", None, 0.7),
    ]:  # fmt: skip
        outputs[name] = papermill(book(**QUIET), f"{name}.ipynb", engine, parameters={"alpha": alpha})
        assert forms(nbformat.read(f"{name}.ipynb", 4)) == forms(outputs[name])
    assert forms(outputs["second"]) == forms(outputs["first"]) == forms(outputs["plain"])
    assert forms(outputs["other"]) == forms(outputs["plain other"])
    injected = [cell.id for cell in outputs["second"].cells if "injected-parameters" in cell.metadata.get("tags", ())]
    assert recorded(outputs["first"]) == set()
    assert recorded(outputs["second"]) == {"parameters", *injected, "table", "shows", "updates", "tolerated", "last"}
    assert recorded(outputs["other"]) == {"parameters", "shows", "updates", "tolerated", "last"}


def test_papermill_failures(folder: Path) -> None:
    made = book(tolerated="quiet = 1", last="print('so far')\n1 / 0")
    found = []
    for out, engine in [("plain.ipynb", None), ("first.ipynb", "nbrewind"), ("second.ipynb", "nbrewind")]:
        with pytest.raises(PapermillExecutionError) as raised:
            papermill(made, out, engine)
        found.append((str(raised.value), forms(nbformat.read(out, 4))))
    assert found[1] == found[0] and found[2] == found[0]
    assert recorded(nbformat.read("second.ipynb", 4)) == {"parameters", "table", "shows", "updates", "tolerated"}, (
        "it resumes"
    )


def test_the_repeat_kernel_in_other_programs(folder: Path) -> None:
    """With their own plain clients; cells are answered by the kernel."""
    replies: dict[str, dict] = {}

    def replied(cell, execute_reply, **_):
        replies[cell.id] = execute_reply["metadata"]

    expected = NotebookClient(book()).execute()
    for answered in (set(), {"parameters", "table", "shows", "updates"}):
        replies.clear()
        client = NotebookClient(book(), kernel_name="nbrewind-repeat", on_cell_executed=replied)
        assert forms(client.execute()) == forms(expected)
        assert {name for name, metadata in replies.items() if RECORDED in metadata} == answered
    made = papermill(book(**QUIET), "out.ipynb", None, kernel_name="nbrewind-repeat")
    plain = papermill(book(**QUIET), "plain.ipynb", None)
    assert forms(made) == forms(plain)


@pytest.mark.slow
def test_the_command_papermill(folder: Path) -> None:
    nbformat.write(book(**QUIET), "in.ipynb")
    options = ("--log-output", "--progress-bar")
    command = [sys.executable, "-m", "papermill", "--engine", "nbrewind", *options, "in.ipynb", "out.ipynb"]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"})
        assert "made" in done.stderr and "Executing:" in done.stderr, "what records show is logged, too"
    assert recorded(nbformat.read("out.ipynb", 4)) == {"parameters", "table", "shows", "updates", "tolerated", "last"}
