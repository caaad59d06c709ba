"""nbclient as the driver uses it: it says which cell it executes, and a record may speak in the kernel's place.

A cell that a record answers goes the way of every other cell through nbclient: its hooks, outputs, updates of
displays, timing and whatever a subclass does with messages are those of an executed cell. Only that nothing is sent to
the kernel, and that the messages come from the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from math import inf
from queue import Empty
from time import monotonic
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode

from nbrewind.model import AT_ONCE, RECORDED, Run, new_id

RECONNECT = 10
"""Milliseconds between two tries to connect."""


class CellClient(AsyncKernelClient):
    """A kernel client that says, as JupyterLab does, which cell it executes; its record is there with the reply."""

    cell_id: str = ""
    silenced = False
    """The next request is not sent."""

    def start_channels(self, *channels: bool, **named: bool) -> None:
        """Connect. A kernel that starts does not listen yet: try again at once, not only each 0.1 s."""
        self.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT)
        super().start_channels(*channels, **named)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return once the kernel answers on both channels; raises `RuntimeError` if it dies or takes too long.

        jupyter_client waits until nothing has come for 0.2 s; here the answer's own end is awaited. ``timeout`` in
        seconds.
        """
        end = inf if timeout is None else monotonic() + timeout
        while True:
            request = self.kernel_info()
            try:
                while (reply := await self.get_shell_msg(timeout=1))["parent_header"].get("msg_id") != request:
                    pass
                while not _ends(await self.get_iopub_msg(timeout=0.2), request):
                    pass
            except Empty:
                if not await self.is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info") from None
                if monotonic() > end:
                    raise RuntimeError(f"Kernel didn't respond in {timeout} seconds") from None
            else:
                self._handle_kernel_info_reply(reply)
                return

    def execute(self, code: str, *args: Any, **options: Any) -> str:
        """Send an execute request whose metadata carry the cell's id, and what `Afterwards` is to do."""
        if self.silenced:
            self.silenced = False
            return f"recorded-{new_id()}"
        if not self.cell_id:
            return str(super().execute(code, *args, **options))
        build = self.session.msg
        cell_id, self.cell_id = self.cell_id, ""

        def with_cell(kind: str, content: Any = None, **fields: Any) -> Any:
            return build(kind, content, metadata={"cellId": cell_id, AT_ONCE: True}, **fields)

        self.session.msg = with_cell
        try:
            return str(super().execute(code, *args, **options))
        finally:
            self.session.msg = build


def _ends(message: dict[str, Any], request: str) -> bool:
    """Whether a message on IOPub says that a request is dealt with."""
    ended: bool = message["content"].get("execution_state") == "idle"
    return ended and message["parent_header"].get("msg_id") == request


CELL_CLIENT = f"{CellClient.__module__}.{CellClient.__name__}"
"""For a kernel manager's ``client_class``."""


@dataclass(frozen=True)
class Answer:
    """A recorded run that stands for an execution."""

    run: Run
    messages: Sequence[dict[str, Any]]
    """What it sent to be shown; see `Store.messages`."""
    count: int
    """The cell's execution count here."""

    def sent(self, request: str) -> Iterator[dict[str, Any]]:
        """Yield what a kernel would have published for a request, with the times of then."""
        begin, end = self.run.started, self.run.started + self.run.seconds
        yield self._message("status", {"execution_state": "busy"}, request, begin)
        yield self._message("execute_input", {"execution_count": self.count}, request, begin)
        for message in self.messages:
            content = {key: value for key, value in message.items() if key != "output_type"}
            if "execution_count" in content:
                content["execution_count"] = self.count
            yield self._message(message["output_type"], content, request, end)
        yield self._message("status", {"execution_state": "idle"}, request, end)

    def reply(self, request: str) -> dict[str, Any]:
        """Return the kernel's reply, with a note in its metadata of what it really is."""
        content = {"status": "ok", "execution_count": self.count, "user_expressions": {}, "payload": []}
        message = self._message("execute_reply", content, request, self.run.started + self.run.seconds)
        return {**message, "metadata": {RECORDED: self.run.id}}

    @staticmethod
    def _message(kind: str, content: dict[str, Any], request: str, time: float) -> dict[str, Any]:
        return {
            "header": {"msg_type": kind, "msg_id": new_id(), "date": datetime.fromtimestamp(time, timezone.utc)},
            "msg_type": kind,
            "parent_header": {"msg_id": request},
            "metadata": {},
            "content": content,
            "buffers": [],
        }


class AnsweringClient(NotebookClient):
    """nbclient, in which a record may answer for the kernel."""

    answer: Answer | None = None
    """What answers the cell that is executed now; None: the kernel does."""
    last_reply: dict[str, Any] | None = None
    """It knows the execution count."""

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        if self.answer is None:
            return await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        for message in self.answer.sent(parent_msg_id):
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                return None
        return None

    async def _async_poll_for_reply(
        self,
        msg_id: str,
        cell: NotebookNode,
        timeout: int | None,
        task_poll_output_msg: asyncio.Future[Any],
        task_poll_kernel_alive: asyncio.Future[Any],
    ) -> dict[str, Any]:
        self.last_reply = None
        if self.answer is None:
            self.last_reply = await super()._async_poll_for_reply(
                msg_id, cell, timeout, task_poll_output_msg, task_poll_kernel_alive
            )
            return self.last_reply
        await task_poll_output_msg
        task_poll_kernel_alive.cancel()
        if self.record_timing:
            execution = cell["metadata"]["execution"]
            execution["shell.execute_reply"] = execution["iopub.status.idle"]
            execution[RECORDED] = self.answer.run.id
        return self.answer.reply(msg_id)
