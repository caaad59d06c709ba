"""What the rules' tests have in common: a live kernel, a notebook that is audited and repeated, and the verdict.

The verdict on a value is always the same disjunction: it is the right one, or its absence is reported with a reason.
Anything else fails the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from driver_notebooks import audited, notebook, repeated

from nbrewind.driver.repeat import Repeat
from nbrewind.driver.session import KernelError, Session, open_session
from nbrewind.model import Run
from nbrewind.store import Notebook, Store

Cells = Sequence[tuple[str, str]]


def shown(outputs: Sequence[Mapping[str, Any]]) -> str:
    """Outputs as one text."""
    parts = []
    for output in outputs:
        data = output.get("data", {}).get("text/plain", "")
        parts.append(output.get("text") or data or f"{output.get('ename')}: {output.get('evalue')}")
    return "".join(parts).strip()


class Live:
    """A kernel that records, used from synchronous tests."""

    def __init__(self, loop: asyncio.AbstractEventLoop, session: Session, path: Path, store: Store) -> None:
        self._loop, self.session, self.path, self.store = loop, session, path, store

    def run(self, cell: str, source: str) -> str:
        """Run a cell; returns what it shows, an error too."""
        node = nbformat.v4.new_code_cell(source, id=cell)
        self._loop.run_until_complete(self.session.run(node, 0))
        return shown(node.outputs)

    def call(self, verb: str, **arguments: Any) -> Any:
        return self._loop.run_until_complete(self.session.call(verb, **arguments))

    def rewind(self, target: str, *, partial: bool = False) -> dict[str, Any]:
        """Rewind; returns the report."""
        return self.call("rewind", target=target, partial=partial)

    @property
    def index(self) -> Notebook:
        index = self.store.notebook(self.path)
        assert index is not None
        return index

    def last(self, cell: str) -> Run:
        """The newest run of a cell in this session."""
        self.call("flush")
        return [run for run in self.index.runs(cell) if run.session == self.session.id][-1]

    def back(self, cell: str, right: Mapping[str, str]) -> str:
        """Rewind to a cell, then compare expressions with their right values. Returns ``holds`` or ``reported``.

        Where the rewind refuses because something would be lost, that must be said, with a reason for each name.
        """
        report = self.rewind(cell)
        if not report["done"]:
            assert report["lost"] and all(entry["reason"] for entry in report["lost"]), report
            return "reported"
        for expression, value in right.items():
            assert self.run("question", f"print({expression})") == value, (expression, report)
        return "holds"


@contextmanager
def live_kernel(folder: Path, path: Path | None = None, store: Path | None = None) -> Iterator[Live]:
    """Start a recording kernel for a notebook in ``folder``."""
    loop = asyncio.new_event_loop()
    where = path or folder / "live.ipynb"
    opened = Store.open(store or folder / "store")
    manager = open_session(notebook([("any", "")]), where, store=opened.directory, allow_errors=True)
    try:
        session = loop.run_until_complete(manager.__aenter__())
        try:
            yield Live(loop, session, where, opened)
        finally:
            loop.run_until_complete(manager.__aexit__(None, None, None))
    finally:
        loop.close()
        opened.close()


class Scenario:
    """One notebook: audited, edited, and repeated in a new kernel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "rules.ipynb"

    def audit(self, cells: Cells) -> dict[str, str]:
        """Record; returns what every cell shows."""
        made = notebook(cells)
        with Store.open(self.folder / "store") as store:
            result = audited(made, self.path, store)
        assert result.failed is None and all(done.run for done in result.runs), result
        return {cell.id: shown(cell.outputs) for cell in made.cells}

    def repeat(self, cells: Cells, right: Mapping[str, str]) -> Verdict:
        """Repeat edited cells; every value in ``right`` must be shown, or the repeat must end with a reason."""
        made = notebook(cells)
        with Store.open(self.folder / "store") as store:
            try:
                result = repeated(made, self.path, store)
            except KernelError as error:
                result = Repeat(failed=str(error))
        reached = {step.cell for step in result.steps}
        texts = {cell.id: shown(cell.outputs) for cell in made.cells}
        for name, text in right.items():
            if name in reached:
                failed_here = result.failed and result.steps[-1].cell == name
                assert texts[name] == text or failed_here, (name, texts[name], "instead of", text, result)
            else:
                assert result.failed, f"cell {name} was not reached, and nobody said why"
        return Verdict(result)


class Verdict:
    """How a repeat came to the right values."""

    def __init__(self, result: Repeat) -> None:
        self.result = result
        self.ran = {step.cell: step.reason for step in result.steps if step.action == "run"}

    @property
    def holds(self) -> bool:
        """Every value is right (and not merely reported missing)."""
        return not self.result.failed
