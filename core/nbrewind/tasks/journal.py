"""What becomes of the tasks of a session, as it happens: for the records of runs, and for who watches.

One journal serves all doors. What it keeps of a task is small, and goes into the record of the run that submitted it;
of the tasks of runs before, only how many there were stays, by cell.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nbrewind.model import RunTasks
from nbrewind.store.tasks import Place

from .listed import KEY_BYTES, TaskAction, TaskEntry, pack
from .memo import Memo
from .parts import Key, NoKey
from .records import parted

MOST = 50_000
"""Tasks of which one run's record tells; of others, only how many there are."""
LOOK_SECONDS, LOOK_SHARE = 0.1, 0.002
"""To say why tasks were not answered may take so much of the processor's time, or so large a part of a run's."""
UNSEEN = "nobody looked why, to save time"
MOST_REASONS = 100
"""Of so many reasons it is counted how often each was given; the most frequent are told."""
TEXT = 120
"""Characters of a name."""
_KEY = slice(len("task:"), len("task:") + 2 * KEY_BYTES)
"""Where in a digest of a key that begins which is kept of it."""
SAMPLES = 240
"""Of how many tasks ran at a time, so many moments are kept."""


@dataclass(slots=True, eq=False)
class Tracked:
    """A task that was submitted."""

    number: int
    run: int
    """Counts the runs of the session that submitted tasks."""
    cell: str
    id: int = 0
    manager: int = 0
    name: str = ""
    category: str = ""
    key: bytes = b""
    near: bytes = b""
    occurrence: int = 0
    action: TaskAction = "waiting"
    reason: str = ""
    note: str = ""
    began: float = 0.0
    """Seconds since the epoch."""
    seconds: float = 0.0
    host: str = ""
    told: bool = False
    """The record of a run has told of it before it had ended."""
    is_running: bool = False
    """It runs, as far as its door has seen."""
    probe: Callable[[], bool] | None = None
    """Tells whether it runs, where that can be asked at any time."""
    finish: Callable[[], None] | None = None
    """Takes note of its end if it has ended, where that may be known late."""

    def watch(self, probe: Callable[[], bool], finish: Callable[[], None] | None = None) -> None:
        """Say how it can be asked for; unless it has ended already."""
        if self.action == "waiting":
            self.probe, self.finish = probe, finish

    def identify(self, key: Key | NoKey, occurrence: int) -> None:
        """Take note of a task's key, as it is known now."""
        if isinstance(key, Key) and self.key.hex() != key.digest[_KEY]:
            parts = parted(key)
            self.near, self.key = (parts.slot >> 32).to_bytes(4, "big", signed=True), parts.key[:KEY_BYTES]
            self.occurrence = occurrence


@dataclass
class CellTasks:
    """How the tasks stand that the last run of a cell submitted."""

    run: int
    began: float
    """When it began: seconds since the epoch."""
    counts: Counter[str] = field(default_factory=Counter)
    """By action."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why tasks were not answered: in how many cases."""


class Standing(NamedTuple):
    """How all stands at a moment."""

    cells: Mapping[str, CellTasks]
    running: Mapping[str, int]
    """By cell, how many of those that have not ended run."""
    samples: list[tuple[float, int]]
    """Moments, in seconds since the epoch, and how many tasks ran then."""


