"""Managers and what runs in them as others may see it: plain data, made while the notebook waits for tasks.

Only the thread that uses a manager looks at it, between two calls of TaskVine, with a structure of its own: what the
notebook holds of `Manager.stats` stays as it is.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from nbrewind.tasks.live import LiveManager

from . import door as doors
from .parts import ManagerState, TaskState, state_of

EVERY = 0.25
"""Seconds between two looks, at least."""
SHARE = 500
"""A look that takes longer is followed by no other for so many times as long."""
_SECRETS = frozenset({"set_password", "set_password_file"})
RUNNING = frozenset({"RUNNING", "WAITING_RETRIEVAL", "RETRIEVED"})
"""Stages of a task in which it has begun to run, and was not returned yet."""


@dataclass(eq=False)
class View:
    """What is told of a manager."""

    shown: LiveManager
    due: float = 0.0
    """When it may be looked at again."""


_views: dict[int, View] = {}


def made(manager: Any, kept: ManagerState) -> None:
    """Take note of a manager that is not open."""
    _views[kept.number] = View(LiveManager(number=kept.number, name=_name(manager)))
    _tell()


def opened(manager: Any, kept: ManagerState, told: Collection[str]) -> None:
    """Take note of a manager that has a socket now. ``told``: the settings that it was given."""
    shown = LiveManager(
        number=kept.number,
        name=_name(manager),
        port=int(manager.port),
        status="open",
        program=_program(),
        secured=bool(manager.__dict__.get("_using_ssl")) or not _SECRETS.isdisjoint(told),
    )
    _views[kept.number] = View(shown)
    _tell()


def closed(kept: ManagerState) -> None:
    """Take note of a manager that is gone."""
    if _views.pop(kept.number, None) is not None:
        _tell()


def views() -> tuple[LiveManager, ...]:
    """Return what is told of the managers of this process."""
    return tuple(view.shown for view in list(_views.values()))


def is_due(kept: ManagerState) -> bool:
    """Whether it is time to look at a manager again."""
    view = _views.get(kept.number)
    return view is not None and time.monotonic() >= view.due


def look(vine: Any, manager: Any, kept: ManagerState) -> None:
    """Look at an open manager, of which it is due, and its tasks."""
    view, begin = _views[kept.number], time.thread_time()
    stats = vine.cvine.vine_stats()
    vine.cvine.vine_get_stats(manager._taskvine, stats)
    for task in manager._task_table.values():
        state: TaskState | None = state_of(task)
        if state is not None and state.tracked is not None:
            state.tracked.is_running = vine.cvine.vine_task_get_state(task._task) in RUNNING
    view.shown = msgspec.structs.replace(view.shown, workers=int(stats.workers_connected), cores=int(stats.total_cores))
    view.due = time.monotonic() + max(EVERY, SHARE * (time.thread_time() - begin))
    door = doors.current()
    if door is not None and door.memo.journal is not None:
        door.memo.journal.seen()


def _tell() -> None:
    door = doors.current()
    if door is not None and door.memo.journal is not None:
        door.memo.journal.changed()


def _name(manager: Any) -> str:
    try:
        return str(manager.name or "")
    except Exception:  # it has none yet
        return ""


def _program() -> str:
    """Return the worker's program that belongs to this Python, else the first in the path."""
    own = os.path.join(os.path.dirname(sys.executable), "vine_worker")
    return own if os.access(own, os.X_OK) else shutil.which("vine_worker") or ""
