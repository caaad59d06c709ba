"""Records and contents on their way into a package: what is secret is taken out, and it is said where it was.

A run from whose record something was taken out never answers: what it shows, or what it depends on, is not known any
more. A content in which there is a secret is left out as a whole: nothing in it can be changed without loading it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from nbrewind.model import Run, Version
from nbrewind.packages import cells
from nbrewind.packages.form import Secret
from nbrewind.packages.named import looks_made
from nbrewind.packages.scan import (
    SECRET_FILES,
    BytesScanner,
    Stream,
    Strings,
    kinds_in,
    may_name_secrets,
    secret_strings,
)
from nbrewind.packages.secrets import Scanner
from nbrewind.packages.tables import clean_tables, column_values
from nbrewind.state.secret_names import is_secret_name
from nbrewind.store import Store
from nbrewind.store.manifest import Manifest, Part
from nbrewind.store.moved import Moved, MovedCheckpoint, MovedRun, MovedTask
from nbrewind.store.types import Packed
from nbrewind.tasks import listed, records

TABLES = ("DataFrame", "Series", "Table", "RecordBatch", "Dataset", "Index")
"""Kinds of values whose columns have names that are no texts of their own in what is pickled."""
TAKEN_OUT = "a secret was taken out of its record"
"""Why such a run never answers."""
UNCLEAR = "a name in it says that something is secret"


class Looked(NamedTuple):
    """What was found in a content."""

    named: bool
    """A name in it says that something is secret."""
    kinds: list[str]
    """Of what is secret by its form, or was known."""
    known: int
    """How many secrets were."""


class Cleaner:
    """Takes secrets out of what goes into a package. First all is learnt, then all is cleaned."""

    def __init__(self, store: Store, notebook: Sequence[str], tick: Callable[[], None] = lambda: None) -> None:
        """Learn what the environment says.

        Args:
            store: with the contents.
            notebook: the ids of its cells: the report names cells by their places.
            tick: called before each part of a content that is read.
        """
        self._tick, self._notebook = tick, notebook
        self.scanner = Scanner()
        self._store = store
        self._found: dict[tuple[str, str], None] = {}
        self._looked: dict[str, Looked] = {}
        self.scanner.learn(value for name, value in os.environ.items() if is_secret_name(name) and looks_made(value))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Where secrets were, sorted."""
        return tuple(Secret(where=where, kind=kind) for where, kind in sorted(self._found))

    def note(self, where: str, kinds: Iterable[str]) -> None:
        """Say that there were secrets somewhere."""
        self._found.update(dict.fromkeys((where, kind) for kind in kinds))

    # -- learning -----------------------------------------------------------------------------------------------------

    def learn_record(self, moved: Moved) -> None:
        """Learn what a record says beside names of secrets."""
        if isinstance(moved, MovedRun):
            self.learn_texts([moved.source or "", *_texts(moved.outputs)])
        elif isinstance(moved, MovedTask):
            facts = records.read(moved.record)
            for name, text in facts.previews.items() if facts else ():
                if is_secret_name(name) and looks_made(text.strip("'\"")):
                    self.scanner.learn([text.strip("'\"")])

    def learn_texts(self, texts: Iterable[str]) -> None:
        """Learn what stands beside names of secrets in texts, also in tables."""
        for text in texts:
            self.scanner.learn_from(text)
            self.scanner.learn(value for value in column_values(text) if looks_made(value))

    def look(
        self, manifest: Manifest, versions: list[Version], see: Callable[[Part, bytes, Packed | None], None] | None
    ) -> None:
        """Look through a content; learn what it says if a name of a variable, or in it, says that it holds a secret.

        Args:
            manifest: what it consists of.
            versions: whose content it is.
            see: is given each part; None: the content does not go along, and only what teaches something is read.
        """
        sizes = [one.size for one in manifest.pieces[: manifest.segments]] if manifest.kind == "value" else []
        stream = Stream(sum(sizes))
        look = BytesScanner(self.scanner)
        known = len(self.scanner.known)
        table = _are_tables(versions)
        named = False
        contents = self._store.contents
        for part, read in contents.each(manifest.parts(), contents.part if see is None else contents.both):
            if see is None and not stream.left:
                break
            self._tick()
            data, packed = read if isinstance(read, tuple) else (read, None)
            if stream.left:
                stream.take(data)
            if see is not None:
                see(part, data, packed)
                look.feed(data)
                named = named or (table and may_name_secrets(data))
        found = stream.strings()
        self.scanner.learn(found.values)
        if any(is_secret_name(version.key.partition(":")[2]) for version in versions) or (found.unclear and table):
            self.scanner.learn(stream.made())
        kinds = [*(["table with a column whose name may say so"] if named else []), *look.end()]
        self._looked[manifest.id] = Looked(bool(found.values or found.unclear), kinds, known)

    def _parts(self, manifest: Manifest) -> Iterator[bytes]:
        for _, data in self._store.contents.each(manifest.parts(), self._store.contents.part):
            self._tick()
            yield data

    # -- cleaning -----------------------------------------------------------------------------------------------------

    def reason(self, versions: list[Version]) -> str:
        """Return why a content must not go along, by the names under which it is known; empty if it may."""
        for version in versions:
            kind, _, name = version.key.partition(":")
            if kind == "file" and SECRET_FILES.search(name):
                self.note(f"file {name}", ["file of secrets"])
                return "it is a file of secrets"
            if kind in ("var", "env") and is_secret_name(name):
                self.note(f"variable {name}", ["variable whose name says so"])
                return f"the name {name} says that it is secret"
        return ""

    def content(self, manifest: Manifest, versions: list[Version]) -> str:
        """Return why a content must not go along; empty if it may. All contents were looked through before."""
        where = ", ".join(
            f"{'file' if v.key.startswith('file:') else 'value of'} {v.key.partition(':')[2]}" for v in versions
        )
        looked = self._looked[manifest.id]
        if looked.named:
            self.note(where, ["value under a name that says so"])
            return UNCLEAR
        kinds = looked.kinds
        if looked.known != len(self.scanner.known):
            kinds = kinds + kinds_in(self.scanner, self._parts(manifest), known_only=True)
        self.note(where, kinds)
        return "there is a secret in it" if kinds else ""

    def record(self, moved: Moved) -> Moved | None:
        """Return a record without what is secret; None if it must not go along."""
        if isinstance(moved, MovedRun):
            return self._run(moved)
        if isinstance(moved, MovedCheckpoint):
            label = self.text(f"label of checkpoint {moved.checkpoint.id}", moved.checkpoint.label)
            found = [self._clean(version, Version) for version in moved.versions]
            self.note(f"state of checkpoint {moved.checkpoint.id}", [kind for _, kinds in found for kind in kinds])
            point = replace(moved.checkpoint, label=label)
            return replace(moved, checkpoint=point, versions=tuple(version for version, _ in found))
        return self._task(moved)

    def _run(self, moved: MovedRun) -> MovedRun:
        label = cells.label(self._notebook, moved.run.cell) if moved.run.cell else "changes between cells"
        source = moved.source
        _text, in_source = self.scanner.clean(source or "")
        outputs, in_outputs = clean_outputs(self.scanner, moved.outputs)
        analysis = moved.analysis
        if analysis is not None and (in_source or self._clean(analysis, type(analysis))[1]):
            analysis = None
        run, kinds = self._clean(moved.run, Run)
        if run.tasks is not None and run.tasks.rows:
            told = [word for one in listed.unpack(run.tasks) for word in (one.name, one.reason, one.note, one.category)]
            in_tasks = [found.kind for word in dict.fromkeys(told) for found in self.scanner.find(word)]
            if in_tasks:
                run = replace(run, tasks=replace(run.tasks, rows=b""))
                self.note(f"tasks of {label}", in_tasks)
        self.note(f"text of {label}", in_source)
        self.note(f"output of {label}", in_outputs)
        self.note(f"record of {label}", kinds)
        if in_source or in_outputs or kinds:
            run = replace(run, unknown=tuple(dict.fromkeys((*run.unknown, TAKEN_OUT))))
        return MovedRun(run=run, source=None if in_source else source, analysis=analysis, outputs=outputs)

    def _task(self, moved: MovedTask) -> MovedTask | None:
        facts = records.read(moved.record)
        kinds = kinds_in(self.scanner, (moved.part, moved.record, moved.data))
        if facts is not None:
            kinds += self.scanner.clean_all(dict(facts.previews))[1]
        found = secret_strings(moved.data) if moved.data[:1] == b"\x80" else Strings([], False)
        if found.values:
            kinds.append("value under a name that says so")
        self.note(f"task of {cells.label(self._notebook, moved.cell)}", kinds)
        return None if kinds else moved

    def _clean(self, value: Any, kind: type[Any]) -> tuple[Any, list[str]]:
        plain = msgspec.to_builtins(value)
        cleaned, kinds = self.scanner.clean_all(plain)
        return (msgspec.convert(cleaned, kind), kinds) if kinds else (value, [])

    def text(self, where: str, text: str) -> str:
        """Return a text without what is secret."""
        cleaned, kinds = self.scanner.clean(text)
        self.note(where, kinds)
        return cleaned

    def notebook(self, notebook: Any) -> None:
        """Take what is secret out of a notebook, in place."""
        for number, cell in enumerate(notebook.cells, 1):
            cell.source = self.text(f"text of cell {number}", cell.source)
            if cell.cell_type == "code":
                outputs, kinds = clean_outputs(self.scanner, cell.outputs)
                self.note(f"output of cell {number}", kinds)
                if kinds:
                    cell.outputs = outputs
            self._metadata(cell, f"metadata of cell {number}")
        self._metadata(notebook, "metadata of the notebook")

    def _metadata(self, owner: Any, where: str) -> None:
        cleaned, kinds = self.scanner.clean_all(msgspec.to_builtins(_plain(owner.metadata)))
        self.note(where, kinds)
        if kinds:
            owner.metadata = cleaned

    def file(self, path: str, chunks: Iterator[bytes]) -> str:
        """Return why a file must not go along; empty if it may."""
        if SECRET_FILES.search(path):
            self.note(f"file {path}", ["file of secrets"])
            return "it is a file of secrets"
        kinds = kinds_in(self.scanner, chunks)
        self.note(f"file {path}", kinds)
        return "there is a secret in it" if kinds else ""


def clean_outputs(scanner: Scanner, outputs: list[Any]) -> tuple[list[Any], list[str]]:
    """Return outputs without what is secret, also in tables."""
    cleaned, kinds = scanner.clean_all(_plain(outputs))
    more, in_tables = clean_tables(cleaned)
    return more, kinds + in_tables


def _are_tables(versions: Iterable[Version]) -> bool:
    return any(version.kind.endswith(TABLES) for version in versions)


def _plain(value: Any) -> Any:
    """Return plain dictionaries and lists for nbformat's."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def learn_notebook(cleaner: Cleaner, notebook: Any) -> None:
    """Learn what a notebook's texts and outputs say beside names of secrets."""
    for cell in notebook.cells:
        cleaner.learn_texts([cell.source, *_texts(_plain(cell.get("outputs", [])))])