class Journal:
    """Keeps account of tasks. Safe to use from several threads."""

    def __init__(
        self, memo: Memo, changed: Callable[[], None] = lambda: None, seen: Callable[[], None] = lambda: None
    ) -> None:
        """Begin.

        Args:
            memo: says why tasks are not answered.
            changed: called after each change; it must take no time.
            seen: called when it was looked how tasks stand, by a thread that may then keep others from running.
        """
        self.changed = changed
        self.seen = seen
        self._cells: dict[str, CellTasks] = {}
        self._memo = memo
        self._lock = threading.Lock()
        self._own: list[Tracked] = []
        self._late: list[Tracked] = []
        self._left_out: Counter[str] = Counter()
        self._underway: set[Tracked] = set()
        self._samples: list[tuple[float, int]] = []
        self._recent: list[tuple[float, float]] = []
        """When tasks began and ended that have ended since it was asked last how all stands."""
        self._calls: Counter[str] = Counter()
        self._number = self._run = 0
        self._began = time.time()
        self._looked = 0.0

    def begin(self, place: Place) -> None:
        """Take note that a run begins."""
        with self._lock:
            self._run += 1
            self._began, self._looked = time.time(), 0.0
            if place.cell not in self._cells:
                return
            self._cells[place.cell] = CellTasks(self._run, self._began)
        self.changed()

    def submitted(
        self,
        cell: str,
        key: Key | NoKey,
        occurrence: int = 0,
        *,
        name: str = "",
        category: str = "",
        id: int = 0,
        manager: int = 0,
        why: str = "",
        answered: tuple[float, str] | None = None,
    ) -> Tracked:
        """Take note of a task.

        Args:
            cell: that submits it.
            key: by which it was looked for.
            occurrence: as well.
            name: of its function.
            category: it belongs to.
            id: what the notebook knows it by.
            manager: as in `TaskEntry`.
            why: why no record could answer it, whatever there is; empty: the memo is asked.
            answered: for how many seconds it ran, and where, by the record that answers it; None if none does.
        """
        new = Tracked(0, 0, cell, id, manager, name[:TEXT], category)
        new.identify(key, occurrence)
        if answered is None:
            new.reason = why or self._why(key, occurrence)
        else:
            new.action = "answered"
            new.seconds, new.host = answered
        with self._lock:
            new.number = self._number = self._number + 1
            new.run = self._run
            seen = self._cells.get(cell)
            if seen is None or seen.run != self._run:
                seen = self._cells[cell] = CellTasks(self._run, self._began)
            seen.counts[new.action] += 1
            if new.action == "waiting":
                self._underway.add(new)
            elif not manager:
                self._calls[new.action] += 1
            if new.reason and (new.reason in seen.reasons or len(seen.reasons) < MOST_REASONS):
                seen.reasons[new.reason] += 1
            if len(self._own) < MOST:
                self._own.append(new)
            else:
                self._left_out[new.action] += 1
        self.changed()
        return new

    def _why(self, key: Key | NoKey, occurrence: int) -> str:
        """Return why a task is not answered, in words, if there is time to look."""
        if isinstance(key, NoKey):
            return key.reason
        if self._looked > max(LOOK_SECONDS, LOOK_SHARE * (time.time() - self._began)):
            return UNSEEN
        begin = time.thread_time()
        found = "; ".join(self._memo.why(key, occurrence))
        self._looked += time.thread_time() - begin
        return found

    def ended(
        self,
        task: Tracked,
        action: TaskAction,
        *,
        note: str = "",
        began: float = 0.0,
        seconds: float = 0.0,
        host: str = "",
    ) -> None:
        """Take note that a task has ended; once."""
        with self._lock:
            if task.action != "waiting":
                return
            self._underway.discard(task)
            task.action, task.note, task.host = action, note, host
            self._calls[action] += not task.manager
            task.probe = task.finish = None
            task.began, task.seconds = began, max(seconds, 0.0)
            if began and len(self._recent) < SAMPLES:
                self._recent.append((began, began + task.seconds))
            seen = self._of(task)
            if seen is not None:
                seen.counts["waiting"] -= 1
                seen.counts[action] += 1
            if task.told and len(self._late) < MOST:
                self._late.append(task)
        self.changed()

    def _of(self, task: Tracked) -> CellTasks | None:
        """Return the account that a task is in; None if its cell has run again since."""
        seen = self._cells.get(task.cell)
        return seen if seen is not None and seen.run == task.run else None

    def take(self) -> RunTasks | None:
        """Return what the record of the run that ends is to tell: tasks submitted since the one before, and late ones.

        None if there are none.
        """
        with self._lock:
            finish = [task.finish for task in self._underway if task.finish is not None]
        for look in finish:
            look()
        with self._lock:
            own, late, left_out, began = self._own, self._late, self._left_out, self._began
            self._own, self._late, self._left_out = [], [], Counter()
            for task in own:
                task.told = True
        entries = [_entry(one, began, late=False) for one in own] + [_entry(one, began, late=True) for one in late]
        return pack(entries, left_out) if entries else None

    def calls(self) -> Counter[str]:
        """Return what became of all tasks that no manager has, by action."""
        with self._lock:
            return self._calls.copy()

    def standing(self) -> Standing:
        """Return how all stands now."""
        now = time.time()
        with self._lock:
            underway = list(self._underway)
        run = {task for task in underway if (task.probe() if task.probe is not None else task.is_running)}
        with self._lock:
            run &= self._underway
            running = Counter(task.cell for task in run if self._of(task) is not None)
            total = max(len(run), _most_at_once(self._recent))
            self._recent = []
            if not self._samples or self._samples[-1][1] != total or now - self._samples[-1][0] > 1:
                self._samples.append((now, total))
            if len(self._samples) > SAMPLES:
                self._samples = self._samples[::2]
            cells = {
                cell: CellTasks(one.run, one.began, +one.counts, one.reasons.copy())
                for cell, one in self._cells.items()
            }
            return Standing(cells, running, list(self._samples))


def _most_at_once(times: list[tuple[float, float]]) -> int:
    """Return how many of some tasks ran at the same time at most."""
    running = most = 0
    for _, change in sorted(change for began, end in times for change in ((began, 1), (end, -1))):
        running += change
        most = max(most, running)
    return most


def _entry(task: Tracked, began: float, *, late: bool) -> TaskEntry:
    since = max(task.began - began, 0.0) if task.began else 0.0
    if late:
        return TaskEntry(
            number=task.number,
            action=task.action,
            note=task.note,
            began=since,
            seconds=task.seconds,
            host=task.host,
            late=True,
        )
    return TaskEntry(
        number=task.number,
        id=task.id,
        manager=task.manager,
        name=task.name,
        category=task.category,
        key=task.key,
        near=task.near,
        occurrence=task.occurrence,
        action=task.action,
        reason=task.reason,
        note=task.note,
        began=since,
        seconds=task.seconds,
        host=task.host,
    )
