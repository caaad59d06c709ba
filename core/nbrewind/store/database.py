"""SQLite files: one connection per thread, numbered schemas, short transactions, and safety across ``fork``.

Write-ahead log on local disks: a commit costs no disk flush, and ``flush`` makes all commits so far durable without
holding a lock, so that a cell never waits for the disk. Rollback journal on network file systems, where the log's
shared memory does not work; there every commit is durable.

SQLite must not be carried across a ``fork``: its table of locks is process memory, which a child inherits while it
holds none of the locks. A database that was open at the fork is therefore refused in the child, and the inherited
connections are never closed there, since closing could delete the parent's log.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nbrewind.store import layout
from nbrewind.store.types import StoreError

BUSY_SECONDS = 15.0
BATCH = 500  # SQLite's oldest limit on parameters is 999
LOG_PAGES = 20_000  # the log is folded in by `flush`, off the cell's path; this is the limit if nobody calls it
LOG_BYTES = 4 * 1024 * 1024
APPLICATION = 0x4E425257  # "NBRW"

Connection = sqlite3.Connection
Row = tuple[Any, ...]
Migration = tuple[str, ...]
"""SQL statements that lead from one schema number to the next."""

_open: weakref.WeakSet[Database] = weakref.WeakSet()
_inherited: set[str] = set()


class Guard:
    """A lock that refuses to be taken in a forked child, where another thread may have held it at the fork for good."""

    def __init__(self, what: object) -> None:
        """Guard something of this process; ``what`` is named in the error."""
        self._what = what
        self._lock = threading.RLock()
        self._process = os.getpid()

    def __enter__(self) -> None:
        """Take the lock.

        Raises:
            StoreError: the process was forked after the guard was made.
        """
        if os.getpid() != self._process:
            raise forked(self._what)
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Give the lock back."""
        self._lock.release()


def forked(what: object) -> StoreError:
    """Return the error of who uses what another process has opened."""
    return StoreError(
        f"{what} was open when this process was forked, so it can't be used here; "
        "start the process with spawn or forkserver instead"
    )


class _Own(NamedTuple):
    """A thread's connection. Closed while used, it would crash the process: whoever does either holds ``lock``."""

    thread: threading.Thread
    connection: sqlite3.Connection
    lock: threading.RLock


