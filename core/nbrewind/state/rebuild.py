"""What a saved value calls when it is loaded. Streams refer to these functions by name: never rename one.

Those that need to know where they are loaded (``ref``, ``code``, ``namespace``) are taken from the `Builder` instead.
"""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
import importlib
import re
import sys
import types
import typing
import weakref
from typing import Any

from . import code as code_module


class LoadProblem(Exception):
    """A value can't be loaded; the message says why, for people."""


class Builder:
    """Resolves what depends on the place of loading: names, the live namespace, line numbers."""

    def __init__(self, namespace: dict[str, Any], resolve: Any, places: list[Any]) -> None:
        self._namespace = namespace
        self._resolve = resolve
        self._places = places

    def ref(self, name: str) -> Any:
        """Return the definition that is bound to a name."""
        return self._resolve(name)

    def namespace(self) -> dict[str, Any]:
        """Return the live namespace: functions keep it as their globals."""
        return self._namespace

    def code(self, data: bytes, index: int) -> types.CodeType:
        """Return a code object with its line numbers."""
        places = self._places[index] if index < len(self._places) else None
        return code_module.rebuild(data, places)


def ref(name: str) -> Any:
    """Stand in for `Builder.ref`."""
    raise LoadProblem(f"{name} can only be resolved while loading")


def namespace() -> Any:
    """Stand in for `Builder.namespace`."""
    raise LoadProblem("the namespace is only known while loading")


def code(data: bytes, index: int) -> Any:
    """Stand in for `Builder.code`."""
    return code_module.rebuild(data, None)


def module(name: str) -> types.ModuleType:
    """Import a module."""
    return importlib.import_module(name)


def module_globals(name: str) -> dict[str, Any]:
    """Return the globals of a library module, for functions made there."""
    return importlib.import_module(name).__dict__


def module_attribute(name: str, attribute: str) -> Any:
    """Return a global object of a module."""
    return getattr(importlib.import_module(name), attribute)


def type_variable(
    name: str,
    constraints: tuple[Any, ...],
    bound: Any,
    covariant: bool,
    contravariant: bool,
    module: str,
    options: dict[str, Any] | None = None,
) -> Any:
    """Make a type variable. ``options``: those of newer Pythons."""
    make: Any = typing.TypeVar
    made = make(
        name, *constraints, bound=bound, covariant=covariant, contravariant=contravariant, **(options or {})
    )  # fmt: skip
    made.__module__ = module
    return made


def ended_generator(code: types.CodeType, name: str, qualname: str) -> Any:
    """Make a generator that has ended. None of its code runs: it is closed before it begins."""
    closure = tuple(types.CellType() for _ in code.co_freevars)
    inputs = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    made = types.FunctionType(code, {}, name, None, closure)
    found = made(*(None for _ in inputs[: code.co_argcount]), **dict.fromkeys(inputs[code.co_argcount :]))
    found.close()
    found.__name__, found.__qualname__ = name, qualname
    return found


def set_position(iterator: Any, state: tuple[list[Any], int]) -> None:
    """Set where an iterator of a list stands; it would stop short where the list is not complete yet."""
    items, place = state
    length = list.__len__(items)
    list.extend(items, [None] * (place + 1 - length))
    iterator.__setstate__(place)
    list.__delitem__(items, slice(length, None))


def cell() -> types.CellType:
    """Return an empty closure cell; the function's state fills it."""
    return types.CellType()


def function(
    code: types.CodeType, scope: dict[str, Any], name: str, closure: tuple[types.CellType, ...] | None
) -> types.FunctionType:
    """Make a function; `set_function` gives it the rest."""
    return types.FunctionType(code, scope, _one(name), None, closure)


def _one(text: Any) -> Any:
    """Return the one object of a text that functions, classes and code share where they were not loaded."""
    if type(text) is tuple:
        return tuple(map(_one, text)) if all(type(each) is str for each in text) else text
    return sys.intern(text) if type(text) is str else text


_BY_NAME = ("__annotations__", "__dataclass_fields__")


def _by_name(found: Any) -> Any:
    """Give annotations and fields the names that code has; they stay the same object."""
    if type(found) is dict:
        items = [(_one(name), value) for name, value in found.items()]
        found.clear()
        found.update(items)
        for value in found.values():
            if type(value) is dataclasses.Field:
                value.name = _one(value.name)
    return found


def set_function(obj: Any, state: dict[str, Any]) -> None:
    """Give a function its defaults, attributes and closure contents."""
    for found, content in state["cells"]:
        found.cell_contents = content
    obj.__defaults__ = state["defaults"]
    obj.__kwdefaults__ = state["kwdefaults"]
    obj.__qualname__ = _one(state["qualname"])
    obj.__module__ = _one(state["module"])
    obj.__doc__ = state["doc"]
    if state["annotations"]:
        obj.__annotations__ = _by_name(state["annotations"])
    if state.get("annotate"):
        obj.__annotate__ = state["annotate"]
    if state["params"]:
        obj.__type_params__ = state["params"]
    obj.__dict__.update(state["dict"])


