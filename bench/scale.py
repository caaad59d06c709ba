"""10,000 workers, 10 million tasks, 100 TB of temporary files: what it would cost here, and what breaks first.

Run with ``python bench/scale.py [--counts 10000,100000] [--json]``. No cluster: unit costs are measured with synthetic
tasks, at two sizes, so that what grows faster than the number of tasks shows; the rest is arithmetic on them, and says
so. Then a discrete simulation of one manager: it hands tasks to free workers, one at a time, and collects what has
ended, one at a time; what recording adds is work of the same thread. Its queue of records is committed as in
`nbrewind.store.tasks`. Times are the processor's time of this process.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any, NamedTuple

from workloads.task_records import keys, measure, outcome

from nbrewind.store import Store
from nbrewind.tasks import Keys, Memo, Place
from nbrewind.tasks.journal import Journal

WORKERS, TASKS, TEMPORARY = 10_000, 10_000_000, 100e12
PLAIN_MS = 2.1
"""Processor time of the manager for one `FunctionCall` without recording: as measured by `bench/tasks.py`."""
DIGEST_RATE = 0.5e9
"""Bytes of a temporary file that a worker digests in a second, SHA-256, one core."""


def memory_of_keys(count: int = 5000) -> float:
    """Return the bytes that the key of a task takes, which is kept until the task has ended."""
    made = Keys()
    made.key(measure, (0, 0.5), {"mode": "fast"})
    tracemalloc.start()
    kept = [made.key(measure, (number, 0.5), {"mode": "fast"}) for number in range(count)]
    size = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    return size


def measured(count: int) -> dict[str, float]:
    """Return unit costs with so many synthetic tasks."""
    wanted = keys(count)
    with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as folder, Store.open(folder) as store:
        memo = Memo(store, place=Place("", "cell-1"))
        journal = memo.journal = Journal(memo)
        journal.begin(memo.place)
        tracemalloc.start()
        tracked = [journal.submitted("cell-1", key, why="measured elsewhere", name="measure") for key in wanted]
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        begin = time.process_time()
        journal.standing()
        standing = time.process_time() - begin
        begin = time.process_time()
        for number, key in enumerate(wanted):
            memo.record(key, outcome(number))
        memo.flush()
        recorded = time.process_time() - begin
        begin = time.process_time()
        for one in tracked:
            journal.ended(one, "ran", began=1e9, seconds=1.0, host="node-17.cluster.example")
        ended = time.process_time() - begin
        begin = time.process_time()
        told = journal.take()
        packed = time.process_time() - begin
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        begin = time.process_time()
        for key in wanted[:: max(count // 5000, 1)]:
            assert memo.find(key) is not None
        found = time.process_time() - begin
        asked = len(wanted[:: max(count // 5000, 1)])
    assert told is not None
    return {
        "record_us": 1e6 * recorded / count,
        "find_us": 1e6 * found / asked,
        "ended_us": 1e6 * ended / count,
        "pack_us": 1e6 * packed / min(count, 50_000),
        "standing_us": 1e6 * standing / count,
        "memory_bytes": kept / count,
        "key_bytes": memory_of_keys(),
        "store_bytes": size / count,
        "listed_bytes": len(told.rows) / min(count, 50_000),
    }


class Simulated(NamedTuple):
    """What came of a simulation."""

    rate: float
    """Tasks that ended in a second."""
    busy: float
    """Share of the workers' time in which they ran a task."""
    waiting: int
    """Results that waited at most for the manager."""
    rows: int
    """Records that waited at most to be committed."""


def simulated(workers: int, seconds: float, manager_ms: float, *, tasks: int = 60_000) -> Simulated:
    """Simulate one manager.

    Args:
        workers: each runs one task at a time.
        seconds: that a task takes.
        manager_ms: that the manager's thread takes for a task, half to hand it out, half to collect it.
        tasks: how many are simulated.
    """
    half, now, handed, done = manager_ms / 2e3, 0.0, 0, 0
    free, ends, most = workers, list[float](), 0
    rows, committed, most_rows, worked = 0, 0.0, 0, 0.0
    while done < tasks:
        if free and handed < tasks and not (ends and ends[0] <= now):
            now += half
            free, handed = free - 1, handed + 1
            heapq.heappush(ends, now + seconds)
            continue
        if ends[0] > now:
            now = ends[0]
        if done % 1000 == 0:
            most = max(most, sum(end <= now for end in ends))
        heapq.heappop(ends)
        now += half
        free, done, worked = free + 1, done + 1, worked + seconds
        rows += 1
        most_rows = max(most_rows, rows)
        if now - committed > 0.1 or rows >= 500:
            rows, committed = 0, now
    return Simulated(done / now, worked / (workers * now), most, most_rows)


def main() -> None:
    """Measure, simulate, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="10000,100000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    units = {count: measured(count) for count in map(int, options.counts.split(","))}
    largest: dict[str, float] = units[max(units)]
    ours = (largest["record_us"] + largest["find_us"] + largest["ended_us"]) / 1e3
    ways = {"as it is": PLAIN_MS, "recorded": PLAIN_MS + ours}
    found: dict[str, Any] = {
        f"{seconds} s, {way}": simulated(WORKERS, seconds, spent)._asdict()
        for seconds in (1, 10, 60)
        for way, spent in ways.items()
    }
    whole = {
        "hours of the processor to record": TASKS * (largest["record_us"] + largest["ended_us"]) / 3.6e9,
        "hours to answer (keys not counted)": TASKS * largest["find_us"] / 3.6e9,
        "GB of memory, if all are submitted at once": TASKS * (largest["memory_bytes"] + largest["key_bytes"]) / 1e9,
        "GB of the store": TASKS * largest["store_bytes"] / 1e9,
        "seconds to say how all stand": TASKS * largest["standing_us"] / 1e6,
        "seconds of each worker to digest the temporary files": TEMPORARY / DIGEST_RATE / WORKERS,
    }
    if options.json:
        print(json.dumps({"units": units, "simulated": found, "whole": whole}))
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for title, figures in (*((f"measured, {count:,} tasks", one) for count, one in units.items()), ("whole", whole)):
        print(f"\n{title}")
        for name, value in figures.items():
            print(f"  {name:55}{value:14,.2f}")
    print(f"\nsimulated: one manager, {WORKERS:,} workers, tasks of")
    for name, one in found.items():
        words = f"{one['rate']:8.0f} tasks/s, workers busy {one['busy']:7.2%}"
        print(f"  {name:20}{words}, results waiting {one['waiting']:6}, rows waiting {one['rows']}")


if __name__ == "__main__":
    main()
