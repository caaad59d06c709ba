"""What an instance holds: its dictionary of attributes, which something else may have as well, and its slots."""

from __future__ import annotations

import functools
import gc
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import rebuild

if TYPE_CHECKING:
    from .snapshot import Snapshotter

HAVE_GC = 1 << 14
"""``Py_TPFLAGS_HAVE_GC``: `gc.get_referents` sees what an instance holds."""


def attributes(obj: Any) -> dict[str, Any]:
    """Return an instance's own attributes without running its code; empty if it has no dict.

    Types of the C kind make the dict when they are asked for it (``functools.partial``, ``io.BytesIO``), and it shows
    in their pickles from then on: they are not asked if they have none yet.
    """
    cls = type(obj)
    if cls.__dictoffset__ > 0 and cls.__flags__ & HAVE_GC:
        dicts = sum(type(item) is dict for item in gc.get_referents(obj))
        if dicts == (1 if issubclass(cls, functools.partial) else 0):  # one holds its keyword arguments
            return {}
    try:
        found = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def slots(obj: Any) -> dict[str, Any]:
    """Return the values in an instance's slots without running its code."""
    found: dict[str, Any] = {}
    for base in type(obj).__mro__:
        for name, member in type.__getattribute__(base, "__dict__").items():
            if isinstance(member, types.MemberDescriptorType) and name not in found:
                try:
                    found[name] = member.__get__(obj, type(obj))
                except AttributeError:
                    continue
    return found


def _references(obj: Any) -> int:
    return sys.getrefcount(attributes(obj))


class _Sample:
    pass


def _references_of_one() -> int:
    sample: Any = _Sample()
    sample.attribute = None
    return _references(sample)


_ALONE = _references_of_one()
"""References to a dictionary of attributes that nothing but its instance has, as `_references` counts them."""


def shared(obj: Any) -> dict[Any, Any] | None:
    """Return an instance's dictionary of attributes where it is known to something else, too; else nothing.

    ``vars(args)`` in a variable, instances that share their state, a dictionary that is its own attributes.
    """
    if isinstance(obj, dict) and (own := _of_items(obj)) is not None:
        return own
    return attributes(obj) if _references(obj) > _ALONE else None


def _of_items(obj: dict[Any, Any]) -> dict[Any, Any] | None:
    """Return the dictionary of a dictionary's attributes if that is of a class of its own: most often the same one."""
    try:
        found = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is not dict and isinstance(found, dict) else None


def keeping_shared(handler: Callable[[Snapshotter, Any], Any]) -> Callable[[Snapshotter, Any], Any]:
    """Return how instances are saved, with a shared dictionary of attributes as an object of its own."""

    def reduce(pickler: Snapshotter, obj: Any) -> Any:
        own = shared(obj)
        result = handler(pickler, obj)
        if own is None or isinstance(result, str):
            return result
        function, args, *rest = obj.__reduce_ex__(5) if result is NotImplemented else result
        state, items, pairs, setter = (*rest, None, None, None, None)[:4]
        if setter is rebuild.set_plain:
            state = ((own,), state[1])
        elif setter is rebuild.set_container:
            state = (((own,), state[0][1]), state[1])
        elif setter is None and not hasattr(type(obj), "__setstate__") and _is_of(state, own):
            state, setter = ((own,), state[1] if isinstance(state, tuple) else None), rebuild.set_plain
        else:
            setter = None
        if setter is None or not _can_be_set(type(obj)):
            name = type(obj).__qualname__
            pickler.refuse(f"the attributes of an object of type {name} are one dictionary with something else")
        return function, args, state, items, pairs, setter

    return reduce


def _is_of(state: Any, own: dict[Any, Any]) -> bool:
    if isinstance(state, tuple) and len(state) == 2:
        state = state[0]
    return state is own or (state is None and not own)


def _can_be_set(cls: type) -> bool:
    for base in cls.__mro__:
        found = type.__getattribute__(base, "__dict__").get("__dict__")
        if found is not None:
            return isinstance(found, types.GetSetDescriptorType)
    return False
