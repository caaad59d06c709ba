"""Files and folders that tasks make: into the store, and back to where a task would have put them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from itertools import count
from typing import NamedTuple, TypeAlias

from nbrewind.model import new_id
from nbrewind.store import Store
from nbrewind.store.types import StoreError

from .files import MOST
from .records import Elsewhere, Entry, Made, Output, tree_digest

Place: TypeAlias = str | os.PathLike[str]


class Staged(NamedTuple):
    """A file that waits beside the place where it belongs."""

    temporary: str
    path: str


def put(store: Store, name: str, place: Place | Elsewhere) -> Output:
    """Store what a task made.

    Raises:
        StoreError: it is not there, can't be read, or is no file or folder of such.
    """
    if isinstance(place, Elsewhere):
        return Output(name, Made(place.digest, place.size))
    path = os.fspath(place)
    if os.path.isdir(path):
        entries = tuple(_entries(store, path, "", count(1)))
        size = sum(entry.made.size for entry in entries if entry.made)
        return Output(name, Made(tree_digest(entries), size), entries=entries)
    return Output(name, *_put_file(store, path))


def _put_file(store: Store, path: str) -> tuple[Made, bool]:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise StoreError(f"could not store {path}: {error.strerror}") from error
    if not stat.S_ISREG(mode):  # to open a pipe would wait for who writes into it
        raise StoreError(f"could not store {path}: not a regular file")
    stored = store.put_file(path)
    return Made(stored.id, stored.bytes, stored.id), bool(mode & stat.S_IXUSR)


def _entries(store: Store, folder: str, prefix: str, numbers: Iterator[int]) -> Iterator[Entry]:
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise StoreError(f"could not store {folder}: {error.strerror}") from error
    for entry in found:
        if next(numbers) > MOST:
            raise StoreError(f"could not store {folder}: it has more than {MOST} entries")
        if entry.is_symlink():
            raise StoreError(f"could not store {entry.path}: it is a link")
        if entry.is_dir():
            yield Entry(prefix + entry.name, None)
            yield from _entries(store, entry.path, f"{prefix}{entry.name}/", numbers)
        else:
            yield Entry(prefix + entry.name, *_put_file(store, entry.path))


def contents(outputs: tuple[Output, ...]) -> Iterator[Made]:
    """Yield the files among what a task made."""
    for output in outputs:
        if output.entries is None:
            yield output.made
        else:
            yield from (entry.made for entry in output.entries if entry.made is not None)


def put_back(store: Store, outputs: Mapping[str, Output], places: Mapping[str, Place]) -> bool:
    """Put files and folders where they belong, all or none; return whether they are there now.

    What lies there and is the same is left alone. Other files in a folder stay.

    Raises:
        StoreError: something is missing or damaged, or a place can't be written to.
    """
    staged: list[Staged] = []
    try:
        for name, place in places.items():
            output = outputs.get(name)
            if output is None or (output.entries is None and not output.made.snapshot):
                return False
            path = os.fspath(place)
            if output.entries is None:
                _stage(store, output.made, output.executable, path, staged)
                continue
            os.makedirs(path, exist_ok=True)
            for entry in output.entries:
                if entry.path[:1] == "/" or ".." in entry.path.split("/"):
                    return False  # no task makes such a thing: it would lie elsewhere
                inner = os.path.join(path, entry.path)
                if entry.made is None:
                    os.makedirs(inner, exist_ok=True)
                else:
                    _stage(store, entry.made, entry.executable, inner, staged)
        while staged:
            os.replace(*staged[-1])
            staged.pop()
    except OSError as error:
        raise StoreError(f"could not put back what a task made: {error}") from error
    finally:
        for one in staged:
            with contextlib.suppress(OSError):
                os.unlink(one.temporary)
    return True


def _stage(store: Store, made: Made, executable: bool, path: str, staged: list[Staged]) -> None:
    folder, name = os.path.split(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{name[:100]}.{new_id()}")
    store.get_file(made.snapshot, temporary)
    staged.append(Staged(temporary, path))
    if executable:
        mode = os.stat(temporary).st_mode
        os.chmod(temporary, mode | (mode & 0o444) >> 2)
