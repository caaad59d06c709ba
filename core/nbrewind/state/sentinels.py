"""Sentinels of the standard library that class bodies of a notebook hold: they are saved by import."""

from __future__ import annotations

import dataclasses


def _singletons() -> dict[int, tuple[str, str]]:
    """Return the sentinels of the standard library that class bodies hold, by id."""
    names = ("MISSING", "_HAS_DEFAULT_FACTORY", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR")
    return {id(getattr(dataclasses, name)): ("dataclasses", name) for name in names if hasattr(dataclasses, name)}


SINGLETONS = _singletons()
