"""Constants of the standard library that values hold: they are saved by import, and to share one is no link."""

from __future__ import annotations

import dataclasses
import enum
import functools
import gc
import typing

_NAMES = {
    dataclasses: (
        "MISSING", "_HAS_DEFAULT_FACTORY", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "_EMPTY_METADATA",
    ),
    typing: ("_proto_hook",),
}  # fmt: skip


def _singletons() -> dict[int, tuple[str, str]]:
    """Return the module and name of each, by id."""
    return {
        id(getattr(module, name)): (module.__name__, name)
        for module, names in _NAMES.items()
        for name in names
        if hasattr(module, name)
    }


def _shared() -> set[int]:
    """Return the ids of what stands behind them, too, of the mark in every cache of calls, and of what enums share."""
    behind = gc.get_referents(dataclasses._EMPTY_METADATA)  # type: ignore[attr-defined]
    behind += [value for value in gc.get_referents(functools.lru_cache(len)) if type(value) is object]
    behind += [base._generate_next_value_.__annotations__ for base in (enum.Enum, enum.Flag)]
    return {*SINGLETONS, *map(id, behind)}


SINGLETONS = _singletons()
SHARED = _shared()
