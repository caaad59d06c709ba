"""Digests of large arrays' chunks, of which only those are read that may have changed since the last time.

What lies at an address is remembered by its chunks' digests, and its pages are protected (`pages`) once it was looked
at again and was mostly the same: the first write to a protected page costs about ten times what hashing it does. An
array that is then written as a whole is not protected any more, and has to be found the same twice as often before it
is again.

Only arrays of numpy that own their memory are tracked, and only on request (`SETTING`): what is gained is paid for by
cells. Whatever goes wrong, they are hashed.
"""

from __future__ import annotations

import logging
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nbrewind.store.types import CHUNK_BYTES as CHUNK

from .adapters import owner_of
from .pages import PAGE, Region, Unsupported, Writes

SETTING = "NBREWIND_PAGES"
LEAST = 32 << 20
"""Bytes. An allocation of this size or more the C library gives back to the system when it is freed, so that nobody
else pays for pages that were protected for an array that is gone (``DEFAULT_MMAP_THRESHOLD_MAX``, mallopt(3))."""
_MOST = 256
"""Arrays that are remembered. Each that is protected divides a mapping, of which a process may have 65,530."""
_FEW = 10
"""A change is small if it is of at most this part. Protecting a page again that is written each time costs more than
hashing ten."""
_MOST_PATIENCE = 64

_logger = logging.getLogger("nbrewind")

Place = tuple[int, int, int]
"""Id of the array that owns the memory, the address and the number of bytes."""
Read = Callable[[memoryview], bytes]
"""Reads a chunk and returns its digest."""


