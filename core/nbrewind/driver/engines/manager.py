"""The manager of the engine ``taskvine``, in a process of its own: it never blocks a kernel, a server or a command.

A program, run by `taskvine.py`. It reads orders from standard input, a line of JSON each, and writes on standard output
what happens. It knows files and commands, and opens none of what it carries. When standard input closes, for whatever
reason, it ends, with the factory and all workers; should it be killed, the system tells the factory (Linux).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import threading
from typing import Any

from nbrewind.driver.parent import end_with_parent

sys.modules["dask"] = None  # type: ignore[assignment]  # DaskVine is of no use here, and takes most of the time
import ndcctools.taskvine as vine  # noqa: E402

SLICE = 1
"""Seconds that TaskVine waits for tasks before new orders are looked at; it takes whole ones only."""
IDLE = 0.5
"""Seconds that orders are waited for while there is nothing to do."""
MORE = 0.02
"""Seconds that more orders are waited for while there is something to do."""
MOMENT = 5.0
"""Seconds for the factory to end its workers."""
BACKLOG = 5
"""Connections that wait to be taken: as many as TaskVine has wait."""
FORSAKEN = 3
"""How many workers may be lost with a task before it is given up."""


def tell(**event: Any) -> None:
    """Say what has happened."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def listen_here(port: int) -> None:
    """Have this process listen on a port of this machine's own address, where it listens on all of its addresses.

    TaskVine knows no other way. Its descriptor stays, and stands for another socket from then on. Only on Linux.

    Raises:
        OSError: another process took the port meanwhile.
    """
    numbers = map(int, os.listdir("/proc/self/fd")) if sys.platform == "linux" else ()
    for number in [number for number in numbers if _listens(number, port)]:
        blocking = os.get_blocking(number)
        with socket.socket() as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            os.dup2(own.fileno(), number, inheritable=False)  # that on all addresses is closed: the port is free
            own.bind(("127.0.0.1", port))
            own.listen(BACKLOG)
        os.set_blocking(number, blocking)


def _listens(number: int, port: int) -> bool:
    """Whether a descriptor stands for a socket that listens on a port."""
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        with socket.socket(fileno=os.dup(number)) as found:
            listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            return bool(listens) and found.getsockname()[1] == port
    except OSError:
        return False


class Work:
    """A manager, its factory and its tasks."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Open the manager; see `TaskVineEngine` for the settings."""
        self.manager = vine.Manager(
            port=settings["port"], run_info_path=os.path.join(settings["folder"], "info"), shutdown=True
        )
        self.manager.set_password_file(settings["password"])
        if settings["only_here"]:
            listen_here(self.manager.port)
        self.settings = settings
        self.files: dict[str, Any] = {}
        """Files that workers keep, by their path here."""
        self.tasks: dict[int, int] = {}
        """TaskVine's id to ours."""
        self.new = False
        """A task was submitted, and TaskVine has not looked since."""
        self.connected = -1
        command = [each.replace("{port}", str(self.manager.port)) for each in settings["factory"]]
        self.factory = None
        if command:
            self.factory = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                cwd=settings["folder"], start_new_session=True, preexec_fn=end_with_parent,
            )  # fmt: skip
        tell(event="open", port=self.manager.port, factory=self.factory.pid if self.factory else 0)

    def submit(self, order: dict[str, Any]) -> None:
        """Submit a task.

        Of ``order``: ``id``, ``command``, ``cores``, ``order`` and ``back`` (files), ``keep`` (name to path of files).
        """
        task = vine.Task(order["command"])
        task.add_input(self.manager.declare_file(order["order"], cache=False), "order")
        for name, path in order["keep"].items():
            if path not in self.files:
                self.files[path] = self.manager.declare_file(path, cache="workflow")
            task.add_input(self.files[path], name)
        if self.settings["environment"]:
            path = self.settings["environment"]
            if path not in self.files:
                self.files[path] = self.manager.declare_untar(self.manager.declare_file(path, cache="workflow"))
            task.add_input(self.files[path], "environment")
        task.add_output(self.manager.declare_file(order["back"], cache=False), "back")
        task.set_cores(order["cores"])
        if hasattr(task, "set_max_forsaken"):
            task.set_max_forsaken(FORSAKEN)
        self.tasks[self.manager.submit(task)] = order["id"]
        self.new = True

    def look(self) -> None:
        """Wait for a task, a moment, and tell of it."""
        if self.new or not self.tasks:
            self._wake()
        self.new = False
        task = self.manager.wait(SLICE)
        connected = self.manager.stats.workers_connected
        if connected != self.connected:
            self.connected = connected
            tell(event="workers", connected=connected)
        if task is not None and task.id in self.tasks:
            why = "" if task.successful() else self._why(task)
            tell(event="done", id=self.tasks.pop(task.id), why=why)

    def _wake(self) -> None:
        """Have TaskVine look at once: it sends no task, and stops waiting for none, before something comes in."""
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.manager.port), timeout=1).close()

    def _why(self, task: Any) -> str:
        last = (task.std_output or "").strip().rpartition("\n")[2][:300]
        return f"its task ended with {task.result}{f': {last}' if last else ''}"

    def close(self) -> None:
        """End the workers, the factory and the manager."""
        if self.factory is not None:
            self.factory.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.factory.wait(MOMENT)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.factory.pid, signal.SIGKILL)  # also what it has left behind


def main(settings: dict[str, Any]) -> None:
    """Work until standard input closes."""
    end_with_parent()
    orders: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: orders.put(None))
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def listen() -> None:
        for line in sys.stdin:
            orders.put(json.loads(line))
        orders.put(None)

    threading.Thread(target=listen, daemon=True).start()
    work = Work(settings)
    try:
        while True:
            with contextlib.suppress(queue.Empty):
                order = orders.get(timeout=MORE if work.tasks else IDLE)
                if order is None:
                    return
                work.submit(order)
                continue
            work.look()
    finally:
        work.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
    os._exit(0)
