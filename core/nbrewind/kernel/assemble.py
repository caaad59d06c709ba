"""Messages become a cell's outputs, by the rules that clients follow."""

from __future__ import annotations

from typing import Any

import msgspec

_decode = msgspec.json.decode


class Message:
    """One output message: its kind and its encoded content."""

    __slots__ = ("_display_id", "content", "kind")

    def __init__(self, kind: str, content: bytes) -> None:
        """Hold ``content``, JSON."""
        self.kind = kind
        self.content = content
        self._display_id: str | None = None

    @property
    def displays(self) -> bool:
        """Whether the message shows something that can be updated later."""
        return self.kind in ("display_data", "execute_result", "update_display_data")

    def display_id(self) -> str:
        """Return the id under which the message's display can be updated; empty if it has none."""
        if self._display_id is None:
            transient = _decode(self.content).get("transient") or {} if self.displays else {}
            self._display_id = str(transient.get("display_id") or "")
        return self._display_id


class Assembler:
    """Builds the outputs of one cell from its messages."""

    def __init__(self) -> None:
        """Start with no output."""
        self._outputs: list[dict[str, Any]] = []
        self._ids: list[str] = []
        self._clear = False
        self._parts: list[str] | None = None
        """Text parts of the last output while it is a stream: joined once, when asked for."""

    def shows(self, display_id: str) -> bool:
        """Whether an output has this display id."""
        return bool(display_id) and display_id in self._ids

    def outputs(self) -> list[dict[str, Any]]:
        """Return the outputs in nbformat's form."""
        self._join()
        return [dict(output) for output in self._outputs]

    def add(self, message: Message) -> None:
        """Apply one message."""
        content = _decode(message.content)
        if message.kind == "clear_output":
            self._clear = bool(content.get("wait"))
            if not self._clear:
                self._empty()
            return
        if message.kind == "update_display_data":
            self._update(content)
            return
        if self._clear:
            self._clear = False
            self._empty()
        if message.kind == "stream":
            self._stream(str(content.get("name", "stdout")), str(content.get("text", "")))
            return
        self._append(_output(message.kind, content), (content.get("transient") or {}).get("display_id") or "")

    def _stream(self, name: str, text: str) -> None:
        last = self._outputs[-1] if self._outputs else None
        if last is not None and self._parts is not None and last["name"] == name:
            self._parts.append(text)
            return
        self._append({"output_type": "stream", "name": name, "text": ""}, "")
        self._parts = [text]

    def _append(self, output: dict[str, Any], display_id: str) -> None:
        self._join()
        self._parts = None
        self._outputs.append(output)
        self._ids.append(display_id)

    def _update(self, content: dict[str, Any]) -> None:
        name = (content.get("transient") or {}).get("display_id")
        for output, display_id in zip(self._outputs, self._ids, strict=True):
            if name and display_id == name:
                output["data"] = content.get("data", {})
                output["metadata"] = content.get("metadata", {})

    def _join(self) -> None:
        if self._parts:
            self._outputs[-1]["text"] += "".join(self._parts)
            self._parts = []

    def _empty(self) -> None:
        self._outputs.clear()
        self._ids.clear()
        self._parts = None


def _output(kind: str, content: dict[str, Any]) -> dict[str, Any]:
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
    return output