def method(owner: Any, name: str) -> types.MethodType:
    """Return a method of an object, without running what the object does on attribute access."""
    for base in type(owner).__mro__:
        if name in base.__dict__:
            return types.MethodType(base.__dict__[name], owner)
    raise LoadProblem(f"{type(owner).__name__} has no method {name}")


def bound(func: Any, owner: Any) -> types.MethodType:
    """Bind a function to an object."""
    return types.MethodType(func, owner)


def new(cls: type, base: type, args: tuple[Any, ...]) -> Any:
    """Make an instance without running the class's own ``__new__`` or ``__init__``."""
    return base.__new__(cls, *args)


def set_plain(obj: Any, state: tuple[Any, Any]) -> None:
    """Give an instance its attributes without running its ``__setattr__``."""
    members, slots = state
    if type(members) is tuple:  # the dictionary itself: something else has it, too
        object.__setattr__(obj, "__dict__", _interned(*members))
    elif members:
        object.__getattribute__(obj, "__dict__").update({sys.intern(k): v for k, v in members.items()})
    for name, value in (slots or {}).items():
        object.__setattr__(obj, name, value)


def _interned(members: dict[Any, Any]) -> dict[Any, Any]:
    """Return the same dictionary, the names in it as Python keeps names."""
    if type(members) is dict and any(type(key) is str and sys.intern(key) is not key for key in members):
        pairs = [(sys.intern(key) if type(key) is str else key, value) for key, value in members.items()]
        members.clear()
        members.update(pairs)
    return members


def mapping_proxy(mapping: Any) -> types.MappingProxyType[Any, Any]:
    """Return a read-only view of a mapping."""
    return types.MappingProxyType(mapping)


class _Nothing:
    pass


def weak(target: Any) -> weakref.ref[Any]:
    """Return a weak reference."""
    return weakref.ref(target)


def dead() -> weakref.ref[Any]:
    """Return a weak reference whose object is gone."""
    return weakref.ref(_Nothing())


def skeleton(meta: type, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
    """Make a class without its attributes, so that these may refer to it."""
    body = {key: _one(value) for key, value in body.items()}
    return types.new_class(_one(name), bases, {"metaclass": meta}, lambda scope: scope.update(body))


def enum_class(meta: type, name: str, bases: tuple[type, ...], body: dict[str, Any], members: dict[str, Any]) -> type:
    """Make an enumeration with its members."""
    scope = meta.__prepare__(name, bases)
    for key, value in {**{key: _one(value) for key, value in body.items()}, **members}.items():
        scope[key] = value
    made: type = meta(_one(name), bases, scope)
    return made


def enum_member(cls: Any, name: str) -> Any:
    """Return a member of an enumeration."""
    return cls._member_map_[name]


def enum_value(cls: Any, value: Any) -> Any:
    """Return a combination of flags."""
    return cls(value)


def named_tuple(name: str, fields: tuple[str, ...], defaults: tuple[Any, ...], module: str) -> type:
    """Make a named tuple class."""
    make: Any = collections.namedtuple
    made: type = make(name, fields, defaults=defaults, module=_one(module))
    return made


def set_class(obj: type, state: dict[str, Any]) -> None:
    """Give a class its attributes."""
    early = set(type.__getattribute__(obj, "__dict__")) - {"__doc__", "__module__"}
    for name, value in state["attributes"].items():
        if name in early and not isinstance(obj, enum.EnumMeta):
            type.__delattr__(obj, name)  # a base class sets it where it is made: attributes have an order
        type.__setattr__(obj, name, _by_name(value) if name in _BY_NAME else _one(value))
    for name, extra in state.get("members", {}).items():
        obj.__dict__["_member_map_"][name].__dict__.update(extra)
    if isinstance(obj, abc.ABCMeta):
        type.__setattr__(obj, "__abstractmethods__", state["abstract"])


def exception(cls: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """Make an exception without running its ``__init__``."""
    return cls.__new__(cls, *args)


def set_raised(obj: BaseException, state: tuple[Any, Any, Any, bool]) -> None:
    """Give an exception its attributes, its cause and its context."""
    own, cause, context, suppress = state
    if isinstance(own, tuple):
        set_plain(obj, own)
    elif own is not None:
        obj.__setstate__(own)
    obj.__cause__, obj.__context__, obj.__suppress_context__ = cause, context, suppress


def view(mapping: dict[Any, Any], kind: str) -> Any:
    """Return the keys, values or items of a dictionary."""
    return getattr(mapping, kind)()


def match(pattern: re.Pattern[Any], way: str, text: Any, start: int, end: int) -> Any:
    """Search again."""
    return getattr(pattern, way)(text, start, end)


def ctypes_array(element: type, values: list[Any]) -> Any:
    """Make an array of ctypes' simple values."""
    return (element * len(values))(*values)  # type: ignore[operator]


def set_container(obj: Any, state: tuple[Any, list[Any]]) -> None:
    """Give an instance of a list or dict subclass its attributes and items without running its code."""
    set_plain(obj, state[0])
    if isinstance(obj, list):
        list.extend(obj, state[1])
    else:
        for key, value in state[1]:
            dict.__setitem__(obj, key, value)
