"""Calls by TaskVine's ``FuturesExecutor``: their results stay in the cluster until somebody asks a future for one.

A future among the arguments stands for what another call gives: that is a file which TaskVine names by ids.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from nbrewind.tasks.records import RESULT

from .parts import FileState, Given, TaskState, kinds, state_of

KIND = "FuturePythonTask"
SCRIPT = "py_futures_wrapper_{}"
"""TaskVine's name for the script that runs such a call, with or without serialising its result."""


class Arguments(NamedTuple):
    """The arguments of a call."""

    values: tuple[Any, ...]
    """With None in the place of each future."""
    given: dict[str, Given]
    """What stands in the key for the results of others, and where they come from."""
    salt: str
    """Says which arguments are such results."""


def is_future(task: Any) -> bool:
    """Whether a task was made by a ``FuturesExecutor``."""
    return KIND in kinds and isinstance(task, kinds[KIND])


def _files(args: Any) -> list[tuple[int, Any]]:
    """Return the files that stand for arguments which are futures, by their places."""
    future: Any = kinds["VineFuture"]
    return [(place, value._task._output_file) for place, value in enumerate(args) if isinstance(value, future)]


def arguments(args: Any) -> Arguments | None:
    """Return the arguments of a call without its futures; None if it is not known what makes one of these."""
    values, given, told = list(args), dict[str, Given](), []
    for place, file in _files(args):
        made: FileState | None = state_of(file) if file is not None else None
        if made is None or made.producer is None:
            return None
        name = f"given by a future {len(given)}"
        given[name] = Given(made.producer, RESULT)
        values[place] = None
        told.append(f"{place} is {name}")
    return Arguments(tuple(values), given, "; ".join(told))


def files_given(task: Any) -> list[Any]:
    """Return the results of others that a call by a future is given, before TaskVine is told of them."""
    definition = task.__dict__.get("_fn_def")
    return [file for _, file in _files(definition[1])] if definition else []


def fetched(state: TaskState) -> bool:
    """Whether a record holds what a task has given, though it stays in the cluster."""
    return state.record is not None and state.record.result is not None
