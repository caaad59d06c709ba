"""How functions, methods and classes are saved: by import, by the name that they are bound to, or by value."""

from __future__ import annotations

import abc
import enum
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

from . import rebuild
from .adapters import CLASS_INTERNALS
from .kinds import is_importable, is_standard, is_user_class, module_of, root_of
from .sentinels import SINGLETONS
from .space import home_of

if TYPE_CHECKING:
    from .snapshot import Snapshotter

_HAS_LAZY_ANNOTATIONS = sys.version_info >= (3, 14)
ENUM_INTERNALS = frozenset(
    {
        "_member_names_",
        "_member_map_",
        "_value2member_map_",
        "_member_type_",
        "_unhashable_values_",
        "_unhashable_values_map_",
        "_hashable_values_",
        "_use_args_",
        "_new_member_",
        "_value_repr_",
        "_generate_next_value_",
        "__new__",
    }
)
"""Entries of an enumeration that the interpreter makes itself."""


def note_import(pickler: Snapshotter, module: str) -> None:
    """Note the package of something that is saved by import."""
    root = root_of(module)
    if root not in ("", "__main__", "builtins", "nbrewind"):
        pickler.packages.add(root)


def reduce_function(pickler: Snapshotter, obj: types.FunctionType) -> Any:
    """Save a Python function."""
    if is_importable(obj, obj.__module__ or "", obj.__qualname__):
        note_import(pickler, obj.__module__)
        return NotImplemented
    name = pickler.definition(obj)
    if name:
        return rebuild.ref, (name,)
    closure = obj.__closure__
    cells: list[tuple[types.CellType, Any]] = []
    for cell in closure or ():
        pickler.cells.add(id(cell))
        try:
            cells.append((cell, cell.cell_contents))
        except ValueError:
            continue
    state: dict[str, Any] = {
        "cells": cells,
        "defaults": obj.__defaults__,
        "kwdefaults": obj.__kwdefaults__,
        "qualname": obj.__qualname__,
        "module": obj.__module__,
        "doc": obj.__doc__,
        "annotations": None if _HAS_LAZY_ANNOTATIONS else (obj.__annotations__ or None),
        "annotate": getattr(obj, "__annotate__", None) if _HAS_LAZY_ANNOTATIONS else None,
        "params": getattr(obj, "__type_params__", ()),
        "dict": obj.__dict__ or {},
    }
    return (
        rebuild.function,
        (obj.__code__, Scope(_scope(pickler, obj)), obj.__name__, closure),
        state,
        None,
        None,
        rebuild.set_function,
    )


class Scope:
    """The globals of a function in a stream."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __reduce__(self) -> Any:
        """Save as a call."""
        return (rebuild.module_globals, (self.module,)) if self.module else (rebuild.namespace, ())


def _scope(pickler: Snapshotter, obj: types.FunctionType) -> str:
    """Return the module whose globals a function uses; empty for the namespace."""
    scope = obj.__globals__
    main = sys.modules.get("__main__")
    if scope is home_of(pickler.namespace) or (main is not None and scope is main.__dict__):
        return ""
    module = scope.get("__name__")
    found = sys.modules.get(module) if isinstance(module, str) else None
    if found is None or found.__dict__ is not scope or not getattr(found, "__spec__", None):
        pickler.refuse(f"the function {obj.__qualname__} has globals of its own")
    note_import(pickler, str(module))
    return str(module)


def reduce_type_variable(pickler: Snapshotter, obj: Any) -> Any:
    """Save a type variable: two of them are never equal, so it is referred to by its name as classes are."""
    if is_importable(obj, obj.__module__ or "", obj.__name__):
        return NotImplemented
    name = pickler.definition(obj)
    if name:
        return rebuild.ref, (name,)
    options: dict[str, Any] = {"infer_variance": True} if getattr(obj, "__infer_variance__", False) else {}
    if getattr(obj, "has_default", bool)():
        options["default"] = obj.__default__
    args = (obj.__name__, obj.__constraints__, obj.__bound__, obj.__covariant__, obj.__contravariant__, obj.__module__)
    return rebuild.type_variable, (*args, options) if options else args


def reduce_new_type(pickler: Snapshotter, obj: Any) -> Any:
    """Save a type of the notebook's made by ``typing.NewType``."""
    if is_importable(obj, obj.__module__ or "", obj.__qualname__):
        return NotImplemented
    return typing.NewType, (obj.__name__, obj.__supertype__), obj.__dict__


