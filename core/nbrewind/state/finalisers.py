"""What does something when it is let go: classes with ``__del__``, and objects that `weakref.finalize` watches."""

from __future__ import annotations

import weakref
from typing import Any


def with_del(cls: type) -> list[type]:
    """Return the class and those of its bases that define ``__del__``."""
    return [
        base for base in type.__getattribute__(cls, "__mro__") if "__del__" in type.__getattribute__(base, "__dict__")
    ]


def finalized() -> frozenset[int]:
    """Return the ids of objects that have something done when they are let go (`weakref.finalize`)."""
    registry: dict[Any, Any] = weakref.finalize._registry  # type: ignore[attr-defined]
    found = [info.weakref() for info in list(registry.values())]
    return frozenset(id(value) for value in found if value is not None)
