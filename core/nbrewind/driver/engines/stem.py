"""Kernels forked from one process, the stem, that has imported what every kernel imports: the second one costs little.

A forked kernel is an ordinary one: ipykernel's application with the arguments, environment and folder that its launcher
would have, in a session of its own. Only that what it imports at its start is there already. To be called before
anything else is imported: a kernel has no more modules than it had anyway, and the stem has one thread.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from nbrewind.driver.parent import end_with_parent

PRELOAD = (
    "ipykernel.debugger", "ipykernel.kernelapp", "IPython.core.debugger", "IPython.core.oinspect",
    "IPython.extensions.storemagic", "nbrewind.kernel.magics", "nbrewind.kernel.steps", "nbrewind.kernel.verbs",
    "psutil", "tornado.platform.asyncio", "tornado.queues",
)  # fmt: skip
"""What a kernel that records imports by itself."""


class Stem:
    """A process that forks kernels, a context manager; it ends, with all of them, when this process does."""

    def __init__(self) -> None:
        """Fork it."""
        for name in PRELOAD:
            importlib.import_module(name)
        ours, its = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:
            ours.close()
            _serve(its)
        its.close()
        self._channel = ours.makefile("rwb")
        ours.close()

    def __enter__(self) -> Stem:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and all its kernels."""
        self._channel.close()
        os.waitpid(self._pid, 0)

    def start(self, arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> Forked:
        """Fork a kernel with the launcher's ``arguments``, in ``folder``.

        Raises:
            OSError: it can't be.
        """
        return Forked(self, self.ask(arguments=list(arguments), folder=folder, environment=dict(environment)))

    def ask(self, **request: Any) -> Any:
        """Ask the stem for something.

        Raises:
            OSError: it has ended, or could not do it.
        """
        _send(self._channel, request)
        line = self._channel.readline()
        if not line:
            raise OSError("the process that kernels are forked from has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["result"]


class Forked:
    """A forked kernel's process, as jupyter_client wants it to be."""

    stdin = stdout = stderr = None

    def __init__(self, stem: Stem, pid: int) -> None:
        """The stem knows it by its id ``pid``."""
        self._stem, self.pid = stem, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it has ended; None: it has not."""
        if self.returncode is None:
            try:
                self.returncode = self._stem.ask(ended=self.pid)
            except OSError:
                self.returncode = -signal.SIGKILL
        return self.returncode

    wait = poll

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class _Channel(Protocol):
    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> None: ...


def _send(channel: _Channel, message: Mapping[str, Any]) -> None:
    channel.write(json.dumps(message).encode() + b"\n")
    channel.flush()


def _serve(connection: socket.socket) -> NoReturn:
    """Be the stem, until nobody asks any more. In a forked child, become a kernel."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when to end
    channel, stem, kernels = connection.makefile("rwb"), os.getpid(), set[int]()
    connection.close()
    while line := channel.readline():
        request = json.loads(line)
        try:
            if (pid := request.get("ended")) is not None:
                found, status = os.waitpid(pid, os.WNOHANG)
                kernels.discard(found)
                _send(channel, {"result": os.waitstatus_to_exitcode(status) if found else None})
                continue
            if not (pid := os.fork()):
                channel.close()
                _become(stem, **request)
            kernels.add(pid)
            _send(channel, {"result": pid})
        except OSError as error:
            _send(channel, {"error": str(error)})
    for pid in kernels:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


def _become(stem: int, arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> NoReturn:
    """Be a kernel."""
    from ipykernel import kernelapp

    os.setsid()
    end_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    launcher = str(Path(kernelapp.__file__).parents[1] / "ipykernel_launcher.py")
    sys.argv = [launcher, *arguments, f"--IPKernelApp.parent_handle={stem}"]
    kernelapp.launch_new_instance()
    sys.exit()
