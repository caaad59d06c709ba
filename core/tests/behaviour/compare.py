"""Compares what a recorded run showed with what two plain runs agree on."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

_LONG = 20_000
_MASKS = [
    (re.compile(r"0x[0-9a-fA-F]{4,}"), "<address>"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py"), "<cell>"),
    (re.compile(r"ipykernel_\d+"), "ipykernel_<pid>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{24}(_\d+)*"), "<message>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "<instant>"),
    (re.compile(r"\b\d+(\.\d+)?(e[+-]\d+)? ?(ns|[µμ]s|us|ms|s|min|h)\b(?= |,|\.|\n|$|\))"), "<time>"),
    (re.compile(r"\bTask-\d+"), "Task-<n>"),
    (re.compile(r"\b(pid|PID)([ =:]+)\d+"), r"\1\2<pid>"),
    (re.compile(r"total: <time>|Wall time: <time>"), "<time>"),
]


class Difference(NamedTuple):
    """One value that recording changed."""

    path: tuple[str, ...]
    plain: Any
    recorded: Any

    def __str__(self) -> str:
        """Say where, and what."""
        return f"{'/'.join(self.path)}\n    plain:    {self.plain!r:.400}\n    recorded: {self.recorded!r:.400}"


class Comparison(NamedTuple):
    """What plain runs agree on, and where the recorded run differs from it."""

    differences: list[Difference]
    compared: int
    unstable: list[tuple[str, ...]]

    @property
    def share(self) -> float:
        """Share of values in which the plain runs differ among themselves."""
        return len(self.unstable) / max(1, self.compared + len(self.unstable))


MISSING = "<missing>"


def compare(plain: list[dict[str, Any]], recorded: dict[str, Any]) -> Comparison:
    """Compare one recorded run with the values that all plain runs have in common."""
    flat = [flatten(run) for run in plain]
    paths = sorted(set().union(*flat))
    stable = {path: flat[0][path] for path in paths if all(path in run for run in flat)}
    stable = {path: value for path, value in stable.items() if all(run[path] == value for run in flat)}
    seen = flatten(recorded)
    differences = [
        Difference(path, value, seen.get(path, MISSING)) for path, value in stable.items() if seen.get(path) != value
    ]
    return Comparison(differences, len(stable), [path for path in paths if path not in stable])


def flatten(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return a tree as paths to its leaves; lengths and keys are leaves too, texts are cut into lines."""
    if isinstance(value, list) and path[-1:] == ("messages",):
        value = join_streams(value)
    if isinstance(value, dict):
        found: dict[tuple[str, ...], Any] = {(*path, "keys"): sorted(map(str, value))}
        for key, item in value.items():
            found.update(flatten(item, (*path, str(key))))
        return found
    if isinstance(value, list):
        found = {(*path, "length"): len(value)}
        for index, item in enumerate(value):
            found.update(flatten(item, (*path, str(index))))
        return found
    if isinstance(value, str):
        text = mask(value)
        if len(text) > _LONG:
            digest = hashlib.sha256(text.encode()).hexdigest()
            return {path: f"{len(text)} characters {digest}"}
        lines = text.split("\n")
        if len(lines) > 1:
            return flatten(lines, (*path, "lines"))
        return {path: text}
    return {path: value}


def mask(text: str) -> str:
    """Replace what differs between any two runs: ids, times, addresses, process ids, names of cell files."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def join_streams(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join adjacent parts of one stream; stdout and stderr between two other messages have no order among them."""
    joined: list[dict[str, Any]] = []
    texts: dict[str, str] = {}

    def end() -> None:
        joined.extend({"type": "stream", "name": name, "text": text} for name, text in sorted(texts.items()) if text)
        texts.clear()

    for message in messages:
        if message["type"] == "stream":
            name = message["content"]["name"]
            texts[name] = texts.get(name, "") + message["content"]["text"]
        else:
            end()
            joined.append(message)
    end()
    return joined
