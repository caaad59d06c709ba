"""A folder in which ``nbrewind`` is called, and small notebooks for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from click.testing import CliRunner
from driver_notebooks import notebook
from nbformat import NotebookNode

from nbrewind.cli.app import app

TINY = (
    ("imports", "import math"),
    ("numbers", "N = 6"),
    ("function", "def f(x):\n    return x * N"),
    ("use", "r = [f(i) for i in range(3)]\nprint(r)"),
    ("change", "r.append(math.floor(10.5))"),
    ("last", "print('sum', sum(r))\nsum(r)"),
)
"""Prelude, parameter, function, list, change in place, output. The second cell is tagged ``parameters``."""

PARAMETERS: dict[str, Sequence[str]] = {"numbers": ["parameters"]}


@dataclass
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)

    def line(self) -> str:
        """The one line on standard error."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        return lines[0]


class Place:
    """A folder with notebooks, and a store."""

    def __init__(self, folder: Path, store: Path | None = None) -> None:
        self.folder = folder
        self.store = store or folder / "store"
        self.answer: Answer | None = None

    @contextmanager
    def edited(self, cells: Sequence[tuple[str, str]], name: str = "tiny.ipynb") -> Iterator[None]:
        """Give a notebook other cells for a while; its history stays its own."""
        before = (self.folder / name).read_bytes()
        self.write(name, cells)
        try:
            yield
        finally:
            (self.folder / name).write_bytes(before)

    def copy(self, folder: Path) -> Place:
        shutil.copytree(self.folder, folder)
        return Place(folder)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
        return {**kept, "NBREWIND_STORE": str(self.store), **more}

    def __call__(self, *arguments: str, **environment: str) -> Answer:
        """Run a command in this process."""
        with _inside(self.folder):
            done = CliRunner().invoke(
                app,
                list(arguments),
                prog_name="nbrewind",
                env={"COLUMNS": None, "NBREWIND_STORE": str(self.store), **environment},
            )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    def process(self, *arguments: str, **environment: str) -> Answer:
        """Run a command in a process of its own, as a user would."""
        command = [sys.executable, "-m", "nbrewind.cli", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(**environment), capture_output=True, text=True, timeout=100
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def read(self, name: str) -> NotebookNode:
        return nbformat.read(self.folder / name, as_version=4)

    def write(self, name: str, cells: Sequence[tuple[str, str]] = TINY, tags: dict[str, Sequence[str]] | None = None):
        write(self.folder / name, cells, tags)


def write(path: Path, cells: Sequence[tuple[str, str]] = TINY, tags: dict[str, Sequence[str]] | None = None) -> None:
    """Write a notebook of (id, source) pairs: a heading first, ``numbers`` tagged as parameters."""
    made = notebook(cells)
    for cell in made.cells:
        cell.metadata["tags"] = list((PARAMETERS if tags is None else tags).get(cell.id, ()))
    made.cells.insert(0, nbformat.v4.new_markdown_cell("# A heading", id="heading"))
    path.write_text(json.dumps(made))  # nbformat.write would mend what tests want broken


def texts(made: NotebookNode) -> list[str]:
    """Every code cell's outputs as one text."""
    found = []
    for cell in made.cells:
        if cell.cell_type == "code":
            parts = [
                output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue", "")
                for output in cell.outputs
            ]
            found.append("".join(parts))
    return found


@contextmanager
def _inside(folder: Path):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
