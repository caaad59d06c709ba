"""Tasks of dask's graphs: what they call with what, without the names that dask gave them.

These names are new in each graph (``f-889e232b…``). What a task needs of others is numbered instead, in the order in
which the task's own expression names it; the function of a task never sees the names.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Collection, Hashable, Mapping
from typing import Any, NamedTuple


class Unknown(Exception):
    """An expression is not of a kind that is known; the argument says which."""


class Vertex(NamedTuple):
    """A task of a graph."""

    call: tuple[Any, tuple[Any, ...]]
    """A function and arguments that stand for what is called, with what."""
    names: dict[Hashable, str]
    """What stands in its key for each thing that another task makes, by dask's names, in order."""
    version: str
    """Of dask."""


def vertex(task: Any, given: Mapping[Any, Any], made: Collection[Any]) -> Vertex:
    """Return what a task of a graph is.

    Args:
        task: as dask has it.
        given: what it needs, by dask's names.
        made: those among them that others make, and whose contents the key does not hold.

    Raises:
        Unknown: it has no canonical form.
    """
    nodes: Any = sys.modules.get("dask._task_spec")
    if nodes is None or not isinstance(task, nodes.GraphNode):
        raise Unknown("its graph is of an old kind of dask's")
    walk = _Walk(nodes, frozenset(given))
    expression = walk.plain(task)
    if walk.numbers.keys() != given.keys():
        raise Unknown("it needs results in a way that is not known")
    values = [(number, given[key]) for key, number in walk.numbers.items() if key not in made]
    names: dict[Hashable, str] = {key: f"result {number}" for key, number in walk.numbers.items() if key in made}
    return Vertex((dict, (expression, values)), names, f"dask {importlib.metadata.version('dask')}")


def called_in(task: Any) -> Any:
    """Return what a task calls, of several the last one; without that, the task."""
    nodes: Any = sys.modules.get("dask._task_spec")
    while nodes is not None and isinstance(task, nodes.Task) and task.func is nodes._execute_subgraph:
        task = task.args[0][task.args[1]]
    return getattr(task, "func", task)


class _Walk:
    """Writes down an expression."""

    def __init__(self, nodes: Any, given: frozenset[Any]) -> None:
        self._nodes = nodes
        self._given = given
        self._inner: list[_Subgraph] = []
        """The graphs within the task that are being written, the innermost last."""
        self.numbers: dict[Any, int] = {}
        """What the expression needs, by dask's name."""

    def plain(self, node: Any) -> Any:
        """Return a part of an expression without dask's own objects."""
        nodes = self._nodes
        kind = type(node)
        if kind is nodes.TaskRef:
            return self._reference(node.key)
        if kind is nodes.Alias:
            return self._reference(node.target)
        if kind is nodes.DataNode:
            return ("data", self.plain(node.value))
        if kind is nodes.Task:
            if node.func is nodes._execute_subgraph:
                return self._subgraph(*node.args)
            return ("call", node.func, self.plain(node.args), self.plain(node.kwargs))
        if kind in (nodes.List, nodes.Tuple, nodes.Set, nodes.Dict):
            return (kind.__name__, self.plain(node.args), self.plain(node.kwargs))
        if isinstance(node, nodes.GraphNode | nodes.TaskRef):
            raise Unknown(f"its graph has a {kind.__name__}, of which nothing is known")
        if kind in (list, tuple):  # said to be one: a tuple that is none of these was written here
            return (kind.__name__, [self.plain(item) for item in node])
        if kind is dict:
            return {key: self.plain(value) for key, value in node.items()}
        return node

    def _subgraph(self, tasks: Mapping[Any, Any], last: Any, names: Any, *given: Any) -> tuple[str, list[Any]]:
        """Return a graph within a task: its own tasks, numbered as they are met from the last one on."""
        inner = _Subgraph(tasks, dict(zip(names, given, strict=True)))
        self._inner.append(inner)
        written: list[Any] = []
        inner.number(last)
        while len(written) < len(inner.numbers):
            written.append(self.plain(tasks[list(inner.numbers)[len(written)]]))
        self._inner.pop()
        return ("graph", written)

    def _reference(self, key: Any) -> tuple[str, Any]:
        if self._inner:
            inner = self._inner[-1]
            if key in inner.given:
                kept = self._inner.pop()  # what is given to it is named as around it
                try:
                    found: tuple[str, Any] = self.plain(inner.given[key])
                    return found
                finally:
                    self._inner.append(kept)
            if key in inner.tasks:
                return ("part", inner.number(key))
        if key in self._given:
            return ("result", self.numbers.setdefault(key, len(self.numbers)))
        return ("name", key)  # of a part of this expression


class _Subgraph:
    """A graph within a task."""

    def __init__(self, tasks: Mapping[Any, Any], given: Mapping[Any, Any]) -> None:
        self.tasks = tasks
        self.given = given
        self.numbers: dict[Any, int] = {}

    def number(self, key: Any) -> int:
        """Return the number of one of its tasks."""
        return self.numbers.setdefault(key, len(self.numbers))
