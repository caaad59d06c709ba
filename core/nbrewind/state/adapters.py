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
from typing import TYPE_CHECKING, Any

from . import tensors
from .kinds import LEAVES, is_importable, is_user_class, module_of, root_of

if TYPE_CHECKING:
    from .links import Walker

PRIVATE_OWNERS = {"PyCapsule", "_memoryviewslice", "Buffer", "SwigPyObject"}
"""Types of objects that own an array's memory and that nobody else reaches."""

NAMESPACE = "it reaches the namespace of the notebook itself"

PROXIES = (weakref.ProxyType, weakref.CallableProxyType)

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
    """Return the ids of namespaces and lists of the interpreter's own, which are never followed, and why not."""
    main = sys.modules.get("__main__")
    namespaces = (builtins.__dict__, main.__dict__ if main else sys.modules, sys.modules)
    found = dict.fromkeys(map(id, namespaces), NAMESPACE)
    lists = {"argv": sys.argv, "meta_path": sys.meta_path, "path": sys.path, "path_hooks": sys.path_hooks}
    found |= {id(value): f"it holds sys.{name} itself" for name, value in lists.items()}
    found[id(warnings.filters)] = "it holds warnings.filters itself"
    return found


def is_a(obj: object, kinds: type | tuple[type, ...]) -> bool:
    """Tell what an object is without asking it: ``isinstance`` reads ``__class__``, which may be the user's code."""
    return issubclass(type(obj), kinds)


def is_definition(obj: object) -> bool:
    """Tell whether an object is a function or a class."""
    return is_a(obj, (types.FunctionType, type, typing.TypeVar))


def is_own_definition(obj: Any) -> bool:
    """Tell whether a function or class is the notebook's: no import brings it back."""
    if is_a(obj, type):
        return is_user_class(obj)
    if is_a(obj, typing.TypeVar):
        return not is_importable(obj, obj.__module__ or "", obj.__name__)
    return not is_importable(obj, obj.__module__ or "", obj.__qualname__)


def links_itself(obj: object) -> bool:
    """Tell whether two names that reach this object are linked by it (not only by what it holds)."""
    if is_a(obj, (weakref.ReferenceType, types.MethodType, enum.Enum)):
        return False
    root = _library(type(obj))
    return root not in ("pyarrow", "pandas.ExtensionArray")


def _library(cls: type) -> str:
    for base in cls.__mro__:
        root = root_of(module_of(base))
        if root == "pandas" and base.__name__ == "ExtensionArray":
            return "pandas.ExtensionArray"
        if root == "pyarrow":
            return "pyarrow"
    return ""


def visit(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    """Put what an object refers to into *extra*, and note the memory that it reaches."""
    if is_a(obj, types.FunctionType):
        extra += [obj.__defaults__, obj.__kwdefaults__, obj.__dict__, *(obj.__closure__ or ())]
    elif is_a(obj, type):
        members = type.__getattribute__(obj, "__dict__")
        extra += [value for name, value in members.items() if name not in CLASS_INTERNALS]
        extra += type.__getattribute__(obj, "__bases__")
        extra.append(type(obj))
    elif is_a(obj, typing.TypeVar):
        extra += [obj.__bound__, *obj.__constraints__]
    elif is_a(obj, enum.Enum):
        extra += [type(obj), *obj.__dict__.values()]
    elif is_a(obj, types.MethodType):
        extra += [obj.__self__, obj.__func__]
    elif is_a(obj, weakref.ReferenceType):
        _visit_weak(walker, index, obj, extra)
    elif is_a(obj, (*PROXIES, weakref.finalize)):
        _visit_weak_user(walker, index, obj)
    else:
        _visit_data(walker, index, obj, extra)


def _visit_weak(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    target = weakref.ReferenceType.__call__(obj)  # a subclass may give something else
    if target is not None and not is_definition(target):
        walker.weak.append((index, id(target)))


def _visit_weak_user(walker: Walker, index: int, obj: Any) -> None:
    """Note what a proxy stands for, which only its text tells; what a finalizer is about, which its class knows."""
    if type(obj) in PROXIES:
        walker.weak.append((index, int(re.findall(r"0x([0-9a-fA-F]+)", repr(obj))[-1], 16)))
        return
    info = type(obj)._registry.get(obj)
    target = info.weakref() if info is not None else None
    if target is not None:
        walker.weak.append((index, id(target)))


def _visit_data(walker: Walker, index: int, obj: Any, extra: list[Any]) -> None:
    for base in type(obj).__mro__:
        root, name = root_of(module_of(base)), base.__name__
        if root == "numpy" and name == "ndarray":
            visit_array(walker, index, obj, extra, "raw")
            if type(obj) is not base:
                extra += gc.get_referents(obj)
            return
        if root == "numpy" and name == "void":
            extra.append(obj.base)
            return
        if root == "pandas" and name == "NDFrame":
            _visit_frame(walker, index, obj, extra)
            return
        if root == "pandas" and name in ("Index", "ExtensionArray"):
            kind = "pandas" if name == "Index" else "raw"
            _visit_pandas(walker, index, obj, extra, kind)
            return
        if root == "pyarrow":
            _visit_arrow(walker, index, obj)
            return
        if root == "torch" and name == "Tensor":
            tensors.visit(walker, index, obj, extra)
            return


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
        _visit_arrow(walker, index, values)
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


def _visit_arrow(walker: Walker, index: int, obj: Any) -> None:
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
