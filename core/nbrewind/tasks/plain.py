"""Arguments that are plain values: what the encoder would write of them, without one.

Most tasks of a loop differ in some numbers and short texts only. What is written here is byte by byte what `Encoder`
and `key._arguments` write; whatever is not as plain as that is left to them.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from blake3 import blake3

from .encode import FORMAT, PLAIN, framed, framing
from .files import Files
from .reads import preview_of


class Plain(NamedTuple):
    """The components of plain arguments."""

    components: dict[str, str]
    previews: dict[str, str]
    written: bytes
    """What `joined` gives of the components."""


@lru_cache(maxsize=64, typed=True)
def words_digest(*values: str | bytes | int | None) -> str:
    """Return the digest of a component that holds words only: many tasks of a loop have the same."""
    return blake3(marshal.dumps(values, FORMAT)).digest(length=16).hex()


def joined(components: Mapping[str, str]) -> bytes:
    """Return components as they count in a key, in the order of their names."""
    return b"".join([_piece(name, components[name]) for name in sorted(components)])


def _piece(name: str, digest: str) -> bytes:
    data = digest.encode()
    return _head(name, len(data)) + data


@lru_cache(maxsize=1024)
def _head(name: str, size: int) -> bytes:
    """Return what is written of a component before its digest."""
    return framed(b"+", name.encode("utf-8", "surrogatepass")) + framing(b"-", size)


@lru_cache(maxsize=256, typed=True)
def _of_place(place: int | str) -> tuple[str, bytes]:
    """Return what the argument at a place is called, and what is written before it."""
    return f"argument {place}", marshal.dumps((place,), FORMAT)


def plain_arguments(args: Sequence[Any], kwargs: Mapping[str, Any], files: Files) -> Plain | None:
    """Return the components of arguments; None if one of them is not plain, or is a text that names a file."""
    components: dict[str, str] = {}
    previews: dict[str, str] = {}
    pieces: dict[str, bytes] = {}
    given: list[tuple[int | str, Any]] = list(enumerate(args))
    if kwargs:
        given += [(name, kwargs[name]) for name in sorted(kwargs)]
    for place, value in given:
        kind = type(value)
        if kind not in PLAIN and (kind is not str or files.names(value)):
            return None
        label, before = _of_place(place)
        if label in components:  # by its place and by a name that is that number
            return None
        text = before + marshal.dumps(value, FORMAT)
        found = _written.get(text)
        if found is None:
            is_small = kind is float or (kind is int and -_WHOLE < value < _WHOLE)
            preview = repr(value) if is_small else preview_of(value)
            digest = blake3(text).digest(length=16).hex()
            found = digest, preview, _piece(label, digest)
            if len(text) <= _SHORT:
                if len(_written) >= _MOST:
                    _written.clear()
                _written[text] = found
        components[label], _, pieces[label] = found
        if found[1]:
            previews[label] = found[1]
    return Plain(components, previews, b"".join([pieces[label] for label in sorted(pieces)]))


_SHORT = 64
_WHOLE = 10**15
"""Whole numbers below it are told whole, as `preview_of` does."""
_MOST = 1024
_written: dict[bytes, tuple[str, str, bytes]] = {}
"""Short arguments as they were written, with digest, preview and what counts in a key: in a loop most are those of the
task before."""