class Database:
    """One SQLite file and this process's connections to it."""

    def __init__(self, path: Path, migrations: Sequence[Migration], *, wal: bool = True) -> None:
        """Open the file, creating it or bringing its schema up to date.

        Raises:
            StoreError: written by a newer version, damaged, not writable, or inherited over a fork.
        """
        self.path = path
        self.wal = wal
        self._connections: dict[int, _Own] = {}
        self._write_lock = Guard(path)
        self._connections_lock = threading.Lock()
        self._closed = False
        self.turns = 0
        """Counts when transactions of this process that write have begun, and when they have ended."""
        _open.add(self)
        try:
            layout.create_private(path)
            with self.errors("open"):
                self._migrate(migrations)
        except OSError as error:
            raise layout.disk_error("create", path, error) from error
        except BaseException:
            self.close()
            raise

    def _own(self) -> _Own:
        if self._closed:
            self.release()
        return self._connections.get(threading.get_ident()) or self._connect()

    @property
    def is_open(self) -> bool:
        """Whether this thread has a connection."""
        return threading.get_ident() in self._connections

    def release(self) -> None:
        """Close this thread's connection; the next use opens another."""
        with self._connections_lock:
            own = self._connections.pop(threading.get_ident(), None)
        if own is not None:
            own.connection.close()

    def _connect(self) -> _Own:
        if self._closed:
            raise StoreError(f"{self.path} is closed")
        if str(self.path) in _inherited:
            raise forked(self.path)
        if not self.path.exists():  # never make an empty one in its place
            raise StoreError(f"{self.path} is gone: its records were forgotten, or the store was moved")
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            mode = self._journal(connection)
            connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'wal' else 'FULL'}")
            connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
            # A log that was folded in shrinks when it begins anew: else `flush` would fold it in every time after.
            connection.execute("PRAGMA journal_size_limit=0")
            connection.execute("PRAGMA secure_delete=ON")  # what is removed leaves nothing in the file
        except BaseException:
            connection.close()
            raise
        with self._connections_lock:
            for ident, other in list(self._connections.items()):
                if not other.thread.is_alive():
                    del self._connections[ident]
                    other.connection.close()
            own = _Own(threading.current_thread(), connection, threading.RLock())
            self._connections[threading.get_ident()] = own
        return own

    def _journal(self, connection: sqlite3.Connection) -> str:
        wanted = "wal" if self.wal else "delete"
        mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
        deadline = time.monotonic() + BUSY_SECONDS
        while mode != wanted:
            try:  # changing the mode needs the file alone, and does not wait for it by itself
                mode = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
                mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return mode

    def _migrate(self, migrations: Sequence[Migration]) -> None:
        known = len(migrations)
        if self.schema() == known:
            return
        with self.write() as connection:
            found = self.schema()
            if found > known:
                raise StoreError(
                    f"{self.path} was written by a newer nbrewind (schema {found}; this version knows up to {known}); "
                    "upgrade nbrewind in this environment"
                )
            for number in range(found, known):
                for statement in migrations[number]:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={known}")
            connection.execute(f"PRAGMA application_id={APPLICATION}")

    def schema(self) -> int:
        """Return the number of the file's schema."""
        return int(self.read("PRAGMA user_version")[0][0])

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a query and return all its rows."""
        try:
            own = self._own()
            with own.lock:
                return own.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._error("read", error) from error

    def version(self) -> object:
        """Return what is equal, for one thread, until somebody writes who does not use this thread's connection."""
        return self._own().connection, self.read("PRAGMA data_version")[0][0]

    def counter(self, key: str) -> int:
        """Return one of the numbers in ``meta``."""
        rows = self.read("SELECT value FROM meta WHERE key = ?", (key,))
        if not rows or not isinstance(rows[0][0], int):
            raise StoreError(f"{self.path} is damaged: it has no {key}; run `nbrewind doctor`")
        return rows[0][0]

    def select(self, sql: str, keys: Iterable[object]) -> Iterator[Row]:
        """Run a query that ends in ``IN`` for any number of keys, and yield its rows."""
        wanted = list(keys)
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            yield from self.read(f"{sql} ({','.join('?' * len(batch))})", batch)

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: committed at the end of the block, undone if anything is raised in it.

        Blocks nest: the outermost one commits.
        """
        with self._write_lock, self.errors("write"):
            own = self._own()
            connection = own.connection
            if connection.in_transaction:
                yield connection
                return
            with own.lock:
                connection.execute("BEGIN IMMEDIATE")
                self.turns += 1
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):  # some errors have already undone it
                        connection.execute("ROLLBACK")
                    raise
                finally:
                    self.turns += 1

    def flush(self) -> None:
        """Return when every transaction committed so far is safely on disk."""
        if not self.wal:
            return
        log = f"{self.path}-wal"
        try:
            descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # folded into the database, which SQLite flushes before it removes the log
        except OSError as error:
            raise layout.disk_error("flush", log, error) from error
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        except OSError as error:
            raise layout.disk_error("flush", log, error) from error
        finally:
            os.close(descriptor)
        if size > LOG_BYTES:
            self.read("PRAGMA wal_checkpoint(PASSIVE)")

    @contextlib.contextmanager
    def errors(self, action: str) -> Iterator[None]:
        """Turn SQLite's errors inside the block into ``StoreError``."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(action, error) from error
        except UnicodeEncodeError as error:
            raise StoreError(f"could not {action} {self.path}: text that is not Unicode ({error.reason})") from error

    def _error(self, action: str, error: sqlite3.Error) -> StoreError:
        text = str(error)
        advice = ""
        if "full" in text:
            advice = "; free some space, or choose another directory with NBREWIND_STORE"
        elif "malformed" in text or "not a database" in text:
            advice = "; run `nbrewind doctor`"
        elif "locked" in text:
            advice = "; another process is holding it, try again"
        elif "readonly" in text or "unable to open" in text:
            advice = "; make the directory writable, or choose another with NBREWIND_STORE"
        return StoreError(f"could not {action} {self.path}: {text}{advice}")

    def close(self) -> None:
        """Close all connections; waits for what other threads are doing with theirs, and refuses what they do later."""
        self._closed = True
        with self._connections_lock:
            found = list(self._connections.values())
            self._connections.clear()
        for own in found:
            with own.lock, contextlib.suppress(sqlite3.Error):
                own.connection.close()

    def retire(self) -> None:
        """Refuse all further use. Threads that are reading end that; each closes its connection when it comes again."""
        self._closed = True
        self.release()

    def remove(self) -> None:
        """Remove the file and SQLite's side files."""
        for end in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.path}{end}")

    def _abandon(self) -> None:
        """In a forked child: keep the parent's connections from ever being used or closed here."""
        self._connections_lock = threading.Lock()
        found, self._connections = self._connections, {}
        if not found:
            return
        _inherited.add(str(self.path))
        import ctypes

        for own in found.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(own.connection))


def _after_fork_in_child() -> None:
    for database in list(_open):
        database._abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
