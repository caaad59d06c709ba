"""What a front end asks of packages, as plain documents: `package_worker` does each in a process of its own.

Long work tells how far it is by ``tell``, at least a few times a second; what that raises ends the work, and nothing is
left of what it had begun to write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from nbformat import NotebookNode

from nbrewind.driver.notebook_file import is_python, read_notebook
from nbrewind.packages import keys
from nbrewind.packages.form import COMPUTE as COMPUTE_FOLDER
from nbrewind.packages.form import Extent, Manifest, PackageError
from nbrewind.packages.opened import Package
from nbrewind.packages.overview import outlook, sizes
from nbrewind.packages.receive import imported, place_of, receive_again, take_over, write_file
from nbrewind.packages.trust import accept, sign, signers, state
from nbrewind.store import Notebook, Store
from nbrewind.store.layout import Layout, default_directory
from nbrewind.store.transfer import newest_head

Tell = Callable[[str, float], None]
Document = dict[str, Any]

SHOWN = 500
"""Entries of a list that are told; all are counted."""
MOST_OUTPUTS = 8 * 1024**2
"""Bytes of outputs that are told of one package."""


class NothingRecordedError(Exception):
    """There is nothing to export."""


class OtherPackageError(Exception):
    """There is another package now than the one that was looked at."""


# -- export -----------------------------------------------------------------------------------------------------------


def preview(notebook: str, contents: Extent, store: str, tell: Tell) -> Document:
    """Return what an export would write, and which keys could sign it.

    ``container``: bytes of the files by which an image is built, which are not among the others.
    """
    from nbrewind.packages.export import COMPUTE
    from nbrewind.packages.export import preview as look

    with _Recorded(notebook, store) as (found, index, node):
        made = look(found, index, node, Path(notebook), contents=contents, container=True, progress=tell)
    image = {name for name in made.files if name.startswith(COMPUTE_FOLDER) and name != COMPUTE}
    known = [{"name": one.name, "fingerprint": one.fingerprint} for one in keys.usable_keys()]
    return {
        **_told(made.manifest),
        "kinds": _plain(sizes({name: size for name, size in made.files.items() if name not in image})),
        "container": sum(made.files[name] for name in image),
        "keys": known,
    }


def export(
    notebook: str,
    target: str,
    contents: Extent,
    key: str,
    store: str,
    tell: Tell,
    *,
    embed: bool = False,
    container: bool = False,
) -> Document:
    """Write a package to a place where there is nothing yet.

    Args:
        notebook: where it lies.
        target: the place.
        contents: ``slim``: without large ones.
        key: the name of an SSH key that signs, or empty.
        store: its directory; empty for the default.
        tell: is told how far it is.
        embed: write a notebook with a slim package in it.
        container: also files by which an image is built.
    """
    from nbrewind.packages.embedding import export_embedded
    from nbrewind.packages.export import export as write

    place = Path(target)
    if place.exists():
        raise PackageError(f"can't write {target}: there is a file of that name")
    signing = _key(key) if key else None
    with _Recorded(notebook, store) as (found, index, node):
        options: dict[str, Any] = {"sign": lambda seal: sign(seal, signing), "progress": tell}
        if embed:
            made, text = export_embedded(found, index, node, Path(notebook), **options)
            write_file(place, text)
        else:
            made = write(
                found, index, node, Path(notebook), place, contents=contents, container=container, **options
            )  # fmt: skip
    return {**_told(made.manifest), "kinds": _plain(sizes(made.files)), "packed": place.stat().st_size}


class _Recorded:
    """Opens a notebook with its records."""

    def __init__(self, path: str, store: str) -> None:
        self._path, self._directory = Path(path), store

    def __enter__(self) -> tuple[Store, Notebook, NotebookNode]:
        node, _ = read_notebook(self._path)
        if not is_python(node):
            raise NothingRecordedError("it is a notebook of another language than Python; nothing is recorded of those")
        if not _layout(self._directory).traces.exists():
            raise NothingRecordedError("nothing is recorded of this notebook yet")
        self._store = Store.open(self._directory or None, create=False)
        try:
            index = self._store.notebook(self._path, cells=[cell.id for cell in node.cells], create=False)
            if index is None or not newest_head(index):
                raise NothingRecordedError("nothing is recorded of this notebook yet")
            self._store.recover(index)
        except BaseException:
            self._store.close()
            raise
        return self._store, index, node

    def __exit__(self, *error: object) -> None:
        self._store.close()


def _layout(directory: str) -> Layout:
    return Layout(Path(directory) if directory else default_directory())


def _key(name: str) -> Path:
    for one in keys.usable_keys():
        if one.name == name:
            return one.path
    raise PackageError(f"there is no SSH key {name} that can sign without a passphrase")


# -- looking at a package ---------------------------------------------------------------------------------------------


def inspect(package: str, folder: str, store: str, tell: Tell) -> Document:
    """Return what is in a package, who has signed it, and what a repeat would run. ``folder``: where it would go."""
    path = Path(package)
    with Package(path) as found, _Stored(store) as records:
        cells, whole = _cells(found)
        place = place_of(found, Path(folder), records) if records is not None else None
        return {
            **_told(found.manifest),
            "id": found.id,
            "trust": state(found, records),
            "signatures": [one._asdict() for one in signers(found)],
            "packed": path.stat().st_size,
            "kinds": _plain(sizes(found.files)),
            "notebook": found.manifest.notebook.rpartition("/")[2],
            "python": found.manifest.python,
            "platform": found.manifest.platform,
            "software": [{"name": one.name, "version": one.version} for one in found.manifest.software[:SHOWN]],
            "data": [{"path": one.path, "bytes": one.bytes, "inside": bool(one.inside), "url": one.url}
                     for one in found.manifest.data[:SHOWN]],
            "data_count": len(found.manifest.data),
            "language": str(found.notebook.metadata.get("language_info", {}).get("name", "python")),
            "cells": cells,
            "whole": whole,
            "imported": str(place) if place is not None else "",
        }  # fmt: skip


class _Stored:
    """Opens the store where there is one."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._store: Store | None = None

    def __enter__(self) -> Store | None:
        if _layout(self._directory).traces.exists():
            self._store = Store.open(self._directory or None, create=False)
        return self._store

    def __exit__(self, *error: object) -> None:
        if self._store is not None:
            self._store.close()


