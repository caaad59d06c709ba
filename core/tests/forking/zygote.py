"""A process that has imported what a kernel imports, and forks kernels: each is a new ipykernel, at once.

Run as a program: reads a line of JSON per kernel (``folder``, ``connection``, ``environment``, ``whole``), answers with
its process id.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

PRIVATE = ("JPY_SESSION_NAME", "NBREWIND_MODE", "NBREWIND_NOTEBOOK", "NBREWIND_STORE", "PYTEST_CURRENT_TEST")
"""What a kernel must not inherit. With the last one set, ipykernel does not catch what programs print."""
ALONE = {
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""A process that has threads can't be forked safely: libraries must start none when they are imported."""
IMPORTED = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "ipykernel.zmqshell",
    "IPython.core.completer", "IPython.core.magics", "IPython.extensions.storemagic",
    "nbrewind.kernel.agent", "nbrewind.kernel.recorder", "nbrewind.kernel.steps", "nbrewind.kernel.verbs",
)  # fmt: skip
"""What every kernel has imported before its first cell, or when recording begins."""
MORE = ("numpy", "numpy.random", "pandas", "matplotlib_inline")
"""What kernels that are alike have imported, too."""


class Zygote:
    """The process, as the one sees it that asks for kernels.

    Kernels that are ``alike`` can be compared: hashes of strings and random numbers that nobody seeded are the same,
    libraries are loaded, and what a user has in the home is out of the way. Others are as programs start them.
    """

    def __init__(self, *, alike: bool) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="nb")
        environment = {name: value for name, value in os.environ.items() if name not in PRIVATE}
        environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        if alike:
            environment |= {
                "IPYTHONDIR": self.home.name,
                "MPLCONFIGDIR": self.home.name,
                "PYTHONDONTWRITEBYTECODE": "1",  # a module edited twice in a second would be taken for what it was
                "PYTHONHASHSEED": "0",  # sets of strings have the same order in all kernels
                **ALONE,
            }
        self.process = subprocess.Popen(
            [sys.executable, __file__, *["alike"] * alike],
            env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def fork(
        self, folder: Path, connection: Path, environment: Mapping[str, str] | None = None, *, whole: bool = False
    ) -> int:
        """Start a kernel in a folder, with more or the ``whole`` of its environment; returns its process id."""
        assert self.process.stdin and self.process.stdout
        asked = {
            "folder": str(folder), "connection": str(connection), "environment": dict(environment or {}), "whole": whole
        }  # fmt: skip
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End the process, and with it the kernels that nobody has ended."""
        assert self.process.stdin and self.process.stdout
        self.process.kill()  # to close its input might not do: a process that a test forked may hold that, too
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.home.cleanup()


def serve(*, alike: bool) -> None:
    """Fork a kernel for each line that comes in."""
    for module in (*IMPORTED, *(MORE if alike else ())):
        importlib.import_module(module)
    if alike:
        for name in ALONE:
            del os.environ[name]
        gc.collect()
        gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that have ended leave nothing behind
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            become_kernel(alike=alike, **json.loads(line))
        print(pid, flush=True)


def become_kernel(*, alike: bool, folder: str, connection: str, environment: dict[str, str], whole: bool) -> None:
    """Be a kernel until the end of this process."""
    from ipykernel.kernelapp import launch_new_instance

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    os.chdir(folder)
    if whole:
        os.environ.clear()
        environment.pop("PYTEST_CURRENT_TEST", None)
    os.environ.update(environment)
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"  # it ends when the process does from which it was forked
    sys.argv = ["ipykernel_launcher", "-f", connection, parent]
    if alike:
        sys.argv.append("--HistoryManager.enabled=False")
        _seed()
    del sys.path[0]  # the kernel adds its own folder
    try:
        launch_new_instance()
    finally:
        os._exit(0)


def _seed() -> None:
    """Let generators that nobody seeds give the same numbers in all kernels."""
    import numpy

    random.seed(0)
    numpy.random.seed(0)


if __name__ == "__main__":
    serve(alike="alike" in sys.argv)
