"""Records tasks until it is killed. Reports the numbers of those that are flushed on standard output, a line each time.
What can't be recorded, because the disk is full, is not reported, and forgotten.

Run as ``python task_writer.py STORE SEED [TASKS]``. What a task gives follows from its number. With TASKS it only
records so many, and ends.
"""

from __future__ import annotations

import random
import sys
import time
from itertools import count
from pathlib import Path

from nbrewind.store import Store, StoreError
from nbrewind.tasks import Key, Keys, Memo, Outcome

SIZES = [0, 10, 4000, 5000, 70_000, 2_500_000]
REFUSED = [0]
ALL = 400
"""Numbers from which tasks are drawn: some are recorded again."""


def key(number: int) -> Key:
    """Return the key of a task."""
    found = Keys().key(pow, (number,))
    assert isinstance(found, Key)
    return found


def result(number: int) -> bytes:
    """Return what a task gives."""
    rng = random.Random(number)
    size = rng.choice(SIZES if rng.random() < 0.3 else SIZES[:3])
    return rng.randbytes(size) if number % 2 else (rng.randbytes(97) * (size // 97 + 1))[:size]


def makes_file(number: int) -> bool:
    """Return whether a task makes a file, with its result turned around."""
    return number % 7 == 0


def main(directory: str, seed: int, tasks: int) -> None:
    """Record until killed."""
    rng = random.Random(seed)
    store = Store.open(directory)
    memo = Memo(store)
    made = Path(f"{directory}-made-{seed}")
    waiting: list[int] = []
    print("ready", flush=True)
    for done in count():
        if done == tasks:
            break
        number = rng.randrange(ALL)
        outputs = {}
        if makes_file(number):
            made.write_bytes(result(number)[::-1])
            outputs = {"out": made}
        outcome = Outcome(result(number), b"%d" % number, outputs=outputs, finished=time.time())
        if memo.record(key(number), outcome):
            waiting.append(number)
        else:
            refused(memo.trouble)
        if rng.random() < 0.2:
            flush(memo, waiting)
        elif rng.random() < 0.02:
            time.sleep(0.12)  # the thread's turn
            if not store.tasks.trouble:
                print(*waiting, flush=True)
                waiting.clear()
    while waiting:
        flush(memo, waiting)
    store.close()
    print("refused", REFUSED[0], flush=True)


def refused(why: str) -> None:
    """Count what could not be done."""
    assert "full" in why or "no space" in why, why
    REFUSED[0] += 1


def flush(memo: Memo, waiting: list[int]) -> None:
    """Make sure of what was recorded, and report it; if there is no room, later."""
    try:
        memo.flush()
    except StoreError as error:
        refused(str(error))
        return
    print(*waiting, flush=True)
    waiting.clear()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else -1)
