"""The same cases as a user has them: a notebook in a folder, `nbrewind audit`, then `nbrewind graph --format json`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from .form import Case, Pair
from .test_cases import CASES, compare, skip_unless_possible

QUICK = (
    "simple",
    "late_global_redefined",
    "list_append",
    "np_view",
    "gen_lazy",
    "monkeypatch",
    "query_string",
    "shell_assign",
    "csv",
    "relative_path_after_a_move",
    "environment_in_a_function",
    "seeded_draws",
    "option_of_pandas",
    "subscript_precision",
)
"""All kinds of edges: variables, calls, changes in place, files, settings. The last one is not exact."""
NAMES = [pytest.param(case, marks=() if case.name in QUICK else pytest.mark.slow, id=case.name) for case in CASES]


def nbrewind(folder: Path, *arguments: str) -> Any:
    """Run a command in a folder with a store in it; returns the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "nbrewind.cli", *arguments],
        cwd=folder,
        env={**os.environ, "NBREWIND_STORE": str(folder / "store")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def told(case: Case, folder: Path) -> set[Pair]:
    """Audit the case in a folder, and return the edges that the command line tells."""
    cells = [nbformat.v4.new_code_cell(text, id=f"c{number}") for number, text in enumerate(case.cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "case.ipynb")
    audited = nbrewind(folder, "audit", "case.ipynb", "--json")
    assert [run["cell"] for run in audited["runs"]] == [cell.id for cell in cells], audited
    graph = nbrewind(folder, "graph", "case.ipynb", "--format", "json")
    return {(int(edge["from"][1:]), int(edge["to"][1:])) for edge in graph["edges"] if edge["kind"] != "order"}


def test_the_quick_ones_exist() -> None:
    assert set(QUICK) <= {case.name for case in CASES}


@pytest.mark.parametrize("case", NAMES)
def test_edges_by_command_line(case: Case, tmp_path: Path) -> None:
    skip_unless_possible(case)
    compare(case, told(case, tmp_path))
