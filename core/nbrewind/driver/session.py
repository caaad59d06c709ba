"""One kernel with recording on, as the driver uses it: run a cell, ask the agent for something."""

from __future__ import annotations

import ast
import asyncio
import atexit
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode

from nbrewind.driver.client import CELL_CLIENT, Answer, AnsweringClient, CellClient
from nbrewind.model import PROTOCOL, RunStatus, TaskWay
from nbrewind.planning.policies import Policies

STARTS = 2
"""Times that a kernel which dies at its start is tried."""


class KernelError(Exception):
    """The kernel can't be used: what, where and what to do, in one line."""


class StartError(KernelError):
    """No kernel could be started that records: nothing was run."""


@dataclass(frozen=True)
class Outcome:
    """How a cell ended."""

    status: RunStatus
    error: str = ""


class Session:
    """A kernel that records, attached to one notebook."""

    client: CellClient
    id: str
    python: str
    store_nonce: str

    def __init__(
        self,
        client: AnsweringClient,
        path: Path,
        store: Path,
        tasks: TaskWay = "repeat",
        policies: Policies | None = None,
    ) -> None:
        """Use the kernel of ``client`` for the notebook at ``path``; call `attach` before all else.

        ``tasks``: what becomes of recorded tasks that cells submit; ``policies``: by default the notebook's own.
        """
        self._client, self._path, self._store, self._tasks = client, path, store, tasks
        self._policies = policies
        self._counted: Mapping[str, int] = {}
        self.raised: Exception | None = None
        """What the last cell raised, or its kernel's death: nbclient's own exception."""

    async def attach(self) -> Session:
        """Start recording in the kernel."""
        assert isinstance(self._client.kc, CellClient)
        self.client = self._client.kc
        handshake = await attach(self.client, self._path, self._store)
        self.id, self.python = handshake["session"], handshake["python"]
        self.store_nonce = handshake["store_nonce"]
        await self.call("end_quickly")
        await self.call("tasks", way=self._tasks, policies=self._policies and dict(self._policies.given))
        return self

    async def tasks(self) -> Mapping[str, int]:
        """Return how many tasks were answered, ran and failed so far, also before the kernel started anew."""
        return counted(self._counted, await self.call("tasks"))

    async def restart(self) -> None:
        """Start the kernel anew: it knows nothing of before."""
        with contextlib.suppress(KernelError):
            self._counted = await self.tasks()
        manager, old = self._client.km, self._client.kc
        assert manager is not None and old is not None
        await ensure_async(old.stop_channels())  # type: ignore[func-returns-value]
        await ensure_async(manager.restart_kernel(now=True, newports=True))
        self._client.kc = new = manager.client()
        new.start_channels()
        try:
            await ensure_async(new.wait_for_ready(timeout=self._client.startup_timeout))
        except RuntimeError as error:
            raise KernelError(f"the kernel did not start again: {error}") from error
        new.allow_stdin = False
        self._client.reset_execution_trackers()
        await self.attach()

    async def run(self, cell: NotebookNode, index: int, name: str = "") -> Outcome:
        """Execute a cell, known as ``name``; its outputs and execution count are set in place, also where it raises."""
        self.client.cell_id, self.raised = name or cell.id, None
        try:
            await self._client.async_execute_cell(cell, index)
        except CellExecutionError as error:
            self.raised = error
            return Outcome("interrupted" if error.ename == "KeyboardInterrupt" else "error", _words(error))
        except DeadKernelError as error:
            if getattr(self._client, "cancelled", False):  # nbclient takes any cancellation for a dead kernel
                raise asyncio.CancelledError from error
            self.raised = error
            raise KernelError(f"the kernel died while it ran cell {index + 1}; what was saved is kept") from error
        finally:
            self.client.cell_id = ""
        cell.execution_count = self._count(cell)
        return Outcome("ok")

    async def answer(self, cell: NotebookNode, index: int, answer: Answer) -> None:
        """Let a record answer a cell: to whom watches nbclient it is executed, the kernel hears nothing of it."""
        self._client.answer, self.client.silenced, self.raised = answer, True, None
        try:
            await self._client.async_execute_cell(cell, index)
        finally:
            self._client.answer, self.client.silenced = None, False
        cell.execution_count = answer.count

    def _count(self, cell: NotebookNode) -> int | None:
        reply = self._client.last_reply or {}
        count = reply.get("content", {}).get("execution_count")
        return count if count is not None else cell.get("execution_count")

    async def trouble(self) -> str:
        """Return what last went wrong in the recorder, in words; empty if nothing did."""
        try:
            return await evaluate(self.client, "__import__('nbrewind.kernel.log', fromlist=['last']).last")
        except KernelError as error:
            return str(error)

    async def call(self, verb: str, **arguments: Any) -> Any:
        """Ask the agent for something, in the main shell between cells. Arguments and answer are JSON."""
        return await ask_agent(self.client, verb, **arguments)


