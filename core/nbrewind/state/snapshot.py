"""One pass over a group: the pickle stream that is both its fingerprint and its saved content.

C pickle, protocol 5, buffers out of band. Everything that is not a plain container or atom passes `reducer_override`,
where the type's kind (`kinds.save_kind`) decides. A type that decides itself what is saved is never asked.
"""

from __future__ import annotations

import enum
import io
import itertools
import logging
import pickle
import re
import sys
import types
import typing
import weakref
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn

from xxhash import xxh3_128_digest

from . import arrays, arrow, definitions, objects, rebuild, resources, tensors
from .attributes import keeping_shared
from .code import Places, canonical
from .digest import Fingerprint
from .kinds import is_importable, is_tracked, is_user_class, module_of, root_of, save_kind
from .limit import Limit, OverLimit


class Refused(Exception):
    """A value can't be saved; the message says why, for people."""


class ScanInterrupted(Exception):
    """The user interrupted while values were being read: nothing is known about what was not yet read."""


_write = io.BytesIO.write
START = b"\x80\x05"
"""How a pickle of protocol 5 begins."""
FRAME_BYTES = 64 * 1024
"""From here on the pickler ends a frame."""


class _Stream(io.BytesIO):
    """Where a pickle goes: the limit is asked for every piece, of 64 KiB if there are many.

    Long frames lose their heads, which no reader needs: these lie every 64 KiB, not with the content, so that no part
    of a long stream would be as it was once something before it has changed its length.
    """

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self._limit = limit
        self._tail = b""

    def clear(self) -> None:
        """Begin anew."""
        self.seek(0)
        self.truncate()
        self._tail = b""

    def write(self, data: Any) -> int:
        """Take the next piece."""
        size = len(data)
        self._limit.take(size)
        if size < FRAME_BYTES:
            self._tail = bytes(data[-9:])
            return _write(self, data)
        announced, self._tail = _announces(self._tail, size), bytes(data[-9:])
        start = 2 if data[:2] == START else 0
        if not announced and data[start : start + 9] == b"\x95" + (size - start - 9).to_bytes(8, "little"):
            _write(self, data[:start])
            data = memoryview(data)[start + 9 :]
        return _write(self, data)


def _announces(tail: bytes, size: int) -> bool:
    """Whether a pickle's next piece is the content of a text or of bytes, of this size: it may look like a frame."""
    short, long = int.from_bytes(tail[-4:], "little"), int.from_bytes(tail[-8:], "little")
    return (tail[-5:-4] in (b"B", b"X") and short == size) or (tail[:1] in (b"\x8d", b"\x8e", b"\x96") and long == size)


class _Buffers(list[pickle.PickleBuffer]):
    """The buffers of a pickle: the limit is asked for each."""

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self._limit = limit

    def append(self, buffer: pickle.PickleBuffer) -> None:
        """Take the next buffer."""
        with memoryview(buffer) as view:
            self._limit.take(view.nbytes)
        super().append(buffer)


