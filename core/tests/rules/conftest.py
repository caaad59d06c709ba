"""Make the tools importable under ``--import-mode=importlib``; a live kernel that several rules share."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def load(name: str, path: Path) -> None:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)


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
