"""Writing a package: a zip or a folder, complete or not at all, and the same bytes for the same content.

Only the user can read it: who shares it decides that. A zip has no times, no owners, and its files in the order in
which they are given, which follows from the content. Contents are packed where a sample shows that it pays; which bytes
that gives is up to the library that packs (ISA-L), and may be to the kind of processor.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from nbrewind.model import new_id
from nbrewind.packages.form import PackageError

SAMPLE = 4096
PAYS = 0.75
LEVEL = 1
BUFFER = 1024 * 1024
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _MODE = 3, 0o100644 << 16


class Writer(ABC):
    """Writes a package beside its place, and moves it there at the end; where something is raised, nothing is left."""

    @abstractmethod
    def add(self, name: str, data: bytes) -> None:
        """Add a file that is at hand."""

    @abstractmethod
    def stream(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Add a file of ``size`` bytes that is not in memory."""

    @abstractmethod
    def finish(self) -> None:
        """Move it to its place."""

    @abstractmethod
    def drop(self) -> None:
        """Leave nothing."""

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.drop()


class ZipWriter(Writer):
    """Writes a zip beside its place, and moves it there at the end."""

    def __init__(self, path: Path) -> None:
        """Begin."""
        self._path = path
        self._temporary = path.with_name(f".{path.name[:200]}.{new_id()}")
        try:
            self._file = open(self._temporary, "xb", BUFFER, opener=private)  # noqa: SIM115 - until it is finished
            self._archive = zipfile.ZipFile(self._file, "w")
        except OSError as error:
            raise _cant(path, error) from error

    def add(self, name: str, data: bytes) -> None:
        """Add a file that is at hand."""
        from isal import isal_zlib

        from nbrewind.store.compress import shrink

        entry = _entry(name)
        entry.file_size, entry.CRC = len(data), zlib.crc32(data)
        sample = data[:SAMPLE]
        if len(shrink(sample)) < PAYS * len(sample):
            entry.compress_type = zipfile.ZIP_DEFLATED
            packer = isal_zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            data = packer.compress(data) + packer.flush()
        entry.compress_size = len(data)
        try:
            self._put(entry, data)
        except OSError as error:
            raise _cant(self._path, error) from error

    def _put(self, entry: zipfile.ZipInfo, data: bytes) -> None:
        """Write a file that is packed already.

        `zipfile` packs by itself, a fifth as fast, and for a short file takes ten times as long as to write it.
        """
        archive = self._archive
        entry.header_offset = archive.start_dir
        archive.start_dir += self._file.write(entry.FileHeader()) + self._file.write(data)
        archive.filelist.append(entry)
        archive.NameToInfo[entry.filename] = entry
        archive._didModify = True  # type: ignore[attr-defined]

    def stream(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Add a file of ``size`` bytes that is not in memory."""
        entry = _entry(name)
        entry.file_size = size
        try:
            with self._archive.open(entry, "w") as target:
                for data in chunks:
                    target.write(data)
        except OSError as error:
            raise _cant(self._path, error) from error

    def finish(self) -> None:
        """Move it to its place."""
        try:
            self._archive.close()
            self._file.close()
            os.replace(self._temporary, self._path)
        except OSError as error:
            raise _cant(self._path, error) from error

    def drop(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(Exception):
            self._archive.close()
        with contextlib.suppress(OSError):
            self._file.close()
            os.unlink(self._temporary)


class FolderWriter(Writer):
    """Writes a folder beside its place, and moves it there at the end."""

    def __init__(self, path: Path) -> None:
        """Begin."""
        if path.exists() and any(path.iterdir()):
            raise PackageError(f"can't write {path}: the folder is not empty")
        self._path = path
        self._temporary = path.with_name(f".{path.name[:200]}.{new_id()}")
        try:
            self._temporary.mkdir(mode=0o700)
        except OSError as error:
            raise _cant(path, error) from error

    def add(self, name: str, data: bytes) -> None:
        """Add a file that is at hand."""
        self.stream(name, len(data), (data,))

    def stream(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Add a file of ``size`` bytes that is not in memory."""
        target = self._temporary / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb", opener=private) as file:
                for data in chunks:
                    file.write(data)
        except OSError as error:
            raise _cant(self._path, error) from error

    def finish(self) -> None:
        """Move it to its place."""
        try:
            os.replace(self._temporary, self._path)
        except OSError as error:
            raise _cant(self._path, error) from error

    def drop(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self._temporary, ignore_errors=True)


def open_writer(path: Path) -> Writer:
    """Begin a package at a path: a folder where it ends in a slash or is one, else a zip.

    Raises:
        PackageError: it can't be written there.
    """
    if not path.parent.is_dir():
        raise PackageError(f"can't write {path}: there is no directory {path.parent}")
    return FolderWriter(path) if path.is_dir() or not path.suffix else ZipWriter(path)


def private(path: str, flags: int) -> int:
    """Open a file, as `open` has it done; a new one only the user can read."""
    return os.open(path, flags, 0o600)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system, entry.external_attr = _UNIX, _MODE
    return entry


def _cant(path: Path, error: OSError) -> PackageError:
    return PackageError(f"can't write {path}: {error.strerror or error}")
