"""What the store takes, returns and raises. Records that other rooms share are in :mod:`nbrewind.model`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from nbrewind.model import Record

if sys.version_info >= (3, 12):
    from collections.abc import Buffer as Buffer
else:
    Buffer: TypeAlias = bytes | bytearray | memoryview

DEFAULT_BUDGET = 20 * 1024**3
"""Bytes that the contents of a store may take, unless somebody says otherwise."""


class StoreError(Exception):
    """The store can't do what was asked. The message is one line: what, where, what to do."""


class ContentError(StoreError):
    """Content is missing or damaged. The message says which, and where it should be."""


class MissingError(ContentError):
    """Content is not there at all."""


CHUNK_BYTES = 2 * 1024 * 1024
"""How long the pieces are in which buffers are hashed and stored: one that changes is stored anew, as a whole."""


class Content(NamedTuple):
    """What a snapshot holds."""

    stream: bytes
    """The pickle stream."""
    buffers: list[Buffer]
    """Out-of-band buffers: anything bytes-like when put, ``bytearray`` of own memory when got."""
    side: bytes
    """What belongs to the value but not to its identity (line numbers)."""
    digests: tuple[bytes, ...] = ()
    """BLAKE3 of each ``CHUNK_BYTES`` of each buffer, in order, if known: what is stored already is not hashed again."""


class Packed(NamedTuple):
    """A part of a content, compressed."""

    data: bytes
    verified: bool = False
    """Whoever gives it knows, by a digest, that it is what they have unpacked and verified before."""


class Later:
    """A large buffer of a content, read when it is known where to: what takes it needs no second copy."""

    def __init__(self, size: int, fill: Callable[[memoryview], None], make: Callable[[int], bytearray]) -> None:
        """Stand for ``size`` bytes, which ``fill`` reads and verifies; ``make`` gives memory."""
        self.size = size
        self.fill = fill
        self._make = make

    def read(self) -> bytearray:
        """Return the bytes in memory of their own.

        Raises:
            ContentError: missing or damaged.
        """
        found = self._make(self.size)
        with memoryview(found) as view:
            self.fill(view)
        return found


class Opened(NamedTuple):
    """A content of which large buffers are not read yet."""

    stream: bytes
    buffers: list[bytearray | Later]
    side: bytes

    def read(self) -> Content:
        """Read all of it.

        Raises:
            ContentError: missing or damaged.
        """
        buffers: list[Buffer] = [data.read() if isinstance(data, Later) else data for data in self.buffers]
        return Content(self.stream, buffers, self.side)


class Stored(NamedTuple):
    """The answer to a put."""

    id: str
    """The snapshot's id: equal contents have equal ids."""
    bytes: int
    """Size of the content."""
    added: int
    """Bytes of it that were new to the store, however they are stored; the rest was there already."""


class NotebookBudget(Record, frozen=True, kw_only=True, omit_defaults=False):
    """How much a notebook may hold, where it has a budget of its own."""

    notebook: str
    """Its path."""
    bytes: int
    """Contents that it holds, or would."""
    budget: int


class StoreInfo(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What ``nbrewind store info`` shows. Sizes are bytes."""

    directory: str
    nonce: str
    schema: int
    notebooks: int
    runs: int
    checkpoints: int
    row_bytes: int
    """Small contents, kept in rows of the index."""
    blob_bytes: int
    """Large contents, kept in files."""
    blobs: int
    tasks: int
    """Records of tasks."""
    task_bytes: int
    """What these take in rows of their own, with short contents; all others are among the contents."""
    budget: int
    """How much contents may take."""
    garbage: int
    """Contents that nothing refers to: the next cleaning removes them."""
    notebook_budgets: list[NotebookBudget]


class Finding(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One thing that ``nbrewind doctor`` found."""

    kind: str
    """``database``, ``index``, ``trace``, ``missing``, ``damaged``, ``permissions`` or ``leftover`` (harmless)."""
    where: str
    """The file, or the notebook and checkpoint."""
    what: str
    """The finding in words, with its consequence."""
    fixed: bool = False
