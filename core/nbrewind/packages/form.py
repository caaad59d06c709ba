"""What a package consists of: the names in it, and the documents that describe it (``docs/reference/package.md``).

::

    nbrewind/seal.json              sizes and digests of all files but contents; what is signed
    nbrewind/manifest.json          what is in it, what was left out, secrets that were found
    nbrewind/records.jsonl          runs, checkpoints and records of tasks, one a line
    nbrewind/contents.jsonl         what each content consists of, and where its parts are
    nbrewind/signatures/            of seal.json
    blobs/sha256/HEX  oci-layout  index.json      the parts, as an OCI image layout
    ro-crate-metadata.json          RO-Crate 1.1 with the workflow-run profiles
    workflow/  software/  data/  compute/         as in a backpack of Floability
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import msgspec

from nbrewind.model import Record
from nbrewind.state.software import Origin

FORMAT = "nbrewind-package"
KEY = "nbrewind"
"""Under which a notebook's metadata, and those of a cell, have what is ours."""
SUFFIX = ".nbrewind.zip"
"""What the name of a package best ends with: JupyterLab knows it by that, and all else takes it for a zip."""
SCHEMA = 2
"""The newest that is read; older ones are, too: 1 has no parts that are compressed."""
SEAL = "nbrewind/seal.json"
MANIFEST = "nbrewind/manifest.json"
RECORDS = "nbrewind/records.jsonl"
CONTENTS = "nbrewind/contents.jsonl"
SIGNATURES = "nbrewind/signatures/"
CRATE = "ro-crate-metadata.json"
LAYOUT, INDEX, BLOBS = "oci-layout", "index.json", "blobs/sha256/"
WORKFLOW, SOFTWARE, DATA, COMPUTE = "workflow/", "software/", "data/", "compute/"
DATA_FILES = "data/files/"
WHEELS = SOFTWARE + "wheels/"

MOST_DOCUMENT = 256 * 1024**2
"""Bytes of a document that is read as a whole."""
MOST_LINE = 256 * 1024**2
MOST_NAME = 1000
_HEX = re.compile(r"[0-9a-f]{64}")
_RESERVED = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
"""What names of files can't have in them somewhere."""
_NO_NAME = re.compile(r"(?:\A|/)\.{0,2}(?:/|\Z)")
"""A part of a path that is empty, or leads elsewhere."""
_CHANGED = re.compile(r"(?:\A|/) |[ .](?:/|\Z)")
"""A part of a path that Windows would change."""

T = TypeVar("T")
Extent = Literal["full", "slim"]
"""Slim: without large contents."""


class PackageError(Exception):
    """A package can't be read, or is not what it says. The message is one line: what and where."""


class Named:
    """Says in each error which package it is about."""

    def __init__(self, path: Path) -> None:
        """Take where it lies."""
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, PackageError) and not str(error).startswith(str(self._path)):
            raise PackageError(f"{self._path} is no package that can be used: {error}") from error


