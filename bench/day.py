"""A day of work on one notebook: 1,000 runs, 200 names, 2 GB of arrays, a third of the runs changing something large.

Run with ``python bench/day.py [--runs N] [--budget BYTES] [--json]``. A plain kernel and a recorded one execute the
same cells in turn. Printed are: what recording added per cell, from request to idle, in the first and the last tenth
of the day; the most bytes that the store ever held on disk, beside its budget; the size of the index; and what opening
the timeline takes: reading the history of the notebook as the server does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from cell_overhead import Kernel

from nbrewind_server.history import history_of
from nbrewind_server.records import Records
from nbrewind_server.texts import Texts

ARRAYS, ELEMENTS, NAMES = 50, 5_000_000, 200
"""50 arrays of 40 MB are 2 GB."""
SMALL = ("n{name} = [{turn}, n{name}[-1]]", "m = sum(n{name})", "text = f'{{n{name}}}'", "x = a{array}[:10].sum()")
LARGE = ("a{array}[{turn}] = {turn}", "a{array} *= 1.5", "a{array} = np.random.default_rng({turn}).random(ELEMENTS)")


def source(turn: int) -> str:
    """Return the cell of a turn: every third changes an array."""
    cells = LARGE if turn % 3 == 0 else SMALL
    return cells[turn // 3 % len(cells)].format(turn=turn, name=turn * 7 % NAMES, array=turn * 11 % ARRAYS)


def size(folder: Path) -> int:
    """Return the bytes on disk below a folder; files may go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512 if path.is_file() else 0
        except OSError:
            pass
    return total


def work(runs: int, budget: int, folder: Path) -> dict[str, Any]:
    """Do the day's work; returns the figures."""
    os.environ["NBREWIND_BUDGET"] = str(budget)
    places = [folder / kind for kind in ("plain", "recorded")]
    for place in places:
        place.mkdir()
    kernels = [Kernel(place, recorded) for place, recorded in zip(places, (False, True), strict=True)]
    store, added, most = places[1] / "s", [], 0
    setup = [
        f"import numpy as np\nELEMENTS = {ELEMENTS}",
        f"for i in range({ARRAYS}): globals()[f'a{{i}}'] = np.full(ELEMENTS, float(i))\ndel i",
        f"for i in range({NAMES}): globals()[f'n{{i}}'] = [i, 1]\ndel i",
    ]
    for number, cell in enumerate(setup):
        for kernel in kernels:
            kernel.run(cell, f"setup{number}")
    for turn in range(runs):
        took = [kernel.run(source(turn), f"c{turn % 100}") for kernel in kernels]
        added.append((took[1] - took[0]) * 1000)
        time.sleep(0.05)
        if turn % 20 == 0:
            most = max(most, size(store))
    kernels[1].client.comm_info(reply=True, timeout=600)
    time.sleep(5)
    most, end = max(most, size(store)), size(store)
    for kernel in kernels:
        kernel.stop()
    return {
        "runs": runs,
        "added_first_ms": statistics.median(added[: runs // 10]),
        "added_last_ms": statistics.median(added[-runs // 10 :]),
        "added_p95_ms": sorted(added)[int(runs * 0.95)],
        "budget": budget,
        "most": most,
        "end": end,
        "index": sum(path.stat().st_size for path in (store / "notebooks").iterdir()),
        "timeline_ms": timeline(store, places[1] / "n.ipynb"),
    }


def timeline(store: Path, notebook: Path) -> float:
    """Return what reading the history takes, the least of several, in milliseconds."""
    found = []
    for _ in range(5):
        start = time.perf_counter()
        records = Records(str(store), Texts(1 << 20))
        msgspec.json.encode(history_of(records, notebook))
        found.append((time.perf_counter() - start) * 1000)
        records.close()
    return min(found)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--budget", type=int, default=4 * 1024**3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as folder:
        found = work(options.runs, options.budget, Path(folder))
    if options.json:
        print(json.dumps(found))
        return
    first, last, worst = (found[f"added_{part}_ms"] for part in ("first", "last", "p95"))
    most, end, budget = (found[part] / 1e9 for part in ("most", "end", "budget"))
    print(f"{found['runs']} runs: added {first:.1f} ms per cell at first, {last:.1f} at last, 95 % below {worst:.1f}")
    print(f"store: at most {most:.2f} GB, at the end {end:.2f} GB, budget {budget:.2f} GB")
    print(f"index: {found['index'] / 1e6:.1f} MB; timeline opened in {found['timeline_ms']:.0f} ms")


if __name__ == "__main__":
    main()
