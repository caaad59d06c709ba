"""What is kept of a task, as its door gives it and as it is found; and how that is written.

A record holds digests of all that the task made. Contents are apart: short ones in the same row, all others, and files,
among the contents of the store. So the record of a task whose contents are gone, or never left the cluster, still says
what they were.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import msgspec
from blake3 import blake3

from nbrewind.store.types import Buffer

from .parts import Key, Mark

RESULT = "what it returns"
"""The name of the output that is a task's result, where that stays in a cluster; the record may hold it as well."""
SHORT = 4096
"""Bytes of a content up to which it stands in the row of its record."""
_OWN = frozenset({"argument", "input", "output", "file", "environment", "order", "salt", "given", "cell"})
"""What components of a key begin with that most tasks have for themselves."""

Figure: TypeAlias = float | int | str | bool | None


class Elsewhere(NamedTuple):
    """An output that stays where it was made (a temporary file in a cluster)."""

    digest: str
    """Of its content: by whatever way its door computes it, always the same one."""
    size: int = 0


@dataclass
class Outcome:
    """What became of a task that has run."""

    result: Buffer | None = None
    """Its value, serialised by its door; None if it has none."""
    stdout: Buffer = b""
    exit_code: int = 0
    outputs: Mapping[str, str | os.PathLike[str] | Elsewhere] = field(default_factory=dict)
    """Files and folders that it made: where they lie, by the names that the task has for them."""
    ok: bool = True
    """Whether it did what it should: else there is no record."""
    order: int = 0
    """The how-manieth of those submitted together it was to end."""
    submitted: float = 0.0
    """When it was submitted, began, and ended: seconds since the epoch."""
    started: float = 0.0
    finished: float = 0.0
    host: str = ""
    resources: Mapping[str, Figure] = field(default_factory=dict)
    category: str = ""
    seen: Mapping[str, str] | None = None
    """What it was seen to reach beside its inputs (``file:PATH``, ``env:NAME``), with digests; None: nobody looked."""


