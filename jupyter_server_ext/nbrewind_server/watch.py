"""Notices changes of notebooks' records, which kernels write from other processes, and tells of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from nbrewind.store import Notebook, StoreError
from nbrewind.store.layout import Layout
from nbrewind.store.live import names
from nbrewind.tasks.live import read
from nbrewind_server.records import Records

RECENT = 10 * 60.0
"""Seconds for which a notebook counts as recently used."""
FORGOTTEN = 24 * 3600.0
"""Seconds after which a notebook that nobody asked for is not watched any more."""
SLOW = 1.0
"""Seconds between two looks at a notebook that was not recently used."""
TASKS = 0.1
"""Seconds between two looks at what kernels say of their tasks."""
UNKNOWN = 0.25
"""Seconds between two looks for the first record of a notebook."""


@dataclass
class Watched:
    """A notebook that somebody asked for."""

    file: Path
    used: float
    """When it was last asked for, or changed."""
    sequence: int
    index: Notebook | None = None
    due: float = 0.0
    """When to look again."""


class Watch:
    """One thread that looks at the sequence numbers of the notebooks in use."""

    def __init__(
        self, records: Records, tell: Callable[[str, int], None], tell_tasks: Callable[[str], None], interval: float
    ) -> None:
        """Prepare; the thread starts with the first notebook.

        Args:
            records: the store.
            tell: called in the thread with the API path and the newest sequence number of a notebook that changed.
            tell_tasks: called in the thread with the API path of a notebook whose kernel says something new of tasks.
            interval: seconds between two looks at a notebook in use.
        """
        self._records, self._tell, self._interval = records, tell, interval
        self._tell_tasks = tell_tasks
        self._tasks: dict[str, int] = {}
        """By session, when it said something of its tasks the last time."""
        self._tasks_due = 0.0
        self._watched: dict[str, Watched] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._new = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, path: str, file: Path, sequence: int) -> None:
        """Watch a notebook.

        Args:
            path: as the contents API names it.
            file: where it is.
            sequence: what the client who asks is told: later numbers are news.
        """
        with self._lock:
            found = self._watched.get(path)
            if found is None or found.file != file:
                self._watched[path] = Watched(file, monotonic(), sequence)
            else:
                found.used = monotonic()
                found.due = min(found.due, found.used + self._interval)
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="nbrewind-watch", daemon=True)
                self._thread.start()
        self._new.set()

    def stop(self) -> None:
        """End the thread, and wait for it."""
        self._end.set()
        self._new.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            with self._lock:
                now = monotonic()
                self._watched = {path: one for path, one in self._watched.items() if now - one.used < FORGOTTEN}
                due = [(path, one) for path, one in self._watched.items() if one.due <= now]
                empty = not self._watched
            for path, one in due:
                self._look(path, one)
            if not empty:
                self._look_at_tasks()
            if empty:
                self._new.wait()
                self._new.clear()
            else:
                self._end.wait(self._interval)

    def _look_at_tasks(self) -> None:
        """Tell of notebooks whose kernels say something new of their tasks."""
        now = monotonic()
        if now < self._tasks_due:
            return
        self._tasks_due = now + TASKS
        layout = Layout(self._records.directory)
        before, self._tasks = self._tasks, names(layout)
        new = [session for session, time in self._tasks.items() if before.get(session) != time]
        gone = before.keys() - self._tasks.keys()
        if not new and not gone:
            return
        notebooks = {one.notebook for one in read(layout, new)}
        with self._lock:
            watched = list(self._watched.items())
        for path, one in watched:
            try:
                index = self._records.notebook(one.file)
            except StoreError:
                continue
            if index is not None and (gone or index.id in notebooks):
                self._tell_tasks(path)

    def _look(self, path: str, one: Watched) -> None:
        now = monotonic()
        one.due = now + (self._interval if now - one.used < RECENT else SLOW)
        try:
            if one.index is None:
                one.index = self._records.notebook(one.file)
            if one.index is None:
                one.due = max(one.due, now + UNKNOWN)
                if one.sequence:
                    one.sequence = 0  # nothing is recorded any more
                    self._tell(path, 0)
                return
            sequence = one.index.sequence()
        except StoreError:
            # The next question says what is wrong with the store. If the notebook was forgotten, what comes is news.
            one.index, one.sequence = None, -1
            one.due = now + UNKNOWN
            return
        if sequence != one.sequence:
            one.sequence, one.used = sequence, now
            one.index = None  # the records may be forgotten: then others begin
            self._tell(path, sequence)
