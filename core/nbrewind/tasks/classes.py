"""Classes of the user's, by what they hold, and how objects are written by their class."""

from __future__ import annotations

import _abc
import abc
import collections
import enum
import sys
import types
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from nbrewind.state.adapters import CLASS_INTERNALS
from nbrewind.state.definitions import ENUM_INTERNALS
from nbrewind.state.kinds import module_of
from nbrewind.state.space import held

from .encode import HIDDEN
from .generated import FIELD, OPTIONS, generated
from .libraries import by_name, data_way, library_way
from .owned import is_local, is_package_class, is_package_object
from .parts import Refused
from .reads import Reads
from .tied import cleans_up, words_for

_LEFT_OUT = CLASS_INTERNALS | {"__annotate_func__", "__annotations_cache__", "__hash__", "__classcell__"}
"""Entries that the interpreter makes, or that others tell of."""
_FLAGS = ("_all_bits_", "_flag_mask_", "_inverted_", "_singles_mask_", "__reduce_ex__")
"""What follows from the members of an enumeration."""
_POINTER = object.__basicsize__ // 2


class Classes(Reads):
    """Writes classes, and objects by their class."""

    def choose(self, kind: type) -> Callable[[Any], None]:
        """Return how values of a type that is none of the plain ones are written."""
        if issubclass(kind, type):
            return self.write_class
        if issubclass(kind, types.ModuleType):
            return self.write_module
        if issubclass(kind, enum.Enum):
            return self.member
        if cleans_up(kind):
            raise Refused(words_for(kind.__qualname__))
        way = data_way(self, kind)
        if way is not None:
            return way
        packages = is_package_class(kind)
        if issubclass(kind, PurePath) and packages:
            return self.write_path
        if packages:
            return library_way(self, kind)
        return self._foreign if hides_state(kind) else self.instance

    def _foreign(self, value: Any) -> None:
        """Write an object that holds what can't be seen, such as a compiled function: it needs a name."""
        # To ask an object of a class of the user's for its name would run the user's code.
        if is_local(module_of(type(value))) or not by_name(self, value):
            raise Refused(f"an object of type {type(value).__qualname__} keeps state that can't be seen")

    def write_class(self, cls: type) -> None:
        """Write a class by its name, and see that it becomes a component if it is the user's."""
        module, qualname = module_of(cls), type.__getattribute__(cls, "__qualname__")
        if is_package_class(cls):
            self.named(module, qualname)
        else:
            self.definition("class", module, qualname, cls, self._visit_class)

    def _visit_class(self, name: str, cls: type) -> None:
        self.watch.steady = False
        members = dict(type.__getattribute__(cls, "__dict__"))
        self.words(cls.__name__)
        self.fields(b"k", type(cls), type.__getattribute__(cls, "__bases__"))
        if isinstance(cls, abc.ABCMeta) and any(found() is not None for found in _abc._get_dump(cls)[0]):
            raise Refused(f"the abstract class `{name}` has registered subclasses")
        annotations = members.pop("__annotations__", None)
        if type(annotations) is dict and annotations:
            module = sys.modules.get(module_of(cls))
            self.annotations(annotations, (held(module) if module is not None else {}).get)
        if issubclass(cls, enum.Enum):
            members = self._enumeration(cls, members)
        if not self.with_members and type(cls) in (type, abc.ABCMeta, enum.EnumMeta):
            members = dict(sorted(members.items()))
        for key, value in members.items():
            if key in _LEFT_OUT and not (key == "__hash__" and value is not None):
                continue
            if (key == "__doc__" and not self.with_documents) or _is_made(key, value, members):
                continue
            self.words(key)
            if type(value) is types.MemberDescriptorType:
                self.words("slot")
                continue
            function = generated(cls, key, value)
            if function is not None:
                self.fields(b"w", function.__defaults__, function.__kwdefaults__)
            elif key == "__dataclass_fields__" or key == "__dataclass_params__":
                self._recipe(value)
            else:
                self.part(f"attribute {name}.{key}", value)

    def _recipe(self, value: Any) -> None:
        """Write what a dataclass was made from; types of fields are told by its annotations."""
        if type(value) is not dict:
            self.words(*(bool(getattr(value, name)) for name in sorted(OPTIONS)))
            return
        for name, field in value.items():
            self.words(name, field._field_type.name)
            self.fields(b"d", *(getattr(field, part) for part in FIELD), dict(field.metadata))

    def annotations(self, found: dict[str, Any], look: Callable[[str], Any]) -> None:
        """Write annotations."""
        raise NotImplementedError

    def _enumeration(self, cls: Any, members: dict[str, Any]) -> dict[str, Any]:
        """Write the members of an enumeration in their order; return what else is the user's in it."""
        standard = {"_value_", "_name_", "_sort_order_", "__objclass__", "_hashable_values_"}
        for name, member in cls._member_map_.items():
            rest = {key: value for key, value in member.__dict__.items() if key not in standard}
            self.words(name)
            self.encode(member._value_)
            self.entries(rest)
        found = {}
        for name, value in members.items():
            inner = value.__func__ if type(value) in (staticmethod, classmethod) else value
            made = type(inner) is types.WrapperDescriptorType or (
                type(inner) is types.FunctionType and inner.__module__ == "enum"
            )
            if name not in (*ENUM_INTERNALS, *_FLAGS) and name not in cls._member_map_ and not made:
                found[name] = value
        return found


def _is_made(key: str, value: Any, members: dict[str, Any]) -> bool:
    """Whether an entry was put into a class by what made it, the same for all, or in one version of Python only."""
    if key in ("__getstate__", "__replace__", "__setstate__") and type(value) is types.FunctionType:
        return is_package_object(value, "dataclasses", value.__qualname__)
    fields = members.get("_fields")
    if type(value) is not _FIELD_OF_TUPLE or type(fields) is not tuple or key not in fields:
        return False
    return bool(value.__reduce__()[1][0] == fields.index(key))


_FIELD_OF_TUPLE: type = type(collections.namedtuple("_One", "a").__dict__["a"])


def hides_state(cls: type) -> bool:
    """Whether objects of a class hold more than attributes, slots, and the content of a built-in type."""
    for base in cls.__mro__:
        if base is object or base is BaseException or base in HIDDEN:
            continue
        above = type.__getattribute__(base, "__base__")
        members = type.__getattribute__(base, "__dict__")
        slots = sum(type(value) is types.MemberDescriptorType for value in members.values())
        if above in HIDDEN and above is not base:
            slots += 2  # the dictionary and the list of weak references that a class in Python adds
        told = slots + ("__dict__" in members) + ("__weakref__" in members)
        if base.__basicsize__ - above.__basicsize__ > told * _POINTER:
            return True
    return False
