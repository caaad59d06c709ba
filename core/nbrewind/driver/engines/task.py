"""What a worker of the engine ``taskvine`` runs: the cells of an order, in kernels of its own.

A program: ``python -m nbrewind.driver.engines.task ORDER BACK``. It uses the worker's folder and nothing else; what it
has made is in the file BACK, also where a cell could not run, with the reason.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nbrewind.driver.engines.stem import Stem
from nbrewind.driver.parent import end_with_parent

OWN = {"JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython", "JUPYTER_DATA_DIR": "data"}
"""Folders of Jupyter that are the worker's own: there may be no home."""


def main(order_file: str, back: str) -> None:
    """Set up what Jupyter needs, and run."""
    end_with_parent()
    sys.path[:] = [each for each in sys.path if each and Path(each) != Path.cwd()]  # as kernels have it
    place = Path(order_file).resolve()
    for name, folder in OWN.items():
        os.environ[name] = str(place.parent / folder)
    with Stem() as stem:
        import asyncio

        from nbrewind.driver.engines.worker import perform  # only now: kernels have no use for it

        asyncio.run(perform(place, Path(back).resolve(), stem))


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # nothing is left to be done
