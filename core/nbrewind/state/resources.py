"""How locks, context variables and files are saved: what the interpreter or the system keeps behind the object.

A file that is open for reading comes back at its position, if it is the same file still; one that is closed comes back
closed. One that is open for writing can't be saved: what it has written is not undone.
"""

from __future__ import annotations

import contextvars
import io
import os
import stat
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbrewind import unpatched

if TYPE_CHECKING:
    from .snapshot import Snapshotter

MODES = {"rb": "r", "wb": "w", "ab": "a", "rb+": "r+", "ab+": "a+"}
"""Modes of raw files, and how such a file is opened."""
SEARCHED = 1 << 22
"""Bytes of a text file that are searched for returns: whether they are translated is known to the file object only."""


# Locks


def reduce_lock(pickler: Snapshotter, obj: Any) -> Any:
    """Save a lock by whether it is held."""
    return lock, (obj.locked(),)


def lock(held: bool) -> Any:
    """Make a lock."""
    made = threading.Lock()
    if held:
        made.acquire()
    return made


def reduce_rlock(pickler: Snapshotter, obj: Any) -> Any:
    """Save a re-entrant lock that nobody holds: only its text tells."""
    if not repr(obj).startswith("<unlocked "):
        pickler.refuse("a lock that a thread holds can't be saved")
    return threading.RLock, ()


def reduce_waited(pickler: Snapshotter, obj: Any) -> Any:
    """Save a condition, with its lock, if no thread waits for it."""
    if obj._waiters:
        pickler.refuse("a thread waits for it")
    return NotImplemented


# Context variables


def reduce_context_variable(pickler: Snapshotter, obj: Any) -> Any:
    """Save a context variable with its default and its value in the context in which cells run."""
    return context_variable, (obj.name, contextvars.Context().run(_value, obj), _value(obj))


def _value(variable: contextvars.ContextVar[Any]) -> tuple[Any, ...]:
    try:
        return (variable.get(),)
    except LookupError:
        return ()


def context_variable(name: str, default: tuple[Any, ...], value: tuple[Any, ...]) -> Any:
    """Make a context variable."""
    made = contextvars.ContextVar(name, default=default[0]) if default else contextvars.ContextVar[Any](name)
    if value and not (default and default[0] is value[0]):
        made.set(value[0])
    return made


# Files


def reduce_raw(pickler: Snapshotter, obj: io.FileIO) -> Any:
    """Save an unbuffered file."""
    if obj.closed:
        if obj.mode not in MODES:
            pickler.refuse(f"a file that was opened in mode {obj.mode} can't be saved")
        closing = () if id(obj) in pickler.nested else (True, None, None, set_closed)
        return (closed_file, (obj.name, MODES[obj.mode]), *closing)
    _refuse_written(pickler, obj)
    path, place = obj.name, ""
    if obj.mode != "rb" or isinstance(path, int):
        pickler.refuse("it is no file with a name")
    found = os.fstat(obj.fileno())
    try:
        place = os.path.abspath(os.fsdecode(path))
        same = os.path.samestat(found, os.stat(place))
    except OSError:
        same = False
    if not same or not stat.S_ISREG(found.st_mode):
        pickler.refuse("the file that is open is not found under its name any more")
    position = None if id(obj) in pickler.nested else obj.tell()
    return open_file, (path, place, found.st_size, found.st_mtime_ns, position)


def reduce_buffered(pickler: Snapshotter, obj: Any) -> Any:
    """Save a buffered binary file."""
    raw = obj.raw
    if type(raw) is not io.FileIO:
        pickler.refuse("it is no file with a name")
    pickler.nested.add(id(raw))
    if obj.closed:
        closing = () if id(obj) in pickler.nested else (True, None, None, set_closed)
        return (type(obj), (raw,), *closing)
    _refuse_written(pickler, obj)
    position = None if id(obj) in pickler.nested else obj.tell()
    return buffered, (type(obj), raw, position)


def reduce_text(pickler: Snapshotter, obj: io.TextIOWrapper) -> Any:
    """Save a text file."""
    buffer: Any = obj.buffer
    if type(buffer) not in (io.BufferedReader, io.BufferedWriter, io.BufferedRandom):
        pickler.refuse("it is no file with a name")
    pickler.nested.add(id(buffer))
    mode = getattr(obj, "mode", None)
    if obj.closed:
        return text, (buffer, obj.encoding, obj.errors, mode, None), True, None, None, set_closed
    _refuse_written(pickler, obj)
    if _may_have_returns(buffer.raw):
        pickler.refuse("how it treats the returns in the text is not known")
    try:
        position = obj.tell()
    except OSError as error:
        pickler.refuse(f"where it stands is not known: {error}")
    return text, (buffer, obj.encoding, obj.errors, mode, position)


def _refuse_written(pickler: Snapshotter, obj: Any) -> None:
    """Refuse a file that is open for writing, before it is asked where it stands: that would write."""
    if obj.writable():
        pickler.refuse("a file that is open for writing can't be saved")


def _may_have_returns(raw: io.FileIO) -> bool:
    if os.fstat(raw.fileno()).st_size > SEARCHED:
        return True
    try:
        with unpatched.open(raw.name, "rb") as file:
            return b"\r" in file.read()
    except OSError:
        return True


def closed_file(name: Any, mode: str) -> Any:
    """Make an unbuffered file that nothing can be read from or written to; it is closed once all is built on it."""
    made: Any = io.FileIO(os.devnull, mode)
    made.name = name
    return made


def open_file(name: Any, place: str, size: int, time: int, position: int | None) -> Any:
    """Open a file again; raise `OSError` if it is another one now."""
    made: Any = io.FileIO(place, "r")
    found = os.fstat(made.fileno())
    if (found.st_size, found.st_mtime_ns) != (size, time):
        made.close()
        raise OSError(f"the file {place} was changed since")
    made.name = name
    if position is not None:
        made.seek(position)
    return made


def buffered(make: Callable[[io.FileIO], Any], raw: io.FileIO, position: int | None) -> Any:
    """Make a buffered binary file."""
    made = make(raw)
    if position is not None:
        made.seek(position)
    return made


def text(buffer: Any, encoding: str, errors: str, mode: str | None, position: int | None) -> Any:
    """Make a text file."""
    made: Any = io.TextIOWrapper(buffer, encoding, errors)
    if mode is not None:
        made.mode = mode
    if position is not None:
        made.seek(position)
    return made


def set_closed(obj: Any, state: bool) -> None:
    """Close a file, and all that it is built on."""
    obj.close()


LOCK, RLOCK = type(threading.Lock()), type(threading.RLock())

REDUCERS: dict[type, Callable[[Snapshotter, Any], Any]] = {
    LOCK: reduce_lock,
    RLOCK: reduce_rlock,
    threading.Condition: reduce_waited,
    contextvars.ContextVar: reduce_context_variable,
    io.FileIO: reduce_raw,
    io.BufferedReader: reduce_buffered,
    io.BufferedWriter: reduce_buffered,
    io.BufferedRandom: reduce_buffered,
    io.TextIOWrapper: reduce_text,
}
