"""Says in the store how the tasks of this session stand, so that they can be watched while a cell runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from nbrewind.kernel.log import quiet
from nbrewind.store import Store
from nbrewind.store import live as files
from nbrewind.tasks.journal import Journal
from nbrewind.tasks.live import REASONS, LiveCell, LiveManager, LiveTasks, birth, here, write

EVERY = 0.25
"""Seconds between two times that it is said, at least; nothing is said while nothing changes."""


class LiveNews:
    """Tells of changes a moment later, on the kernel's control thread, which has nothing else to do."""

    def __init__(
        self,
        kernel: Any,
        store: Store,
        session: str,
        notebook: str,
        managers: Callable[[], tuple[LiveManager, ...]],
    ) -> None:
        """Tell of the tasks of a session of a notebook. ``managers``: returns those of this process."""
        thread = getattr(kernel, "control_thread", None)
        self._loop = getattr(thread, "io_loop", None)
        self._layout = store.layout
        self._session, self._notebook, self._managers = session, notebook, managers
        self._pid = os.getpid()
        self._born = birth(self._pid) or ""
        self._is_due = False
        self._last: tuple[Any, ...] = ()
        self._closed = False
        self._told = 0.0
        self._lock = threading.Lock()
        self.journal: Journal | None = None

    def soon(self) -> None:
        """Tell soon: something has changed. Takes no time."""
        if self._is_due or self._loop is None or self._closed or os.getpid() != self._pid:
            return
        self._is_due = True
        try:
            self._loop.add_callback(self._loop.call_later, EVERY, self._tell_later)
        except RuntimeError:  # the loop has ended: so does the kernel
            self._closed = True

    def now(self) -> None:
        """Tell now, unless that was done just now: this thread is about to keep the others from running."""
        if time.monotonic() - self._told < EVERY:
            self.soon()
        elif not self._closed and os.getpid() == self._pid:
            self._tell()

    def _tell_later(self) -> None:
        self._is_due = False
        if not self._closed:
            self._tell()

    def _tell(self) -> None:
        if self.journal is None or not self._lock.acquire(blocking=False):
            return
        self._told = time.monotonic()
        try:
            standing = self.journal.standing()
            cells = tuple(
                LiveCell(
                    cell=cell,
                    began=one.began,
                    waiting=one.counts["waiting"] - standing.running.get(cell, 0),
                    running=standing.running.get(cell, 0),
                    ran=one.counts["ran"],
                    answered=one.counts["answered"],
                    failed=one.counts["failed"],
                    reasons=tuple(one.reasons.most_common(REASONS)),
                )
                for cell, one in standing.cells.items()
            )
            managers = self._managers()
            if (cells, managers) == self._last or not (cells or managers):
                return
            self._last = (cells, managers)
            write(
                self._layout,
                LiveTasks(
                    session=self._session,
                    notebook=self._notebook,
                    host=here(),
                    pid=self._pid,
                    born=self._born,
                    time=time.time(),
                    managers=managers,
                    cells=cells,
                    samples=tuple(standing.samples),
                ),
            )
        except Exception as error:  # whatever it is, it is for who watches only
            quiet("saying how tasks stand", error)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Say nothing any more."""
        self._closed = True
        if os.getpid() == self._pid:
            files.remove(self._layout, self._session)
