"""What is collected while a cell's text is walked, and how it becomes a `CellAnalysis`."""

from __future__ import annotations

import ast
from collections import defaultdict

from nbrewind.analysis.flow import State
from nbrewind.analysis.magics import IDENTIFIER
from nbrewind.analysis.scopes import Kind, Scope
from nbrewind.analysis.tables import BUILTINS
from nbrewind.model import Use


class Body:
    """What the text of a function or lambda does to the user's namespace when it runs."""

    def __init__(self) -> None:
        self.loads: set[str] = set()
        self.stores: set[str] = set()
        self.deletes: set[str] = set()
        self.strings: set[str] = set()
        self.changed: set[str] = set()
        self.touched: set[str] = set()
        self.opaque = ""
        self.ran = False
        """It may run in the cell."""


class Facts:
    """The record of a walk: where it is, and what was found so far.

    Bodies of functions wait in `pending` under the name that the cell binds them to. The first read of that name is
    the first point at which they can run; what was bound by then can't be read from before the cell.
    """

    def __init__(self) -> None:
        self.scope = Scope(Kind.MODULE)
        self.body: Body | None = None
        """The function's body that is walked; None in text that runs as it stands."""
        self.state = State()
        self.deleted: set[str] = set()
        """Names deleted since a compound statement began to look."""
        self.loops = 0
        self.reads: set[str] = set()
        self.late: set[str] = set()
        self.writes: set[str] = set()
        self.deletes: set[str] = set()
        self.changed: set[str] = set()
        """Keys of names whose object is stored into."""
        self.touched: set[str] = set()
        """Keys of names whose object is handed to code that may change it."""
        self.alias: dict[str, set[str]] = defaultdict(set)
        """Key of a name to keys of names whose objects it may share."""
        self.strings: set[str] = set()
        self.keys: set[str] = set()
        """Identifiers that are constant keys of items."""
        self.calls: set[str] = set()
        self.attributes: set[str] = set()
        self.imports: set[str] = set()
        self.modules: set[str] = set()
        """Names bound by ``import``."""
        self.values: set[str] = set()
        """Names bound by anything else."""
        self.unfixed: set[str] = set()
        """Names bound to anything but a text that is written out."""
        self.magics: set[str] = set()
        self.opaque = ""
        self.volatile: set[str] = set()
        """Names that a function may delete at any time once it ran."""
        self.erased = False
        """A function ran that may delete any name, at any time from then on."""
        self.pending: dict[str, list[Body]] = {}
        self.live: set[str] = set()
        """Names that bodies which may run read: a function bound to one later may run at once."""
        self.future_annotations = False

    # Names

    def seen(self, name: str, use: Use) -> None:
        """Take note of where the text uses a name of the user's namespace: `nbrewind.analysis.spans` keeps it."""

    def load(self, name: str) -> None:
        """Note a read of a name as it is written."""
        scope = self.scope
        if scope.kind is not Kind.MODULE:
            name = scope.mangle(name)
            own = scope.class_key(name)
            if own:
                self._activate(own)
                if own in self.state.bound:
                    return
            if scope.owner(name) is not None:
                return
        self.seen(name, "read")
        if self.body is not None:
            self.body.loads.add(name)
        else:
            self.read(name)

    def read(self, name: str) -> None:
        """Note a read of a name of the user's namespace that happens at this point."""
        if name not in self.state.killed:
            self.reads.add(name)
        if name in self.pending:
            self._activate(name)

    def store(self, name: str, *, module: bool = False, fixed: bool = False) -> None:
        """Note that a name as it is written is bound; ``module``: to a module; ``fixed``: to a text written out."""
        scope = self.scope.binder()
        name = scope.mangle(name)
        if scope.kind is not Kind.MODULE and name not in scope.globals:
            own = scope.class_key(name)
            if own:
                self.state.bound.add(own)
            return
        self.seen(name, "write")
        (self.modules if module else self.values).add(name)
        if not fixed:
            self.unfixed.add(name)
        if self.body is not None:
            self.body.stores.add(name)
            return
        self.writes.add(name)
        self.state.killed.add(name)
        self.state.bound.add(name)

    def delete(self, name: str, *, implicit: bool = False) -> None:
        """Note that a name is deleted; ``implicit``: at the end of an ``except``, where it is bound or gone."""
        scope = self.scope.binder()
        name = scope.mangle(name)
        if scope.kind is not Kind.MODULE and name not in scope.globals:
            self.state.bound.discard(scope.class_key(name))
            self.deleted.add(scope.class_key(name))
            return
        if not implicit:
            self.seen(name, "delete")
        if self.body is not None:
            self.body.deletes.add(name)
            self.body.loads.add(name)
            return
        if not implicit:
            self.read(name)
        self.deletes.add(name)
        self.deleted.add(name)
        self.state.killed.add(name)
        self.state.bound.discard(name)

    def key(self, name: str) -> str:
        """Return what stands for a name in `changed`, `touched` and `alias`."""
        name = self.scope.mangle(name)
        own = self.scope.class_key(name)
        scope = self.scope.owner(name)
        key = scope.key(name) if scope is not None else name
        if own:
            # Before the class binds the name, it reads the one outside.
            self.alias[own].add(key)
        return own or key

    def mention(self, text: str) -> None:
        """Note the identifiers inside a string constant."""
        found = [text] if text.isidentifier() else IDENTIFIER.findall(text)
        (self.strings if self.body is None else self.body.strings).update(found)

    def hide(self, reason: str, *, deletes: bool = True) -> None:
        """Note that the text does not tell what is read or written; ``deletes``: names may be gone after it."""
        if self.body is not None:
            self.body.opaque = self.body.opaque or reason
            return
        self.opaque = self.opaque or reason
        if deletes:
            self.state.bound.clear()
            self.deleted |= self.writes
        for name in tuple(self.pending):
            self._activate(name)

    # Functions

    def define(self, name: str, bodies: list[Body], *, at_once: bool) -> None:
        """Note the functions that a name is bound to; ``at_once``: they may run before it is read."""
        for body in bodies:
            self.late |= body.loads | body.strings
            if at_once or self.opaque or name in self.live:
                self.run(body)
            elif not body.ran:
                self.pending.setdefault(name, []).append(body)

    def _activate(self, name: str) -> None:
        for body in self.pending.pop(name, ()):
            self.run(body)

    def run(self, first: Body) -> None:
        """Note what a body does that may run from this point on, and whatever it may call in turn."""
        todo = [first]
        while todo:
            body = todo.pop()
            if body.ran:
                continue
            body.ran = True
            self.late |= body.loads | body.strings
            self.live |= body.loads
            self.strings |= body.strings
            self.writes |= body.stores
            self.deletes |= body.deletes
            self.volatile |= body.deletes
            self.changed |= body.changed
            self.touched |= body.touched
            for name in body.loads:
                if name not in self.state.killed:
                    self.reads.add(name)
                todo += self.pending.pop(name, ())
            if body.opaque:
                self.erased = True
                self.hide(body.opaque)

    # Results

    def certain(self) -> set[str]:
        """Return the names that are bound whenever the text ends without an error."""
        return set() if self.erased else {name for name in self.state.bound if "@" not in name} - self.volatile

    def mutates(self) -> set[str]:
        """Return the names whose object may change: those noted, and those that they share objects with."""
        only_modules = self.modules - self.values - self.reads
        found = set(self.changed)
        todo = [*self.changed, *(key for key in self.touched if key not in only_modules)]
        found.update(todo)
        while todo:
            for key in self.alias.get(todo.pop(), ()):
                if key not in found and key not in only_modules:
                    found.add(key)
                    todo.append(key)
        return {name for name in found if "@" not in name and (name not in BUILTINS or name in self.writes)}


def identifiers(node: ast.AST) -> set[str]:
    """Return all names in a piece of tree, and the identifiers in its strings."""
    found: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            found.add(child.id)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            found.update(IDENTIFIER.findall(child.value))
    return found
