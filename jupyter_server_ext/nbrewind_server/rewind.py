"""Rewinding a running kernel, and looking at a value of an earlier checkpoint."""

from __future__ import annotations

from typing import Any

import msgspec

from nbrewind.model import RewindReport
from nbrewind_server.kernels import Kernels
from nbrewind_server.messages import Peek, PeekRequest, RewindAnswer, RewindRequest
from nbrewind_server.problem import Refused

MOVED = "something ran in this kernel in between: look at the history again"
LONG = 600.0
"""Seconds that loading may take."""


async def rewind(kernels: Kernels, request: RewindRequest) -> RewindAnswer:
    """Rewind a kernel.

    Raises:
        Refused: it is busy, has moved, records nothing, or does not know the target.
    """
    async with kernels.turn(request.kernel) as kernel:
        head = request.head
        if not head:
            head = (await kernels.ask(kernel, "state"))["head"]
        # The agent compares the head again: a cell that came between makes this request wait, and moves it.
        answer: dict[str, Any] = await kernels.ask(
            kernel, "rewind", target=request.target, partial=request.partial, files=request.files, head=head,
            timeout=LONG,
        )  # fmt: skip
    if "moved" in answer:
        raise Refused("moved", MOVED)
    report = msgspec.convert(answer, RewindReport)
    return RewindAnswer(report=report, before=report.before, after=report.checkpoint if report.done else report.before)


async def peek(kernels: Kernels, request: PeekRequest) -> Peek:
    """Return the first lines of a value as it was at a checkpoint.

    Raises:
        Refused: the kernel is busy, or records nothing.
    """
    async with kernels.turn(request.kernel) as kernel:
        answer = await kernels.ask(kernel, "peek", checkpoint=request.checkpoint, name=request.name)
    return Peek(text=answer["text"], reason=answer["reason"])
