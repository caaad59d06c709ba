"""Functions that are called by executors, and what they leave behind to be counted by."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

SCALE = 3
HISTORY: list[int] = []
last = 0


def note(place: str) -> None:
    """Leave a trace of a call."""
    os.close(os.open(os.path.join(place, f"{os.getpid()}-{time.time_ns()}"), os.O_CREAT | os.O_EXCL))


def start(place: str) -> None:
    """Leave a trace by a program."""
    subprocess.run(["mktemp", "-p", place], check=True, stdout=subprocess.DEVNULL)


def scale(n: int) -> int:
    """Give what follows from its argument and a global."""
    return n * SCALE


def draw(n: int) -> float:
    """Give something else each time."""
    return n + random.random()


def fail(n: int) -> int:
    """Raise."""
    raise ValueError(f"no {n}")


def say(n: int) -> int:
    """Print, on both streams."""
    print("said", n)
    print("warned", n, file=sys.stderr)
    print("more")
    return n


def wait(seconds: float) -> float:
    """Take its time."""
    time.sleep(seconds)
    return seconds


def parity(n: int) -> int:
    """Give 0 or 1."""
    return n % 2


def total(group: tuple[int, list[int]]) -> int:
    """Give the sum of a group."""
    return sum(group[1])


def pair(n: int) -> list[list[int]]:
    """Give something that can change."""
    inner = [n]
    return [inner, inner]


def keep(n: int) -> int:
    """Change a global that it reads."""
    HISTORY.append(n)
    return len(HISTORY)


def change(items: list[int]) -> int:
    """Change its argument."""
    items.append(1)
    return len(items)


def set_last(n: int) -> int:
    """Set a global."""
    global last
    last = n
    return n


def give_function(n: int) -> object:
    """Give what no record can hold."""
    return lambda: n
