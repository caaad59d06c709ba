"""What a worker of the engine ``taskvine`` runs: the cells of an order, in a kernel of its own.

A program: ``python -m nbrewind.driver.engines.task ORDER BACK``. It uses the worker's folder and nothing else; what it
has made is in the file BACK, also where a cell could not run, with the reason.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from nbrewind.driver.engines.ahead_kernel import AheadKernel, KernelError, Result
from nbrewind.driver.engines.capsule import NOTEBOOK, read_order, write_return
from nbrewind.store import Store

KERNEL = "python3"
"""The kernel of the Python that runs this."""
OWN = {"JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython", "JUPYTER_DATA_DIR": "data"}
"""Folders of Jupyter that are the worker's own: there may be no home."""


async def perform(order_file: Path, back: Path) -> None:
    """Run the cells of an order."""
    folder = order_file.parent / "folder"
    folder.mkdir(exist_ok=True)
    with Store.open(order_file.parent / "store") as store:
        order = read_order(order_file, store, folder)
        results: list[Result] = []
        try:
            async with AheadKernel(folder / NOTEBOOK, store, KERNEL) as kernel:
                for works in order.jobs:
                    results.append(await kernel.run(works))
        except KernelError as error:
            results += [Result(why=str(error))] * (len(order.jobs) - len(results))
        write_return(back, results, store)


def main(order_file: str, back: str) -> None:
    """Set up what Jupyter needs, and run."""
    place = Path(order_file).resolve()
    for name, folder in OWN.items():
        os.environ[name] = str(place.parent / folder)
    asyncio.run(perform(place, Path(back).resolve()))


if __name__ == "__main__":
    main(*sys.argv[1:])
