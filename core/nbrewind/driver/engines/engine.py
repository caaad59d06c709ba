"""What an engine is to the driver: it takes jobs, and tells what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nbrewind.driver.engines.ahead_kernel import Result
from nbrewind.driver.engines.scratch import Scratch
from nbrewind.planning.ahead import Job


class EngineError(Exception):
    """An engine can't be used: what, where and what to do, in one line."""


@dataclass(frozen=True)
class Site:
    """What an engine works for."""

    path: Path
    """The notebook's file."""
    kernel: str
    """The name of the kernelspec."""
    scratch: Scratch
    """Where the runs are recorded."""


class Engine(Protocol):
    """Runs cells ahead."""

    name: str
    slots: int
    """How many calls of `run` may be under way at a time."""
    shares: bool
    """The notebook's own kernel is one of those that compute: it does not wait for a cell that has not begun."""

    async def open(self, site: Site, wanted: int) -> None:
        """Begin; ``wanted``: how many jobs are expected at a time.

        Raises:
            EngineError: it can't be used.
        """
        ...  # pragma: no cover

    async def run(self, jobs: Sequence[Job]) -> list[Result]:
        """Run jobs one after the other, and return what came of each; of runs the site's scratch has the records.

        Raises:
            EngineError: nothing more can be run here.
            Exception: these jobs failed.
        """
        ...  # pragma: no cover

    def share(self, jobs: Sequence[Job]) -> int:
        """Return how many of the jobs that can begin now the next call of `run` should take: at least one."""
        ...  # pragma: no cover

    async def close(self) -> None:
        """End, at once."""
        ...  # pragma: no cover
