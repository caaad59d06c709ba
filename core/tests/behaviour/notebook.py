"""Notebooks of the harness: lists of cells, written in one text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "notebooks"

_HEAD = re.compile(r"^# %% *([\w-]+) *(.*)$", re.M)
_REQUIRES = re.compile(r"^# requires: *(.+)$", re.M)
_ENDING = re.compile(r"^# ending varies: *(.+)$", re.M)


@dataclass(frozen=True)
class Cell:
    """One code cell, and what the harness does while it runs.

    ``interrupt``: seconds from the cell's first output (or start) until an interrupt is sent; ``answer``: what is typed
    when the cell asks for input (None: input is not allowed); ``wait``: seconds to wait for late output.
    """

    id: str
    source: str
    interrupt: float | None = None
    answer: str | None = None
    wait: float = 0.0


@dataclass(frozen=True)
class Notebook:
    """A named list of cells; ``requires`` lists modules without which it is skipped."""

    name: str
    cells: tuple[Cell, ...]
    requires: tuple[str, ...] = ()
    unstable: float = 0.1
    """Share of the compared values that may differ among plain runs; more would mean that nothing is tested."""
    ending_varies: str = ""
    """Why a plain kernel need not end when asked to, so that its ending is not compared; empty: it ends."""


def parse(name: str, text: str) -> Notebook:
    """Return the notebook of a text in which ``# %% ID [OPTION=VALUE]...`` starts a cell.

    Above the first cell, ``# requires: MODULE...`` names modules without which the notebook is skipped, and ``# ending
    varies: REASON`` says why the kernel's ending is not compared.
    """
    head, *parts = _HEAD.split(text)
    requires, ending = _REQUIRES.search(head), _ENDING.search(head)
    cells = []
    for cell_id, options, source in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        given = dict(item.split("=", 1) for item in options.split())
        cells.append(
            Cell(
                id=cell_id,
                source=source.strip("\n"),
                interrupt=float(given["interrupt"]) if "interrupt" in given else None,
                answer=given.get("answer"),
                wait=float(given.get("wait", 0)),
            )
        )
    return Notebook(
        name, tuple(cells), tuple(requires[1].split()) if requires else (), ending_varies=ending[1] if ending else ""
    )


def load(name: str) -> Notebook:
    """Return the notebook of that name in the folder ``notebooks``."""
    return parse(name, (FOLDER / f"{name}.cells").read_text())


def from_file(
    path: Path, *, without: tuple[str, ...] = (), replace: dict[str, str] | None = None, requires: tuple[str, ...] = ()
) -> Notebook:
    """Return the code cells of an .ipynb file, without those of some ids, with some patterns replaced."""
    cells, found = [], set()
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        for old, new in (replace or {}).items():
            source, times = re.subn(old, new, source)
            found.update([old] if times else ())
        if cell["cell_type"] == "code" and cell["id"] not in without:
            cells.append(Cell(id=cell["id"], source=source))
    assert found == set(replace or {}), "a pattern to replace is not in the notebook"
    return Notebook(path.stem, tuple(cells), requires)
