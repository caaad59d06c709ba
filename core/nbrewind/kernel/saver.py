"""The second commit: contents made durable while the user goes on.

Flushing to disk takes milliseconds, so it does not happen in the user's way but a moment later, when the kernel has
replied, on its control thread, which has nothing else to do. No thread of our own appears in the user's process.

What a kernel that dies in that moment has recorded is saved by the next one (`Store.recover`): it was written already.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from nbrewind.kernel.log import quiet
from nbrewind.store import Notebook, Store, StoreError

DELAY = 0.05
"""Seconds."""


class Saver:
    """Marks recorded checkpoints as saved, in order, once everything that they refer to is on disk."""

    def __init__(self, kernel: Any, store: Store, notebook: Notebook) -> None:
        """Save checkpoints of ``notebook``, working on ``kernel``'s control thread."""
        thread = getattr(kernel, "control_thread", None)
        self._loop = getattr(thread, "io_loop", None)
        self._store = store
        self._notebook = notebook
        self._waiting: deque[tuple[str, int, str]] = deque()
        self._later: deque[Callable[[], None]] = deque()
        self._lock = threading.RLock()
        self._is_due = False
        self.failure = ""
        """Why the last checkpoint could not be saved; empty if it was."""
        atexit.register(self.flush)

    def save(self, checkpoint: str, added: int, failed: str = "") -> None:
        """Save a recorded checkpoint soon. ``failed``: why contents of it could not even be written."""
        self._waiting.append((checkpoint, added, failed))
        self._soon()

    def run(self, work: Callable[[], None]) -> None:
        """Do something else on the same thread, soon."""
        self._later.append(work)
        self._soon()

    def flush(self) -> None:
        """Return when everything asked for so far is done."""
        with self._lock:
            while self._later:
                work = self._later.popleft()
                try:
                    work()
                except Exception as error:
                    quiet("working in the background", error)
            self._save_all()

    def close(self) -> None:
        """Finish, for good."""
        self.flush()
        atexit.unregister(self.flush)

    def _soon(self) -> None:
        if self._loop is None:
            self.flush()
            return
        if self._is_due:
            return
        self._is_due = True
        try:
            self._loop.add_callback(self._loop.call_later, DELAY, self._flush_due)
        except RuntimeError:  # the loop has ended: so does the kernel
            self._flush_due()

    def _flush_due(self) -> None:
        self._is_due = False
        self.flush()

    def _save_all(self) -> None:
        found = []
        while self._waiting:
            found.append(self._waiting.popleft())
        if not found:
            return
        problem = ""
        try:
            self._store.sync()
        except (StoreError, OSError) as error:
            problem = str(error)
        for checkpoint, added, failed in found:
            try:
                if failed or problem:
                    self._notebook.mark_lost(checkpoint, failed or problem)
                else:
                    self._notebook.mark_saved(checkpoint, added=added)
            except (StoreError, OSError) as error:
                problem = problem or str(error)
                with contextlib.suppress(StoreError, OSError):
                    self._notebook.mark_lost(checkpoint, problem)
        self.failure = problem
        if problem:
            quiet("saving a checkpoint", problem)