class Snapshotter(pickle.Pickler):
    """Saves the values of one group."""

    def __init__(
        self,
        members: Collection[str],
        namespace: Mapping[str, Any],
        names_of: Mapping[int, str],
        alone: Collection[int] = (),
        reaches: Callable[[object], bool] = lambda obj: True,
        limit: Limit | None = None,
    ) -> None:
        self.limit = limit or Limit()
        self.file = _Stream(self.limit)
        self.buffers = _Buffers(self.limit)
        # No method of its own: the cycle would keep all that it saved alive until the next garbage collection.
        super().__init__(self.file, 5, buffer_callback=self.buffers.append)
        self.members = members
        self.namespace = namespace
        self.names_of = names_of
        """Id to name, of functions and classes that are bound to a name."""
        self.places: list[Places] = []
        self.lines: list[int] = []
        self.refs: set[str] = set()
        self.needs: set[str] = set()
        self.packages: set[str] = set()
        self.exact = True
        self.plain = True
        """All was of types that pickle saves by itself."""
        self.keep: list[Any] = []
        self.cells: set[int] = set()
        self.tensors: dict[tuple[int, int, str], tensors.Memory] = {}
        """Storages of torch's, by where they lie."""
        self.nested: set[int] = set()
        """Ids of files on which other files are built."""
        self.reaches = reaches
        """Tells whether some name holds an object, other than weakly."""
        self.alone = alone
        """Ids of arrays inside pandas objects that share their memory with nothing else in the group."""

    def still(self, fingerprint: Fingerprint | None, members: Collection[str], values: tuple[Any, ...]) -> bool:
        """Tell quickly that a small group did not change; False if it may have. Can be asked again and again."""
        if fingerprint is None or not fingerprint.small:
            return False
        try:
            stream = self._dumped(members, values)
        except KeyboardInterrupt:
            raise
        except BaseException:
            return False
        finally:
            self.clear_memo()  # it holds dictionaries of attributes, which `shared` would count
        return self.exact and not self.buffers and fingerprint.head == xxh3_128_digest(stream)

    def _dumped(self, members: Collection[str], values: tuple[Any, ...]) -> bytes:
        self.members = members
        self.clear_memo()
        self.file.clear()
        self.buffers.clear()
        self.places.clear()
        self.lines.clear()
        self.keep.clear()
        self.cells.clear()
        self.tensors.clear()
        self.nested.clear()
        self.exact = True
        self.dump(values)
        return self.file.getvalue()

    def save(self, values: tuple[Any, ...]) -> str:
        """Pickle; return why it failed, in words, or an empty string. Raise `OverLimit` if it takes too much."""
        try:
            self.dump(values)
        except Refused as error:
            return str(error)
        except (KeyboardInterrupt, OverLimit):
            raise
        except RecursionError:
            return "it is nested too deeply to be saved"
        except (MemoryError, GeneratorExit, SystemExit) as error:
            return f"it can't be saved: {type(error).__name__}"
        except BaseException as error:
            try:
                words = str(error).partition("\n")[0]
            except BaseException:
                words = ""
            return f"it can't be saved: {words or type(error).__name__}"
        return ""

    def took(self, value: list[Any]) -> bool:
        """Tell whether a list was in what has been saved: then it is only a reference to that."""
        start = self.file.tell()
        self.dump(value)
        with self.file.getbuffer() as view:
            data = bytes(view[start:]).removeprefix(START)
        return data[9 if data[:1] == pickle.FRAME else 0 :][:1] in (pickle.BINGET, pickle.LONG_BINGET)

    def refuse(self, reason: str) -> NoReturn:
        """Give up on the group."""
        raise Refused(reason)

    def place(self, code: types.CodeType, *, runs: bool = True) -> tuple[bytes, int]:
        """Return a code object's canonical bytes and the index of its places in the side. ``runs``: it may run yet."""
        data, places, names = canonical(code)
        self.places.append(places)
        if runs:
            self.refs.update(names)
        return data, len(self.places) - 1

    def definition(self, obj: Any) -> str:
        """Return the name that a function or class is referred to by; empty: it is saved by value."""
        name = self.names_of.get(id(obj), "")
        if not name or name in self.members or self.namespace.get(name) is not obj:
            return ""
        self.needs.add(name)
        return sys.intern(name)  # a text that code may hold, too: one object, also where the name came from a store

    def reducer_override(self, obj: Any) -> Any:
        """Decide how an object is saved."""
        self.plain = False
        cls = type(obj)
        handler = _HANDLERS.get(cls)
        if handler is None:
            handler = _USER_HANDLERS.get(cls)
        if handler is None:
            handler = _choose(cls)
            table: Any = _USER_HANDLERS if is_user_class(cls) else _HANDLERS
            table[cls] = handler
        return handler(self, obj)


Handler = Callable[[Snapshotter, Any], Any]


def _plain(pickler: Snapshotter, obj: Any) -> Any:
    return NotImplemented


def _module(pickler: Snapshotter, obj: types.ModuleType) -> Any:
    import sys

    name = obj.__name__
    if sys.modules.get(name) is not obj or name == "__main__":
        pickler.refuse(f"the module {name} can't be imported")
    root = root_of(name)
    if is_tracked(root):
        pickler.packages.add(root)
    return rebuild.module, (name,)


def _code(pickler: Snapshotter, obj: types.CodeType) -> Any:
    return rebuild.code, pickler.place(obj)


def _cell(pickler: Snapshotter, obj: types.CellType) -> Any:
    if id(obj) not in pickler.cells:
        pickler.refuse("a closure cell without its function can't be saved")
    return rebuild.cell, ()


def _weak(pickler: Snapshotter, obj: weakref.ReferenceType[Any]) -> Any:
    if type(obj) is not weakref.ReferenceType or obj.__callback__ is not None:
        pickler.refuse("a weak reference with a callback can't be saved")
    target = obj()
    if target is not None and not pickler.reaches(target):
        pickler.refuse("it holds a weak reference to an object that no variable holds")
    return (rebuild.dead, ()) if target is None else (rebuild.weak, (target,))


