"""Names that a cell's text uses only through constant keys: ``d['a']``, ``df['x'] = ...``.

A name counts only if every use of it in the text is such a subscript, outside functions, classes and lambdas. So what
the text does with it concerns these keys and no others, if the value is a plain dictionary or a frame.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nbrewind.model import PartUse

_DEFERRED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def part_uses(tree: ast.Module) -> dict[str, PartUse]:
    """Return the names that are used only through constant keys, and how."""
    loads: dict[str, set[str]] = {}
    sets: dict[str, set[str]] = {}
    other: set[str] = set()
    for node, parent in _with_parents(tree):
        if isinstance(node, _DEFERRED):
            other.update(_names(node))
        elif isinstance(node, ast.AugAssign) and (found := _subscript(node.target)):
            other.add(found[0])  # it may change the value in place
        elif found := _subscript(node):
            name, key = found
            if isinstance(node.ctx, ast.Store):  # type: ignore[attr-defined]
                sets.setdefault(name, set()).add(key)
            elif isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                loads.setdefault(name, set()).add(key)
            else:
                other.add(name)
        elif isinstance(node, ast.Name):
            if not (isinstance(parent, ast.Subscript) and parent.value is node and _subscript(parent)):
                other.add(node.id)
        else:
            other.update(_bound(node))
    return {
        name: PartUse(reads=tuple(sorted(loads.get(name, ()))), sets=tuple(sorted(sets.get(name, ()))))
        for name in sorted({*loads, *sets} - other)
    }


def _with_parents(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    todo: list[tuple[ast.AST, ast.AST]] = [(node, tree) for node in ast.iter_child_nodes(tree)]
    while todo:
        node, parent = todo.pop()
        yield node, parent
        if not isinstance(node, _DEFERRED):
            todo += [(child, node) for child in ast.iter_child_nodes(node)]


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
