"""Which arguments a function reads without regard to the order of their items, if they are dictionaries.

Proved only where every use of the parameter is one of a few that can't tell: ``p[k]``, ``p.get(k)``, ``k in p``,
``len(p)``, ``sorted(p)``, ``sorted(p.items())``. Everything else, such as to hand it on, may tell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

_BLIND = frozenset({"len", "sorted"})
"""Builtins whose result does not depend on the order of what they are given."""
_SEES_ALL = frozenset({"locals", "vars", "dir"})


class Blind(NamedTuple):
    """A parameter whose order can't be seen, provided that these names mean the builtins."""

    name: str
    builtins: frozenset[str]


def blind_parameters(node: ast.AST, parameters: Iterable[str]) -> tuple[Blind, ...]:
    """Return the parameters of a function of which the order of items can't be seen."""
    wanted = set(parameters)
    uses: dict[str, set[str]] = {}
    allowed: set[int] = set()
    names: list[ast.Name] = []
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            names.append(child)
            continue
        for name, builtin in _blind_uses(child):
            allowed.add(id(name))
            if builtin:
                uses.setdefault(name.id, set()).add(builtin)
    used = {name.id for name in names}
    if not used.isdisjoint(_SEES_ALL):
        return ()
    # A parameter of a function inside, or a global declaration, makes it another variable: not worth telling apart.
    wanted -= {name.id for name in names if name.id in wanted and id(name) not in allowed}
    return tuple(Blind(name, frozenset(uses.get(name, ()))) for name in sorted(wanted))


def _blind_uses(node: ast.AST) -> Iterable[tuple[ast.Name, str]]:
    """Yield the names that a node uses without seeing their order, each with the builtin that is needed."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
        yield node.value, ""
    elif isinstance(node, ast.Compare):
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(right, ast.Name) and len(node.ops) == 1:
                yield right, ""
    elif isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "get" and isinstance(function.value, ast.Name):
            yield function.value, ""
        if not isinstance(function, ast.Name) or function.id not in _BLIND or node.keywords or len(node.args) != 1:
            return
        (given,) = node.args
        if function.id == "sorted" and isinstance(given, ast.Call) and not given.args and not given.keywords:
            inner = given.func
            if isinstance(inner, ast.Attribute) and inner.attr in ("items", "keys"):
                given = inner.value
        if isinstance(given, ast.Name):
            yield given, function.id
