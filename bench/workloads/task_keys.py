"""What a key of a task costs, by kinds of arguments: microseconds of the processor's time, the median of many."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nbrewind.tasks import Key, Keys

GAIN = 0.5
TABLE = [1, 2, 3]


def measure(rows: Any, gain: float = 0.5, mode: str = "fast") -> float:
    """Stand for a task of a notebook, which reads nothing that can change."""
    return gain * GAIN + len(mode)


def looking_up(rows: Any, gain: float = 0.5, mode: str = "fast") -> float:
    """Stand for one that reads a list of the notebook's: what it reads is followed for each task."""
    return gain * TABLE[0] + len(mode)


def helper(number: int) -> int:
    """Stand for a function that is an argument."""
    return number + len(TABLE)


def arguments(folder: Path) -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Return kinds of calls: what is called, with what."""
    rng = np.random.default_rng(1)
    small, large = folder / "small.csv", folder / "large.bin"
    small.write_text("a,b\n" * 100)
    large.write_bytes(rng.bytes(1_000_000))
    return {
        "numbers": (measure, (3, 0.5)),
        "a short text": (measure, (3, 0.5, "fast")),
        "a text of 10 kB": (measure, ("x" * 10_000,)),
        "a list of 10,000 numbers": (measure, (list(range(10_000)),)),
        "a dictionary of 100": (measure, ({f"k{n}": n for n in range(100)},)),
        "an array of 1 MB": (measure, (rng.random(125_000),)),
        "an array of 8 MB": (measure, (rng.random(1_000_000),)),
        "a frame of 1 MB": (measure, (pd.DataFrame(rng.random((12_500, 10))),)),
        "a frame of 8 MB": (measure, (pd.DataFrame(rng.random((100_000, 10))),)),
        "a function": (measure, (helper,)),
        "a file of 400 bytes": (measure, (str(small),)),
        "a file of 1 MB": (measure, (str(large),)),
        "numbers, of a function that reads a list": (looking_up, (3, 0.5)),
    }


def cost_of_keys(turns: int = 50) -> dict[str, float]:
    """Return the microseconds that a key takes, by kinds of arguments."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        made = Keys(place)
        calls = arguments(Path(place))
        time.sleep(2.1)  # until a file's times tell whether it has changed: before, it is read each time
        for kind, (function, args) in calls.items():
            times = []
            for _ in range(turns):
                start = time.process_time()
                key = made.key(function, args)
                times.append(time.process_time() - start)
                assert isinstance(key, Key), key
            found[kind] = 1e6 * sorted(times)[len(times) // 2]
    return found
