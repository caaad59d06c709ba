"""The names that are looked at: variables, and what modules of the user's own hold, under dotted names.

``mymod.reg`` is what the module ``mymod`` holds as ``reg``, ``mymod.Registry.made`` what its class holds, and
``mymod.count.calls`` an attribute of its function. Definitions and imported modules are no data: an import brings them.
"""

from __future__ import annotations

import enum
import functools
import types
import typing
from collections.abc import ItemsView, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple, cast

from .kinds import HEAP_TYPE, is_importable, module_of

_DEFINITIONS = (
    types.FunctionType,
    types.ModuleType,
    type,
    typing.TypeVar,
    functools._lru_cache_wrapper,
)
_OF_LIBRARIES = frozenset({"__future__", "typing"})
"""Modules whose objects are bound by imports in most files, and never change."""

Owner = types.ModuleType | type | types.FunctionType


class Found(NamedTuple):
    """What was found in a module or class."""

    mark: tuple[list[Any], list[int], list[int]]
    """Its keys, and which objects and types they stand for."""
    data: list[tuple[str, str]]
    """The keys of what is data, with the dotted names."""
    owners: list[tuple[str, str]]
    """Those of its classes, and of its functions that have attributes."""


class Flat(dict[str, Any]):
    """All names of a `Space` with their values, as they were at one moment."""

    def __init__(self, names: Iterable[tuple[str, Any]], space: Space) -> None:
        super().__init__(names)
        self.update(space.home)
        self.home, self.modules = space.home, space.modules


class Space(MutableMapping[str, Any]):
    """A namespace, and the data of modules."""

    def __init__(self, home: dict[str, Any]) -> None:
        self.home = home
        """The namespace itself."""
        self.modules: dict[str, types.ModuleType] = {}
        """The modules of which names are looked at, by dotted name."""
        self._found: dict[str, Found] = {}
        """What was found of a module or class when it last was another: which of its entries are data."""

    def forget(self) -> None:
        """Look at all entries anew: a function may have its first attribute, which no other mark tells."""
        self._found.clear()

    def data(self) -> Iterator[tuple[str, Any]]:
        """Yield what the modules hold, by dotted name."""
        for name, module in self.modules.items():
            entries = held(module)
            found = self._entries(name, entries, module)
            for attribute, full in found.data:
                yield full, entries[attribute]
            for attribute, full in found.owners:
                parts = held(entries[attribute])
                for inner, path in self._entries(full, parts).data:
                    yield path, parts[inner]

    def _entries(self, name: str, entries: Mapping[str, Any], module: types.ModuleType | None = None) -> Found:
        """Return which entries of a ``module``, or of a class or function, are data, and which hold some."""
        mark = list(entries), list(map(id, entries.values())), list(map(id, map(type, entries.values())))
        found = self._found.get(name)
        if found is None or found.mark != mark:
            every, wanted = list(entries.items()), is_part if module is None else is_data
            data = [(key, f"{name}.{key}") for key, value in every if wanted(key, value)]
            owners = [(key, f"{name}.{key}") for key, value in every if module and is_owner(value, key, module)]
            found = self._found[name] = Found(mark, data, owners)
        return found

    def flat(self) -> Flat:
        """Return all names with their values, those of modules first: variables are new with every cell."""
        return Flat(self.data(), self)

    def items(self) -> ItemsView[str, Any]:
        """Return all names with their values, as they are now."""
        return self.flat().items()

    def __iter__(self) -> Iterator[str]:
        """Yield all names."""
        return iter(self.flat())

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self.flat())

    def owner(self, name: str) -> tuple[Owner | None, str]:
        """Return what holds the value of a dotted name, and the attribute; None: it is a variable, or nothing does."""
        place, _, attribute = name.rpartition(".")
        if place in self.modules:
            return self.modules[place], attribute
        module, _, inner = place.rpartition(".")
        found = held(self.modules[module]).get(inner) if module in self.modules else None
        return (found if found is not None and is_owner(found, inner, self.modules[module]) else None), attribute

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a variable, or data, of a name."""
        return name in self.home or self.get(cast(str, name), self) is not self

    def __getitem__(self, name: str) -> Any:
        """Return a value."""
        if name in self.home or type(name) is not str:
            return self.home[name]
        owner, attribute = self.owner(name)
        found = held(owner).get(attribute, self) if owner is not None else self
        if found is self or not (is_data if _is_module(owner) else is_part)(attribute, found):
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        """Bind a name."""
        owner, attribute = (None, "") if name in self.home or "." not in name else self.owner(name)
        if owner is None:
            self.home[name] = value
        elif isinstance(owner, type):
            type.__setattr__(owner, attribute, value)
        else:
            held(owner)[attribute] = value

    def __delitem__(self, name: str) -> None:
        """Take a name away."""
        if name in self.home:
            del self.home[name]
            return
        owner, attribute = self.owner(name)
        if owner is None:
            raise KeyError(name)
        if isinstance(owner, type):
            type.__delattr__(owner, attribute)
        else:
            del held(owner)[attribute]


def home_of(namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the namespace itself, which functions have as their globals."""
    return namespace.home if isinstance(namespace, Space | Flat) else namespace


def looks_at(namespace: Mapping[str, Any], module: str) -> bool:
    """Tell whether what a module holds is looked at under names of its own."""
    return isinstance(namespace, Space | Flat) and module in namespace.modules


def cuts_of(namespace: Mapping[str, Any]) -> dict[int, str]:
    """Return the ids of the dictionaries of modules whose names are looked at; why a value that holds one is cut."""
    modules = namespace.modules if isinstance(namespace, Space | Flat) else {}
    return {id(held(module)): f"it holds the names of {name} itself" for name, module in modules.items()}


def held(owner: Any) -> Any:
    """Return the dictionary of a module, class or function; no code of theirs is called."""
    if _is_module(owner):
        return types.ModuleType.__getattribute__(owner, "__dict__")
    if issubclass(type(owner), type):
        return type.__getattribute__(owner, "__dict__")
    return owner.__dict__


def is_data(name: Any, value: Any) -> bool:
    """Tell whether an entry of a module is data: no definition, nor a library's object that an import binds."""
    cls = type(value)
    if type(name) is not str or name[:2] == "__" == name[-2:] or "." in name:
        return False
    if issubclass(cls, _DEFINITIONS) or module_of(cls) in _OF_LIBRARIES:
        return False
    if cls is types.BuiltinFunctionType:
        return not issubclass(type(value.__self__), types.ModuleType | type | types.NoneType)
    return True


def is_part(name: Any, value: Any) -> bool:
    """Tell whether an entry of a class, or of a function's attributes, is data: nothing that Python makes or calls."""
    if not is_data(name, value) or name.startswith("_abc_"):
        return False
    return not any("__get__" in type.__getattribute__(base, "__dict__") for base in type(value).__mro__)


def is_owner(value: Any, name: Any, module: types.ModuleType) -> bool:
    """Tell whether a definition is the module's own, under this name, and may hold data itself."""
    cls = type(value)
    if cls is types.FunctionType:
        return bool(value.__dict__) and value.__module__ == module.__name__ and value.__qualname__ == name
    if not issubclass(cls, type) or issubclass(cls, enum.EnumMeta) or not value.__flags__ & HEAP_TYPE:
        return False
    return module_of(value) == module.__name__ and is_importable(value, module.__name__, name)


def _is_module(value: object) -> bool:
    return issubclass(type(value), types.ModuleType)
