"""Cells of nothing but constants: what they make is known before they run.

An edited parameter cell binds many names and changes one. A plan that knows the values does not expect the readers of
all the others to run again.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Any

from nbrewind.model import Version, new_id
from nbrewind.planning.notebook import SourceCell
from nbrewind.state import LiveState


def predicted(cell: SourceCell) -> list[Version]:
    """Return the versions that a run of the cell will make; empty unless it only binds constants to names."""
    return [
        Version(id=new_id(), key="var:" + name, run="", digest=digest, members=(name,), fixed=fixed)
        for name, digest, fixed in _versions(cell.source)
    ]


@lru_cache(maxsize=256)
def _versions(source: str) -> tuple[tuple[str, str, bool], ...]:
    values = _constants(source)
    if not values:
        return ()
    groups = LiveState(values, tuple).scan().groups
    found = [(name, group.digest[name], group.fixed[name]) for group in groups for name in group.members]
    return tuple(found) if all(digest for _, digest, _ in found) else ()


def _constants(source: str) -> dict[str, Any]:
    """Return the names and values of a text of plain assignments of constants; empty for any other text."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    values: dict[str, Any] = {}
    for statement in body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return {}
        target = statement.targets[0]
        try:
            value = ast.literal_eval(statement.value)
            hash(value)
        except (TypeError, ValueError, RecursionError, MemoryError):
            return {}
        if not isinstance(target, ast.Name):
            return {}
        values[target.id] = value
    return values
