"""Runs a notebook in a stock kernel, as JupyterLab would, and keeps everything that the client gets to see."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import zmq
from forking.ready import connect
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from .notebook import Cell, Notebook

INSIDE = Path(__file__).parent / "inside"
"""Modules that the kernel imports: the probe, and recorders that misbehave."""
CORE = Path(__file__).parents[2]
RECORD = "%load_ext nbrewind"
REPEAT = "__import__('nbrewind').attach(mode='repeat')"
CELL_SECONDS = 120.0


class _ThisPython(KernelSpecManager):
    """Knows one kernel: the stock ipykernel of the interpreter that runs the tests."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def kernel_environment(folder: Path, notebook: Path, **extra: str) -> dict[str, str]:
    """Return the environment of a kernel that shares nothing with the user's own Jupyter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "NBREWIND_", "PYTEST_"))}
    return {
        **kept,
        "IPYTHONDIR": str(folder / "ipython"),
        "NBREWIND_STORE": str(folder / "store"),
        "JPY_SESSION_NAME": str(notebook),
        "PYTHONPATH": os.pathsep.join([str(CORE), str(INSIDE)]),
        "PYTHONHASHSEED": "0",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "OMP_NUM_THREADS": "2",
        **extra,
    }


class Kernel:
    """A kernel with its client, and all messages that came out of it."""

    def __init__(self, folder: Path, workdir: Path, **environment: str):
        self._sockets = Path(tempfile.mkdtemp(prefix="nb"))  # a socket's path must be short
        self.manager = KernelManager(
            kernel_spec_manager=_ThisPython(), transport="ipc", connection_file=str(self._sockets / "k.json")
        )
        self.manager.ip = str(self._sockets / "k")
        self.folder = folder
        self.store = folder / "store"
        folder.mkdir(parents=True, exist_ok=True)
        self.manager.start_kernel(
            cwd=str(workdir), env=kernel_environment(folder, workdir / "notebook.ipynb", **environment)
        )
        self.client: BlockingKernelClient = self.manager.client()
        self.iopub: list[dict[str, Any]] = []
        self.status: dict[str, Any] = {}
        """What recording says of itself after the last cell."""
        self.asked: list[dict[str, Any]] = []
        """Requests for input."""
        self.looked: set[str] = set()
        """Requests by which the harness looks at the kernel: what they print is nobody's."""

    @property
    def pid(self) -> int:
        """The kernel's process id."""
        return int(self.manager.provisioner.pid)

    def ready(self) -> None:
        """Wait until the kernel answers."""
        connect(self.client, self._sockets, 60)

    def send(self, code: str, cell: str | None = None, **content: Any) -> str:
        """Send an execute request as JupyterLab does; return its id."""
        metadata = {"deletedCells": [], "recordTiming": False, "trusted": True, "cellId": cell} if cell else {}
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
            **content,
        }
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, request: str, cell: Cell | None = None) -> dict[str, Any]:
        """Read messages until the request is answered and idle; return the reply."""
        channels = {
            "iopub": self.client.iopub_channel,
            "shell": self.client.shell_channel,
            "stdin": self.client.stdin_channel,
        }
        poller = zmq.Poller()
        names = {}
        for name, channel in channels.items():
            poller.register(channel.socket, zmq.POLLIN)
            names[channel.socket] = name
        reply: dict[str, Any] | None = None
        idle, spoken = False, False
        end = time.monotonic() + CELL_SECONDS
        interrupt_at = None
        while reply is None or not idle:
            for socket, _ in poller.poll(50):
                message = channels[names[socket]].get_msg(timeout=1)
                ours = message["parent_header"].get("msg_id") == request
                if names[socket] == "shell":
                    reply = message if ours else reply
                    continue
                if names[socket] == "stdin":
                    self.client.input(cell.answer if cell else "")
                    self.asked.append(message)
                    continue
                self.iopub.append(message)
                content = message["content"]
                idle = idle or (ours and content.get("execution_state") == "idle")
                spoken = spoken or (ours and message["header"]["msg_type"] == "stream")
            if cell and cell.interrupt is not None and spoken:
                interrupt_at = interrupt_at or time.monotonic() + cell.interrupt
                if 0 < interrupt_at <= time.monotonic():
                    self.manager.interrupt_kernel()
                    interrupt_at = -1.0
            if time.monotonic() > end or not self.manager.is_alive():
                raise TimeoutError(f"cell {cell.id if cell else request}: the kernel died or took too long")
        return reply

    def drain(self, seconds: float) -> None:
        """Read what still comes within some seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.client.iopub_channel.socket.poll(max(1, int(left * 1000))):
                self.iopub.append(self.client.iopub_channel.get_msg(timeout=1))

    def execute(self, code: str, cell: str | None = None, **content: Any) -> dict[str, Any]:
        """Run code to its end; return the reply."""
        return self.finish(self.send(code, cell, **content))

    def silently(self, code: str) -> dict[str, Any]:
        """Run code as a client does that attaches: no history, no output, no hooks."""
        return self.execute(code, silent=True, store_history=False)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression that gives a JSON text."""
        request = self.send("", silent=True, store_history=False, user_expressions={"value": expression})
        self.looked.add(request)
        reply = self.finish(request)
        answer = reply["content"]["user_expressions"]["value"]
        if answer["status"] != "ok":
            raise RuntimeError("\n".join(answer["traceback"]))
        text = answer["data"]["text/plain"]
        return json.loads(__import__("ast").literal_eval(text))

    def end(self) -> int | None:
        """Ask the kernel to end, as a client does that shuts it down; return its exit status, None if it stays."""
        self.client.shutdown()
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if not self.manager.is_alive():
                return self.manager.provisioner.process.returncode
            time.sleep(0.02)
        return None

    def close(self) -> None:
        """Make sure that the kernel is gone."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        shutil.rmtree(self._sockets, ignore_errors=True)


def run_notebook(notebook: Notebook, kernel: Kernel, workdir: Path, attach: str = "") -> dict[str, Any]:
    """Run all cells and return everything observable: messages by cell, stray messages, the final state.

    ``workdir`` is emptied first: each run finds the folder as the run before found it. The kernel goes on after cells
    that fail.
    """
    for left in workdir.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    if attach:
        reply = kernel.silently(attach)
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"]["traceback"]))
    requests, replies = {}, {}
    for cell in notebook.cells:
        request = kernel.send(cell.source, cell.id, allow_stdin=cell.answer is not None)
        requests[request] = cell.id
        replies[cell.id] = kernel.finish(request, cell)
        if cell.wait:
            kernel.drain(cell.wait)
    kernel.drain(0.2)
    state = kernel.evaluate('__import__("behaviour_probe").state(get_ipython())')
    if attach in (RECORD, REPEAT):
        kernel.status = kernel.evaluate('__import__("json").dumps(__import__("nbrewind").status())')
    cells: dict[str, Any] = {cell.id: {"messages": [], "reply": _plain(replies[cell.id])} for cell in notebook.cells}
    stray = []
    for message in kernel.iopub:
        parent = message["parent_header"].get("msg_id", "")
        if parent in kernel.looked:
            continue
        if parent in requests:
            cells[requests[parent]]["messages"].append(_plain(message))
        elif message["header"]["msg_type"] not in ("status", "execute_input"):
            stray.append(_plain(message))
    return {
        "cells": cells,
        "stray": stray,
        "asked": [_plain(message) for message in kernel.asked],
        "state": state,
        "exit": None if notebook.ending_varies else kernel.end(),
        "files": _files(workdir),
    }


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a client shows of a message."""
    return {
        "type": message["header"]["msg_type"],
        "content": message["content"],
        "metadata": {key: value for key, value in message["metadata"].items() if key != "engine"},
        "buffers": [len(bytes(buffer)) for buffer in message.get("buffers", [])],
    }


def _files(workdir: Path) -> dict[str, str]:
    """Return the files that the notebook left, with their content."""
    return {
        str(path.relative_to(workdir)): path.read_bytes().decode("utf-8", "backslashreplace")
        for path in sorted(workdir.rglob("*"))
        if path.is_file()
    }