class _Record:
    """What is remembered of one place."""

    __slots__ = ("address", "digests", "edges", "end", "patience", "protected", "quiet", "start")

    def __init__(self, address: int, size: int) -> None:
        self.address = address
        self.start = -(-address // PAGE) * PAGE
        self.end = (address + size) // PAGE * PAGE
        """The whole pages."""
        self.edges: dict[int, bytes] = {}
        """What lay outside them, of each chunk that has such bytes, when it was last read."""
        self.digests: list[bytes] = []
        """Empty: not known."""
        self.protected = False
        self.quiet = 0
        """How often in turn it was found mostly the same."""
        self.patience = 1
        """How often that must be for it to be protected, this time included."""

    def edge(self, index: int, part: memoryview) -> bytes:
        """Return what of a chunk lies outside the whole pages."""
        first = self.address + index * CHUNK
        return bytes(part[: max(0, self.start - first)]) + bytes(part[max(0, self.end - first) :])


class _Turn:
    """Somebody's use of what is remembered."""

    __slots__ = ("__weakref__",)


class Tracker:
    """What is remembered of large arrays in this process, by place."""

    def __init__(self, *, on: bool = True, least: int = LEAST) -> None:
        """Track arrays of at least *least* bytes, if *on*."""
        self.why_off = "" if on else f"{SETTING} is not 1"
        """Why nothing is tracked, in words; empty if all is well."""
        self.least = least
        self.read = 0
        """Bytes that were read of arrays that are remembered."""
        self._writes: Writes | None = None
        self._records: dict[Place, _Record] = {}
        self._process = os.getpid()
        self._turns: list[weakref.ref[_Turn]] = []
        """Whose turn it is, and who came meanwhile, and does without. No lock: an interrupt that comes as one is taken
        would leave it held for ever. A turn ends with its object, whatever comes."""

    def digests(self, buffer: memoryview, read: Read) -> list[bytes]:
        """Return the digests of a buffer's chunks."""
        place = None if len(buffer) < self.least or self.why_off else _place(buffer)
        if place is None:
            return [read(part) for part in _chunks(buffer)]
        turn = _Turn()
        try:
            if not self._is_first(turn):
                return [read(part) for part in _chunks(buffer)]
            record = self._record(place)
            before, record.digests = record.digests, []  # not known as long as this may break off
            known = self._known(record, before, buffer)
            record.digests = found = self._hashed(record, buffer, read, known)
            self._judge(record, before, found, began=not known)
            return list(found)
        finally:
            del turn

    def leave(self, value: object) -> None:
        """Protect an array no longer, as it is about to be written as a whole."""
        numpy = sys.modules.get("numpy")
        if not self._records or numpy is None or type(value) is not numpy.ndarray:
            return
        owner = id(owner_of(value))
        turn = _Turn()
        try:
            if self._is_first(turn):
                for place, record in self._records.items():
                    if place[0] == owner and record.protected:
                        self._release(record)
        finally:
            del turn

    def close(self) -> None:
        """Forget everything, and end all protection."""
        if self._writes is not None:
            for record in list(self._records.values()):  # a forked child may have the file, which ends nothing then
                self._writes.end(record.start, record.end)
            self._writes.close()
        self._records.clear()
        self._writes = None

    def _is_first(self, turn: _Turn) -> bool:
        self._turns.append(weakref.ref(turn, self._turns.remove))
        return self._turns[0]() is turn

    def _hashed(self, record: _Record, buffer: memoryview, read: Read, known: list[bytes] | None) -> list[bytes]:
        found = []
        for index, part in enumerate(_chunks(buffer)):
            digest = known[index] if known else b""
            if not digest:
                self.read += len(part)
                if record.edge(index, part):
                    part = memoryview(bytes(part))  # others may write: the digest must be that of these very bytes
                    record.edges[index] = record.edge(index, part)
                digest = read(part)
            found.append(digest)
        return found

    def _record(self, place: Place) -> _Record:
        if self._process != os.getpid():  # a forked child: all that is protected is its parent's
            self.close()
            self._process = os.getpid()
        self._forget_others(place)
        record = self._records.pop(place, None) or _Record(*place[1:])
        self._records[place] = record  # as the last one
        if len(self._records) > _MOST:
            self._release(self._records.pop(next(iter(self._records))))
        return record

    def _forget_others(self, place: Place) -> None:
        """Forget all other records of memory at a place, whoever owned it.

        Whether a page was written is told but once, to whoever protects it again.
        """
        _, start, size = place
        for other, record in list(self._records.items()):
            if other != place and other[1] < start + size and start < other[1] + other[2]:
                self._release(record)
                self._records.pop(other, None)

    def _known(self, record: _Record, digests: list[bytes], buffer: memoryview) -> list[bytes] | None:
        """Return those *digests* of chunks that are as they were, empty for others; None: nothing is known.

        When it returns, all is protected that is to be, so that no write after it is missed.
        """
        if digests and not record.protected:
            if record.quiet + 1 >= record.patience:
                record.protected = self._protect(record)
            return None
        if not record.protected:
            return None
        clean = self._writes.unwritten(record.start, record.end) if self._writes else None
        written = _between(clean, record.start, record.end) if clean is not None else [(record.start, record.end)]
        if sum(end - start for start, end in written) * _FEW > record.end - record.start:
            record.patience = min(2 * record.patience, _MOST_PATIENCE)
            self._release(record)
        elif written and not self._protect_again(record, written):
            self._release(record)
            return None
        if not digests or clean is None:
            return None
        known = list(digests)
        for start, end in written:
            for index in range((start - record.address) // CHUNK, (end - 1 - record.address) // CHUNK + 1):
                known[index] = b""
        for index, edge in record.edges.items():  # no page table tells about parts of pages
            if record.edge(index, buffer[index * CHUNK : (index + 1) * CHUNK]) != edge:
                known[index] = b""
        return known

    def _judge(self, record: _Record, before: list[bytes], found: list[bytes], *, began: bool) -> None:
        """Count whether it was mostly the same; where not, undo a protection that ``began`` with this look."""
        if not before:
            return
        changed = sum(was != now for was, now in zip(before, found, strict=True))
        if changed * _FEW <= len(found):
            record.quiet += 1
            return
        record.quiet = 0
        if record.protected and began:
            self._release(record)

    def _protect(self, record: _Record) -> bool:
        try:
            if self._writes is None:
                self._writes = Writes()
            if not self._writes.usable:
                raise Unsupported("somebody closed the file of userfaultfd")
        except (Unsupported, OSError) as error:
            self.why_off = str(error)
            _logger.info("large arrays are hashed as a whole: %s", error)
            return False
        try:
            if self._writes.begin(record.start, record.end):
                return True
        except OSError:  # the memory is somebody else's to protect, or there are too many mappings
            pass
        self._release(record)
        record.patience = _MOST_PATIENCE
        return False

    def _protect_again(self, record: _Record, regions: Iterable[Region]) -> bool:
        try:
            return self._writes is not None and self._writes.protect(regions)
        except OSError:
            return False

    def _release(self, record: _Record) -> None:
        record.protected, record.quiet = False, 0
        if self._writes is not None:
            self._writes.end(record.start, record.end)


def _place(buffer: memoryview) -> Place | None:
    """Return where the memory of an array lies that owns it; None: it is something else."""
    numpy = sys.modules.get("numpy")
    array: Any = buffer.obj
    if numpy is None or type(array) is not numpy.ndarray or array.nbytes != len(buffer):
        return None
    owner = owner_of(array)
    if type(owner) is not numpy.ndarray or not owner.flags.owndata:
        return None
    return id(owner), array.__array_interface__["data"][0], len(buffer)


def _chunks(buffer: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(buffer), CHUNK):
        yield buffer[start : start + CHUNK]


def _between(regions: Iterable[Region], start: int, end: int) -> list[Region]:
    """Return what of a region lies in none of some others, which are in order."""
    found = []
    for first, last in regions:
        if first > start:
            found.append((start, first))
        start = last
    if end > start:
        found.append((start, end))
    return found


TRACKER = Tracker(on=os.environ.get(SETTING) == "1")
"""That of this process."""
