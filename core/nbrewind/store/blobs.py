"""Large contents as files: immutable, named by their digest, written whole or not at all.

A file has the bytes of its content, or fewer: then it is a head, which says how long the file is, and the content
compressed. It is written as it is, since that is faster, and compressed when it is flushed, off the cell's path, where
that pays (`compress`). Either form takes the place of the other at any time.

A blob is trusted, and not written a second time, only if this process wrote it or the ``blobs`` table says that it is
safely on disk, and only while its file is there, as long as it should be. Whatever a crash left half done is therefore
written again by whoever needs it next.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import time
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path

from blake3 import blake3

from nbrewind import unpatched
from nbrewind.model import new_id
from nbrewind.store.database import Database, Guard
from nbrewind.store.layout import BLOB_MODE, DIRECTORY_MODE, Layout, disk_error
from nbrewind.store.types import ContentError, MissingError, Packed, StoreError

LEFTOVER_SECONDS = 3600.0
MAGIC = b"nbr+zstd"
HEAD = struct.Struct("<8sQ")
"""Of a compressed blob: `MAGIC`, and the length of its file."""


class Blobs:
    """The files under ``blobs/``."""

    def __init__(self, layout: Layout, database: Database) -> None:
        """Use the files of ``layout`` and the ``blobs`` table of ``database``."""
        self._layout = layout
        self._database = database
        self._lock = Guard(layout.directory)
        self._fresh: dict[bytes, int] = {}
        self._suspect: set[bytes] = set()  # found damaged, or their flush failed: the next put writes them again

    def ensure(self, data: memoryview | bytes, known: bytes | None = None) -> tuple[bytes, int]:
        """Make sure that a blob with these bytes exists; return its digest and the bytes added (0 if it was there).

        ``known``: what their digest was just now. ``data`` may change while this runs: the digest returned is always
        that of the bytes in the file.
        """
        digest = known or blake3(data).digest()
        if self.present(digest, len(data)):
            return digest, 0
        if not isinstance(data, bytes):
            data = bytes(data)  # our own copy: what is hashed is what is written
            digest = blake3(data).digest()
        self._write(digest, data)
        with self._lock:
            self._fresh[digest] = len(data)
            self._suspect.discard(digest)
        return digest, len(data)

    def keep(self, packed: Packed, digest: bytes, size: int) -> int:
        """Make sure that a blob exists which comes compressed, as `both` gives it; return the bytes added, as `ensure`.

        Raises:
            ContentError: that is not what it is compressed to.
        """
        if self.present(digest, size):
            return 0
        whole = HEAD.size + len(packed.data)
        data = b"" if packed.verified and whole < size else self._unpacked(packed, digest, size)
        self._write(digest, HEAD.pack(MAGIC, whole) + packed.data if whole < size else data)
        with self._lock:
            self._fresh[digest] = size
            self._suspect.discard(digest)
        return size

    @staticmethod
    def _unpacked(packed: Packed, digest: bytes, size: int) -> bytes:
        from nbrewind.store.compress import decompress

        data = decompress(packed.data, size)
        if data is None or blake3(data).digest() != digest:
            raise ContentError(f"content is damaged: {digest.hex()[:12]} is not what came compressed")
        return data

    def take(self, file: Path, digest: bytes, size: int) -> int:
        """Take over a blob of another store, which lies in ``file``, without a copy where that is possible.

        Returns the bytes added: 0 if it was there.

        Raises:
            ContentError: missing or damaged.
        """
        if self.present(digest, size):
            return 0
        path = self._layout.blob(digest)
        temporary = self._layout.temporary / f"{os.getpid()}-{new_id()}"
        try:
            path.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
            try:
                os.link(file, temporary)
            except OSError:  # on another disk, or not to be had
                shutil.copyfile(file, temporary)
            temporary.chmod(BLOB_MODE)
            os.rename(temporary, path)  # two links to one file: nothing is done, and the first stays
        except FileNotFoundError as error:
            raise MissingError(f"content is missing: {file}") from error
        except OSError as error:
            raise disk_error("write content under", self._layout.blobs, error) from error
        finally:
            temporary.unlink(missing_ok=True)
        with self._lock:
            self._suspect.discard(digest)
        self.adopt(digest, size)
        return size

    def adopt(self, digest: bytes, size: int) -> None:
        """Take over a blob that nobody may have flushed, once it is verified: the next ``flush`` does.

        Raises:
            ContentError: missing or damaged.
        """
        if self.present(digest, size):
            return
        self.read(digest, memoryview(bytearray(size)))
        with self._lock:
            self._fresh[digest] = size

    def present(self, digest: bytes, size: int) -> bool:
        """Return whether a blob is there, whole."""
        if digest in self._suspect:
            return False
        if digest not in self._fresh and not self._database.read("SELECT 1 FROM blobs WHERE digest = ?", (digest,)):
            return False
        return self.is_whole(digest, size)

    def is_whole(self, digest: bytes, size: int) -> bool:
        """Return whether the file of a blob is there, as long as it should be, whoever wrote it."""
        path = self._layout.blob_name(digest)
        try:
            length = os.stat(path).st_size
            if HEAD.size < length < size:
                with unpatched.open(path, "rb", buffering=0) as file:
                    return file.read(HEAD.size) == HEAD.pack(MAGIC, os.fstat(file.fileno()).st_size)
            return length == size
        except OSError:
            return False

    def _write(self, digest: bytes, data: bytes | bytearray, *, flush: bool = False) -> None:
        """Put a file in its place; with ``flush`` it is safely on disk before it is."""
        path = self._layout.blob(digest)
        temporary = self._layout.temporary / f"{os.getpid()}-{new_id()}"
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, BLOB_MODE)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                if flush:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            try:
                os.rename(temporary, path)
            except FileNotFoundError:
                path.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
                os.rename(temporary, path)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            if isinstance(error, OSError):
                raise disk_error("write content under", self._layout.blobs, error) from error
            raise

    def read(self, digest: bytes, into: memoryview) -> None:
        """Fill ``into`` with a blob and verify it.

        Raises:
            ContentError: missing, of another size, or damaged.
        """
        with self._opened(digest, len(into)) as (file, length):
            if length < len(into):
                into[:] = self._decompressed(digest, _read(file, length), len(into))
            else:
                _fill(file, into)
        self._verify(digest, into)

    def whole(self, digest: bytes, size: int) -> bytes:
        """Return a blob, verified: less is copied than to `read` it into new memory.

        Raises:
            ContentError: missing, of another size, or damaged.
        """
        return self._stored(digest, size)[0]

    def both(self, digest: bytes, size: int) -> tuple[bytes, bytes | None]:
        """Return a blob, verified, and the same compressed; None if that does not pay.

        Raises:
            ContentError: missing or damaged.
        """
        data, packed = self._stored(digest, size)
        if packed is None:
            from nbrewind.store.compress import compress

            return data, compress(size, lambda start, stop: data[start:stop])
        return data, bytes(memoryview(packed)[HEAD.size :])

    def packed(self, digest: bytes, size: int) -> bytes:
        """Return a blob as `both` does compressed; empty if that does not pay. What is compressed is not verified.

        Raises:
            ContentError: missing or damaged.
        """
        with self._opened(digest, size) as (file, length):
            if length < size:
                return bytes(memoryview(_read(file, length))[HEAD.size :])
        return self.both(digest, size)[1] or b""

    def _stored(self, digest: bytes, size: int) -> tuple[bytes, bytearray | None]:
        packed = None
        with self._opened(digest, size) as (file, length):
            if length < size:
                packed = _read(file, length)
                data = self._decompressed(digest, packed, size)
            else:
                data = file.read(size)
                data += _read(file, size - len(data))  # systems may give less than was asked for
        self._verify(digest, data)
        return data, packed

    @contextlib.contextmanager
    def _opened(self, digest: bytes, size: int) -> Iterator[tuple[FileIO, int]]:
        """Open a blob's file; gives its length as well, which is no more than ``size``."""
        path = self._layout.blob(digest)
        try:
            with unpatched.open(path, "rb", buffering=0) as file:
                length = os.fstat(file.fileno()).st_size
                if length > size:
                    raise self._damaged(digest, "it is too long")
                yield file, length
        except FileNotFoundError as error:
            raise MissingError(f"content is missing: {path}; run `nbrewind doctor --repair`") from error
        except OSError as error:
            raise ContentError(str(disk_error("read", path, error))) from error

    def _verify(self, digest: bytes, data: bytes | memoryview) -> None:
        if blake3(data).digest() != digest:
            raise self._damaged(digest, "it does not have the digest that its name says")

    def _decompressed(self, digest: bytes, data: bytearray, size: int) -> bytes:
        from nbrewind.store.compress import decompress

        if data[: HEAD.size] != HEAD.pack(MAGIC, len(data)):
            raise self._damaged(digest, "it is too short")
        found = decompress(data[HEAD.size :], size)
        if found is None:
            raise self._damaged(digest, "what is compressed in it can't be read")
        return found

    def _damaged(self, digest: bytes, why: str) -> ContentError:
        with self._lock:
            self._suspect.add(digest)
        path = self._layout.blob(digest)
        return ContentError(f"content is damaged: {path} ({why}); run `nbrewind doctor --repair`")

    def flush(self) -> dict[bytes, int]:
        """Flush the blobs written so far, and the folders that name them; return these with their files' sizes.

        The caller enters them into the ``blobs`` table and then calls ``flushed``.
        """
        with self._lock:
            fresh = dict(self._fresh)
        try:
            folders: set[Path] = set()
            for digest, size in fresh.items():
                if digest in self._suspect:
                    self._write_again(digest, size)
                fresh[digest] = self._settle(digest, size)
                folders.add(self._layout.blob(digest).parent)
            for folder in folders:
                _fsync(folder)
            if folders:
                _fsync(self._layout.blobs)
        except OSError as error:
            # after a failed flush the system may call the next one a success though the bytes never reached the disk
            with self._lock:
                self._suspect.update(fresh)
            raise disk_error("flush content under", self._layout.blobs, error) from error
        return fresh

    def _settle(self, digest: bytes, size: int) -> int:
        """Flush a blob, compressed where that pays; return the size of its file."""
        path = self._layout.blob(digest)
        with unpatched.open(path, "rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            data = _compressed(file, size) if length == size else None
        if data is not None:
            with contextlib.suppress(StoreError):  # there is no room, even for that: what is there may do
                self._write(digest, data, flush=True)
                return len(data)
        _fsync(path)
        return length

    def _write_again(self, digest: bytes, size: int) -> None:
        data = bytearray(size)
        try:
            self.read(digest, memoryview(data))
        except ContentError:
            self.flushed([digest])
            raise
        self._write(digest, data)

    def flushed(self, digests: Iterable[bytes]) -> None:
        """Forget blobs that the ``blobs`` table now has."""
        with self._lock:
            for digest in digests:
                self._fresh.pop(digest, None)
                self._suspect.discard(digest)

    def remove(self, digest: bytes) -> None:
        """Unlink a damaged blob, so that the next run that makes this content writes it again."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM blobs WHERE digest = ?", (digest,))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._layout.blob(digest))

    def leftovers(self) -> list[Path]:
        """Return files that a writer which is gone left half written."""
        limit = time.time() - LEFTOVER_SECONDS
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._layout.temporary) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < limit:
                        found.append(Path(entry.path))
        return found

    def clean(self) -> None:
        """Unlink the leftovers."""
        for path in self.leftovers():
            with contextlib.suppress(OSError):
                path.unlink()


def _fill(file: FileIO, into: memoryview) -> None:
    """Read as many bytes as there is room for; fewer only if the file was cut meanwhile."""
    while into and (count := file.readinto(into)):
        into = into[count:]


def _read(file: FileIO, size: int) -> bytearray:
    data = bytearray(size)
    _fill(file, memoryview(data))
    return data


def _compressed(file: FileIO, size: int) -> bytes | None:
    """Return what a compressed blob holds; None if to compress does not pay."""
    from nbrewind.store.compress import compress

    data = compress(size, lambda start, stop: os.pread(file.fileno(), stop - start, start))
    return None if data is None else HEAD.pack(MAGIC, HEAD.size + len(data)) + data


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
