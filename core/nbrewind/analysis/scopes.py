"""Whose name is it: scopes, and which names a body makes its own."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from enum import Enum

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

_uid = itertools.count()


class Kind(Enum):
    """What a scope belongs to."""

    MODULE = 0
    CLASS = 1
    FUNCTION = 2
    """A function, a lambda, or the type parameters of a definition."""
    COMPREHENSION = 3


class Scope:
    """The names that a piece of text makes its own."""

    __slots__ = ("globals", "kind", "locals", "mangler", "parent", "uid")

    def __init__(
        self,
        kind: Kind,
        parent: Scope | None = None,
        locals_: Iterable[str] = (),
        globals_: Iterable[str] = (),
        mangler: str = "",
    ) -> None:
        self.kind = kind
        self.parent = parent
        self.mangler: str = mangler or (parent.mangler if parent else "")
        """The class whose private names (``__x``) are spelt with its own name; empty outside classes."""
        self.globals = frozenset(map(self.mangle, globals_))
        self.locals = frozenset(map(self.mangle, locals_)) - self.globals
        self.uid = next(_uid)

    def mangle(self, name: str) -> str:
        """Return the name as Python spells it here."""
        if self.mangler and name[:2] == "__" and not name.endswith("__") and "." not in name:
            return f"_{self.mangler}{name}"
        return name

    def owner(self, name: str) -> Scope | None:
        """Return the scope that a (mangled) name read here belongs to; None for the user's namespace.

        A class's own names are left out: they may be missing when read, see `class_key`.
        """
        if self.kind is Kind.CLASS and name in self.globals:
            return None
        scope: Scope | None = self
        while scope is not None and scope.kind is not Kind.MODULE:
            if scope.kind is not Kind.CLASS:
                if name in scope.locals:
                    return scope
                if name in scope.globals:
                    return None
            scope = scope.parent
        return None

    def class_key(self, name: str) -> str:
        """Return the key of a class's own name if this is a class's body that binds it; else an empty text."""
        if self.kind is Kind.CLASS and name in self.locals:
            return self.key(name)
        return ""

    def key(self, name: str) -> str:
        """Return a key for a name of this scope that no name of another scope has."""
        return f"{name}@{self.uid}"

    def binder(self) -> Scope:
        """Return the scope in which an assignment here binds: not a comprehension."""
        scope = self
        while scope.kind is Kind.COMPREHENSION and scope.parent is not None:
            scope = scope.parent
        return scope


def bindings(body: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """Return the names that a body binds or deletes, and those it declares ``global``; ``nonlocal`` ones in neither.

    Bodies of functions, classes and lambdas inside are theirs; what a walrus inside a comprehension binds counts.
    """
    found: set[str] = set()
    global_: set[str] = set()
    outer: set[str] = set()
    todo: list[tuple[ast.AST, bool]] = [(node, False) for node in body]
    while todo:
        node, inside = todo.pop()
        kind = type(node)
        if kind is ast.Name:
            if not inside and not isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                found.add(node.id)  # type: ignore[attr-defined]
            continue
        if kind is ast.Constant:
            continue
        if isinstance(node, ast.NamedExpr):
            found.add(node.target.id)
            todo.append((node.value, inside))
            continue
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            found.add(node.name)
            todo += [(child, inside) for child in outside(node)]
            continue
        if isinstance(node, ast.Lambda):
            todo += [(child, inside) for child in outside(node)]
            continue
        if isinstance(node, ast.Global):
            global_.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
            found.discard("*")
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            if node.name:
                found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, COMPREHENSIONS):
            inside = True
        todo += [(child, inside) for child in ast.iter_child_nodes(node)]
    return found - outer, global_


def outside(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) -> Iterator[ast.AST]:
    """Yield the parts of a definition that run where it stands: decorators, defaults, annotations, bases."""
    if isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *node.keywords)
        return
    yield from node.args.defaults
    yield from (default for default in node.args.kw_defaults if default is not None)
    if not isinstance(node, ast.Lambda):
        yield from node.decorator_list
        yield from (argument.annotation for argument in arguments(node.args) if argument.annotation is not None)
        if node.returns is not None:
            yield node.returns


def arguments(args: ast.arguments) -> list[ast.arg]:
    """Return all parameters."""
    found = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return found + [argument for argument in (args.vararg, args.kwarg) if argument is not None]


def targets(node: ast.AST) -> set[str]:
    """Return the names that a ``for`` target binds."""
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load)}


def bases(node: ast.expr | None) -> list[ast.Name]:
    """Return the names whose objects an expression may give, or give a part of."""
    found: list[ast.Name] = []
    todo: list[ast.AST | None] = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, ast.Name):
            found.append(item)
        elif isinstance(item, (ast.Attribute, ast.Subscript, ast.Starred, ast.Await, ast.keyword, ast.NamedExpr)):
            todo.append(item.value)
        elif isinstance(item, (ast.Yield, ast.YieldFrom)):
            todo.append(item.value)
        elif isinstance(item, ast.Call):
            todo.append(item.func)
        elif isinstance(item, ast.IfExp):
            todo += [item.body, item.orelse]
        elif isinstance(item, ast.BoolOp):
            todo += item.values
        elif isinstance(item, (ast.Tuple, ast.List, ast.Set)):
            todo += item.elts
        elif isinstance(item, ast.Dict):
            todo += [*item.keys, *item.values]
        elif isinstance(item, COMPREHENSIONS):
            todo += [generator.iter for generator in item.generators]
    return found


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` as written, ``.b.c`` where the base is no name, nothing for what is no attribute either."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif parts:
        parts.append("")
    return ".".join(reversed(parts))
