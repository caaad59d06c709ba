"""Really removing what was recorded: of a notebook, of one of its cells, or the values of one variable.

What goes leaves no bytes in the store: rows are overwritten (``secure_delete``), the log is folded in and cut, blobs
are unlinked. What other notebooks hold, too, is theirs and stays.

A state is a map of all names, and those after a forgotten run hold what it made. So its checkpoint stays in the tree
where something follows it or a kernel stands there, with the names and nothing else; a rewind there reports these as
lost. A kernel that records the notebook meanwhile goes on; if the whole notebook was forgotten, it starts over.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nbrewind.model import Record, Version
from nbrewind.store import task_removal
from nbrewind.store.codec import decode_run, decode_version, decoder, encode
from nbrewind.store.database import Connection
from nbrewind.store.garbage import collect
from nbrewind.store.ledger import Book, Ledger
from nbrewind.store.rows import advance, evict

if TYPE_CHECKING:
    from nbrewind.store.database import Database
    from nbrewind.store.notebook import Notebook
    from nbrewind.store.store import Store

REASON = "it was forgotten on request"
FOLD_SECONDS = 5.0


class Used(msgspec.Struct):
    """Of a run, what it shares with others of the same code."""

    source: str


_used = decoder(Used)


class Forgotten(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What went, or would go."""

    runs: int
    """Runs that are gone; with a name, those that can't answer any more."""
    checkpoints: int
    """Checkpoints of which something is gone."""
    bytes: int
    """Contents that nothing else holds."""
    tasks: int = 0
    """Records of tasks that are gone. With a name, those of all cells that gave it a value."""


class Scope(NamedTuple):
    """What is to be forgotten."""

    runs: set[str]
    checkpoints: set[str]
    versions: set[str]
    places: list[int]
    """Where tasks were submitted from."""


def forget(store: Store, ledger: Ledger, notebook: Notebook, *, cell: str, name: str, preview: bool) -> Forgotten:
    """Forget; see ``Store.forget``."""
    store.contents.rows.write()
    ledger.refresh()
    if notebook.id not in ledger.books:
        return Forgotten(runs=0, checkpoints=0, bytes=0)
    book = ledger.books[notebook.id]
    scope = _scope(store, book, cell, name)
    tasks = task_removal.scope(store.database, scope.places)
    found = Forgotten(
        runs=len(scope.runs),
        checkpoints=len(scope.checkpoints),
        bytes=_freed(ledger, book, scope.versions, tasks) + tasks.bytes + _logs(book, scope.runs),
        tasks=len(tasks.numbers),
    )
    if preview:
        return found
    with store.lease.exclusive():
        book.refresh()
        scope = _scope(store, book, cell, name)
        if name:
            _forget_contents(store, book, scope)
        else:
            _forget_runs(store, book, scope, whole=not cell)
        notebook.count_logs()
        with store.database.write() as connection:
            task_removal.forget(connection, scope.places)
    collect(store, ledger, math.inf)
    for database in (notebook.database, store.database):
        _fold(database)
    if not cell and not name:
        store.drop(notebook)
    return found


def _scope(store: Store, book: Book, cell: str, name: str) -> Scope:
    if name:
        keyed = {version.snapshot for version in book.versions.values() if version.key == f"var:{name}"} - {""}
        versions = {version.id for version in book.versions.values() if version.snapshot in keyed}
        versions |= {version.id for version in book.versions.values() if version.key == f"var:{name}"}
        runs = {book.versions[version].run for version in versions}
        cells = {checkpoint.cell for checkpoint in book.checkpoints.values() if checkpoint.run in runs}
        places = task_removal.places(store.database, book.notebook.id, cells)
        return Scope(set(book.notebook.own(runs)), set(book.introducing(versions)), versions, places)
    made = book.notebook.database.read("SELECT id FROM runs WHERE ? IN ('', cell)", (cell,))
    runs = {row[0] for row in made}
    checkpoints = {one.id for one in book.checkpoints.values() if not cell or one.cell == cell or one.run in runs}
    versions = {version for id_ in checkpoints for version in book.checkpoints[id_].delta.values() if version}
    places = task_removal.places(store.database, book.notebook.id, {cell} if cell else None)
    return Scope(runs, checkpoints, versions, places)


def _freed(ledger: Ledger, book: Book, versions: Collection[str], tasks: task_removal.Scope) -> int:
    mine = {book.versions[version].snapshot for version in versions if version in book.versions} - {""}
    others = {
        version.snapshot
        for each in ledger.books.values()
        for version in each.holding()
        if each is not book or version.id not in versions
    }
    mine |= tasks.snapshots
    stay, stored = ledger.pieces(others | tasks.kept), ledger.stored()
    return sum(size for piece, size in ledger.pieces(mine).items() if piece not in stay and piece in stored)


def _logs(book: Book, runs: Collection[str]) -> int:
    """Return how many bytes the logs of tasks take that are kept with some runs."""
    found = book.notebook.database.select("SELECT LENGTH(data) FROM logs WHERE run IN", runs)
    return sum(size for (size,) in found)


