"""A small notebook, audited and exported once; stores and folders for who receives it."""

import shutil
from pathlib import Path

import pytest
from beside import load

HERE = Path(__file__).parent


load("driver_notebooks", HERE.parent / "driver" / "notebooks.py")
load("cli_tools", HERE.parent / "cli" / "cli_tools.py")
load("package_tools", HERE / "package_tools.py")
load("environment_tools", HERE / "environment_tools.py")

from cli_tools import Place, write  # noqa: E402
from package_tools import CELLS  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def jupyter(tmp_path_factory: pytest.TempPathFactory):
    """A folder of its own for Jupyter's notary."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter")))
        yield patch


@pytest.fixture(scope="session")
def sent(jupyter: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An audited notebook, and its package; not to be changed by tests."""
    made = Place(tmp_path_factory.mktemp("sent"))
    write(made.folder / "a.ipynb", CELLS)
    (made.folder / "in.csv").write_text("x,y\n1,2\n")
    (made.folder / "large.bin").write_bytes(b"l" * 100)
    for arguments in (
        ("audit", "a.ipynb"),
        ("export", "a.ipynb", "-o", "a.zip"),
        ("export", "a.ipynb", "-o", "folder"),
    ):
        answer = made(*arguments)
        assert answer.code == 0, answer
    return made


@pytest.fixture
def received(sent: Place, tmp_path: Path) -> Place:
    """A folder with the package alone, and a store of its own, of a user who has another notary."""
    shutil.copy(sent.folder / "a.zip", tmp_path)
    return Place(tmp_path)


@pytest.fixture
def stranger(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of another user."""
    return {"JUPYTER_DATA_DIR": str(tmp_path_factory.mktemp("stranger"))}


@pytest.fixture(autouse=True)
def forked_kernels(starting_at_once):
    """Kernels start at once."""
