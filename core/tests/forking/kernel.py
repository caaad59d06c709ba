"""One real kernel, as tests use it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from forking.ready import connect


class Kernel:
    """One real kernel and a blocking client."""

    def __init__(
        self,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        args: tuple[str, ...] = (),
        *,
        ready: bool = True,
        provisioner: str = "local-provisioner",
    ) -> None:
        # Sockets in a folder, not ports: of the many kernels that start at the same time two would get the same one.
        self.sockets = Path(tempfile.mkdtemp(prefix="nb"))  # a socket's path must be short
        self.manager = KernelManager(
            kernel_name="python3", transport="ipc", connection_file=str(self.sockets / "k.json")
        )
        self.manager.ip = str(self.sockets / "k")
        self.manager._kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", *args, "-f", "{connection_file}"],
            display_name="test",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": provisioner}},
        )
        environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", **(env or {})}
        for name in ("NBREWIND_STORE", "NBREWIND_MODE", "NBREWIND_NOTEBOOK", "JPY_SESSION_NAME", "PYTEST_CURRENT_TEST"):
            if name not in (env or {}):  # with the last one set, ipykernel does not catch what programs print
                environment.pop(name, None)
        self.manager.start_kernel(cwd=str(cwd) if cwd else None, env=environment)
        self.client = self.manager.client()
        if ready:
            try:
                connect(self.client, self.sockets, 60)
            except BaseException:
                self.stop()
                raise
        else:
            self.client.start_channels()

    def send(
        self,
        source: str,
        *,
        cell: str = "",
        silent: bool = False,
        expressions: dict[str, str] | None = None,
        stop_on_error: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> str:
        """Send an execute request; returns its id."""
        content = {
            "code": source,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": expressions or {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        message = self.client.session.msg("execute_request", content)
        message["metadata"].update({"cellId": cell} if cell else {}, **(metadata or {}))
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def wait(self, request: str, timeout: float = 60) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the reply to a request and the IOPub messages that belong to it, up to its idle status."""
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"], messages

    def run(self, source: str, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Execute one cell; when this returns, its run is recorded."""
        found = self.wait(self.send(source, **options))
        self.settle()
        return found

    def settle(self) -> None:
        """Return when the kernel takes up messages again: a run is recorded after the reply, before the next."""
        request = self.client.comm_info()
        while self.client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != request:
            pass

    def cells(self, sources: list[str], **options: Any) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Run cells in order, with cell ids ``c0``, ``c1``, ...; returns replies and IOPub messages."""
        return [self.run(source, cell=f"c{index}", **options) for index, source in enumerate(sources)]

    @staticmethod
    def text(messages: list[dict[str, Any]], kind: str = "stream") -> str:
        """Return the text of all messages of a kind, joined."""
        found = [message["content"] for message in messages if message["msg_type"] == kind]
        return "".join(content.get("text") or content.get("data", {}).get("text/plain", "") for content in found)

    def value(self, expression: str) -> Any:
        """Evaluate an expression silently; returns its value (a Python literal)."""
        import ast

        reply, _ = self.run("", silent=True, expressions={"value": expression})
        found = reply["user_expressions"]["value"]
        assert found["status"] == "ok", found
        return ast.literal_eval(found["data"]["text/plain"])

    def attach(self, notebook: Path, store: Path, mode: str = "audit") -> dict[str, Any]:
        """Start recording, as the driver does; returns the handshake."""
        import json

        expression = (
            "__import__('json').dumps(__import__('nbrewind').attach("
            f"notebook={str(notebook)!r}, store={str(store)!r}, mode={mode!r}).handshake())"
        )
        result: dict[str, Any] = json.loads(self.value(expression))
        return result

    def verb(self, verb: str, **arguments: Any) -> Any:
        """Ask the agent for something, as the driver does."""
        import json

        code = f"__import__('nbrewind.kernel.verbs', fromlist=['call']).call({verb!r}, {json.dumps(arguments)!r})"
        answer = json.loads(self.value(code))
        assert "error" not in answer, answer
        return answer["result"]

    def stop(self) -> None:
        """End the kernel, at once, if that has not been done."""
        if self.sockets.exists():
            self.client.stop_channels()
            self.manager.shutdown_kernel(now=True)
            shutil.rmtree(self.sockets, ignore_errors=True)
