"""A kernel in which cells run ahead: each meets the state that it would meet at its turn, and can only compute.

What a cell meets is set up as for the steps of a plan in a running kernel (`nbrewind.kernel.steps`), so one kernel
takes one cell after the other, in any order. Those of imports, definitions and constants run in it once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from nbrewind.driver.client import CELL_CLIENT, CellClient
from nbrewind.driver.engines.stem import Stem
from nbrewind.driver.execute import execute
from nbrewind.driver.live import by_run
from nbrewind.driver.session import STARTS, KernelError, StartError, ask_agent, attach, check_language, quietly
from nbrewind.model import Record, Run, new_id
from nbrewind.planning.ahead import Job, deeds, unfit
from nbrewind.planning.notebook import SourceCell
from nbrewind.store import Store

START_SECONDS = 60.0


class Work(Record, frozen=True, kw_only=True):
    """A cell that a kernel is to run, as plain data."""

    id: str
    index: int
    source: str
    state: dict[str, list[str]]
    """Run id to the keys of which the cell meets that run's versions."""
    names: tuple[str, ...] = ()
    """The variables that must be bound."""
    small: bool = False
    """It is there for those behind it: its kernel runs it once."""


class Result(Record, frozen=True, kw_only=True):
    """What came of a cell that was to run ahead."""

    run: str = ""
    """The run, of which the kernel's store has the record; empty if there is none that may answer."""
    why: str = ""
    """Why there is none, in words."""


def works_of(job: Job) -> list[Work]:
    """Return the cells of a job, the one that it is for at the end."""
    return [
        Work(
            id=part.cell.id,
            index=part.cell.index,
            source=part.cell.source,
            state=by_run(part.items.values()),
            names=tuple(sorted(part.names)),
            small=part.cell.id != job.cell.id,
        )
        for part in job.parts
    ]


class Forking(LocalProvisioner):
    """Forks kernels from a stem, for a kernel manager."""

    process: Any = None

    def __init__(self, stem: Stem, options: Sequence[str], manager: AsyncKernelManager) -> None:
        """Start them with ``options``."""
        super().__init__(kernel_id=new_id(), kernel_spec=manager.kernel_spec, parent=manager)
        self._stem, self._options, self._kernels = stem, options, manager

    async def launch_kernel(self, cmd: list[str], **given: Any) -> KernelConnectionInfo:
        """Fork one, whatever the command is by which it would be started."""
        arguments = ["-f", self._kernels.connection_file, *self._options]
        self.process = self._stem.start(arguments, given["cwd"], given["env"])
        self.pid = self.pgid = self.process.pid
        self.cwd = given["cwd"]
        return self.connection_info


class AheadKernel:
    """One such kernel; use as an asynchronous context manager."""

    def __init__(self, path: Path, store: Store, kernel: str, stem: Stem | None = None) -> None:
        """Run cells of the notebook at ``path`` in a kernel of kind ``kernel``, and record them in ``store``.

        ``stem``: the process from which it is forked; by default it is started as its specification says.
        """
        self._path, self._store, self._kernel, self._stem = path, store, kernel, stem
        self._mark = ""
        self._ran: dict[str, str] = {}
        """Small cells that were run, with their texts."""
        self._made: dict[str, str] = {}
        """Key to the run of a small cell here that made it."""

    async def __aenter__(self) -> AheadKernel:
        """Start it.

        Raises:
            StartError: it did not start, or does not record; one line says why.
        """
        problem: BaseException | None = None
        for _ in range(STARTS):
            try:
                await self._start()
                return self
            except BaseException as error:
                await asyncio.shield(self.close())
                if not isinstance(error, (OSError, RuntimeError)):
                    raise
                problem = error
        raise StartError(f"a kernel {self._kernel} did not start: {problem}")

    async def _start(self) -> None:
        self._manager = manager = AsyncKernelManager(kernel_name=self._kernel)
        manager.client_class = CELL_CLIENT
        check_language(manager)
        options = [*quietly(manager), "--HistoryManager.hist_file=:memory:"] if manager.ipykernel else []
        if self._stem is not None:
            manager.provisioner = Forking(self._stem, options, manager)
        await manager.start_kernel(cwd=str(self._path.parent), extra_arguments=options)
        client = manager.client()
        assert isinstance(client, CellClient)
        self._client = client
        self._client.start_channels()
        await self._client.wait_for_ready(timeout=START_SECONDS)
        await attach(self._client, self._path, self._store.directory)
        self._mark = (await ask_agent(self._client, "state"))["mark"]

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        await asyncio.shield(self.close())

    async def close(self) -> None:
        """End it at once: what it has made is recorded, or of no use."""
        if (client := getattr(self, "_client", None)) is not None:
            client.stop_channels()
        if (manager := getattr(self, "_manager", None)) is not None and manager.has_kernel:
            with contextlib.suppress(RuntimeError, OSError):
                await manager.shutdown_kernel(now=True)

    async def run(self, works: Iterable[Work]) -> Result:
        """Run cells, of which the last is the one that counts.

        Raises:
            KernelError: the kernel died.
        """
        found = Result(why="there is nothing to run")
        for work in works:
            if work.small and self._ran.get(work.id) == work.source:
                continue
            found = await self._step(work)
            if not found.run:
                return Result(why=f"cell {work.index + 1}: {found.why}" if work.small else found.why)
            if work.small:
                self._ran[work.id] = work.source
                run = self._store.run(found.run)
                self._made.update({one.key: found.run for one in run.writes} if run is not None else {})
        return found

    async def _step(self, work: Work) -> Result:
        request = f"nbrewind-plan_{new_id()}_{work.id}"
        state = self._state(work.state)
        answer = await ask_agent(
            self._client, "prepare", request=request, mark=self._mark, state=state, names=work.names,
            ahead=not work.small,
        )  # fmt: skip
        if answer["lost"]:
            return Result(
                why="; ".join(f"it needs {name}: {reason}" for name, reason in sorted(answer["lost"].items()))
            )
        if answer["moved"]:
            return Result(why="something else ran in its kernel")
        cell = SourceCell(work.id, work.index, work.source)
        reply = await execute(self._client, cell, request, self._client.is_alive)
        done = (await ask_agent(self._client, "state"))["step"]
        self._mark = done.get("mark") or self._mark
        if done.get("stopped"):
            return Result(why=f"it {done['stopped']}, which must come at its turn")
        if reply["status"] != "ok":
            return Result(why=f"it raised {reply.get('ename', 'an error')} when it ran ahead")
        await ask_agent(self._client, "flush")
        run = self._store.run(done.get("run", ""))
        why = done.get("refused", "") or (barred(run) if run is not None else "it could not be recorded")
        return Result(run=run.id) if run is not None and (work.small or not why) else Result(why=why)

    def _state(self, given: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Add to what is known what small cells have made here of which nothing is known."""
        known = {key for keys in given.values() for key in keys}
        found = {run: list(keys) for run, keys in given.items()}
        for key, run in self._made.items():
            if key not in known:
                found.setdefault(run, []).append(key)
        return found


def barred(run: Run) -> str:
    """Say why a run that was made ahead can't answer; empty if it can."""
    if run.status != "ok":
        return f"it ended with {run.error} when it ran ahead"
    if run.unknown:
        return f"no record of it answers: {run.unknown[0]}"
    return deeds(run) or unfit(run)


__all__ = ["AheadKernel", "KernelError", "Result", "Work", "barred", "works_of"]
