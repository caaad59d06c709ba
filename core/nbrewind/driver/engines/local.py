"""The engine ``local``: kernels on this machine, in the notebook's folder, beside the notebook's own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from nbrewind.driver.engines.ahead_kernel import AheadKernel, KernelError, Result, works_of
from nbrewind.driver.engines.engine import Site
from nbrewind.planning.ahead import Job


class LocalEngine:
    """Some kernels, each taking one job after the other. The notebook's own kernel counts as one of them."""

    name = "local"
    shares = True

    def __init__(self, jobs: int | None = None) -> None:
        """Run ``jobs`` cells at a time, that of the notebook's own kernel included; by default one a processor."""
        self.slots = max((jobs or processors()) - 1, 1)
        self._free: list[asyncio.Future[AheadKernel]] = []
        """Kernels that have started, or are about to."""
        self._taken: set[AheadKernel] = set()

    async def open(self, site: Site, wanted: int) -> None:
        """Begin to start kernels: while they do, the notebook's own starts."""
        self._site = site
        self._free = [asyncio.ensure_future(self._start()) for _ in range(min(wanted, self.slots))]

    async def _start(self) -> AheadKernel:
        return await AheadKernel(self._site.path, self._site.scratch.store, self._site.kernel).__aenter__()

    def share(self, jobs: Sequence[Job]) -> int:
        """Return 1: a kernel that is done takes the next."""
        return 1

    async def run(self, jobs: Sequence[Job]) -> list[Result]:
        """Run jobs in a kernel that is free, or in a new one."""
        kernel = await (self._free.pop(0) if self._free else self._start())
        self._taken.add(kernel)
        try:
            found = []
            for job in jobs:
                await asyncio.to_thread(self._site.scratch.bring, job)
                found.append(await kernel.run(works_of(job)))
        except KernelError:
            self._taken.discard(kernel)
            await kernel.close()
            raise
        self._taken.discard(kernel)
        ready: asyncio.Future[AheadKernel] = asyncio.get_running_loop().create_future()
        ready.set_result(kernel)
        self._free.append(ready)
        return found

    async def close(self) -> None:
        """End all kernels, also one that is computing."""
        for task in self._free:
            task.cancel()
        started = await asyncio.gather(*self._free, return_exceptions=True)
        kernels = [*self._taken, *(one for one in started if isinstance(one, AheadKernel))]
        await asyncio.gather(*(kernel.close() for kernel in kernels), return_exceptions=True)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
