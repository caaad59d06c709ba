"""What records of tasks cost: to make, to find, and to hold many of them.

Run with ``python bench/tasks.py [--counts 10000,1000000] [--json]``. Each count has a store of its own with synthetic
records of one kind of task: two arguments, 60 bytes of result, a line printed. Printed are, per count: microseconds to
record a task, with what is written meanwhile, and the flush at the end; bytes of the store for each; then, in a new
process: milliseconds to open the store, microseconds to find a task that is recorded and one that is not, and to say
why it is not, and the most memory that process had. Of records and hits also the processor's time: on a busy machine
that tells more. Last, what it takes to clean the store to half, and what a key costs by kinds of arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nbrewind.store import Store
from nbrewind.tasks import Key, Keys, Memo, Outcome, Place

ASKED = 20_000


def measure(rows: int, gain: float, mode: str) -> float:
    """Stand for a task of a notebook."""
    return rows * gain + len(mode)


def keys(count: int) -> list[Key]:
    """Return the keys of many tasks of one function: made of a real one, since only their number matters."""
    model = Keys().key(measure, (0, 0.5), {"mode": "fast"})
    assert isinstance(model, Key), model
    rng = random.Random(count)
    shared = {name: digest for name, digest in model.components.items() if not name.startswith("argument")}
    return [
        model._replace(
            digest="task:" + rng.randbytes(32).hex(),
            components=shared | {f"argument {name}": rng.randbytes(16).hex() for name in (0, 1, "mode")},
            previews={"argument 0": str(number), "argument 1": "0.5"},
        )
        for number in range(count)
    ]


def outcome(number: int) -> Outcome:
    """Return what a task gives."""
    return Outcome(
        b"%060d" % number, b"done\n", order=number, submitted=1e9, started=1e9 + 1, finished=1e9 + 2.5,
        host="node-17.cluster.example", resources={"cores": 1, "memory": 512.0}, category="measure",
    )  # fmt: skip


def fill(folder: Path, count: int) -> dict[str, float]:
    """Record ``count`` tasks."""
    wanted = keys(count)
    with Store.open(folder / "store") as store:
        memo = Memo(store, place=Place("", "cell-1"))
        start, used = time.perf_counter(), time.process_time()
        for number, key in enumerate(wanted):
            memo.record(key, outcome(number))
        handed, used = time.perf_counter() - start, time.process_time() - used
        start = time.perf_counter()
        memo.flush()
        flushed = time.perf_counter() - start
        assert memo.trouble == ""
    size = sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file())
    return {
        "record_us": 1e6 * handed / count,
        "record_cpu_us": 1e6 * used / count,
        "flush_ms": 1e3 * flushed,
        "bytes_each": size / count,
    }


def ask(folder: Path, count: int) -> dict[str, float]:
    """Open a store and find tasks in it: in a new process."""
    wanted = random.Random(1).sample(keys(count), min(ASKED, count))
    other = [key._replace(digest="task:" + random.Random(key.digest).randbytes(32).hex()) for key in wanted[:2000]]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    store = Store.open(folder / "store")
    memo = Memo(store, place=Place("", "cell-1"))
    assert memo.find(wanted[0]) is not None
    opened = time.perf_counter() - start
    start, used = time.perf_counter(), time.process_time()
    found = [memo.find(key) is not None for key in wanted]
    hit, used = time.perf_counter() - start, time.process_time() - used
    assert all(found)
    start = time.perf_counter()
    assert not any(memo.find(key) for key in other)
    miss = time.perf_counter() - start
    start = time.perf_counter()
    assert all(memo.why(key) for key in other[:500])
    why = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.close()
    return {
        "open_ms": 1e3 * opened,
        "hit_us": 1e6 * hit / len(wanted),
        "hit_cpu_us": 1e6 * used / len(wanted),
        "miss_us": 1e6 * miss / len(other),
        "why_us": 1e6 * why / 500,
        "memory_mb": (after - before) / 1024,
    }


def clean(folder: Path, _count: int) -> dict[str, float]:
    """Look at what a store holds, and keep it to half of that: in a new process."""
    with Store.open(folder / "store") as store:
        start = time.perf_counter()
        size = store.usage().bytes
        looked = time.perf_counter() - start
        start = time.perf_counter()
        done = store.clean(size // 2)
        cleaned = time.perf_counter() - start
        start = time.perf_counter()
        findings = store.doctor()
        examined = time.perf_counter() - start
        assert findings == []
    return {
        "usage_ms": 1e3 * looked,
        "clean_s": cleaned,
        "evicted": sum(entry.tasks for entry in done.evictions),
        "doctor_s": examined,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def cost_of_keys() -> dict[str, float]:
    """Return the microseconds that a key takes, by kinds of arguments."""
    rng = np.random.default_rng(1)
    kinds: dict[str, tuple[Any, ...]] = {
        "two numbers": (3, 0.5, "fast"),
        "a text of 10 kB": (3, 0.5, "x" * 10_000),
        "a dictionary of 100": ({f"k{n}": n for n in range(100)}, 0.5, "fast"),
        "a list of 10,000": (list(range(10_000)), 0.5, "fast"),
        "an array of 8 MB": (rng.random(1_000_000), 0.5, "fast"),
        "a frame of 8 MB": (pd.DataFrame(rng.random((100_000, 10))), 0.5, "fast"),
    }
    found, made = {}, Keys()
    for kind, args in kinds.items():
        times = []
        for _ in range(30):
            start = time.perf_counter()
            key = made.key(measure, args)
            times.append(time.perf_counter() - start)
            assert isinstance(key, Key), key
        found[kind] = 1e6 * sorted(times)[len(times) // 2]
    return found


STEPS: dict[str, Callable[[Path, int], dict[str, float]]] = {"fill": fill, "ask": ask, "clean": clean}


def alone(step: str, folder: Path, count: int) -> dict[str, float]:
    """Run a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, str(folder), str(count)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="10000,1000000")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, folder, count = options.step
        print(json.dumps(STEPS[step](Path(folder), int(count))))
        return
    figures: dict[str, dict[str, float]] = {}
    for count in map(int, options.counts.split(",")):
        with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as folder:
            for step in STEPS:
                figures[f"{step} {count}"] = alone(step, Path(folder), count)
    figures["key, microseconds"] = cost_of_keys()
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name, found in figures.items():
        print(f"\n{name}")
        for figure, value in found.items():
            print(f"  {figure:24}{value:14,.1f}")


if __name__ == "__main__":
    main()
