"""Tasks: their files are put off until they have to run, and what answers them is told where results are asked for.

Each function here takes the place of a method or property of ``Task``, ``PythonTask`` or ``FunctionCall``.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import Any

from nbrewind import unpatched
from nbrewind.tasks.parts import Key
from nbrewind.tasks.records import RESULT
from nbrewind.tasks.tied import Loader

from .commands import split_told
from .futures import SCRIPT, fetched, is_future
from .graphs import is_vertex
from .outcomes import temporaries
from .parts import NAME, FileState, ManagerState, TaskState, kinds, original, originals, state_of
from .worker import SEPARATOR, STAYS, first_line, split_text

GIVING = ("add_input", "add_poncho_package", "add_starch_package", "add_execution_context", "add_environment")
"""Methods that give a task files or packages."""
FAILED = "its function failed"
_OWN = frozenset({"argument", "environment", "file", "input", "order", "output", "python", "salt"})
"""What components of a key begin with that are no part of its function."""


def call_original(task: Any, name: str, *args: Any, **options: Any) -> Any:
    """Call a task's method as it was before."""
    for cls in type(task).__mro__:
        found = originals.get((cls, name))
        if found is not None:
            return found(task, *args, **options)
    raise AttributeError(name)


# -- before it runs ---------------------------------------------------------------------------------------------------


def init(task: Any, *args: Any, **options: Any) -> None:
    """Make a task."""
    task.__dict__[NAME] = TaskState()
    original(kinds["Task"], "__init__")(task, *args, **options)


def giving(name: str) -> Callable[..., Any]:
    """Return a method that gives a task a file, or takes one from it: once it has to run."""

    def give(task: Any, *args: Any, **options: Any) -> Any:
        state: TaskState | None = state_of(task)
        file = args[0] if args else next(iter(options.values()), None)
        if state is not None and state.finalizing and name == "add_output":
            _made_by(file, state, RESULT)
        if state is None or state.finalizing or state.handed or not _is_told(name, file, args, options):
            return call_original(task, name, *args, **options)
        if name == "add_output":
            state.outputs += ((name, args, options),)
        else:
            state.inputs += ((name, args, options),)
        return None

    return give


