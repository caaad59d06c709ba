"""What stands in for ``ndcctools.taskvine`` where it is not installed, so that recorded tasks are answered there too.

It has the names of TaskVine, and can do what needs no manager: tasks, files and settings are taken down, and `Door`
answers. Whatever would need TaskVine itself raises `NotInstalled`. Written from the documented interface.
"""

from __future__ import annotations

import copy
import os
import types
from collections.abc import Callable
from typing import Any

from .managers import DECLARING, SETTINGS
from .outcomes import MEASURED
from .parts import STAND_IN

NAME = "ndcctools.taskvine"
DOCUMENT = "TaskVine is not installed here. This stands in for it: recorded tasks are answered, none can run."
REMEDY = "install ndcctools (conda-forge has it) and restart the kernel, or repeat the notebook where it is installed"


class NotInstalled(RuntimeError):
    """Something needs TaskVine itself; the argument says what, and what can be done."""

    def __init__(self, what: str, why: str = "") -> None:
        """Take what needs it, and why a record does not do."""
        reason = f" ({why})" if why else ""
        super().__init__(f"{what}{reason}, and TaskVine is not installed here: {REMEDY}")


def _needs(what: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        raise NotInstalled(f"{what} needs a manager that is open")

    return method


class Manager:
    """A manager that can't open: what it is told waits."""

    def __init__(
        self,
        port: Any = 9123,
        name: Any = None,
        shutdown: Any = False,
        run_info_path: Any = "vine-run-info",
        run_info_template: Any = None,
        staging_path: Any = None,
        ssl: Any = None,
        init_fn: Any = None,
        status_display_interval: Any = None,
    ) -> None:
        """Open it, which the door has put off until now."""
        raise NotInstalled("A manager has to open")

    def __enter__(self) -> Manager:
        """Use it as a context."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self._free()

    def _free(self) -> None:
        pass

    @property
    def name(self) -> Any:
        """The name by which workers would find it; the door knows it."""
        return None

    @property
    def using_ssl(self) -> bool:
        """Whether workers would have to use SSL."""
        return bool(self.__dict__["_using_ssl"])


for _name in (
    *(*SETTINGS, *DECLARING, "application_info", "cancel_all", "cancel_by_category", "cancel_by_task_id"),
    *("cancel_by_task_tag", "check_library_exists", "create_library_from_command", "create_library_from_functions"),
    *("create_library_from_serverized_files", "empty", "fetch_file", "get_file_replica_count", "hungry"),
    *("initialize_categories", "map", "pair", "prune_file", "remote_map", "remote_pair", "remote_tree_reduce"),
    *("remove_library", "set_category_max_concurrent", "set_draining_by_hostname", "set_min_task_id", "stats_category"),
    *("status", "submit", "summarize_workers", "task_state", "tree_reduce", "undeclare_file", "undeclare_function"),
    *("update_catalog", "wait", "wait_for_tag", "wait_for_task_id", "workers_shutdown"),
):
    setattr(Manager, _name, _needs(f"Manager.{_name}"))
for _name in (
    "cache_directory",
    "library_logging_directory",
    "logging_directory",
    "port",
    "staging_directory",
    "stats",
):
    setattr(Manager, _name, property(_needs(f"Manager.{_name}")))


class File:
    """A file that was declared."""

    def source(self) -> Any:
        """Return its path; the door knows it."""
        raise NotInstalled("A file has to be declared")

    def type(self) -> Any:
        """Return its kind, as TaskVine numbers them."""
        raise NotInstalled("A file has to be declared")

    def contents(self, unserializer: Any = None) -> Any:
        """Return what it holds, if the door does not know it."""
        raise NotInstalled("A file has to be brought here")

    def set_mode(self, mode: Any) -> None:
        """Take the permissions that it is to have in the cluster, where it never comes."""

    def __bool__(self) -> bool:
        """Say that there is a file, even if it is empty."""
        return True


class Task:
    """A command to run."""

    def __init__(self, command: Any, **task_info: Any) -> None:
        """Take down what it is to be."""
        if isinstance(command, dict):
            raise TypeError(f"{command} is not a str. Did you mean **{command}?")
        self.manager: Any = None
        self._told: dict[str, Any] = {"command": command}
        for name, value in task_info.items():
            if name in ("inputs", "outputs"):
                for file, given in value.items():
                    options = given if isinstance(given, dict) else {"remote_name": given}
                    getattr(self, f"add_{name[:-1]}")(file, **options)
            elif name == "env":
                for variable, content in value.items():
                    self.set_env_var(variable, content)
            elif name != "features":
                getattr(self, f"set_{name}")(value)

    @staticmethod
    def _determine_cache_level(cache: Any = False) -> None:
        if cache not in (True, False, "task", "workflow", "worker", "forever", "always"):
            raise ValueError(f"cache can't be {cache!r}")

    def addref(self) -> Task:
        """Return a copy."""
        new = copy.copy(self)
        new._told = dict(self._told)
        return new

    def _wrong_file(self, file: Any, remote_name: Any = None, *args: Any, **options: Any) -> None:
        if not isinstance(file, File):
            raise AttributeError(f"{file!r} is not a TaskVine file")
        raise TypeError(f"{remote_name!r} is no name of a file")

    add_input = add_output = _wrong_file
    add_starch_package = add_poncho_package = add_execution_context = add_environment = _wrong_file

    def set_env_var(self, name: str, value: Any = None) -> None:
        """Set an environment variable; the door keeps it."""

    def set_function_exec_mode_from_string(self, exec_mode: str) -> None:
        """Say how a library runs its functions; the door keeps it."""

    @property
    def category(self) -> str:
        """Its category."""
        return str(self._told.get("category", "default"))

    @property
    def id(self) -> int:
        """Its number, once it is submitted."""
        return 0

    @property
    def state(self) -> str:
        """The stage that it is in."""
        return "INITIAL"

    @property
    def result(self) -> str:
        """How it ended, in a word."""
        return "unknown"

    @property
    def exit_code(self) -> int:
        """How its command ended."""
        return 0

    def get_library_required(self) -> Any:
        """Return the name of the library whose function it calls."""
        return self._told.get("library_required")

    def get_libray_provided(self) -> Any:
        """Return the name of the library that it is; so spelled by TaskVine."""
        return self._told.get("library_provided")

    def needs_library(self, library: Any) -> None:
        """Say which library it needs."""
        self._told["library_required"] = library

    def provides_library(self, library_name: Any) -> None:
        """Say which library it is."""
        self._told["library_provided"] = library_name

    def add_feature(self, name: str) -> None:
        """Take what its worker must have."""

    def add_nopen(self, manager: Any) -> None:
        """Say that it is to be watched."""

    def completed(self) -> bool:
        """Whether it has run to its end."""
        return self.result == "success"

    def successful(self) -> bool:
        """Whether it has done what it should."""
        return self.completed() and self.exit_code == 0

    def get_metric(self, name: str) -> int:
        """Return what was measured: nothing, as it has not run."""
        return 0


def _teller(name: str) -> Callable[[Any, Any], None]:
    def tell(self: Any, value: Any) -> None:
        self._told[name] = value

    return tell


def _getter(name: str, otherwise: Any = None) -> Callable[[Any], Any]:
    return lambda self: self._told.get(name, otherwise)


for _name in (
    *("category", "command", "cores", "disk", "function_slots", "gpus", "library_provided", "library_required"),
    *("max_forsaken", "memory", "monitor_output", "priority", "retries", "scheduler", "snapshot_file", "tag"),
    *("time_end", "time_max", "time_min", "time_start"),
):
    setattr(Task, f"set_{_name}", _teller(_name))
for _name in ("addrport", "command", "hostname", "limits_exceeded", "output", "std_output", "tag"):
    setattr(Task, _name, property(_getter(_name)))
for _name in ("resources_allocated", "resources_measured", "resources_requested"):
    setattr(Task, _name, property(_getter(_name)))


class PythonTask(Task):
    """A call of a function."""

    def __init__(self, func: Any, *args: Any, **kwargs: Any) -> None:
        """Take down the call."""
        self._id = ""
        self._output: Any = None
        self._output_file: Any = None
        self._output_loaded = self._tmp_output_enabled = False
        self._serialize_output = True
        self._fn_def: Any = (func, args, kwargs)
        super().__init__("")

    def enable_temp_output(self) -> None:
        """Leave the result in the cluster."""
        self._tmp_output_enabled = True

    def disable_temp_output(self) -> None:
        """Bring the result here."""
        self._tmp_output_enabled = False

    def set_output_cache(self, cache: Any = False) -> None:
        """Say how long workers keep the result, where it never is."""

    def disable_output_serialization(self) -> None:
        """Take the result as bytes."""
        self._serialize_output = False

    @property
    def output_file(self) -> Any:
        """What holds the result."""
        return self._output_file

    output = property(_getter("output"))


class FunctionCall(PythonTask):
    """A call of a function of a library."""

    def __init__(self, library: Any, fn: Any, *args: Any, **kwargs: Any) -> None:
        """Take down the call."""
        super().__init__(self, None)
        self._told |= {"command": fn, "library_required": library}
        self._event: Any = {"fn_args": args, "fn_kwargs": kwargs}

    def set_fn_args(self, args: Any = (), kwargs: Any = None) -> None:
        """Set the arguments."""
        self._event |= {"fn_args": args, "fn_kwargs": kwargs or {}}

    def set_exec_method(self, remote_task_exec_method: str) -> None:
        """Say how the worker calls it."""
        self._event["remote_task_exec_method"] = remote_task_exec_method

    output = property(_getter("output"))


class LibraryTask(Task):
    """Functions that stay with a worker."""

    def __init__(self, fn: Any, library_name: Any) -> None:
        """Take down its name."""
        super().__init__(fn)
        self._told["library_provided"] = library_name


class PythonTaskNoResult(Exception):
    """A task has no result, as it failed or was cancelled."""


class Factory:
    """What would start workers, if a task had to run."""

    def __init__(self, batch_type: Any = "local", manager: Any = None, **given: Any) -> None:
        """Take down for which manager; options are attributes."""
        if not (manager or given.get("manager_name") or given.get("manager_host_port")):
            raise ValueError("Either manager, manager_host_port, or manager_name or manager should be specified.")

    def start(self) -> Factory:
        """Start no worker: no task can run."""
        return self

    def stop(self) -> None:
        """Stop what was not started."""

    def set_environment(self, env: Any) -> None:
        """Take the environment of workers."""

    def __enter__(self) -> Factory:
        """Use it as a context."""
        return self.start()

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self.stop()


def _other(name: str) -> type:
    def init(self: Any, *args: Any, **options: Any) -> None:
        raise NotInstalled(f"{name} has no stand-in")

    return type(name, (), {"__init__": init, "__doc__": DOCUMENT})


def _set_ports(port: Any) -> None:
    """Set the variables that TaskVine sets, which a cell may have read."""
    low, high = (port, port) if isinstance(port, int) else port
    os.environ.update(TCP_LOW_PORT=str(low), TCP_HIGH_PORT=str(high))


def make(name: str) -> types.ModuleType:
    """Return a new module that stands in for ``ndcctools`` (``ndcctools.taskvine`` if that is the name)."""
    module = types.ModuleType(name, DOCUMENT)
    if name != NAME:
        return module
    from .absent_graphs import DaskVine  # which builds on what is here

    held: dict[str, Any] = {
        found.__name__: found
        for found in (DaskVine, Factory, File, FunctionCall, LibraryTask, Manager, PythonTask, PythonTaskNoResult, Task)
    }
    held |= {other: _other(other) for other in ("DaskVineDag", "FutureFunctionCall", "FuturePythonTask")}
    held |= {other: _other(other) for other in ("FuturesExecutor", "VineFuture")}
    for cls in held.values():
        cls.__module__ = NAME  # its objects are TaskVine's own to whoever saves the state
    vars(module).update(held, **{STAND_IN: NotInstalled})
    module.cvine = types.SimpleNamespace(VINE_DEFAULT_PORT=9123)  # type: ignore[attr-defined]
    module.manager = types.SimpleNamespace(  # type: ignore[attr-defined]
        set_port_range=_set_ports,
        rmsummary_create=lambda value: types.SimpleNamespace(**dict.fromkeys(MEASURED, value)),
    )
    return module
