"""Digests: xxh3 to notice a change, BLAKE3 to name content.

Large buffers are hashed in chunks, so that naming the content of an array of which one element changed takes one
chunk of BLAKE3 and otherwise only xxh3, which reads memory as fast as it comes; and not even that where the system
tells that nothing was written (`tracked`).
"""

from __future__ import annotations

from collections.abc import Iterable

from blake3 import blake3
from xxhash import xxh3_128_digest

from nbrewind.store.types import CHUNK_BYTES as CHUNK

from .limit import Limit
from .tracked import TRACKER

_SMALL = 65536


class Fingerprint:
    """What is remembered of a group's content."""

    __slots__ = ("chunks", "head", "length", "sizes")

    def __init__(self, stream: bytes | memoryview, buffers: Iterable[memoryview], limit: Limit) -> None:
        """Read a content; raise `OverLimit` if that takes too long."""
        self.head = xxh3_128_digest(stream)
        self.length = len(stream)
        self.chunks: list[bytes] = []
        self.sizes: list[int] = []

        def read(chunk: memoryview) -> bytes:
            limit.check()
            return xxh3_128_digest(chunk)

        for buffer in buffers:
            self.sizes.append(len(buffer))
            self.chunks += TRACKER.digests(buffer, read)

    @property
    def small(self) -> bool:
        """Tell whether reading the content twice costs little."""
        return self.length <= _SMALL and not self.sizes

    def __eq__(self, other: object) -> bool:
        """Tell whether two contents are equal."""
        return (
            isinstance(other, Fingerprint)
            and self.head == other.head
            and self.sizes == other.sizes
            and self.chunks == other.chunks
        )

    __hash__ = None  # type: ignore[assignment]


def content_digest(
    stream: bytes | memoryview,
    buffers: list[memoryview],
    fingerprint: Fingerprint,
    known: dict[bytes, bytes],
    limit: Limit,
) -> tuple[str, tuple[bytes, ...]]:
    """Return the ``b3:`` digest of a content, and those of its buffers' chunks.

    Raise `OverLimit` if reading it takes too long. *known* maps xxh3 digests of chunks to their BLAKE3 digests, and is
    filled.
    """
    whole = blake3()
    for start in range(0, len(stream), CHUNK):
        limit.check()
        whole.update(memoryview(stream)[start : start + CHUNK])
    position, chunks = 0, []
    for buffer in buffers:
        whole.update(len(buffer).to_bytes(8, "little"))
        for start in range(0, len(buffer), CHUNK):
            fast = fingerprint.chunks[position]
            position += 1
            part = buffer[start : start + CHUNK]
            key = fast + len(part).to_bytes(4, "little")
            strong = known.get(key)
            if strong is None:
                limit.check()
                strong = blake3(part).digest()
                if xxh3_128_digest(part) == fast:  # else a thread has written meanwhile: it is no name of what was
                    known[key] = strong
            whole.update(strong)
            chunks.append(strong)
    return "b3:" + whole.hexdigest(), tuple(chunks)


def member_digest(group: str, name: str) -> str:
    """Return the digest of one member of a group of several names."""
    return "b3:" + blake3(f"{group} {name}".encode()).hexdigest()
