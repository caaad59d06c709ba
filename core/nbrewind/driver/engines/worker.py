"""The cells of an order, on a worker: some at a time, each in a kernel that takes one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from nbrewind.driver.engines.ahead_kernel import AheadKernel, KernelError, Result, Work
from nbrewind.driver.engines.capsule import NOTEBOOK, read_order, write_return
from nbrewind.driver.engines.stem import Stem
from nbrewind.store import Store

KERNEL = "python3"
"""The kernel of the Python that runs this."""


async def perform(order_file: Path, back: Path, stem: Stem) -> None:
    """Run the cells of an order in kernels forked from ``stem``; what they have made is in ``back``."""
    folder = order_file.parent / "folder"
    folder.mkdir(exist_ok=True)
    with Store.open(order_file.parent / "store") as store:
        order = read_order(order_file, store, folder)
        results: dict[int, Result] = {}
        todo = iter(enumerate(order.jobs))
        kernels = (_kernel(todo, results, folder / NOTEBOOK, store, stem) for _ in range(order.kernels))
        await asyncio.gather(*kernels)
        write_return(back, [results[number] for number in range(len(order.jobs))], store)


async def _kernel(
    todo: Iterator[tuple[int, tuple[Work, ...]]], results: dict[int, Result], path: Path, store: Store, stem: Stem
) -> None:
    """Run jobs while there are some; a kernel that dies, or does not start, is followed by another."""
    for number, works in todo:
        try:
            async with AheadKernel(path, store, KERNEL, stem) as kernel:
                results[number] = await kernel.run(works)
                for number, works in todo:
                    results[number] = await kernel.run(works)
        except KernelError as error:
            results[number] = Result(why=str(error))
