"""Records of tasks that are likely to be asked for next: those that were written after one that was found.

The tasks of a loop are asked for in about the order in which they were recorded. Once two were that follow each other,
the next ones are read with one query, and found without any. What was read is good for `KEPT` seconds, as others may
write meanwhile, and until this process writes.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from nbrewind.store.database import Database, Row

KEPT = 0.05
"""Seconds for which what was read ahead answers."""
ROWS = 64
"""So many are read at a time, and so close to each other must be what is asked for in turn."""


class ReadAhead:
    """Reads rows of ``tasks`` before they are asked for. Safe to use from several threads."""

    def __init__(self, database: Database, columns: str) -> None:
        """Read ``columns``, after slot, occurrence and number."""
        self._database = database
        self._sql = f"SELECT slot, occurrence, number, {columns} FROM tasks WHERE number > ? ORDER BY number LIMIT ?"
        self._read = _Read({}, -1, 0, 0.0)
        self._last = -ROWS - 1

    def take(self, slot: tuple[Any, Any]) -> Row | None:
        """Return number and columns of the row in a slot, once, if it was read."""
        read = self._read
        if not read.rows or not self._is_good(read):
            return None
        row = read.rows.pop(slot, None)
        if row is None:
            return None
        self._last = row[2]
        return row[2:]

    def found(self, number: int) -> None:
        """Take note that a row was asked for, by its number; read on if it is close to the last one."""
        is_near, self._last = abs(number - self._last) <= ROWS, number
        if not is_near or (number <= self._read.end and self._is_good(self._read)):
            return
        turns, until = self._database.turns, time.monotonic() + KEPT
        rows = self._database.read(self._sql, (number, ROWS))
        end = rows[-1][2] if rows else number + ROWS
        self._read = _Read({row[:2]: row for row in rows}, end, turns, until)

    def _is_good(self, read: _Read) -> bool:
        return read.turns == self._database.turns and time.monotonic() < read.until


class _Read(NamedTuple):
    """What was read at once."""

    rows: dict[tuple[int, int], Row]
    end: int
    """The number of the last one."""
    turns: int
    """As they were counted before."""
    until: float
