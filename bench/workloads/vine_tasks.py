"""Tasks of TaskVine from a notebook's process, with a real manager and worker on this machine; one way per process.

Run by `bench/tasks.py` as ``python vine_tasks.py WAY KIND COUNT FOLDER``; prints a line of JSON: of each task the
milliseconds of wall time, and of the processor's time of this process alone, from the first ``submit`` until all
results were read and what was recorded is on disk. Also what our own code takes of the latter, and how often the
notebook's thread waited meanwhile for another thread or a disk: see `Own`.

Ways: ``plain``, TaskVine as it is; ``recorded``, each task runs and is recorded; ``answered``, from those records and
with no worker; ``cache recorded`` and ``cache answered``, TaskVine's own cache.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ndcctools.taskvine as vine

from nbrewind.store import Store
from nbrewind.tasks import Memo, Place
from nbrewind.tasks.journal import Journal
from nbrewind.tasks.vine import close_door, door, install, open_door
from nbrewind.tasks.vine.parts import originals

BIN = Path(sys.executable).parent
SCALE = 3
WARM = 4
"""Tasks that run before it is measured: the worker has connected then, and has what all tasks need."""


def offset(number: int) -> int:
    """Return something that a task's function uses."""
    return number * SCALE


def tile(number: int, gain: float, mode: str = "fast") -> float:
    """Stand for a task of a notebook."""
    return offset(number) * gain + len(mode)


def python_tasks(_: Any) -> Callable[[int], Any]:
    """Return what makes a `PythonTask`."""
    return lambda number: vine.PythonTask(tile, number, 0.5, mode="fast")


def function_calls(manager: Any) -> Callable[[int], Any]:
    """Install a library; return what makes a `FunctionCall`."""
    library = manager.create_library_from_functions("tiles", scaled, add_env=False, exec_mode="direct")
    library.set_cores(1)
    manager.install_library(library)
    return lambda number: vine.FunctionCall("tiles", "scaled", number, 0.5, mode="fast")


def scaled(number: int, gain: float, mode: str = "fast") -> float:
    """Stand for a function of a library, which finds nothing of this file."""
    return number * 3 * gain + len(mode)


class Own:
    """What our code takes in the notebook's thread, in seconds of the processor's time.

    TaskVine's own code within it does not count, nor does the reading of a result, which TaskVine does otherwise. To
    take the times does not either: what that takes in a loop is measured first.
    """

    def __init__(self) -> None:
        self._inside = False
        self._costs = {True: 0.0, False: 0.0}
        """To time a call of ours, and one of TaskVine's within it."""
        self.begin()
        ours, theirs = self._timed(lambda: None, True), self._timed(lambda: None, False)
        alone = self._cost(ours)
        self._costs = {True: alone, False: self._cost(self._timed(theirs, True)) - alone}
        self.begin()
        for name in ("submit", "wait_for_tag", "empty", "declare_file", "check_library_exists"):
            setattr(vine.Manager, name, self._timed(getattr(vine.Manager, name), True))
            originals[vine.Manager, name] = self._timed(originals[vine.Manager, name], False)
        for name in ("add_input", "add_output"):
            setattr(vine.Task, name, self._timed(getattr(vine.Task, name), True))
            originals[vine.Task, name] = self._timed(originals[vine.Task, name], False)
        for name in ("content_of", "load_result"):
            setattr(door, name, self._timed(getattr(door, name), False))

    def begin(self) -> None:
        """Count from now."""
        self._seconds, self._calls = 0.0, {True: 0, False: 0}
        self.waits = 0
        """How often the thread gave up the processor of its own accord."""

    @property
    def seconds(self) -> float:
        """What our code has taken."""
        return self._seconds - sum(self._costs[ours] * count for ours, count in self._calls.items())

    def _cost(self, timed: Callable[[], Any], count: int = 10_000) -> float:
        self.begin()
        for _ in range(count):
            timed()
        return self._seconds / count

    def _timed(self, plain: Callable[..., Any], ours: bool) -> Callable[..., Any]:
        """Return a function that is timed, which is called by the other kind: ours by the notebook or TaskVine."""

        @functools.wraps(plain)
        def timed(*args: Any, **options: Any) -> Any:
            if self._inside == ours:
                return plain(*args, **options)
            sign, self._inside = (1 if ours else -1), ours
            self._calls[ours] += 1
            begin, waits = time.thread_time(), resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
            try:
                return plain(*args, **options)
            finally:
                self.waits += sign * (resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - waits)
                self._seconds += sign * (time.thread_time() - begin)
                self._inside = not ours

        return timed


KINDS: dict[str, Callable[[Any], Callable[[int], Any]]] = {
    "PythonTask": python_tasks,
    "FunctionCall": function_calls,
}


@contextlib.contextmanager
def worker(manager: Any, folder: Path) -> Iterator[None]:
    """Have a worker of one core while it lasts."""
    command = [str(BIN / "vine_worker"), "localhost", str(manager.port), "--cores", "1", "--memory", "400"]
    command += ["--disk", "400", "--parent-death", "--workspace", tempfile.mkdtemp(prefix="worker-", dir=folder)]
    with open(folder / "worker.log", "ab") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait(10)


def run(manager: Any, make: Callable[[int], Any], numbers: range) -> None:
    """Submit tasks, and read what they give."""
    wanted = {}
    for number in numbers:
        wanted[manager.submit(make(number))] = number * 3 * 0.5 + 4
    while not manager.empty():
        task = manager.wait(5)
        if task is not None:
            assert task.output == wanted.pop(task.id), task.output
    assert not wanted


def main() -> None:
    """Measure one way."""
    way, kind, count, place = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    os.chdir(place)
    memo: Memo | None = None
    if way in ("recorded", "answered"):
        install(vine)
        memo = Memo(Store.open(place / f"store {kind}"), place=Place("", "cell-1"))
        memo.journal = Journal(memo)
        open_door(memo, folder=place)
    manager = vine.Manager(port=0, run_info_path=str(place / "info"))
    if way.startswith("cache"):
        manager.enable_tasks_cache(str(place / f"cache {kind}"), str(place / f"cache {kind}.log"))
    own = Own() if memo is not None else None
    answered = way.endswith("answered")
    with contextlib.nullcontext() if answered else worker(manager, place):
        make = KINDS[kind](manager)
        run(manager, make, range(WARM))
        if own is not None:
            own.begin()
        wall, used, here = time.perf_counter(), time.process_time(), time.thread_time()
        run(manager, make, range(WARM, WARM + count))
        if memo is not None and memo.journal is not None:
            memo.flush()
            memo.journal.take()
        wall, used, here = time.perf_counter() - wall, time.process_time() - used, time.thread_time() - here
    if memo is not None:
        assert memo.trouble == ""
        close_door()
    found = {"wall_ms": 1e3 * wall / count, "cpu_ms": 1e3 * used / count}
    if own is not None:
        found |= {"own_ms": 1e3 * (own.seconds + used - here) / count, "waits": own.waits / count}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
