"""Export: a notebook with its records, contents, data, software and provenance becomes a package.

What goes along of it all is decided and named first (`contents`), and then written, file by file.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import msgspec
from msgspec.structs import replace
from nbformat import NotebookNode

from nbrewind.model import Checkpoint, Version
from nbrewind.packages import cells, form, oci
from nbrewind.packages.cleaning import Cleaner, learn_notebook
from nbrewind.packages.contents import Contents
from nbrewind.packages.crate import crate
from nbrewind.packages.data import DESCRIPTION, data_files, description, inputs_of
from nbrewind.packages.form import Extent, LeftOut, PackageError, Sealed, sha256, to_json
from nbrewind.packages.image import image_files
from nbrewind.packages.software import EXPLICIT, Used, newest_python, platform_name, software_files, used_by
from nbrewind.packages.wheels import wheels_of
from nbrewind.packages.writing import Writer, open_writer
from nbrewind.store import Notebook, Store
from nbrewind.store.adopt import facts_of
from nbrewind.store.moved import Moved, MovedRun, MovedTask
from nbrewind.store.transfer import Slice, newest_head, tasks
from nbrewind.tasks import listed, records

TASK_GONE = "what it made did not go along"
COMPUTE = form.COMPUTE + "compute.yml"
NO_URLS: Mapping[str, str] = MappingProxyType({})
Progress = Callable[[str, float], None]


@dataclass
class Exported:
    """What was exported."""

    manifest: form.Manifest
    seal: bytes
    files: dict[str, int] = field(default_factory=dict)
    """Names and sizes of all files."""


def export(
    store: Store,
    index: Notebook,
    notebook: NotebookNode,
    path: Path,
    target: Path,
    *,
    contents: Extent = "full",
    wheels: bool = False,
    container: bool = False,
    urls: Mapping[str, str] = NO_URLS,
    sign: Callable[[bytes], dict[str, bytes]] = lambda seal: {},
    progress: Progress = lambda what, share: None,
) -> Exported:
    """Write a package of ``notebook``, which lies at ``path``, to ``target``.

    Args:
        store: with its records.
        index: its history.
        notebook: as read; it stays as it is.
        path: where it lies: files that runs have read are looked for from there.
        target: the zip, or the folder if it has no suffix.
        contents: ``slim``: without large ones.
        wheels: also the distributions themselves, as they are installed.
        container: also files by which a container image is built.
        urls: where files that runs have read are to be had, by their paths as recorded.
        sign: gives signatures of the seal, by name.
        progress: is told what is being done, and how much of it is done, from 0 to 1: at least once for each part of a
            content. What it raises ends the export; then nothing is left of it.

    Raises:
        PackageError: there is nothing to export, or the target can't be written.
    """
    with store.writing(), tempfile.TemporaryDirectory() as folder, open_writer(target) as writer:
        work = _begin(store, index, notebook, path, contents, progress, Path(folder), wheels, container, urls)
        made = work.gather(sign)
        work.write(writer, made)
        writer.finish()
    return made


def preview(
    store: Store,
    index: Notebook,
    notebook: NotebookNode,
    path: Path,
    *,
    contents: Extent = "full",
    container: bool = False,
    progress: Progress = lambda what, share: None,
) -> Exported:
    """Return what `export` would write, and write nothing. It takes as long as that, but for the writing.

    Raises:
        PackageError: there is nothing to export.
    """
    with store.writing(), tempfile.TemporaryDirectory() as folder:
        work = _begin(store, index, notebook, path, contents, progress, Path(folder), container=container)
        return work.gather(lambda seal: {})


def _begin(
    store: Store,
    index: Notebook,
    notebook: NotebookNode,
    path: Path,
    contents: Extent,
    progress: Progress,
    folder: Path,
    wheels: bool = False,
    container: bool = False,
    urls: Mapping[str, str] = NO_URLS,
) -> _Export:
    head = newest_head(index)
    if not head:
        raise PackageError(f"nothing is recorded of {path}: run it first, for example by `nbrewind audit {path.name}`")
    found = Slice(store, index, head, cells.beside(notebook, index, head))
    return _Export(store, index, notebook, path, found, contents, progress, folder, wheels, container, urls)


class _Export:
    """One export."""

    def __init__(
        self,
        store: Store,
        index: Notebook,
        notebook: NotebookNode,
        path: Path,
        found: Slice,
        contents: Extent,
        progress: Progress,
        folder: Path,
        wheels: bool,
        container: bool,
        urls: Mapping[str, str],
    ) -> None:
        self._store, self._slice, self._folder, self._progress = store, found, folder, progress
        self._path, self._kind, self._wheels, self._container, self._urls = path, contents, wheels, container, urls
        self._step = ("", 0.0)
        self._cells = tuple(cell.id for cell in notebook.cells)
        self._cleaner = Cleaner(store, self._cells, lambda: progress(*self._step))
        before = facts_of(index)
        self._before = form.from_json(before, form.Manifest, "what came with the records") if before else None
        self._same = self._before is not None and self._before.head == found.head
        self._points = [one for one in index.checkpoints() if one.run]
        self._left_out: list[LeftOut] = []
        self._contents = Contents(store, self._cleaner, contents == "slim", self._tell)
        self._documents: dict[str, bytes] = {}
        self._notebook = cells.plain(notebook)
        self._data: dict[str, Path] = {}

    # -- gathering ----------------------------------------------------------------------------------------------------

    def gather(self, sign: Callable[[bytes], dict[str, bytes]]) -> Exported:
        runs = self._slice.runs
        last = self._last()
        moved = {one.run.id: one for one in self._slice.records() if isinstance(one, MovedRun)}
        by_cell = {cell: moved[point.run] for cell, point in last.items() if point.run in moved}
        self._notebook = cells.with_outputs(self._notebook, by_cell)
        slots = {
            slot for run in self._slice.answering().values() for one in listed.unpack(run.tasks) if (slot := one.slot)
        }
        found_tasks = list(tasks(self._store, slots))
        needed = self._needed(found_tasks)
        self._learn(moved, found_tasks)
        self._contents.choose(needed)
        self._left_out += self._contents.left_out
        kept_tasks = list(self._kept(found_tasks))
        counts = self._write_records(kept_tasks)
        with self._open(form.CONTENTS) as file:
            self._contents.write_list(file)
        answering = self._slice.answering()
        python = newest_python(answering.values())
        used = used_by(answering, self._store, self._before)
        if self._wheels:
            used = self._add_wheels(used)
        self._documents.update(software_files(used, python, self._folder))
        if self._container:
            self._documents.update(
                image_files(used, python, self._path.name, EXPLICIT in self._documents, self._folder)
            )
        data = tuple(self._gather_data())
        self._documents[DESCRIPTION] = description(data)
        self._documents[COMPUTE] = to_json({"vine_factory_config": {"min-workers": 0, "max-workers": 4, "cores": 1}})
        self._cleaner.notebook(self._notebook)
        made = form.Manifest(
            notebook=form.WORKFLOW + self._path.name,
            contents=self._kind,
            head=self._slice.head,
            python=python,
            implementation=used.implementation,
            platform=self._before.platform if self._before else platform_name(),
            libc=used.libc,
            runs=counts["run"],
            checkpoints=counts["checkpoint"],
            tasks=counts["task"],
            snapshots=len(self._contents.included),
            bytes=self._contents.size,
            cells=self._cells,
            software=used.software,
            libraries=used.libraries,
            conda=used.conda,
            data=data,
            left_out=self._all_left_out(),
            secrets=self._all_secrets(),
            files={name: "sha256:" + sha256(text) for name, text in sorted(self._documents.items())}
            | {name: "sha256:" + self._digest(name) for name in self._streamed(used.software)},
        )
        self._documents[form.MANIFEST] = manifest = to_json(made)
        facts = {cell: cells.facts(runs[point.run], point) for cell, point in last.items() if point.run in runs}
        cleaned = {cell: self._cleaner.scanner.clean_all(_plain(one))[0] for cell, one in facts.items()}
        told = {cell: _fact(one) for cell, one in cleaned.items()}
        self._documents[made.notebook] = cells.described(self._notebook, told, "sha256:" + sha256(manifest))
        parts = self._contents.parts()
        layout = oci.layout(parts, self._path.name, made.head)
        self._blobs = {name: text for name, text in layout.items() if name.startswith(form.BLOBS)}
        self._documents.update((name, text) for name, text in layout.items() if name not in self._blobs)
        sizes = [(name, len(text)) for name, text in sorted(self._documents.items())]
        texts = {cell.id: cell.source for cell in self._notebook.cells}
        steps = {name: runs[point.run] for name in made.cells if (point := last.get(name)) and point.run in runs}
        inside = [(one.inside, one.bytes) for one in data if one.inside]
        self._documents[form.CRATE] = self._cleaner.text(
            "provenance", crate(made, steps, texts, [*sizes, *inside]).decode()
        ).encode()
        sealed = self._sealed(data, used.software)
        seal = to_json(form.Seal(files=sealed))
        self._documents[form.SEAL] = seal
        self._documents.update((form.SIGNATURES + name, text) for name, text in sign(seal).items())
        files = {name: one.bytes for name, one in sealed.items()} | {form.SEAL: len(seal)}
        files |= {form.BLOBS + part.sha256: part.file_bytes for part in parts}
        files |= {name: len(text) for name, text in self._blobs.items()}
        return Exported(made, seal, files)

    def _tell(self, what: str, share: float) -> None:
        self._step = what, share
        self._progress(what, share)

    def _last(self) -> dict[str, Checkpoint]:
        branch, cited = set(self._slice.branch), set(self._slice.cited)
        beside = [one for one in self._points if one.action == "run" and one.run in cited and one.id not in branch]
        return cells.last_checkpoints([*beside, *(one for one in self._points if one.id in branch)])

    def _needed(self, found: list[MovedTask]) -> dict[str, list[Version]]:
        needed = self._slice.needed()
        for task in found:
            for snapshot in task.contents:
                needed.setdefault(snapshot, [])
        return needed

    def _learn(self, moved: dict[str, MovedRun], found: list[MovedTask]) -> None:
        learn_notebook(self._cleaner, self._notebook)
        known: list[Moved] = [*moved.values(), *found]
        for one in known:
            self._cleaner.learn_record(one)

    def _kept(self, found: list[MovedTask]) -> Iterator[MovedTask]:
        for task in found:
            cleaned = self._cleaner.record(task)
            reason = "" if cleaned is not None else "there is a secret in it"
            if cleaned is not None and any(snapshot not in self._contents.included for snapshot in task.contents):
                reason = TASK_GONE
            if reason:
                facts = records.read(task.record)
                what = f"task of {cells.label(self._cells, task.cell)}"
                what += f", category {facts.category}" if facts and facts.category else ""
                slot = f"{task.slot[0]}/{task.slot[1]}"
                self._left_out.append(LeftOut(kind="task", id=slot, what=what, bytes=len(task.data), reason=reason))
            else:
                yield task

    def _write_records(self, found: list[MovedTask]) -> dict[str, int]:
        counts = {"run": 0, "checkpoint": 0, "task": 0}
        with self._open(form.RECORDS) as file:
            for one in self._slice.records():
                cleaned = self._cleaner.record(one)
                counts["run" if isinstance(one, MovedRun) else "checkpoint"] += 1
                file.write(to_json(cleaned, indent=None))
            for task in found:
                counts["task"] += 1
                file.write(to_json(task, indent=None))
        return counts

    def _add_wheels(self, used: Used) -> Used:
        made: dict[str, str] = {}
        for one, wheel, reason in wheels_of(used, self._folder):
            self._progress("Making wheels", len(made) / len(used.software))
            if wheel is not None:
                made[one.name] = form.WHEELS + wheel.name
            else:
                what = f"wheel of {one.name} {one.version}"
                self._left_out.append(LeftOut(kind="software", id=one.name, what=what, reason=reason))
        software = (replace(one, wheel=made.get(one.name, "") if one.pinned else "") for one in used.software)
        return replace(used, software=tuple(software))

    def _gather_data(self) -> Iterator[form.DataFile]:
        inputs = inputs_of(self._slice.answering())
        for one, left in data_files(inputs, self._path.parent, self._before, self._urls):
            reason = ""
            if one.inside:
                with open(self._path.parent / one.path, "rb") as file:
                    reason = self._cleaner.file(one.path, iter(lambda: file.read(1 << 20), b""))
            if reason:
                left = LeftOut(kind="file", id=one.path, what=one.path, bytes=one.bytes, reason=reason)
            if left is not None:
                self._left_out.append(left)
            else:
                self._data[one.inside] = self._path.parent / one.path
            path = self._cleaner.text("path of a file", one.path)
            url = self._cleaner.text(f"address of {path}", one.url)
            inside = "" if left else one.inside
            yield replace(one, path=path, inside=inside, url=url if url == one.url else "")

    def _all_left_out(self) -> tuple[LeftOut, ...]:
        """Return what was left out now; what was before, from the same records, for the reason of then."""
        before = {(one.kind, one.id): one for one in self._before.left_out} if self._before and self._same else {}
        now = {(one.kind, one.id): one for one in self._left_out}
        return tuple(one for _, one in sorted((now | before).items()))

    def _all_secrets(self) -> tuple[form.Secret, ...]:
        before = self._before.secrets if self._before and self._same else ()
        found = {(one.where, one.kind): one for one in (*before, *self._cleaner.secrets)}
        return tuple(one for _, one in sorted(found.items()))

    # -- writing ------------------------------------------------------------------------------------------------------

    def _open(self, name: str) -> IO[bytes]:
        return open(self._folder / name.rpartition("/")[2], "w+b")

    def _place(self, name: str) -> Path:
        return self._data.get(name) or self._folder / name.rpartition("/")[2]

    def _digest(self, name: str) -> str:
        with open(self._place(name), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(file)

    @staticmethod
    def _streamed(software: tuple[form.Software, ...]) -> list[str]:
        """Return the names of the files that lie in a temporary folder."""
        return [form.RECORDS, form.CONTENTS, *(one.wheel for one in software if one.wheel)]

    def _sealed(self, data: tuple[form.DataFile, ...], software: tuple[form.Software, ...]) -> dict[str, Sealed]:
        unsealed = (form.SEAL, form.SIGNATURES)
        found = {
            name: Sealed(bytes=len(text), sha256=sha256(text))
            for name, text in self._documents.items()
            if not name.startswith(unsealed)
        }
        for name in (*self._streamed(software), *(one.inside for one in data if one.inside)):
            found[name] = Sealed(bytes=self._place(name).stat().st_size, sha256=self._digest(name))
        return dict(sorted(found.items()))

    def write(self, writer: Writer, made: Exported) -> None:
        """Write all files, sorted by name."""
        blobs = self._contents.files()
        parts = {form.BLOBS + part.sha256 for part in self._contents.parts()}
        names = sorted({*made.files, *self._documents})
        for number, name in enumerate(names):
            self._tell("Writing", number / len(names))
            if name in self._documents:
                writer.add(name, self._documents[name])
            elif name in parts:
                writer.add(*next(blobs))
            elif name in self._blobs:
                writer.add(name, self._blobs[name])
            else:
                writer.stream(name, made.files[name], _chunks(self._place(name)))


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        yield from iter(lambda: file.read(1 << 20), b"")


def _sha256(file: IO[bytes]) -> str:
    hasher = hashlib.sha256()
    while data := file.read(1 << 20):
        hasher.update(data)
    return hasher.hexdigest()


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value)


def _fact(value: Any) -> cells.CellFacts:
    return msgspec.convert(value, cells.CellFacts)