def _is_told(name: str, file: Any, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether a call is as it should be; else TaskVine says at once what is wrong."""
    remote = (
        args[1] if len(args) > 1 else options.get("remote_name", "" if name not in ("add_input", "add_output") else 0)
    )
    return isinstance(remote, str) and not {NAME, "_file"}.isdisjoint(getattr(file, "__dict__", {}))


def _made_by(file: Any, state: TaskState, output: str) -> None:
    made: FileState | None = state_of(file)
    if made is not None:
        made.producer, made.output = state, output


def set_env(task: Any, name: str, value: Any = None) -> Any:
    """Set an environment variable, or take it away."""
    state: TaskState | None = state_of(task)
    if state is not None:
        state.env = {**state.env, name: value}
    return call_original(task, "set_env_var", name, value)


def addref(task: Any) -> Any:
    """Return a copy of a task."""
    new = call_original(task, "addref")
    if NAME in task.__dict__:
        new.__dict__[NAME] = state_of(task).copied()
    return new


def hand_over(task: Any) -> None:
    """Tell TaskVine of the files that a task was given."""
    state: TaskState | None = state_of(task)
    if state is not None and not state.handed:
        calls = [*state.inputs, *state.outputs]
        state.handed = True
        for name, args, options in calls:
            call_original(task, name, *args, **options)


def ask_for_report(task: Any) -> None:
    """Have a task whose result stays in the cluster print its report."""
    if getattr(task, "_tmp_output_enabled", False):
        call_original(task, "set_env_var", STAYS, "1")


def drop_stale(manager: Any, task: Any) -> None:
    """Have a function that reads something else than when it was shipped before be shipped anew."""
    if "_fn_def" not in task.__dict__ or "_event" in task.__dict__:
        return
    kept: ManagerState = state_of(manager)
    state: TaskState = state_of(task)
    function = task._fn_def[0]
    if is_vertex(function):
        return  # all that it reads are its arguments, which are shipped with each task
    reads: list[tuple[str, str]] = []
    if isinstance(state.key, Key):
        reads = sorted([item for item in state.key.components.items() if item[0].partition(" ")[0] not in _OWN])
    try:
        if not reads or kept.functions.get(function) != reads:
            manager._function_buffers.pop(function, None)
        kept.functions[function] = reads
    except TypeError:
        pass  # it can't be looked up, which TaskVine will say


def wrapper(task: Any, manager: Any, serialize: Any) -> Any:
    """Return the script that runs a function in a worker; it tells also what that reached."""
    base = (SCRIPT if is_future(task) else "py_wrapper_{}").format(int(bool(serialize)))
    known = base in manager._function_buffers
    file = call_original(task, "_fn_wrapper", manager, serialize)
    if known or not serialize or state_of(manager) is None:
        return file
    with unpatched.open(os.path.join(manager.staging_directory, base), encoding="utf-8") as stream:
        script = stream.read()
    path = os.path.join(manager.staging_directory, f"{base}_watching")
    with unpatched.open(path, "w", encoding="utf-8") as stream:
        stream.write(first_line() + (script if script.startswith("\n") else "\n" + script))
    file = manager._function_buffers[base] = manager.declare_file(path, cache=True)
    return file


# -- once it is answered ----------------------------------------------------------------------------------------------


def begin(vine: Any, manager: Any, task: Any) -> None:
    """Make an answered task look submitted."""
    state: TaskState = state_of(task)
    task.manager = manager
    if state.outputs:
        for file, _ in temporaries(task):
            state_of(file).maker = task
    if "_fn_def" in task.__dict__:
        if task._tmp_output_enabled and not fetched(state):
            task._output_file = vine.File.__new__(vine.File)
            made = FileState(manager, "declare_temp", producer=state, output=RESULT, maker=task)
            task._output_file.__dict__[NAME] = made
            state.again = {name: task.__dict__[name] for name in ("_fn_def", "_event") if name in task.__dict__}
            task._fn_def = None
            return
        task._fn_def = None
        if "_event" in task.__dict__:
            task._event = None
        assert state.record is not None and state.record.result is not None
        file = vine.File.__new__(vine.File)
        content = bytes(state.record.result)
        file.__dict__[NAME] = FileState(manager, "result", (task._id,), producer=state, output=RESULT, content=content)
        task._output_file = file


def give_back(kept: ManagerState, task: Any) -> Any:
    """Return an answered task as done."""
    state: TaskState = state_of(task)
    del kept.answered[state.id]
    state.done = True
    return task


def told(cls: type, name: str, answer: Callable[[Any, TaskState], Any]) -> property:
    """Return a property that tells of an answered task what its record says."""
    plain = original(cls, name).fget

    def get(task: Any) -> Any:
        state: TaskState | None = task.__dict__.get(NAME)
        if state is None or state.record is None:
            return plain(task)
        return answer(task, state)

    return property(get)


def command(task: Any) -> Any:
    """Return what it runs."""
    state: TaskState | None = state_of(task)
    return (state.command if state is not None else "") or original(kinds["Task"], "command").fget(task)


def number(task: Any, state: TaskState) -> int:
    """Return its id."""
    return state.id


def exit_code(task: Any, state: TaskState) -> int:
    """Return the exit code; 0 until it is returned by `wait`, as for one that runs."""
    assert state.record is not None
    return state.record.exit_code if state.done and not state.cancelled else 0


def printed(cls: type, name: str) -> property:
    """Return a property that tells what a task has printed."""
    answered = told(cls, name, std_output)

    def get(task: Any) -> Any:
        found = answered.fget(task)  # type: ignore[misc]
        return split_told(split_text(found)[0])[0] if isinstance(found, str) and SEPARATOR in found else found

    return property(get)


def std_output(task: Any, state: TaskState) -> Any:
    """Return what it printed."""
    assert state.record is not None
    printed = state.record.stdout.decode("utf-8", "surrogateescape")
    return printed if state.done and not state.cancelled else None


def result(task: Any, state: TaskState) -> str:
    """Return how it ended, in a word."""
    return "unknown" if not state.done else "cancelled" if state.cancelled else "success"


def hostname(task: Any, state: TaskState) -> Any:
    """Return where it ran when it was recorded."""
    assert state.record is not None
    return state.record.facts.host if state.done else None


def addrport(task: Any, state: TaskState) -> Any:
    """Return the address of the worker where it ran when it was recorded."""
    assert state.record is not None
    return state.record.facts.resources.get("addrport") if state.done else None


def measured(vine: Any) -> Callable[[Any, TaskState], Any]:
    """Return what tells the resources that it used when it was recorded."""

    def tell(task: Any, state: TaskState) -> Any:
        assert state.record is not None
        summary = vine.manager.rmsummary_create(-1)
        for name, value in state.record.facts.resources.items():
            if hasattr(summary, name) and isinstance(value, int | float):
                setattr(summary, name, value)
        return summary

    return tell


def stage(task: Any, state: TaskState) -> str:
    """Return the stage that it is in."""
    return "DONE" if state.done else "RETRIEVED"


def metric(task: Any, name: str) -> Any:
    """Return something that was measured."""
    state: TaskState | None = state_of(task)
    if state is None or state.record is None:
        return call_original(task, "get_metric", name)
    return state.record.facts.resources.get(name, 0)


def value(task: Any, state: TaskState) -> Any:
    """Return what the function of an answered `PythonTask` returned."""
    return _loaded(task, state, lambda found: found)


def called(task: Any, state: TaskState) -> Any:
    """Return what the function of an answered `FunctionCall` returned."""
    return _loaded(task, state, lambda found: found["Result"])


def _loaded(task: Any, state: TaskState, pick: Callable[[Any], Any]) -> Any:
    if not task._output_loaded:
        if result(task, state) == "success":
            assert state.record is not None and state.record.result is not None
            try:
                data = state.record.result
                task._output = pick(pickle.loads(data)) if task._serialize_output else bytes(data)
            except Exception as error:
                task._output = error
        else:
            task._output = kinds["PythonTaskNoResult"]()
            print(task.std_output)
        task._output_loaded = True
    return task._output


def load_result(task: Any, data: bytes) -> str:
    """Load what the function of a `FunctionCall` that has run returned; say why no record may hold that."""
    try:
        found = Loader(data)
        value = found.load()
        if value["Success"]:
            task._output, task._output_loaded = value["Result"], True
            return found.tied
    except Exception:  # TaskVine says what is wrong where the result is asked for
        pass
    return FAILED
