"""Tasks of dask's graphs, as ``DaskVine`` submits them: one function for all of them, with the task as its argument.

The names of the files that hold what a task needs are new in each graph, too: see `nbrewind.tasks.graphs`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from nbrewind.tasks import graphs
from nbrewind.tasks.graphs import Unknown

VERTEX = "execute_graph_vertex"


def is_vertex(function: Any) -> bool:
    """Whether a function is the one that computes a task of a graph."""
    module = str(getattr(function, "__module__", ""))
    return getattr(function, "__name__", "") == VERTEX and module.startswith("ndcctools.taskvine.")


def is_graph(functions: Collection[Any]) -> bool:
    """Whether functions are those of a library that `DaskVine` makes for a graph."""
    return any(map(is_vertex, functions))


def vertex(args: tuple[Any, ...]) -> tuple[tuple[Any, tuple[Any, ...]], dict[str, str], str]:
    """Return what a task of a graph is, from the arguments that `DaskVine` gives it.

    Returns:
        A function and arguments that stand for what is called, with what; the files that it is given, by their names
        there, in order: those that stand for them in its key; and a text that is part of the key.

    Raises:
        Unknown: it has no canonical form.
    """
    wrapper, task, given, files = args
    if wrapper is not None:
        raise Unknown("it is wrapped by a function that sees the names of dask's tasks")
    found = graphs.vertex(task, given, files)
    names = {given[key]: name for key, name in found.names.items()}
    return found.call, names, f" {VERTEX} {found.version}"
