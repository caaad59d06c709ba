"""What refers to what, over all notebooks of a store: who holds which contents, and what could be let go.

Records of tasks hold their contents. A version holds its content unless it is in its notebook's table ``evicted``; the
states of kept checkpoints and of heads hold all their versions. What nothing holds is garbage.

Sizes are those of *pieces* (rows and blobs) as they are stored, of which snapshots share many: a piece counts once.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nbrewind import unpatched
from nbrewind.store.codec import decode_delta, decoder
from nbrewind.store.manifest import decode_manifest
from nbrewind.store.task_book import TaskBook
from nbrewind.store.task_logs import bytes_of_logs

if TYPE_CHECKING:
    from nbrewind.store.notebook import Notebook
    from nbrewind.store.store import Store

HEAD_SECONDS = 7 * 24 * 3600.0
"""For so long after it moved last a head is protected though a newer session of the notebook has another."""
SETTLE_SECONDS = 0.5
_SHOWN = 96

Piece = bytes
"""``b"r"`` and the digest for a row, the digest for a blob."""


class Version(msgspec.Struct):
    """Of a version, what counts here."""

    id: str
    key: str
    run: str
    snapshot: str = ""


class Used(msgspec.Struct):
    """Of a run's input, what counts here."""

    run: str = ""


class Made(msgspec.Struct):
    """Of a run, what counts here."""

    seconds: float = 0.0
    cell: str = ""
    inputs: tuple[Used, ...] = ()


decode_version = decoder(Version)
decode_made = decoder(Made)


class Held(NamedTuple):
    """Of a checkpoint, what counts here."""

    id: str
    parent: str
    cell: str
    run: str
    action: str
    time: float
    delta: dict[str, str]


class Marks(NamedTuple):
    """What may change about a checkpoint."""

    keep: bool
    saved: bool
    lost: bool
    evicted: bool


class Book:
    """One notebook's part. Reads only what is new since the last look."""

    def __init__(self, notebook: Notebook) -> None:
        """Start empty; ``refresh`` reads."""
        self.notebook = notebook
        self.checkpoints: dict[str, Held] = {}
        self.marks: dict[str, Marks] = {}
        self.versions: dict[str, Version] = {}
        self.evicted: set[str] = set()
        self.protected: set[str] = set()
        """Ids of the versions in states of kept checkpoints and heads, and of those not saved yet."""
        self.logs = 0
        """Bytes of the logs of its tasks."""
        self.budget: int | None = None
        """How many bytes the notebook may hold; None: as many as the store."""
        self._sequence = self._forgotten = -1
        self._number = self._row = 0
        self._seen: object = None
        self._children: defaultdict[str, list[str]] = defaultdict(list)
        self._introduced: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        """Where each version is in a checkpoint's own delta, and under which key."""

    def refresh(self) -> bool:
        """Read what is new. Returns whether anything is. No connection stays open: there may be many notebooks."""
        mark = self._mark()
        if mark is not None and mark == self._seen:
            return False
        database = self.notebook.database
        was_open = database.is_open
        try:
            return self._read()
        finally:
            self._seen = mark
            if not was_open:
                database.release()

    def _mark(self) -> object:
        """Return what would differ if somebody had written since; None where that can't be told.

        A write is seen by the files' times, unless it may come in the same tick of the clock; not so over a network.
        That what was written is shown to others may come later, and is seen by the log's index alone.
        """
        database, found = self.notebook.database, list[object]()
        for path in (database.path, f"{database.path}-wal") if database.wal else ():
            try:
                status = os.stat(path)
            except FileNotFoundError:
                found.append((0, 0, 0))
                continue
            if abs(time.time() - status.st_mtime) < SETTLE_SECONDS:
                return None
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return [*found, _shown(database.path)] if found else None

    def _read(self) -> bool:
        read = self.notebook.database.read
        sequence = self.notebook.sequence()
        if sequence == self._sequence:
            return False
        forgotten = self.notebook.database.counter("forgotten")
        if forgotten != self._forgotten:
            self.checkpoints.clear()
            self.versions.clear()
            self._children.clear()
            self._introduced.clear()
            self._number = self._row = 0
        for number, id_, parent, cell, run, action, when, delta in read(
            "SELECT number, id, parent, cell, run, action, time, delta FROM checkpoints WHERE number > ? "
            "ORDER BY number", (self._number,),
        ):  # fmt: skip
            held = Held(id_, parent or "", cell, run, action, when, decode_delta(delta))
            self.checkpoints[id_] = held
            self._children[held.parent].append(id_)
            for key, made in held.delta.items():
                self._introduced[made].append((id_, key))
            self._number = number
        for row, record in read("SELECT rowid, record FROM versions WHERE rowid > ? ORDER BY rowid", (self._row,)):
            version = decode_version(record)
            self.versions[version.id] = version
            self._row = row
        self.marks = {
            id_: Marks(bool(keep), bool(saved), bool(lost), bool(evicted))
            for id_, keep, saved, lost, evicted in read("SELECT id, keep, saved, lost, evicted FROM checkpoints")
        }
        self.evicted = {row[0] for row in read("SELECT version FROM evicted")}
        self.protected = self._protected(read("SELECT checkpoint, time FROM heads ORDER BY time DESC, session"))
        self.logs = bytes_of_logs(self.notebook.database)
        self.budget = self.notebook.budget
        self._sequence, self._forgotten = sequence, forgotten
        return True

    def _protected(self, heads: Iterable[tuple[str, float]]) -> set[str]:
        limit = time.time() - HEAD_SECONDS
        states = [checkpoint for number, (checkpoint, moved) in enumerate(heads) if not number or moved > limit]
        states += [checkpoint for checkpoint, marks in self.marks.items() if marks.keep]
        found = {version for state in set(states) for version in self.state(state).values()}
        for checkpoint, marks in self.marks.items():
            if not marks.saved and not marks.lost and checkpoint in self.checkpoints:
                if self.checkpoints[checkpoint].action == "run":
                    found.update(self.checkpoints[checkpoint].delta.values())
        return found

    def state(self, checkpoint: str) -> dict[str, str]:
        """Return key to version id at a checkpoint."""
        deltas = []
        while checkpoint in self.checkpoints:
            deltas.append(self.checkpoints[checkpoint].delta)
            checkpoint = self.checkpoints[checkpoint].parent
        keys: dict[str, str] = {}
        for delta in reversed(deltas):
            keys.update(delta)
        return {key: version for key, version in keys.items() if version}

    def holding(self) -> Iterator[Version]:
        """Yield the versions whose contents the notebook holds."""
        for version in self.versions.values():
            if version.snapshot and (version.id not in self.evicted or version.id in self.protected):
                yield version

    def introducing(self, versions: Iterable[str]) -> dict[str, set[str]]:
        """Return the checkpoints whose own delta names some of these versions, with the keys of those."""
        found: dict[str, set[str]] = defaultdict(set)
        for version in versions:
            for checkpoint, key in self._introduced[version]:
                found[checkpoint].add(key)
        return found

    def holders(self, versions: Iterable[str]) -> set[str]:
        """Return the checkpoints in whose states some of these versions are."""
        found: set[str] = set()
        todo = list(self.introducing(versions).items())
        while todo:
            at, keys = todo.pop()
            found.add(at)
            for child in self._children[at]:
                rest = keys - self.checkpoints[child].delta.keys()
                if rest:
                    todo.append((child, rest))
        return found


