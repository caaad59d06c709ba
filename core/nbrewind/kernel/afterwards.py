"""What is done after a cell has been answered and before the kernel takes up the next message.

ipykernel announces ``idle`` when it has sent the reply, and only then looks for the next request: what is done right
after the announcement is in nobody's way, and nothing of the user's can run before it on the main thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

from nbrewind.kernel.log import quiet
from nbrewind.model import AT_ONCE

HOOKS = "nbrewind.kernel.hooks"
SEND_SECONDS = 0.05
"""How long the announcement may take to leave."""


class Afterwards:
    """Calls ``work`` after each ``idle`` of the shell channel."""

    def __init__(self, shell: Any, work: Callable[[], None]) -> None:
        """Serve the kernel of ``shell``."""
        self._shell = shell
        self._kernel = shell.kernel
        self._work = work
        self._busy: tuple[str, object] = ("", None)
        """The id of the request that is worked on, and the task that works on it."""
        self._due = False

    def install(self) -> None:
        """Start to listen to the kernel's announcements."""
        original = self._kernel._publish_status

        def publish(status: str, channel: str, *args: Any, **options: Any) -> None:
            original(status, channel, *args, **options)
            if channel == "shell" and threading.current_thread() is threading.main_thread():
                self._announced(status)

        self._kernel._publish_status = publish

    def remove(self) -> None:
        """Stop to listen."""
        vars(self._kernel).pop("_publish_status", None)

    def defer(self, request: dict[str, Any]) -> bool:
        """Have the work done after the reply to ``request``; False if something would come between.

        Tasks of the user's run between the end of a cell that awaits something and its reply. Callbacks that
        IPython calls after ours, and expressions that the request asks for, belong to no cell: what they change must
        not be taken for the cell's.
        """
        if self._busy != (request.get("header", {}).get("msg_id"), _task()):
            return False
        if request.get("content", {}).get("user_expressions") or request.get("metadata", {}).get(AT_ONCE):
            return False
        last = self._shell.events.callbacks["post_run_cell"][-1:]
        if [getattr(callback, "__module__", "") for callback in last] != [HOOKS]:
            return False
        self._due = True
        return True

    def _announced(self, status: str) -> None:
        if status == "busy":
            self._busy = (self._kernel.get_parent("shell").get("header", {}).get("msg_id", ""), _task())
            return
        self._busy = ("", None)
        if not self._due:
            return
        self._due = False
        try:
            self._send()
            self._work()
        except (Exception, KeyboardInterrupt) as error:
            quiet("recording a run after its reply", error)

    def _send(self) -> None:
        """Return when the reply and the announcement have left: they must not wait for us."""
        stream = self._kernel.shell_stream
        if stream is not None and hasattr(stream, "flush"):
            import zmq

            with contextlib.suppress(Exception):
                stream.flush(zmq.POLLOUT)
        sent = threading.Event()
        self._kernel.iopub_thread.schedule(sent.set)
        sent.wait(SEND_SECONDS)


def _task() -> object:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
