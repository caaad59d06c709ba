"""Records of tasks that are likely to be asked for next: those that were written at about the same time.

The tasks of a loop are recorded as they end, which may be in any order, and are asked for as they are submitted. So
rows are read by whole blocks of numbers: one of which some rows were asked for is read with one query, and its others
are found without any. What was read is good until this process writes; whether others have written is asked every
`KEPT` seconds.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nbrewind.store.database import Database, Row

KEPT = 0.05
"""Seconds for which what was read ahead answers without a look whether others have written."""
ROWS = 256
"""So many numbers are a block."""
ASKED = 4
"""So many rows of a block are read one by one before all of it is."""
MOST = 4096
"""Rows that were read ahead and not asked for: beyond that no more are read."""


class ReadAhead:
    """Reads rows of ``tasks`` before they are asked for. Safe to use from several threads."""

    def __init__(self, database: Database, columns: str) -> None:
        """Read ``columns``, after slot, occurrence and number."""
        self._database = database
        self._sql = f"SELECT slot, occurrence, number, {columns} FROM tasks WHERE number BETWEEN ? AND ?"
        self._read = _Read()

    def take(self, slot: tuple[Any, Any]) -> Row | None:
        """Return number and columns of the row in a slot, once, if it was read."""
        read = self._read
        if not read.rows or not self._is_good(read):
            return None
        row = read.rows.pop(slot, None)
        return None if row is None else row[2:]

    def found(self, number: int) -> None:
        """Take note that a row was asked for that was not read ahead, by its number; read its block if it is time."""
        read = self._read
        if not self._is_good(read):
            read = self._read = _Read(self._database.turns, self._database.version(), _soon())
        block = number // ROWS
        read.asked[block] += 1
        if read.asked[block] == ASKED and len(read.rows) < MOST:
            rows = self._database.read(self._sql, (block * ROWS, block * ROWS + ROWS - 1))
            read.rows.update((row[:2], row) for row in rows)

    def _is_good(self, read: _Read) -> bool:
        if read.turns != self._database.turns:
            return False
        if time.monotonic() >= read.until:
            if self._database.version() != read.version:
                return False
            read.until = _soon()
        return True


def _soon() -> float:
    return time.monotonic() + KEPT


@dataclass(slots=True, eq=False)
class _Read:
    """What was read since somebody wrote."""

    turns: int = -1
    """As they were counted before."""
    version: object = None
    """Of the database, before."""
    until: float = 0.0
    rows: dict[tuple[Any, Any], Row] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)
    """By block, how many rows were read one by one."""