def _shown(path: Path) -> bytes:
    """Return the head of the index of a database's log, which says up to where others see it.

    Source: SQLite, "WAL-mode File Format", 2.1: two copies of 48 bytes, which change with every commit.
    """
    try:
        with unpatched.open(f"{path}-shm", "rb", buffering=0) as file:
            return bytes(file.read(_SHOWN))
    except FileNotFoundError:
        return b""


class Ledger:
    """All notebooks. Not safe to use from several threads at once."""

    def __init__(self, store: Store) -> None:
        """Start empty; ``refresh`` reads."""
        self.store = store
        self.books: dict[str, Book] = {}
        self.tasks = TaskBook(store.database)
        self._pieces: dict[str, dict[Piece, int]] = {}
        self._stored: dict[Piece, int] = {}
        self._runs: dict[str, Made] = {}

    def refresh(self) -> set[str]:
        """Read what is new. Returns the snapshots held by new tasks, and by the notebooks in which anything is.

        Raises:
            StoreError: a notebook's index can't be read; then it is not known what it holds.
        """
        entries = {entry.id: entry for entry in self.store.registry.all()}
        for gone in self.books.keys() - entries.keys():
            del self.books[gone]
        found = self.tasks.refresh()
        for id_, entry in entries.items():
            book = self.books.get(id_)
            if book is None:
                book = self.books[id_] = Book(self.store.peek_notebook(entry))
            if book.refresh():
                found.update(version.snapshot for version in book.holding())
        return found

    def logs(self) -> int:
        """Return the bytes of the logs of all tasks."""
        return sum(book.logs for book in self.books.values())

    def held(self) -> set[str]:
        """Return the snapshots that somebody holds."""
        return {version.snapshot for book in self.books.values() for version in book.holding()} | self.tasks.held()

    def pieces(self, snapshots: Iterable[str]) -> dict[Piece, int]:
        """Return the pieces of some snapshots with their sizes; of one that is not in the store, none.

        They are those that `stored` found last; of a piece that was not there then, the size of its content.
        """
        wanted = set(snapshots)
        new = [snapshot for snapshot in wanted if snapshot not in self._pieces]
        for snapshot, manifest in self.store.database.select("SELECT id, manifest FROM snapshots WHERE id IN", new):
            found: dict[Piece, int] = {}
            for piece in decode_manifest(manifest).pieces:
                if piece.size and not piece.chunks:
                    found[b"r" + piece.digest] = piece.size
                for digest, start, stop in piece.spans():
                    found[digest] = stop - start
            self._pieces[snapshot] = found
        together: dict[Piece, int] = {}
        for snapshot in wanted:
            together.update(self._pieces.get(snapshot, {}))
        return {piece: self._stored.get(piece, size) for piece, size in together.items()}

    def stored(self) -> dict[Piece, int]:
        """Return all pieces that the store has, with their sizes."""
        read = self.store.database.read
        found = {b"r" + digest: size for digest, size in read("SELECT digest, LENGTH(data) FROM contents")}
        found.update(read("SELECT digest, size FROM blobs"))
        self._stored = found
        return found

    def made(self, runs: Iterable[str]) -> dict[str, Made]:
        """Return what counts of some runs; of one that is not in the store, nothing."""
        wanted = set(runs)
        new = [run for run in wanted if run not in self._runs]
        for run, record in self.store.database.select("SELECT run, record FROM traces WHERE run IN", new):
            self._runs[run] = decode_made(record)
        return {run: self._runs[run] for run in wanted if run in self._runs}
