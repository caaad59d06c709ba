"""Make the tools importable under ``--import-mode=importlib``; one notebook, audited once for all tests."""

import importlib.util
import sys
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
load("cli_tools", HERE / "cli_tools.py")

from cli_tools import TINY, Place, write  # noqa: E402


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder with a store of its own, in which commands run."""
    return Place(tmp_path)


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The tiny notebook, audited once; not to be changed by tests."""
    made = Place(tmp_path_factory.mktemp("audited"))
    write(made.folder / "tiny.ipynb", TINY)
    made.answer = made("audit", "tiny.ipynb", "-o", "done.ipynb", "--json")
    assert made.answer.code == 0, made.answer
    return made


@pytest.fixture
def copied(audited: Place, tmp_path: Path) -> Place:
    """A copy of the audited folder, to be changed."""
    return audited.copy(tmp_path / "copied")
