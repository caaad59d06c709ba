"""Notebooks that the command line audits and repeats, also as where TaskVine is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat

HIDING = """
import sys
from importlib.machinery import PathFinder


class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == "ndcctools" else PathFinder.find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, *context):
        found = PathFinder.find_distributions(*context)
        return (one for one in found if not one._path.name.startswith("ndcctools"))


sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""
"""Hides the package from all Pythons that are started with it as their ``sitecustomize``."""


def without_taskvine(folder: Path) -> dict[str, str]:
    """Return an environment in which neither TaskVine nor its programs are found."""
    hidden = folder / ".hidden"
    hidden.mkdir(exist_ok=True)
    (hidden / "sitecustomize.py").write_text(HIDING)
    path = os.pathsep.join(filter(None, (str(hidden), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "PATH": os.defpath}


class Book:
    """A notebook in a folder of its own, with a store of its own."""

    def __init__(self, folder: Path, cells: list[str] | dict[str, str]) -> None:
        """Take the sources of the cells, by id; those without one are c0, c1, and so on."""
        self.folder = folder
        given = cells if isinstance(cells, dict) else {f"c{place}": text for place, text in enumerate(cells)}
        self.cells = dict(given)

    def edit(self, cell: str, old: str, new: str) -> None:
        """Change a cell."""
        assert old in self.cells[cell]
        self.cells[cell] = self.cells[cell].replace(old, new)

    def call(self, command: str, *options: str, hidden: bool = False, timeout: float = 200):
        """Save the cells and run a command; return the process."""
        cells = [nbformat.v4.new_code_cell(text, id=name) for name, text in self.cells.items()]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.folder / "book.ipynb")
        (self.folder / "out.ipynb").unlink(missing_ok=True)
        environment = without_taskvine(self.folder) if hidden else os.environ
        return subprocess.run(
            [sys.executable, "-m", "nbrewind.cli", command, "book.ipynb", "-o", "out.ipynb", "--json", *options],
            cwd=self.folder,
            env={**environment, "NBREWIND_STORE": str(self.folder / ".store")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def run(self, command: str, *options: str, hidden: bool = False):
        """Save the cells and run a command; return its JSON, and the notebook that it has made."""
        made = self.call(command, *options, hidden=hidden)
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout), nbformat.read(self.folder / "out.ipynb", 4)


def printed(notebook) -> str:
    """Return all that a notebook shows as text on its streams."""
    return "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )
