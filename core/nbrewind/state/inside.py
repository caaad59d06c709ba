"""Attributes that lie inside their instance, as Python 3.13 and later keep them: the garbage collector sees no dict.

``vars(obj)`` is a dictionary then whose entries are the instance's: `gc.get_referents` tells neither of what it holds,
nor that the instance holds it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Any

_KEPT_INSIDE = sys.version_info >= (3, 13)
_INLINE_VALUES = 1 << 2
"""``Py_TPFLAGS_INLINE_VALUES``, of types whose instances may keep their attributes so."""
_EMPTY = sys.getsizeof({})
_MANY = 1_000
"""Dictionaries from which on it pays to count first who holds them."""
_HELD_ONCE = 3
"""References to a dictionary that one other object holds: that, the list that it is in, and the count itself."""


def keeps_inside(cls: type) -> bool:
    """Tell whether instances of a class may keep their attributes inside."""
    return _KEPT_INSIDE and cls.__flags__ & _INLINE_VALUES != 0 and cls.__dictoffset__ == -1


def attributes_inside(obj: Any) -> Any:
    """Return the dictionary of attributes of an instance of such a class, which is made if there is none."""
    return object.__getattribute__(obj, "__dict__")


def with_entries_inside(dicts: Sequence[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Return those dictionaries whose entries are an instance's: it holds them, and so does whatever they came from."""
    if not _KEPT_INSIDE:
        return []
    if len(dicts) > _MANY:
        counts = list(map(sys.getrefcount, dicts))
        dicts = [members for members, count in zip(dicts, counts, strict=True) if count > _HELD_ONCE]
    return [members for members in dicts if _lies_inside(members)]


def _lies_inside(members: dict[Any, Any]) -> bool:
    if members:
        return len(gc.get_referents(members)) < len(members)
    return sys.getsizeof(members) > _EMPTY
