"""The state of every cell, and where a cell uses names."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind.analysis import spans
from nbrewind_server.handlers.base import RewindHandler
from nbrewind_server.messages import Question, Spans, Text
from nbrewind_server.state import state_of


class StateHandler(RewindHandler):
    """Answers with the four facts about every cell, and the graph."""

    gone = False
    """The client does not wait any more: it has asked a newer question, or left."""

    def on_connection_close(self) -> None:
        """Note that nobody waits."""
        self.gone = True

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer one question; of those of one notebook that wait, only what somebody still waits for is computed."""
        question = self.read(Question)
        self.check_size(question)
        path = await self.notebook(question.path)
        async with self.app.turn(path):
            if self.gone:
                return
            answer = await self.work(
                state_of,
                self.app.records,
                question,
                path,
                shared=self.app.kernels.shares_environment(question.kernel),
                plan=self.app.plans.current(question.path),
            )
        self.app.watch.add(question.path, path, answer.sequence)
        self.answer(answer)


class SpansHandler(RewindHandler):
    """Answers where a cell's text uses the names of the user's namespace."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer for one text. No record is needed."""
        request = self.read(Text)
        self.answer(Spans(spans=await self.work(spans, request.text)))
