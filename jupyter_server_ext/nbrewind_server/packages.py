"""Packages as the front end asks for them: looking at one, and jobs that export, check, trust and import."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from nbrewind.model import new_id
from nbrewind.packages.form import SUFFIX, stem
from nbrewind_server.events import Events
from nbrewind_server.package_messages import JobKind, Package, PackageJob
from nbrewind_server.package_process import FAILED, PackageProcesses
from nbrewind_server.problem import Refused

ENDED = 50
"""Ended jobs that are kept for somebody to ask for them."""
RESULTS = {"preview": "preview", "export": "exported", "verify": "verified", "trust": "trusted", "import": "imported"}
"""By kind of job, the field that has what it did."""

REPEATABLE = "-reproducible"
"""What a notebook's name gets that has a package in it."""

Finish = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class _Work:
    job: PackageJob
    task: asyncio.Task[None] | None = None


class Packages:
    """The jobs of one server. Use on the event loop only."""

    def __init__(self, events: Events, log: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        """Tell of jobs by ``events``."""
        self._events, self._log = events, log
        self._processes = PackageProcesses()
        self._jobs: OrderedDict[str, _Work] = OrderedDict()

    async def inspect(self, root: str, finish: Finish, **arguments: Any) -> Package:
        """Return what is in a package. ``root``: where the contents lie, which no message says.

        Raises:
            Refused: it is none, or can't be read.
        """
        try:
            found = await self._processes.do("inspect", **arguments)
        except Refused as refused:
            raise Refused(refused.why, _short(refused.message, root)) from refused
        return msgspec.convert(finish(found), Package)

    def start(self, kind: JobKind, path: str, root: str, finish: Finish, **arguments: Any) -> PackageJob:
        """Begin a job on ``path``; ``finish`` makes what the API says of what the process says."""
        job = PackageJob(id=new_id(), kind=kind, path=path, state="running", doing="", share=0.0)
        work = self._jobs[job.id] = _Work(job)
        work.task = asyncio.create_task(self._carry_out(work, root, finish, arguments))
        self._tidy()
        return job

    def get(self, job: str) -> PackageJob:
        """Return a job.

        Raises:
            Refused: there is none of this id.
        """
        return self._work(job).job

    async def cancel(self, job: str) -> PackageJob:
        """Cancel a job, and return it once nothing is left of it; one that has ended stays as it is."""
        work = self._work(job)
        if work.task is not None and not work.task.done():
            work.task.cancel()
            await asyncio.wait([work.task])
        return work.job

    async def stop(self) -> None:
        """Cancel all jobs: the server stops."""
        tasks = [work.task for work in self._jobs.values() if work.task is not None and not work.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _work(self, job: str) -> _Work:
        found = self._jobs.get(job)
        if found is None:
            raise Refused("unknown", "there is no such work on a package any more")
        return found

    async def _carry_out(self, work: _Work, root: str, finish: Finish, arguments: dict[str, Any]) -> None:
        kind = work.job.kind

        def progress(doing: str, share: float) -> None:
            self._set(work, doing=doing, share=share)

        try:
            found = await self._processes.do(kind, progress, **arguments)
            kinds = {field.name: field.type for field in msgspec.structs.fields(PackageJob)}
            name = RESULTS[kind]
            self._set(work, state="done", share=1.0, **{name: msgspec.convert(finish(found), kinds[name])})
        except asyncio.CancelledError:
            self._set(work, state="cancelled")
        except Refused as refused:
            self._set(work, state="failed", reason=_short(refused.message, root), why=refused.why)
        except Exception:
            self._log.exception("NBRewind could not work on %s", work.job.path)
            self._set(work, state="failed", reason=FAILED, why="package")

    def _set(self, work: _Work, **fields: Any) -> None:
        work.job = msgspec.structs.replace(work.job, **fields)
        self._events.package(work.job.path, work.job.id, work.job.state, work.job.share)

    def _tidy(self) -> None:
        ended = [id_ for id_, one in self._jobs.items() if one.job.state != "running"]
        for id_ in ended[:-ENDED]:
            del self._jobs[id_]


def _short(message: str, root: str) -> str:
    """Return a message that names files below the contents' root as the contents API does."""
    for one in {root, os.path.realpath(root)} if root else ():
        message = message.replace(one.rstrip("/") + "/", "")
    return message


def default_target(notebook: Path, *, embed: bool = False) -> Path:
    """Return where a notebook is exported to if nothing else is said: beside it, where there is nothing.

    ``embed``: as a notebook with a package in it.
    """
    stem, ending = (notebook.stem + REPEATABLE, notebook.suffix) if embed else (notebook.stem, SUFFIX)
    place = notebook.with_name(stem + ending)
    number = 2
    while os.path.lexists(place):
        place = notebook.with_name(f"{stem}-{number}{ending}")
        number += 1
    return place


def default_folder(package: Path) -> Path:
    """Return the folder into which a package goes: beside it."""
    name = stem(package.name)
    return package.with_name(name if name != package.name else name + "-imported")
