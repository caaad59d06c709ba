"""Which user code started, on Python 3.12 and newer.

An ``exec`` audit event carries every code object that IPython, an import or the user is about to run. Its functions get
*local* ``sys.monitoring`` events: nothing global is switched on, so code that is not the user's costs nothing, and each
place of the user's reports once per run (``DISABLE``). Measured: 1.00-1.03 times a plain run on call-heavy and
loop-heavy cells. On older Pythons nothing is watched, and what may have started is taken from the closure of names.
"""

from __future__ import annotations

import functools
import gc
import os
import os.path
import pathlib
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from nbrewind.kernel.log import quiet
from nbrewind.planning.tables import OTHER_SETTERS, SETTER_STARTS
from nbrewind.state.code import rebuilt
from nbrewind.state.kinds import is_user_class, module_of, root_of
from nbrewind.state.objects import module_globals
from nbrewind.state.places import is_user_code

SUPPORTED = sys.version_info >= (3, 12)
TOOLS = (4, 3)
"""Ids of `sys.monitoring` to try: 0 to 2 and 5 belong to debuggers, coverage, profilers and optimisers."""

Probe = Callable[..., Any]
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)
_SETTERS = (*SETTER_STARTS, *(name.rpartition(".")[2] for name in sorted(OTHER_SETTERS)))
SUSPENDED = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)

_PROBE_LIST: list[tuple[Probe, str]] = [
    (os.path.exists, "exists"),
    (os.path.lexists, "exists"),
    (os.path.isfile, "exists"),
    (os.path.isdir, "exists"),
    (os.path.islink, "target"),
    (os.readlink, "target"),
    (os.access, "permissions"),
    (os.path.getsize, "exists"),
    (os.path.getmtime, "time"),
    (os.path.getctime, "time"),
    (os.path.getatime, "time"),
    (os.stat, "time"),
    (os.lstat, "time"),
    (pathlib.Path.exists, "exists"),
    (pathlib.Path.is_file, "exists"),
    (pathlib.Path.is_dir, "exists"),
    (pathlib.Path.is_symlink, "target"),
    (pathlib.Path.readlink, "target"),
    (pathlib.Path.stat, "time"),
    (pathlib.Path.lstat, "time"),
]
"""Functions that ask for files without an audit event, with what they tell."""

_PROBES = {id(probe): word for probe, word in _PROBE_LIST}

PROBE_NAMES = frozenset(
    {
        "exists",
        "lexists",
        "isfile",
        "isdir",
        "islink",
        "getsize",
        "getmtime",
        "getctime",
        "getatime",
        "is_file",
        "is_dir",
    }
    | {"access", "is_symlink", "readlink", "samefile"}
)
"""Their names, for code whose calls are not watched."""


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code objects nested in ``code``, at any depth, itself not included."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from codes_in(constant)


class Watch:
    """Collects started user code and the probes that it called."""

    def __init__(self) -> None:
        """Prepare; nothing is watched before `install`."""
        self.started: dict[int, types.CodeType] = {}
        """By identity: code of a definition that ran twice is equal, and each has its own events."""
        self.armed: set[types.CodeType] = set()
        """Code that began to run as it is executed or imported, and the functions in it."""
        self.probes: list[tuple[str, str]] = []
        """Path and what was asked (``exists``, ``time``, ...), of every probing call by user code since `take`."""
        self.setters: set[tuple[str, str]] = set()
        """Module and name of every function that user code called and that may set something there, by its name."""
        self.tool = -1

    def install(self, *, late: bool = False) -> None:
        """Claim a tool id. Where all are taken, nothing is watched. ``late``: there may be functions of the user's."""
        if not SUPPORTED:
            return
        monitoring = sys.monitoring
        for tool in TOOLS:
            try:
                monitoring.use_tool_id(tool, "nbrewind")
            except ValueError:
                continue
            self.tool = tool
            events = monitoring.events
            monitoring.register_callback(tool, events.PY_START, self._on_start)
            monitoring.register_callback(tool, events.PY_RESUME, self._on_start)
            monitoring.register_callback(tool, events.CALL, self._on_call)
            if late:
                for held in gc.get_objects():
                    if type(held) is types.FunctionType and _may_be_users(held):
                        self._follow(held.__code__)
            return
        quiet("watching user code", "all tool ids of sys.monitoring are taken")

    def remove(self) -> None:
        """Give the tool id back."""
        if self.tool >= 0:
            sys.monitoring.free_tool_id(self.tool)
            self.tool = -1

    @property
    def active(self) -> bool:
        """Whether user code is watched."""
        return self.tool >= 0

    def arm(self, code: types.CodeType) -> None:
        """Watch what ``code``, about to run, calls, and all functions that it defines. Called from the audit hook."""
        if self.tool < 0 or not is_user_code(code.co_filename) or _generated(code.co_filename):
            return
        events = sys.monitoring.events
        self._set(code, events.CALL)
        inner = list(codes_in(code))
        self._watch(inner)
        self.armed.update((code, *inner))

    def take(self) -> tuple[set[types.CodeType], set[types.CodeType], set[tuple[str, str]]]:
        """Return what started, was defined and set things since the last call; each place reports again."""
        started, self.started = list(self.started.values()), {}
        setters, self.setters = self.setters, set()
        armed, self.armed = self.armed, set()
        self.probes = []
        if self.tool >= 0:
            for code in started:
                self._set(code, 0)
            self._watch(started)
            for code in rebuilt:
                self._follow(code)
        rebuilt.clear()
        return set(started), armed, setters

    def _follow(self, code: types.CodeType) -> None:
        self._watch((code, *codes_in(code)))

    def _watch(self, codes: Iterable[types.CodeType]) -> None:
        events = sys.monitoring.events
        for code in codes:
            self._set(code, events.CALL | events.PY_START | events.PY_RESUME)

    def _set(self, code: types.CodeType, events: int) -> None:
        sys.monitoring.set_local_events(self.tool, code, events)

    def _on_start(self, code: types.CodeType, offset: int) -> Any:
        self.started[id(code)] = code
        return sys.monitoring.DISABLE

    def _on_call(self, code: types.CodeType, offset: int, called: object, first: object) -> Any:
        found = _PROBES.get(id(called))
        if found is None:
            if type(called) in _FUNCTIONS and called.__name__.startswith(_SETTERS):  # type: ignore[attr-defined]
                if _sets_itself(called, first):
                    return None  # the next call from this place may be on another object
                self.setters.add((str(called.__module__), called.__name__))  # type: ignore[attr-defined]
            return sys.monitoring.DISABLE
        if issubclass(type(first), (str, bytes, pathlib.PurePath)):
            self.probes.append((os.fsdecode(cast(Any, first)), found))
        else:
            self.probes.append(("", found))
        return None


