"""Records to bytes and back: MessagePack, or JSON for what MessagePack has no form for.

Lone surrogates (file names that are not UTF-8, text from a damaged notebook) and integers beyond 64 bits can't be
written as MessagePack; those few records are stored as ASCII JSON. The first byte tells which: no MessagePack map or
array starts with ``{`` or ``[``.

Before that stands a byte that MessagePack never uses, and a checksum: SQLite does not notice when a disk changes what
is in a row. Rows of older versions have none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from xxhash import xxh3_64_digest

from nbrewind.model import Run, Version
from nbrewind.store.types import StoreError

CHECKED = b"\xc1"
HEAD = 1 + 8
T = TypeVar("T")
_encoder = msgspec.msgpack.Encoder()


def encode(value: object) -> bytes:
    """Return a record, or plain data, as bytes for a row."""
    try:
        data = _encoder.encode(value)
    except (UnicodeEncodeError, OverflowError):
        data = json.dumps(msgspec.to_builtins(value)).encode("ascii")
    return CHECKED + xxh3_64_digest(data) + data


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """Return a function that turns a row's bytes back into a ``kind``; it raises `StoreError` for damaged ones."""
    fast = msgspec.msgpack.Decoder(kind)

    def decode(data: bytes) -> T:
        if data[:1] == CHECKED:
            head, data = data[1:HEAD], data[HEAD:]
            if xxh3_64_digest(data) != head:
                raise StoreError(f"a record is damaged: the checksum of a {kind} is another; run `nbrewind doctor`")
        try:
            return msgspec.convert(json.loads(data), kind) if data[:1] in (b"{", b"[") else fast.decode(data)
        except ValueError as error:
            raise StoreError(f"a record is damaged: {error}; run `nbrewind doctor`") from error

    return decode


decode_run = decoder(Run)
decode_version = decoder(Version)
decode_delta = decoder(dict[str, str])
decode_names = decoder(list[str])
decode_outputs: Callable[[bytes], list[dict[str, Any]]] = decoder(list[dict[str, Any]])


def in_notebook(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return of what a run sent what a notebook keeps as outputs of its cell."""
    kept = (message for message in messages if message.get("output_type") != "update_display_data")
    return [{key: value for key, value in message.items() if key != "transient"} for message in kept]


def encode_text(text: str) -> bytes:
    """Return text as bytes; lone surrogates survive."""
    return text.encode("utf-8", "surrogatepass")


def decode_text(data: bytes) -> str:
    """Return what ``encode_text`` was given."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise StoreError(f"a text is damaged: {error}; run `nbrewind doctor`") from error
