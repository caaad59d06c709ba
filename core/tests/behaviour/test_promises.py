"""Promises about the user's files and code: handles are left alone, and nothing is unpickled by looking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import CORE, RECORD, Kernel

NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "id": "imports", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "import collections, decimal"},
        {"cell_type": "code", "id": "values", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "class Mine:\n    def __init__(self): self.a = [1]\n\n"
                   "mine = Mine(); counted = collections.Counter('abca'); amount = decimal.Decimal('1.5')"},
        {"cell_type": "code", "id": "change", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "mine.a.append(2); counted['z'] += 1"},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip

WATCH = """
import sys
sys.loaded = []

def watch(event, arguments):
    if event == "pickle.find_class":
        sys.loaded.append(".".join(map(str, arguments)))

sys.addaudithook(watch)
"""


LOADED = "__import__('json').dumps(__import__('sys').loaded)"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Kernel]]:
    """Return a function that starts a kernel of the one notebook of this test, all on one store."""
    kernels: list[Kernel] = []
    work = tmp_path / "work"
    work.mkdir()

    def make() -> Kernel:
        kernels.append(Kernel(tmp_path / "kernel", work))
        kernels[-1].ready()
        return kernels[-1]

    yield make
    for kernel in kernels:
        kernel.close()


def run(kernel: Kernel, source: str, cell: str) -> str:
    """Run a cell that must succeed; return what it printed."""
    before = len(kernel.iopub)
    reply = kernel.execute(source, cell)
    assert reply["content"]["status"] == "ok", "\n".join(reply["content"].get("traceback", ()))
    shown = [message["content"] for message in kernel.iopub[before:] if message["header"]["msg_type"] == "stream"]
    return "".join(content["text"] for content in shown)


@pytest.mark.parametrize("mode", ["w", "a", "w+", "r+", "wb"])
def test_an_open_handle_is_never_truncated(start: Callable[[], Kernel], tmp_path: Path, mode: str):
    """A published system serialises and loads the handle at once, which empties the file."""
    path = tmp_path / "work" / "res.csv"
    path.write_text("old\n")
    kernel = start()
    kernel.silently(RECORD)
    run(kernel, "keep = 1", "keep")
    run(kernel, f"f = open('res.csv', {mode!r})\nn = f.write({'b' if 'b' in mode else ''}'1,2\\n'); f.flush()", "open")
    written = path.read_text()
    assert "1,2" in written
    run(kernel, "other = [keep]", "other")
    assert path.read_text() == written
    run(kernel, f"n = f.write({'b' if 'b' in mode else ''}'3,4\\n'); f.flush()", "write")
    grown = path.read_text()
    assert "1,2" in grown and "3,4" in grown
    for target in ("keep", "other"):
        run(kernel, f"%rewind --partial {target}", "back")
        assert path.read_text() == grown, "a rewind leaves files as they are"


def test_unflushed_text_is_not_lost(start: Callable[[], Kernel], tmp_path: Path):
    kernel = start()
    kernel.silently(RECORD)
    run(kernel, "f = open('late.txt', 'w'); n = f.write('buffered')", "open")
    run(kernel, "x = 1", "x")
    assert (tmp_path / "work" / "late.txt").read_text() == ""
    run(kernel, "f.close()", "close")
    assert (tmp_path / "work" / "late.txt").read_text() == "buffered"


def test_functions_keep_their_globals_through_a_rewind(start: Callable[[], Kernel]):
    kernel = start()
    kernel.silently(RECORD)
    run(kernel, "scale = 2\ndef f(x): return x * scale\nheld = {'f': f}", "define")
    run(kernel, "def f(x): return -x\nscale = 100", "redefine")
    run(kernel, "%rewind define", "back")
    source = "print(f(10), f.__globals__ is globals(), held['f'] is f, f.__module__)"
    assert run(kernel, source, "look").split() == ["20", "True", "True", "__main__"]
    assert run(kernel, "scale = 3\nprint(f(10), held['f'](10))", "again").split() == ["30", "30"]


def test_attaching_unpickles_nothing(start: Callable[[], Kernel]):
    kernel = start()
    kernel.silently(RECORD)
    for cell in NOTEBOOK["cells"]:
        run(kernel, cell["source"], cell["id"])
    kernel.evaluate("'1'")  # the last run is recorded before the kernel answers again
    kernel.close()
    kernel = start()
    kernel.silently("import pickle; import nbrewind.kernel.recorder\n" + WATCH)
    kernel.silently(RECORD)
    run(kernel, "%nbrewind status", "status")
    run(kernel, "new = 1", "new")
    assert kernel.evaluate(LOADED) == []
    run(kernel, "%rewind change", "back")
    assert kernel.evaluate(LOADED), "the watch notices a load"


@pytest.mark.parametrize("command", ["status", "history", "graph", "doctor", "store"])
def test_looking_from_the_command_line_unpickles_nothing(start: Callable[[], Kernel], tmp_path: Path, command: str):
    kernel = start()
    notebook = tmp_path / "work" / "notebook.ipynb"
    notebook.write_text(json.dumps(NOTEBOOK))
    kernel.silently(RECORD)
    for cell in NOTEBOOK["cells"]:
        run(kernel, cell["source"], cell["id"])
    kernel.evaluate("'1'")  # the last run is recorded before the kernel answers again
    kernel.close()
    arguments = {"doctor": ["doctor"], "store": ["store", "info"]}.get(command, [command, str(notebook)])
    code = f"""{WATCH}
from nbrewind.cli import main
sys.argv = ["nbrewind", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print("loaded", sys.loaded)
"""
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NBREWIND_STORE": str(kernel.store), "PYTHONPATH": str(CORE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.rstrip().endswith("loaded []")