def _forget_contents(store: Store, book: Book, scope: Scope) -> None:
    """Forget contents: the runs stay, without what they said of the values."""
    with book.notebook.database.write() as connection:
        _blank_versions(connection, scope.versions)
        evict(connection, scope.versions, scope.runs, book.holders(scope.versions), REASON)
        records = {}
        for run in scope.runs:
            (record,) = connection.execute("SELECT record FROM runs WHERE id = ?", (run,)).fetchone()
            found = decode_run(record)
            writes = tuple(_blank(each) if each.id in scope.versions else each for each in found.writes)
            # Words about its tasks may quote values.
            tasks = msgspec.structs.replace(found.tasks, rows=b"") if found.tasks else None
            records[run] = msgspec.structs.replace(found, writes=writes, tasks=tasks)
        connection.executemany(
            "UPDATE runs SET record = ? WHERE id = ?", [(encode(run), id_) for id_, run in records.items()]
        )
        connection.executemany("DELETE FROM logs WHERE run = ?", [(run,) for run in scope.runs])
        _changed(connection)
    with store.database.write() as connection:
        connection.executemany(
            "UPDATE traces SET record = ?, answerable = 0 WHERE run = ?",
            [(encode(msgspec.structs.replace(run, tasks=None)), id_) for id_, run in records.items()],
        )


def _forget_runs(store: Store, book: Book, scope: Scope, *, whole: bool) -> None:
    """Forget runs with their outputs and texts; their checkpoints stay as bare nodes where something hangs on them."""
    with book.notebook.database.write() as connection:
        for table in ("outputs", "logs"):
            connection.executemany(f"DELETE FROM {table} WHERE run = ?", [(run,) for run in scope.runs])
        connection.executemany("DELETE FROM runs WHERE id = ?", [(run,) for run in scope.runs])
        if whole:
            for table in ("heads", "checkpoints", "versions", "lost", "evicted"):
                connection.execute(f"DELETE FROM {table}")
        else:
            _blank_versions(connection, scope.versions)
            evict(connection, scope.versions, (), book.holders(scope.versions) | scope.checkpoints, REASON)
            connection.executemany(
                "UPDATE checkpoints SET cell = '', run = '', label = '', keep = 0 WHERE id = ?",
                [(id_,) for id_ in scope.checkpoints],
            )
            _prune(connection, book, scope.checkpoints)
        _changed(connection)
    with store.database.write() as connection:
        _forget_traces(connection, scope.runs)
        if whole:
            connection.execute("DELETE FROM traces WHERE notebook = ?", (book.notebook.id,))
            connection.execute("DELETE FROM notebooks WHERE id = ?", (book.notebook.id,))


def _prune(connection: Connection, book: Book, checkpoints: Collection[str]) -> None:
    """Remove bare checkpoints that nothing follows and at which nobody stands."""
    for id_ in reversed([id_ for id_ in book.checkpoints if id_ in checkpoints]):
        connection.execute(
            "DELETE FROM checkpoints WHERE id = ? AND NOT EXISTS (SELECT 1 FROM checkpoints c WHERE c.parent = ?) "
            "AND NOT EXISTS (SELECT 1 FROM heads WHERE checkpoint = ?)", (id_, id_, id_),
        )  # fmt: skip


def _forget_traces(connection: Connection, runs: Iterable[str]) -> None:
    """Remove traces, and the texts and analyses that no other run has."""
    sources: set[str] = set()
    codes: set[str] = set()
    for run in runs:
        for code, record in connection.execute("SELECT code, record FROM traces WHERE run = ?", (run,)).fetchall():
            codes.add(code)
            sources.add(_used(record).source)
            connection.execute("DELETE FROM traces WHERE run = ?", (run,))
    left: set[str] = set()
    for code, record in connection.execute("SELECT code, record FROM traces"):
        if code in codes:  # equal texts have equal codes
            left.add(code)
            sources.discard(_used(record).source)
    connection.executemany("DELETE FROM sources WHERE digest = ?", [(digest,) for digest in sources])
    connection.executemany("DELETE FROM analyses WHERE code = ?", [(code,) for code in codes - left])


def _blank_versions(connection: Connection, versions: Collection[str]) -> None:
    for id_ in versions:
        rows = connection.execute("SELECT record FROM versions WHERE id = ?", (id_,)).fetchall()
        if rows:
            blank = encode(_blank(decode_version(rows[0][0])))
            connection.execute("UPDATE versions SET record = ? WHERE id = ?", (blank, id_))


def _blank(version: Version) -> Version:
    """Return a version of which nothing is told but that there was a value."""
    return msgspec.structs.replace(
        version,
        kind="",
        preview="",
        loadable=False,
        reason=REASON,
        snapshot="",
        refs=(),
        needs=(),
        packages=(),
        bytes=0,
    )


def _changed(connection: Connection) -> None:
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'forgotten'")
    advance(connection)


def _fold(database: Database) -> None:
    """Leave nothing in the log: fold it in, and cut it."""
    deadline = time.monotonic() + FOLD_SECONDS
    while database.read("PRAGMA wal_checkpoint(TRUNCATE)")[0][0] and time.monotonic() < deadline:
        time.sleep(0.01)
