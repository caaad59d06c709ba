"""Kernels that a manager starts, forked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from .zygote import Zygote

PASSED_ON = "ORACLE_"
"""How environment variables begin that a kernel gets as they are when it starts, where nothing else is said."""


class _Process:
    """A kernel's process, as a provisioner wants it; it is no child of this one."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        return 0

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # as for a child that has ended
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    terminate = kill


class Forked(LocalProvisioner):
    """Starts a kernel by a fork."""

    zygote: ClassVar[Zygote]
    passed_on: ClassVar[str]

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Start the kernel; ``cmd`` is not called."""
        environment = {name: value for name, value in options["env"].items() if name.startswith(self.passed_on)}
        folder = Path(options["cwd"] or os.getcwd())
        self.pid = self.pgid = self.zygote.fork(folder, Path(self.parent.connection_file), environment)
        self.process = _Process(self.pid)
        return self.connection_info


@dataclass(frozen=True)
class _Entry:
    """Stands for an entry point: where jupyter_client loads a provisioner's class."""

    zygote: Zygote
    passed_on: str

    def load(self) -> type[Forked]:
        return type("Forked", (Forked,), {"zygote": self.zygote, "passed_on": self.passed_on})


def register(name: str, zygote: Zygote, passed_on: str = PASSED_ON) -> None:
    """Give the provisioner of a process's kernels a name, for a kernelspec."""
    KernelProvisionerFactory.instance().provisioners[name] = _Entry(zygote, passed_on)


@contextmanager
def forking(zygote: Zygote, passed_on: str = PASSED_ON) -> Iterator[None]:
    """Let all kernels that this process starts through a manager be forked, but for those whose spec says how.

    They get those variables of the environment that begin with ``passed_on``: all with an empty one.
    """
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    register("forked", zygote, passed_on)
    factory.default_provisioner_name = "forked"
    try:
        yield
    finally:
        factory.default_provisioner_name = before
        del factory.provisioners["forked"]
