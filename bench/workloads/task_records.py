"""Many synthetic records of tasks: made, found, cleaned; each step in a process of its own.

Each count has a store of its own with records of one kind of task: two arguments, 60 bytes of result, a line printed.
Run by `bench/tasks.py` as ``python task_records.py STEP FOLDER COUNT``; prints a line of JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

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


STEPS: dict[str, Callable[[Path, int], dict[str, float]]] = {"fill": fill, "ask": ask, "clean": clean}


if __name__ == "__main__":
    step, folder, count = sys.argv[1:]
    print(json.dumps(STEPS[step](Path(folder), int(count))))
