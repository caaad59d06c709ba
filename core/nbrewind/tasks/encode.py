"""Values as bytes that two share only if a function can't tell them apart: by type, content, order and aliasing.

Not a pickle: nothing is saved by a name that may stand for something else later, sets have no order, and no code of the
user's is called. What has no such form raises `Refused`.

Each piece tells its own length or is ended by what it says first, so that no two values are written alike. Objects that
can change are numbered when they are met; where one is met again, its number is written (``f(a, a)`` is not
``f(a, copy(a))``, and circles end).
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import marshal
import re
import types
import uuid
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from blake3 import blake3

from nbrewind.state.attributes import attributes, slots
from nbrewind.state.finalisers import finalized

from .files import Files
from .parts import Pending, Refused
from .tied import words_for

PLAIN = frozenset({int, float, complex, bool, bytes, type(None)})
"""Types that `marshal` writes as they are: with their type, floats by their bits."""
_FLAT = PLAIN | {str}
HIDDEN: tuple[type, ...] = (list, dict, set, bytearray, tuple, frozenset, str, int, float, complex, bytes)
"""What a class of the user's may build on: types whose content can be read past its methods."""
_SHORT = 64
FORMAT = 2
"""Of `marshal`: without references, so that equal values are written alike."""


def framed(tag: bytes, data: bytes) -> bytes:
    """Return data behind a tag, with its length."""
    return framing(tag, len(data)) + data


def framing(tag: bytes, size: int) -> bytes:
    """Return what stands before framed data."""
    return b"\x01=%b%d:" % (tag, size)


class Again(Exception):
    """Something was taken not to count that does: all has to be written again. The argument says what it is.

    The id of a dictionary whose order counts, because it is met elsewhere, too; ``docstrings``; ``members``.
    """


