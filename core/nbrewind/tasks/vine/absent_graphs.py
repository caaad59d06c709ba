"""What stands in for ``DaskVine`` where TaskVine is not installed: records answer the tasks of a graph of dask.

Its tasks are given to the door with the name of the function and the arguments that TaskVine gives them, so they have
the keys of then. What no record answers raises `NotInstalled`, as does each option that would make other tasks of a
graph.
Written from the documented interface.
"""

from __future__ import annotations

import graphlib
import pickle
import uuid
from collections.abc import Mapping
from typing import Any

from .absent import FunctionCall, Manager, NotInstalled, PythonTask
from .graphs import VERTEX
from .parts import state_of

_OTHERS: Mapping[str, Any] = {
    **dict.fromkeys(("checkpoint_fn", "environment", "env_vars", "extra_files", "wrapper")),
    **dict.fromkeys(("env_per_task", "reconstruct"), False),
}
"""Options that make other tasks of a graph, and what they are where nothing is said."""
_MODES = ("tasks", "function-calls")


def execute_graph_vertex(wrapper: Any, task: Any, given: Any, files: Any) -> Any:
    """Stand for the function that computes a task of a graph in a worker."""
    raise NotInstalled("A task of a graph has to run")


execute_graph_vertex.__module__ = "ndcctools.taskvine.dask_executor"
assert execute_graph_vertex.__name__ == VERTEX


class DaskVine(Manager):
    """A manager that computes graphs of dask, out of what is recorded."""

    def get(self, dsk: Any, keys: Any, **options: Any) -> Any:
        """Return what some keys of a graph stand for.

        Args:
            dsk: the graph.
            keys: a list of keys, and of such lists.
            options: how TaskVine is to compute it.

        Raises:
            NotInstalled: a task has to run, or an option is of a kind that is not known.
        """
        mode = options.get("task_mode", "tasks")
        other = [name for name, usual in _OTHERS.items() if options.get(name, usual) != usual]
        if mode not in _MODES:
            other.append("task_mode")
        if other:
            raise NotInstalled(f"DaskVine.get with `{other[0]}` has no stand-in")
        if not isinstance(keys, list):
            raise TypeError(f"the keys of a graph are given as a list, not as {type(keys).__name__}")
        graph = _Graph(self, dsk, keys)
        graph.compute(options, as_calls=mode == "function-calls")
        return graph.values(keys)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Return what `get` does."""
        return self.get(*args, **options)


class _Graph:
    """A graph, and what its tasks give."""

    def __init__(self, manager: DaskVine, dsk: Any, keys: list[Any]) -> None:
        try:
            import dask._task_spec as nodes
        except ImportError as error:
            raise NotInstalled(f"DaskVine needs dask 2024.12 or newer ({error}), or") from None
        self._nodes, self._manager = nodes, manager
        self._graph: Mapping[Any, Any] = nodes.convert_legacy_graph(dsk)
        self._made: dict[Any, Any] = {}
        """By key: the task, or, of what is no task, the value."""
        self._values: dict[Any, Any] = {}
        self._here = self._targets(keys)

    def _targets(self, keys: list[Any]) -> set[Any]:
        """Return the keys whose values are brought here: what is asked for, and what that merely puts together."""
        found: set[Any] = set()
        left = list(keys)
        while left:
            key = left.pop()
            if isinstance(key, list):
                left += key
            elif key not in found:
                found.add(key)
                node = self._graph[key]
                if isinstance(node, self._nodes.Alias | self._nodes.NestedContainer):
                    left += node.dependencies
        return found

    def compute(self, options: Mapping[str, Any], *, as_calls: bool) -> None:
        """Have all tasks answered."""
        library = f"graph {uuid.uuid4()}"
        if as_calls:
            functions = (execute_graph_vertex, *(options.get("lib_extra_functions") or ()))
            modules = next(filter(None, map(options.get, ("lib_modules", "hoisting_modules", "import_modules"))), None)
            made = self._manager.create_library_from_functions(  # type: ignore[attr-defined]
                library, *functions, add_env=False, init_command=options.get("lib_command"), hoisting_modules=modules
            )
            self._manager.install_library(made)  # type: ignore[attr-defined]
        needs = {key: node.dependencies for key, node in self._graph.items()}
        stay = all(options.get(name, True) for name in ("worker_transfers", "lazy_transfers"))
        for key in graphlib.TopologicalSorter(needs).static_order():
            node = self._graph[key]
            if isinstance(node, self._nodes.DataNode):
                self._made[key] = node.value
            elif isinstance(node, self._nodes.Alias):
                self._made[key] = self._made[node.target]
            else:
                self._made[key] = self._answered(
                    node, library if as_calls else "", stays=stay and key not in self._here
                )

    def _answered(self, node: Any, library: str, *, stays: bool) -> PythonTask:
        """Return a task of the graph that a record answers."""
        given = {key: self._made[key] for key in node.dependencies}
        tasks = {key: one for key, one in given.items() if isinstance(one, PythonTask)}
        names = {key: f"{uuid.uuid4()}.p" for key in tasks}
        call = (None, node, given | names, list(names))
        task = FunctionCall(library, VERTEX, *call) if library else PythonTask(execute_graph_vertex, *call)
        for key, one in tasks.items():
            task.add_input(one.output_file, names[key])
        task.set_category(str(node.func).replace(" ", "_"))  # type: ignore[attr-defined]
        if stays:
            task.enable_temp_output()
        number = self._manager.submit(task)  # type: ignore[attr-defined]
        if state_of(task).occurrence:  # TaskVine submits them in an order that is another one each time
            raise NotInstalled(
                "Tasks of a graph that are the same, and can reach more than what they are given, are mixed up"
            )
        self._manager.wait_for_task_id(number, 0)  # type: ignore[attr-defined]
        return task

    def values(self, keys: list[Any]) -> list[Any]:
        """Return what keys stand for, in lists as they are."""
        return [self.values(key) if isinstance(key, list) else self._value(key) for key in keys]

    def _value(self, key: Any) -> Any:
        made = self._made[key]
        if not isinstance(made, PythonTask):
            return made
        if key not in self._values:  # of two keys that stand for the same, each has its own
            found = pickle.loads(made.output_file.contents())
            self._values[key] = found["Result"] if isinstance(made, FunctionCall) else found
        return self._values[key]
