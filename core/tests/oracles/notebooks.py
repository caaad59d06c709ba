"""Notebooks of a folder, as the oracles take them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from nbrewind.driver.notebook_file import is_python, read_notebook
from nbrewind.planning.notebook import code_cells


def sources_of(path: Path, without: Collection[str] = ()) -> list[str]:
    """Return the code cells of a notebook, but for those of some ids; none if it is not of Python."""
    notebook, _ = read_notebook(path)
    if not is_python(notebook):
        return []
    return [cell.source for cell in code_cells(notebook.cells) if cell.source.strip() and cell.id not in without]


def notebooks_in(folder: Path) -> list[Path]:
    """Return all notebooks of a folder and those below it."""
    return sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
