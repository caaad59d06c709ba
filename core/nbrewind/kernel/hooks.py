"""The stack of running cells, from IPython's events.

``pre_run_cell`` and ``post_run_cell`` nest (``%%capture`` runs a cell inside a cell), are unbalanced (an empty cell and
the cell that registers the callbacks fire only ``post``; a cancelled cell fires ``post`` without a result), fire in
subshell threads, and print into the user's cell if a callback raises. Only the outermost cell on the main thread is a
run. Nothing escapes from here: an interrupt that arrives while a run is being opened is handed on, to be raised in the
user's cell, where IPython would have swallowed it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from nbrewind.kernel.log import quiet
from nbrewind.model import RunStatus


@dataclass
class Entry:
    """One cell that is running."""

    info: Any
    """IPython's ``ExecutionInfo``, which identifies it."""
    thread: int
    parent: dict[str, Any]
    """The request that it runs for."""
    outermost: bool
    silent: bool = False
    """Something was executed silently since the last run."""
    open: bool = False
    """The observer has opened a run for it."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What the observer keeps with it."""

    @property
    def request(self) -> str:
        """Id of the request's message."""
        return str(self.parent.get("header", {}).get("msg_id", ""))

    @property
    def source(self) -> str:
        """The cell's text as the user wrote it."""
        return str(self.info.raw_cell)


class Observer(Protocol):
    """Who wants to know about runs."""

    def before(self) -> None:
        """Make ready: something is about to be executed."""

    def begin(self, entry: Entry) -> None:
        """Open a run: the outermost cell is about to start on the main thread."""

    def end(self, entry: Entry, result: Any) -> None:
        """Close it. ``result`` is IPython's ``ExecutionResult``, or None where there is none."""

    def outside(self, reason: str) -> None:
        """Note that something other than a run may have changed the state."""


class Hooks:
    """Callbacks registered with IPython's events, and the stack that they keep."""

    def __init__(self, shell: Any, observer: Observer, interrupt: Callable[[], None]) -> None:
        """Watch ``shell``. ``interrupt`` arms the raising of KeyboardInterrupt in the cell that starts now."""
        self._shell = shell
        self._observer = observer
        self._interrupt = interrupt
        self._stack: list[Entry] = []
        self._executions = 0

    def register(self) -> None:
        """Register the callbacks."""
        events = self._shell.events
        events.register("pre_run_cell", self.pre_run_cell)
        events.register("post_run_cell", self.post_run_cell)
        events.register("pre_execute", self.pre_execute)

    def unregister(self) -> None:
        """Take them away."""
        events = self._shell.events
        for name in ("pre_run_cell", "post_run_cell", "pre_execute"):
            try:
                events.unregister(name, getattr(self, name))
            except ValueError:
                pass
        self._stack.clear()

    @property
    def current(self) -> Entry | None:
        """The run that is open, if one is."""
        return self._stack[0] if self._stack else None

    @property
    def depth(self) -> int:
        """How many cells are running inside each other."""
        return len(self._stack)

    # -- callbacks ----------------------------------------------------------------------------------------------------

    def pre_execute(self) -> None:
        """Fires before every execution; a silent one fires nothing else."""
        if self._stack:
            return
        self._executions += 1
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            self._observer.before()
        except (Exception, KeyboardInterrupt) as error:
            quiet("recording the run before", error)

    def pre_run_cell(self, info: Any) -> None:
        """Open an entry, and a run if it is the outermost."""
        try:
            if threading.current_thread() is not threading.main_thread():
                self._observer.outside("a cell ran in a subshell")
                return
            parent = parent_of(self._shell)
            if self._stack and self._stack[0].request != parent.get("header", {}).get("msg_id", ""):
                self._stack.clear()  # a cell that ended without telling
            entry = Entry(info, threading.get_ident(), parent, outermost=not self._stack)
            self._stack.append(entry)
            if entry.outermost:
                entry.silent, self._executions = self._executions > 1, 0  # one is its own
                self._begin(entry)
        except KeyboardInterrupt:
            self._interrupt()
        except Exception as error:
            quiet("opening a run", error)

    def _begin(self, entry: Entry) -> None:
        entry.open = True
        try:
            self._observer.begin(entry)
        except KeyboardInterrupt:
            self._interrupt()
            self._observer.begin(entry)  # the cell raises, and is recorded so

    def post_run_cell(self, result: Any) -> None:
        """Close the entry that belongs to ``result``, and its run."""
        try:
            if threading.current_thread() is not threading.main_thread():
                self._observer.outside("a cell ran in a subshell")
                return
            entry = self._pop(result)
            if entry is not None and entry.outermost and entry.open:
                self._observer.end(entry, result)
        except KeyboardInterrupt:
            pass  # the cell has ended: there is nothing left to interrupt
        except Exception as error:
            quiet("closing a run", error)

    def _pop(self, result: Any) -> Entry | None:
        if not self._stack:
            return None
        info = getattr(result, "info", None)
        if info is None:
            found = len(self._stack) - 1
        else:
            places = [place for place, entry in enumerate(self._stack) if entry.info is info]
            if not places:
                text = getattr(info, "raw_cell", None)
                if not text or text.isspace():
                    return None  # an empty cell fires no `pre`
                places = [place for place, entry in enumerate(self._stack) if entry.info.raw_cell == text]
            if not places:
                return None
            found = places[-1]
        entry = self._stack[found]
        del self._stack[found:]
        return entry


def parent_of(shell: Any) -> dict[str, Any]:
    """Return the request that the shell is working on; empty where there is none."""
    try:
        parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header
    except Exception:
        return {}
    return parent if isinstance(parent, dict) else {}


class Outcome(NamedTuple):
    """How a cell ended, without the objects that IPython's result holds."""

    status: RunStatus
    error: str
    number: int | None
    executed: bool
    """False if it failed before anything of it ran."""

    @classmethod
    def of(cls, result: Any) -> Outcome:
        """Read IPython's result; None stands for a cancelled cell."""
        if result is None:
            return cls("interrupted", "cancelled", None, True)
        executed = result.error_before_exec is None
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            return cls("ok", "", result.execution_count, executed)
        interrupted = isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError"
        return cls("interrupted" if interrupted else "error", told(error), result.execution_count, executed)


def told(error: BaseException) -> str:
    """Return an error in words, as it is recorded."""
    try:
        return f"{type(error).__name__}: {error}"[:500]
    except Exception:
        return type(error).__name__
