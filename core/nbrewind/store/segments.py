"""Where a long pickle stream is cut, so that a change in it leaves most parts as they were.

The cuts depend on the content around them alone: where a change has made a stream longer they fall on the same places
of what follows. In each window the cut is put before the piece between two marks, the opcodes that follow a value,
whose checksum is the greatest. That is the idea of local-maximum chunking (Bjørner, Blass, Gurevich: Content-dependent
chunking for differential compression, the local maximum approach, 2010), on whole pieces, which C functions split and
compare; checksums, as sorted values grow and would have their greatest at each window's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

SHORT, LONG = 512 * 1024, 128 * 1024**2
"""Shorter and longer streams are not cut: those would be of thousands of segments, which are kept in rows."""
LEAST = 8 * 1024
"""Bytes of a segment at least; on average it has twice as many, at most three times."""
MOST_SEGMENTS = 4096
"""Of longer streams each segment is twice as long, or four times: the list of them stays short."""
MARKS = (b"\x94", b"J", b"M", b"K", b"G")
"""MEMOIZE, which follows texts and containers, and the opcodes of numbers."""
ENOUGH = 8
"""Pieces in a window, so that one of them can be taken for the greatest."""


def segments(stream: memoryview) -> Iterator[memoryview]:
    """Yield the parts of a stream, in order."""
    size, least = len(stream), LEAST
    while size > 2 * least * MOST_SEGMENTS:
        least *= 2
    start = 0
    if SHORT <= size <= LONG:
        while size - start > 4 * least:
            end = start + least + _cut(bytes(stream[start + least : start + 3 * least]))
            yield stream[start:end]
            start = end
    yield stream[start:]


def _cut(window: bytes) -> int:
    for mark in MARKS:
        pieces = window.split(mark)
        if len(pieces) >= ENOUGH:
            inner = pieces[1:-1]  # those at the ends may be parts of longer ones
            before = pieces[: 1 + inner.index(max(inner, key=crc32))]
            return sum(map(len, before)) + len(before)
    return len(window)
