"""Receiving a package: its notebook and data become files, and its records a store's, if it is trusted.

All of it is checked before anything is written.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nbrewind.model import new_id
from nbrewind.packages import cells
from nbrewind.packages.form import MANIFEST, WHEELS, PackageError
from nbrewind.packages.opened import Package, Progress
from nbrewind.packages.trust import State, state
from nbrewind.packages.writing import private
from nbrewind.store import Notebook, Store
from nbrewind.store.adopt import Adopted, adopt, facts_of

_IMPORTED = "imported:"
SPARE = 64 * 1024**2
"""Bytes that stay free on a disk."""


@dataclass
class Received:
    """What was made of a package."""

    notebook: Path
    state: State
    files: list[Path]
    """That were written, the notebook included."""
    adopted: Adopted | None = None
    """None: its records do not answer, since it is not trusted."""


def receive(package: Package, folder: Path, store: Store, progress: Progress = lambda share: None) -> Received:
    """Write the notebook and the data of a package into a folder; adopt its records if it is trusted.

    Files that are there already must be the same.

    Raises:
        PackageError: something is wrong with the package, or in the way; then nothing was written.
    """
    package.check(progress)
    found = state(package, store)
    target = folder / package.manifest.notebook.rpartition("/")[2]
    text = cells.written(cells.plain(package.notebook))
    data = [one for one in package.manifest.data if one.inside]
    _check_room(package, folder, store)
    _check_free(folder, target, text)
    for one in data:
        _check_place(package, folder, one.path, one.inside)
    folder.mkdir(parents=True, exist_ok=True)
    written = [target] if _write(target, iter([text])) else []
    written += [folder / one.path for one in data if _write(folder / one.path, package.chunks(one.inside))]
    made = Received(target, found, written)
    if found != "untrusted":
        made.adopted = take_over(package, target, store)
    else:
        _remember(package, target, store)
    return made


def take_over(package: Package, notebook: Path, store: Store) -> Adopted:
    """Make a package's records those of a notebook. It was checked, and is trusted."""
    return adopt(
        store,
        str(notebook),
        package.manifest.cells,
        package.records,
        package.contents.values(),
        lambda part: package.part(part.digest),
        facts=package.document(MANIFEST),
    )


def write_wheels(package: Package, folder: Path) -> None:
    """Write the wheels of a package into a folder.

    Raises:
        PackageError: one of them is not what was sealed, or can't be written.
    """
    for one in package.manifest.software:
        if one.wheel:
            if one.wheel not in package.seal.files or not one.wheel.startswith(WHEELS):
                raise PackageError(f"{package.path} has no {one.wheel}")
            put(folder / one.wheel.removeprefix(WHEELS).replace("/", "_"), package.chunks(one.wheel))


def imported(package: Package, store: Store) -> list[Path]:
    """Return where a package's notebook was written while it was not trusted, and still is."""
    told = store.note(_IMPORTED + package.id)
    return [path for text in (json.loads(told) if told else ()) if (path := Path(text)).is_file()]


def receive_again(package: Package, folder: Path, store: Store, progress: Progress = lambda share: None) -> Received:
    """As `receive`; but where the notebook was written there before, it stays as it is, whatever became of it since.

    Raises:
        PackageError: as `receive`.
    """
    target = place_of(package, folder, store)
    if target is None:
        return receive(package, folder, store, progress)
    made = Received(target, state(package, store), [])
    if made.state != "untrusted":
        index = _answering(package, target, store)
        if index is not None:
            made.adopted = Adopted(index, 0, 0, 0, 0)
        else:
            package.check(progress)
            made.adopted = take_over(package, target, store)
    return made


def place_of(package: Package, folder: Path, store: Store) -> Path | None:
    """Return where a package's notebook was written in a folder before; None if it was not."""
    target = folder / package.manifest.notebook.rpartition("/")[2]
    if not os.path.isfile(target):
        return None
    known = Path(os.path.realpath(target)) in imported(package, store) or _answering(package, target, store)
    return target if known else None


def _answering(package: Package, notebook: Path, store: Store) -> Notebook | None:
    index = store.notebook(notebook, create=False)
    return index if index is not None and facts_of(index) == package.document(MANIFEST) else None


def _remember(package: Package, notebook: Path, store: Store) -> None:
    known = dict.fromkeys([*map(str, imported(package, store)), os.path.realpath(notebook)])
    store.set_note(_IMPORTED + package.id, json.dumps(list(known)))


def _check_room(package: Package, folder: Path, store: Store) -> None:
    for place in (folder, store.directory):
        there = next(path for path in (place, *place.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        if package.size + SPARE > free:
            raise PackageError(f"{package.path} holds {package.size} bytes, and {there} has room for {free}")


def _check_free(folder: Path, target: Path, text: bytes) -> None:
    if folder.exists() and not folder.is_dir():
        raise PackageError(f"can't write into {folder}: it is no folder")
    if os.path.lexists(target) and not (target.is_file() and target.read_bytes() == text):
        raise PackageError(f"can't write {target}: there is another file of that name")


def _check_place(package: Package, folder: Path, path: str, inside: str) -> None:
    """Refuse a file of data whose place is taken by another, or leads through a link."""
    target = place_in(folder, path)
    if os.path.lexists(target) and not _same(target, package.chunks(inside)):
        raise PackageError(f"can't write {target}: there is another file of that name")


def place_in(folder: Path, path: str) -> Path:
    """Return where a file is written in a folder.

    Raises:
        PackageError: a link that is there leads out of the folder.
    """
    target = folder / path
    if not os.path.realpath(target).startswith(os.path.realpath(folder) + os.sep):
        raise PackageError(f"can't write {target}: a link leads out of {folder}")
    return target


def _same(path: Path, chunks: Iterator[bytes]) -> bool:
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return all(file.read(len(data)) == data for data in chunks) and not file.read(1)


def _write(target: Path, chunks: Iterator[bytes]) -> bool:
    """Write a file unless it is there; return whether it was written."""
    if os.path.lexists(target):
        return False
    put(target, chunks)
    return True


def write_file(target: Path, data: bytes) -> None:
    """Write a file, complete or not at all.

    Raises:
        PackageError: it can't be written.
    """
    put(target, iter([data]))


def put(target: Path, chunks: Iterator[bytes]) -> None:
    """Write a file of which bytes come one after the other, complete or not at all.

    Raises:
        PackageError: it can't be written.
    """
    temporary = target.with_name(f".{target.name[:200]}.{new_id()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb", opener=private) as file:
            for data in chunks:
                file.write(data)
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise PackageError(f"can't write {target}: {error.strerror or error}") from error
        raise
