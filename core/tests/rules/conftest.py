"""Make the tools importable under ``--import-mode=importlib``; a live kernel that several rules share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from beside import load

HERE = Path(__file__).parent


load("driver_notebooks", HERE.parent / "driver" / "notebooks.py")
load("rules_tools", HERE / "rules_tools.py")

from rules_tools import Live, Scenario, live_kernel  # noqa: E402


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A kernel that records, for rules that are about one live state. Tests use names of their own."""
    with live_kernel(tmp_path_factory.mktemp("live")) as kernel:
        yield kernel


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """A folder with a store, in which a notebook is audited, edited, and repeated in a new kernel."""
    return Scenario(tmp_path)


@pytest.fixture(autouse=True)
def forked_kernels(starting_at_once):
    """Kernels start at once."""
