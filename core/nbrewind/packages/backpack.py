"""A backpack of Floability that nobody has recorded: notebook, data and software, in folders of fixed names.

It has no seal and no records, so there is nothing to trust and nothing that could answer: its notebook and data become
files, and all cells run. Data that is not in it is named, with the address where it says one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import nbformat

from nbrewind.packages.container import holds, open_container
from nbrewind.packages.data import DESCRIPTION
from nbrewind.packages.form import SEAL, WORKFLOW, Named, PackageError, check_name
from nbrewind.packages.receive import place_in, put

INSIDE = "backpack"
"""What it says of data that is in it."""
_HASHES = ("sha256", "sha512", "sha1", "md5")


@dataclass(frozen=True)
class Given:
    """A file of data."""

    path: str
    """Where the notebook looks for it, from its own folder."""
    inside: str = ""
    """Its name in the backpack; empty if it is elsewhere."""
    source: str = ""
    """Where it is, if elsewhere."""
    checksum: str = ""
    """``sha256:HEX``; empty where it says none."""


class Backpack:
    """A backpack, for reading. Nothing of it is run."""

    def __init__(self, path: Path) -> None:
        """List its files.

        Raises:
            PackageError: it is none, or must not be read.
        """
        self.path = path
        self._container = open_container(path, folders=True)
        try:
            self._root = self._find_root()
            self.notebook_name = self._find_notebook()
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Let go of its file."""
        self._container.close()

    def __enter__(self) -> Backpack:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _find_root(self) -> str:
        """Return what its names begin with: archives often have one folder around all."""
        found = {name[: name.index(WORKFLOW)] for name in self._notebooks()}
        if not found:
            raise PackageError(
                f"{self.path} is no package and no backpack: it has no {SEAL}, and no notebook in {WORKFLOW}"
            )
        return min(found, key=len)

    def _notebooks(self) -> list[str]:
        return [
            name
            for name in self._container.files
            if f"/{name}".rpartition("/")[0].endswith("/" + WORKFLOW[:-1])
            and name.endswith(".ipynb")
            and ".ipynb_checkpoints" not in name
        ]

    def _find_notebook(self) -> str:
        found = sorted(name for name in self._notebooks() if name.startswith(self._root + WORKFLOW))
        if len(found) > 1:
            names = ", ".join(name.rpartition("/")[2] for name in found)
            raise PackageError(
                f"{self.path} is a backpack with {len(found)} notebooks ({names}): repeat the one you mean by itself"
            )
        return found[0]

    def code_cells(self) -> int:
        """Return how many cells of its notebook have code.

        Raises:
            PackageError: it is not a notebook.
        """
        with Named(self.path):
            data = self._container.read(self.notebook_name)
            try:
                found = nbformat.reads(data.decode(), as_version=4)  # type: ignore[no-untyped-call]
                return sum(one.cell_type == "code" for one in found.cells)
            except Exception as error:  # nbformat raises what its parts raise
                why = str(error).partition("\n")[0][:200] or type(error).__name__
                raise PackageError(f"{self.notebook_name} is not a valid notebook: {why}") from error

    def data(self) -> list[Given]:
        """Return the data of its default profile.

        Raises:
            PackageError: its description can't be read.
        """
        name = self._root + DESCRIPTION
        if name not in self._container.files:
            return []
        with Named(self.path):
            data = self._container.read(name)
            try:
                return [self._given(entry) for entry in _entries(_yaml(data))]
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                why = str(error).partition("\n")[0][:200]
                raise PackageError(f"{DESCRIPTION} can't be read: {why}") from error

    def _given(self, entry: dict[str, Any]) -> Given:
        source = _text(entry["source"]).strip()
        given = entry.get("target_location") or entry.get("target_path")
        path = _text(given) if given else PurePosixPath(urlsplit(source).path).name
        check_name(path)
        checksum = _text(entry.get("checksum") or "")
        if entry.get("source_type") != INSIDE:
            return Given(path=path, source=source, checksum=checksum)
        inside = self._root + source
        if inside not in self._container.files:
            raise PackageError(f"it has no {source}, which {DESCRIPTION} names")
        return Given(path=path, inside=inside, checksum=checksum)

    def unpack(self, folder: Path) -> Path:
        """Write the notebook, what lies beside it, and the data into a folder; return the notebook's path.

        Raises:
            PackageError: something is wrong with it, or in the way.
        """
        before = self._root + WORKFLOW
        wanted = {name.removeprefix(before): name for name in self._container.files if name.startswith(before)}
        checks = {}
        for one in self.data():
            if one.inside:
                wanted[one.path] = one.inside
                checks[one.path] = one.checksum
        places = {path: place_in(folder, path) for path in wanted}
        with Named(self.path):
            for path, name in wanted.items():
                if not os.path.lexists(places[path]):
                    put(places[path], self._checked(name, checks.get(path, "")))
        return folder / self.notebook_name.removeprefix(before)

    def _checked(self, name: str, checksum: str) -> Iterator[bytes]:
        kind, _, digest = checksum.partition(":")
        hasher = hashlib.new(kind) if kind in _HASHES else None
        for data in self._container.chunks(name):
            if hasher is not None:
                hasher.update(data)
            yield data
        if hasher is not None and hasher.hexdigest() != digest.strip().lower():
            raise PackageError(f"{name} does not have the digest that {DESCRIPTION} says")


def backpack_at(path: Path) -> Backpack | None:
    """Return the backpack at a path; None where there is a package.

    Raises:
        PackageError: there is neither.
    """
    return None if path.suffix == ".ipynb" or holds(path, SEAL) else Backpack(path)


def _text(value: Any) -> str:
    """Return what must be a text: of aliases within aliases one could be made that fills the memory."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text is wanted")
    return value


def _yaml(data: bytes) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise PackageError("to read a backpack takes PyYAML: pip install 'nbrewind[packages]'") from error
    try:
        return yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _entries(told: Any) -> list[dict[str, Any]]:
    """Return the entries of the default profile, or of a description without profiles."""
    if not told:
        return []
    profiles = told.get("profiles")
    if profiles:
        name = told.get("default_profile") or next(iter(profiles))
        return list(profiles[name].get("data") or ())
    return list(told.get("data") or ())