def _sets_itself(called: object, first: object) -> bool:
    """Whether a call is that of a method which sets something in its own object, and that is no part of a module.

    Loggers and event loops are: they are found by asking for them. A provider looks after the levels of loggers.
    """
    if _is_log_level(first, getattr(called, "__name__", "")):
        return True
    cls = type(first)
    module, qualname = module_of(cls), getattr(called, "__qualname__", "")
    return (
        type(called) is types.FunctionType
        and qualname.count(".") == 1
        and any(vars(base).get(called.__name__) is called for base in cls.__mro__)
        and root_of(module) not in ("asyncio", "logging")
        and id(first) not in module_globals(module)
        and (not issubclass(cls, type) or is_user_class(cast(type, first)))
    )


def _is_log_level(obj: object, call: str) -> bool:
    """Whether a call sets the level of a logger: a provider looks after these."""
    logging = sys.modules.get("logging")
    return call == "setLevel" and logging is not None and issubclass(type(obj), logging.Logger)


def _generated(filename: str) -> bool:
    """Whether code about to run was made from text by a library (``<string>``: dataclasses, named tuples)."""
    if not filename.startswith("<") or filename.startswith("<ipython-input"):
        return False
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame is not None and not is_user_code(frame.f_code.co_filename)


def _may_be_users(function: types.FunctionType) -> bool:
    """Whether a function from before the watch is the user's, as far as can be told: not if a library made its text."""
    filename = function.__code__.co_filename
    if not filename.startswith("<"):
        return is_user_code(filename)
    module = str(function.__module__)
    file = getattr(sys.modules.get(module), "__file__", None)
    return (
        not filename.startswith("<frozen") and not module.startswith("namedtuple_") and (not file or is_user_code(file))
    )


_HERE = os.path.dirname(__file__) + os.sep


def names_of(codes: Iterable[types.CodeType]) -> set[str]:
    """Return all names that code objects use: globals and attributes alike."""
    return {name for code in codes for name in code.co_names}


def functions_in(value: Any, depth: int = 3) -> Iterator[types.CodeType]:
    """Yield the code of a user's function or class, that of its methods and of functions nested in it."""
    cls = type(value)  # not isinstance: it may run the user's code
    if issubclass(cls, types.FunctionType):
        if is_user_code(value.__code__.co_filename):
            yield value.__code__
            yield from codes_in(value.__code__)
    elif issubclass(cls, (staticmethod, classmethod, types.MethodType)):
        yield from functions_in(value.__func__, depth)
    elif issubclass(cls, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from functions_in(part, depth)
    elif issubclass(cls, type) and depth and type.__getattribute__(value, "__module__") == "__main__":
        for member in list(type.__getattribute__(value, "__dict__").values()):
            yield from functions_in(member, depth - 1)


def held_code(value: object) -> Iterator[types.CodeType]:
    """Yield the user's code that a value goes on with, or calls, when it is used."""
    for attribute in ("gi_code", "cr_code", "ag_code"):
        code = getattr(value, attribute, None) if type(value) in SUSPENDED else None
        if isinstance(code, types.CodeType) and is_user_code(code.co_filename):
            yield code
            yield from codes_in(code)
    if type(value) is functools._lru_cache_wrapper:
        yield from functions_in(value.__wrapped__)
