"""Values of plain containers and atoms alone, read by their pickle, without a walk over their references.

C pickle takes these without asking how they are saved. So if it did not ask, the value leads to nothing else: it needs
no definition, shares no memory, and nothing in it keeps it from being saved. What a walk would still find is what it
shares with other names, and where only one name has to be looked at, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .adapters import interpreter_lists
from .changes import Baseline, GroupChange
from .limit import Limit, OverLimit
from .links import Group
from .reading import read
from .snapshot import Snapshotter

NATIVE = frozenset({type(None), bool, int, float, str, bytes, bytearray, list, tuple, dict, set, frozenset})
"""What pickle asks nobody about."""


def read_plain(
    name: str, base: Baseline | None, namespace: Mapping[str, Any], chunks: dict[bytes, bytes], limit: Limit
) -> list[GroupChange] | None:
    """Read a value that was plain and large; return its change, if it has changed. None: it has to be walked."""
    if base is None or not base.plain or not base.same_objects((id(namespace.get(name)),)):
        return None
    pickler = Snapshotter((name,), namespace, {}, limit=limit)
    limit.turn()
    try:
        change = read(Group((name,), {}, ""), pickler, namespace, chunks, base)
    except OverLimit:
        return None
    if not pickler.plain or any(map(pickler.took, filter(_is_native, interpreter_lists().values()))):
        return None
    return [] if change is None else [change]


def _is_native(found: list[Any]) -> bool:
    return all(type(item) in NATIVE for item in found)
