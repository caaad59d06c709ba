"""Values that are tied to something outside them: they take it away, or give it back, when they are let go.

A temporary folder, a lock, a connection: the pickle of such a value is no more than its name. What it names is gone
when a record answers with it; and what a task does to it, no record holds. So nothing that holds one is recorded, and
no record answers what is given one.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from nbrewind.state.finalisers import finalized, with_del
from nbrewind.state.kinds import module_of, root_of

PROTOCOL = 5
_DATA = frozenset({io.BytesIO, io.StringIO})
_MEMORY = frozenset({"lightgbm", "xgboost"})
"""Packages whose objects give back no more than memory that they hold in C."""


class Tied(Exception):
    """A value is tied to something outside it; the argument says which, in words."""


def cleans_up(cls: type) -> bool:
    """Whether objects of a class do something when they are let go."""
    if cls in _DATA or root_of(module_of(cls)) in _MEMORY:
        return False
    return bool(with_del(cls))


def words_for(name: str) -> str:
    """Return what is said of an object that is tied to something, by the name of its class."""
    return f"an object of type {name} does something when it is let go: its content is not all of it"


class _Pickler(pickle.Pickler):
    """Pickles what is tied to nothing."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, PROTOCOL)
        self._finalized = finalized()

    def reducer_override(self, value: Any) -> Any:
        """Refuse what is tied to something; leave all else to the value."""
        cls = type(value)
        if cleans_up(cls) or id(value) in self._finalized:
            raise Tied(words_for(cls.__qualname__))
        return NotImplemented


def pickled(value: Any) -> bytes:
    """Return what a task has given as a record may hold it.

    Raises:
        Tied: something in it is tied to what lies elsewhere.
        Exception: it can't be pickled.
    """
    stream = io.BytesIO()
    _Pickler(stream).dump(value)
    return stream.getvalue()


class Loader(pickle.Unpickler):
    """Loads a value, and takes note of what it refers to by name."""

    tied = ""
    """Why no record may hold the value: something in it is tied to what lies elsewhere."""

    def __init__(self, data: Any) -> None:
        """Begin to read a pickle."""
        super().__init__(io.BytesIO(data))

    def find_class(self, module: str, name: str) -> Any:
        """Return what is found under a name."""
        found = super().find_class(module, name)
        if isinstance(found, type) and cleans_up(found):
            self.tied = words_for(found.__qualname__)
        return found
