"""Records of tasks: what a key stands for, apart from the contents that it refers to.

A row of ``tasks`` is found by its *slot*, 64 bits of its key, and its occurrence. The whole key is in the record, which
whoever reads it compares: of two keys with one slot the later takes the place of the earlier, which is a miss then.
Contents that are short stand in the row itself; of all others only the ids of their snapshots are here.

Rows gather in memory and are committed together, at most `WINDOW` seconds after the first of them came, and are then
flushed. SQLite's log is the write-ahead log: what a crash leaves half written at its end is not there. A row that
can't be written stays in memory and is tried again. So nobody waits for the disk but who calls ``flush``.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from blake3 import blake3

from nbrewind.store.content import Contents
from nbrewind.store.database import Connection, Database, Guard, forked
from nbrewind.store.task_ahead import ReadAhead
from nbrewind.store.types import StoreError

WINDOW = 0.1
"""Seconds for which a row may wait in memory. To commit and to flush it takes some more."""
BATCH = 250
"""Rows in one transaction: others who write wait meanwhile."""
MOST_ROWS = 500
MOST_BYTES = 64 * 1024 * 1024
"""Of rows that wait. Beyond that, where they can't be written, the oldest go."""
NEAR = 32
"""Slots that share so many bits are near: as a rule, those of tasks with equal arguments."""
PAUSE = 1.0
"""Seconds until what failed is tried again."""

_COLUMNS = "place, evicted, part, record, data"
_DIGEST = 16
SEAL = 2 * _DIGEST

Slot = tuple[int, int]
"""64 bits of a key, and the occurrence."""


class Place(NamedTuple):
    """Where tasks are submitted from: a notebook's id in the store, and a cell's id; both may be empty."""

    notebook: str = ""
    cell: str = ""


class TaskRow(NamedTuple):
    """A record to be written."""

    slot: Slot
    place: Place
    part: bytes
    """What its key has in common with others."""
    seconds: float
    """To make it again."""
    record: bytes
    data: bytes
    contents: tuple[str, ...]
    """Snapshots that it refers to."""


class Found(NamedTuple):
    """A record as it was found, with its row verified."""

    part: int | bytes
    record: bytes
    data: bytes | None
    """None: its contents were evicted."""


