"""Builds the door into the classes of ``ndcctools.taskvine``, if they are as it knows them."""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

from . import tasks
from .factories import Factories
from .files import POINTER as FILE
from .files import Files
from .managers import DECLARING, SETTINGS, Managers, wait
from .opening import POINTER
from .parts import STAND_IN, compiled, kinds, originals

KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "Manager": {
        "__init__": (
            "port",
            "name",
            "shutdown",
            "run_info_path",
            "run_info_template",
            "staging_path",
            "ssl",
            "init_fn",
        ),
        "submit": ("task",),
        "wait_for_tag": ("tag", "timeout"),
        "wait_for_task_id": ("task_id", "timeout"),
        "declare_file": ("path", "cache", "peer_transfer", "unlink_when_done"),
        "declare_buffer": ("buffer", "cache", "peer_transfer"),
        "declare_temp": (),
        "declare_minitask": ("minitask", "source"),
        "create_library_from_functions": ("library_name", "function_list"),
        "install_library": ("task",),
        "_free": (),
    },
    "Task": {
        "__init__": ("command", "task_info"),
        "add_input": ("file", "remote_name"),
        "set_env_var": ("name", "value"),
    },
    "PythonTask": {
        "__init__": ("func", "args", "kwargs"),
        "submit_finalize": (),
        "_add_inputs_outputs": ("manager", "func", "args", "kwargs"),
        "_fn_wrapper": ("manager", "serialize"),
        "_fn_buffer": ("manager", "fn"),
    },
    "FunctionCall": {"__init__": ("library", "fn", "args", "kwargs"), "submit_finalize": ()},
    "Factory": {"__init__": ("batch_type", "manager", "manager_host_port"), "start": (), "stop": ()},
    "File": {"__init__": ("internal_file",), "source": (), "contents": ("unserializer",)},
}
"""Of each method that matters, the parameters that it must begin with."""
FUTURES: dict[str, dict[str, tuple[str, ...]]] = {
    "FuturePythonTask": {"submit_finalize": (), "_fn_wrapper": ("manager", "serialize"), "output": ("timeout",)},
    "VineFuture": {"__init__": ("task",)},
}
"""The same for what only calls by a ``FuturesExecutor`` need: if it differs, these run each time."""
COMPILED = (
    "vine_task_get_addrport",
    "vine_task_get_exit_code",
    "vine_task_get_hostname",
    "vine_task_get_metric",
    "vine_task_get_resources",
    "vine_task_get_result",
    "vine_task_get_stdout",
    "VINE_RESULT_SUCCESS",
)
KINDS = ("Task", "PythonTask", "FunctionCall", "LibraryTask", "PythonTaskNoResult")


class Unfit(Exception):
    """This TaskVine is not as the door knows it; the argument says where it differs."""


def check(vine: Any, known: Mapping[str, Mapping[str, tuple[str, ...]]] = KNOWN) -> None:
    """Raise `Unfit` if a method that the door touches is another."""
    for kind, methods in known.items():
        for name, parameters in methods.items():
            found = vars(getattr(vine, kind, object)).get(name)
            if not inspect.isfunction(found):
                raise Unfit(f"TaskVine {_version(vine)} has no method {kind}.{name}")
            told = tuple(inspect.signature(found).parameters)[1:]
            if told[: len(parameters)] != parameters:
                raise Unfit(f"TaskVine {_version(vine)} has other parameters of {kind}.{name}: {', '.join(told)}")
    for name in ("vine_set_task_id_min", "VINE_DEFAULT_PORT", *COMPILED):
        if not hasattr(vine.cvine, name):
            raise Unfit(f"TaskVine {_version(vine)} has no {name}")


def _version(vine: Any) -> str:
    return str(getattr(vine, "__version__", "of an unknown version"))


def install(vine: Any) -> None:
    """Build the door into a TaskVine that was imported; once is enough.

    Args:
        vine: the module ``ndcctools.taskvine``.

    Raises:
        Unfit: nothing was changed.
    """
    if (vine.Manager, "submit") in originals:
        return
    if not hasattr(vine, STAND_IN):
        check(vine)
        library = getattr(vine.cvine, "_cvine", vine.cvine)  # what its module has in Python only calls
        compiled.update({name: getattr(library, name, getattr(vine.cvine, name)) for name in COMPILED})
    kinds.update({name: getattr(vine, name) for name in KINDS})
    with contextlib.suppress(Unfit):
        check(vine, FUTURES)
        kinds.update({name: getattr(vine, name) for name in FUTURES})
        _put(vine.FuturePythonTask, "_fn_wrapper", tasks.wrapper)
    managers = Managers(vine)
    files = Files(managers)
    _managers(vine, managers)
    _tasks(vine)
    _files(vine, files)
    if not hasattr(vine, STAND_IN):
        _factories(vine, Factories(managers))


