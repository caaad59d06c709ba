"""How values of libraries are written: arrays by what they hold, frames by their blocks, others by their reducers."""

from __future__ import annotations

import copyreg
import functools
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast

from nbrewind.state.adapters import copies_on_write, memory_owner, owner_of
from nbrewind.state.attributes import attributes, slots
from nbrewind.state.kinds import is_importable, module_of, root_of, save_kind, walk_kind
from nbrewind.state.objects import OWNED, module_globals, reduce_logger, reduce_trusted

from .encode import framed
from .parts import Refused

if TYPE_CHECKING:
    from nbrewind.state.snapshot import Snapshotter

    from .encode import Encoder

Way = Callable[[Any], None]

_FRAME_INTERNALS = frozenset({"_mgr", "_item_cache", "_cache", "_cacher", "_is_copy"})


class _Refusing:
    """What the reducers of `state` use of a pickler."""

    def refuse(self, reason: str) -> NoReturn:
        """Say why there is no key."""
        raise Refused(reason)


def data_way(encoder: Encoder, kind: type) -> Way | None:
    """Return how arrays, frames and what derives from them are written; None: it is none of these."""
    names = {f"{root_of(module_of(base))}.{base.__name__}" for base in kind.__mro__}
    for name, write in _WRITERS.items():
        if name in names:
            return functools.partial(write, encoder)
    return None


def library_way(encoder: Encoder, kind: type) -> Way:
    """Return how objects of a library's type are written; raise `Refused` if that is not known."""
    if issubclass(kind, logging.Logger):
        return functools.partial(_logger, encoder)
    if root_of(module_of(kind)) == "torch":
        raise Refused(f"an object of type {kind.__qualname__} has no key")
    if f"{module_of(kind)}.{kind.__name__}" in _COMPOSED:
        return functools.partial(_composed, encoder)
    if f"{module_of(kind)}.{kind.__name__}" == "dask.utils.methodcaller":
        return lambda value: encoder.named("dask.utils", f"methodcaller.{value.method}")
    saving, reason = save_kind(kind)
    if saving == "refused":
        raise Refused(reason.replace("can't be saved", "has no key"))
    if saving == "lossy":
        raise Refused(f"an object of type {kind.__qualname__} has no key: its library does not save all of it")
    return functools.partial(_reduced, encoder, walk_kind(kind) == "leaf")


def _reduced(encoder: Encoder, leaf: bool, value: Any) -> None:
    """Write an object of a library: by its name where it has one, else by what its own reducer says."""
    kind = type(value)
    if by_name(encoder, value):
        return
    if not leaf and encoder.again(value):
        return
    try:
        result = reduce_trusted(cast("Snapshotter", _Refusing()), value)
        if result is NotImplemented:
            reducer: Any = copyreg.dispatch_table.get(kind)
            result = reducer(value) if reducer is not None else value.__reduce_ex__(5)
    except (Refused, RecursionError):
        raise
    except Exception as error:
        raise Refused(f"an object of type {kind.__qualname__} has no key: {error}") from None
    if isinstance(result, str):
        encoder.words("named", result)
        encoder.fields(b"g", kind)
        return
    made = [*result, None, None, None]
    if issubclass(kind, BaseException):
        encoder.raised(value)
        if type(made[2]) is dict and not made[2]:  # it was asked for its attributes
            made[2] = None
    encoder.fields(b"O", kind, *made[:3], tuple(made[3] or ()), tuple(made[4] or ()))


_COMPOSED = {"toolz.functoolz.Compose": ("first", "funcs"), "toolz.functoolz.curry": ("func", "args", "keywords")}
"""Functions that toolz makes of others, which dask's collections call, with what they are made of: all that counts."""


def _composed(encoder: Encoder, value: Any) -> None:
    kind = type(value)
    parts = [getattr(value, name) for name in _COMPOSED[f"{module_of(kind)}.{kind.__name__}"]]
    encoder.fields(b"q", kind, *parts)


def _logger(encoder: Encoder, value: logging.Logger) -> None:
    """Write a logger by its name: what is logged is no result."""
    encoder.words("logger", *reduce_logger(cast("Snapshotter", _Refusing()), value)[1])