class Tasks:
    """The tables of tasks. Safe to use from several threads and processes, not across a fork."""

    def __init__(self, database: Database, contents: Contents) -> None:
        """Use the tables of ``database``; contents put before a row are committed together with it."""
        self.database = database
        self.contents = contents
        self.trouble = ""
        """Why rows could not be written the last time; empty if they were."""
        self._process = os.getpid()
        self._lock = Guard(database.path)
        self._commit_lock = Guard(database.path)
        self._late: deque[Callable[[], TaskRow | None]] = deque()
        self._making = False
        """Whether some of these are being made: they are not among the rows yet."""
        self._rows: dict[Slot, TaskRow] = {}
        self._uses: dict[tuple[int, Place], None] = {}
        self._bytes = 0
        self._since = 0.0
        self._dirty = self._deep = False
        """Whether there are commits that were not flushed, and contents in files that these refer to."""
        self._places: dict[Place, int] = {}
        self._ahead = ReadAhead(database, _COLUMNS)
        self._missed = False
        """The last record that was asked of the database was not there: as a rule that is so of the next, too."""
        self._far: tuple[int, int] | None = None
        """A slot to which none was near, and the database's count of turns then."""
        self._wake = threading.Event()
        self._end = threading.Event()
        self._writer: threading.Thread | None = None

    # -- reading ------------------------------------------------------------------------------------------------------

    def find(self, slot: Slot, place: Place | None = None) -> Found | None:
        """Return the record in a slot. ``place``: who asks, if the record is to stay as long as it is theirs, too."""
        self.make()
        row = self._rows.get(slot)
        if row is not None:
            return Found(row.part, row.record, row.data)
        columns = self._ahead.take(slot)
        if columns is None:
            if self._missed and not self._look_near(slot[0]):
                return None
            rows = self.database.read(f"SELECT number, {_COLUMNS} FROM tasks WHERE slot = ? AND occurrence = ?", slot)
            self._missed = not rows
            if not rows:
                return None
            columns = rows[0]
            self._ahead.found(columns[0])
        number, owner, evicted, part, record, data = columns
        found = _found(evicted, part, record, data)
        if place is not None and found and found.data is not None and owner != self._place(place):
            with self._lock:
                self._uses[number, place] = None
            self._begin()
        return found

    def any(self) -> bool:
        """Whether there is a record."""
        self.make()
        return bool(self._rows or self.database.read("SELECT 1 FROM tasks LIMIT 1"))

    def has_near(self, slot: Slot) -> bool:
        """Whether there is a record in a slot, or one that was written whose slot is near to it."""
        self.make()
        if slot in self._rows:
            return True
        return self._far != (slot[0], self.database.turns) and self._look_near(slot[0])

    def _look_near(self, slot: int) -> bool:
        turns = self.database.turns
        found = self.database.read("SELECT 1 FROM tasks WHERE slot BETWEEN ? AND ? LIMIT 1", _near(slot))
        self._far = None if found else (slot, turns)
        return bool(found)

    def near(self, slot: int, limit: int = 3) -> Iterator[Found]:
        """Yield the newest records whose slots are near to one."""
        sql = "SELECT evicted, part, record, data FROM tasks WHERE slot BETWEEN ? AND ? ORDER BY number DESC LIMIT ?"
        found = self.database.read(sql, (*_near(slot), limit))
        yield from (one for row in found if (one := _found(*row)) is not None)

    def newest(self, part: bytes, limit: int = 3) -> Iterator[Found]:
        """Yield the newest records whose keys have a part in common."""
        sql = (
            "SELECT evicted, part, record, data FROM tasks "
            "WHERE part = (SELECT number FROM task_parts WHERE digest = ?) ORDER BY number DESC LIMIT ?"
        )
        found = self.database.read(sql, (blake3(part).digest(), limit))
        yield from (one for row in found if (one := _found(*row)) is not None)

    def kept(self, slots: Iterable[Slot]) -> set[Slot]:
        """Return those of some slots in which there is a record that has what its task made."""
        wanted = set(slots)
        found = self.database.select(
            "SELECT slot, occurrence FROM tasks WHERE NOT evicted AND slot IN", {slot for slot, _ in wanted}
        )
        return wanted & {(slot, occurrence) for slot, occurrence in found}

    def part(self, part: int | bytes) -> bytes | None:
        """Return what the key of a record has in common with others; None if it is damaged or gone."""
        if isinstance(part, bytes):
            return part
        for digest, data in self.database.read("SELECT digest, data FROM task_parts WHERE number = ?", (part,)):
            if type(data) is bytes and blake3(data).digest() == digest:
                return data
        return None

    def _place(self, place: Place) -> int:
        number = self._places.get(place, 0)
        if not number:
            found = self.database.read("SELECT number FROM task_places WHERE notebook = ? AND cell = ?", place)
            if found:
                number = self._places[place] = found[0][0]
        return number

    # -- writing ------------------------------------------------------------------------------------------------------

    def add(self, row: TaskRow) -> None:
        """Take a row, which is written soon.

        Raises:
            StoreError: the store is closed, or was open when this process was forked.
        """
        self._check()
        self.make()
        with self._lock:
            self._keep(row)
            is_due = self._is_due()
        self._soon(is_due or bool(row.contents))

    def later(self, make: Callable[[], TaskRow | None]) -> None:
        """Take a row that is made when it is written or asked for, together with others: that takes less time.

        Args:
            make: makes it, without contents, of what can't change meanwhile; None if it can't. It raises nothing.

        Raises:
            StoreError: the store is closed, or was open when this process was forked.
        """
        self._check()
        self._late.append(make)
        self._soon(self._is_due())

    def _check(self) -> None:
        if self._end.is_set():
            raise StoreError(f"{self.database.path} is closed")
        if os.getpid() != self._process:
            raise forked(self.database.path)

    def _keep(self, row: TaskRow) -> None:
        old = self._rows.pop(row.slot, None)
        self._rows[row.slot] = row
        self._bytes += _size(row) - (_size(old) if old else 0)

    def make(self) -> None:
        """Make the rows that were to be made later."""
        if not (self._late or self._making):  # in this order: the latter is said before one is taken
            return
        with self._lock:
            self._making = True
            try:
                while self._late:
                    row = self._late.popleft()()
                    if row is not None:
                        self._keep(row)
            finally:
                self._making = False

    def _is_due(self) -> bool:
        """Take note that a row was taken; return whether it is time to write."""
        now = time.monotonic()
        self._since = self._since or now
        return len(self._rows) + len(self._late) >= MOST_ROWS or now - self._since > WINDOW

    def _soon(self, is_due: bool) -> None:
        """Have what was taken written soon, or at once: the thread that writes may not get its turn."""
        self._begin()
        if is_due and not self.trouble:
            with contextlib.suppress(StoreError):
                self.commit()

    def commit(self) -> None:
        """Hand all rows to the system: what ends this process does not take them along.

        Raises:
            StoreError: they can't be written; they are kept.
        """
        self.make()
        if not self._rows and not self._uses:
            return
        with self._commit_lock:
            with self._lock:
                rows, uses = list(self._rows.values()), list(self._uses)
                self._since = 0.0
            try:
                with self.contents.lease.shared():
                    for start in range(0, max(len(rows), 1), BATCH):
                        batch = rows[start : start + BATCH]
                        self._write(batch, uses if not start else ())
                        self._written(batch, uses if not start else ())
            except StoreError as error:
                self._failed(str(error))
                raise
            self.trouble = ""

    def _write(self, rows: Sequence[TaskRow], uses: Iterable[tuple[int, Place]]) -> None:
        with self.database.write() as connection:
            pending = self.contents.rows.take(connection)
            places = {place: _number_of_place(connection, place) for place in dict.fromkeys(row.place for row in rows)}
            rows = [row for row in rows if places[row.place]]
            parts = {part: _number_of_part(connection, part) for part in dict.fromkeys(row.part for row in rows)}
            connection.executemany(
                "INSERT INTO tasks (slot, occurrence, place, part, evicted, seconds, bytes, record, data) "
                "VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?) ON CONFLICT (slot, occurrence) DO UPDATE SET "
                "place = excluded.place, part = excluded.part, evicted = 0, seconds = excluded.seconds, "
                "bytes = excluded.bytes, record = excluded.record, data = excluded.data",
                [
                    (*row.slot, places[row.place], parts[row.part], row.seconds, _size(row), _sealed(row), row.data)
                    for row in rows
                ],
            )
            _refer(connection, rows)
            for number, place in uses:
                if at := _number_of_place(connection, place):
                    sql = "INSERT OR IGNORE INTO task_uses SELECT number, ? FROM tasks WHERE number = ?"
                    connection.execute(sql, (at, number))
        self.contents.rows.taken(pending)

    def _written(self, rows: Iterable[TaskRow], uses: Iterable[tuple[int, Place]]) -> None:
        with self._lock:
            self._dirty = True
            for row in rows:
                self._deep = self._deep or bool(row.contents)
                if self._rows.get(row.slot) is row:
                    del self._rows[row.slot]
                    self._bytes -= _size(row)
            for use in uses:
                self._uses.pop(use, None)

    def _failed(self, why: str) -> None:
        self.trouble = why
        with self._lock:
            self._uses.clear()
            while self._bytes > MOST_BYTES:
                self._bytes -= _size(self._rows.pop(next(iter(self._rows))))

    def flush(self) -> None:
        """Return when all rows taken so far, and what they refer to, are safely on disk.

        Raises:
            StoreError: the disk is full or failing; what could not be written is kept in memory.
        """
        self.commit()
        with self._lock:
            dirty, deep = self._dirty, self._deep
            self._dirty = self._deep = False
        try:
            if deep:
                self.contents.sync()
            elif dirty:
                self.database.flush()
        except BaseException:
            with self._lock:
                self._dirty, self._deep = True, self._deep or deep
            raise

    # -- in the background --------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Wake the thread that writes; start it if there is none."""
        if self._writer is None:
            with self._lock:
                if self._writer is None and not self._end.is_set():
                    self._writer = threading.Thread(target=self._run, name="nbrewind-tasks", daemon=True)
                    self._writer.start()
                    atexit.register(self.close)
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while not self._end.is_set():  # asked again once the event is cleared, which `close` has set after this
            self._wake.wait()
            if self._end.wait(WINDOW):
                return
            self._wake.clear()
            try:
                self.flush()
            except StoreError as error:
                self.trouble = str(error)
                if self._end.wait(PAUSE):
                    return
                self._wake.set()

    def close(self) -> None:
        """Write what can be written, and end the thread."""
        if os.getpid() != self._process:
            return
        self._end.set()
        self._wake.set()
        if self._writer is not None and self._writer is not threading.current_thread():
            self._writer.join()
        with contextlib.suppress(StoreError):
            self.flush()
        atexit.unregister(self.close)


