"""A process that has imported what a kernel imports, and forks kernels: each is a new ipykernel, at once.

Run as a program: reads one line of JSON per kernel (``folder``, ``connection``, ``environment``), answers with its
process id.
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
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "ipykernel.zmqshell", "matplotlib_inline",
    "IPython.core.completer", "IPython.core.magics", "IPython.extensions.storemagic", "numpy", "numpy.random", "pandas",
    "nbrewind.kernel.agent", "nbrewind.kernel.recorder", "nbrewind.kernel.steps", "nbrewind.kernel.verbs",
)  # fmt: skip


class Zygote:
    """The process, as the one sees it that asks for kernels."""

    def __init__(self) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="nb")
        environment = {name: value for name, value in os.environ.items() if name not in PRIVATE}
        environment |= {
            "IPYTHONDIR": self.home.name,
            "MPLCONFIGDIR": self.home.name,
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "PYTHONDONTWRITEBYTECODE": "1",  # a module edited twice in a second would be taken for what it was
            "PYTHONHASHSEED": "0",  # sets of strings have the same order in all kernels
        }
        environment |= ALONE
        self.process = subprocess.Popen(
            [sys.executable, __file__], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def fork(self, folder: Path, connection: Path, environment: Mapping[str, str] | None = None) -> int:
        """Start a kernel in a folder, with more in its environment; returns its process id."""
        assert self.process.stdin and self.process.stdout
        asked = {"folder": str(folder), "connection": str(connection), "environment": dict(environment or {})}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End the process; its kernels are ended by who asked for them."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.home.cleanup()


def serve() -> None:
    """Fork a kernel for each line that comes in."""
    for module in IMPORTED:
        importlib.import_module(module)
    for name in ALONE:
        del os.environ[name]
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that have ended leave nothing behind
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            become_kernel(**json.loads(line))
        print(pid, flush=True)


def become_kernel(folder: str, connection: str, environment: dict[str, str]) -> None:
    """Be a kernel until the end of this process.

    Generators that nobody seeded give the same numbers in all kernels, so that these can be compared.
    """
    import numpy
    from ipykernel.kernelapp import launch_new_instance

    random.seed(0)
    numpy.random.seed(0)

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.chdir(folder)
    os.environ.update(environment)
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"  # it ends when the process does from which it was forked
    sys.argv = ["ipykernel_launcher", "-f", connection, parent, "--HistoryManager.enabled=False"]
    sys.path[0] = ""
    try:
        launch_new_instance()
    finally:
        os._exit(0)


if __name__ == "__main__":
    serve()
