"""Workers of TaskVine on the server's machine, started for managers in kernels. Use on the event loop only.

Each runs below a process of its own (`keeper.py`), which ends it when the server ends or dies. It connects to this
machine only, and ends when its manager is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import time

from nbrewind.model import new_id
from nbrewind.planning.history import instant
from nbrewind.tasks.live import LiveManager
from nbrewind_server.problem import Refused
from nbrewind_server.task_messages import LocalWorker

KEEPER = Path(__file__).with_name("keeper.py")
GLANCE = 0.3
"""Seconds for which it is watched whether a worker ends at once."""
PATIENCE = 10.0
"""Seconds for a worker to end."""
CONNECT = 60
"""Seconds after which a worker gives up that finds no manager."""


@dataclass(eq=False)
class Worker:
    """A worker that runs."""

    id: str
    path: str
    """The notebook, as the contents API names it."""
    session: str
    manager: int
    cores: int
    process: asyncio.subprocess.Process
    started: float = field(default_factory=time)
    last: str = ""
    """The last line that it has printed."""


class Workers:
    """The workers that this server has started."""

    def __init__(self, most: int, changed: Callable[[str], None]) -> None:
        """Keep ``most`` at a time; ``changed`` is called with the path of a notebook whose workers have changed."""
        self.most = most
        self._changed = changed
        self._running: dict[str, Worker] = {}
        self._following: set[asyncio.Task[None]] = set()
        self._closed = False

    def of(self, path: str) -> tuple[LocalWorker, ...]:
        """Return those of a notebook, the oldest first."""
        return tuple(
            LocalWorker(id=one.id, manager=one.manager, cores=one.cores, started=instant(one.started))
            for one in self._running.values()
            if one.path == path
        )

    async def start(self, path: str, session: str, manager: LiveManager, count: int, cores: int) -> None:
        """Start workers for a manager in a notebook's kernel.

        Raises:
            Refused: there would be too many, or one has ended at once.
        """
        if count < 1 or cores < 1:
            raise Refused("request", "at least one worker is started, with at least one core")
        if len(self._running) + count > self.most or self._closed:
            raise Refused(
                "request", f"this server runs {self.most} local workers at most: {len(self._running)} are there already"
            )
        new = [await self._start(path, session, manager, cores) for _ in range(count)]
        self._changed(path)
        await asyncio.sleep(GLANCE)
        for one in new:
            if one.id not in self._running:
                raise Refused("kernel", f"the worker has ended at once: {one.last or 'it does not say why'}")

    async def _start(self, path: str, session: str, manager: LiveManager, cores: int) -> Worker:
        command = [manager.program, "127.0.0.1", str(manager.port), "--cores", str(cores), "--single-shot"]
        command += ["--connect-timeout", str(CONNECT), "--workspace", "{folder}/workspace"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(KEEPER),
            *command,
            env=_environment(manager.program),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        worker = Worker(new_id(), path, session, manager.number, cores, process)
        self._running[worker.id] = worker
        task = asyncio.get_running_loop().create_task(self._follow(worker))
        self._following.add(task)
        task.add_done_callback(self._following.discard)
        return worker

    async def _follow(self, worker: Worker) -> None:
        """Take note of what a worker prints, and of its end."""
        assert worker.process.stderr is not None
        while line := await worker.process.stderr.read(4096):
            worker.last = line.decode("utf-8", "replace").strip().rpartition("\n")[2][:300] or worker.last
        await worker.process.wait()
        self._running.pop(worker.id, None)
        self._changed(worker.path)

    async def stop(self, path: str, workers: Collection[str] = ()) -> None:
        """Stop workers of a notebook, by default all, and wait until they have ended."""
        mine = [one for one in self._running.values() if one.path == path]
        await self._end([one for one in mine if not workers or one.id in workers])

    async def close(self) -> None:
        """Stop all, for good."""
        self._closed = True
        await self._end(list(self._running.values()))

    async def _end(self, workers: Iterable[Worker]) -> None:
        ending = []
        for one in workers:
            if one.process.stdin is not None:
                one.process.stdin.close()
            ending.append(one)
        for one in ending:
            try:
                await asyncio.wait_for(one.process.wait(), PATIENCE)
            except asyncio.TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    one.process.kill()
            self._running.pop(one.id, None)


def _environment(program: str) -> dict[str, str]:
    """Return the environment of a worker: programs of its manager's environment come first, and it tells nobody."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("TCP_")}
    path = os.pathsep.join(filter(None, (os.path.dirname(program), found.get("PATH", ""))))
    return {**found, "PATH": path, "CATALOG_HOST": "localhost"}
