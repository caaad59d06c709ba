"""How much a store holds, whose it is, and how much it may hold."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nbrewind.model import Record
from nbrewind.store.task_book import NONE, CellTasks, tasks_of
from nbrewind.store.types import DEFAULT_BUDGET, StoreError

BUDGET = "NBREWIND_BUDGET"
"""The environment variable that says how much a store may hold; it wins over what was set."""

if TYPE_CHECKING:
    from nbrewind.store.ledger import Book, Ledger, Piece
    from nbrewind.store.notebook import Notebook
    from nbrewind.store.store import Store

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_UNITS |= {"ki": 1024, "mi": 1024**2, "gi": 1024**3, "ti": 1024**4}


class NotebookUsage(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What one notebook holds. Sizes are bytes."""

    id: str
    path: str
    bytes: int
    """Contents that its checkpoints and its tasks hold."""
    own: int
    """Of these, what no other notebook holds."""
    checkpoints: int
    kept: int
    evicted: int
    """Checkpoints of whose states contents were removed."""
    budget: int | None
    """How much it may hold; None: as much as the store."""


class Usage(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What a store holds. Sizes are bytes."""

    bytes: int
    """Contents on disk."""
    budget: int
    notebooks: list[NotebookUsage]
    """The largest first."""
    garbage: int
    """Contents that nothing refers to: the next cleaning removes them."""
    tasks: int = 0
    """What records of tasks take, with their logs, whoever's; counted in ``bytes``, and in those of notebooks."""


class Share(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What one cell made, or one variable took, of a notebook's contents."""

    key: str
    """A cell's id, or a variable's name; the key for anything else (``file:out.csv``)."""
    bytes: int
    checkpoints: int
    tasks: int = 0
    """Of a cell, records of tasks that were submitted there; what they hold counts in ``bytes``."""


class Shares(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A notebook's contents by cell and by name, the largest first. What several share counts for each of them."""

    cells: list[Share]
    names: list[Share]


def parse_size(text: str) -> int:
    """Return the bytes that a text means: ``500MB``, ``20 GiB``, ``1000``.

    Raises:
        ValueError: it is no size above 0.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", text.lower())
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{text!r} is no size, as 500MB or 20GiB is")
    size = int(float(found[1]) * _UNITS[found[2]])
    if size <= 0:
        raise ValueError(f"{text!r} is no size above 0")
    return size


def budget(store: Store) -> int:
    """Return how many bytes the contents of a store may take: by the environment, by its own setting, by default.

    Raises:
        StoreError: the environment says something that is no size.
    """
    text = os.environ.get(BUDGET, "")
    if text:
        try:
            return parse_size(text)
        except ValueError as error:
            raise StoreError(f"{BUDGET} can't be used: {error}") from error
    rows = store.database.read("SELECT value FROM meta WHERE key = 'budget'")
    return int(rows[0][0]) if rows else DEFAULT_BUDGET


def set_budget(store: Store, size: int) -> None:
    """Set how many bytes the contents of a store may take."""
    with store.database.write() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('budget', ?)", (str(size),))


def bytes_held(store: Store, notebook: Notebook) -> int:
    """Return how many bytes the contents take that a notebook holds."""
    from nbrewind.store.ledger import Book, Ledger

    store.contents.rows.write()
    book = Book(notebook)
    book.refresh()
    ledger = Ledger(store)
    ledger.tasks.refresh()
    return sum(holdings(ledger, book, ledger.stored()).values())


def bytes_on_disk(store: Store) -> int:
    """Return how many bytes the contents of a store take."""
    store.contents.rows.write()
    read = store.database.read
    rows = read("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM contents")[0][0]
    rows += read("SELECT COALESCE(SUM(bytes), 0) FROM task_places")[0][0]
    rows += read("SELECT COALESCE(SUM(logs), 0) FROM notebooks")[0][0]
    return int(rows + read("SELECT COALESCE(SUM(size), 0) FROM blobs")[0][0])


def usage(store: Store, ledger: Ledger) -> Usage:
    """Return what a store holds; see ``Store.usage``."""
    store.contents.rows.write()
    ledger.refresh()
    stored = ledger.stored()
    held = {id_: holdings(ledger, book, stored) for id_, book in ledger.books.items()}
    owners = Counter(piece for pieces in held.values() for piece in pieces)
    of_tasks = ledger.pieces(ledger.tasks.held())
    notebooks = [
        NotebookUsage(
            id=id_,
            path=book.notebook.path,
            bytes=sum(held[id_].values()),
            own=sum(size for piece, size in held[id_].items() if owners[piece] == 1),
            checkpoints=len(book.checkpoints),
            kept=sum(marks.keep for marks in book.marks.values()),
            evicted=sum(marks.evicted for marks in book.marks.values()),
            budget=book.budget,
        )
        for id_, book in ledger.books.items()
    ]
    return Usage(
        bytes=sum(stored.values()) + ledger.tasks.total() + ledger.logs(),
        budget=budget(store),
        notebooks=sorted(notebooks, key=lambda found: (-found.bytes, found.path)),
        garbage=sum(size for piece, size in stored.items() if piece not in owners and piece not in of_tasks),
        tasks=ledger.tasks.total() + ledger.logs() + sum(size for piece, size in of_tasks.items() if piece in stored),
    )


def holdings(ledger: Ledger, book: Book, stored: Mapping[Piece, int]) -> dict[Piece, int]:
    """Return the pieces that a notebook and its tasks hold and that are ``stored``, with their sizes."""
    id_ = book.notebook.id
    pieces = ledger.pieces({version.snapshot for version in book.holding()} | ledger.tasks.snapshots.get(id_, set()))
    found = {piece: size for piece, size in pieces.items() if piece in stored}
    rows = ledger.tasks.total([id_])
    own = {b"rows " + id_.encode(): rows, b"logs " + id_.encode(): book.logs}
    return found | {piece: size for piece, size in own.items() if size}


def shares(store: Store, ledger: Ledger, notebook: Notebook) -> Shares:
    """Return a notebook's contents by cell and by name; see ``Store.shares``."""
    store.contents.rows.write()
    ledger.refresh()
    if notebook.id not in ledger.books:
        return Shares(cells=[], names=[])
    ledger.stored()
    book = ledger.books[notebook.id]
    held = {version.id: version for version in book.holding()}
    cells: dict[str, list[set[str]]] = {}
    names: dict[str, list[set[str]]] = {}
    for checkpoint in book.checkpoints.values():
        mine = [held[version] for version in checkpoint.delta.values() if version in held]
        if mine:
            cells.setdefault(checkpoint.cell, []).append({version.snapshot for version in mine})
        for version in mine:
            names.setdefault(version.key.removeprefix("var:"), []).append({version.snapshot})
    return Shares(cells=_shares(ledger, cells, tasks_of(store.database, notebook.id)), names=_shares(ledger, names, {}))


def _shares(ledger: Ledger, found: dict[str, list[set[str]]], tasks: Mapping[str, CellTasks]) -> list[Share]:
    def of(key: str, checkpoints: list[set[str]]) -> Share:
        mine = tasks.get(key, NONE)
        size = sum(ledger.pieces(mine.snapshots.union(*checkpoints)).values())
        return Share(key=key, bytes=size + mine.bytes, checkpoints=len(checkpoints), tasks=mine.tasks)

    shares = [of(key, found.get(key, [])) for key in {**found, **tasks}]
    return sorted(shares, key=lambda share: (-share.bytes, share.key))
