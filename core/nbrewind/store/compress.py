"""Contents are stored compressed, with Zstandard, where a sample of them says that it pays.

Zeros, masks, whole numbers, repeated values and texts shrink to a half or much less, random floats by a twentieth. To
compress a few kilobytes of a content tells which, and takes a hundredth of the time that writing it does.

Imported when there is something that is long enough.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1
SAMPLES, SAMPLE_BYTES = 4, 2048
"""Of a short content, samples are an eighth."""
WORTH = 0.75
"""What is left must be less than this part."""
WINDOW_LOG = 21
"""A frame asks for no more than so much memory (2 MiB) to be read, whatever a damaged one says."""


def compress(size: int, read: Callable[[int, int], bytes], *, sure: bool = False) -> bytes | None:
    """Return a content of ``size`` bytes compressed, None if that pays too little.

    Args:
        size: of the content.
        read: returns it from a to b.
        sure: no sample need be taken, what is like it was compressed.
    """
    if not sure and not _pays(size, read):
        return None
    data = read(0, size)
    found = shrink(data)
    return found if len(found) < WORTH * size and len(data) == size else None


def _pays(size: int, read: Callable[[int, int], bytes]) -> bool:
    length = min(SAMPLE_BYTES, size // (8 * SAMPLES))
    starts = [number * (size - length) // (SAMPLES - 1) for number in range(SAMPLES)]
    sample = b"".join([read(start, start + length) for start in starts])
    return len(shrink(sample)) < WORTH * len(sample)


def decompress(data: bytes | bytearray, size: int) -> bytes | None:
    """Return the content of ``size`` bytes, None if this is not what such a one was compressed to.

    Damaged data take no more memory than that.
    """
    reader = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG})
    try:
        found = reader.decompress(data, size + 1)
    except zstd.ZstdError:
        return None
    return found if reader.eof and not reader.unused_data and len(found) == size else None


class _Own(threading.local):
    """A thread's compressor, so that a cell never waits for what is compressed in the background."""

    def __init__(self) -> None:
        self.compressor = zstd.ZstdCompressor(LEVEL)


_own = _Own()


def shrink(data: bytes) -> bytes:
    """Return data compressed, whether it pays or not."""
    found: bytes = _own.compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)
    return found