class Made(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A content that a task made."""

    digest: str = ""
    size: int = 0
    snapshot: str = ""
    """Where it is among the contents of the store; empty: in the record's row, or elsewhere."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What lies in a folder."""

    path: str
    """Relative to the folder."""
    made: Made | None
    """None for a folder."""
    executable: bool = False


class Output(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file or folder that a task made."""

    name: str
    made: Made
    executable: bool = False
    entries: tuple[Entry, ...] | None = None
    """Of a folder, what lies in it at any depth, sorted."""


class Facts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record as it is written. What an answer does not need is read when it is asked for."""

    key: bytes
    occurrence: int
    packed_components: msgspec.Raw
    packed_previews: msgspec.Raw
    marks: tuple[str, ...]
    result: Made | None
    stdout: Made
    exit_code: int
    outputs: tuple[Output, ...]
    order: int
    submitted: float
    started: float
    finished: float
    host: str
    packed_resources: msgspec.Raw
    category: str
    seen: dict[str, str] | None
    unstable: bool
    """Whether it was seen to give something else at another time."""

    @property
    def components(self) -> Mapping[str, str]:
        """Return those components of its key that are its own."""
        return _unpacked(self.packed_components)

    @property
    def previews(self) -> Mapping[str, str]:
        """Return the short texts of these."""
        return _unpacked(self.packed_previews)

    @property
    def resources(self) -> Mapping[str, Any]:
        """Return what was measured of it."""
        return _unpacked(self.packed_resources)


class Common(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the keys of many tasks have in common."""

    components: dict[str, str]
    previews: dict[str, str]


class Record(NamedTuple):
    """A record that answers: what it holds was verified."""

    facts: Facts
    result: Buffer | None
    stdout: bytes

    @property
    def exit_code(self) -> int:
        """Return the task's exit code."""
        return self.facts.exit_code

    @property
    def outputs(self) -> Mapping[str, Output]:
        """Return the files and folders that the task made, by name."""
        return {output.name: output for output in self.facts.outputs}

    @property
    def digest(self) -> str:
        """Return a digest of all that the task made, but for what it printed."""
        return digest_of(self.facts)

    @property
    def when(self) -> tuple[float, int]:
        """Return by what records are sorted to answer in the order in which their tasks ended."""
        return self.facts.finished, self.facts.order


def digest_of(facts: Facts, output: str = "") -> str:
    """Return a digest of what a task made: of all, or of one output; empty if it has no such output."""
    if output:
        return next((found.made.digest for found in facts.outputs if found.name == output), "")
    if facts.result is not None and not facts.outputs and not facts.exit_code:
        return facts.result.digest
    made = [(found.name, found.made.digest, found.executable) for found in facts.outputs]
    stays = any(found.name == RESULT for found in facts.outputs)
    result = "" if stays or facts.result is None else facts.result.digest
    text = msgspec.msgpack.encode((result, facts.exit_code, sorted(made)))
    return "all:" + blake3(text).hexdigest(length=16)


def tree_digest(entries: tuple[Entry, ...]) -> str:
    """Return the digest of a folder."""
    lines = [(entry.path, entry.made.digest if entry.made else "", entry.executable) for entry in entries]
    return "tree:" + blake3(_encode(lines)).hexdigest(length=16)


_encode = msgspec.msgpack.Encoder().encode
written = _encode
_decode = msgspec.msgpack.Decoder(Facts).decode
_decode_mapping = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_common = msgspec.msgpack.Decoder(Common).decode


def read(data: bytes) -> Facts | None:
    """Return a record; None if it is of another version."""
    try:
        return _decode(data)
    except msgspec.DecodeError:
        return None


def packed(found: Mapping[str, Figure]) -> msgspec.Raw:
    """Return a part of a record as it is written."""
    return msgspec.Raw(_encode(found))


def _unpacked(part: msgspec.Raw) -> dict[str, Any]:
    """Return a part of a record; nothing if it is of another version."""
    try:
        return _decode_mapping(part)
    except msgspec.DecodeError:
        return {}


class Parted(NamedTuple):
    """A key, taken apart."""

    key: bytes
    slot: int
    """32 bits for what is its own, 32 for all of it: keys of other functions with equal arguments are close by."""
    components: dict[str, str]
    packed: msgspec.Raw
    """These, as they are written."""
    previews: dict[str, str]

    def common(self, key: Key) -> bytes:
        """Return what the key has in common with others."""
        components = {name: digest for name, digest in key.components.items() if name not in self.components}
        return _encode(Common(components, {n: text for n, text in key.previews.items() if n not in self.previews}))


_last: tuple[Key, Parted] | None = None
"""The key that was taken apart last: it is asked for several times in turn."""


def parted(key: Key) -> Parted:
    """Take a key apart."""
    global _last
    last = _last
    if last is None or last[0] is not key:
        _last = last = key, _parted(key)
    return last[1]


@lru_cache(maxsize=256)
def _own_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of a key's components that most tasks have for themselves: many tasks of a loop have the same."""
    return tuple(name for name in names if name.partition(" ")[0] in _OWN)


def _parted(key: Key) -> Parted:
    components, texts = key.components, key.previews
    own = {name: components[name] for name in _own_of(tuple(components))}
    previews = {name: texts[name] for name in own if name in texts}
    whole = bytes.fromhex(key.digest.removeprefix("task:"))
    text = _encode(own)
    slot = blake3(text).digest(length=4) + whole[:4]
    return Parted(whole, int.from_bytes(slot, "big", signed=True), own, msgspec.Raw(text), previews)


def joined(facts: Facts, part: bytes) -> Key:
    """Return the key of a record.

    Raises:
        ValueError: ``part`` is damaged.
    """
    common = _decode_common(part)
    marks: frozenset[Mark] = frozenset(facts.marks)  # type: ignore[arg-type]
    components = {**common.components, **facts.components}
    return Key("task:" + facts.key.hex(), components, marks, {**common.previews, **facts.previews})