def by_name(encoder: Encoder, value: Any) -> bool:
    """Write an object of a library by the name under which an import finds it, if there is one."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", getattr(value, "__name__", None))
    if type(module) is not str or type(name) is not str or not is_importable(value, module, name):
        module = module_of(type(value))
        name = module_globals(module).get(id(value))
        holds = isinstance(value, (dict, list, set)) or attributes(value) or slots(value)
        if holds and (module, name) not in OWNED:
            name = None  # what it holds counts
    if name is not None:
        encoder.named(module, name)
    return name is not None


def _buffer(encoder: Encoder, value: Any) -> None:
    encoder.out.append(framed(b"B", bytes(value.raw())))


# numpy


def _array(encoder: Encoder, array: Any) -> None:
    """Write an array: type, shape, order of its axes in memory, content.

    An array in C and one in Fortran order differ: sums over them may, in their last bits. A view is written as an array
    of its own; only where its memory was met before, how it lies there.
    """
    import numpy as np

    if encoder.again(array):
        return
    kind = type(array)
    if issubclass(kind, np.memmap):
        raise Refused("an array mapped from a file has no key")
    if kind is not np.ndarray:
        encoder.fields(b"A", kind)
        encoder.entries(attributes(array))
        array = array.view(np.ndarray)
        if array.dtype.type is np.record:
            array = array.view(np.dtype((np.void, array.dtype)))
    order = tuple(sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis)))
    encoder.out.append(b"\x01[a")
    encoder.encode(array.dtype)
    encoder.encode((array.shape, order if array.size else (), bool(array.flags.writeable)))
    turned = array.transpose(order)
    if array.dtype.kind in "OT":
        encoder.encode(tuple(turned.ravel().tolist()))
    elif array.dtype.hasobject:
        raise Refused("an array with objects in its fields has no key")
    else:
        flat = np.ascontiguousarray(turned).reshape(-1)
        encoder.content(flat.view(np.uint8) if flat.size and flat.dtype.itemsize else b"")
    root = owner_of(array)
    base = memory_owner(root)
    encoder.memory(root if base is None else base, array.__array_interface__["data"][0], array.strides)


def _scalar(encoder: Encoder, value: Any) -> None:
    if value.dtype.hasobject:
        raise Refused("a record with objects in its fields has no key")
    encoder.out.append(b"\x01[v")
    encoder.encode(value.dtype)
    encoder.out.append(framed(b"B", value.tobytes()))


def _dtype(encoder: Encoder, dtype: Any) -> None:
    if dtype.names is not None:
        encoder.fields(b"h", dtype.itemsize, dtype.isalignedstruct, len(dtype.names))
        for name in dtype.names:
            kind, offset, *title = dtype.fields[name]
            encoder.words(name, offset, *title)
            encoder.encode(kind)
    elif dtype.subdtype is not None:
        encoder.fields(b"j", *dtype.subdtype)
    elif dtype.kind == "T":
        encoder.words("T", repr(getattr(dtype, "na_object", None)), dtype.coerce)
    else:
        encoder.out.append(framed(b"k", dtype.str.encode()))
    if dtype.metadata is not None:
        encoder.fields(b"K", dict(dtype.metadata))


def _ufunc(encoder: Encoder, value: Any) -> None:
    name = value.__name__
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), name, None) is value:
            encoder.named(module, name)
            return
    raise Refused(f"the function `{name}` of arrays can't be found by its name")


# pandas and Arrow


def _frame(encoder: Encoder, frame: Any) -> None:
    """Write a frame or series by its axes, its blocks and its attributes."""
    if encoder.again(frame):
        return
    members = object.__getattribute__(frame, "__dict__")
    manager = members["_mgr"]
    rest = {name: value for name, value in members.items() if name not in _FRAME_INTERNALS and not _is_nothing(value)}
    flags = rest.pop("_flags", None)
    rest["flags"] = flags is None or bool(flags.allows_duplicate_labels)
    encoder.private += copies_on_write()
    encoder.fields(b"f", type(frame), *manager.axes)
    encoder.out.append(b"\x01[W%d:" % len(manager.blocks))
    for block in sorted(manager.blocks, key=lambda block: tuple(block.mgr_locs.as_array[:1])):
        encoder.encode(tuple(block.mgr_locs.as_array.tolist()))
        encoder.encode(block.values)
    encoder.private -= copies_on_write()
    encoder.entries({name: rest[name] for name in sorted(rest)})


def _is_nothing(value: Any) -> bool:
    return value is None or (type(value) is dict and not value)


def _index(encoder: Encoder, index: Any) -> None:
    """Write an index, which can't change but for its name, by its own reducer."""
    if encoder.again(index):
        return
    function, args, *_ = index.__reduce__()
    encoder.private += copies_on_write()
    encoder.fields(b"I", type(index), function, args)
    encoder.private -= copies_on_write()


def _arrow_column(encoder: Encoder, column: Any) -> None:
    """Write a column of pandas that keeps its values in Arrow."""
    if encoder.again(column):
        return
    state = {name: value for name, value in attributes(column).items() if name != "_cache"}
    encoder.fields(b"C", type(column))
    encoder.entries({name: state[name] for name in sorted(state)})


def _arrow(encoder: Encoder, value: Any) -> None:
    """Write Arrow data as the messages that stand for it elsewhere: what lies beside a slice is left out."""
    import pyarrow as pa

    if encoder.again(value):
        return
    if isinstance(value, pa.Table):
        table = value
    elif isinstance(value, pa.RecordBatch):
        table = pa.Table.from_batches([value])
    else:
        column = value if isinstance(value, pa.ChunkedArray) else pa.chunked_array([value])
        table = pa.table({"": column})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    encoder.fields(b"Y", type(value))
    encoder.content(memoryview(sink.getvalue()))


_WRITERS: dict[str, Callable[[Encoder, Any], None]] = {
    "numpy.ndarray": _array,
    "numpy.generic": _scalar,
    "numpy.dtype": _dtype,
    "numpy.ufunc": _ufunc,
    "pandas.NDFrame": _frame,
    "pandas.Index": _index,
    "pandas.ArrowExtensionArray": _arrow_column,
    "pandas.ArrowStringArray": _arrow_column,
    "pyarrow.Array": _arrow,
    "pyarrow.ChunkedArray": _arrow,
    "pyarrow.RecordBatch": _arrow,
    "pyarrow.Table": _arrow,
    "_pickle.PickleBuffer": _buffer,
    "builtins.PickleBuffer": _buffer,
}
"""Types, with all that derive from them; the first that fits counts."""
