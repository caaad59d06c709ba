"""Kernels for the oracles, and what a cell shows in them."""

from __future__ import annotations

import ast
import json
import os
import queue
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from forking.ready import connect
from forking.zygote import Zygote
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

MASKS = [
    ("0x", re.compile(r"\b0x[0-9a-fA-F]{4,}"), "<address>"),
    ("/ipykernel_", re.compile(r"\S*/ipykernel_\d+/\d+\.py(:\d+)?"), "<cell>"),
    ("Overwriting ", re.compile(r"\bOverwriting (?=\S+$)", re.M), "Writing "),
]
"""What differs in every kernel, or when a cell runs again (``%%writefile``), and means nothing: a word by which it is
known at a glance, the pattern, and what stands for it. Looking for paths in a picture takes minutes."""
Shown = list[dict[str, Any]]


class Stuck(Exception):
    """A kernel that hangs or has died: nothing can be said about its notebook."""


class Kernels:
    """Where kernels come from. A cell that takes longer than ``seconds`` is taken to hang."""

    def __init__(self, seconds: float = 30) -> None:
        self.zygote, self.seconds = Zygote(alike=True), seconds

    def start(self, folder: Path) -> Kernel:
        """Return a new kernel that works in ``folder``."""
        return Kernel(self.zygote, folder, self.seconds)

    def close(self) -> None:
        """Give no more kernels."""
        self.zygote.close()


class Kernel:
    """One new ipykernel, its client, and whether it records."""

    def __init__(self, zygote: Zygote, folder: Path, seconds: float) -> None:
        self.seconds = seconds
        self.sockets = Path(tempfile.mkdtemp(prefix="nb"))  # a socket's path must be short
        connection = self.sockets / "k.json"
        write_connection_file(str(connection), ip=str(self.sockets / "k"), transport="ipc")
        self.pid = zygote.fork(folder, connection)
        self.client = BlockingKernelClient(connection_file=str(connection))
        self.client.load_connection_file()
        self.displays: dict[str, Shown] = {}
        """Display id to the outputs of the cell that has it."""
        try:
            connect(self.client, self.sockets, seconds, stdin=False, hb=False, control=False)
        except BaseException as error:
            self.stop()
            raise Stuck(str(error)) from error

    def record(self, notebook: Path, store: Path) -> None:
        """Record all runs from now on."""
        code = (
            "__import__('json').dumps(__import__('nbrewind').attach("
            f"notebook={str(notebook)!r}, store={str(store)!r}, mode='audit').handshake())"
        )
        answer = json.loads(self.evaluate(code))
        assert not answer["error"], answer

    def flush(self) -> None:
        """Wait until everything recorded is saved, and make sure that nothing failed."""
        verbs = "__import__('nbrewind.kernel.verbs', fromlist=['call'])"
        answer = json.loads(self.evaluate(f"{verbs}.call('flush', '{{}}')"))
        assert answer == {"result": {"failure": ""}}, answer

    def run(self, cell: str, source: str) -> Shown:
        """Run a cell; returns what it shows."""
        return self._execute(source, cell=cell)[1]

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, which is a literal."""
        answer = self._execute("", silent=True, expressions={"value": expression})[0]["user_expressions"]["value"]
        assert answer["status"] == "ok", answer
        return ast.literal_eval(answer["data"]["text/plain"])

    def _execute(
        self, source: str, *, cell: str = "", silent: bool = False, expressions: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], Shown]:
        content = {
            "code": source,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": expressions or {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self.client.shell_channel.send(message)
        request, outputs, end = message["header"]["msg_id"], [], time.monotonic() + self.seconds
        try:
            while True:
                found = self.client.get_iopub_msg(timeout=max(0.0, end - time.monotonic()))
                if found["parent_header"].get("msg_id") == request:
                    if found["content"].get("execution_state") == "idle":
                        break
                    self._show(found["msg_type"], found["content"], outputs)
            while True:
                reply = self.client.get_shell_msg(timeout=max(0.0, end - time.monotonic()))
                if reply["parent_header"].get("msg_id") == request:
                    return reply["content"], outputs
        except queue.Empty as error:
            raise Stuck(f"a cell did not end within {self.seconds:.0f} s:\n{source}") from error

    def _show(self, kind: str, content: dict[str, Any], outputs: Shown) -> None:
        """Do with a message what a page does."""
        name = content.get("transient", {}).get("display_id", "")
        if kind == "clear_output":
            outputs.clear()
        elif kind == "update_display_data":
            for output in self.displays.get(name, ()):
                output["data"] = content["data"]
        elif kind in ("stream", "display_data", "execute_result", "error"):
            output = {"output_type": kind, **content}
            outputs.append(output)
            if name:
                self.displays.setdefault(name, []).append(output)

    def stop(self) -> None:
        """End the kernel, with the programs that it has started."""
        self.client.stop_channels()
        self.client.context.destroy(linger=0)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        shutil.rmtree(self.sockets, ignore_errors=True)


def form(outputs: Shown) -> list[str]:
    """Return what outputs show, without what differs in every kernel. ``outputs`` as sent, or as in a notebook.

    The two streams have no order among themselves; of an error, its name and words count.
    """
    found: list[str] = []
    streams: dict[str, str] = {}

    def end() -> None:
        found.extend(f"{name}: {text}" for name, text in sorted(streams.items()) if text)
        streams.clear()

    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + "".join(output["text"])
            continue
        end()
        if kind == "error":
            found.append(f"error: {output['ename']}: {output['evalue']}")
        else:
            found.append(f"{kind}: {json.dumps(output['data'], sort_keys=True)}")
    end()
    for sign, pattern, word in MASKS:
        found = [pattern.sub(word, text) if sign in text else text for text in found]
    return found
