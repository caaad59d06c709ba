"""The walk over definitions: functions, classes, type parameters."""

from __future__ import annotations

import ast
from typing import Any

from nbrewind.analysis import tables
from nbrewind.analysis.facts import Body
from nbrewind.analysis.flow import State
from nbrewind.analysis.scopes import Kind, Scope, arguments, bindings, dotted
from nbrewind.analysis.statements import Statements, names_loaded

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Definitions(Statements):
    """Walks definitions; bodies of functions are set aside until something may run them."""

    def __init__(self, tree: ast.Module) -> None:
        super().__init__()
        self._tree = tree
        self._loaded: set[str] | None = None
        self._methods: list[tuple[str, Body]] = []
        """Methods of the class whose body is walked: the key of each, and what it does."""

    def _visit_FunctionDef(self, node: Function) -> None:
        for decorator in node.decorator_list:
            self._decorator(decorator)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
                self.touch(default)
        outer = self._type_parameters(node)
        for argument in arguments(node.args):
            if argument.annotation is not None:
                self.annotation(argument.annotation)
        if node.returns is not None:
            self.annotation(node.returns)
        inner = {argument.arg for argument in arguments(node.args)}
        key = outer.class_key(outer.mangle(node.name)) or outer.mangle(node.name)
        body = self.function(node.body, inner, key, in_class=outer.kind is Kind.CLASS)
        self.scope = outer
        if self.body is None:
            self._hand_over(node, body)
        self.store(node.name)

    _visit_AsyncFunctionDef = _visit_FunctionDef

    def function(self, statements: list[ast.stmt], names: set[str], key: str, *, in_class: bool = False) -> Body:
        """Walk a function's body; ``names`` are its parameters, ``key`` is what it will be bound to."""
        inner, global_ = bindings(statements)
        inner |= names
        if in_class:
            inner.add("__class__")
        body = self.body or Body()
        kept = self.scope, self.body, self.state, self.loops, self._exits, self._rounds, self._function
        self.scope = Scope(Kind.FUNCTION, self.scope, inner, global_)
        self.body, self.state, self.loops, self._exits, self._rounds = body, State(), 0, [], []
        self._function = key
        self.block(statements)
        self.scope, self.body, self.state, self.loops, self._exits, self._rounds, self._function = kept
        return body

    def _hand_over(self, node: Function, body: Body) -> None:
        """Say from when on a function's body may run."""
        inert = all(_inert(decorator) for decorator in node.decorator_list)
        key = self.scope.class_key(self.scope.mangle(node.name))
        if key:
            self.late |= body.loads | body.strings
            if not inert:
                self.run(body)
                return
            self.pending.setdefault(key, []).append(body)
            self._methods.append((key, body))
            return
        again = self.loops > 0 and node.name in self._all_loaded()
        special = node.name.startswith("__") and node.name.endswith("__")
        self.define(node.name, [body], at_once=not inert or again or special)

    def _all_loaded(self) -> set[str]:
        if self._loaded is None:
            self._loaded = names_loaded([self._tree])
        return self._loaded

    def _decorator(self, node: ast.expr) -> None:
        self.visit(node)
        if not isinstance(node, ast.Call) and dotted(node):
            self.calls.add(dotted(node))

    def _visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self._decorator(decorator)
        outer = self._type_parameters(node)
        for base in node.bases:
            self.visit(base)
            self.touch(base)
        for keyword in node.keywords:
            self.visit(keyword.value)
            self.touch(keyword.value)
        own, global_ = bindings(node.body)
        kept, self._methods = self._methods, []
        self.scope = Scope(Kind.CLASS, self.scope, own | {"__module__", "__qualname__"}, global_, node.name.lstrip("_"))
        self.state.bound |= {self.scope.key(name) for name in ("__module__", "__qualname__")}
        loops = self._exits, self._rounds
        self._exits, self._rounds = [], []
        self.block(node.body)
        self._exits, self._rounds = loops
        self.state.bound = {name for name in self.state.bound if not name.endswith(f"@{self.scope.uid}")}
        self.scope = outer
        methods, self._methods = self._methods, kept
        if self.body is None:
            self._hand_over_class(node, methods)
        self.store(node.name)

    def _hand_over_class(self, node: ast.ClassDef, methods: list[tuple[str, Body]]) -> None:
        for key, _ in methods:
            self.pending.pop(key, None)
        bodies = [body for _, body in methods]
        plain = not node.keywords and all(map(self._inert_base, node.bases)) and all(map(_inert, node.decorator_list))
        key = self.scope.class_key(self.scope.mangle(node.name))
        if key and plain:
            self.pending.setdefault(key, []).extend(body for body in bodies if not body.ran)
            self._methods += [(key, body) for body in bodies]
            return
        again = self.loops > 0 and node.name in self._all_loaded()
        self.define(node.name, bodies, at_once=not plain or again)

    def _inert_base(self, node: ast.expr) -> bool:
        """Whether deriving from a base runs no method of the new class."""
        if isinstance(node, ast.Subscript):
            node = node.value
        name = dotted(node)
        return (name in tables.BUILTINS or name in tables.INERT_BASES) and name not in self.writes

    # Type parameters and aliases (Python 3.12)

    def _type_parameters(self, node: Any) -> Scope:
        """Enter the scope of a definition's type parameters, if it has any; return the scope around it."""
        outer = self.scope
        parameters = getattr(node, "type_params", [])
        if parameters:
            self.scope = Scope(Kind.FUNCTION, outer, [parameter.name for parameter in parameters])
            for parameter in parameters:
                for part in (getattr(parameter, "bound", None), getattr(parameter, "default_value", None)):
                    if part is not None:
                        self._lazily(part)
        return outer

    def _lazily(self, node: ast.expr) -> None:
        self.deferred(Scope(Kind.FUNCTION, self.scope), lambda: self.visit(node))

    def _visit_TypeAlias(self, node: Any) -> None:
        outer = self._type_parameters(node)
        self._lazily(node.value)
        self.scope = outer
        self.visit(node.name)


def _inert(node: ast.expr) -> bool:
    """Whether a decorator leaves alone what it decorates."""
    func = node.func if isinstance(node, ast.Call) else node
    name = dotted(func)
    return name in tables.INERT_DECORATORS or name.rpartition(".")[2] in ("setter", "getter", "deleter")
