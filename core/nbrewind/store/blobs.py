"""Large contents as files: immutable, named by their digest, written whole or not at all.

A blob is trusted, and not written a second time, only if this process wrote it or the ``blobs`` table says that it is
safely on disk, and only while its file is there with the right size. Whatever a crash left half done is therefore
written again by whoever needs it next.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from blake3 import blake3

from nbrewind.model import new_id
from nbrewind.store.database import Database, Guard
from nbrewind.store.layout import BLOB_MODE, DIRECTORY_MODE, Layout, disk_error
from nbrewind.store.types import ContentError, MissingError

LEFTOVER_SECONDS = 3600.0


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
        try:
            return os.stat(self._layout.blob(digest)).st_size == size
        except OSError:
            return False

    def _write(self, digest: bytes, data: bytes | bytearray) -> None:
        path = self._layout.blob(digest)
        temporary = self._layout.temporary / f"{os.getpid()}-{new_id()}"
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, BLOB_MODE)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
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
        path = self._layout.blob(digest)
        try:
            with open(path, "rb", buffering=0) as file:
                filled = 0
                while filled < len(into):
                    count = file.readinto(into[filled:])
                    if not count:
                        raise self._damaged(digest, "it is too short")
                    filled += count
                if file.read(1):
                    raise self._damaged(digest, "it is too long")
        except FileNotFoundError as error:
            raise MissingError(f"content is missing: {path}; run `nbrewind doctor --repair`") from error
        except OSError as error:
            raise ContentError(str(disk_error("read", path, error))) from error
        if blake3(into).digest() != digest:
            raise self._damaged(digest, "it does not have the digest that its name says")

    def _damaged(self, digest: bytes, why: str) -> ContentError:
        with self._lock:
            self._suspect.add(digest)
        path = self._layout.blob(digest)
        return ContentError(f"content is damaged: {path} ({why}); run `nbrewind doctor --repair`")

    def flush(self) -> dict[bytes, int]:
        """Flush the blobs written so far, and the folders that name them; return digests and sizes of those flushed.

        The caller enters them into the ``blobs`` table and then calls ``flushed``.
        """
        with self._lock:
            fresh = dict(self._fresh)
        try:
            folders: set[Path] = set()
            for digest, size in fresh.items():
                if digest in self._suspect:
                    self._write_again(digest, size)
                path = self._layout.blob(digest)
                _fsync(path)
                folders.add(path.parent)
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


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
