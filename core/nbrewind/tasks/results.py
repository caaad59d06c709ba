"""What a task gives to others of the same process: handed over as between processes, a copy for each.

So what one of them does to it is not seen by the others, and what a task is given is what its key says.
"""

from __future__ import annotations

import pickle
import threading
from typing import Any

from .marks import marks_of_name
from .owned import is_local
from .tied import Loader, pickled

_NOTHING = object()
_FLAT = frozenset({int, float, complex, bool, bytes, str, type(None)})
"""Types of values that nobody can change."""


class _Loader(Loader):
    """Loads a value, and takes note of what it refers to by name that may do more than hold data."""

    owned = False

    def find_class(self, module: str, name: str) -> Any:
        """Return what is found under a name."""
        self.owned = self.owned or is_local(module) or bool(marks_of_name(module, name))
        return super().find_class(module, name)


class Result:
    """What a task has given."""

    def __init__(self, value: Any) -> None:
        """Take what it gave as it is: it can't be saved, or need not be."""
        self.data: bytes | None = None
        """The value, if it can be saved."""
        self.is_owned = False
        """It is of a class, or is a function, of the user's own, or can reach more than its content: its bytes do not
        tell what it does."""
        self.digest = ""
        """Stands for it in the keys of what is given it; without it, all of the value does."""
        self._value = value
        self._lock = threading.Lock()

    @classmethod
    def saved(cls, value: Any) -> Result:
        """Return what a task has given so that a record can hold it.

        Raises:
            Tied: something in it is tied to what lies elsewhere.
            Exception: it can't be saved, or not be loaded again.
        """
        return cls.loaded(pickled(value))

    @classmethod
    def loaded(cls, data: Any) -> Result:
        """Return what a record holds.

        Raises:
            Exception: it can't be loaded: its class is not there any more, or has changed.
        """
        loader = _Loader(data)
        result = cls(loader.load())
        result.data, result.is_owned = bytes(data), loader.owned
        return result

    @classmethod
    def told(cls, digest: str) -> Result:
        """Return what stands for what a task gives, without that."""
        result = cls(_NOTHING)
        result.digest = digest
        return result

    def take(self) -> Any:
        """Return the value, for one that it is given to."""
        if self.data is None or type(self._value) in _FLAT:
            return self._value
        with self._lock:
            value, self._value = self._value, _NOTHING
        return pickle.loads(self.data) if value is _NOTHING else value
