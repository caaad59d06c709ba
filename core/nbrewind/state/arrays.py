"""numpy arrays: memory saved once, out of band; views saved as views on the array that owns it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from nbrewind.store.types import Later

from .adapters import extent, memory_owner, owner_of
from .kinds import is_user_class

_HOOK = "__array_finalize__"

if TYPE_CHECKING:
    import numpy as np

    from .snapshot import Snapshotter


def _flat(array: np.ndarray[Any, Any]) -> tuple[Any, tuple[int, ...]] | None:
    """Return an array's memory as bytes in the order of its addresses, and the order of its axes; None: it has gaps."""
    import numpy as np

    order = tuple(sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis)))
    turned = array.transpose(order)
    if not turned.flags.c_contiguous:
        order = tuple(range(array.ndim))
        turned = array
        if not turned.flags.c_contiguous:
            return None
    return turned.reshape(-1).view(np.uint8), order


def reduce_array(pickler: Snapshotter, array: np.ndarray[Any, Any]) -> Any:
    """Return how an array of exactly ``numpy.ndarray`` is saved."""
    root = owner_of(array)
    if (array.dtype.hasobject and array.dtype.kind != "O") or (array.dtype.kind in "TV" and array.dtype.hasobject):
        return _by_numpy(pickler, array, root)
    if array.dtype.kind == "T":
        return _by_numpy(pickler, array, root)
    if id(array) in pickler.alone:
        return _standalone(pickler, array)
    if root is array:
        base = memory_owner(array)
        if isinstance(base, (bytes, bytearray)) and not array.dtype.hasobject:
            offset = array.__array_interface__["data"][0] - _address(base)
            return from_buffer, (base, _kind(array), array.shape, array.strides, offset, array.flags.writeable)
        return _standalone(pickler, array)
    if type(root) is not type(array) or root.dtype.hasobject != array.dtype.hasobject:
        pickler.refuse("a view has another kind of elements than the array that owns the memory")
    if array.flags.writeable and not root.flags.writeable:
        pickler.refuse("a view can be written although the array that owns the memory can't")
    offset = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return view, (root, _kind(array), array.shape, array.strides, offset, array.flags.writeable)


def _kind(array: np.ndarray[Any, Any]) -> Any:
    """Return an array's dtype, as text where that says all: equal arrays may hold different dtype objects."""
    dtype = array.dtype
    if dtype.kind in "biufcSUMm" and dtype.metadata is None and dtype.fields is None:
        return dtype.str
    return dtype


def _by_numpy(pickler: Snapshotter, array: np.ndarray[Any, Any], root: Any) -> Any:
    if root is not array and id(array) not in pickler.alone:
        pickler.refuse("a view of an array with objects in its fields can't be saved as a view")
    return array.__reduce__()


def _address(base: bytes | bytearray) -> int:
    import numpy as np

    return int(np.frombuffer(base, np.uint8).__array_interface__["data"][0])


def _standalone(pickler: Snapshotter, array: np.ndarray[Any, Any]) -> Any:
    import numpy as np

    pickler.limit.room(array.nbytes)
    writeable = array.flags.writeable
    if array.dtype.kind == "O":
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        items = array.ravel(order="F" if fortran else "C").tolist()
        return owned_objects, (items, array.shape, fortran, writeable)
    if array.dtype.itemsize == 0 or array.size == 0:
        return empty, (_kind(array), array.shape, writeable)
    found = _flat(array)
    if found is None:
        found = _flat(np.array(array, order="K", copy=True)) or _flat(np.ascontiguousarray(array))
    assert found is not None
    memory, order = found
    return owned, (pickle.PickleBuffer(memory), _kind(array), array.shape, order, writeable)


