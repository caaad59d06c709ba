"""Whether what a function's part of a key rests on is still the same: for the many tasks of one function.

Only what can be compared by identity in no time counts here: functions, modules, classes of packages, plain values that
can't change. A function that rests on anything else, such as a list or a class of the user's, is followed anew for each
task. Nothing of the user's is kept alive but plain values.
"""

from __future__ import annotations

import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

from nbrewind.state.kinds import ATOM_BYTES
from nbrewind.state.space import held

from .encode import PLAIN
from .files import Files
from .owned import is_local, is_package_class

MISSING: Any = object()
"""What is not there."""

Take = Callable[[Any, Any], Any]


def take_global(function: Any, name: str) -> Any:
    """Return what a function finds under a global name."""
    return dict.get(function.__globals__, name, MISSING)


def take_builtin(function: Any, name: str) -> Any:
    """Return what a function finds under the name of a builtin."""
    return dict.get(function.__builtins__, name, MISSING)


def take_entry(module: Any, name: str) -> Any:
    """Return what a module holds."""
    return held(module).get(name, MISSING)


def take_loaded(_: Any, name: str) -> Any:
    """Return a module that is loaded."""
    return sys.modules.get(name, MISSING)


def take_code(function: Any, _: Any) -> Any:
    """Return a function's code."""
    return function.__code__


def take_name(function: Any, name: str) -> Any:
    """Return one of the names of a function."""
    return getattr(function, name)


def take_default(function: Any, place: int) -> Any:
    """Return a default of a function; of no place, how many there are."""
    defaults = function.__defaults__ or ()
    return len(defaults) if place is None else defaults[place] if place < len(defaults) else MISSING


def take_keyword(function: Any, name: str | None) -> Any:
    """Return a default by keyword; of no name, how many there are."""
    defaults = function.__kwdefaults__ or {}
    return len(defaults) if name is None else defaults.get(name, MISSING)


def take_attribute(function: Any, name: str | None) -> Any:
    """Return an attribute of a function; of no name, how many there are."""
    return len(function.__dict__) if name is None else function.__dict__.get(name, MISSING)


def take_annotation(function: Any, name: str | None) -> Any:
    """Return an annotation of a function; of no name, how many there are."""
    return len(function.__annotations__) if name is None else function.__annotations__.get(name, MISSING)


def take_enclosed(function: Any, place: int) -> Any:
    """Return what a function encloses."""
    try:
        return function.__closure__[place].cell_contents
    except ValueError:
        return MISSING


class Watch:
    """What was seen while a function was followed."""

    def __init__(self, files: Files) -> None:
        """Nothing was seen."""
        self.steady = True
        """Whether all of it can be compared."""
        self._files = files
        self._plain: list[tuple[weakref.ref[Any], Take, Any, Any]] = []
        self._objects: list[tuple[weakref.ref[Any], Take, Any, weakref.ref[Any]]] = []
        self._texts: set[str] = set()

    def see(self, take: Take, owner: Any, name: Any, value: Any) -> None:
        """Note that ``take(owner, name)`` is ``value``."""
        if not self.steady:
            return
        kind = type(value)
        if kind in PLAIN or value is MISSING or take in (take_code, take_name):
            self.steady = kind is not bytes or len(value) <= ATOM_BYTES
            self._plain.append((weakref.ref(owner), take, name, value))
        elif kind is str:
            self.steady = len(value) <= ATOM_BYTES and not self._files.names(value)
            self._texts.add(value)
            self._plain.append((weakref.ref(owner), take, name, value))
        elif kind in (types.FunctionType, types.ModuleType) or (issubclass(kind, type) and is_package_class(value)):
            self._objects.append((weakref.ref(owner), take, name, weakref.ref(value)))
        elif kind is types.BuiltinFunctionType and isinstance(value.__self__, (types.ModuleType, type(None))):
            self._objects.append((weakref.ref(owner), take, name, weakref.ref(value)))
        elif take is take_entry and not is_local(owner.__name__):
            self._plain.append((weakref.ref(owner), take, name, value))
        else:
            self.steady = False

    def holds(self) -> bool:
        """Whether all that was seen is still so."""
        for ref, take, name, value in self._plain:
            owner = ref()
            if owner is None or take(owner, name) is not value:
                return False
        for ref, take, name, wanted in self._objects:
            owner, value = ref(), wanted()
            if owner is None or value is None or take(owner, name) is not value:
                return False
        return not any(map(self._files.names, self._texts))
