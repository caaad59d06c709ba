"""References that the garbage collector does not see, or that must not be followed blindly.

Functions: not into their globals. Classes: only the notebook's own, not into what the interpreter keeps about them.
Arrays: the memory that they share, their elements if these are objects. pandas: its blocks are copied before they
are written, so frames that share them are not linked.
"""

from __future__ import annotations

import builtins
import enum
import gc
import re
import sys
import types
import typing
import warnings
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from . import tensors
from .kinds import ALIASES, LEAVES, is_importable, is_user_class, module_of, root_of
from .sentinels import SHARED

if TYPE_CHECKING:
    from .links import Walker

PRIVATE_OWNERS = {"PyCapsule", "_memoryviewslice", "Buffer", "SwigPyObject"}
"""Types of objects that own an array's memory and that nobody else reaches."""

NAMESPACE = "it reaches the namespace of the notebook itself"

PROXIES = (weakref.ProxyType, weakref.CallableProxyType)

DEFINITIONS = (types.FunctionType, type, typing.TypeVar)

EXTENSION = "ExtensionArray"
"""The base of pandas' own kinds of arrays."""

CLASS_INTERNALS = frozenset(
    {
        "__dict__",
        "__weakref__",
        "_abc_impl",
        "__module__",
        "__qualname__",
        "__firstlineno__",
        "__static_attributes__",
        "__slotnames__",
    }
)
"""Entries of a class that the interpreter makes itself."""


def parts_of_interpreter() -> dict[int, str]:
    """Return the ids of namespaces and lists of the interpreter's own, which are never followed, and why not.

    Constants among them are no reason: their ids come with an empty text.
    """
    main = sys.modules.get("__main__")
    namespaces = (builtins.__dict__, main.__dict__ if main else sys.modules, sys.modules)
    found = dict.fromkeys(map(id, namespaces), NAMESPACE)
    found |= {id(value): f"it holds {name} itself" for name, value in interpreter_lists().items()}
    return dict.fromkeys(SHARED, "") | found


def interpreter_lists() -> dict[str, list[Any]]:
    """Return lists of the interpreter's own, by where they are."""
    lists = {f"sys.{name}": getattr(sys, name) for name in ("argv", "meta_path", "path", "path_hooks")}
    return {**lists, "warnings.filters": warnings.filters}


def is_a(obj: object, kinds: type | tuple[type, ...]) -> bool:
    """Tell what an object is without asking it: ``isinstance`` reads ``__class__``, which may be the user's code."""
    return issubclass(type(obj), kinds)


def is_definition(obj: object) -> bool:
    """Tell whether an object is a function or a class."""
    return is_a(obj, DEFINITIONS)


def is_own_definition(obj: Any) -> bool:
    """Tell whether a function or class is the notebook's: no import brings it back."""
    if is_a(obj, type):
        return is_user_class(obj)
    if is_a(obj, typing.TypeVar):
        return not is_importable(obj, obj.__module__ or "", obj.__name__)
    return not is_importable(obj, obj.__module__ or "", obj.__qualname__)


class Adapter(NamedTuple):
    """How the walk goes on from objects of one type."""

    visit: Callable[[Walker, int, Any, list[Any]], None]
    """Puts what an object refers to into the list, and notes the memory that it reaches."""
    defines: bool
    """They are functions or classes."""
    links: bool
    """Two names that reach such an object are linked by it, not only by what it holds."""


def adapter_of(cls: type) -> Adapter:
    """Choose how objects of a type are visited."""
    for kinds, visit in _VISITS:
        if issubclass(cls, kinds):
            return Adapter(visit, issubclass(cls, DEFINITIONS), not issubclass(cls, _NO_LINKS))
    names = [(root_of(module_of(base)), base) for base in cls.__mro__]
    links = not any(root == "pyarrow" or (root == "pandas" and base.__name__ == EXTENSION) for root, base in names)
    found = (_data_visit(cls, base, root) for root, base in names)
    return Adapter(next(filter(None, found), _visit_nothing), False, links)


