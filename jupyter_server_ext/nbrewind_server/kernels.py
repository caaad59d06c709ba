"""Access to the server's running kernels: who asks them for something waits for nobody's cell."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any
from weakref import WeakValueDictionary

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import new_id
from jupyter_core.utils import ensure_async

from nbrewind.driver.session import KernelError, ask_agent
from nbrewind_server.problem import Refused

BUSY = "the kernel is running a cell: wait until it is done, or interrupt it"
PATIENCE = 0.5
"""Seconds for which a busy kernel is waited for: what only asks it something is over by then."""
QUICK = 10.0
"""Seconds that an idle kernel has for a quick answer."""


class Kernels:
    """The kernels of one server, one request at a time each."""

    def __init__(self, manager: Any) -> None:
        """Take the server's kernel manager."""
        self._manager = manager
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def get(self, kernel: str) -> Any:
        """Return the manager of one kernel.

        Raises:
            Refused: this server runs no such kernel, or it is not one of Python.
        """
        if kernel not in self._manager:
            raise Refused("kernel", "the notebook has no kernel that this server runs: start one, then try again")
        found = self._manager.get_kernel(kernel)
        spec = found.kernel_spec
        if spec is not None and spec.language.lower() not in ("python", ""):
            raise Refused("kernel", f"the kernel is one of {spec.language}: only kernels of Python record")
        return found

    def shares_environment(self, kernel: str) -> bool:
        """Whether a kernel is known to run in this process's environment."""
        if not kernel or kernel not in self._manager:
            return False
        spec = self._manager.get_kernel(kernel).kernel_spec
        folder, program = os.path.split(spec.argv[0] if spec is not None and spec.argv else "")
        if not folder:  # jupyter_client starts this process's own Python for these names
            major, minor = sys.version_info[:2]
            return program in ("python", f"python{major}", f"python{major}.{minor}")
        return program.startswith("python") and folder == os.path.dirname(sys.executable)

    @asynccontextmanager
    async def turn(self, kernel: str) -> AsyncIterator[Any]:
        """Have a kernel alone, among those who ask it through this object; gives its manager.

        Raises:
            Refused: there is no such kernel, or it is busy.
        """
        lock = self._turns.get(kernel)
        if lock is None:
            lock = self._turns[kernel] = asyncio.Lock()
        async with lock:
            found = self.get(kernel)
            await self._idle(found)
            yield found

    async def _idle(self, found: Any) -> None:
        deadline = monotonic() + PATIENCE
        while found.execution_state == "busy":
            if monotonic() > deadline:
                raise Refused("busy", BUSY)
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def client(self, found: Any, *, iopub: bool = False) -> AsyncIterator[AsyncKernelClient]:
        """Have a client of a kernel, which nobody else reads from.

        A new one each time: it takes about a millisecond, and none is ever left over from before a restart.
        """
        client = found.client()
        # The kernel routes replies by the id of the session, and the clients of one manager share it: the last to
        # connect would get the replies of the others.
        client.session.session = new_id()
        client.start_channels(shell=True, iopub=iopub, stdin=False, hb=False, control=False)
        try:
            yield client
        finally:
            client.stop_channels()

    async def ask(self, found: Any, verb: str, *, timeout: float = QUICK, **arguments: Any) -> Any:
        """Ask the agent in a kernel for something; see `nbrewind.kernel.verbs`.

        Raises:
            Refused: it has no agent, died, could not do it, or did not answer in time.
        """
        async with self.client(found) as client:
            try:
                return await ask_agent(client, verb, timeout=timeout, **arguments)
            except KernelError as error:
                raise _refusal(str(error)) from error
            except Exception as error:  # a kernel that answers in another way than kernels of Python do
                raise Refused("kernel", f"the kernel's answer was not understood ({type(error).__name__})") from error

    async def interrupt(self, kernel: str) -> None:
        """Interrupt a kernel, if it is still there."""
        if kernel in self._manager:
            await ensure_async(self._manager.interrupt_kernel(kernel))


def _refusal(text: str) -> Refused:
    if "No module named 'nbrewind" in text:
        return Refused("kernel", "the kernel's environment has no nbrewind: install it there, then restart the kernel")
    if "nothing is recorded here" in text:
        return Refused("kernel", "nothing is recorded in this kernel: turn recording on, then run the notebook")
    if "did not answer within" in text:
        return Refused("busy", BUSY)
    return Refused("kernel", text)
