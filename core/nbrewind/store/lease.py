"""Who writes and who cleans, on one store: many processes that write, or one that removes.

A writer that finds content in the store already does not write it again; so nothing may be removed between its look and
the commit of what refers to it. Writers therefore hold the lease shared from their first put to that commit, those who
load until they have said that they stand there; who removes holds it alone, a few milliseconds at a time.

The lock is one on a file (``flock``), so it ends with the process that held it, however that ended. Network file
systems may turn it into one of the whole process: between its threads, counters decide. Where files can't be locked at
all, writers go on, and nothing is ever removed.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from nbrewind.store.database import BUSY_SECONDS
from nbrewind.store.layout import create_private
from nbrewind.store.types import StoreError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

PAUSE = 0.001
"""Seconds between two looks at a lock that somebody else holds."""


class Busy(StoreError):
    """The lease was not to be had in time."""


class Shared:
    """A context that shares a lease; it costs a few microseconds of every cell."""

    __slots__ = ("_lease",)

    def __init__(self, lease: Lease) -> None:
        """Share ``lease``."""
        self._lease = lease

    def __enter__(self) -> None:
        """Begin."""
        self._lease.share()

    def __exit__(self, *_: object) -> None:
        """End."""
        self._lease.unshare()


class Lease:
    """The lock of one store."""

    def __init__(self, path: Path) -> None:
        """Lock the file at ``path``, which is made when it is first needed."""
        self._path = path
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._sharers = 0
        self._alone = 0  # the thread that holds it alone
        self._descriptor = -1
        self._shared = Shared(self)

    def shared(self) -> Shared:
        """Return a context in which nothing is removed. Such contexts nest.

        A forked child, which may not write, is let through.

        Raises:
            Busy: on entering, if somebody has been removing for `BUSY_SECONDS`.
        """
        return self._shared

    @contextlib.contextmanager
    def exclusive(self, seconds: float = BUSY_SECONDS) -> Iterator[None]:
        """Be the only one who writes or removes during the block: keep it short.

        Raises:
            Busy: others have been writing for ``seconds``.
            StoreError: files can't be locked here.
        """
        deadline = time.monotonic() + seconds
        while not self._take():
            self._wait(deadline)
        try:
            yield
        finally:
            with self._lock:
                self._alone = 0
                self._unlock()

    def share(self) -> None:
        """Begin to share it; see ``shared``."""
        if self._is_let_through():
            return
        deadline = 0.0
        while True:
            with self._lock:
                if not self._alone and (self._sharers or self._flock(alone=False) is not False):
                    self._sharers += 1
                    return
            deadline = deadline or time.monotonic() + BUSY_SECONDS
            self._wait(deadline)

    def unshare(self) -> None:
        """End to share it."""
        if self._is_let_through():
            return
        with self._lock:
            self._sharers -= 1
            if not self._sharers:
                self._unlock()

    def _is_let_through(self) -> bool:
        return self._alone == threading.get_ident() or os.getpid() != self._process

    def _take(self) -> bool:
        with self._lock:
            if self._alone or self._sharers:
                return False
            locked = self._flock(alone=True)
            if locked is None:
                raise StoreError(f"nothing can be removed: the file system of {self._path} does not lock files")
            if locked:
                self._alone = threading.get_ident()
            return locked

    def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Busy(f"could not lock {self._path}: another process is holding it, try again")
        time.sleep(PAUSE)

    def _flock(self, *, alone: bool) -> bool | None:
        """Lock the file. Returns False where somebody else holds it, None where that is not possible at all."""
        if fcntl is None:
            return None
        try:
            if self._descriptor < 0:
                create_private(self._path)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(self._descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

    def _unlock(self) -> None:
        if fcntl is not None and self._descriptor >= 0 and os.getpid() == self._process:
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
