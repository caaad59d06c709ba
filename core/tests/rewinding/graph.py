"""The shape of all that a namespace holds, as text: equal for two namespaces that nobody could tell apart.

Every object that can be changed gets a number where it is first met, and its number everywhere else: so the text says
which are one and the same. Arrays say which memory they show, and where in it. Of what can't change, the value counts.
Nothing of the user's is called. It knows nothing of the project's own code.
"""

from __future__ import annotations

import array
import collections
import decimal
import functools
import gc
import hashlib
import os
import random
import re
import sys
import types
import weakref
from collections.abc import Callable, Iterable
from typing import Any

ATOMS = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range)
OF_THE_SHELL = re.compile(r"_+|_(i+|oh|dh|ih)|_i?\d+|In|Out|get_ipython|exit|quit|open|__\w+__|__session__")
INSIDE = {
    "__dict__",
    "__weakref__",
    "__module__",
    "_abc_impl",
    "__slotnames__",
    "__firstlineno__",
    "__annotations_cache__",
}
ITERATORS = {
    type(iter([])), type(reversed([])), type(iter(())), type(iter("")), type(iter(b"")), type(iter(bytearray())),
    type(iter(range(0))), zip, map, filter, enumerate, type(iter(collections.deque())), types.GenericAlias,
}  # fmt: skip


def form(namespace: dict[str, Any]) -> list[str]:
    """Return the text, line by line."""
    return _Form(namespace).lines


