"""Memory that contents come from and go to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pickle import PickleBuffer

from nbrewind.store.types import Buffer, StoreError

OWN_BYTES = 1024 * 1024  # from here on memory is allocated without being cleared first


@contextlib.contextmanager
def bytes_of(data: Buffer) -> Iterator[memoryview]:
    """Give the bytes of any contiguous buffer, without copying, and let go of it at the end."""
    try:
        holder = PickleBuffer(data)
        view = holder.raw()
    except (BufferError, TypeError) as error:
        raise StoreError(f"could not store a buffer: {error}") from error
    try:
        yield view
    finally:
        view.release()
        holder.release()


def allocate(size: int) -> bytearray:
    """Return a bytearray that the caller will fill. Clearing 400 MB first would take as long as reading them."""
    if size < OWN_BYTES:
        return bytearray(size)
    import ctypes

    create = ctypes.pythonapi["PyByteArray_FromStringAndSize"]
    create.argtypes = (ctypes.c_char_p, ctypes.c_ssize_t)
    create.restype = ctypes.py_object
    buffer: bytearray = create(None, size)
    return buffer


def read_up_to(read: Callable[[int], bytes | None], size: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end of the file."""
    data = read(size) or b""
    parts = [data]
    while data and (size := size - len(data)):
        data = read(size) or b""
        parts.append(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
