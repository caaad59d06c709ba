"""Contents by digest: what a snapshot id stands for, where its bytes are, and when they are durable.

A snapshot is a manifest of *pieces*: the segments of the stream (`segments`), the side, each buffer (or the one piece
of a file). A piece of up to 64 KiB is a row; a larger one is a list of blobs of 2 MiB, cut at fixed offsets, so that
changing one element of a large array writes one blob. The id is the BLAKE3 digest over the pieces' digests and sizes.
All digests and sizes are those of the bytes as they are put, however they are stored.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import TypeVar

from blake3 import blake3

from nbrewind import unpatched
from nbrewind.model import new_id
from nbrewind.store import layout
from nbrewind.store.ahead import ahead
from nbrewind.store.blobs import Blobs
from nbrewind.store.database import Database, Guard
from nbrewind.store.lease import Lease
from nbrewind.store.manifest import (
    ROW_BYTES,
    Manifest,
    Part,
    Piece,
    is_sound,
    piece_of,
)
from nbrewind.store.memory import OWN_BYTES, allocate, bytes_of, read_up_to
from nbrewind.store.segments import segments
from nbrewind.store.small import Row, Rows
from nbrewind.store.types import (
    CHUNK_BYTES,
    Content,
    ContentError,
    Later,
    Opened,
    Packed,
    Stored,
    StoreError,
)

PENDING_BYTES = 1024 * 1024
MOST_PENDING_BYTES = 8 * PENDING_BYTES  # also of one value
PARALLEL = 8  # chunks
TOGETHER = 32  # rows

T = TypeVar("T")


class Contents:
    """Puts and gets contents by digest."""

    def __init__(self, place: layout.Layout, database: Database, lease: Lease) -> None:
        """Use the tables ``snapshots``, ``contents`` and ``blobs`` of ``database``, and the files of ``place``."""
        self.blobs = Blobs(place, database)
        self._layout = place
        self._database = database
        self.lease = lease
        self.rows = Rows(place, database, lease)
        self._sync_lock = Guard(place.directory)

    # -- put ----------------------------------------------------------------------------------------------------------

    def put(self, content: Content) -> Stored:
        """Store a value; nothing is durable before ``sync``."""
        with self.lease.shared():
            stored = []
            for segment in segments(memoryview(content.stream)):
                stored.append(self._put_piece(segment))
                if self.rows.pending > MOST_PENDING_BYTES:
                    self.rows.write()
            count = len(stored)
            stored.append(self._put_piece(memoryview(content.side)))
            known = iter(content.digests)
            for data in content.buffers:
                with bytes_of(data) as view:
                    stored.append(self._put_piece(view, list(islice(known, -(-len(view) // CHUNK_BYTES)))))
            manifest = Manifest("value", tuple(piece for piece, _ in stored), count)
            return self._put_manifest(manifest, sum(added for _, added in stored))

    def _put_piece(self, view: memoryview, known: Sequence[bytes] = ()) -> tuple[Piece, int]:
        size = len(view)
        if size <= ROW_BYTES:
            return self.rows.ensure(bytes(view))
        chunks, added = [], 0
        for start, name in zip_longest(range(0, size, CHUNK_BYTES), known):
            digest, new = self.blobs.ensure(view[start : start + CHUNK_BYTES], name)
            chunks.append(digest)
            added += new
        return piece_of(size, chunks), added

    def _put_manifest(self, manifest: Manifest, added: int) -> Stored:
        self.rows.add_manifest(manifest)
        if self.rows.pending > PENDING_BYTES:
            self.rows.write()
        return Stored(manifest.id, manifest.size, added)

    def put_file(self, path: str | os.PathLike[str]) -> Stored:
        """Store a file's content, a chunk at a time.

        Raises:
            StoreError: not a regular file, not readable, or changed meanwhile.
        """
        with self.lease.shared():
            return self._put_file(path)

    def _put_file(self, path: str | os.PathLike[str]) -> Stored:
        chunks: list[bytes] = []
        added = size = 0
        try:
            with unpatched.open(path, "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                if not stat.S_ISREG(before.st_mode):
                    raise StoreError(f"could not store {path}: not a regular file")
                if before.st_size <= ROW_BYTES:
                    data = read_up_to(file.read, ROW_BYTES + 1)
                    size = len(data)
                    piece, added = self.rows.ensure(data)
                else:
                    while data := read_up_to(file.read, min(CHUNK_BYTES, before.st_size - size)):
                        digest, new = self.blobs.ensure(data)
                        chunks.append(digest)
                        added += new
                        size += len(data)
                    piece = piece_of(size, chunks)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise layout.disk_error("read", path, error) from error
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
            raise StoreError(f"could not store {path}: it changed while it was read; try again")
        return self._put_manifest(Manifest("file", (piece,)), added)

    def put_parts(self, manifest: Manifest, read: Callable[[Part], bytes | Packed | Path]) -> Stored:
        """Store a snapshot that comes from another store; nothing is durable before ``sync``.

        Args:
            manifest: what it consists of.
            read: returns a part that is not here: its bytes, as they are or compressed, or of a blob another store's
                file. It is verified. Another thread may call it, one at a time.

        Raises:
            ContentError: the manifest is not one that a store makes; a part is missing or damaged.
        """
        if not is_sound(manifest):
            raise ContentError("the list of a content's parts is damaged")
        added = 0
        with self.lease.shared():
            for part, data in ahead(self._absent(manifest, read), _size):
                if isinstance(data, Row):
                    self.rows.add(part.digest, data)
                    added += part.size
                elif isinstance(data, Packed):
                    added += self.blobs.keep(data, part.digest, part.size)
                elif isinstance(data, Path):
                    added += self.blobs.take(data, part.digest, part.size)
                else:
                    added += self.blobs.ensure(data, part.digest)[1]
                if self.rows.pending > MOST_PENDING_BYTES:
                    self.rows.write()
            return self._put_manifest(manifest, added)

    def _absent(
        self, manifest: Manifest, read: Callable[[Part], bytes | Packed | Path]
    ) -> Iterator[tuple[Part, Row | bytes | Packed | Path]]:
        """Yield the parts that are not here with what is read of them."""
        rows = self.rows.absent(part.digest for part in manifest.parts() if part.is_row)
        for part in manifest.parts():
            if part.digest not in rows if part.is_row else self.blobs.present(part.digest, part.size):
                continue
            rows.discard(part.digest)
            yield part, self._verified(part, read(part))

    def _verified(self, part: Part, data: bytes | Packed | Path) -> Row | bytes | Packed | Path:
        """Return what is stored of what came; `Blobs` verifies what is compressed, and files."""
        if isinstance(data, Packed):
            if part.size > ROW_BYTES:
                return data
            raise ContentError(f"content is damaged: {part.digest.hex()[:12]} is too short to come compressed")
        if isinstance(data, Path) and not part.is_row:
            return data
        if isinstance(data, Path) or len(data) != part.size or blake3(data).digest() != part.digest:
            raise ContentError(f"content is damaged: {part.digest.hex()[:12]} does not have its digest")
        return self.rows.packed(data) if part.is_row else data

    # -- get ----------------------------------------------------------------------------------------------------------

    def part(self, part: Part) -> bytes:
        """Return one of a manifest's parts, verified.

        Raises:
            ContentError: missing or damaged.
        """
        return self.rows.read(part) if part.is_row else self.blobs.whole(part.digest, part.size)

    def each(self, parts: Iterable[Part], large: Callable[[Part], T]) -> Iterator[tuple[Part, bytes | T]]:
        """Yield parts in their order: small ones, of which many are read at once, with their bytes, verified.

        Another thread reads ahead: it calls ``large`` for the others, which come with what that returns.

        Raises:
            ContentError: one is missing or damaged.
        """
        return ahead(self._each(parts, large), _size)

    def _each(self, parts: Iterable[Part], large: Callable[[Part], T]) -> Iterator[tuple[Part, bytes | T]]:
        for batch in _batches(parts):
            found = self.rows.read_many([part for part in batch if part.is_row])
            for part in batch:
                yield part, found[part.digest] if part.is_row else large(part)

    def both(self, part: Part) -> tuple[bytes, Packed | None]:
        """Return one of a manifest's parts, verified, and as it goes elsewhere if that is not the same.

        Parts of more than 64 KiB go compressed, where that pays; what this gives follows from the part's bytes and the
        version of Zstandard by which they were compressed.

        Raises:
            ContentError: missing or damaged.
        """
        if part.size <= ROW_BYTES:
            return self.part(part), None
        data, packed = self.blobs.both(part.digest, part.size)
        return data, None if packed is None else Packed(packed)

    def packed(self, part: Part) -> Packed:
        """Return one of a manifest's parts as it goes elsewhere, of which `both` has said that it goes compressed.

        It is not verified: whoever has asked for it before knows it by a digest of its own.

        Raises:
            ContentError: missing or damaged.
        """
        return Packed(self.blobs.packed(part.digest, part.size))

    def has(self, snapshot: str) -> bool:
        """Return whether a snapshot is here and none of its blobs is missing. Their bytes are verified by ``get``."""
        try:
            manifest = self.rows.manifest(snapshot)
        except ContentError:
            return False
        parts = list(manifest.parts())
        if self.rows.absent(part.digest for part in parts if part.is_row):
            return False
        return all(self.blobs.is_whole(part.digest, part.size) for part in parts if not part.is_row)

    def holds_file(self, path: str | os.PathLike[str]) -> bool:
        """Return whether what lies at ``path`` is stored as a file: nothing is lost if it is overwritten."""
        chunks: list[bytes] = []
        size = 0
        try:
            with unpatched.open(path, "rb", buffering=0) as file:
                length = os.fstat(file.fileno()).st_size
                step = ROW_BYTES + 1 if length <= ROW_BYTES else CHUNK_BYTES
                while data := read_up_to(file.read, step):
                    chunks.append(blake3(data).digest())
                    size += len(data)
        except OSError:
            return False
        whole = chunks[0] if chunks else blake3(b"").digest()
        piece = Piece(whole, size) if length <= ROW_BYTES else piece_of(size, chunks)
        return size == length and self.has(Manifest("file", (piece,)).id)

    def fetch(self, snapshot: str) -> Opened:
        """Return a value's content, verified but for large buffers, which are not read yet.

        Raises:
            ContentError: missing or damaged.
        """
        manifest = self.rows.manifest(snapshot)
        if manifest.kind != "value":
            raise ContentError(f"content {snapshot[:12]} is that of a file, not of a value")
        count = manifest.segments
        whole = [self._piece(piece).read() for piece in manifest.pieces[: count + 1]]
        found = [self._piece(piece) for piece in manifest.pieces[count + 1 :]]
        large = [data if data.size >= OWN_BYTES else data.read() for data in found]
        return Opened(b"".join(whole[:count]), large, bytes(whole[count]))

    def _piece(self, piece: Piece) -> Later:
        return Later(piece.size, partial(self._fill, piece), allocate)

    def _fill(self, piece: Piece, view: memoryview) -> None:
        jobs = [(digest, view[start:stop]) for digest, start, stop in piece.spans()]
        if len(jobs) > PARALLEL:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                for _ in pool.map(lambda job: self.blobs.read(*job), jobs):
                    pass
        elif jobs:
            for digest, part in jobs:
                self.blobs.read(digest, part)
        elif piece.size:
            view[:] = self.rows.read(piece)

    def get_file(self, snapshot: str, path: str | os.PathLike[str]) -> None:
        """Write a stored file's content to ``path``, replacing what is there only once all is verified.

        Raises:
            ContentError: missing or damaged.
            StoreError: ``path`` can't be written.
        """
        manifest = self.rows.manifest(snapshot)
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{new_id()}")
        try:
            with unpatched.open(temporary, "xb", buffering=0) as file:
                for part in manifest.parts():
                    data = self.part(part)
                    rest = memoryview(data)
                    while rest:
                        rest = rest[file.write(rest) :]
            os.replace(temporary, target)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            if isinstance(error, OSError):
                raise layout.disk_error("write", target, error) from error
            raise

    def verify(self, snapshot: str) -> None:
        """Read a snapshot through, a chunk at a time.

        Raises:
            ContentError: missing or damaged.
        """
        for part in self.rows.manifest(snapshot).parts():
            self.part(part)

    def adopt(self, snapshot: str) -> None:
        """Take over a snapshot that another process wrote and may not have flushed: durable after ``sync``.

        Raises:
            ContentError: missing or damaged.
        """
        for part in self.rows.manifest(snapshot).parts():
            if part.is_row:
                self.rows.read(part)
            else:
                self.blobs.adopt(part.digest, part.size)

    def discard_damaged(self, snapshot: str) -> None:
        """Remove the parts of a snapshot that are damaged, so that whoever makes them again writes them again."""
        for part in self.rows.manifest(snapshot).parts():
            try:
                self.part(part)
            except ContentError:
                (self.rows if part.is_row else self.blobs).remove(part.digest)

    # -- durability ---------------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Return when everything put before the call is safely on disk.

        Raises:
            StoreError: the disk is full or failing; what was put since the last ``sync`` may not be there.
        """
        with self._sync_lock:
            flushed = self.blobs.flush()
            if flushed or self.rows.waiting:
                with self.lease.shared():  # as in `Rows.write`
                    with self._database.write() as connection:
                        pending = self.rows.take(connection)
                        connection.executemany("INSERT OR REPLACE INTO blobs VALUES (?, ?)", list(flushed.items()))
                    self.rows.taken(pending)
                    self.blobs.flushed(flushed)
            self._database.flush()


def _batches(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield parts in their order, such that rows can be read many at once."""
    batch: list[Part] = []
    for part in parts:
        batch.append(part)
        if len(batch) == TOGETHER or not part.is_row:
            yield batch
            batch = []
    yield batch


def _size(item: tuple[Part, object]) -> int:
    return item[0].size
