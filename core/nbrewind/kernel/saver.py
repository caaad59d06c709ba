"""The second commit: contents made durable while the user goes on. And budgets are kept to.

Flushing to disk takes milliseconds, so it does not happen in the user's way but a moment later, when the kernel has
replied, on its control thread, which has nothing else to do. No thread of our own appears in the user's process.

What a kernel that dies in that moment has recorded is saved by the next one (`Store.recover`): it was written already.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from nbrewind.kernel.log import quiet
from nbrewind.store import Notebook, Store, StoreError

DELAY = 0.05
"""Seconds."""
LOOK_SHARE, HASTE_SHARE = 50, 25
"""How large a part of the budget this kernel adds before it looks at the store's size: at leisure, at once."""
PAUSE = 30.0
"""Seconds between two looks, unless much was added."""
CLEAN_SECONDS = 2.0
"""How long one cleaning may take, about."""
REST = 10
"""After a look, nothing is done for so many times as long as it took, unless half of what is spare was used."""
SPARE = 6
"""What part of the budget a cleaning leaves free. It begins when half of that is used: so much is not added between two
looks."""


class Saver:
    """Marks recorded checkpoints as saved, in order, once everything that they refer to is on disk."""

    def __init__(self, kernel: Any, store: Store, notebook: Notebook) -> None:
        """Save checkpoints of ``notebook``, working on ``kernel``'s control thread."""
        thread = getattr(kernel, "control_thread", None)
        self._loop = getattr(thread, "io_loop", None)
        self._store = store
        self.notebook = notebook
        self._waiting: deque[tuple[Notebook, str, int, str]] = deque()
        self._later: deque[Callable[[], None]] = deque()
        self._lock, self._cleaning = threading.RLock(), threading.Lock()
        self._closed = False
        self._is_due = False
        self._added = 0
        self._looked = self._comes_again = False
        self._leisure, self._rested = time.monotonic() + PAUSE, 0.0
        self.failure = ""
        """Why the last checkpoint could not be saved; empty if it was."""
        atexit.register(self.flush)

    def save(self, checkpoint: str, added: int, failed: str = "") -> None:
        """Save a recorded checkpoint soon. ``failed``: why contents of it could not even be written."""
        self._waiting.append((self.notebook, checkpoint, added, failed))
        self._soon()

    def take_over(self, checkpoints: Collection[str] = ()) -> None:
        """Save soon what others had made: checkpoints that took over their results, else all that is not saved yet."""
        notebook = self.notebook

        def recover() -> None:
            self._store.recover(notebook, checkpoints)

        self.run(recover)

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
        """Finish, for good: when this returns, the store may be closed."""
        self.flush()
        with self._cleaning:
            self._closed = True
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
        self._clean()

    def _clean_again(self) -> None:
        self._comes_again = False
        self._clean()

    def _clean(self) -> None:
        try:
            with self._cleaning:
                if not self._closed:
                    self._keep_to_budget()
        except (StoreError, OSError) as error:
            quiet("keeping to the store's budget", error)

    def _keep_to_budget(self) -> None:
        """Clean if the store or the notebook is too large; look when much was added, or some and time has passed."""
        begin, own = time.monotonic(), self.notebook.budget
        budget = self._store.budget if own is None else min(own, self._store.budget)
        at_leisure = begin >= self._leisure and (self._added * LOOK_SHARE >= budget or not self._looked)
        if not at_leisure and self._added * HASTE_SHARE < budget:
            return
        if begin < self._rested and self._added * 2 * SPARE < budget:
            self._again(self._rested - begin)
            return
        self._added, self._looked = 0, True
        try:
            if self._is_over(own):
                found = self._store.clean(seconds=CLEAN_SECONDS, spare=SPARE)
                if found.after < found.before and self._is_over(own):
                    self._added = budget // HASTE_SHARE + 1  # time was up: there is more to do
        finally:
            end = time.monotonic()
            self._leisure, self._rested = end + PAUSE, end + REST * (end - begin)
        if self._added:
            self._again(self._rested - end)

    def _is_over(self, own: int | None) -> bool:
        """Whether the store is about to be above its budget, or the notebook above its ``own``."""
        budget = self._store.budget
        if self._store.bytes_on_disk() > budget - budget // (2 * SPARE):
            return True
        return own is not None and self._store.bytes_held(self.notebook) > own - own // (2 * SPARE)

    def _again(self, seconds: float) -> None:
        if self._comes_again:
            return
        self._comes_again = True
        self._loop.call_later(seconds, self._clean_again)  # type: ignore[union-attr]

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
        for notebook, checkpoint, added, failed in found:
            self._added += added
            try:
                if failed or problem:
                    notebook.mark_lost(checkpoint, failed or problem)
                else:
                    notebook.mark_saved(checkpoint, added=added)
            except (StoreError, OSError) as error:
                with contextlib.suppress(StoreError, OSError):
                    if notebook.checkpoint(checkpoint) is None:
                        continue  # it was forgotten meanwhile
                    notebook.mark_lost(checkpoint, problem or str(error))
                problem = problem or str(error)
        self.failure = problem
        if problem:
            quiet("saving a checkpoint", problem)