class Encoder:
    """Writes values. `Follower` adds functions, classes and modules."""

    ways: Mapping[type, Callable[[Any, Any], None]] = {}
    """How values of these very types are written."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.out: list[bytes] = []
        self.label = ""
        """The component that is being written: a number is one of that component."""
        self.seen: dict[int, bytes] = {}
        """Ids of objects that can change, and what is written where they are met again."""
        self.met: dict[str, str] = {}
        """Files that were named, with their digests."""
        self.unordered: set[int] = set()
        """Dictionaries that were written without their order."""
        self.outputs: frozenset[str] = frozenset()
        """Files that the task makes: what lies there before does not count."""
        self.links = 0
        """How many objects that can change were written so far."""
        self.private = 0
        """More than 0 within values that copy shared memory before it is written."""
        self._memory: dict[int, tuple[bytes, int, tuple[int, ...]]] = {}
        self._pure: dict[int, bytes] = {}
        self._kept: list[Any] = []
        """What has its id in one of these: some of it was only made to be written, and no other may get that id."""
        self._finalized: frozenset[int] | None = None
        self._ways: dict[int, tuple[type, Callable[[Any], None]]] = {}

    def encode(self, value: Any) -> None:
        """Write a value."""
        kind = type(value)
        if kind in PLAIN:
            self.out.append(marshal.dumps(value, FORMAT))
            return
        way = self.ways.get(kind)
        if way is not None:
            way(self, value)
            return
        known = self._ways.get(id(kind))
        if known is None:
            known = self._ways[id(kind)] = (kind, self.choose(kind))
        if self._finalized is None:
            self._finalized = finalized()
        if id(value) in self._finalized:
            raise Refused(words_for(kind.__qualname__))
        known[1](value)

    def choose(self, kind: type) -> Callable[[Any], None]:
        """Return how values of a type that is none of the plain ones are written."""
        raise NotImplementedError

    def named(self, module: str, qualname: str) -> None:
        """Write something of an installed package by its name."""
        raise NotImplementedError

    def bytes_of(self, value: Any) -> bytes:
        """Return what is written for a value, and count it as written."""
        kept, self.out = self.out, []
        try:
            self.encode(value)
            return b"".join(self.out)
        finally:
            self.out = kept

    def alone(self, value: Any) -> tuple[bytes, bool]:
        """Return what a value is written as where nothing was met before, and whether it can change."""
        kept = self.seen, self.label, self.links, self._pure
        self.seen, self.label, self.links, self._pure = {}, "", 0, {}
        try:
            return self.bytes_of(value), self.links > 0
        finally:
            self.seen, self.label, self.links, self._pure = kept

    def again(self, value: Any) -> bool:
        """Whether an object was met before, which is written then; else number it."""
        self.links += 1
        known = self.seen.get(id(value))
        if known is None:
            self.number(value)
            return False
        if id(value) in self.unordered:
            raise Again(id(value))
        self.out.append(known)
        return True

    def content(self, data: Any) -> None:
        """Write bytes: long ones by their digest."""
        view = memoryview(data).cast("B")
        self.out.append(framed(b"B", bytes(view)) if len(view) <= _SHORT else framed(b"H", blake3(view).digest()))

    def memory(self, owner: Any, address: int, strides: tuple[int, ...]) -> None:
        """Write how an array lies in memory that was met before; take note of memory that was not."""
        if self.private:
            return
        self.links += 1
        known = self._memory.get(id(owner))
        if known is None:
            self._kept.append(owner)
            self._memory[id(owner)] = (framed(b"M", f"{self.label}/{len(self._memory)}".encode()), address, strides)
            if type(owner) is bytearray and id(owner) in self.seen:
                self.out.append(self.seen[id(owner)])
            return
        token, first, others = known
        self.out.append(token)
        self.encode((address - first, strides, others))

    def number(self, value: Any) -> None:
        """Number an object that can change."""
        self.seen[id(value)] = framed(b"@", f"{self.label}/{len(self.seen)}".encode())
        self._kept.append(value)

    # Texts and paths

    def write_text(self, value: str) -> None:
        """Write a text; of one that names a file, the file's content counts, too."""
        if self.files.names(value) and value not in self.outputs:
            self._path(b"p", value, read=True)
        else:
            self.out.append(marshal.dumps(value, FORMAT))

    def write_path(self, value: PurePath) -> None:
        """Write a path; of one that names a file, the file's content counts, too."""
        text = str(value)
        read = isinstance(value, Path) and text not in self.outputs and self.files.names(text)
        self._path(b"P" + type(value).__name__.encode(), text, read=read)

    def _path(self, tag: bytes, text: str, *, read: bool) -> None:
        shown = self.files.shown(text)
        if read and shown not in self.met:
            self.met[shown] = self.files.digest(text)
        tag += (b"!" if read else b"?") + (b"" if shown == text else b"/")
        self.out.append(framed(tag + b" ", shown.encode("utf-8", "surrogatepass")))

    # Containers

    def _flat(self, values: Iterable[Any]) -> bool:
        kinds = set(map(type, values))
        if not kinds <= _FLAT:
            return False
        return str not in kinds or not any(type(item) is str and self.files.names(item) for item in values)

    def write_list(self, value: list[Any]) -> None:
        """Write a list."""
        if self.again(value):
            return
        if self._flat(value):
            self.out.append(b"\x01[l" + marshal.dumps(value, FORMAT))
            return
        self.out.append(b"\x01[L%d:" % len(value))
        for item in value:
            self.encode(item)

    def write_tuple(self, value: tuple[Any, ...]) -> None:
        """Write a tuple. One that holds nothing that can change is written alike however often it is met."""
        known = self._pure.get(id(value)) or self.seen.get(id(value))
        if known is not None:
            self.links += id(value) in self.seen
            self.out.append(known)
            return
        links, start = self.links, len(self.out)
        self.out.append(b"\x01[T%d:" % len(value))
        for item in value:
            self.encode(item)
        if self.links != links:
            self.number(value)
            return
        written = b"".join(self.out[start:])
        if len(written) > _SHORT:  # what holds it may hold it many times over
            written = framed(b"T", blake3(written).digest())
        self._kept.append(value)
        self._pure[id(value)] = written
        self.out[start:] = [written]

    def write_dict(self, value: dict[Any, Any]) -> None:
        """Write a dictionary, in its order."""
        if self.again(value):
            return
        if self._flat(value.keys()) and self._flat(value.values()):
            self.out.append(b"\x01[d" + marshal.dumps(value, FORMAT))
            return
        self.out.append(b"\x01[D%d:" % len(value))
        for key, item in value.items():
            self.encode(key)
            self.encode(item)

    def write_without_order(self, value: dict[str, Any]) -> None:
        """Write a dictionary of texts of which nobody sees the order."""
        if self.again(value):
            return
        self.unordered.add(id(value))
        self.out.append(b"\x01[U%d:" % len(value))
        for key in sorted(value):
            self.encode(key)
            self.encode(value[key])

    def write_set(self, value: Any) -> None:
        """Write a set, in the order of what its elements are written as."""
        if type(value) is set and self.again(value):
            return
        self.out.append(b"\x01[%b%d:" % (b"S" if type(value) is set else b"F", len(value)))
        if self._flat(value):
            self.out += sorted(marshal.dumps(item, FORMAT) for item in value)
            return
        found = sorted(((*self.alone(item), item) for item in value), key=lambda one: one[0])
        for written, changes, item in found:
            if changes:
                self.encode(item)
            else:
                self.out.append(written)

    def write_bytearray(self, value: bytearray) -> None:
        """Write bytes that can change."""
        if not self.again(value):
            self.out.append(b"\x01[b" + marshal.dumps(bytes(value), FORMAT))

    def words(self, *values: str | bytes | int | None) -> None:
        """Write texts that are no values of the user's: none of them names a file."""
        self.out.append(marshal.dumps(values, FORMAT))

    def fields(self, tag: bytes, *values: Any) -> None:
        """Write something by its parts."""
        self.out.append(b"\x01(%b%d:" % (tag, len(values)))
        for value in values:
            self.encode(value)

    # Objects

    def member(self, value: enum.Enum) -> None:
        """Write a member of an enumeration by its class, name and value; of combined flags the value says all."""
        found = attributes(value)
        self.words(found["_name_"])
        self.fields(b"e", type(value), found["_value_"])

    def instance(self, value: Any) -> None:
        """Write an object of a class whose code is followed: its class, its content, its attributes as they are."""
        cls = type(value)
        if self.again(value):
            return
        base = next((base for base in cls.__mro__ if base in HIDDEN), object)
        self.out.append(b"\x01[o")
        self.encode(cls)
        self.encode(_content(base, value))
        if issubclass(cls, BaseException):
            self.raised(value)
        self.entries(attributes(value))
        kept = slots(value)
        self.entries({name: kept[name] for name in sorted(kept)})

    def raised(self, value: BaseException) -> None:
        """Write what an exception says beside its attributes, but for its traceback."""
        self.fields(b"E", *(_RAISED[name].__get__(value) for name in _RAISED))

    def entries(self, found: Mapping[str, Any]) -> None:
        """Write attributes with their names, in their order."""
        self.words(len(found))
        if not found or self.again(found):
            return
        for name, value in found.items():
            if type(name) is str:
                self.words(name)
            else:
                self.encode(name)
            self.encode(value)


