"""Which global names the code uses that values hold which can't be saved."""

from __future__ import annotations

import functools
import gc
import types
from collections.abc import Iterable, Mapping
from typing import Any

from . import adapters
from .code import canonical
from .kinds import LEAVES, is_user_class, walk_kind

_MANY = 2_000
"""Objects that are looked at."""
_FRAMES = {
    types.GeneratorType: "gi_frame",
    types.CoroutineType: "cr_frame",
    types.AsyncGeneratorType: "ag_frame",
}
_RUNS = (*_FRAMES, functools._lru_cache_wrapper)


def looked_up(values: Iterable[Any], namespace: Mapping[str, Any]) -> set[str]:
    """Return the names that functions and suspended code inside the values look up in the notebook's namespace.

    Where that is too much to look at, of a value that is suspended code itself: ``globals``, for any name.
    """
    first = list(values)
    seen = {id(namespace), *adapters.parts_of_interpreter()}
    names: set[str] = set()
    todo = list(first)
    count = 0
    while todo:
        value = todo.pop()
        cls = type(value)
        if cls in LEAVES or cls is types.ModuleType or id(value) in seen:
            continue
        seen.add(id(value))
        if walk_kind(cls) == "running":
            continue
        count += 1
        if count > _MANY:
            return names | ({"globals"} if any(type(value) in _RUNS for value in first) else set())
        if cls is types.FunctionType:
            if value.__globals__ is namespace:
                names.update(canonical(value.__code__)[2])
            todo += [value.__closure__, value.__defaults__, value.__kwdefaults__, value.__dict__]
            continue
        if issubclass(cls, type):
            if is_user_class(value):
                todo += gc.get_referents(value)
            continue
        frame = getattr(value, _FRAMES[cls], None) if cls in _FRAMES else None
        if frame is not None and frame.f_globals is namespace:
            names.update(canonical(frame.f_code)[2])
        todo += gc.get_referents(value)
    return names


__all__ = ["looked_up"]
