"""Methods that the standard library writes for classes from a recipe: without source, but made again to compare."""

from __future__ import annotations

import collections
import dataclasses
import re
import reprlib
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from nbrewind.state.code import canonical

_WRAPPERS = frozenset({dataclasses.__file__, reprlib.__file__})
"""Files of what the standard library puts around a method that it wrote."""
OPTIONS = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
"""How a dataclass can be made."""
_FLAGS = ("init", "repr", "hash", "compare", "kw_only")
FIELD = ("default", "default_factory", *_FLAGS)
"""What a field of a dataclass says, beside its name, type and metadata."""

_DEFAULT = re.compile(r"_dflt_(.+)|__dataclass_dflt_(.+)__")
"""Names under which a method encloses the default of a field."""

Recipe = tuple[tuple[Any, ...], ...]


def generated(cls: type, name: str, value: Any) -> types.FunctionType | None:
    """Return the function in a member of a class that is what its recipe gives; None if it is anything else.

    The fields of a dataclass or named tuple say all about it but for its defaults.
    """
    function = _function_in(value)
    if function is None:
        return None
    members = type.__getattribute__(cls, "__dict__")
    if "__dataclass_fields__" in members and "__dataclass_params__" in members:
        made = _dataclass_methods(cls.__name__, *_recipe(cls, members))
        if not _encloses(function, cls, members["__dataclass_fields__"]):
            return None
    elif "_fields" in members and "_field_defaults" in members and issubclass(cls, tuple):
        made = _named_tuple_methods(cls.__name__, members["_fields"])
    else:
        return None
    return function if made.get(name) == canonical(function.__code__)[0] else None


def _encloses(function: types.FunctionType, cls: type, fields: Mapping[str, Any]) -> bool:
    """Whether a method encloses what belongs to this class: it may be one of another class with the same fields."""
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        told = _DEFAULT.fullmatch(variable)
        field = fields.get(told[1] or told[2]) if told else None
        if told and (
            field is None or all(cell.cell_contents is not one for one in (field.default, field.default_factory))
        ):
            return False
        if variable == "cls" and cell.cell_contents.__qualname__ != cls.__qualname__:
            return False
    return True


def _function_in(value: Any) -> types.FunctionType | None:
    if type(value) in (staticmethod, classmethod):
        value = value.__func__
    if type(value) is types.FunctionType and value.__code__.co_filename in _WRAPPERS:
        value = value.__dict__.get("__wrapped__", value)
    return value if type(value) is types.FunctionType else None


def _recipe(cls: type, members: Mapping[str, Any]) -> tuple[Recipe, tuple[bool, ...], bool]:
    """Return what the methods of a dataclass depend on: its fields, its options, whether it has a `__post_init__`."""
    fields = tuple(
        (
            name,
            field._field_type.name,
            field.default is not dataclasses.MISSING,
            field.default_factory is not dataclasses.MISSING,
            *(getattr(field, flag) for flag in _FLAGS),
        )
        for name, field in members["__dataclass_fields__"].items()
    )
    options = tuple(bool(getattr(members["__dataclass_params__"], name)) for name in OPTIONS)
    return fields, options, any("__post_init__" in type.__getattribute__(base, "__dict__") for base in cls.__mro__)


@lru_cache(maxsize=256)
def _dataclass_methods(name: str, fields: Recipe, options: tuple[bool, ...], finishes: bool) -> Mapping[str, bytes]:
    """Return the code of the methods of a dataclass with this recipe, made of nothing of the user's."""
    told: list[tuple[str, Any, Any]] = []
    for field, kind, has_default, has_factory, *flags in fields:
        given: dict[str, Any] = {**({"default": None} if has_default else {})}
        given |= {"default_factory": list} if has_factory else {}
        given |= {flag: value for flag, value in zip(_FLAGS, flags, strict=True) if value is not dataclasses.MISSING}
        if kind != "_FIELD_CLASSVAR":
            cls: Any = dataclasses.InitVar if kind == "_FIELD_INITVAR" else object
            told.append((field, cls, dataclasses.field(**given)))
    namespace: dict[str, Any] = {"__post_init__": None} if finishes else {}
    try:
        chosen: dict[str, Any] = dict(zip(OPTIONS, options, strict=True))
        made = dataclasses.make_dataclass(name, told, namespace=namespace, **chosen)
    except (TypeError, ValueError):
        return {}
    return _methods(made)


@lru_cache(maxsize=256)
def _named_tuple_methods(name: str, fields: tuple[str, ...]) -> Mapping[str, bytes]:
    try:
        return _methods(collections.namedtuple(name, fields))
    except (TypeError, ValueError):
        return {}


def _methods(cls: type) -> Mapping[str, bytes]:
    found = ((name, _function_in(value)) for name, value in cls.__dict__.items())
    return {name: canonical(function.__code__)[0] for name, function in found if function is not None}
