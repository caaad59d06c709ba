"""Audit: run the whole notebook in a new kernel and record it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from nbformat import NotebookNode

from nbrewind.driver import system_trace
from nbrewind.driver.session import KernelError, Session, open_session
from nbrewind.model import Run
from nbrewind.planning.notebook import SourceCell, code_cells
from nbrewind.store import Notebook, Store

LEFT_OUT = "skip-execution"
"""The tag of cells that nbclient does not execute: they keep their outputs."""


@dataclass
class AuditedRun:
    """One run of an audit, with its place in the notebook."""

    cell: SourceCell
    run: Run | None
    """None for a cell that is not recorded: empty, or only steering recording."""
    status: str = "ok"
    error: str = ""
    stored: int = 0
    """Bytes that saving its checkpoint added to the store."""
    ends: bool = False
    """It ends the work: the cell raised, and neither its tags nor the client's settings tolerate that."""
    died: bool = False
    """The kernel died while it ran."""


@dataclass
class Audit:
    """What an audit did."""

    runs: list[AuditedRun] = field(default_factory=list)
    seconds: float = 0.0
    """From the kernel's readiness to the end of the last cell."""

    failed: AuditedRun | None = None
    """The run that ended the audit, if one did."""


async def audit(
    notebook: NotebookNode,
    path: Path,
    store: Store,
    *,
    kernel: str = "",
    allow_errors: bool = False,
    trace: bool = False,
    progress: Callable[[SourceCell], None] = lambda cell: None,
) -> Audit:
    """Run all code cells of ``notebook`` in order and record them under ``path``; outputs are set in place.

    Stops at the first cell that raises, unless it is tagged ``raises-exception`` or ``allow_errors`` is set. ``trace``:
    what other programs and compiled libraries open is recorded, too; see `nbrewind.driver.system_trace`.
    """
    result = Audit()
    with _trace_file(trace) as file:
        before = system_trace.command(file) if file else ()
        async with open_session(
            notebook,
            path,
            store=store.directory,
            kernel=kernel,
            allow_errors=allow_errors,
            tasks="run",
            before=before,
        ) as session:
            if file:
                await session.call("trace", file=str(file))
            await _run_all(result, notebook, path, store, session, progress)
    _add_sizes(result, store.notebook(path))
    return result


@contextmanager
def _trace_file(wanted: bool) -> Iterator[Path | None]:
    """Yield where system calls are written, gone when the kernel has ended; None where they are not."""
    if not wanted:
        yield None
        return
    with TemporaryDirectory(prefix="nbrewind-trace-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "calls"


async def _run_all(
    result: Audit,
    notebook: NotebookNode,
    path: Path,
    store: Store,
    session: Session,
    progress: Callable[[SourceCell], None],
) -> None:
    begin = perf_counter()
    for cell in to_execute(notebook):
        progress(cell)
        done = await run_cell(cell, notebook, session, store, path)
        result.runs.append(done)
        if done.ends:
            result.failed = done
            break
    result.seconds = perf_counter() - begin
    if not (result.failed and result.failed.died):
        await session.call("flush")


async def run_cell(cell: SourceCell, notebook: NotebookNode, session: Session, store: Store, path: Path) -> AuditedRun:
    """Run one cell and read its record back from the store."""
    node = notebook.cells[cell.index]
    if not cell.source.strip():
        node.outputs, node.execution_count = [], None
        return AuditedRun(cell, None)
    try:
        outcome = await session.run(node, cell.index, cell.id)
    except KernelError as error:
        if (dead := store.notebook(path)) is not None:
            store.recover(dead)
        return AuditedRun(cell, None, "error", str(error), ends=True, died=True)
    index = store.notebook(path)
    found = [] if index is None else [run for run in index.runs(cell.id) if run.session == session.id]
    run = found[-1] if found and cell.active else None
    status = outcome.status if outcome.status != "ok" or run is None else run.status
    why = outcome.error or (run.error if run else await session.trouble() if cell.active else "")
    return AuditedRun(cell, run, status, why, ends=outcome.status != "ok")


def to_execute(notebook: NotebookNode, last: int | None = None) -> list[SourceCell]:
    """Return the code cells up to index ``last``, without those that nbclient leaves out by their tag."""
    cells = [cell for cell in code_cells(notebook.cells) if LEFT_OUT not in cell.tags]
    return [cell for cell in cells if last is None or cell.index <= last]


def _add_sizes(result: Audit, index: Notebook | None) -> None:
    """Fill in what saving each checkpoint added to the store: known once all of them are saved."""
    stored = {checkpoint.run: checkpoint.stored for checkpoint in index.checkpoints()} if index else {}
    for done in result.runs:
        if done.run is not None:
            done.stored = stored.get(done.run.id, 0)