class _Form:
    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.numbers: dict[int, int] = {}
        self.waiting: collections.deque[Any] = collections.deque()
        self.keep: list[Any] = []
        self.lines = []
        for name in sorted(name for name in namespace if not OF_THE_SHELL.fullmatch(name)):
            self.lines.append(f"{name} = {self.token(namespace[name])}")
        while self.waiting:
            found = self.waiting.popleft()
            self.lines.append(f"#{self.numbers[id(found)]}: {self.described(found)}")
        self.lines += _settings()

    def token(self, obj: Any) -> str:
        """Return what stands for an object in others."""
        cls = type(obj)
        if cls in ATOMS:
            return repr(obj) if len(repr(obj)) < 200 else f"{cls.__name__} {hash(repr(obj))}"
        if cls is tuple:
            return f"({', '.join(map(self.token, obj))})"
        if cls in (set, frozenset) and all(type(item) in (*ATOMS, tuple) for item in obj):
            inner = f"{cls.__name__}{sorted(map(self.token, obj))}"
            return inner if cls is frozenset else self.numbered(obj)
        if cls is types.ModuleType:
            return f"module {obj.__name__}"
        if cls is types.MethodType:
            return f"bound {self.token(obj.__func__)} of {self.token(obj.__self__)}"
        if cls is types.BuiltinFunctionType:
            owner = obj.__self__
            return (
                f"{obj.__qualname__} of {self.token(owner) if type(owner) is not types.ModuleType else obj.__module__}"
            )
        numpy: Any = sys.modules["numpy"]
        if isinstance(obj, numpy.generic) and not isinstance(obj, numpy.void):
            return f"{obj.dtype} {obj!r}"
        if cls is slice:
            return f"slice{self.token((obj.start, obj.stop, obj.step))}"
        if isinstance(obj, type | types.FunctionType) and obj.__module__ != "__main__" and "<" not in obj.__qualname__:
            return f"{obj.__module__}.{obj.__qualname__}"
        if obj is self.namespace:
            return "namespace"
        return self.numbered(obj)

    def numbered(self, obj: Any) -> str:
        """Return an object's number; it is described later."""
        if id(obj) not in self.numbers:
            self.numbers[id(obj)] = len(self.numbers)
            self.waiting.append(obj)
            self.keep.append(obj)
        return f"#{self.numbers[id(obj)]}"

    def tokens(self, items: Iterable[Any]) -> str:
        return f"[{', '.join(map(self.token, items))}]"

    def pairs(self, items: Iterable[tuple[Any, Any]]) -> str:
        return f"{{{', '.join(f'{self.token(key)}: {self.token(value)}' for key, value in items)}}}"

    def described(self, obj: Any) -> str:
        """Return what is said of an object once."""
        if isinstance(obj, type):
            return self.of_class(obj)
        for base in type(obj).__mro__:
            known = KINDS.get(f"{base.__module__}.{base.__qualname__}")
            if known is not None:
                return f"{self.token(type(obj))} {known(self, obj)}{self.of_instance(obj)}"
        if type(obj) in ITERATORS:
            if type(obj) is type(iter([])) and _has_ended(obj):
                return "an iterator that has ended"
            return f"{type(obj).__name__} {self.token(obj.__reduce__())}"
        return f"{self.token(type(obj))}{self.of_instance(obj)}"

    def of_instance(self, obj: Any) -> str:
        """Return an instance's attributes."""
        found = ""
        if isinstance(obj, functools.partial | BaseException):
            return found  # to ask for its attributes would make a dictionary for them
        try:
            own = object.__getattribute__(obj, "__dict__")
        except AttributeError:
            own = None
        if type(own) is dict and not type(obj).__module__.startswith("pandas"):
            found += f" with {self.pairs(own.items())}"
        for base in type(obj).__mro__:
            for name, member in vars(base).items():
                if isinstance(member, types.MemberDescriptorType) and base.__module__ == "__main__":
                    try:
                        found += f" {name}: {self.token(member.__get__(obj))}"
                    except AttributeError:
                        found += f" {name}: none"
        return found

    def of_class(self, cls: type) -> str:
        """Return a class of the user's with all that it holds."""
        members = sorted((name, value) for name, value in vars(cls).items() if name not in INSIDE)
        shown = []
        for name, value in members:
            if name == "__static_attributes__":
                value = tuple(sorted(value))
            if isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType | weakref.ReferenceType):
                shown.append(f"{name}: {type(value).__name__}")
            elif name in ("__abstractmethods__",):
                shown.append(f"{name}: {sorted(value)}")
            elif isinstance(value, staticmethod | classmethod):
                shown.append(f"{name}: {type(value).__name__} {self.token(value.__func__)}")
            elif isinstance(value, property):
                shown.append(f"{name}: property {self.token((value.fget, value.fset, value.fdel))}")
            else:
                shown.append(f"{name}: {self.token(value)}")
        return f"class {cls.__qualname__}{self.token(cls.__bases__)} {type(cls).__name__} {{{', '.join(shown)}}}"

    def of_function(self, obj: types.FunctionType) -> str:
        return " ".join(
            [
                obj.__qualname__,
                obj.__module__,
                _code(obj.__code__),
                "here" if obj.__globals__ is self.namespace else "elsewhere",
                self.token(obj.__defaults__),
                self.token(obj.__kwdefaults__),
                self.token(obj.__closure__),
                self.token(obj.__doc__),
                self.pairs(sorted((k, str(v)) for k, v in obj.__annotations__.items())),
            ]
        )

    def of_cell(self, obj: types.CellType) -> str:
        try:
            return self.token(obj.cell_contents)
        except ValueError:
            return "empty"

    def of_array(self, obj: Any) -> str:
        """Return an array with the memory that it shows, and where in that it begins."""
        import numpy as np

        owner = obj
        while True:
            base = owner.base
            if type(base).__name__ == "DummyArray":  # stands between some views and their array
                base = base.base
            if not isinstance(base, np.ndarray):
                break
            owner = base
        address = obj.__array_interface__["data"][0] - owner.__array_interface__["data"][0] if obj.size else 0
        base = owner.base.obj if isinstance(owner.base, memoryview) else owner.base
        shows = "itself" if owner is obj else self.token(owner)
        items = obj.tolist()
        flat = self.token(items) if obj.ndim == 0 else self.nested(items, obj.ndim)
        strides = obj.strides if obj.size > 1 else ()
        return (
            f"{obj.dtype} {obj.shape} {strides} {obj.flags.writeable} shows {shows} from {address}"
            f" of {self.token(base)}: {flat}"
        )

    def nested(self, items: Any, depth: int) -> str:
        if depth == 0:
            return self.token(items)
        return f"[{', '.join(self.nested(item, depth - 1) for item in items)}]"

    def of_frame(self, obj: Any) -> str:
        columns = obj.columns.tolist()
        shown = [f"{obj.iloc[:, i].dtype} {self.tokens(obj.iloc[:, i].tolist())}" for i in range(len(columns))]
        return f"{self.of_index(obj.columns)} {self.of_index(obj.index)} {shown} {self.token(obj.attrs)}"

    def of_series(self, obj: Any) -> str:
        return f"{obj.name} {obj.dtype} {self.tokens(obj.tolist())} {self.of_index(obj.index)} {self.token(obj.attrs)}"

    def of_index(self, obj: Any) -> str:
        return f"{type(obj).__name__} {list(obj.names)} {obj.dtype} {self.tokens(obj.tolist())}"

    def of_partial(self, obj: Any) -> str:
        func, args, keywords, own = obj.__reduce__()[2]
        return f"{self.token(func)} {self.token(args)} {self.pairs(keywords.items())} {self.pairs((own or {}).items())}"

    def of_generator(self, obj: Any) -> str:
        frame = obj.gi_frame
        where = "ended" if frame is None else f"{frame.f_lineno} {self.pairs(sorted(frame.f_locals.items()))}"
        return f"{obj.__qualname__} {_code(obj.gi_code)} {where}"

    def of_weak(self, obj: Any) -> str:
        return f"to {self.token(obj())}"


