"""A package that somebody else may have made, opened: all of it checked, nothing of it run, unpickled or written.

`check` goes through everything: the seal, the documents, the digests of all contents in both of their names, that
records belong together, that the notebook is one. What it has passed can be adopted by a store without any surprise but
that of the values themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType

import nbformat
from blake3 import blake3
from nbformat import NotebookNode

from nbrewind.analysis import source_digest
from nbrewind.packages import form
from nbrewind.packages.cells import label
from nbrewind.packages.container import open_container
from nbrewind.packages.form import PackageError, Part, Snapshot
from nbrewind.store.ahead import ahead
from nbrewind.store.compress import decompress
from nbrewind.store.manifest import ROW_BYTES, Manifest, Piece, is_sound
from nbrewind.store.moved import Moved, MovedCheckpoint, MovedRun, MovedTask
from nbrewind.store.types import CHUNK_BYTES, Packed
from nbrewind.tasks import records

Progress = Callable[[float], None]
_ANYWHERE = frozenset({form.CRATE, form.LAYOUT, form.INDEX})


class Package:
    """A package, for reading."""

    def __init__(self, path: Path) -> None:
        """List its files, and read what it says of itself.

        Raises:
            PackageError: it is no package, or one that must not be read.
        """
        self.path = path
        self._container = open_container(path)
        self._checked = False
        try:
            with self._named():
                self.seal_text = self._container.read(form.SEAL)
                self.seal = self._described(form.from_json(self.seal_text, form.Seal, form.SEAL))
                self.manifest = self._described(
                    form.from_json(self._sealed(form.MANIFEST), form.Manifest, form.MANIFEST)
                )
        except BaseException:
            self._container.close()
            raise

    def _named(self) -> form.Named:
        return form.Named(self.path)

    @staticmethod
    def _described(document: form.T) -> form.T:
        found = getattr(document, "format", ""), getattr(document, "schema", 0)
        if found[0] != form.FORMAT:
            raise PackageError("it is of another kind")
        if not 1 <= found[1] <= form.SCHEMA:
            reads = f"this one reads 1 to {form.SCHEMA}"
            raise PackageError(f"it was written by another nbrewind (schema {found[1]}; {reads})")
        return document

    def close(self) -> None:
        """Let go of its file."""
        self._container.close()

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def id(self) -> str:
        """The digest of its seal, by which it is trusted."""
        return form.sha256(self.seal_text)

    @property
    def files(self) -> dict[str, int]:
        """Names and sizes of all its files."""
        return self._container.files

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(self.files.values())

    def signatures(self) -> dict[str, bytes]:
        """Return the signatures of its seal, by name.

        Raises:
            PackageError: one can't be read.
        """
        with self._named():
            names = [name for name in self._container.files if name.startswith(form.SIGNATURES)]
            return {name.removeprefix(form.SIGNATURES): self._container.read(name, 1 << 20) for name in names}

    def _sealed(self, name: str) -> bytes:
        if name not in self.seal.files:
            raise PackageError(f"its seal does not name {name}")
        data = self._container.read(name)
        if form.sha256(data) != self.seal.files[name].sha256:
            raise PackageError(f"{name} is not what was sealed")
        return data

    def document(self, name: str) -> bytes:
        """Return a file that is sealed.

        Raises:
            PackageError: there is none of the name, or it is another.
        """
        with self._named():
            return self._sealed(name)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a sealed file's bytes; the error that it is another comes at the end."""
        with self._named():
            hasher = hashlib.sha256()
            for data in self._container.chunks(name):
                hasher.update(data)
                yield data
            if hasher.hexdigest() != self.seal.files[name].sha256:
                raise PackageError(f"{name} is not what was sealed")

    # -- what is in it ------------------------------------------------------------------------------------------------

    @cached_property
    def notebook(self) -> NotebookNode:
        """The notebook with what the package says of it."""
        with self._named():
            name = self.manifest.notebook
            if not name.startswith(form.WORKFLOW) or not name.endswith(".ipynb") or name.count("/") != 1:
                raise PackageError(f"{name} is not where a package has its notebook")
            try:
                found: NotebookNode = nbformat.reads(self._sealed(name).decode(), as_version=4)  # type: ignore[no-untyped-call]
                nbformat.validate(found)
            except PackageError:
                raise
            except Exception as error:  # nbformat raises what its parts raise
                raise PackageError(
                    f"{name} is not a valid notebook: {str(error)[:200] or type(error).__name__}"
                ) from error
            return found

    @cached_property
    def _contents(self) -> tuple[dict[bytes, Part], dict[str, Manifest]]:
        parts: dict[bytes, Part] = {}
        snapshots: dict[str, Manifest] = {}
        for line in form.lines(self._container.chunks(form.CONTENTS), form.CONTENTS):
            one = form.from_json(line, Part | Snapshot, form.CONTENTS)  # type: ignore[arg-type]
            if isinstance(one, Part):
                if not form.is_digest(one.blake3) or not form.is_digest(one.sha256):
                    raise PackageError(f"{form.CONTENTS} has a digest that is none")
                if not 0 < one.bytes <= CHUNK_BYTES:
                    raise PackageError(f"{form.CONTENTS} has a part of {one.bytes} bytes")
                if one.packed and not (one.bytes > ROW_BYTES and 0 < one.packed < one.bytes):
                    raise PackageError(f"{form.CONTENTS} has a part of {one.bytes} bytes packed into {one.packed}")
                if self._container.files.get(form.BLOBS + one.sha256) != one.file_bytes:
                    raise PackageError(f"it has no {form.BLOBS}{one.sha256} of {one.file_bytes} bytes")
                parts[bytes.fromhex(one.blake3)] = one
            else:
                snapshots[one.id] = self._snapshot(one)
        for name, manifest in snapshots.items():
            for digest, size, _ in manifest.parts():
                if digest not in parts or parts[digest].bytes != size:
                    raise PackageError(f"content {name[:12]} has a part that is not there")
        return parts, snapshots

    @staticmethod
    def _snapshot(one: Snapshot) -> Manifest:
        try:
            pieces = tuple(
                Piece(bytes.fromhex(digest), size, tuple(map(bytes.fromhex, chunks)))
                for digest, size, chunks in one.pieces
            )
        except ValueError as error:
            raise PackageError(f"{form.CONTENTS} has a digest that is none") from error
        manifest = Manifest(one.kind, pieces, one.segments)
        if not is_sound(manifest) or manifest.id != one.id:
            raise PackageError(f"content {one.id[:12]} does not consist of what it says")
        return manifest

    @property
    def contents(self) -> dict[str, Manifest]:
        """What its contents consist of, by snapshot."""
        with self._named():
            return self._contents[1]

    def part(self, digest: bytes) -> bytes | Packed:
        """Return a part of a content; who takes it verifies it. What is compressed is, once all was checked.

        Raises:
            PackageError: it can't be read, or is another than the one that was checked.
        """
        with self._named():
            part = self._contents[0][digest]
            name = form.BLOBS + part.sha256
            data = self._container.read(name, CHUNK_BYTES)
            if not part.packed:
                return data
            if self._checked and form.sha256(data) != part.sha256:
                raise PackageError(f"{name} has changed since it was checked")
            return Packed(data, verified=self._checked)

    def records(self) -> Iterator[Moved]:
        """Yield its records."""
        with self._named():
            for line in form.lines(self._container.chunks(form.RECORDS), form.RECORDS):
                yield form.from_json(line, Moved, form.RECORDS)  # type: ignore[arg-type]

    # -- checking -----------------------------------------------------------------------------------------------------

    def check(self, progress: Progress = lambda share: None) -> None:
        """Go through all of it.

        Raises:
            PackageError: the first thing that is wrong.
        """
        with self._named():
            self._check_files()
            self._check_sealed()
            self._check_manifest()
            self._check_parts(progress)
            self._check_records()
        self._check_notebook()
        self._checked = True

    def _check_files(self) -> None:
        for name in self._container.files:
            if name.startswith((form.BLOBS, form.SIGNATURES)) or name == form.SEAL:
                continue
            if name not in self.seal.files:
                raise PackageError(f"it holds {name}, which is not sealed")
        for name, sealed in self.seal.files.items():
            if self._container.files.get(name) != sealed.bytes:
                raise PackageError(f"it has no {name} of {sealed.bytes} bytes, which was sealed")

    def _check_sealed(self) -> None:
        for name in self.seal.files:
            for _ in self.chunks(name):
                pass

    def _check_manifest(self) -> None:
        wanted = {name for name in self.seal.files if name.startswith((form.SOFTWARE, form.COMPUTE))}
        wanted |= {form.RECORDS, form.CONTENTS} | {n for n in self.seal.files if n.startswith(form.DATA)}
        wanted -= {one.inside for one in self.manifest.data}
        for name in sorted(wanted | self.manifest.files.keys()):
            sealed = self.seal.files.get(name)
            if sealed is None or self.manifest.files.get(name) != "sha256:" + sealed.sha256:
                raise PackageError(f"{name} is not the one that {form.MANIFEST} names")
        others = set(self.seal.files) - wanted - _ANYWHERE - {form.MANIFEST, self.manifest.notebook}
        inside = {one.inside: one for one in self.manifest.data if one.inside}
        for name in sorted(others ^ set(inside)):
            raise PackageError(f"{form.MANIFEST} does not agree with the package about {name}")
        for name, one in inside.items():
            if name != form.DATA_FILES + one.path or self.seal.files[name].bytes != one.bytes:
                raise PackageError(f"{name} is not the file that {form.MANIFEST} says")
            hasher = blake3()
            for data in self._container.chunks(name):
                hasher.update(data)
            if "b3:" + hasher.hexdigest(length=16) != one.digest:
                raise PackageError(f"{name} is not what the runs have read")

    def _check_parts(self, progress: Progress) -> None:
        parts, snapshots = self._contents
        layout = self._layout_blobs()
        known: dict[str, list[Part]] = {}
        for one in parts.values():
            known.setdefault(one.sha256, []).append(one)
        blobs = [name for name in self._container.files if name.startswith(form.BLOBS)]
        for name in blobs:
            if name.removeprefix(form.BLOBS) not in known and name.removeprefix(form.BLOBS) not in layout:
                raise PackageError(f"it holds {name}, which nothing refers to")
        read = ((name, self._container.read(name)) for name in blobs)
        for number, (name, data) in enumerate(ahead(read, lambda item: len(item[1]))):
            progress(number / len(blobs))
            digest = name.removeprefix(form.BLOBS)
            if form.sha256(data) != digest:
                raise PackageError(f"{name} does not have the digest of its name")
            for one in known.get(digest, ()):
                part = decompress(data, one.bytes) if one.packed else data
                if part is None or blake3(part).hexdigest() != one.blake3:
                    raise PackageError(f"{name} is not the part that {form.CONTENTS} says")
        for digest in sorted(layout | set(known)):
            if form.BLOBS + digest not in self._container.files:
                raise PackageError(f"it has no {form.BLOBS}{digest}")
        if len(snapshots) != self.manifest.snapshots:
            raise PackageError(f"{form.MANIFEST} says that there are {self.manifest.snapshots} contents")

    def _layout_blobs(self) -> set[str]:
        """Return the digests of the documents of the image layout, which has all parts as its layers."""
        try:
            index = json.loads(self._sealed(form.INDEX))
            digests = [one["digest"].removeprefix("sha256:") for one in index["manifests"]]
            if len(digests) != 1 or not form.is_digest(digests[0]):
                raise PackageError(f"{form.INDEX} does not name one manifest")
            manifest = json.loads(self._container.read(form.BLOBS + digests[0]))
            layers = {one["digest"].removeprefix("sha256:") for one in manifest["layers"]}
            config = manifest["config"]["digest"].removeprefix("sha256:")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise PackageError(f"{form.INDEX} is no index of an image layout") from error
        if layers != {one.sha256 for one in self._contents[0].values()}:
            raise PackageError(f"{form.INDEX} names other parts than {form.CONTENTS}")
        return {*digests, config}

    def _check_records(self) -> None:
        counts = {MovedRun: 0, MovedCheckpoint: 0, MovedTask: 0}
        runs: set[str] = set()
        versions: set[str] = set()
        checkpoints: set[str] = set()
        heads: list[str] = []
        for one in self.records():
            counts[type(one)] += 1
            if isinstance(one, MovedRun):
                self._check_run(one)
                _new(runs, one.run.id, "run")
                versions.update(version.id for version in one.run.writes)
            elif isinstance(one, MovedCheckpoint):
                point = one.checkpoint
                versions.update(version.id for version in one.versions)
                _new(checkpoints, point.id, "checkpoint")
                if point.notebook or (point.parent and point.parent not in checkpoints):
                    raise PackageError(f"checkpoint {point.id[:40]} follows one that does not come before it")
                if not versions.issuperset(name for name in point.delta.values() if name):
                    raise PackageError(f"checkpoint {point.id[:40]} names a version that is not there")
                heads += [point.id] if one.head else []
            else:
                self._check_task(one)
        if heads != [self.manifest.head]:
            raise PackageError(f"{form.MANIFEST} and {form.RECORDS} name different heads")
        told = self.manifest.runs, self.manifest.checkpoints, self.manifest.tasks
        if tuple(counts.values()) != told:
            raise PackageError(f"{form.MANIFEST} says that there are other numbers of records than there are")

    @staticmethod
    def _check_run(one: MovedRun) -> None:
        if one.run.notebook:
            raise PackageError(f"run {one.run.id[:40]} says that it belongs to a notebook of some store")
        if one.source is not None and source_digest(one.source) != one.run.source:
            raise PackageError(f"run {one.run.id[:40]} has another text than it says")
        if one.analysis is not None and one.analysis.code != one.run.code:
            raise PackageError(f"run {one.run.id[:40]} has the analysis of another text")

    def _check_task(self, one: MovedTask) -> None:
        facts = records.read(one.record)
        slot, occurrence = one.slot
        what = f"the record of a task of {label(self.manifest.cells, one.cell[:40])}"
        if facts is None or not -(1 << 63) <= slot < 1 << 63 or facts.occurrence != occurrence:
            raise PackageError(f"{what} can't be read")
        if facts.key[:4] != slot.to_bytes(8, "big", signed=True)[4:]:
            raise PackageError(f"{what} is that of another task")
        if any(snapshot not in self._contents[1] for snapshot in one.contents):
            raise PackageError(f"{what} needs a content that is not there")

    def _check_notebook(self) -> None:
        own = self.notebook.metadata.get(form.KEY)
        wanted = "sha256:" + self.seal.files[form.MANIFEST].sha256
        if not isinstance(own, dict) or own.get("manifest") != wanted:
            raise PackageError(f"{self.path}: the notebook in it belongs to another package")
        if tuple(cell.get("id") for cell in self.notebook.cells) != self.manifest.cells:
            raise PackageError(f"{self.path}: the notebook in it has other cells than {form.MANIFEST} says")


def _new(known: set[str], name: str, what: str) -> None:
    if name in known:
        raise PackageError(f"{what} {name[:40]} is in it twice")
    known.add(name)
