"""What recording tasks costs, and what answering them does: with a real TaskVine, and with many synthetic records.

Run with ``python bench/tasks.py [--tasks 200] [--calls 2000] [--rounds 3] [--counts 10000,1000000] [--json] [--docs]``.
Side by side: TaskVine as it is, recorded, answered, and TaskVine's own cache where this version has one; each way in a
process of its own, in turn, the medians of some rounds (`workloads/vine_tasks.py`). Then synthetic records, by their
number (`workloads/task_records.py`): what it takes to record, open, find, miss, say why, clean and examine, and the
most memory. Last, what a key costs by kinds of arguments (`workloads/task_keys.py`). Wall times, and the processor's
time of the notebook's process: on a busy machine that tells more. Nothing is asserted; ``--docs`` writes
``docs/benchmarks-tasks.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workloads.task_keys import cost_of_keys
from workloads.task_records import STEPS

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks-tasks.md"
WAYS = ("plain", "recorded", "answered", "cache recorded", "cache answered")
GOAL_MS, GOAL_SHARE, GOAL_ANSWERED_MS = 0.3, 0.02, 0.1

Figures = dict[str, float]


def alone(script: str, *words: object) -> Figures:
    """Run a workload in a process of its own."""
    command = [sys.executable, str(HERE / "workloads" / script), *map(str, words)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "CATALOG_HOST": "localhost", "PATH": path}
    made = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if made.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{made.stderr}")
    found: Figures = json.loads(made.stdout.splitlines()[-1])
    return found


def vine_version() -> str:
    """Return the version of TaskVine; empty if there is none."""
    try:
        import ndcctools.taskvine as vine
    except ImportError:
        return ""
    return str(getattr(vine, "__version__", "of an unknown version"))


def has_cache() -> bool:
    """Whether this TaskVine has a cache of its own: it does from 7.17 on."""
    import ndcctools.taskvine as vine

    return hasattr(vine.Manager, "enable_tasks_cache")


def live(kind: str, count: int, rounds: int) -> dict[str, Figures]:
    """Return what each way takes for tasks of one kind: medians over the rounds."""
    ways = WAYS if has_cache() else WAYS[:3]
    found: dict[str, list[Figures]] = {way: [] for way in ways}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as folder:
            for way in ways:
                found[way].append(alone("vine_tasks.py", way, kind, count, folder))
    return {
        way: {name: statistics.median(one[name] for one in all_) for name in all_[0]} for way, all_ in found.items()
    }


def synthetic(count: int) -> dict[str, Figures]:
    """Return what many records take, by step."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as folder:
        return {step: alone("task_records.py", step, folder, count) for step in STEPS}


def live_lines(kind: str, count: int, found: dict[str, Figures]) -> Iterator[str]:
    """Yield the table of one kind of tasks."""
    plain = found["plain"]
    allowed = max(GOAL_MS, GOAL_SHARE * plain["wall_ms"])
    yield f"\n## {count:,} tasks: `{kind}`\n"
    yield (
        "| way | wall, ms a task | processor of the notebook's process, ms a task | added to plain, processor | "
        "of that process, our own code | waits of that code, a task |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for way, figures in found.items():
        added = "" if way == "plain" else f"{figures['cpu_ms'] - plain['cpu_ms']:+.2f}"
        own = f"{figures['own_ms']:.2f} | {figures['waits']:.2f}" if "own_ms" in figures else " | "
        yield f"| {way} | {figures['wall_ms']:.2f} | {figures['cpu_ms']:.2f} | {added} | {own} |"
    if "cache recorded" not in found:
        yield "\nTaskVine's own cache: not measured, this version has none (it comes with 7.17)."
    yield (
        f"\nGoals: recording at most {allowed:.2f} ms a task (the larger of {GOAL_MS} ms and {GOAL_SHARE:.0%} of its "
        f"time), answering at most {GOAL_ANSWERED_MS} ms."
    )


def synthetic_lines(found: dict[int, dict[str, Figures]]) -> Iterator[str]:
    """Yield the table of synthetic records."""
    yield "\n## Synthetic records\n"
    yield "Two arguments, 60 bytes of result, a line printed. Each step in a process of its own.\n"
    yield "| figure | " + " | ".join(f"{count:,} records" for count in found) + " |"
    yield "| --- " * (len(found) + 1) + "|"
    for step, words in FIGURES.items():
        for name, text in words.items():
            yield f"| {text} | " + " | ".join(f"{one[step][name]:,.1f}" for one in found.values()) + " |"


FIGURES: dict[str, dict[str, str]] = {
    "fill": {
        "record_us": "to record one, µs, wall",
        "record_cpu_us": "the same, µs of the processor's time",
        "flush_ms": "to have the last ones safely on disk, ms",
        "bytes_each": "bytes in the store for each",
    },
    "ask": {
        "open_ms": "to open the store and find a first one, ms",
        "hit_us": "to find one, µs, wall",
        "hit_cpu_us": "the same, µs of the processor's time",
        "miss_us": "to miss one, µs",
        "why_us": "to say why, µs",
        "memory_mb": "most memory for that, MB",
    },
    "clean": {
        "usage_ms": "to sum up what the store holds, ms",
        "clean_s": "to clean it to half, s",
        "doctor_s": "to examine it, s",
        "memory_mb": "most memory for that, MB, with all of Python",
    },
}


def keys_lines(found: Figures) -> Iterator[str]:
    """Yield the table of keys."""
    yield "\n## Keys\n"
    yield "Of a function that was followed before, where nothing else is said.\n"
    yield "| arguments | µs of the processor's time |"
    yield "| --- | --- |"
    yield from (f"| {kind} | {value:,.0f} |" for kind, value in found.items())


def load() -> str:
    """Return how busy the machine is: above the number of processors, all times are longer than they need be."""
    return f"load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--counts", default="10000,1000000")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    version, begin = vine_version(), load()
    counts = {"PythonTask": options.tasks, "FunctionCall": options.calls}
    lives = {kind: live(kind, count, options.rounds) for kind, count in counts.items() if version and count}
    records = {count: synthetic(count) for count in map(int, filter(None, options.counts.split(",")))}
    keys = cost_of_keys()
    if options.json:
        print(json.dumps({"live": lives, "records": records, "keys": keys}))
        return
    lines = [
        HEAD,
        f"{os.cpu_count()} processors, Python {platform.python_version()}, "
        f"TaskVine {version or 'not installed, so nothing is measured with it'}; {begin} at the start.",
    ]
    for kind, found in lives.items():
        lines += live_lines(kind, counts[kind], found)
    lines += synthetic_lines(records) if records else ()
    lines += keys_lines(keys)
    lines.append(f"\nAt the end: {load()}.")
    print("\n".join(lines))
    if options.docs:
        PAGE.write_text("\n".join(lines) + "\n")


HEAD = """# Benchmarks: tasks

What recording distributed tasks costs, and what it costs to answer them: `python bench/tasks.py --docs`, which wrote
this page. A real manager and a worker with one core on this machine; tasks that take no time themselves, so that all
that is seen is what submitting and collecting them costs. From the first `submit` until all results were read and what
was recorded is on disk. Each way in a process of its own, in turn; medians.

*Our own code*: what `submit`, `wait` and `empty` take of the notebook's thread beside TaskVine's own code, and all that
other threads take; not the making of a task, nor the reading of its result, which TaskVine does otherwise. *Waits*: how
often that thread gave up the processor of its own accord meanwhile, for the interpreter's lock or a disk. To take these
times does not count. The records of tasks that end within 100 ms are made and committed together: the fewer these are,
the more that takes for each.
"""


if __name__ == "__main__":
    main()
