"""Make the tools importable under ``--import-mode=importlib``; one notebook, audited once for all tests."""

from pathlib import Path

import pytest
from beside import load

HERE = Path(__file__).parent


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


@pytest.fixture(autouse=True)
def forked_kernels(starting_at_once):
    """Kernels start at once."""
