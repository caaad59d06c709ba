"""Kernels for the harness: several start at once, because most of their start is waiting."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Store

from .compare import Comparison, compare
from .harness import RECORD, Kernel, run_notebook
from .notebook import Notebook

PLAIN_RUNS, MORE_RUNS = 2, 4


@pytest.fixture(scope="session")
def font_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for matplotlib's font cache, which takes seconds to build."""
    return tmp_path_factory.mktemp("matplotlib")


@pytest.fixture
def run_all(tmp_path: Path, font_cache: Path) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Return a function that runs a notebook once per way of attaching, each time in a new kernel."""
    kernels: list[Kernel] = []

    def run(notebook: Notebook, ways: list[str]) -> list[dict[str, Any]]:
        for module in notebook.requires:
            if importlib.util.find_spec(module) is None:
                pytest.skip(f"needs {module}")
        workdir = tmp_path / "work"
        workdir.mkdir(exist_ok=True)
        started = [
            Kernel(tmp_path / f"kernel{len(kernels) + i}", workdir, MPLCONFIGDIR=str(font_cache))
            for i in range(len(ways))
        ]
        kernels.extend(started)
        results = []
        for kernel, way in zip(started, ways, strict=True):
            kernel.ready()
            results.append(run_notebook(notebook, kernel, workdir, way))
            kernel.close()
            if kernel.status:
                check_recorded(notebook, kernel)
            kernels.remove(kernel)
        return results

    yield run
    for kernel in kernels:
        kernel.close()


def check_recorded(notebook: Notebook, kernel: Kernel) -> None:
    """Fail if recording failed silently: then nothing was tested."""
    assert not kernel.status["error"]
    assert not kernel.status["failure"]
    with Store.open(kernel.store, create=False) as store:
        index = store.notebook(kernel.status["notebook"], create=False)
        assert index is not None
        recorded = {run.cell for run in index.runs()}
    assert [cell.id for cell in notebook.cells if cell.source.strip() and cell.id not in recorded] == []


@pytest.fixture
def difference(run_all: Callable[..., list[dict[str, Any]]]) -> Callable[..., Comparison]:
    """Return a function that compares two plain runs of a notebook with a recorded one."""

    def run(notebook: Notebook, attach: str = RECORD) -> Comparison:
        *plain, recorded = run_all(notebook, [""] * PLAIN_RUNS + [attach])
        found = compare(plain, recorded)
        if found.differences:  # two equal runs may be luck: what differs must be the same in six
            found = compare(plain + run_all(notebook, [""] * MORE_RUNS), recorded)
        return found

    return run