def reduce_subclass(pickler: Snapshotter, array: Any) -> Any:
    """Return how an array of a subclass is saved: as a plain array, seen as the subclass, with its attributes."""
    import numpy as np

    if isinstance(array, np.memmap):
        pickler.refuse("an array mapped from a file lives in that file")
    cls = type(array)
    if ("__reduce__" in cls.__dict__ and cls.__module__.split(".")[0] != "numpy") or (
        "__setstate__" in cls.__dict__ and (cls.__module__.split(".")[0] != "numpy")
    ):
        pickler.refuse(f"its type {cls.__qualname__} decides itself what is saved, which can't be checked")
    plain = array.view(np.ndarray)
    if plain.dtype.type is np.record:
        plain = plain.view(np.dtype((np.void, plain.dtype)))
    if extent(plain) and not isinstance(array.base, np.ndarray):
        pickler.keep.append(plain)
    return subclass, (cls, plain, array.dtype), dict(array.__dict__), None, None, set_subclass


# What a saved array calls when it is loaded: never rename these.


def owned(memory: Any, dtype: Any, shape: tuple[int, ...], order: tuple[int, ...], writeable: bool) -> Any:
    """Make an array that owns a copy of *memory*."""
    import numpy as np

    turned = np.empty(tuple(shape[axis] for axis in order), dtype)
    place = turned.reshape(-1).view(np.uint8)
    if isinstance(memory, Later) and memory.size == place.nbytes:
        memory.fill(memoryview(place))
    else:
        place[:] = np.frombuffer(memory, np.uint8)
    del place
    if order != tuple(range(len(order))):
        # An array that owns its memory, in the order of axes that it had.
        inverse = [order.index(axis) for axis in range(len(order))]
        made = np.empty_like(turned.transpose(inverse), order="K")
        made[...] = turned.transpose(inverse)
        turned = made
    turned.flags.writeable = writeable
    return turned


def owned_objects(items: list[Any], shape: tuple[int, ...], fortran: bool, writeable: bool) -> Any:
    """Make an array of objects."""
    import numpy as np

    array: Any = np.empty(len(items), object)
    for index, item in enumerate(items):
        array[index] = item
    if fortran:
        made = np.empty(shape, object, order="F")
        made[...] = array.reshape(shape, order="F")
        array = made
    else:
        array.resize(shape, refcheck=False)
    array.flags.writeable = writeable
    return array


def empty(dtype: Any, shape: tuple[int, ...], writeable: bool) -> Any:
    """Make an array that holds no bytes."""
    import numpy as np

    array = np.empty(shape, dtype)
    array.flags.writeable = writeable
    return array


def view(root: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, writeable: bool) -> Any:
    """Make a view on the array that owns the memory."""
    import numpy as np

    order = tuple(sorted(range(root.ndim), key=lambda axis: (-root.strides[axis], axis)))
    memory = root.transpose(order).reshape(-1)
    if not root.dtype.hasobject:
        memory = memory.view(np.uint8)
    made = np.ndarray(shape, dtype, buffer=memory, offset=offset, strides=strides)
    if made.flags.writeable and not writeable:
        made.flags.writeable = False
    return made


def from_buffer(
    base: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, writeable: bool
) -> Any:
    """Make an array on the memory of a bytes or bytearray object."""
    import numpy as np

    made = np.ndarray(shape, dtype, buffer=base, offset=offset, strides=strides)
    if made.flags.writeable and not writeable:
        made.flags.writeable = False
    return made


def set_subclass(array: Any, attributes: dict[str, Any]) -> None:
    """Give an array of a subclass its attributes."""
    array.__dict__.update(attributes)


def subclass(cls: Any, plain: Any, dtype: Any) -> Any:
    """See an array as its subclass, without what the notebook has a new one do (``__array_finalize__``)."""
    first = next((base for base in cls.__mro__ if _HOOK in vars(base) and is_user_class(base)), None)
    if first is None:
        return _seen_as(cls, plain, dtype)
    held = vars(cls).get(_HOOK)
    type.__setattr__(cls, _HOOK, None)
    try:
        return _seen_as(cls, plain, dtype)
    finally:
        if first is cls:
            type.__setattr__(cls, _HOOK, held)
        else:
            type.__delattr__(cls, _HOOK)


def _seen_as(cls: type, plain: Any, dtype: Any) -> Any:
    return plain.view(dtype, cls) if plain.dtype != dtype else plain.view(cls)
