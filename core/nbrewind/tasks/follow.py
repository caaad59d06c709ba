"""Following of functions and modules: what a task's code reads, at any depth, becomes components of its key."""

from __future__ import annotations

import functools
import os
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from nbrewind.analysis.magics import IDENTIFIER
from nbrewind.state.attributes import attributes
from nbrewind.state.code import MAGIC, canonical
from nbrewind.state.kinds import is_importable, root_of
from nbrewind.state.places import is_user_code
from nbrewind.state.space import held

from .classes import Classes
from .encode import WAYS, Again
from .owned import is_local, is_package_object
from .parts import Refused
from .reads import refuse_hidden
from .shape import shape_of
from .steady import (
    MISSING,
    take_annotation,
    take_attribute,
    take_code,
    take_default,
    take_enclosed,
    take_global,
    take_keyword,
    take_name,
)

_LAZY_ANNOTATIONS = sys.version_info >= (3, 14)


class Follower(Classes):
    """Writes values, and follows the definitions that they lead to."""

    # Functions

    def write_function(self, function: types.FunctionType) -> None:
        """Write a function by its name, and see that its code becomes a component if it is the user's."""
        module = function.__module__ if type(function.__module__) is str else ""
        if is_package_object(function, module, function.__qualname__):
            self.named(module, function.__qualname__)
        else:
            self.definition("function", module, function.__qualname__, function, self._visit_function)

    def _visit_function(self, name: str, function: types.FunctionType) -> None:
        code = self.look(take_code, function, None)
        for told in ("__name__", "__qualname__", "__module__"):
            self.look(take_name, function, told)
        if not is_user_code(code.co_filename):
            self._made_by_library(function)
            self._visit_held(name, function)
            return
        shape = shape_of(code)
        if shape.documents and not self.with_documents:
            raise Again("docstrings")
        if shape.orders and not self.with_members:
            raise Again("members")
        self.marks |= shape.marks
        lazy = code.co_flags & 0x1000000  # from __future__ import annotations
        self.words(shape.documented if self.with_documents else shape.plain, function.__name__, bool(lazy))
        if self.with_documents:
            self.encode(function.__doc__)
        self._visit_held(name, function)
        if not _LAZY_ANNOTATIONS and self.look(take_annotation, function, None):
            for key in function.__annotations__:
                self.look(take_annotation, function, key)
            self.annotations(function.__annotations__, functools.partial(self.look, take_global, function))
        self.reads(name, shape, function)

    def _made_by_library(self, function: types.FunctionType) -> None:
        """Write the code of a function that a package has made: its text, or its bytecode if it has none."""
        code = function.__code__
        try:
            self.words(shape_of(code).documented)
        except Refused:
            self.words(MAGIC, canonical(code)[0])
        self.package(root_of(function.__globals__.get("__name__")))

    def _visit_held(self, name: str, function: types.FunctionType) -> None:
        """Write the defaults of a function, what it encloses, and its attributes."""
        code = function.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        count = self.look(take_default, function, None)
        for place, parameter in enumerate(names[code.co_argcount - count : code.co_argcount]):
            self.part(f"default {name}.{parameter}", self.look(take_default, function, place))
        if self.look(take_keyword, function, None):
            for parameter in sorted(function.__kwdefaults__ or ()):
                self.part(f"default {name}.{parameter}", self.look(take_keyword, function, parameter))
        for variable in sorted(code.co_freevars):
            place = code.co_freevars.index(variable)
            value = self.look(take_enclosed, function, place)
            self.words(variable, value is not MISSING)
            # Two functions may share a variable, not only its value.
            if not self.again((function.__closure__ or ())[place]) and value is not MISSING:
                self.part(f"enclosed {name}.{variable}", value)
        if self.look(take_attribute, function, None):
            for key in function.__dict__:
                self.look(take_attribute, function, key)
            self.entries(function.__dict__)

    def annotations(self, found: dict[str, Any], look: Callable[[str], Any]) -> None:
        """Write annotations, with the definitions that those which are texts name: libraries look for these."""
        self.entries(found)
        for value in found.values():
            text = value.__forward_arg__ if type(value) is typing.ForwardRef else value
            for word in IDENTIFIER.findall(text) if type(text) is str else ():
                named = look(word)
                if issubclass(type(named), (type, types.FunctionType)):
                    self.encode(named)

    def write_method(self, method: types.MethodType) -> None:
        """Write a bound method."""
        self.fields(b"m", method.__func__, method.__self__)

    def write_builtin(self, function: types.BuiltinFunctionType) -> None:
        """Write a function or bound method in C, by its name."""
        refuse_hidden(function)
        owner = function.__self__
        if owner is not None and type(owner) is not types.ModuleType:
            self.words(function.__name__)
            self.fields(b"M", owner)
            return
        module = function.__module__ or ""
        if not is_importable(function, module, function.__qualname__):
            raise Refused(f"the function `{function.__qualname__}` can't be found by its name")
        self.named(module, function.__qualname__)

    def write_descriptor(self, found: Any) -> None:
        """Write a method of a class in C, not bound."""
        self.words(found.__name__)
        self.fields(b"J", found.__objclass__)

    def write_slot(self, found: Any) -> None:
        """Write a method of a class in C, bound."""
        self.words(found.__name__)
        self.fields(b"M", found.__self__)

    def write_cached(self, found: Any) -> None:
        """Write a function that remembers its results: these stand for themselves."""
        module = found.__module__ if type(found.__module__) is str else ""
        if is_package_object(found, module, found.__qualname__):
            self.named(module, found.__qualname__)
        else:
            parameters = found.cache_parameters()
            self.fields(b"l", found.__wrapped__, parameters["maxsize"], parameters["typed"])

    def write_partial(self, found: functools.partial[Any]) -> None:
        """Write a function with some of its arguments."""
        if not self.again(found):
            self.fields(b"Q", type(found), found.func, found.args, found.keywords)
            self.entries(attributes(found))

    def write_property(self, found: property) -> None:
        """Write a property."""
        self.fields(b"G", found.fget, found.fset, found.fdel, found.__doc__ if self.with_documents else None)

    def write_wrapped(self, found: Any) -> None:
        """Write a static or class method."""
        self.fields(b"N", type(found), found.__func__)

    def write_computed_once(self, found: functools.cached_property[Any]) -> None:
        """Write a cached property."""
        self.words(found.attrname)
        self.fields(b"X", found.func)

    def write_type_variable(self, found: typing.TypeVar) -> None:
        """Write a type variable."""
        if is_package_object(found, found.__module__ or "", found.__name__):
            self.named(found.__module__, found.__name__)
        else:
            bounds = (found.__bound__, found.__covariant__, found.__contravariant__)
            self.words(found.__name__)
            self.fields(b"V", found.__constraints__, *bounds)

    def write_new_type(self, found: typing.NewType) -> None:
        """Write a type of ``typing.NewType``."""
        self.words(found.__name__)
        self.fields(b"Z", found.__supertype__)

    def write_forward(self, found: typing.ForwardRef) -> None:
        """Write the name of a type that need not be there yet."""
        self.words("forward", found.__forward_arg__)

    def write_alias(self, found: types.GenericAlias | types.UnionType) -> None:
        """Write a type with arguments, or a union of types."""
        self.fields(b"[", getattr(found, "__origin__", None), found.__args__)

    # Modules

    def write_module(self, module: types.ModuleType) -> None:
        """Write a module: of one of the user's, all that it holds becomes a component."""
        name = held(module).get("__name__")
        if type(name) is not str or sys.modules.get(name) is not module or name in ("__main__", "builtins", "sys"):
            raise Refused(f"the module `{name}` can't be followed as a whole")
        if not is_local(name):
            self.named(name, "")
            return
        file = os.path.basename(held(module).get("__file__") or "")
        shown = name if file in ("", "__init__.py") else file
        self.definition("helper module", "", shown, module, self._visit_module)

    def _visit_module(self, name: str, module: types.ModuleType) -> None:
        self.watch.steady = False
        where = held(module)["__name__"]
        for key, value in sorted(held(module).items()):
            if key[:2] != "__" or key == "__getattr__":
                self.words(key)
                self.part(f"global {where}.{key}", value)


def _ways() -> dict[type, Callable[[Follower, Any], None]]:
    in_c = (types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType)
    return {
        types.FunctionType: Follower.write_function,
        types.MethodType: Follower.write_method,
        types.BuiltinFunctionType: Follower.write_builtin,
        **dict.fromkeys((*in_c, types.GetSetDescriptorType, types.MemberDescriptorType), Follower.write_descriptor),
        types.MethodWrapperType: Follower.write_slot,
        type(functools.cache(len)): Follower.write_cached,
        functools.partial: Follower.write_partial,
        property: Follower.write_property,
        staticmethod: Follower.write_wrapped,
        classmethod: Follower.write_wrapped,
        functools.cached_property: Follower.write_computed_once,
        typing.TypeVar: Follower.write_type_variable,
        typing.NewType: Follower.write_new_type,
        typing.ForwardRef: Follower.write_forward,
        types.GenericAlias: Follower.write_alias,
        types.UnionType: Follower.write_alias,
        types.ModuleType: Follower.write_module,
    }


_OWN = _ways()
Follower.ways = {**WAYS, **_OWN}
Follower.definitions = frozenset(_OWN)