def reduce_method(pickler: Snapshotter, obj: types.MethodType) -> Any:
    """Save a bound method by its name where the class has it under that name."""
    name = getattr(obj.__func__, "__name__", "")
    owner = obj.__self__
    if not isinstance(owner, type):
        for base in type(owner).__mro__:
            if name in base.__dict__:
                if base.__dict__[name] is obj.__func__:
                    return rebuild.method, (owner, name)
                break
    elif is_importable(obj.__func__, owner.__module__, obj.__func__.__qualname__) or not is_user_class(owner):
        return NotImplemented
    return rebuild.bound, (obj.__func__, owner)


def reduce_property(pickler: Snapshotter, obj: property) -> Any:
    """Save a property."""
    return property, (obj.fget, obj.fset, obj.fdel, obj.__doc__)


def reduce_generator(pickler: Snapshotter, obj: types.GeneratorType[Any, Any, Any]) -> Any:
    """Save a generator that has ended. Its code will not run again, so what that looks up does not matter."""
    if obj.gi_frame is not None:
        return NotImplemented
    return rebuild.ended_generator, (Ended(*pickler.place(obj.gi_code, runs=False)), obj.__name__, obj.__qualname__)


class Ended:
    """The code of a generator that has ended, in a stream."""

    def __init__(self, data: bytes, index: int) -> None:
        self.args = data, index

    def __reduce__(self) -> Any:
        """Save as a call."""
        return rebuild.code, self.args


def reduce_wrapped(pickler: Snapshotter, obj: Any) -> Any:
    """Save a static or class method as it stands in a class."""
    if id(obj) in SINGLETONS:
        return rebuild.module_attribute, SINGLETONS[id(obj)]
    return type(obj), (obj.__func__,)


def reduce_class(pickler: Snapshotter, obj: type) -> Any:
    """Save a class."""
    if not is_user_class(obj):
        note_import(pickler, module_of(obj))
        if obj is type(None) or obj is type(Ellipsis) or obj is type(NotImplemented):
            return NotImplemented
        if not is_importable(obj, module_of(obj), obj.__qualname__):
            for alias in (vars(types), vars(sys.modules.get(module_of(obj), types))):
                for name, value in alias.items():
                    if value is obj:
                        return getattr, (sys.modules[str(alias["__name__"])], name)
            pickler.refuse(f"the class {obj.__qualname__} can't be imported")
        return NotImplemented
    name = pickler.definition(obj)
    if name:
        return rebuild.ref, (name,)
    meta = type(obj)
    if meta not in (type, abc.ABCMeta) and not issubclass(meta, enum.EnumMeta):
        if is_user_class(meta) or not is_standard(root_of(module_of(meta))):
            pickler.refuse(f"the class {obj.__qualname__} has a metaclass of its own")
    for base in obj.__mro__[1:]:
        if "__init_subclass__" in base.__dict__ and not is_standard(root_of(module_of(base))) and base is not object:
            pickler.refuse(f"defining the class {obj.__qualname__} runs code of its base {base.__qualname__}")
    if issubclass(obj, tuple) and "_fields" in obj.__dict__ and "_field_defaults" in obj.__dict__:
        return _named_tuple(pickler, obj)
    members = dict(obj.__dict__)
    line = members.pop("__firstlineno__", None)
    pickler.lines.append(line if isinstance(line, int) else -1)
    body: dict[str, Any] = {"__module__": module_of(obj), "__qualname__": obj.__qualname__}
    declared = members.get("__slots__")
    if declared is not None:
        body["__slots__"] = declared
        for slot in [declared] if isinstance(declared, str) else declared:
            mangled = (
                f"_{obj.__name__.lstrip('_')}{slot}" if slot.startswith("__") and not slot.endswith("__") else slot
            )
            members.pop(mangled, None)
    if "__orig_bases__" in members:
        body["__orig_bases__"] = members["__orig_bases__"]
    if isinstance(obj, abc.ABCMeta):
        _check_registry(pickler, obj)
    if isinstance(obj, enum.EnumMeta):
        return _enum(pickler, obj, members, body)
    return (
        rebuild.skeleton,
        (meta, obj.__name__, obj.__bases__, body),
        _state(obj, members),
        None,
        None,
        rebuild.set_class,
    )