def _near(slot: int) -> tuple[int, int]:
    """Return the first and the last slot that share their first `NEAR` bits with one."""
    first = slot >> (64 - NEAR) << (64 - NEAR)
    return first, first + (1 << 64 - NEAR) - 1


def _size(row: TaskRow) -> int:
    return SEAL + len(row.record) + len(row.data)


def _sealed(row: TaskRow) -> bytes:
    """Return a record behind digests of itself and of its data, since SQLite does not see when a disk changes them."""
    text = blake3(row.data).digest(length=_DIGEST) + row.record
    return blake3(text).digest(length=_DIGEST) + text


def _found(evicted: object, part: int, record: object, data: object) -> Found | None:
    """Return what is in a row; None if it is damaged."""
    if type(record) is not bytes or blake3(record[_DIGEST:]).digest(length=_DIGEST) != record[:_DIGEST]:
        return None
    if evicted:
        return Found(part, record[SEAL:], None)
    if type(data) is not bytes or blake3(data).digest(length=_DIGEST) != record[_DIGEST:SEAL]:
        return None
    return Found(part, record[SEAL:], data)


def is_whole(evicted: object, record: object, data: object) -> bool:
    """Return whether a row is as it was written."""
    return _found(evicted, 0, record, data) is not None


def _number_of_place(connection: Connection, place: Place) -> int:
    """Return the number of a place; 0 if it is in a notebook that was forgotten: nothing of it is written any more."""
    sql = "SELECT number FROM task_places WHERE notebook = ? AND cell = ?"
    found = connection.execute(sql, place).fetchone()
    if found is None:
        connection.execute(
            "INSERT INTO task_places (notebook, cell) SELECT ?1, ?2 "
            "WHERE ?1 = '' OR EXISTS (SELECT 1 FROM notebooks WHERE id = ?1)",
            place,
        )
        found = connection.execute(sql, place).fetchone()
    return int(found[0]) if found else 0


def _number_of_part(connection: Connection, part: bytes) -> int:
    digest = blake3(part).digest()
    found = connection.execute("SELECT number FROM task_parts WHERE digest = ?", (digest,)).fetchone()
    if found:
        return int(found[0])
    return int(connection.execute("INSERT INTO task_parts (digest, data) VALUES (?, ?)", (digest, part)).lastrowid or 0)


def _refer(connection: Connection, rows: Iterable[TaskRow]) -> None:
    """Say what contents rows refer to."""
    found = [(snapshot, *row.slot) for row in rows for snapshot in dict.fromkeys(row.contents)]
    sql = "INSERT INTO task_contents (task, snapshot) SELECT number, ? FROM tasks WHERE slot = ? AND occurrence = ?"
    if found:
        connection.executemany(sql, found)
