"""Distributed tasks: how they stand, why they were not answered; local workers for their managers."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server import tasks
from nbrewind_server.handlers.base import RewindHandler, may_use_kernels
from nbrewind_server.task_messages import StartWorkers, StopWorkers, Tasks


class TasksBase(RewindHandler):
    """Base of those who answer how tasks stand."""

    async def standing(self, name: str, path: Path, session: str) -> Tasks:
        """Return how the tasks of a notebook stand."""
        workers = self.app.workers
        answer = await self.work(
            tasks.tasks_of,
            self.app.records,
            path,
            session,
            workers=workers.of(name),
            most_workers=workers.most,
        )
        self.app.watch.add(name, path, answer.sequence)
        return answer


class TasksHandler(TasksBase):
    """The tasks of a notebook, by cell."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer how they stand, with managers and workers."""
        name, session = self.required("path"), self.required("session")
        path = await self.notebook(name)
        self.answer(await self.standing(name, path, session))


class TaskListHandler(RewindHandler):
    """The tasks of one cell."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer each task of its last run."""
        path = await self.notebook(self.required("path"))
        self.answer(await self.work(tasks.list_of, self.app.records, path, self.required("cell")))


class TaskLogHandler(RewindHandler):
    """A log of a manager."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer what it says, as it is kept with a run."""
        path = await self.notebook(self.required("path"))
        run, manager, name = map(self.required, ("run", "manager", "name"))
        self.answer(await self.work(tasks.log_of, self.app.records, path, run, manager, name))


class StartWorkersHandler(TasksBase):
    """Starts workers."""

    @web.authenticated
    @authorized
    @may_use_kernels
    async def post(self) -> None:
        """Start them; answer how all stands then."""
        request = self.read(StartWorkers)
        path = await self.notebook(request.path)
        manager = await self.work(tasks.manager_of, self.app.records, path, request.session, request.manager)
        await self.app.workers.start(request.path, request.session, manager, request.count, request.cores)
        self.answer(await self.standing(request.path, path, request.session))


class StopWorkersHandler(TasksBase):
    """Stops workers."""

    @web.authenticated
    @authorized
    @may_use_kernels
    async def post(self) -> None:
        """Stop them; answer how all stands then."""
        request = self.read(StopWorkers)
        path = await self.notebook(request.path)
        await self.app.workers.stop(request.path, request.workers)
        self.answer(await self.standing(request.path, path, ""))