def _managers(vine: Any, own: Managers) -> None:
    put = functools.partial(_put, vine.Manager)
    put("__init__", own.init)
    put("_free", own.free)
    for name in SETTINGS:
        put(name, own.setting(name))
    for name in DECLARING:
        put(name, own.declaring(name))
    put("update_catalog", own.update_catalog)
    put("undeclare_file", own.undeclare)
    put("prune_file", own.prune)
    put("get_file_replica_count", own.replicas)
    put("fetch_file", own.fetch)
    put("create_library_from_functions", own.create_library)
    put("check_library_exists", own.library_existence())
    put("remove_library", own.remove_library)
    put("submit", own.submitting())
    put("wait", wait)
    put("wait_for_tag", own.waiting_for_tag())
    put("wait_for_task_id", own.wait_for_id)
    put("empty", own.emptiness())
    put("hungry", own.hungry)
    put("set_min_task_id", own.lowest_id)
    put("cancel_by_task_id", own.cancelling("cancel_by_task_id", lambda task, which: task.id == which))
    put("cancel_by_task_tag", own.cancelling("cancel_by_task_tag", lambda task, which: task.tag == which))
    put("cancel_by_category", own.cancelling("cancel_by_category", lambda task, which: task.category == which))
    put("cancel_all", own.cancelling("cancel_all", lambda task, which: True))
    _add(vine.Manager, POINTER, _Needed(own.pointer))
    originals[vine.Manager, "name"] = vine.Manager.name
    _add(vine.Manager, "name", property(own.name))
    _add(vine.Manager, "__getattr__", lambda manager, name: own.attribute(manager, name))
    _live(vine.Manager)


def _tasks(vine: Any) -> None:
    put = functools.partial(_put, vine.Task)
    put("__init__", tasks.init)
    put("addref", tasks.addref)
    put("set_env_var", tasks.set_env)
    put("get_metric", tasks.metric)
    for name in (*tasks.GIVING, "add_output"):
        put(name, tasks.giving(name))
    _put(vine.PythonTask, "_fn_wrapper", tasks.wrapper)
    for name, answer in {
        "id": tasks.number,
        "exit_code": tasks.exit_code,
        "result": tasks.result,
        "hostname": tasks.hostname,
        "addrport": tasks.addrport,
        "state": tasks.stage,
        "resources_measured": tasks.measured(vine),
        "resources_allocated": tasks.measured(vine),
    }.items():
        _tell(vine.Task, name, answer)
    originals[vine.Task, "command"] = vars(vine.Task)["command"]
    _add(vine.Task, "command", property(tasks.command))
    for name in ("std_output", "output"):
        originals[vine.Task, name] = vars(vine.Task)[name]
        _add(vine.Task, name, tasks.printed(vine.Task, name))
    _tell(vine.PythonTask, "output", tasks.value)
    _tell(vine.FunctionCall, "output", tasks.called)


def _files(vine: Any, own: Files) -> None:
    put = functools.partial(_put, vine.File)
    put("source", own.source)
    put("contents", own.contents)
    put("__len__", own.length)
    _add(vine.File, FILE, _Needed(own.pointer))
    _live(vine.File)


def _factories(vine: Any, own: Factories) -> None:
    put = functools.partial(_put, vine.Factory)
    put("__init__", own.init)
    put("start", own.start)
    put("stop", own.stop)


def _put(cls: type, name: str, new: Callable[..., Any]) -> None:
    """Let a function take the place of a method, if there is one in this version."""
    before = vars(cls).get(name)
    if before is None:
        return
    originals[cls, name] = before
    if isinstance(new, types.FunctionType):  # it may stand there itself: as a copy, which is given the other's name
        method: Any = types.FunctionType(new.__code__, new.__globals__, new.__name__, new.__defaults__, new.__closure__)
    else:

        def method(self: Any, /, *args: Any, **options: Any) -> Any:
            return new(self, *args, **options)

    setattr(cls, name, functools.update_wrapper(method, before))


def _tell(cls: type, name: str, answer: Callable[[Any, Any], Any]) -> None:
    originals[cls, name] = vars(cls)[name]
    setattr(cls, name, tasks.told(cls, name, answer))


def _add(cls: type, name: str, new: Any) -> None:
    setattr(cls, name, new)


class _Needed:
    """An attribute that is made when it is first asked for. From then on it is the object's own, and costs nothing."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __get__(self, thing: Any, cls: type) -> Any:
        return self if thing is None else self._make(thing)


def _live(cls: type) -> None:
    """Have objects of a class refuse to be saved: they stand for something that goes on elsewhere."""

    def refuse(self: Any, protocol: Any) -> Any:
        raise TypeError(f"a {type(self).__name__} of TaskVine is live and can't be saved")

    def same(self: Any) -> Any:
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    _add(cls, "__reduce_ex__", refuse)
    _add(cls, "__copy__", same)
