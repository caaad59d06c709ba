"""Fixtures of the core's tests: real kernels and stores of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from forking.kernel import Kernel
from forking.provisioner import forking, register
from forking.zygote import Zygote

# `make test` checks the same examples each time: what fails is due to the change at hand. `make test-all` searches.
hypothesis.settings.register_profile("fixed", derandomize=True, database=None)
hypothesis.settings.register_profile("search", print_blob=True)
hypothesis.settings.load_profile("search" if os.environ.get("TEST_SEARCH") else "fixed")

POOL = "pool"
"""The name of the provisioner of its kernels."""


class Pool:
    """Where a test's new kernels come from: forked, as each would be after its start."""

    def __init__(self) -> None:
        self.given: list[Kernel] = []

    def take(self) -> Kernel:
        """Return a new kernel; it ends with the test."""
        self.given.append(kernel := Kernel(provisioner=POOL))
        return kernel

    def close(self) -> None:
        """End all kernels."""
        for kernel in self.given:
            kernel.stop()


def run_cells(kernel: Kernel, sources: list[str]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Run cells in order in a kernel; see `Kernel.cells`."""
    return kernel.cells(sources)


@pytest.fixture(scope="session")
def zygote():
    """What the pool's kernels are forked from."""
    made = Zygote(alike=False)
    register(POOL, made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def pair():
    """What kernels of other programs are forked from. There are two, as each has hashes of strings of its own."""
    made = [Zygote(alike=False) for _ in range(2)]
    yield made
    for one in made:
        one.close()


@pytest.fixture
def starting_at_once(pair):
    """Fork the kernels that a test starts by the driver."""
    with forking(*pair, anything=True):
        yield


@pytest.fixture
def kernels(zygote):
    """A pool of real kernels."""
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def forked():
    """Real kernels that start at once, forked from one process."""
    from oracles.kernels import Kernels

    made = Kernels()
    yield made
    made.close()


@pytest.fixture
def plain(kernels, tmp_path):
    """A fresh kernel without recording, in a folder of its own."""
    kernel = kernels.take()
    kernel.run(f"import os as _o; _o.chdir({str(tmp_path)!r}); del _o", silent=True)
    return kernel


@pytest.fixture
def store_path(tmp_path) -> Path:
    """Where the test's store is."""
    return tmp_path / "store"


@pytest.fixture
def notebook_path(tmp_path) -> Path:
    """Where the test's notebook would be."""
    return tmp_path / "work.ipynb"


@pytest.fixture
def kernel(plain, notebook_path, store_path):
    """A fresh kernel that records."""
    answer = plain.attach(notebook_path, store_path)
    assert not answer["error"], answer
    plain.session = answer["session"]
    return plain


@pytest.fixture
def store(store_path):
    """The test's store, as another process sees it."""
    from nbrewind.store import Store

    opened = Store.open(store_path)
    yield opened
    opened.close()


@pytest.fixture
def records(store, notebook_path):
    """The runs recorded so far, oldest first, read anew at each call."""

    def read(cell: str | None = None):
        index = store.notebook(notebook_path, create=False)
        return index.runs(cell) if index else []

    return read
