"""One cell in a kernel that is used by others too: what comes of it, also where the kernel never replies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from queue import Empty
from time import perf_counter
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from nbrewind.driver.session import KernelError
from nbrewind.planning.notebook import SourceCell

IDLE_SECONDS = 10.0
"""How long the idle status is waited for after the reply: both come through different channels."""
GRACE_SECONDS = 3.0
"""How long a reply is waited for that an interrupt may have cost: a kernel interrupted while it takes a request up, or
while it sends the answer, is idle then and never replies."""


async def execute(
    client: AsyncKernelClient, cell: SourceCell, request: str, alive: Callable[[], Awaitable[bool]]
) -> dict[str, Any]:
    """Execute a cell by a request of this id; returns the reply's content when the kernel is idle again.

    A kernel that was interrupted while it took the request up does not reply: the content says `aborted` then.

    Raises:
        KernelError: the kernel died or was restarted.
    """
    content = {
        "code": cell.source,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    header = client.session.msg_header("execute_request")
    header["msg_id"] = request
    message = client.session.msg("execute_request", content, header=header, metadata={"cellId": cell.id})
    idle, restarted = asyncio.Event(), asyncio.Event()
    listener = asyncio.create_task(_listen(client, request, idle, restarted))
    try:
        client.shell_channel.send(message)
        reply = await _reply(client, request, alive, idle, restarted)
        try:
            await asyncio.wait_for(idle.wait(), IDLE_SECONDS)
        except (TimeoutError, asyncio.TimeoutError):
            pass  # the reply tells that the cell has ended
        return reply
    finally:
        listener.cancel()


async def _reply(
    client: AsyncKernelClient,
    request: str,
    alive: Callable[[], Awaitable[bool]],
    idle: asyncio.Event,
    restarted: asyncio.Event,
) -> dict[str, Any]:
    ended = 0.0
    while True:
        try:
            reply = await client.get_shell_msg(timeout=0.5)
        except Empty:
            if restarted.is_set() or not await alive():
                raise KernelError("the kernel died or was restarted; what was saved is kept") from None
            ended = ended or (perf_counter() if idle.is_set() else 0.0)
            if ended and perf_counter() - ended > GRACE_SECONDS:
                return {"status": "aborted", "evalue": "the kernel was interrupted"}
            continue
        if reply["parent_header"].get("msg_id") == request:
            return dict(reply["content"])


async def _listen(client: AsyncKernelClient, request: str, idle: asyncio.Event, restarted: asyncio.Event) -> None:
    """Read all IOPub messages, so that none is dropped, until the request is done or the kernel starts anew."""
    while not idle.is_set():
        try:
            message = await client.get_iopub_msg(timeout=5)
        except Empty:
            continue
        state = message["content"].get("execution_state") if message["msg_type"] == "status" else ""
        if state == "starting":
            restarted.set()
        elif state == "idle" and message["parent_header"].get("msg_id") == request:
            idle.set()
