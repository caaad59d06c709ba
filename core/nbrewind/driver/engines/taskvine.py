"""The engine ``taskvine``: cells run as tasks of TaskVine, on workers that a factory starts.

The manager is a process of its own (`manager.py`). What a cell needs goes to a worker as an order and files named by
their digests, which workers keep; what it has made comes back as one file, and is verified (`capsule.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import math
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Sequence
from typing import Any

from nbrewind.driver.engines.ahead_kernel import Result, Work, works_of
from nbrewind.driver.engines.capsule import read_return, write_order
from nbrewind.driver.engines.engine import EngineError, Site
from nbrewind.driver.engines.profile import Profile
from nbrewind.planning.ahead import Job

MANAGER = "nbrewind.driver.engines.manager"
TASK = "nbrewind.driver.engines.task"
TOGETHER = 30.0
"""Seconds: cells that are expected to take longer than this, one after the other, are tasks of their own."""
UNKNOWN = 5.0
"""Seconds that a cell is taken to need where nothing tells."""
PATIENCE = 30.0
"""Seconds for the manager to open, and to end."""


class TaskVineEngine:
    """A manager of TaskVine, and workers by a profile."""

    name = "taskvine"
    shares = False

    def __init__(self, profile: Profile) -> None:
        """Use workers as ``profile`` says.

        Raises:
            EngineError: TaskVine is not installed.
        """
        if importlib.util.find_spec("ndcctools") is None:
            raise EngineError(
                "the engine taskvine needs TaskVine, which is not installed here: "
                "`conda install -c conda-forge ndcctools`, or use --engine local"
            )
        self.profile = profile
        self.slots = profile.slots
        self.port = self.factory = 0
        self.process: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._listener: asyncio.Task[None] | None = None
        self._open = asyncio.Event()
        self._worker = asyncio.Event()
        """A worker has come."""
        self._number = 0
        self._cores: dict[int, int] = {}
        """Tasks that are under way, each with the cores of a worker that it has."""

    async def open(self, site: Site, wanted: int) -> None:
        """Start the manager and its factory; workers come while the notebook's kernel starts."""
        self._site = site
        self._folder = site.scratch.directory / "taskvine"
        (self._folder / "tmp").mkdir(parents=True)
        password = self._folder / "password"
        password.touch(0o600)
        password.write_text(secrets.token_hex(16))
        settings = {
            "folder": str(self._folder),
            "port": self.profile.port,
            "only_here": self.profile.is_here,
            "password": str(password),
            "environment": self.profile.environment,
            "factory": self.profile.command(str(self._folder), str(password)),
        }
        with open(self._folder / "log", "wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", MANAGER, json.dumps(settings), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=log, cwd=self._folder, env=self._environment(),
                start_new_session=True,
            )  # fmt: skip
        self._listener = asyncio.ensure_future(self._listen(self.process))

    async def _opened(self) -> None:
        """Wait until the manager is open.

        Raises:
            EngineError: it does not open.
        """
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._open.wait(), PATIENCE)
        if not self.port:
            last = (self._folder / "log").read_text("utf-8", "replace").strip().rpartition("\n")[2][:300]
            raise EngineError(f"TaskVine's manager did not open: {last or 'it does not say why'}")

    def _environment(self) -> dict[str, str]:
        """Return the environment of the manager and of local workers: they tell nobody, and keep to their folder."""
        found = {name: value for name, value in os.environ.items() if not name.startswith("TCP_")}
        path = os.pathsep.join(filter(None, (os.path.dirname(sys.executable), found.get("PATH", ""))))
        temporary = {"TMPDIR": str(self._folder / "tmp")} if self.profile.kind == "local" else {}
        return {**found, "PATH": path, "CATALOG_HOST": "localhost", **temporary}

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Take note of what the manager tells, to its end."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            event = json.loads(line)
            if event["event"] == "open":
                self.port, self.factory = event["port"], event["factory"]
                self._open.set()
            elif event["event"] == "workers" and event["connected"]:
                self._worker.set()
            elif event["event"] == "done" and (waiting := self._waiting.pop(event["id"], None)) is not None:
                if not waiting.done():  # nobody waits any more
                    waiting.set_result(event["why"])
        self._open.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(EngineError("TaskVine's manager has ended"))
        self._waiting.clear()

    def share(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs one task takes: it starts a Python, so short ones go together, evenly over the workers.

        As long as all tasks have whole workers, one has as many cores.
        """
        cores = self._width()
        tasks = max((self.slots - sum(self._cores.values())) // cores, 1)  # what is too much for now waits in TaskVine
        number, seconds = 0, 0.0
        for job in jobs[: math.ceil(len(jobs) / tasks)]:
            seconds += job.seconds or UNKNOWN
            if number and seconds > TOGETHER * cores:
                break
            number += 1
        return number

    def _width(self) -> int:
        """Return how many cores of a worker a task can have."""
        return self.profile.cores if {*self._cores.values()} <= {self.profile.cores} else 1

    async def run(self, jobs: Sequence[Job]) -> list[Result]:
        """Run jobs as one task."""
        self._number += 1
        number, works = self._number, [works_of(job) for job in jobs]
        self._cores[number] = min(self._width(), len(jobs))
        try:
            return await self._run(jobs, works, number)
        finally:
            del self._cores[number]

    async def _run(self, jobs: Sequence[Job], works: Sequence[Sequence[Work]], number: int) -> list[Result]:
        back = self._folder / f"back-{number}"
        order = await asyncio.to_thread(self._write, jobs, works, number)
        await self._opened()
        process = self.process
        if process is None or process.stdin is None or process.returncode is not None:
            raise EngineError("TaskVine's manager has ended")
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        process.stdin.write((json.dumps({"id": number, "back": str(back), **order}) + "\n").encode())
        await self._wait_for_worker(waiting)
        why = await waiting
        if why:
            return [Result(why=why)] * len(jobs)
        sources = {work.id: work.source for each in works for work in each}
        return await asyncio.to_thread(read_return, back, self._site.scratch, sources)

    def _write(self, jobs: Sequence[Job], works: Sequence[Sequence[Work]], number: int) -> dict[str, Any]:
        """Write an order; return what the manager is told of it."""
        scratch = self._site.scratch
        snapshots = [snapshot for job in jobs for snapshot in scratch.bring(job)]
        files = scratch.bring_files(jobs, self._site.path.parent)
        place = self._folder / f"order-{number}"
        cores = self._cores[number]
        keep = write_order(place, works, scratch, snapshots, files, cores)
        command = f"exec {shlex.quote(self.profile.worker_python())} -Xfrozen_modules=off -m {TASK} order back"
        return {"order": str(place), "keep": keep, "command": command, "cores": cores}

    async def _wait_for_worker(self, waiting: asyncio.Future[str]) -> None:
        """Wait until there is a worker.

        Raises:
            EngineError: none comes.
        """
        if self._worker.is_set():
            return
        coming: asyncio.Future[Any] = asyncio.ensure_future(self._worker.wait())
        either: list[asyncio.Future[Any]] = [coming, waiting]
        await asyncio.wait(either, timeout=self.profile.patience, return_when=asyncio.FIRST_COMPLETED)
        coming.cancel()
        if not self._worker.is_set() and not waiting.done():
            raise EngineError(f"no worker of TaskVine has come within {self.profile.patience} s")

    async def close(self) -> None:
        """End the manager, and with it the factory and the workers."""
        process = self.process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
        for group in {process.pid, self.factory} - {0}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
