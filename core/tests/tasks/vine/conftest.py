"""A real manager, and real workers on this machine; nothing of them is left when a test has ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbrewind.store import Store
from nbrewind.tasks import Memo, Policies
from nbrewind.tasks.vine import close_door, install, open_door

BIN = Path(sys.executable).parent


PIDS = "workers.txt"
"""File in a test's folder to which whoever starts a worker, in a session of processes of its own, adds its id."""


def end_workers(folder: Path) -> None:
    """End what is left of workers, also of those whose starter was killed: their transfer servers stay behind."""
    if (folder / PIDS).exists():
        for pid in (folder / PIDS).read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(pid), signal.SIGKILL)
        (folder / PIDS).unlink()


class Session:
    """What stands for one kernel session: a folder, managers, workers, and a door onto a store."""

    def __init__(self, vine: Any, folder: Path) -> None:
        self.vine = vine
        self.folder = folder
        self.store = Store.open(folder / "store")
        self.workers: list[subprocess.Popen[bytes]] = []
        self.managers: list[Any] = []
        self.door: Any = None
        self.policies: Policies | None = None
        self.begin()

    def begin(self) -> None:
        """Begin a session: what was recorded before answers, nothing else is as before."""
        self.end()
        self.memo = Memo(self.store, policies=self.policies)
        self.door = open_door(self.memo, folder=self.folder)

    def end(self) -> None:
        """End it: managers are closed, workers end."""
        close_door()
        for manager in self.managers:
            manager._free()
        for worker in self.workers:
            self.kill(worker)
        end_workers(self.folder)
        self.managers, self.workers = [], []

    @staticmethod
    def kill(worker: subprocess.Popen[bytes]) -> None:
        """End a worker as the loss of its machine does, with all that it has started.

        Its transfer server alone would keep the connection, and the manager would go on waiting for it.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)

    def manager(self, **options: Any) -> Any:
        """Return a new manager on any port."""
        made = self.vine.Manager(**{"port": 0, "run_info_path": str(self.folder / "info"), **options})
        self.managers.append(made)
        return made

    def worker(self, manager: Any, *, cores: int = 1) -> subprocess.Popen[bytes]:
        """Start a worker for a manager, which opens for that."""
        command = [BIN / "vine_worker", "localhost", str(manager.port), "--cores", str(cores), "--memory", "400"]
        command += [
            "--disk",
            "400",
            "--workspace",
            tempfile.mkdtemp(prefix="worker-", dir=self.folder),
            "--parent-death",
        ]
        with open(self.folder / "worker.log", "ab") as log:
            started = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        with open(self.folder / PIDS, "a") as pids:
            pids.write(f"{started.pid}\n")
        self.workers.append(started)
        return self.workers[-1]

    def _end_lost_libraries(self) -> None:
        """End libraries that TaskVine itself could not end.

        A worker of 7.15.9 makes a process the leader of its own group only after it was started: if that has begun by
        then, this fails, and the worker that has to end it for another task signals nobody and waits for ever.
        """
        for worker in self.workers:
            for library in psutil.Process(worker.pid).children():
                if "library_code.py" in " ".join(library.cmdline()) and os.getpgid(library.pid) == worker.pid:
                    for process in (*library.children(), library):
                        process.kill()

    def collect(self, manager: Any) -> list[Any]:
        """Return the tasks in the order in which they come; fail if they take too long."""
        found = []
        for waited in range(60):
            if manager.empty():
                return found
            task = manager.wait(1)
            if task:
                found.append(task)
            elif waited > 5:
                self._end_lost_libraries()
        raise AssertionError(f"tasks are missing; {len(found)} came")

    def actions(self) -> list[str]:
        """Return what became of the tasks since this was asked last, in the order of their ids."""
        return [event.action for event in sorted(self.door.take_events())]


def vine_module() -> Any:
    """Return TaskVine, with the door built in; its managers report to nobody."""
    os.environ["CATALOG_HOST"] = "localhost"
    if not os.environ["PATH"].startswith(str(BIN)):
        os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    found = pytest.importorskip("ndcctools.taskvine", reason="there is no TaskVine: scripts/taskvine.sh says why")
    install(found)
    return found


@pytest.fixture(scope="session")
def vine():
    """TaskVine, with the door built in."""
    return vine_module()


@pytest.fixture
def session(vine, tmp_path, monkeypatch):
    """A session in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    made = Session(vine, tmp_path)
    yield made
    made.end()
    made.store.close()
