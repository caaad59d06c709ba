"""The files of a package that somebody else may have made: a zip, or a folder. Nothing is believed, nothing written.

What is refused here, before any of it is read: names that lead elsewhere or stand twice, links and devices, files that
say they are more than what can come out of their bytes, and files that share bytes.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

from nbrewind.packages.embed import package_in
from nbrewind.packages.form import MOST_DOCUMENT, PackageError, check_name
from nbrewind.store.types import CHUNK_BYTES

CHUNK = CHUNK_BYTES + 1
"""Bytes that are read at once: a part of a content as a whole."""
MOST_FILES = 2_000_000
DEFLATE_RATIO = 1040
"""No bytes that DEFLATE has packed are more times as many as these."""
_HEAD = 30
"""Bytes of a zip that each file takes at least, beside its own."""
_BEGIN = b"PK\3\4"
_LENGTHS = struct.Struct("<HH")
"""Of the name and of what else comes before a file's own bytes, at the end of its head."""
_UTF8, _OTHER = 0x800, 0x60
"""Flags: of a name's form; of patches, and of a kind of encryption."""


_DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError
)  # fmt: skip


class Container(Protocol):
    """Files by name."""

    files: dict[str, int]
    """Names to sizes in bytes."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        ...  # pragma: no cover

    def close(self) -> None:
        """Let go of it."""
        ...  # pragma: no cover


class _Files:
    """What both kinds have in common."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, int] = {}
        self._folded: set[str] = set()
        self._folders: set[str] = set()

    def _add(self, name: str, size: int) -> None:
        check_name(name)
        folded = name.casefold()
        if folded in self._folded:
            raise PackageError(f"it holds two files of the name {name}")
        self._folded.add(folded)
        above = folded.rpartition("/")[0]
        while above and above not in self._folders:
            self._folders.add(above)
            above = above.rpartition("/")[0]
        self.files[name] = size
        if len(self.files) > MOST_FILES:
            raise PackageError(f"it holds more than {MOST_FILES} files")

    def _check(self) -> None:
        both = sorted(self._folded & self._folders)
        if both:
            raise PackageError(f"{both[0]} is a file in it, and a folder too")

    def chunks(self, name: str) -> Iterator[bytes]:
        raise NotImplementedError

    def close(self) -> None:
        pass

    def __enter__(self) -> _Files:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, name: str, most: int = MOST_DOCUMENT) -> bytes:
        """Return a file that is a document.

        Raises:
            PackageError: it is not there, too large, or damaged.
        """
        if name not in self.files:
            raise PackageError(f"it has no {name}")
        if self.files[name] > most:
            raise PackageError(f"{name} is too large: {self.files[name]} bytes")
        return b"".join(self.chunks(name))


class Folder(_Files):
    """A package as a folder."""

    def __init__(self, path: Path) -> None:
        """List it."""
        super().__init__(path)
        todo = [path]
        while todo:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    mode = entry.stat(follow_symlinks=False)
                    name = Path(entry.path).relative_to(path).as_posix()
                    if stat.S_ISDIR(mode.st_mode):
                        check_name(name)
                        todo.append(Path(entry.path))
                    elif stat.S_ISREG(mode.st_mode):
                        self._add(name, mode.st_size)
                    else:
                        raise PackageError(f"{name} is no file: a link, or a device")
        self._check()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        left = self.files[name]
        with open(os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0) as file:
            while data := file.read(CHUNK):
                left -= len(data)
                yield data
        if left:
            raise PackageError(f"{name} changed while it was read")


