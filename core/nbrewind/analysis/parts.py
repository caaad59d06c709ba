"""Names that a cell's text uses only through constant keys: ``d['a']``, ``df['x'] = ...``.

A name counts only if every use of it in the text is such a subscript, outside functions, classes and lambdas. So what
the text does with it concerns these keys and no others, if the value is a plain dictionary or a frame.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbrewind.model import PartUse

_DEFERRED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_KEY = re.compile(r"\[\s*[RrUu]?['\"]")
"""How a constant key begins. Most texts have none, and need no walk."""


def part_uses(text: str, tree: ast.Module) -> dict[str, PartUse]:
    """Return the names that are used only through constant keys, and how."""
    if not _KEY.search(text):
        return {}
    loads: dict[str, set[str]] = {}
    sets: dict[str, set[str]] = {}
    other: set[str] = set()
    todo: list[ast.AST] = [*tree.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            other.add(node.id)
        elif isinstance(node, _DEFERRED):
            other.update(_names(node))
        elif found := _subscript(node):
            name, key = found
            if isinstance(node.ctx, ast.Store):  # type: ignore[attr-defined]
                sets.setdefault(name, set()).add(key)
            elif isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                loads.setdefault(name, set()).add(key)
            else:
                other.add(name)
        else:
            if isinstance(node, ast.AugAssign) and (found := _subscript(node.target)):
                other.add(found[0])  # it may change the value in place
            other.update(_bound(node))
            todo += ast.iter_child_nodes(node)
    return {
        name: PartUse(reads=tuple(sorted(loads.get(name, ()))), sets=tuple(sorted(sets.get(name, ()))))
        for name in sorted({*loads, *sets} - other)
    }


def _subscript(node: ast.AST) -> tuple[str, str] | None:
    """Return name and key of ``name['key']``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    key = node.slice
    return (node.value.id, key.value) if isinstance(key, ast.Constant) and type(key.value) is str else None


def _names(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        else:
            yield from _bound(child)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node binds or names other than by `ast.Name`."""
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(name := getattr(node, "name", None), str):
        yield name
