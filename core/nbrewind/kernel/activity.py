"""Threads and tasks that a run leaves behind: while they live, nothing that they reach is certain."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

from nbrewind.state.places import is_user_code

TOOL_MODULES = ("IPython", "ipykernel", "zmq", "tornado", "tqdm", "joblib", "debugpy", "_pydevd", "pydevd", "nbrewind")
"""Packages whose threads touch nothing of the user's."""
RESTLESS_NAMES = frozenset(
    {"call_later", "call_soon", "call_at", "call_soon_threadsafe", "add_callback", "Timer", "observe", "on_click"}
    | {
        "on_msg",
        "on_submit",
        "interact",
        "interactive",
        "interactive_output",
        "create_task",
        "ensure_future",
        "register_target",
    }
    | {"create_comm", "add_reader", "signal", "setitimer", "PeriodicCallback", "on_value_change", "weakref", "finalize"}
)
"""Names by which code arranges that something runs later, between cells."""


class Living:
    """Compares the threads and tasks before and after a run."""

    def __init__(self) -> None:
        """Take those that live now as the kernel's own."""
        self._own = set(threading.enumerate())
        self._threads: list[threading.Thread] = []
        self._tasks: list[Any] = []
        self._count = threading.active_count()

    def update(self, tasks: bool = True) -> list[str]:
        """Return, in words, the user's threads and tasks that live now. ``tasks``: there may be new ones."""
        self._threads = [thread for thread in threading.enumerate() if thread not in self._own and _of_user(thread)]
        self._tasks = _tasks() if tasks or self._tasks else []
        self._count = threading.active_count()
        return [f"thread {thread.name}" for thread in self._threads] + [f"task {_name(task)}" for task in self._tasks]

    @property
    def any(self) -> bool:
        """Whether something lives that was alive at the last `update`, or started since."""
        return bool(self._threads or self._tasks)

    @property
    def may_be(self) -> bool:
        """Whether something may live: any, or a thread that has started since the last `update`, whosever it is."""
        return self.any or threading.active_count() > self._count


def _of_user(thread: threading.Thread) -> bool:
    if thread.name.startswith("nbrewind"):
        return False
    modules = {type(thread).__module__, getattr(getattr(thread, "_target", None), "__module__", None) or ""}
    return not any(module.partition(".")[0] in TOOL_MODULES for module in modules)


def _tasks() -> list[Any]:
    if "asyncio" not in sys.modules:
        return []
    try:
        tasks = asyncio.all_tasks(asyncio.get_event_loop_policy().get_event_loop())
    except RuntimeError:
        return []
    found = []
    for task in tasks:
        code = getattr(task.get_coro(), "cr_code", None)
        if code is not None and not task.done() and is_user_code(code.co_filename):
            found.append(task)
    return found


def _name(task: Any) -> str:
    return str(getattr(task.get_coro(), "__name__", "?"))
