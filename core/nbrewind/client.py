"""nbclient that runs only what must run: the rest comes from the records."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from nbclient.util import run_sync
from nbformat import NotebookNode
from traitlets import Unicode

from nbrewind.driver.audit import LEFT_OUT
from nbrewind.driver.client import CELL_CLIENT, AnsweringClient
from nbrewind.driver.repeater import Repeater
from nbrewind.driver.session import KernelError, Session, check_language
from nbrewind.planning.notebook import SourceCell, code_cell
from nbrewind.planning.policies import policies_of
from nbrewind.store import Store

INJECTED = "injected-parameters"
"""The tag of papermill's cell of parameters, which is made anew each time: it is known by its tag."""


class RepeatClient(AnsweringClient):
    """A ``NotebookClient`` that brings a notebook up to date, as ``nbrewind repeat`` does, in a kernel that it starts.

    Cells that a record answers get what was recorded and are not run; all others run and are recorded. Everything else
    is nbclient's: settings, hooks, tags, errors.

        RepeatClient(nb, notebook="analysis.ipynb").execute()
    """

    notebook = Unicode(
        help="""
        Path of the notebook, under whose name its history is kept. It counts as if it lay in the folder where the
        kernel starts: ``resources``' ``path``, else this path's own folder.
        """
    ).tag(config=True)
    store = Unicode(help="Directory of the store, by default that of the command ``nbrewind``.").tag(config=True)

    _work: Repeater | None = None
    _driving = False
    """The driver executes the cell: it is nbclient's turn."""

    def __init__(self, nb: NotebookNode, km: KernelManager | None = None, **options: Any) -> None:
        """Take a notebook as ``NotebookClient`` does; a kernel of ``km`` must not run yet."""
        if km is not None:
            if km.has_kernel:
                raise ValueError("RepeatClient needs a kernel of its own: give it a manager that has not started one")
            km.client_class = CELL_CLIENT
        super().__init__(nb, km=km, **options)
        metadata = self.resources.setdefault("metadata", {})
        if not metadata.get("path"):
            metadata["path"] = str(Path(self.notebook).resolve().parent) if self.notebook else os.getcwd()

    def create_kernel_manager(self) -> KernelManager:
        """Make the manager of a kernel of Python."""
        manager = super().create_kernel_manager()
        check_language(manager)
        manager.client_class = CELL_CLIENT
        return manager

    @property
    def path(self) -> Path:
        """Where the notebook counts as lying."""
        metadata = self.resources["metadata"]
        name = Path(self.notebook).name or f"{metadata.get('name') or 'notebook'}.ipynb"
        return Path(metadata["path"]).resolve() / name

    async def async_execute_cell(
        self, cell: NotebookNode, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> NotebookNode:
        """Bring a cell up to date.

        Raises:
            CellExecutionError: it ran and raised, as nbclient does.
            KernelError: its result could not be trusted, or the records can't be read.
        """
        if self._driving or cell.cell_type != "code" or not cell.source.strip() or LEFT_OUT in _tags(cell):
            return await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        if self._work is None or self._work.session.client is not self.kc:
            self._work = await self._begin()
        work, self._driving = self._work, True
        try:
            failed = await work.bring(self._cells()[cell_index])
        finally:
            self._driving = False
        if failed:
            raise work.session.raised or KernelError(failed)
        return cell

    execute_cell = run_sync(async_execute_cell)

    async def _begin(self) -> Repeater:
        """Plan what the kernel that was started is to do, and start recording in it."""
        store = Store.open(self.store or None)
        path, cells = self.path, list(self._cells().values())
        policies = policies_of(self.nb.metadata, {"missing": "run"} if self.allow_errors else {}, place=path.name)
        session = await Session(self, path, store.directory, policies=policies).attach()
        return Repeater(self.nb, path, store, session, cells, policies=policies)

    def _cells(self) -> dict[int, SourceCell]:
        """Return the code cells by their index; those without an id of their own are told apart by code and place."""
        found: dict[int, SourceCell] = {}
        seen: Counter[str] = Counter()
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type == "code" and LEFT_OUT not in _tags(cell):
                name = INJECTED if INJECTED in _tags(cell) else str(cell.get("id") or "")
                one = code_cell(cell, index, name or "nameless")
                if not name:
                    code = one.digest.partition(":")[2][:12]
                    seen[code] += 1
                    one = code_cell(cell, index, f"{code}-{seen[code]}")
                found[index] = one
        return found

    async def _async_cleanup_kernel(self) -> None:
        if self._work is not None:
            self._work.store.close()
            self._work = None
        await super()._async_cleanup_kernel()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", ()))