async def ask_agent(client: AsyncKernelClient, verb: str, *, timeout: float = 600, **arguments: Any) -> Any:
    """Ask the agent of a kernel for something, in the main shell between cells. Arguments and answer are JSON.

    Args:
        client: a client of the kernel that nobody else reads from meanwhile.
        verb: see `nbrewind.kernel.verbs`.
        timeout: seconds to wait for the answer.
        arguments: those of the verb.

    Raises:
        KernelError: the kernel has no agent, died, did not answer in time, or the verb failed; one line says which.
    """
    text = json.dumps(arguments)
    code = f"__import__('nbrewind.kernel.verbs', fromlist=['call']).call({verb!r}, {text!r})"
    answer = json.loads(await evaluate(client, code, timeout=timeout))
    if "error" in answer:
        raise KernelError(f"the kernel's recorder could not {verb}: {answer['error']}")
    return answer["result"]


async def evaluate(client: AsyncKernelClient, expression: str, *, setup: str = "", timeout: float = 600) -> str:
    """Evaluate an expression that gives text, silently; returns the text."""
    request = client.execute(setup, silent=True, store_history=False, user_expressions={"answer": expression})
    deadline = monotonic() + timeout
    while True:
        try:
            reply = await client.get_shell_msg(timeout=1)
        except Empty as error:
            if not await client.is_alive():
                raise KernelError("the kernel died; what was saved is kept") from error
            if monotonic() > deadline:
                raise KernelError(f"the kernel did not answer within {timeout:.0f} s") from error
            continue
        if reply["parent_header"].get("msg_id") == request:
            break
    content = reply["content"]
    found = content.get("user_expressions", {}).get("answer", content)
    if found.get("status") != "ok":
        raise KernelError(f"{found.get('ename', 'error')}: {found.get('evalue', 'no answer')}")
    value = ast.literal_eval(found["data"]["text/plain"])
    return str(value)


@asynccontextmanager
async def open_session(
    notebook: NotebookNode,
    path: Path,
    *,
    store: Path,
    kernel: str = "",
    allow_errors: bool = False,
    tasks: TaskWay = "repeat",
    policies: Policies | None = None,
    before: Sequence[str] = (),
) -> AsyncIterator[Session]:
    """Start a kernel in the notebook's folder with recording on. The kernel ends with the block.

    ``store`` is the store's directory; ``kernel`` a kernelspec's name, by default the notebook's own; ``tasks``: what
    becomes of recorded tasks that cells submit; ``policies``: by default the notebook's own; ``before``: what stands
    before the command that starts the kernel.
    """
    client, setup = await _start(notebook, path, kernel_of(notebook, kernel), before, allow_errors=allow_errors)
    try:
        yield await Session(client, path, store, tasks, policies).attach()
    except asyncio.CancelledError:
        client.shutdown_kernel = "immediate"
        raise
    finally:
        await asyncio.shield(setup.__aexit__(None, None, None))


def kernel_of(notebook: NotebookNode, kernel: str = "") -> str:
    """Return the name of the kernelspec that is used: ``kernel``, else the notebook's own."""
    return str(kernel or notebook.metadata.get("kernelspec", {}).get("name") or "python3")


async def _start(
    notebook: NotebookNode, path: Path, name: str, before: Sequence[str], *, allow_errors: bool
) -> tuple[_Client, AbstractAsyncContextManager[Any]]:
    """Start a kernel; one that dies at once is started again: another program may have taken a port of its."""
    problem: BaseException | None = None
    for _ in range(STARTS):
        manager = _Manager(kernel_name=name)
        manager.before = before
        manager.client_class = CELL_CLIENT
        check_language(manager)
        client = _Client(
            notebook,
            km=manager,
            timeout=None,
            allow_errors=allow_errors,
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
        )
        client.owns_km = True
        client.extra_arguments = quietly(manager)
        setup = client.async_setup_kernel()
        try:
            await setup.__aenter__()
            return client, setup
        except BaseException as error:
            await asyncio.shield(_give_up(client, manager))
            if not isinstance(error, (OSError, RuntimeError)):
                raise
            problem = error
    raise StartError(f"the kernel {name} did not start: {problem}; see `jupyter kernelspec list`") from problem


