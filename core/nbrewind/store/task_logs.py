"""What managers of tasks have logged while a run went on: kept with the run in its notebook's index, compressed.

They go with the run when that is forgotten. All logs of a store together may take a part of its budget; beyond that the
oldest go, whenever the store is cleaned. Nothing makes them again, and nothing needs them to be repeated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from blake3 import blake3

from nbrewind.store.rows import advance
from nbrewind.store.types import Finding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from nbrewind.store.database import Database
    from nbrewind.store.ledger import Book, Ledger
    from nbrewind.store.notebook import Notebook

SHARE = 20
"""Logs may take one in so many bytes of the budget."""
_LEVEL = 3


class TaskLog(NamedTuple):
    """A part of one log."""

    manager: int
    """Counts the managers of a session, from 1."""
    name: str
    """Of the file."""
    text: bytes
    left_out: int = 0
    """Bytes behind that which were too many."""


def add_logs(notebook: Notebook, run: str, logs: Iterable[TaskLog]) -> None:
    """Keep parts of logs with a run.

    Raises:
        StoreError: they can't be written.
    """
    rows = []
    for log in logs:
        data = zstd.compress(log.text, level=_LEVEL)
        rows.append((run, log.manager, log.name, len(log.text), log.left_out, blake3(data).digest(), data))
    if not rows:
        return
    with notebook.database.write() as connection:
        connection.executemany(
            "INSERT INTO logs (run, manager, name, size, left_out, digest, data) VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )
        advance(connection)
    notebook.count_logs()


def logs_of(notebook: Notebook, run: str) -> list[TaskLog]:
    """Return the logs of a run, in the order in which they were added; what is damaged is left out."""
    found = []
    for manager, name, left_out, digest, data in notebook.database.read(
        "SELECT manager, name, left_out, digest, data FROM logs WHERE run = ? ORDER BY number", (run,)
    ):
        if _is_whole(digest, data):
            found.append(TaskLog(manager, name, zstd.decompress(data), left_out))
    return found


def bytes_of_logs(database: Database) -> int:
    """Return how many bytes the logs of a notebook take."""
    return int(database.read("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM logs")[0][0])


def trim(ledger: Ledger, budget: int) -> int:
    """Remove the oldest logs of a store beyond their part of the budget; return how many bytes of them."""
    excess = ledger.logs() - budget // SHARE
    if excess <= 0:
        return 0
    listed: list[tuple[float, Book, int, int]] = []
    for book in ledger.books.values():
        since = {one.run: one.time for one in reversed(book.checkpoints.values())}
        for number, run, size in book.notebook.database.read("SELECT number, run, LENGTH(data) FROM logs"):
            listed.append((since.get(run, 0.0), book, number, size))
    changed: dict[str, Book] = {}
    removed = 0
    for _, book, number, size in sorted(listed, key=lambda one: (one[0], one[2])):
        if removed >= excess:
            break
        with book.notebook.database.write() as connection:
            connection.execute("DELETE FROM logs WHERE number = ?", (number,))
            advance(connection)
        removed, changed[book.notebook.id] = removed + size, book
    for book in changed.values():
        book.notebook.count_logs()
    return removed


def examine_logs(notebook: Notebook, *, repair: bool) -> Iterator[Finding]:
    """Yield what is wrong with the logs of a notebook: part of ``nbrewind doctor``."""
    database = notebook.database
    rows = database.read("SELECT number, digest, data FROM logs")
    damaged = [(number,) for number, digest, data in rows if not _is_whole(digest, data)]
    if not damaged:
        return
    if repair:
        with database.write() as connection:
            connection.executemany("DELETE FROM logs WHERE number = ?", damaged)
            advance(connection)
        notebook.count_logs()
    what = f"{len(damaged)} logs of tasks are damaged"
    yield Finding(kind="damaged", where=str(database.path), what=what, fixed=repair)


def _is_whole(digest: object, data: object) -> bool:
    return type(data) is bytes and blake3(data).digest() == digest
