"""Tasks of dask's graphs, as ``DaskVine`` submits them: what they call, without the names that dask gave them.

These names are new in each graph (``f-889e232b…``), and so are those of the files that hold what a task needs. Both are
numbered instead, in the order in which the task's own expression names them. The function of a task never sees them.
"""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Any, NamedTuple

VERTEX = "execute_graph_vertex"


class Unknown(Exception):
    """An expression is not of a kind that is known; the argument says which."""


class Vertex(NamedTuple):
    """A task of a graph."""

    call: tuple[Any, tuple[Any, ...]]
    """A function and arguments that stand for what is called, with what."""
    names: dict[str, str]
    """The files that it is given, by their names there, in order: those that stand for them in its key."""
    salt: str


def is_vertex(function: Any) -> bool:
    """Whether a function is the one that computes a task of a graph."""
    module = str(getattr(function, "__module__", ""))
    return getattr(function, "__name__", "") == VERTEX and module.startswith("ndcctools.taskvine.")


def called_in(args: tuple[Any, ...]) -> Any:
    """Return what a task of a graph calls, from the arguments that `DaskVine` gives it; without that, the task."""
    return getattr(args[1], "func", args[1])


def vertex(args: tuple[Any, ...]) -> Vertex:
    """Return what a task of a graph is, from the arguments that `DaskVine` gives it.

    Raises:
        Unknown: it has no canonical form.
    """
    wrapper, task, given, files = args
    nodes: Any = sys.modules.get("dask._task_spec")
    if nodes is None or not isinstance(task, nodes.GraphNode):
        raise Unknown("its graph is of an old kind of dask's")
    if wrapper is not None:
        raise Unknown("it is wrapped by a function that sees the names of dask's tasks")
    walk = _Walk(nodes, frozenset(given))
    expression = walk.plain(task)
    if walk.numbers.keys() != given.keys():
        raise Unknown("it needs results in a way that is not known")
    values = [(number, given[key]) for key, number in walk.numbers.items() if key not in files]
    names = {given[key]: f"result {number}" for key, number in walk.numbers.items() if key in files}
    salt = f" {VERTEX} dask {importlib.metadata.version('dask')}"
    return Vertex((dict, (expression, values)), names, salt)


class _Walk:
    """Writes down an expression."""

    def __init__(self, nodes: Any, given: frozenset[Any]) -> None:
        self._nodes = nodes
        self._given = given
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
            return ("call", node.func, self.plain(node.args), self.plain(node.kwargs))
        if kind in (nodes.List, nodes.Tuple, nodes.Set, nodes.Dict):
            return (kind.__name__, self.plain(node.args), self.plain(node.kwargs))
        if isinstance(node, nodes.GraphNode | nodes.TaskRef):
            raise Unknown(f"its graph has a {kind.__name__}, of which nothing is known")
        if kind in (list, tuple):
            return kind(self.plain(item) for item in node)
        if kind is dict:
            return {key: self.plain(value) for key, value in node.items()}
        return node

    def _reference(self, key: Any) -> tuple[str, Any]:
        if key in self._given:
            return ("result", self.numbers.setdefault(key, len(self.numbers)))
        return ("name", key)  # of a part of this expression
