"""What engines save: a notebook with eight independent cells that wait 5 seconds each, with 4 cells at a time.

Run with ``python bench/engines.py [--turns N] [--wait SECONDS]``. Side by side: a repeat without an engine, with the
engine ``local`` (``--jobs 4``) and with ``taskvine`` (a local worker of four cores), where TaskVine is installed. Two
cases: nothing was ever recorded; all cells were recorded, and what they call was edited. A time is from before the
kernel, the manager and the workers start to the end of the last cell. Outputs and histories must be the same. Nothing
is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import nbformat
from nbformat import NotebookNode

from nbrewind.driver.compare import differences
from nbrewind.driver.engines.engine import Engine
from nbrewind.driver.engines.local import LocalEngine
from nbrewind.driver.engines.profile import Profile
from nbrewind.driver.engines.taskvine import TaskVineEngine
from nbrewind.driver.repeat import repeat
from nbrewind.store import Store

CELLS = 8
EDIT = "k + 1"


def notebook(wait: float, value: str = "k") -> NotebookNode:
    """Return the notebook; ``value``: what the function that all cells call makes of its argument."""
    cells = {
        "imports": "import time",
        "slow": f"def slow(k):\n    time.sleep({wait})\n    return [{value}] * 1000",
        **{f"c{k}": f"r{k} = slow({k})\nprint(sum(r{k}))" for k in range(CELLS)},
        "all": f"print(sum(map(sum, [{', '.join(f'r{k}' for k in range(CELLS))}])))",
    }
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, id=name) for name, text in cells.items()])


def history(store: Store, path: Path) -> list[tuple[object, ...]]:
    """Return what the history says, but for ids and times."""
    index = store.notebook(path, create=False)
    assert index is not None
    runs = {run.id: run for run in index.runs()}
    return [
        (one.cell, one.action, one.saved, [(made.key, made.digest) for made in runs[one.run].writes])
        for one in index.checkpoints()
    ]


def measure(
    make: Callable[[], Engine | None], wait: float, folder: Path, value: str
) -> tuple[float, object, NotebookNode]:
    """Repeat in ``folder``; return the seconds, the history, and the executed notebook."""
    path, content = folder / "work.ipynb", notebook(wait, value)
    with Store.open(folder / "store") as store:
        begin = perf_counter()
        result = asyncio.run(repeat(content, path, store, engine=make()))
        seconds = perf_counter() - begin
        if result.failed or result.notes:
            print(f"  {result.failed} {result.notes}")
        return seconds, history(store, path), content


def main() -> None:
    """Measure all, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--wait", type=float, default=5.0)
    options = parser.parse_args()
    engines: dict[str, Callable[[], Engine | None]] = {"none": lambda: None, "local": lambda: LocalEngine(4)}
    if find_spec("ndcctools") is not None:
        engines["taskvine"] = lambda: TaskVineEngine(Profile(cores=4))
    print(f"{CELLS} cells that wait {options.wait:g} s, 4 at a time; {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name:
        compare(engines, options.turns, options.wait, Path(name))


def compare(engines: dict[str, Callable[[], Engine | None]], turns: int, wait: float, above: Path) -> None:
    """Measure the engines in turn; the first is none. Each works in the same folder, with the store as it was."""
    recorded, folder = above / "recorded", above / "work"
    recorded.mkdir()
    for edited in (False, True):
        if edited:
            shutil.copytree(folder, recorded, dirs_exist_ok=True)
        times: dict[str, list[float]] = {name: [] for name in engines}
        for _ in range(turns):
            alone: tuple[object, NotebookNode] | None = None
            for name, make in engines.items():
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(recorded, folder)
                seconds, told, content = measure(make, wait, folder, EDIT if edited else "k")
                times[name].append(seconds)
                alone = alone or (told, content)
                if told != alone[0] or differences(content.cells, alone[1].cells):
                    print(f"  {name}: not what a repeat without an engine gives")
        first = statistics.median(times["none"])
        for name, found in times.items():
            middle = statistics.median(found)
            load = os.getloadavg()[0]
            case = "what all call was edited" if edited else "never recorded"
            print(f"{case:26} {name:9} {middle:6.1f} s  {middle / first:5.0%}   (load {load:.1f})", flush=True)


if __name__ == "__main__":
    main()
