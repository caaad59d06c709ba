"""What all handlers share: requests and answers as records, refusals as problems, work off the event loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from nbrewind.model import Record
from nbrewind_server.messages import Problem, Question
from nbrewind_server.paths import file_of
from nbrewind_server.problem import Refused

if TYPE_CHECKING:
    from nbrewind_server.app import NBRewindApp

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])

may_use_kernels = cast("Callable[[Method], Method]", authorized("execute", "kernels"))
"""Decorates, below `authorized`, what touches a kernel: it needs that permission as well."""


class RewindHandler(ExtensionHandlerMixin, APIHandler):
    """Base of all handlers. Every method is authenticated first, then authorised for the resource `nbrewind`."""

    auth_resource = "nbrewind"

    @property
    def app(self) -> NBRewindApp:
        """The extension."""
        return cast("NBRewindApp", self.extensionapp)

    def read(self, kind: type[R]) -> R:
        """Return the request's body.

        Raises:
            Refused: it is not what was asked for.
        """
        body = self.request.body
        try:
            try:
                return msgspec.json.decode(body, type=kind)
            except msgspec.ValidationError:
                raise
            except msgspec.DecodeError:  # half a surrogate pair in somebody's text is JSON, too
                return msgspec.convert(json.loads(body), kind)
        except (ValueError, RecursionError) as error:
            raise Refused("request", f"the request is not understood: {error}") from error

    def required(self, name: str) -> str:
        """Return a query parameter.

        Raises:
            Refused: it is not there.
        """
        found = self.get_query_argument(name, None)
        if found is None:
            raise Refused("request", f"the request lacks the parameter {name}")
        return str(found)

    def check_size(self, question: Question) -> None:
        """Refuse a question about more cells than are allowed."""
        if len(question.cells) > self.app.max_cells:
            raise Refused("request", f"the notebook has more than {self.app.max_cells:,} cells: see max_cells")

    async def notebook(self, path: str) -> Path:
        """Return the file of a notebook, by its path in the contents API."""
        return await file_of(self.contents_manager, path)

    async def work(self, task: Callable[..., T], *args: Any, **options: Any) -> T:
        """Do blocking work off the event loop."""
        return await self.app.work(task, *args, **options)

    def answer(self, record: Record) -> None:
        """Finish with a record."""
        try:
            self.finish(msgspec.json.encode(record))
        except UnicodeEncodeError:
            self.finish(json.dumps(msgspec.to_builtins(record)))

    def write_error(self, status_code: int, **options: Any) -> None:
        """Finish with a problem; never with a traceback."""
        error = (options.get("exc_info") or (None, None, None))[1]
        if isinstance(error, Refused):
            problem = Problem(message=error.message, reason=error.why)
        elif isinstance(error, web.HTTPError):
            problem = Problem(message=error.log_message or self._reason)
        else:
            problem = Problem(message="the server failed to answer: its log says why")
        self.set_status(status_code)
        self.answer(problem)
