"""The walk over expressions: names, calls, and what may change in place."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from nbrewind.analysis import tables
from nbrewind.analysis.facts import Body, Facts
from nbrewind.analysis.flow import join
from nbrewind.analysis.magics import IDENTIFIER
from nbrewind.analysis.scopes import Kind, Scope, arguments, bases, bindings, dotted, targets

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Expressions(Facts):
    """Walks expressions in the order in which they are evaluated."""

    def __init__(self) -> None:
        super().__init__()
        self._visitors: dict[type[ast.AST], Callable[[Any], None]] = {}

    def visit(self, node: ast.AST) -> None:
        """Walk a node."""
        kind = type(node)
        visitor = self._visitors.get(kind)
        if visitor is None:
            visitor = self._visitors[kind] = getattr(self, "_visit_" + kind.__name__, self.generic)
        visitor(node)

    def generic(self, node: ast.AST) -> None:
        """Walk the parts of a node in their order."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def _visit_Load(self, node: ast.Load) -> None:
        """Nothing to see."""

    def _visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.load(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.store(node.id)
        else:
            self.delete(node.id)

    def _visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.mention(node.value)

    def _visit_Attribute(self, node: ast.Attribute) -> None:
        value: ast.expr = node
        parts = []
        while isinstance(value, ast.Attribute):
            parts.append(value.attr)
            if isinstance(value.ctx, ast.Load):
                self.attributes.add(value.attr)
            value = value.value
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self.change(node.value)
        if not (parts[-1] in tables.SHELL_HARMLESS and is_shell(value)):
            self.visit(value)
        for name in parts:
            if name in tables.OPAQUE_ATTRIBUTES:
                self.hide(f".{name}: {tables.OPAQUE_ATTRIBUTES[name]}")

    def _visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self.change(node.value)
        self.visit(node.value)
        if is_main(node.slice):
            self.hide(tables.MAIN)
        if not is_data(node.value):
            self.visit(node.slice)
            return
        for key in node.slice.elts if isinstance(node.slice, (ast.List, ast.Tuple)) else [node.slice]:
            self._visit_key(key)

    def _visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                self._visit_key(key)
            self.visit(value)

    def _visit_key(self, node: ast.expr) -> None:
        """Walk a key: a text that is one is no name that is looked up."""
        if not isinstance(node, ast.Constant):
            self.visit(node)
        elif isinstance(node.value, str) and node.value.isidentifier():
            self.keys.add(node.value)

    def _visit_BinOp(self, node: ast.BinOp) -> None:
        rights = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            rights.append(left.right)
            left = left.left
        self.visit(left)
        for right in reversed(rights):
            self.visit(right)

    def maybe(self, *nodes: ast.AST | None) -> None:
        """Walk parts that are evaluated on some ways only."""
        before = self.state.copy()
        for node in nodes:
            if node is not None:
                self.visit(node)
        self.state = join([before, self.state])

    def _visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.maybe(*node.values[1:])

    def _visit_Compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        self.visit(node.comparators[0])
        if len(node.comparators) > 1:
            self.maybe(*node.comparators[1:])

    def _visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        before = self.state.copy()
        self.visit(node.body)
        ends = [self.state]
        self.state = before
        self.visit(node.orelse)
        self.state = join([*ends, self.state])

    def _visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.share(node.target, node.value)
        self.store(node.target.id)

    def _visit_Yield(self, node: ast.Yield) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.touch(node.value)

    def _visit_Await(self, node: ast.Await | ast.YieldFrom) -> None:
        self.visit(node.value)
        self.touch(node.value)

    _visit_YieldFrom = _visit_Await

    # What may change in place

    def change(self, node: ast.expr | None) -> None:
        """Note a store into the object that an expression gives."""
        found = self.changed if self.body is None else self.body.changed
        found.update(self.key(name.id) for name in bases(node))

    def touch(self, node: ast.expr | None) -> None:
        """Note that the object that an expression gives is handed to code that may change it."""
        found = self.touched if self.body is None else self.body.touched
        found.update(self.key(name.id) for name in bases(node))

    def share(self, target: ast.expr, value: ast.expr | None) -> None:
        """Note that the names in ``target`` may share objects with those in ``value`` from here on."""
        sources = {self.key(name.id) for name in bases(value)}
        if sources:
            for name in bases(target):
                self.alias[self.key(name.id)] |= sources

    # Scopes of their own

    def _visit_Lambda(self, node: ast.Lambda) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        inner, _ = bindings([node.body])
        names = {argument.arg for argument in arguments(node.args)} | inner
        self.deferred(Scope(Kind.FUNCTION, self.scope, names), lambda: self.visit(node.body))

    def deferred(self, scope: Scope, walk: Callable[[], None]) -> None:
        """Walk text that may run at once, and later as well."""
        outer = self.scope, self.body, self.state
        body = self.body or Body()
        self.scope, self.body, self.state = scope, body, self.state.copy()
        walk()
        self.scope, self.body, self.state = outer
        if self.body is None:
            self.run(body)

    def _comprehension(self, node: Comprehension) -> None:
        first = node.generators[0]
        self.visit(first.iter)
        self.touch(first.iter)
        names: set[str] = set()
        for generator in node.generators:
            names |= targets(generator.target)
        scope = Scope(Kind.COMPREHENSION, self.scope, names)

        def walk() -> None:
            for index, generator in enumerate(node.generators):
                if index:
                    self.visit(generator.iter)
                    self.touch(generator.iter)
                self.share(generator.target, generator.iter)
                self._bind_inner(generator.target)
                for condition in generator.ifs:
                    self.visit(condition)
            if isinstance(node, ast.DictComp):
                self.visit(node.key)
                self.visit(node.value)
            else:
                self.visit(node.elt)

        if isinstance(node, ast.GeneratorExp):
            self.deferred(scope, walk)
            return
        outer, before = self.scope, self.state.copy()
        self.scope = scope
        walk()
        self.scope = outer
        runs_once = len(node.generators) == 1 and not first.ifs and self.surely(first.iter)
        self.state = self.state if runs_once else join([before, self.state])

    _visit_ListComp = _visit_SetComp = _visit_DictComp = _visit_GeneratorExp = _comprehension

    def _bind_inner(self, target: ast.expr) -> None:
        """Walk a comprehension's target: its names are its own, but it may store into an object (``for x.y in``)."""
        if isinstance(target, (ast.Tuple, ast.List)):
            for item in target.elts:
                self._bind_inner(item)
        elif isinstance(target, ast.Starred):
            self._bind_inner(target.value)
        elif not isinstance(target, ast.Name):
            self.visit(target)

    def surely(self, node: ast.expr) -> bool:
        """Whether an iterable certainly has an element."""
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return any(not isinstance(item, ast.Starred) for item in node.elts)
        if isinstance(node, ast.Constant):
            return isinstance(node.value, (str, bytes)) and bool(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
            if len(node.args) == 1 and not node.keywords and "range" not in self.writes:
                count = node.args[0]
                return isinstance(count, ast.Constant) and isinstance(count.value, int) and count.value > 0
        return False

    # Calls

    def _visit_Call(self, node: ast.Call) -> None:
        func = node.func
        name = dotted(func)
        if name.startswith(".") and self.shell_call(node):
            return
        if name:
            self.calls.add(name)
        self.visit(func)
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            self.visit(keyword.value)
        if isinstance(func, ast.Attribute):
            self.touch(func.value)
        if name not in tables.PURE or name in self.writes or self.key(name) != name:
            for argument in node.args:
                self.touch(argument)
        for keyword in node.keywords:
            self.touch(keyword.value)
        if name:
            self._looks_around(node, name)

    def _looks_around(self, node: ast.Call, name: str) -> None:
        """Note calls that read or bind names without spelling them out."""
        last = name.rpartition(".")[2]
        bare = last == name
        text = node.args[0] if node.args else None
        if bare and last in ("exec", "eval"):
            self.run_text(node, last)
        elif text is not None and is_main(text) and not tables.MODULES.isdisjoint(name.split(".")):
            self.hide(tables.MAIN)
        elif bare and last in tables.OPAQUE_ATTRIBUTES:
            self.hide(f"{last}(): {tables.OPAQUE_ATTRIBUTES[last]}")
        elif bare and last in tables.CODE_CALLS:
            self.hide(tables.CODE_CALLS[last])
        elif bare and last in tables.NAMESPACE_CALLS:
            inside = self.scope.binder().kind is Kind.FUNCTION and last != "globals"
            if not node.args and not inside:
                self.hide(tables.NAMESPACE_CALLS[last])
        elif bare and last == "get_ipython":
            self.hide("get_ipython() hands out the shell")
        elif last in ("__import__", "import_module"):
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                self.imports.add(text.value)
            elif last == "__import__":
                self.hide("__import__() of a module that the text does not name")
        elif last in tables.FRAME_METHODS or ".".join(name.split(".")[-2:]) in tables.FRAME_METHODS:
            for keyword in node.keywords:
                if text is None and keyword.arg in tables.FRAME_KEYWORDS:
                    text = keyword.value
            if text is None:
                return
            words = self.fixed_text(text)
            if words is None:
                self.hide(f"{last}() of a text that is made at run time")
            else:
                for word in words:
                    self.call_by_text(word)

    def fixed_text(self, node: ast.expr) -> list[str] | None:
        """Return the texts that an expression is made of, or None if it is not known before it runs."""
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.Name):
            fixed = not self.loops and self.body is None and node.id in self.state.bound - self.unfixed
            return [] if fixed and self.scope.kind is Kind.MODULE else None
        parts: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        elif isinstance(node, (ast.List, ast.Tuple)):
            parts = node.elts
        found = [self.fixed_text(part) for part in parts]
        return None if None in found or not found else [text for part in found for text in part or ()]

    def call_by_text(self, text: str) -> None:
        """Note that functions named in a text may be called."""
        for name in IDENTIFIER.findall(text):
            if self.body is not None:
                self.body.strings.add(name)
            elif name in self.pending:
                self._activate(name)

    def run_text(self, node: ast.Call, name: str) -> None:
        """Note an ``exec`` or ``eval``."""
        raise NotImplementedError

    def shell_call(self, node: ast.Call) -> bool:
        """Walk a call that IPython's own syntax becomes; return whether it was one."""
        raise NotImplementedError


def is_main(node: ast.expr) -> bool:
    """Whether an expression is the name of the module that is the namespace."""
    return (isinstance(node, ast.Name) and node.id == "__name__") or (
        isinstance(node, ast.Constant) and node.value == "__main__"
    )


def is_data(node: ast.expr) -> bool:
    """Whether an expression is a name, or leads from one to an item or attribute, but to no namespace."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":
            return False
        node = node.value
    return isinstance(node, ast.Name)


def is_shell(node: ast.expr) -> bool:
    """Whether an expression is ``get_ipython()``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython"