_RAISED = {name: BaseException.__dict__[name] for name in ("args", "__cause__", "__context__", "__suppress_context__")}


def _content(base: type, value: Any) -> Any:
    """Return what an object holds as a list, dictionary, text or number, without running its methods."""
    if base is list:
        return tuple(list.__iter__(value))
    if base is dict:
        return tuple(dict.items(value))
    if base in (set, frozenset):
        return frozenset(set.__iter__(value) if base is set else frozenset.__iter__(value))
    if base is tuple:
        return tuple(tuple.__iter__(value))
    if base is str:
        return str.__str__(value)
    if base is int:
        return int.__int__(value)
    if base is float:
        return float.__float__(value)
    if base is complex:
        return complex(complex.__pos__(value))
    if base is bytes:
        return bytes.__getitem__(value, slice(None))
    return bytes(bytearray.__getitem__(value, slice(None))) if base is bytearray else None


def _datetime(encoder: Encoder, value: datetime.datetime) -> None:
    told = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, value.fold)
    encoder.fields(b"t", told, value.tzinfo)


def _time(encoder: Encoder, value: datetime.time) -> None:
    encoder.fields(b"c", (value.hour, value.minute, value.second, value.microsecond, value.fold), value.tzinfo)


def _decimal(encoder: Encoder, value: decimal.Decimal) -> None:
    sign, digits, exponent = value.as_tuple()
    encoder.fields(b"x", sign, bytes(digits), exponent)


def _zone(encoder: Encoder, value: zoneinfo.ZoneInfo) -> None:
    if value.key is None:
        raise Refused("a time zone that was read from a file has no name")
    encoder.words("zone", value.key)


WAYS: dict[type, Callable[[Any, Any], None]] = {
    str: Encoder.write_text,
    list: Encoder.write_list,
    tuple: Encoder.write_tuple,
    dict: Encoder.write_dict,
    set: Encoder.write_set,
    frozenset: Encoder.write_set,
    bytearray: Encoder.write_bytearray,
    type(Ellipsis): lambda encoder, value: encoder.fields(b"."),
    type(NotImplemented): lambda encoder, value: encoder.fields(b"!"),
    range: lambda encoder, value: encoder.fields(b"r", value.start, value.stop, value.step),
    slice: lambda encoder, value: encoder.fields(b"/", value.start, value.stop, value.step),
    Pending: lambda encoder, value: encoder.out.append(framed(b"*", value.digest.encode())),
    datetime.date: lambda encoder, value: encoder.fields(b"y", value.year, value.month, value.day),
    datetime.datetime: _datetime,
    datetime.time: _time,
    datetime.timedelta: lambda encoder, value: encoder.fields(b"i", value.days, value.seconds, value.microseconds),
    datetime.timezone: lambda encoder, value: encoder.fields(b"n", value.utcoffset(None), value.tzname(None)),
    decimal.Decimal: _decimal,
    fractions.Fraction: lambda encoder, value: encoder.fields(b"q", value.numerator, value.denominator),
    uuid.UUID: lambda encoder, value: encoder.fields(b"u", value.int),
    re.Pattern: lambda encoder, value: encoder.fields(b"R", value.pattern, value.flags),
    zoneinfo.ZoneInfo: _zone,
    types.MappingProxyType: lambda encoder, value: encoder.fields(b"mp", dict(value)),
}
