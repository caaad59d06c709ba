"""The checkpoint tree: its rows, differences, texts, outputs, marks."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server.handlers.base import RewindHandler
from nbrewind_server.history import difference_of, history_of, mark, outputs_of, sources_of
from nbrewind_server.messages import Mark


class HistoryHandler(RewindHandler):
    """The checkpoint tree."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the history of a notebook."""
        name = self.required("path")
        path = await self.notebook(name)
        answer = await self.work(history_of, self.app.records, path)
        self.app.watch.add(name, path, answer.sequence)
        self.answer(answer)


class DifferenceHandler(RewindHandler):
    """What differs between two checkpoints."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the names that differ."""
        path = await self.notebook(self.required("path"))
        one, other = self.required("one"), self.required("other")
        self.answer(await self.work(difference_of, self.app.records, path, one, other))


class SourcesHandler(RewindHandler):
    """The texts at a checkpoint."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the cells' texts as they last ran on the branch that ends there."""
        path = await self.notebook(self.required("path"))
        self.answer(await self.work(sources_of, self.app.records, path, self.required("checkpoint")))


class OutputsHandler(RewindHandler):
    """The outputs of a run."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer what the run showed."""
        self.answer(await self.work(outputs_of, self.app.records, self.required("run")))


class MarkHandler(RewindHandler):
    """Labels, and checkpoints to keep."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Label a checkpoint or keep it; answer the history then."""
        change = self.read(Mark)
        path = await self.notebook(change.path)
        self.answer(await self.work(mark, self.app.records, path, change))