class LeftOut(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Something that is not in the package, and why."""

    kind: Literal["content", "task", "file", "record", "software"]
    id: str
    """Of a content its snapshot, of a task its slot, of a file its key, of a record its run, of software its name."""
    what: str
    """For people: names of variables, of a file."""
    bytes: int = 0
    reason: str


class Secret(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Where a secret was found, never what it is."""

    where: str
    kind: str


class DataFile(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A file from outside that runs have read."""

    path: str
    """Relative to the notebook's folder where it lies below that, else absolute."""
    digest: str
    """``b3:HEX``, 128 bits of BLAKE3: what the runs have read."""
    sha256: str = ""
    """The same content for other programs; empty where it was not there to be read."""
    bytes: int = 0
    inside: str = ""
    """Its name in the package; empty if only named."""
    url: str = ""
    """Where it is to be had; empty where nobody has said."""


class Software(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A distribution that runs have imported, or that was loaded beside, or that one of these needs."""

    name: str
    version: str
    modules: tuple[str, ...] = ()
    """Top-level modules by which runs have imported it."""
    cells: tuple[str, ...] = ()
    """Ids of the cells that did."""
    pinned: bool = True
    """Whether it is in the files that say what to install: of two versions only the one that was loaded last."""
    origin: Origin = Origin()
    requires: tuple[str, ...] = ()
    """Names of the others that it needs."""
    wheel: str = ""
    """Its wheel's name in the package, if that is there."""


class Library(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A shared object that was loaded and belongs to no distribution; or a program that a cell started."""

    name: str
    """Of its file."""
    package: str = ""
    """The system's package that brings it, ``libssl3 3.0.17-1``; empty where that is not known."""
    cells: tuple[str, ...] = ()
    """Ids of the cells whose programs opened it, where system calls were traced."""


class Manifest(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What a package says of itself."""

    format: str = FORMAT
    schema: int = SCHEMA
    notebook: str
    """Its name in the package."""
    contents: Literal["full", "slim"]
    head: str
    """The checkpoint at which the notebook stands."""
    python: str
    implementation: str = ""
    """Of Python: ``CPython``."""
    platform: str
    libc: str = ""
    runs: int
    checkpoints: int
    tasks: int
    snapshots: int
    bytes: int
    """Of all contents, before parts that they share count once."""
    cells: tuple[str, ...]
    """Ids of the notebook's cells."""
    software: tuple[Software, ...] = ()
    libraries: tuple[Library, ...] = ()
    conda: tuple[str, ...] = ()
    """What conda had installed, ``NAME-VERSION-BUILD``."""
    data: tuple[DataFile, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    secrets: tuple[Secret, ...] = ()
    files: dict[str, str] = {}
    """Digests (``sha256:HEX``) of the records, the list of contents, software, data and compute; not of the notebook,
    which quotes this document's digest."""


class Sealed(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One file."""

    bytes: int
    sha256: str


class Seal(Record, frozen=True, kw_only=True, omit_defaults=False):
    """All files but contents, signatures and itself."""

    format: str = FORMAT
    schema: int = SCHEMA
    files: dict[str, Sealed]


class Part(Record, frozen=True, kw_only=True, tag="part"):
    """Bytes that are in the package once, whoever has them."""

    blake3: str
    sha256: str
    """Of the file, by which that is named."""
    bytes: int
    packed: int = 0
    """Bytes of the file, which is compressed with Zstandard (RFC 8878); 0: the file is the part as it is."""

    @property
    def file_bytes(self) -> int:
        """How long the file is."""
        return self.packed or self.bytes


class Snapshot(Record, frozen=True, kw_only=True, tag="snapshot"):
    """What a content consists of; see `nbrewind.store.manifest.Manifest`."""

    id: str
    kind: Literal["value", "file"]
    segments: int
    pieces: tuple[tuple[str, int, tuple[str, ...]], ...]


def stem(name: str) -> str:
    """Return the name of a package's file without what says that it is one."""
    return name.removesuffix(SUFFIX) if name.endswith(SUFFIX) else name.rpartition(".")[0] or name


def sha256(data: bytes) -> str:
    """Return the digest by which files of a package are known."""
    return hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Whether text is 64 hexadecimal digits."""
    return _HEX.fullmatch(text) is not None


def to_json(value: object, *, indent: int | None = 1) -> bytes:
    """Return a document: the same bytes for the same content; ASCII, since not all text has another form."""
    separators = None if indent else (",", ":")
    plain = msgspec.to_builtins(value)
    return (json.dumps(plain, sort_keys=True, indent=indent, separators=separators) + "\n").encode("ascii")


def from_json(data: bytes, kind: type[T], name: str) -> T:
    """Read a document.

    Raises:
        PackageError: it is not one of that kind.
    """
    try:
        return msgspec.convert(json.loads(data), kind)
    except (ValueError, RecursionError, TypeError) as error:
        raise PackageError(f"{name} can't be read: {_first(error)}") from error


def lines(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the lines of a document, never the whole of it in memory."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
        yield from whole
        if len(rest) > MOST_LINE:
            raise PackageError(f"{name} can't be read: it has a line of more than {MOST_LINE} bytes")
    if rest:
        raise PackageError(f"{name} can't be read: its last line has no end")


def check_name(name: str) -> None:
    """Refuse a name that is none of a file below the folder into which a package is written.

    Raises:
        PackageError: it may lead out of that folder, or be another file's name somewhere.
    """
    if len(name) > MOST_NAME or _RESERVED.search(name) or _NO_NAME.search(name):
        raise PackageError(f"it holds a file of the name {name[:200]!r}, which may lie outside of it")
    if _CHANGED.search(name):
        raise PackageError(f"it holds a file of the name {name[:200]!r}, which some systems take for another")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the documents."""
    _, found = msgspec.json.schema_components([Manifest, Seal, Part, Snapshot])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Documents of a package of NBRewind",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("Manifest", "Seal", "Part", "Snapshot")],
        "$defs": json.loads(json.dumps(found).replace("#/components/schemas/", "#/$defs/")),
    }


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