def _state(obj: type, members: dict[str, Any]) -> dict[str, Any]:
    # Kept although the interpreter makes them: they can be changed afterwards, or a skeleton would lack them.
    kept = {name: value for name, value in members.items() if name not in CLASS_INTERNALS and name != "__slots__"}
    if "__doc__" in kept:
        kept["__doc__"] = kept.pop("__doc__")  # the interpreter puts it elsewhere when a class is made again
    if "__static_attributes__" in members:
        kept["__static_attributes__"] = tuple(sorted(members["__static_attributes__"]))
    if _HAS_LAZY_ANNOTATIONS:
        kept.pop("__annotations_cache__", None)
    state: dict[str, Any] = {"attributes": kept}
    if isinstance(obj, abc.ABCMeta):
        kept.pop("__abstractmethods__", None)
        state["abstract"] = tuple(sorted(obj.__abstractmethods__))
    return state


def _check_registry(pickler: Snapshotter, obj: Any) -> None:
    """Refuse an abstract class with virtual subclasses: only the interpreter knows them."""
    import _abc

    registry = _abc._get_dump(obj)[0]
    if any(found() is not None for found in registry):
        pickler.refuse(f"the abstract class {obj.__qualname__} has registered subclasses")


def _enum(pickler: Snapshotter, obj: Any, members: dict[str, Any], body: dict[str, Any]) -> Any:
    if type(obj) is not enum.EnumMeta:
        pickler.refuse(f"the class {obj.__qualname__} has a metaclass of its own")
    values = {name: member._value_ for name, member in obj._member_map_.items()}
    standard = {"_value_", "_name_", "_sort_order_", "__objclass__", "_hashable_values_"}
    extra: dict[str, dict[str, Any]] = {}
    for name, member in obj._member_map_.items():
        extra[name] = {key: value for key, value in member.__dict__.items() if key not in standard}
    if "__new__" in members and getattr(members["__new__"], "__module__", "") == "__main__":
        pickler.refuse(f"the enumeration {obj.__qualname__} makes its members itself")
    if "_missing_" in members or ("_generate_next_value_" in members and is_user_function(members)):
        pickler.refuse(f"the enumeration {obj.__qualname__} makes its members itself")
    kept = {n: v for n, v in members.items() if n not in ENUM_INTERNALS and n not in values}
    kept = {n: v for n, v in kept.items() if n not in ("__reduce_ex__", "__getnewargs__", "__doc__") or n == "__doc__"}
    state = _state(obj, kept)
    state["members"] = {name: found for name, found in extra.items() if found}
    return (
        rebuild.enum_class,
        (type(obj), obj.__name__, obj.__bases__, body, values),
        state,
        None,
        None,
        rebuild.set_class,
    )


def is_user_function(members: dict[str, Any]) -> bool:
    """Tell whether an enumeration numbers its members with code of the notebook."""
    found = members.get("_generate_next_value_")
    inner = getattr(found, "__func__", found)
    return getattr(inner, "__module__", "enum") != "enum"


def _named_tuple(pickler: Snapshotter, obj: Any) -> Any:
    """Save a named tuple class by its recipe, with what was added to it."""
    fields = tuple(obj._fields)
    defaults = tuple(obj._field_defaults.values())
    plain = rebuild.named_tuple(obj.__name__, fields, defaults, obj.__module__)
    if obj.__bases__ != (tuple,):
        pickler.refuse(f"the named tuple {obj.__qualname__} has more than one base")
    made = {"__new__", "_make", "_replace", "__replace__", "__repr__", "_asdict", "__getnewargs__", "__slots__"}
    extra: dict[str, Any] = {}
    for name, value in obj.__dict__.items():
        if name in made and getattr(getattr(value, "__func__", value), "__module__", "") != "__main__":
            continue
        if name in fields or name in CLASS_INTERNALS or name in ("_fields", "_field_defaults"):
            continue
        if name in plain.__dict__ and plain.__dict__[name] == value:
            continue
        extra[name] = value
    for name in ("__new__", "_make", "_replace", "__repr__"):
        found = obj.__dict__[name]
        qualname = getattr(getattr(found, "__func__", found), "__qualname__", "")
        if qualname != f"{obj.__name__}.{name}":
            extra[name] = found
    state = {"attributes": {**extra, "__qualname__": obj.__qualname__}, "abstract": ()}
    args = (obj.__name__, fields, defaults, obj.__module__)
    return rebuild.named_tuple, args, state, None, None, rebuild.set_class
