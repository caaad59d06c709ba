"""Messages become what a cell shows, by the rules that clients follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

_decode = msgspec.json.decode


class Message(NamedTuple):
    """One output message: its kind and its encoded content, JSON."""

    kind: str
    content: bytes


class Assembler:
    """Builds the outputs of one cell from its messages.

    They are in nbformat's form, and those that can be updated keep their display id (``transient``). At the end stand
    updates of displays that the cell does not show itself: other cells' outputs, which stay as they were recorded.
    """

    def __init__(self) -> None:
        """Start with no output."""
        self._outputs: list[dict[str, Any]] = []
        self._elsewhere: dict[str, dict[str, Any]] = {}
        """By display id: what became of displays of other cells."""
        self._clear = False
        self._parts: list[str] | None = None
        """Text parts of the last output while it is a stream: joined once, when asked for."""

    def outputs(self) -> list[dict[str, Any]]:
        """Return the outputs so far."""
        self._join()
        return [dict(output) for output in (*self._outputs, *self._elsewhere.values())]

    def add(self, message: Message) -> None:
        """Apply one message."""
        content = _decode(message.content)
        if message.kind == "clear_output":
            self._clear = bool(content.get("wait"))
            if not self._clear:
                self._empty()
            return
        if message.kind == "update_display_data":
            self._update(_output(message.kind, content))
            return
        if self._clear:
            self._clear = False
            self._empty()
        if message.kind == "stream":
            self._stream(str(content.get("name", "stdout")), str(content.get("text", "")))
            return
        self._append(_output(message.kind, content))

    def _stream(self, name: str, text: str) -> None:
        last = self._outputs[-1] if self._outputs else None
        if last is not None and self._parts is not None and last["name"] == name:
            self._parts.append(text)
            return
        self._append({"output_type": "stream", "name": name, "text": ""})
        self._parts = [text]

    def _append(self, output: dict[str, Any]) -> None:
        self._join()
        self._parts = None
        self._outputs.append(output)
        self._elsewhere.pop(_display_id(output), None)

    def _update(self, update: dict[str, Any]) -> None:
        name = _display_id(update)
        own = [output for output in self._outputs if name and _display_id(output) == name]
        for output in own:
            output.update(data=update["data"], metadata=update["metadata"])
        if name and not own:
            self._elsewhere[name] = update

    def _join(self) -> None:
        if self._parts:
            self._outputs[-1]["text"] += "".join(self._parts)
            self._parts = []

    def _empty(self) -> None:
        for output in self._outputs:
            if name := _display_id(output):  # another cell may show it, too
                self._elsewhere[name] = _output("update_display_data", output)
        self._outputs.clear()
        self._parts = None


def _output(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "error":
        return {
            "output_type": "error",
            "ename": content.get("ename", ""),
            "evalue": content.get("evalue", ""),
            "traceback": content.get("traceback", []),
        }
    output = {"output_type": kind, "data": content.get("data", {}), "metadata": content.get("metadata", {})}
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    if name := _display_id(content):
        output["transient"] = {"display_id": name}
    return output


def _display_id(content: Mapping[str, Any]) -> str:
    """Return the id under which a display can be updated; empty if it has none."""
    return str((content.get("transient") or {}).get("display_id") or "")