def _data_visit(cls: type, base: type, root: str) -> Callable[[Walker, int, Any, list[Any]], None] | None:
    name = base.__name__
    if root == "numpy" and name == "ndarray":
        return partial(visit_array, kind="raw") if cls is base else _visit_subclass
    if root == "numpy" and name == "void":
        return _visit_void
    if root == "numpy" and name in ("flatiter", "nditer", "broadcast"):
        return _visit_iterator
    if root == "pandas" and name == "NDFrame":
        return _visit_frame
    if root == "pandas" and name in ("Index", EXTENSION):
        return partial(_visit_pandas, kind="pandas" if name == "Index" else "raw")
    if root == "pyarrow":
        return _visit_arrow
    return tensors.visit if root == "torch" and name == "Tensor" else None


def _visit_nothing(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    pass


def _visit_iterator(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    """Go on with the arrays that an iterator of numpy's is over."""
    if type(obj).__name__ == "flatiter":
        extra.append(obj.base)
    elif type(obj).__name__ == "broadcast":
        extra += [one.base for one in obj.iters]
    else:
        try:
            extra += obj.operands
        except ValueError:
            pass  # it is closed


def _visit_function(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    extra += [obj.__defaults__, obj.__kwdefaults__, obj.__dict__, *(obj.__closure__ or ())]


def _visit_alias(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    extra += vars(obj).values()


def _visit_class(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    members = type.__getattribute__(obj, "__dict__")
    extra += [value for name, value in members.items() if name not in CLASS_INTERNALS]
    extra += type.__getattribute__(obj, "__bases__")
    extra.append(type(obj))


def _visit_type_variable(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    extra += [obj.__bound__, *obj.__constraints__]


def _visit_member(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    extra += [type(obj), *obj.__dict__.values()]


def _visit_method(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    extra += [obj.__self__, obj.__func__]


def _visit_weak(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    target = weakref.ReferenceType.__call__(obj)  # a subclass may give something else
    if target is not None and not is_definition(target):
        walker.weak.append((index, id(target)))


def _visit_weak_user(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    """Note what a proxy stands for, which only its text tells; what a finalizer is about, which its class knows."""
    if type(obj) in PROXIES:
        walker.weak.append((index, int(re.findall(r"0x([0-9a-fA-F]+)", repr(obj))[-1], 16)))
        return
    info = type(obj)._registry.get(obj)
    target = info.weakref() if info is not None else None
    if target is not None:
        walker.weak.append((index, id(target)))


_VISITS: tuple[tuple[type | tuple[type, ...], Callable[[Walker, int, Any, list[Any]], None]], ...] = (
    (types.FunctionType, _visit_function),
    (type, _visit_class),
    (typing.TypeVar, _visit_type_variable),
    (enum.Enum, _visit_member),
    (types.MethodType, _visit_method),
    (weakref.ReferenceType, _visit_weak),
    ((*PROXIES, weakref.finalize), _visit_weak_user),
    (ALIASES, _visit_alias),
)

_NO_LINKS = (weakref.ReferenceType, types.MethodType, enum.Enum, ALIASES)


def _visit_subclass(walker: Walker, index: int, array: Any, extra: list[Any]) -> None:
    visit_array(walker, index, array, extra, "raw")
    extra += gc.get_referents(array)


def _visit_void(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    extra.append(obj.base)


def visit_array(walker: Walker, index: int, array: Any, extra: list[Any], kind: str) -> None:
    """Note an array's memory: the whole of the array that owns it. Elements that are objects are followed."""
    root = owner_of(array)
    if walker.below and kind == "raw":
        kind = "private"
    if root.dtype.hasobject:
        extra += [item for item in root.ravel(order="K").tolist() if type(item) not in LEAVES]
    walker.memory.append((index, id(array), id(root), kind))
    address = root.__array_interface__["data"][0]
    walker.note_memory(address, address + max(extent(root), 1), index, kind)
    base = memory_owner(root)
    if base is None:
        return
    if kind == "raw" and root.flags.writeable and not is_private(base) and type(base) not in (bytes, bytearray):
        walker.problem(index, f"an array shares its memory with an object of type {type(base).__qualname__}")
    extra.append(base)


def memory_owner(root: Any) -> Any:
    """Return the object that owns the memory of an array which is no view of another array; None: itself."""
    base = root.base
    while isinstance(base, memoryview):
        base = base.obj
    return base


def is_private(owner: object) -> bool:
    """Tell whether an owner of memory is reached only through the arrays that were made with it."""
    cls = type(owner)
    return cls.__name__ in PRIVATE_OWNERS or (cls.__name__ == "array" and module_of(cls) != "array")


def extent(array: Any) -> int:
    """Return the bytes from an array's first to behind its last element (positive strides)."""
    if array.flags.forc:
        return int(array.nbytes)
    if array.size == 0:
        return 0
    return int(sum((n - 1) * abs(s) for n, s in zip(array.shape, array.strides, strict=True)) + array.itemsize)


def owner_of(array: Any) -> Any:
    """Return the array at the end of the chain of views."""
    import numpy as np

    while True:
        base = array.base
        if type(base).__name__ == "DummyArray":  # as_strided and what builds on it
            base = base.base
        if not isinstance(base, np.ndarray):
            return array
        array = base


def _visit_frame(walker: Walker, index: int, frame: Any, extra: list[Any]) -> None:
    """Follow a DataFrame or Series: axes, attributes and the memory of its blocks."""
    members = object.__getattribute__(frame, "__dict__")
    extra += [value for name, value in members.items() if name != "_mgr"]
    manager = members["_mgr"]
    kind = "pandas" if copies_on_write() else "raw"
    extra += manager.axes
    for block in manager.blocks:
        _visit_pandas(walker, index, block.values, extra, kind)


def copies_on_write() -> bool:
    """Tell whether pandas copies shared memory before it is written (always since 3.0)."""
    pandas: Any = sys.modules["pandas"]
    if int(pandas.__version__.split(".")[0]) >= 3:
        return True
    return pandas.get_option("mode.copy_on_write") is True


def _visit_pandas(walker: Walker, index: int, values: Any, extra: list[Any], kind: str) -> None:
    """Follow what pandas keeps values in: an array, an extension array, an index."""
    import numpy as np

    if isinstance(values, np.ndarray):
        visit_array(walker, index, values, extra, kind)
        return
    if any(root_of(module_of(base)) == "pyarrow" for base in type(values).__mro__):
        _visit_arrow(walker, index, values, extra)
        return
    inner = getattr(values, "_ndarray", None)
    if isinstance(inner, np.ndarray):
        visit_array(walker, index, inner, extra, kind)
    for name, value in getattr(values, "__dict__", {}).items():
        if name in ("_cache", "_references", "_id"):
            continue
        if name in ("_levels", "_codes"):
            for level in value:
                _visit_pandas(walker, index, level, extra, kind)
        elif isinstance(value, np.ndarray):
            visit_array(walker, index, value, extra, kind)
        elif type(value) not in LEAVES and root_of(module_of(type(value))) in ("pandas", "pyarrow"):
            _visit_pandas(walker, index, value, extra, kind)
        else:
            extra.append(value)


def _visit_arrow(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    """Note the memory of Arrow data."""
    for buffer in _arrow_buffers(obj):
        if buffer is not None and buffer.size and buffer.is_cpu:
            walker.note_memory(buffer.address, buffer.address + buffer.size, index, "arrow")


def _arrow_buffers(obj: Any) -> list[Any]:
    if hasattr(obj, "address"):
        return [obj]
    if hasattr(obj, "buffers"):
        return list(obj.buffers())
    if hasattr(obj, "chunks"):
        return [buffer for chunk in obj.chunks for buffer in chunk.buffers()]
    return [buffer for column in getattr(obj, "columns", ()) for buffer in _arrow_buffers(column)]
