"""A manager that is not open: what it is to be told waits until something needs its socket."""

from __future__ import annotations

import os
import sys
import types
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from nbrewind.state.places import is_user_code

from . import door as doors
from . import logs, views
from .parts import NAME, STAND_IN, ManagerState, TaskState, original, state_of, turn
from .tasks import hand_over

POINTER = "_taskvine"


class Opening:
    """How managers open; the classes are those of the TaskVine that is installed."""

    def __init__(self, vine: Any) -> None:
        """Serve the managers of the module ``vine``."""
        self.vine = vine
        self.cvine = vine.cvine
        self.stands_in = hasattr(vine, STAND_IN)
        """Whether it is none: see `absent`."""
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self.starting: Callable[[Any], Any] = lambda factory: None
        """Starts a factory that waited for its manager to open."""

    def method(self, name: str) -> Any:
        """Return a method of ``Manager`` as it was before."""
        return original(self.vine.Manager, name)

    # -- opening ------------------------------------------------------------------------------------------------------

    def init(self, manager: Any, *args: Any, **options: Any) -> None:
        """Take note of how a manager is to be made; nothing is opened yet."""
        code = self.method("__init__").__code__
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        given = dict(zip(names, args, strict=False)) | options
        if len(args) >= code.co_argcount or not given.keys() <= set(names):
            self.method("__init__")(manager, *args, **options)  # it says what is wrong
            return
        ready = given.pop("init_fn", None)
        self.vine.manager.set_port_range(given.get("port", self.cvine.VINE_DEFAULT_PORT))
        kept = ManagerState(given, place=_place(), turn=turn())
        manager.__dict__.update({NAME: kept, "_task_table": {}, "_library_table": {}, "_function_buffers": {}})
        manager.__dict__.update({"_shutdown": given.get("shutdown", False), "_using_ssl": bool(given.get("ssl"))})
        if given.get("name"):
            kept.calls.append(("set_name", (given.pop("name"),), {}))
        views.made(manager, kept)
        if given.get("status_display_interval"):
            self.open(manager)
        if ready is not None:
            ready(manager)

    def pointer(self, manager: Any) -> Any:
        """Return TaskVine's own manager, which opens now, since it is asked for."""
        kept: ManagerState | None = state_of(manager)
        if kept is not None and not kept.opening and not kept.closed:
            self.open(manager)
        return manager.__dict__.get(POINTER)

    def attribute(self, manager: Any, name: str) -> Any:
        """Return an attribute that a manager has once it is open."""
        kept: ManagerState | None = state_of(manager)
        if kept is not None and not (kept.opening or kept.closed) and not self.is_open(manager):
            if name in self.method("__init__").__code__.co_names:
                self.open(manager)
                return getattr(manager, name)
        raise AttributeError(f"'{type(manager).__name__}' object has no attribute '{name}'")

    def is_open(self, manager: Any) -> bool:
        """Whether a manager has a socket."""
        return manager.__dict__.get(POINTER) is not None

    def open(self, manager: Any) -> None:
        """Open a manager's socket, and tell it all that it was to be told."""
        kept: ManagerState = state_of(manager)
        if not self._take_over(manager, kept):
            kept.opening = True
            try:
                self.method("__init__")(manager, **kept.options)
            except BaseException:
                if not self.is_open(manager):
                    manager.__dict__.pop(POINTER, None)  # who asks again tries again
                raise
            finally:
                kept.opening = False
        self._open.add(manager)
        door = doors.current()
        if door is not None:
            door.ignore(os.path.dirname(manager.staging_directory))
            door.ignore(manager.cache_directory)
        calls, kept.calls = kept.calls, []
        for name, args, options in calls:
            self.call(name, manager, *args, **options)
        views.opened(manager, kept, {name for name, _, _ in calls})
        logs.opened(manager, kept)
        for factory in list(kept.factories):
            self.starting(factory)

    def _take_over(self, manager: Any, kept: ManagerState) -> bool:
        """Take the socket and the workers of the manager that the same line of a cell made when it ran before.

        What that has not returned is cancelled; it stays closed.
        """
        for old in list(self._open):
            before: ManagerState = state_of(old)
            same = (before.place, before.options, type(old)) == (kept.place, kept.options, type(manager))
            if not same or not kept.place[0] or before.turn >= kept.turn or not self.is_open(old):
                continue
            for name in list(old._library_table):
                self.method("remove_library")(old, name)
            self.method("cancel_all")(old)
            moved = {name: value for name, value in old.__dict__.items() if name != NAME}
            buffers = moved["_function_buffers"]
            moved["_function_buffers"] = {key: file for key, file in buffers.items() if type(key) is str}  # scripts
            manager.__dict__.update(moved)
            kept.orphans = set(moved["_task_table"]) | before.orphans
            _give_up(moved["_task_table"].values())
            kept.next_id = max(kept.next_id, before.next_id)
            old.__dict__.update({POINTER: None, "_task_table": {}})
            before.closed = True
            views.closed(before)
            self._open.discard(old)
            return True
        return False

    def call(self, name: str, manager: Any, *args: Any, **options: Any) -> Any:
        """Call a method as it was before; a task among its arguments gets its files first."""
        if name in ("declare_minitask", "install_library"):
            task = args[0] if args else options.get("task", options.get("minitask"))
            if name == "install_library" and isinstance(task, self.vine.LibraryTask):
                self.make_library(manager, task)
            hand_over(task)
        return self.method(name)(manager, *args, **options)

    def make_library(self, manager: Any, task: Any) -> None:
        """Give a library that is installed now what its workers need."""
        raise NotImplementedError

    def free(self, manager: Any) -> None:
        """Close a manager."""
        kept: ManagerState | None = state_of(manager)
        if kept is None or self.is_open(manager):
            _give_up(manager.__dict__.get("_task_table", {}).values())
            self.method("_free")(manager)
        if kept is not None:
            kept.closed = True
            views.closed(kept)

    def name(self, manager: Any) -> Any:
        """Return the name by which workers find it."""
        kept: ManagerState | None = state_of(manager)
        if kept is None or kept.closed or self.is_open(manager):
            return original(self.vine.Manager, "name").fget(manager)
        return next((args[0] for name, args, _ in reversed(kept.calls) if name == "set_name" and args), None)


def _give_up(tasks: Iterable[Any]) -> None:
    """Take note of tasks that nobody will hear of any more."""
    door = doors.current()
    for task in tasks:
        state: TaskState | None = state_of(task)
        if state is not None and door is not None:
            door.gone(state, "its manager was closed before it had ended")


def _place() -> tuple[str, int]:
    """Return the line of the user's code that is making a manager."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and not is_user_code(frame.f_code.co_filename):
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
