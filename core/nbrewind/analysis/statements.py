"""The walk over statements: which ways through the cell there are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from nbrewind.analysis import tables
from nbrewind.analysis.expressions import Expressions
from nbrewind.analysis.flow import State, join
from nbrewind.analysis.scopes import Kind, bases, dotted

_TRY_STAR = getattr(ast, "TryStar", ast.Try)


class Statements(Expressions):
    """Walks statements; `state` is what is certain where the walk stands."""

    def __init__(self) -> None:
        super().__init__()
        self._exits: list[list[State]] = []
        self._rounds: list[list[State]] = []
        self._function = ""
        """Key of the function whose body is walked: what it returns may be shared with its callers."""

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements in turn."""
        for node in body:
            self.visit(node)

    def branch(self, start: State, body: Sequence[ast.stmt]) -> State:
        """Walk statements from a state; return the state at their end."""
        self.state = start
        self.block(body)
        return self.state

    @contextmanager
    def watched(self) -> Iterator[set[str]]:
        """Collect the names that are deleted inside."""
        outer, self.deleted = self.deleted, set()
        try:
            yield self.deleted
        finally:
            outer |= self.deleted
            self.deleted = outer

    # Simple statements

    def _visit_Expr(self, node: ast.Expr) -> None:
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
            self.visit(node.value)

    def _visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        fixed = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets:
            self.bind(target, node.value, fixed=fixed)

    def bind(self, target: ast.expr, value: ast.expr | None, *, fixed: bool = False) -> None:
        """Walk an assignment's target."""
        if isinstance(target, ast.Name):
            self.store(target.id, fixed=fixed)
        else:
            self.visit(target)
        if value is not None:
            self.share(target, value)

    def _visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.load(node.target.id)
            self.visit(node.value)
            self.change(node.target)
            self.share(node.target, node.value)
            self.store(node.target.id)
            return
        if isinstance(node.target, ast.Attribute):
            self.attributes.add(node.target.attr)
        self.visit(node.value)
        self.visit(node.target)
        self.share(node.target, node.value)

    def _visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.bind(node.target, node.value)
        elif not isinstance(node.target, ast.Name):
            self.change(node.target)
            for part in ast.iter_child_nodes(node.target):
                self.visit(part)
        if self.scope.kind is not Kind.FUNCTION:
            self.annotation(node.annotation)

    def annotation(self, node: ast.expr) -> None:
        """Walk an annotation: evaluated where it stands, or kept as text."""
        if self.future_annotations:
            self.mention(ast.unparse(node))
        else:
            self.visit(node)

    def _visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)
        self.maybe(node.msg)

    def _visit_Raise(self, node: ast.Raise | ast.Return) -> None:
        self.generic(node)
        self.state.dead = True

    def _visit_Return(self, node: ast.Return) -> None:
        self.generic(node)
        if node.value is not None:
            self.touch(node.value)
            self.alias[self._function] |= {self.key(name.id) for name in bases(node.value)}
        self.state.dead = True

    def _visit_Break(self, node: ast.Break) -> None:
        if self._exits:
            self._exits[-1].append(self.state.copy())
        self.state.dead = True

    def _visit_Continue(self, node: ast.Continue) -> None:
        if self._rounds:
            self._rounds[-1].append(self.state.copy())
        self.state.dead = True

    def _visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        """Scopes know these."""

    _visit_Nonlocal = _visit_Global

    def _visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports.add(alias.name)
            self.store(alias.asname or alias.name.partition(".")[0], module=True)
            if alias.name == "__main__":
                self.hide(tables.MAIN)

    def _visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.imports.add(module)
        if module == "__main__":
            self.hide(tables.MAIN)
        for alias in node.names:
            if alias.name == "*":
                self.hide(f"from {module} import * binds names that the text does not tell", deletes=False)
                continue
            self.store(alias.asname or alias.name)
            if module == "__future__" and alias.name == "annotations":
                self.future_annotations = True

    # Ways that part and meet

    def _visit_If(self, node: ast.If) -> None:
        ends: list[State] = []
        while True:
            self.visit(node.test)
            start = self.state
            known = bool(node.test.value) if isinstance(node.test, ast.Constant) else None
            then, other = start.copy(), start.copy()
            then.dead = then.dead or known is False
            other.dead = other.dead or known is True
            ends.append(self.branch(then, node.body))
            self.state = other
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                node = node.orelse[0]
                continue
            ends.append(self.branch(other, node.orelse))
            self.state = join(ends)
            return

    def _visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.touch(node.iter)
        start = self.state
        self.state = start.copy()
        with self.watched() as deleted, self._loop() as (exits, rounds):
            self.bind(node.target, node.iter)
            self.block(node.body)
        ends = [self.state, *rounds]
        if not self.surely(node.iter) or isinstance(node, ast.AsyncFor):
            ends.append(start)
        self.state = join(ends).without(deleted)
        self.block(node.orelse)
        self.state = join([self.state, *(state.without(deleted) for state in exits)])

    _visit_AsyncFor = _visit_For

    def _visit_While(self, node: ast.While) -> None:
        with self.watched() as deleted, self._loop() as (exits, _):
            self.visit(node.test)
            start = self.state.copy()
            self.block(node.body)
        self.state = start.without(deleted)
        self.state.dead = start.dead or (isinstance(node.test, ast.Constant) and bool(node.test.value))
        self.block(node.orelse)
        self.state = join([self.state, *(state.without(deleted) for state in exits)])

    @contextmanager
    def _loop(self) -> Iterator[tuple[list[State], list[State]]]:
        exits: list[State] = []
        rounds: list[State] = []
        self._exits.append(exits)
        self._rounds.append(rounds)
        self.loops += 1
        try:
            yield exits, rounds
        finally:
            self.loops -= 1
            self._exits.pop()
            self._rounds.pop()

    def _visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        swallowed: State | None = None
        with self.watched() as deleted:
            for item in node.items:
                self.visit(item.context_expr)
                self.touch(item.context_expr)
                if item.optional_vars is not None:
                    self.bind(item.optional_vars, item.context_expr)
                if swallowed is None and not _transparent(item.context_expr):
                    swallowed = self.state.copy()
            self.block(node.body)
        if swallowed is not None:
            self.state = join([self.state, swallowed.without(deleted)])

    _visit_AsyncWith = _visit_With

    def _visit_Try(self, node: ast.Try) -> None:
        start = self.state.copy()
        ends: list[State] = []
        with self.watched() as deleted:
            self.block(node.body)
            through = self.state
            raised = start.without(deleted)
            for handler in node.handlers:
                self.state = raised.copy()
                if handler.type is not None:
                    self.visit(handler.type)
                if handler.name:
                    self.store(handler.name)
                self.block(handler.body)
                if handler.name:
                    self.delete(handler.name, implicit=True)
                ends.append(self.state)
            ends.append(self.branch(through, node.orelse))
        after = join(ends)
        if node.finalbody:
            with self.watched() as dropped:
                last = self.branch(start.without(deleted), node.finalbody)
            after.killed |= last.killed
            after.bound = (after.bound - dropped) | last.bound
            after.dead = after.dead or last.dead
        self.state = after

    _visit_TryStar = _visit_Try

    def _visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self.touch(node.subject)
        start = self.state
        ends: list[State] = []
        for case in node.cases:
            self.state = start.copy()
            self.pattern(case.pattern, node.subject)
            if case.guard is not None:
                self.visit(case.guard)
            self.block(case.body)
            ends.append(self.state)
            if case.guard is None and _irrefutable(case.pattern):
                break
        else:
            ends.append(start)
        for case in node.cases[len(ends) :]:
            self.state = start.copy()
            self.visit(case)
        self.state = join(ends)

    def pattern(self, node: ast.pattern, subject: ast.expr) -> None:
        """Walk a pattern: values and classes are read, captures are bound."""
        if isinstance(node, ast.MatchAs):
            if node.pattern is not None:
                self.pattern(node.pattern, subject)
            self._capture(node.name, subject)
        elif isinstance(node, ast.MatchStar):
            self._capture(node.name, subject)
        elif isinstance(node, ast.MatchOr):
            start = self.state
            ends = []
            for part in node.patterns:
                self.state = start.copy()
                self.pattern(part, subject)
                ends.append(self.state)
            self.state = join(ends)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.pattern):
                    self.pattern(child, subject)
                else:
                    self.visit(child)
            if isinstance(node, ast.MatchMapping):
                self._capture(node.rest, subject)

    def _capture(self, name: str | None, subject: ast.expr) -> None:
        if name:
            self.bind(ast.Name(name, ast.Store()), subject)

    def _visit_match_case(self, node: ast.match_case) -> None:
        self.pattern(node.pattern, ast.Constant(None))
        if node.guard is not None:
            self.visit(node.guard)
        self.block(node.body)


def _transparent(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in tables.TRANSPARENT


def _irrefutable(node: ast.pattern) -> bool:
    if isinstance(node, ast.MatchAs):
        return node.pattern is None or _irrefutable(node.pattern)
    return isinstance(node, ast.MatchOr) and any(map(_irrefutable, node.patterns))


def names_loaded(nodes: Iterable[ast.AST]) -> set[str]:
    """Return all names read anywhere in some trees."""
    return {
        node.id
        for root in nodes
        for node in ast.walk(root)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
