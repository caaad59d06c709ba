"""Work on packages in processes of their own: none blocks the server, and what a package holds can't harm it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

from nbrewind_server.problem import STATUS, Refused

WORKER = "nbrewind.driver.package_worker"
AT_ONCE = 2
"""Processes at the same time; more wait."""
LONGEST = 512 * 1024**2
"""Bytes of a line."""
FAILED = "the work on the package failed: the server's log says why"

Progress = Callable[[str, float], None]


class PackageProcesses:
    """Runs them. Use on the event loop only."""

    def __init__(self) -> None:
        """Run none yet."""
        self._places = asyncio.Semaphore(AT_ONCE)

    async def do(self, work: str, progress: Progress = lambda doing, share: None, **arguments: Any) -> dict[str, Any]:
        """Do one thing, and return its document; where this is cancelled, the process ends and leaves nothing behind.

        Raises:
            Refused: it can't be done.
        """
        async with self._places:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                WORKER,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST,
            )
            try:
                assert process.stdin is not None
                process.stdin.write(json.dumps({"work": work, **arguments}).encode() + b"\n")
                return await _follow(process, progress)
            finally:
                await asyncio.shield(_end(process))


async def _follow(process: asyncio.subprocess.Process, progress: Progress) -> dict[str, Any]:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        told = json.loads(line)
        if "result" in told:
            found: dict[str, Any] = told["result"]
            return found
        if "problem" in told:
            raise Refused(told["why"] if told["why"] in STATUS else "package", told["problem"])
        progress(told["doing"], told["share"])
    raise Refused("package", FAILED)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Have a process end: it notices that its input is closed, and ends by itself after a while in any case."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    await process.wait()
