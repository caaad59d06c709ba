"""Which notebook is which: by path, and by cell ids where the path is new.

A path unknown so far whose cells belong to a notebook whose file is gone is that notebook, renamed. If that file still
exists, it is a copy, which gets a history of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from typing import NamedTuple

from nbrewind.model import new_id
from nbrewind.store.codec import decode_names, encode
from nbrewind.store.database import Connection, Database
from nbrewind.store.traces import real_path


class Entry(NamedTuple):
    """A notebook that the store knows."""

    id: str
    path: str


class Registry:
    """The table ``notebooks``."""

    def __init__(self, database: Database) -> None:
        """Use the table of ``database``."""
        self._database = database

    def find(self, path: str | os.PathLike[str], cells: Collection[str], *, create: bool) -> Entry | None:
        """Return the notebook at a path, by its path or as a rename; else a new one, or nothing."""
        path = real_path(path)
        wanted = set(cells)
        sql = "SELECT id, cells FROM notebooks WHERE path = ?"
        rows = self._database.read(sql, (os.fsencode(path),))
        if rows and wanted.issubset(decode_names(rows[0][1])):
            return Entry(rows[0][0], path)
        with self._database.write() as connection:
            rows = connection.execute(sql, (os.fsencode(path),)).fetchall()
            if rows:
                found = rows[0][0]
                wanted.update(decode_names(rows[0][1]))
            else:
                found = _moved(connection, wanted)
                if not found and not create:
                    return None
            if not found:
                found = new_id()
                connection.execute(
                    "INSERT INTO notebooks (id, path, cells, created) VALUES (?, ?, ?, ?)",
                    (found, os.fsencode(path), encode([]), time.time()),
                )
            connection.execute(
                "UPDATE notebooks SET path = ?, cells = ? WHERE id = ?",
                (os.fsencode(path), encode(sorted(wanted)), found),
            )
        return Entry(found, path)

    def get(self, notebook: str) -> Entry | None:
        """Return a notebook by id."""
        rows = self._database.read("SELECT path FROM notebooks WHERE id = ?", (notebook,))
        return Entry(notebook, os.fsdecode(rows[0][0])) if rows else None

    def all(self) -> list[Entry]:
        """Return all notebooks, oldest first."""
        rows = self._database.read("SELECT id, path FROM notebooks ORDER BY created, id")
        return [Entry(notebook, os.fsdecode(path)) for notebook, path in rows]


def _moved(connection: Connection, cells: set[str]) -> str:
    """Return the notebook that shares most cells, if its file is gone; of equals, one that is gone."""
    best: tuple[int, bool, float] = (0, False, 0.0)
    found = ""
    if not cells:
        return ""
    for notebook, path, known, created in connection.execute("SELECT id, path, cells, created FROM notebooks"):
        theirs = set(decode_names(known)) or _cells_run(connection, notebook)
        shared = len(cells & theirs)
        if 2 * shared > min(len(cells), len(theirs)):
            rank = (shared, not os.path.exists(os.fsdecode(path)), created)
            if rank > best:
                best, found = rank, notebook
    return found if best[1] else ""


def _cells_run(connection: Connection, notebook: str) -> set[str]:
    """Return the cell ids that clients sent with a notebook's runs."""
    sql = "SELECT DISTINCT cell FROM traces WHERE notebook = ? AND cell != '' AND cell NOT LIKE 'place:%'"
    return {row[0] for row in connection.execute(sql, (notebook,))}