def _code(code: types.CodeType) -> str:
    """Return what tells two pieces of code apart."""
    inner = [_code(item) if isinstance(item, types.CodeType) else repr(item) for item in code.co_consts]
    found = repr((code.co_code, code.co_names, code.co_varnames, code.co_freevars, inner, code.co_firstlineno))
    return "code:" + hashlib.sha256(found.encode()).hexdigest()[:12]


def _has_ended(iterator: Any) -> bool:
    """Whether an iterator over a list has ended, or will at once: nobody else holds the list that it goes through."""
    parts = iterator.__reduce__()
    items = parts[1][0]
    return not items and (len(parts) == 2 or sys.getrefcount(items) <= 4)


def _settings() -> list[str]:
    """Return interpreter state outside variables."""
    numpy: Any = sys.modules["numpy"]
    states = repr((random.getstate(), repr(numpy.random.get_state())))
    return [
        f"random {hashlib.sha256(states.encode()).hexdigest()[:12]}",
        f"environ {os.environ.get('RW_ONE')} {os.environ.get('RW_TWO')}",
        f"precision {decimal.getcontext().prec} {numpy.get_printoptions()['precision']}",
    ]


KINDS: dict[str, Callable[[_Form, Any], str]] = {
    "builtins.list": lambda form, obj: form.tokens(list.__iter__(obj)),
    "collections.OrderedDict": lambda form, obj: form.pairs(collections.OrderedDict.items(obj)),
    "collections.defaultdict": lambda form, obj: f"{form.token(obj.default_factory)} {form.pairs(dict.items(obj))}",
    "builtins.dict": lambda form, obj: form.pairs(dict.items(obj)),
    "builtins.set": lambda form, obj: str(sorted(map(form.token, set.__iter__(obj)))),
    "builtins.tuple": lambda form, obj: form.tokens(tuple.__iter__(obj)),
    "collections.deque": lambda form, obj: f"{obj.maxlen} {form.tokens(obj)}",
    "builtins.bytearray": lambda form, obj: repr(bytes(obj)),
    "builtins.memoryview": lambda form, obj: f"{obj.format} {obj.shape} {bytes(obj)!r} of {form.token(obj.obj)}",
    "array.array": lambda form, obj: f"{obj.typecode} {array.array.tolist(obj)}",
    "builtins.function": _Form.of_function,
    "builtins.cell": _Form.of_cell,
    "numpy.ndarray": _Form.of_array,
    "numpy.void": lambda form, obj: f"{obj.dtype} {obj!r}",
    "pandas.DataFrame": _Form.of_frame,
    "pandas.core.frame.DataFrame": _Form.of_frame,
    "pandas.Series": _Form.of_series,
    "pandas.core.series.Series": _Form.of_series,
    "functools.partial": _Form.of_partial,
    "builtins.generator": _Form.of_generator,
    "weakref.ReferenceType": _Form.of_weak,
    "builtins.mappingproxy": lambda form, obj: f"of {form.tokens(gc.get_referents(obj))}",
    "builtins.dict_keys": lambda form, obj: f"of {form.tokens(gc.get_referents(obj))}",
    "builtins.dict_items": lambda form, obj: f"of {form.tokens(gc.get_referents(obj))}",
    "re.Match": lambda form, obj: f"{obj.re.pattern} {obj.regs} {form.token(obj.string)}",
    "itertools.repeat": lambda form, obj: form.token(obj.__reduce__()[1]),
    "pandas.Index": _Form.of_index,
    "pandas.core.groupby.generic.DataFrameGroupBy": lambda form, obj: form.token(obj.obj),
    "pandas.api.typing.DataFrameGroupBy": lambda form, obj: form.token(obj.obj),
    "pandas.Categorical": lambda form, obj: repr(obj),
    "random.Random": lambda form, obj: hashlib.sha256(repr(obj.getstate()).encode()).hexdigest()[:12],
    "numpy.random._generator.Generator": lambda form, obj: repr(obj.bit_generator.state),
    "enum.Enum": lambda form, obj: repr(obj),
    "itertools.count": lambda form, obj: repr(obj),
    "functools._lru_cache_wrapper": lambda form, obj: repr(obj.cache_info()),
    "operator.itemgetter": lambda form, obj: repr(obj),
    "builtins.BaseException": lambda form, obj: form.token(
        (obj.args, obj.__cause__, obj.__context__, obj.__suppress_context__, (obj.__reduce__()[2:] or ({},))[0])
    ),
}
