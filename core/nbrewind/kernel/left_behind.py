"""What a rewind lets go of, and who outside the variables would notice.

A handler that a logger has is replaced by the one that is loaded in its stead. Objects with a finaliser of the user's
(``__del__``, `weakref.finalize`, a weak reference's callback, the ``finally`` of a generator that waits) are kept: a
kernel that never went further has not made them, and so has not run what they do when they go.
"""

from __future__ import annotations

import logging
import types
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from nbrewind.kernel.own_modules import objects_reached, reached
from nbrewind.state import is_fixed
from nbrewind.state.finalisers import finalized, with_del
from nbrewind.state.kinds import is_user_class

_unfinished: list[Any] = []
"""Objects that nothing else refers to any more, until the kernel ends."""

_GENERATORS = (types.GeneratorType, types.AsyncGeneratorType, types.CoroutineType)


def _loggers() -> Iterator[logging.Logger]:
    """Yield all loggers that were made."""
    yield logging.root
    yield from (one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger))


def kept_by_loggers(bound: Mapping[str, Any], names: Collection[str]) -> dict[str, str]:
    """Return those of ``names`` whose values a logger would keep though others take their place, each with the reason.

    Not those that are handlers themselves, and what belongs to these: see `replace_handlers`.
    """
    there = {name: bound[name] for name in names if name in bound and not is_fixed(bound[name])}
    replaced = {id(value) for value in there.values()}
    keeping = {
        logger.name: ids
        for logger in _loggers()
        if (ids := reached(one for one in (*logger.handlers, *logger.filters) if id(one) not in replaced))
    }
    found: dict[str, str] = {}
    for name, value in there.items() if keeping else ():
        mine = reached([value])
        for logger, ids in keeping.items():
            if not ids.isdisjoint(mine):
                found[name] = f"the logger {logger} keeps it, or a part of it, by itself"
    return found


def replace_handlers(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Give loggers the loaded handlers and filters for those whose names they take."""
    instead = {id(old[name]): value for name, value in new.items() if name in old}
    for logger in _loggers():
        for kept in (logger.handlers, logger.filters):
            kept[:] = [instead.get(id(one), one) for one in kept]


def keep_unfinished(values: Iterable[Any], modules: Collection[str]) -> None:
    """Keep the objects that values lead to of which code of the user's would run when they go.

    ``modules``: names of the user's own modules.
    """
    own = {"__main__", *modules}
    awaited = finalized()
    known: dict[type, bool] = {}

    def acts(obj: Any) -> bool:
        cls = type(obj)
        if cls in _GENERATORS:
            frame = getattr(obj, "gi_frame", None) or getattr(obj, "ag_frame", None) or getattr(obj, "cr_frame", None)
            return frame is not None and frame.f_lasti > 0 and frame.f_globals.get("__name__") in own
        if cls not in known:
            known[cls] = any(is_user_class(base) or base.__module__ in own for base in with_del(cls))
        return known[cls] or id(obj) in awaited or _is_watched(obj, own)

    _unfinished.extend(obj for obj in objects_reached(values) if acts(obj))


def _is_watched(obj: Any, own: Collection[str]) -> bool:
    """Whether a weak reference of the user's has something called when the object goes."""
    if not weakref.getweakrefcount(obj):
        return False
    references = (one for one in weakref.getweakrefs(obj) if issubclass(type(one), weakref.ReferenceType))  # no proxies
    called = (reference.__callback__ for reference in references)
    return any(one is not None and getattr(one, "__module__", None) in (None, "functools", *own) for one in called)
