"""``kill -9`` of the recording kernel at random moments: the store stays whole, and what was saved is there."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from nbrewind.model import Run
from nbrewind.store import Notebook, Store

from .harness import RECORD, Kernel

CELLS = {
    "numbers": "import random, time\nnumbers = [random.random() for _ in range(50_000)]",
    "table": "table = {i: {'n': i, 'text': str(i) * 3} for i in range(20_000)}",
    "large": "large = bytearray(random.randbytes(1 << 20)) * 12",
    "change": "large[random.randrange(len(large))] ^= 1; numbers.append(len(numbers)); table[7]['n'] += 1",
    "file": "with open('out.txt', 'w') as file:\n    file.write('x' * random.randrange(1_000_000))",
    "prints": "for i in range(500): print(i)",
    "short": "a = random.random()",
    "sleep": "time.sleep(0.05); b = a",
    "define": "def f(x):\n    return x + a\nc = f(1)",
    "forget": "del c",
}
"""The cells, by id; the kernel runs them in this order, then again from ``change`` on."""
LATER = ("change", "file", "prints", "short", "sleep", "define", "forget")


class Told(NamedTuple):
    """What the outside world knew when the kernel died."""

    answered: list[str]
    """Cells whose reply had come, in order."""
    saved: dict[str, str]
    """Checkpoints reported saved: id → run."""


def find_notebook(store: Store, path: Path) -> Notebook | None:
    """Return the notebook's index, if the kernel has made it."""
    return store.notebook(path, create=False)


def run_until_killed(kernel: Kernel, path: Path, seconds: float) -> Told:
    """Send cells without pause, watch the store from outside, kill the kernel after ``seconds``."""
    order = [*CELLS, *LATER * 40]
    for cell in order:
        kernel.send(CELLS[cell], cell, stop_on_error=False)
    end = time.monotonic() + seconds
    answered: list[str] = []
    saved: dict[str, str] = {}
    with Store.open(kernel.store) as store:
        notebook = find_notebook(store, path)
        assert notebook is not None, "attaching registers the notebook"
        before = {checkpoint.id for checkpoint in notebook.checkpoints()}
        while time.monotonic() < end:
            while kernel.client.shell_channel.socket.poll(0):
                reply = kernel.client.shell_channel.get_msg(timeout=1)
                assert reply["content"]["status"] == "ok", reply["content"]
                answered.append(order[len(answered)])
            saved.update(
                (entry.id, entry.run) for entry in notebook.checkpoints() if entry.saved and entry.id not in before
            )
            time.sleep(0.003)
        os.kill(kernel.pid, signal.SIGKILL)
    return Told(answered, saved)


def check(directory: Path, path: Path, told: Told) -> None:
    """Open the store as the next session would, and hold it to what was said."""
    with Store.open(directory) as store:
        assert store.doctor() == []
        notebook = find_notebook(store, path)
        assert notebook is not None
        checkpoints = {entry.id: entry for entry in notebook.checkpoints()}
        runs: dict[str, Run] = {run.id: run for run in notebook.runs()}
        contents: dict[str, str] = {}
        for checkpoint, run in told.saved.items():
            assert checkpoints[checkpoint].saved
            assert run in runs
            store.outputs(run)
            contents |= {v.snapshot: v.key for v in notebook.state(checkpoint).values() if v.snapshot}
        for snapshot, key in contents.items():
            if key.startswith("file:"):
                store.get_file(snapshot, path.with_name("loaded"))
            else:
                store.get(snapshot)
        sessions = [run.session for run in runs.values()]
        mine = [run.cell for run in runs.values() if run.session == sessions[-1] and run.cell] if sessions else []
        # It is recorded right after the answer, before the kernel takes up anything else: only the last may be missing.
        assert told.answered[: len(mine)] == mine[: len(told.answered)], "cells are recorded in order"
        assert len(mine) >= len(told.answered) - 1, "a cell that was answered is recorded"
        store.recover(notebook)
        kept = {entry.run for entry in notebook.checkpoints() if entry.saved}
        answered = {run.id for run in runs.values() if run.session == sessions[-1] and run.cell in told.answered}
        assert answered <= kept, "a cell that was answered is saved by who comes next"
        assert store.doctor(deep=True) == []


def kill_at_random(folder: Path, times: int, seed: int) -> tuple[int, int]:
    """Kill ``times`` kernels that record into one store; return how many cells were answered, and runs saved."""
    draw = random.Random(seed)
    workdir = folder / "work"
    workdir.mkdir()
    path = workdir / "notebook.ipynb"
    answered = saved = 0
    waiting = Kernel(folder / "kernel", workdir)
    for i in range(times):
        kernel, waiting = waiting, Kernel(folder / "kernel", workdir) if i + 1 < times else waiting
        try:
            kernel.ready()
            kernel.silently(RECORD)
            told = run_until_killed(kernel, path, draw.uniform(0, 1.2))
        finally:
            kernel.close()
        check(kernel.store, path, told)
        answered += len(told.answered)
        saved += len(told.saved)
    return answered, saved


def seed() -> int:
    """Return the seed of the random moments; it is printed, and can be given."""
    chosen = int(os.environ.get("NBREWIND_KILL_SEED", random.randrange(1 << 30)))
    print(f"NBREWIND_KILL_SEED={chosen}")
    return chosen


def test_the_store_survives_kills(tmp_path: Path):
    answered, saved = kill_at_random(tmp_path, 8, seed())
    assert answered > 0
    assert saved > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_store_survives_fifty_kills(tmp_path: Path):
    answered, saved = kill_at_random(tmp_path, 50, seed())
    assert answered > 50
    assert saved > 50
