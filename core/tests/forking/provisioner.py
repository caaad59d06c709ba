"""Kernels that a manager starts, forked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from .zygote import Zygote

PASSED_ON = "ORACLE_"
"""How environment variables begin that a kernel gets as they are when it starts."""
STANDARD, QUIET = ["-m", "ipykernel_launcher", "-f"], "--IPKernelApp.log_level=CRITICAL"
"""How ipykernel is called, and what may follow after the connection file: no forked kernel says anything."""


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

    zygotes: ClassVar[Iterator[Zygote]]
    anything: ClassVar[bool]

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Start the kernel; ``cmd`` is called only if it asks for what no fork gives."""
        environment: dict[str, str] = options["env"]
        if self.anything:
            known = cmd[1:4] == STANDARD and set(cmd[5:]) <= {QUIET}
            if not known or _python(environment) != _python(os.environ):
                return await super().launch_kernel(cmd, **options)
        else:
            environment = {name: value for name, value in environment.items() if name.startswith(PASSED_ON)}
        folder = Path(options["cwd"] or os.getcwd())
        zygote = next(self.zygotes)
        self.pid = self.pgid = zygote.fork(folder, Path(self.parent.connection_file), environment, whole=self.anything)
        self.process = _Process(self.pid)
        return self.connection_info


def _python(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what only a new interpreter would heed."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


@dataclass(frozen=True)
class _Entry:
    """Stands for an entry point: where jupyter_client loads a provisioner's class."""

    zygotes: Iterator[Zygote]
    anything: bool

    def load(self) -> type[Forked]:
        return type("Forked", (Forked,), {"zygotes": self.zygotes, "anything": self.anything})


def register(name: str, *zygotes: Zygote, anything: bool = False) -> None:
    """Give the provisioner of a process's kernels a name, for a kernelspec. They come from the zygotes in turn."""
    KernelProvisionerFactory.instance().provisioners[name] = _Entry(cycle(zygotes), anything)


@contextmanager
def forking(*zygotes: Zygote, anything: bool = False) -> Iterator[None]:
    """Let all kernels that this process starts through a manager be forked, but for those whose spec says how.

    With ``anything``, they get the environment that they are started with, and those that no fork can stand for are
    started as ever: other programs than ipykernel, other variables that the interpreter heeds.
    """
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    register("forked", *zygotes, anything=anything)
    factory.default_provisioner_name = "forked"
    try:
        yield
    finally:
        factory.default_provisioner_name = before
        del factory.provisioners["forked"]
