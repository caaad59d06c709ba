"""What a value is, in words for people: never its content, and never by running the user's code."""

from __future__ import annotations

import types
from typing import Any

from .kinds import ATOMS

_MANY = 10_000


def kind(value: object) -> str:
    """Return the name of a value's type."""
    return type(value).__qualname__


def preview(value: Any) -> str:
    """Return a few words on a value's size."""
    cls = type(value)
    root = cls.__module__.split(".")[0] if isinstance(cls.__module__, str) else ""
    try:
        if cls is types.ModuleType:
            return str(value.__name__)
        if cls in (list, tuple, dict, set, frozenset):
            return f"{len(value):,} item{'' if len(value) == 1 else 's'}"
        if cls is str:
            return f"{len(value):,} character{'' if len(value) == 1 else 's'}"
        if cls in (bytes, bytearray):
            return f"{len(value):,} bytes"
        if root == "numpy" and hasattr(value, "shape") and hasattr(value, "dtype"):
            return f"{' x '.join(f'{n:,}' for n in value.shape)} {value.dtype}".strip()
        if root == "pandas" and hasattr(value, "shape"):
            return " x ".join(f"{n:,}" for n in value.shape)
    except Exception:
        return ""
    return ""


def fixed(value: object, depth: int = 4) -> bool:
    """Tell whether a value can't be changed in place. A tuple of very many values counts as one that can."""
    cls = type(value)
    if cls in ATOMS:
        return True
    if depth and (cls is tuple or cls is frozenset) and len(value) <= _MANY:  # type: ignore[arg-type]
        return all(fixed(item, depth - 1) for item in value)  # type: ignore[attr-defined]
    return False