def _cells(package: Package) -> tuple[list[Document], bool]:
    """Return the notebook's cells, and whether all outputs are among them."""
    ahead = outlook(package)
    left = MOST_OUTPUTS
    whole = True
    found = []
    for index, cell in enumerate(package.notebook.cells):
        outputs = list(cell.get("outputs", []))
        left -= len(json.dumps(outputs)) if left > 0 else 0
        if left < 0 and outputs:
            outputs, whole = [], False
        facts = cell.metadata.get("nbrewind", {}) if cell.cell_type == "code" else {}
        expected = ahead.get(cell.id)
        found.append({
            "id": cell.id, "index": index, "kind": cell.cell_type, "source": cell.source, "outputs": outputs,
            "attachments": cell.get("attachments", {}), "execution_count": cell.get("execution_count"),
            "answers": expected.answers if expected else False, "reason": expected.reason if expected else "",
            **_facts(facts),
        })  # fmt: skip
    return found, whole


def _facts(facts: Any) -> Document:
    """Return what a package says of a cell; the metadata are whatever the package says they are."""
    from nbrewind.packages.cells import CellFacts

    try:
        told = msgspec.convert(facts, CellFacts)
    except msgspec.ValidationError:
        return {"run": "", "seconds": 0.0, "reads": [], "writes": [], "files": []}
    lists = {name: list(getattr(told, name)[:SHOWN]) for name in ("reads", "writes", "files")}
    return {"run": told.run, "seconds": told.seconds, **lists}


# -- checking, trusting, writing --------------------------------------------------------------------------------------


def verify(package: str, tell: Tell) -> Document:
    """Go through all of a package."""
    with Package(Path(package)) as found:
        found.check(lambda share: tell("Checking", share))
        return {"id": found.id}


def trust(package: str, id: str, store: str, tell: Tell) -> Document:
    """Let the records of the package that was looked at answer."""
    with _looked_at(package, id) as found, Store.open(store or None) as records:
        found.check(lambda share: tell("Checking", share))
        tell("Trusting", 1.0)
        accept(found, records)
        places = imported(found, records)
        for path in places:
            take_over(found, path, records)
    return {"id": id, "notebooks": [str(path) for path in places]}


def import_(package: str, id: str, folder: str, hidden: bool, store: str, tell: Tell) -> Document:
    """Write the notebook and the data of a package into a folder, or another one beside it where that is taken.

    ``hidden``: also files whose names begin with a dot.
    """
    with _looked_at(package, id) as found, Store.open(store or None) as records:
        odd = next((one.path for one in found.manifest.data if one.inside and _is_hidden(one.path)), None)
        if odd is not None and not hidden:
            raise PackageError(f"it holds data in {odd}, which is hidden, and this server writes no hidden files")
        place = _free(found, Path(folder), records)
        made = receive_again(found, place, records, lambda share: tell("Checking", share))
        return {
            "id": id,
            "trust": made.state,
            "notebook": str(made.notebook),
            "files": len(made.files),
            "answers": made.adopted is not None,
            "missing": [one.path for one in found.manifest.data if not one.inside][:SHOWN],
        }


def _looked_at(package: str, id: str) -> Package:
    found = Package(Path(package))
    if found.id != id:
        found.close()
        raise OtherPackageError("there is another package now than the one that you have looked at: open it again")
    return found


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _free(package: Package, folder: Path, store: Store) -> Path:
    """Return the first of some folders in which the package is already, or that is not there."""
    for place in _places(folder):
        if place_of(package, place, store) is not None or not place.exists():
            return place
    raise AssertionError("there are more folders than numbers")  # pragma: no cover


def _places(folder: Path) -> Iterator[Path]:
    yield folder
    number = 2
    while True:
        yield folder.with_name(f"{folder.name}-{number}")
        number += 1


def _told(manifest: Manifest) -> Document:
    """Return what is told of an export, and of a package."""
    return {
        "contents": manifest.contents,
        "runs": manifest.runs,
        "checkpoints": manifest.checkpoints,
        "tasks": manifest.tasks,
        "left_out": [
            {"kind": one.kind, "what": one.what, "bytes": one.bytes, "reason": one.reason}
            for one in manifest.left_out[:SHOWN]
        ],
        "left_out_count": len(manifest.left_out),
        "secrets": [{"where": one.where, "kind": one.kind} for one in manifest.secrets[:SHOWN]],
        "secrets_count": len(manifest.secrets),
    }


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value)
