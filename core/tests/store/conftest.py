"""Fixtures: a store in a temporary folder, and a small author of histories."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nbrewind.model import CellAnalysis, Checkpoint, Input, Run, Version, new_id
from nbrewind.store import Content, Notebook, Store


class History:
    """Writes runs into a notebook's index the way a kernel does."""

    def __init__(self, store: Store, notebook: Notebook, session: str = "session-1") -> None:
        """Start a session without a head."""
        self.store = store
        self.notebook = notebook
        self.session = session
        self.head = ""
        self.number = 0

    def version(self, name: str, data: bytes, run: str) -> Version:
        """Put a value and return its version."""
        stored = self.store.put(Content(data, [], b""))
        return Version(
            id=new_id(), key=f"var:{name}", run=run, digest=f"b3:{stored.id}", snapshot=stored.id, bytes=len(data)
        )

    def run(
        self,
        writes: Mapping[str, bytes] | None = None,
        *,
        cell: str = "cell-1",
        code: str = "code:1",
        source: str = "x = 1",
        removed: Sequence[str] = (),
        inputs: Sequence[Input] = (),
        outputs: Sequence[dict[str, Any]] = (),
        parent: str | None = None,
        save: bool = True,
        **facts: Any,
    ) -> Checkpoint:
        """Record a run, and save its checkpoint unless told otherwise."""
        run_id = new_id()
        self.number += 1
        versions = tuple(self.version(name, data, run_id) for name, data in (writes or {}).items())
        run = Run(
            id=run_id,
            notebook=self.notebook.id,
            session=self.session,
            cell=cell,
            number=self.number,
            code=code,
            source="src:" + source.encode("utf-8", "surrogatepass").hex(),
            started=facts.pop("started", time.time()),
            writes=versions,
            removed=tuple(f"var:{name}" for name in removed),
            inputs=tuple(inputs),
            **facts,
        )
        delta = {version.key: version.id for version in versions} | {f"var:{name}": "" for name in removed}
        checkpoint = Checkpoint(
            id=new_id(),
            parent=self.head if parent is None else parent,
            notebook=self.notebook.id,
            session=self.session,
            cell=cell,
            run=run_id,
            time=time.time(),
            delta=delta,
        )
        self.notebook.record(run, checkpoint, source=source, outputs=outputs, analysis=CellAnalysis(code=code))
        self.head = checkpoint.id
        if save:
            self.store.sync()
            self.notebook.mark_saved(checkpoint.id, added=7)
        return checkpoint

    def values(self, checkpoint: str) -> dict[str, bytes]:
        """Load the whole state at a checkpoint."""
        state = self.notebook.state(checkpoint)
        return {key.removeprefix("var:"): self.store.get(version.snapshot).stream for key, version in state.items()}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return where the test's store is."""
    return tmp_path / "store"


@pytest.fixture
def store(directory: Path) -> Iterator[Store]:
    """Return an open store."""
    with Store.open(directory) as opened:
        yield opened


@pytest.fixture
def notebook(store: Store, tmp_path: Path) -> Notebook:
    """Return the index of a notebook whose file exists."""
    path = tmp_path / "a.ipynb"
    path.touch()
    found = store.notebook(path, cells=["cell-1", "cell-2"])
    assert found is not None
    return found


@pytest.fixture
def history(store: Store, notebook: Notebook) -> History:
    """Return an author for that notebook."""
    return History(store, notebook)


@pytest.fixture
def new_history() -> type[History]:
    """Return the author's class, for tests that need several."""
    return History


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library that kills a process at one of its calls."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler, on Linux")
    source = Path(__file__).with_name("crash_at.c")
    built = tmp_path_factory.mktemp("faults") / "crash_at.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(source), "-ldl"], check=True)
    return built
