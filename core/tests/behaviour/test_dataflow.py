"""Recording changes nothing in the data-flow cases either: values, aliases, references, warnings, threads, files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dataflow.form import Case
from dataflow.test_cases import CASES, skip_unless_possible

from .compare import Comparison
from .notebook import Cell, Notebook
from .test_behaviour import report

QUICK = ("np_view", "gen_lazy", "thread", "slots", "handle_across_cells")
NAMES = [pytest.param(case, marks=() if case.name in QUICK else pytest.mark.slow, id=case.name) for case in CASES]

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("case", NAMES)
def test_recording_changes_nothing(case: Case, difference: Callable[..., Comparison]) -> None:
    skip_unless_possible(case)
    cells = tuple(Cell(f"c{number}", text) for number, text in enumerate(case.cells))
    notebook = Notebook(case.name, cells, case.needs)
    report(notebook, difference(notebook))