class Zip(_Files):
    """A package as a zip."""

    def __init__(self, path: Path, data: bytes | None = None, *, folders: bool = False) -> None:
        """List it. ``data``: its bytes, if they lie in something else; ``folders``: it may name folders, too."""
        super().__init__(path)
        self._may_name_folders = folders
        self._file = open(path, "rb") if data is None else io.BytesIO(data)  # noqa: SIM115 - until it is closed
        try:
            self._archive = zipfile.ZipFile(self._file)
            self._list(path.stat().st_size if data is None else len(data))
        except BaseException:
            self._file.close()
            raise

    def _list(self, length: int) -> None:
        used = 0
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            name = entry.filename
            if self._may_name_folders and name.endswith("/") and not entry.file_size:
                check_name(name[:-1])
                continue
            mode = entry.external_attr >> 16
            if entry.orig_filename != name:
                raise PackageError(f"it holds a file of the name {entry.orig_filename[:200]!r}, which is none")
            if name.endswith("/") or (mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
                raise PackageError(f"{name[:200]} is no file: a folder, a link, or a device")
            if entry.flag_bits & 0x1:
                raise PackageError(f"{name[:200]} is encrypted")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & _OTHER:
                raise PackageError(f"{name[:200]} is packed in a way that packages are not")
            most = entry.compress_size * (DEFLATE_RATIO if entry.compress_type == zipfile.ZIP_DEFLATED else 1)
            if entry.file_size > most:
                raise PackageError(f"{name[:200]} says that it is of {entry.file_size} bytes, which it can't be")
            used += entry.compress_size + _HEAD
            self._add(name, entry.file_size)
            self._entries[name] = entry
        if used > length:
            raise PackageError("files in it share their bytes")
        self._check()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes: exactly as many as it says."""
        left = self.files[name]
        entry = self._entries[name]
        try:
            for data in self._short(entry) if max(left, entry.compress_size) <= CHUNK else self._long(entry):
                left -= len(data)
                if left < 0:
                    break
                yield data
        except _DAMAGED as error:
            raise PackageError(f"{name} is damaged: {error}") from error
        if left:
            raise PackageError(f"{name} is not as long as it says")

    def _long(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._archive.open(entry) as file:
            yield from iter(lambda: file.read(CHUNK), b"")

    def _short(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield a file at once, at most a byte more than it says. `zipfile` takes ten times as long to open one."""
        self._file.seek(entry.header_offset)
        head = self._file.read(_HEAD)
        if len(head) != _HEAD or not head.startswith(_BEGIN):
            raise zipfile.BadZipFile("it does not begin where it should")
        name_length, more = _LENGTHS.unpack_from(head, _HEAD - _LENGTHS.size)
        name = entry.orig_filename
        form = "utf-8" if entry.flag_bits & _UTF8 or name.isascii() else "cp437"
        if self._file.read(name_length) != name.encode(form):
            raise zipfile.BadZipFile("it has another name where it begins")
        self._file.seek(more, os.SEEK_CUR)
        data = self._file.read(entry.compress_size)
        if len(data) != entry.compress_size:
            raise EOFError("it is cut off")
        if entry.compress_type == zipfile.ZIP_DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, entry.file_size + 1)
        if zlib.crc32(data) != entry.CRC:
            raise zipfile.BadZipFile("it does not have the checksum that it should")
        if data:
            yield data

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()
        self._file.close()


def holds(path: Path, name: str) -> bool:
    """Return whether there seems to be a file of a name in a package; who opens it finds out what is wrong with it."""
    if path.is_dir():
        return os.path.lexists(path / name)
    try:
        with zipfile.ZipFile(path) as archive:
            return name in archive.NameToInfo
    except Exception:  # zipfile raises many kinds for what is no zip
        return False


def open_container(path: Path, *, folders: bool = False) -> Folder | Zip:
    """List the files of a package; ``folders``: a zip may name folders beside the files, as other programs' do.

    Raises:
        PackageError: there is none, or one that must not be read.
    """
    try:
        if path.is_dir():
            return Folder(path)
        return Zip(path, package_in(path) if path.suffix == ".ipynb" else None, folders=folders)
    except PackageError as error:
        raise PackageError(f"{path} is no package that can be used: {error}") from error
    except OSError as error:
        raise PackageError(f"can't read {path}: {error.strerror or error}") from error
    except Exception as error:  # zipfile raises many kinds for what is no zip
        raise PackageError(f"{path} is no package: {error or type(error).__name__}") from error