def counted(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    """Return what became of tasks in a kernel that started anew after ``before``.

    What ran then is answered now, and is not counted twice; what was answered then is answered again.
    """
    ran = {name: number for name, number in before.items() if name != "answered"}
    found = {name: now.get(name, 0) + ran.get(name, 0) for name in {*now, *ran}}
    if found.get("answered"):
        found["answered"] = max(found["answered"] - before.get("ran", 0), 0)
    return found


def check_language(manager: KernelManager) -> None:
    """Refuse kernels that are not of Python before they are started: they never get our code."""
    name = manager.kernel_name
    try:
        spec = manager.kernel_spec
    except NoSuchKernel as error:
        known = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
        raise StartError(f"no kernel named {name} is installed (there are: {known}); name one with --kernel") from error
    if spec is None or spec.language.lower() not in ("python", ""):
        language = spec.language if spec else "an unknown language"
        raise StartError(f"the kernel {name} is of {language}, not Python; nothing is recorded of those")


def quietly(manager: KernelManager) -> list[str]:
    """Return what keeps a kernel's log off the terminal: unencrypted ports at its start, an interrupt at its end."""
    return ["--IPKernelApp.log_level=CRITICAL"] if manager.ipykernel else []


async def _give_up(client: NotebookClient, manager: AsyncKernelManager) -> None:
    """Leave nothing behind of a kernel that did not come up."""
    atexit.unregister(client._cleanup_kernel)
    if manager.has_kernel:
        await manager.shutdown_kernel(now=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            asyncio.get_running_loop().remove_signal_handler(number)
        except (RuntimeError, ValueError):
            pass


def _cancel_on_signals(client: _Client) -> None:
    """Let Ctrl-C and a request to end cancel the work in progress; nbclient would end only the kernel."""
    task = asyncio.current_task()

    def cancel() -> None:
        client.cancelled = True
        if task is not None:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            asyncio.get_running_loop().add_signal_handler(number, cancel)
        except (RuntimeError, ValueError, NotImplementedError):
            pass  # not the main thread: whoever runs it there has its own way to end it


class _Manager(AsyncKernelManager):
    """Manages a kernel that the driver starts."""

    before: Sequence[str] = ()
    """What stands before the command that starts it."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command that starts it."""
        found: list[str] = super().format_kernel_cmd(extra_arguments)
        return [*self.before, *found]


class _Client(AnsweringClient):
    """The client of a kernel that the driver has started."""

    cancelled = False
    """A signal asked for the end."""

    async def async_start_new_kernel(self, **options: Any) -> None:
        """Start the kernel; nbclient has set its handlers of signals just before."""
        _cancel_on_signals(self)
        await super().async_start_new_kernel(**options)

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Take an output; adjacent parts of a stream are one, as JupyterLab shows and saves them."""
        found = super().output(outs, msg, display_id, cell_index)
        if len(outs) > 1 and outs[-1] is found and found.output_type == "stream":
            before = outs[-2]
            if before.output_type == "stream" and before.name == found.name:
                before.text += outs.pop().text
        return found


async def attach(client: CellClient, path: Path, store: Path) -> dict[str, Any]:
    """Start recording in a kernel, for the notebook at ``path`` into the store at ``store``; returns the handshake.

    Raises:
        StartError: that can't be; one line says why.
    """
    expression = (
        "__import__('json').dumps(__import__('nbrewind').attach("
        f"notebook={str(path)!r}, store={str(store)!r}, mode='audit').handshake())"
    )
    try:
        answer: dict[str, Any] = json.loads(await evaluate(client, expression))
    except KernelError as error:
        if "ModuleNotFoundError" in str(error):
            raise StartError(
                "the kernel's environment has no nbrewind: run `pip install nbrewind` in it, or name another --kernel"
            ) from error
        raise StartError(f"recording could not start: {error}") from error
    if answer.get("error"):
        raise StartError(f"recording could not start: {answer['error']}")
    if answer["protocol"] != PROTOCOL:
        raise StartError(f"the kernel's nbrewind speaks protocol {answer['protocol']}, this one {PROTOCOL}: update it")
    return answer


def _words(error: CellExecutionError) -> str:
    return f"{error.ename}: {error.evalue}"