def _proxy(pickler: Snapshotter, obj: Any) -> Any:
    pickler.refuse("a weak proxy can't be saved")


def _builtin(pickler: Snapshotter, obj: Any) -> Any:
    owner = getattr(obj, "__self__", None)
    if owner is None or isinstance(owner, (types.ModuleType, type)):
        if not isinstance(owner, type) and not is_importable(obj, obj.__module__ or "", obj.__qualname__):
            pickler.refuse(f"the function {obj.__qualname__} can't be imported")
        definitions.note_import(pickler, obj.__module__ or "")
    return NotImplemented


_HANDLERS: dict[type, Handler] = {
    types.FunctionType: definitions.reduce_function,
    types.ModuleType: _module,
    types.CodeType: _code,
    types.CellType: _cell,
    types.MethodType: definitions.reduce_method,
    types.BuiltinFunctionType: _builtin,
    types.MappingProxyType: objects.reduce_proxy,
    **dict.fromkeys((type(iter([])), type(reversed([]))), objects.reduce_list_iterator),
    itertools.count: objects.reduce_count,
    re.Match: objects.reduce_match,
    **dict.fromkeys((type({}.keys()), type({}.values()), type({}.items())), objects.reduce_view),
    weakref.ReferenceType: _weak,
    weakref.ProxyType: _proxy,
    weakref.CallableProxyType: _proxy,
    property: definitions.reduce_property,
    staticmethod: definitions.reduce_wrapped,
    classmethod: definitions.reduce_wrapped,
    definitions.Scope: _plain,
    definitions.Ended: _plain,
    types.GeneratorType: definitions.reduce_generator,
    typing.TypeVar: definitions.reduce_type_variable,
    typing.NewType: definitions.reduce_new_type,
    tensors.Memory: tensors.reduce_memory,
    **resources.REDUCERS,
}

_USER_HANDLERS: weakref.WeakKeyDictionary[type, Handler] = weakref.WeakKeyDictionary()
"""Handlers of the notebook's own classes, which must not be kept alive."""


def _named(handler: Handler, cls: type) -> Handler:
    """Note the package of a type while its values are saved."""
    module = module_of(cls)
    root = root_of(module)
    if is_user_class(cls) or root == "builtins":
        return handler
    tracked = is_tracked(root)

    def noting(pickler: Snapshotter, obj: Any) -> Any:
        pickler.limit.check()
        if tracked:
            pickler.packages.add(root)
        if id(obj) in objects.module_globals(module):
            found = objects.singleton(pickler, obj)
            if found is not None:
                return found
        return handler(pickler, obj)

    return noting


def _choose(cls: type) -> Handler:
    """Return the handler of a type that is met for the first time."""
    if issubclass(cls, type):
        return definitions.reduce_class
    if issubclass(cls, weakref.ReferenceType):
        return _weak
    for base in cls.__mro__:
        root, name = root_of(module_of(base)), base.__name__
        if root == "numpy" and name == "ndarray":
            return _named(arrays.reduce_array if cls is base else arrays.reduce_subclass, cls)
        if root == "numpy" and name == "void":
            return _named(objects.reduce_void, cls)
        if root == "torch" and name == "Tensor":
            return _named(tensors.reduce_tensor, cls)
        if root == "pandas" and name in ("NDFrame", "Block", "Index", "SingleBlockManager"):
            return _named(getattr(objects, f"reduce_{name.lower()}"), cls)
        if root == "pandas" == root_of(module_of(cls)) and name == "ArrowExtensionArray":
            return _named(arrow.reduce_column, cls)
    if cls.__name__ == "BlockValuesRefs":
        return objects.reduce_refs
    if cls.__name__ in ("cython_function_or_method", "fused_cython_function", "ufunc", "_ArrayFunctionDispatcher"):
        return _builtin
    if issubclass(cls, logging.Logger):
        return objects.reduce_logger
    if issubclass(cls, enum.Enum):
        return _named(objects.reduce_enum, cls)
    if issubclass(cls, BaseException):
        return _named(objects.reduce_exception, cls)
    if any(base.__module__ == "_ctypes" for base in cls.__mro__):
        return objects.reduce_ctypes
    kind, reason = save_kind(cls)
    if kind == "refused":
        return lambda pickler, obj: pickler.refuse(reason)
    if kind == "plain":
        handler = objects.user_reducer(cls) if is_user_class(cls) else _plain
    else:
        handler = {"lossy": objects.reduce_lossy, "special": objects.reduce_special}.get(kind, objects.reduce_trusted)
    return _named(keeping_shared(handler) if cls.__dictoffset__ else handler, cls)
