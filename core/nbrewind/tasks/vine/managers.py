"""A manager that opens its socket when a task has to run, and returns answered tasks beside those that ran.

Each function here takes the place of the method of ``Manager`` with its name.
"""

from __future__ import annotations

import copy
import heapq
import time
from collections.abc import Callable
from typing import Any

from nbrewind.tasks.records import RESULT

from . import calls, commands, logs
from . import door as doors
from .futures import files_given, is_future
from .keys import function_of
from .libraries import Libraries
from .outcomes import stays, temporaries
from .parts import NAME, STAND_IN, FileState, ManagerState, TaskState, originals, state_of
from .tasks import ask_for_report, begin, drop_stale, give_back, hand_over
from .views import is_due, look

FOREVER = "wait_forever"

SETTINGS = (
    "block_host",
    "block_host_with_timeout",
    "disable_peer_transfers",
    "disable_proportional_resources",
    "disable_proportional_whole_tasks",
    "enable_disconnect_slow_workers",
    "enable_disconnect_slow_workers_category",
    "enable_monitoring",
    "enable_peer_transfers",
    "enable_proportional_resources",
    "enable_proportional_whole_tasks",
    "install_library",
    "log_debug_app",
    "log_txn_app",
    "set_catalog_servers",
    "set_category_autolabel_resource",
    "set_category_first_allocation_guess",
    "set_category_mode",
    "set_category_resources_max",
    "set_category_resources_min",
    "set_keepalive_interval",
    "set_keepalive_timeout",
    "set_manager_preferred_connection",
    "set_name",
    "set_password",
    "set_password_file",
    "set_priority",
    "set_property",
    "set_resources_max",
    "set_resources_min",
    "set_scheduler",
    "tasks_left_count",
    "tune",
    "unblock_host",
)
"""What a manager is told; one that is not open keeps it until it is."""
SAYS = {
    **dict.fromkeys(("disable_peer_transfers", "enable_peer_transfers"), 1),
    **dict.fromkeys(("enable_monitoring", "set_category_mode", "set_password_file"), 1),
    **dict.fromkeys(("enable_disconnect_slow_workers", "enable_disconnect_slow_workers_category", "tune"), 0),
}
"""What those methods return that return something: 1 or 0, where all is well."""

DECLARING = (
    "declare_buffer",
    "declare_chirp",
    "declare_file",
    "declare_minitask",
    "declare_poncho",
    "declare_starch",
    "declare_temp",
    "declare_untar",
    "declare_url",
    "declare_xrootd",
)
RETRIEVED = "RETRIEVED"
"""The stage of a task that has ended, and which `wait` has not returned."""
HUNGRY = 10
"""How many tasks an idle manager asks for, unless it is told otherwise."""


class Managers(Libraries):
    """The methods of managers."""

    def setting(self, name: str) -> Callable[..., Any]:
        """Return a method that tells a manager something once it is open."""

        def tell(manager: Any, /, *args: Any, **options: Any) -> Any:
            kept: ManagerState | None = state_of(manager)
            if name == "install_library" and kept is not None:
                self.installed(kept, *args, **options)
            if name in logs.SECRETS and kept is not None:
                kept.secrets.append((name, str(args[0] if args else options.get(logs.SECRETS[name], ""))))
            if kept is None or kept.closed or self.is_open(manager):
                return self.call(name, manager, *args, **options)
            kept.calls.append((name, args, options))
            return SAYS.get(name)

        return tell

    def update_catalog(self, manager: Any) -> None:
        """Tell the catalog how a manager stands; of one that is not open there is nothing to tell."""
        kept: ManagerState | None = state_of(manager)
        if kept is None or kept.closed or self.is_open(manager):
            self.method("update_catalog")(manager)

    # -- files ------------------------------------------------------------------------------------------

    def declaring(self, name: str) -> Callable[..., Any]:
        """Return a method that declares a file: to TaskVine once the manager is open, and the file is used."""
        cls = self.vine.Manager

        def declare(manager: Any, /, *args: Any, **options: Any) -> Any:
            kept: ManagerState | None = manager.__dict__.get(NAME)
            if kept is None or kept.closed or self.is_open(manager):
                if name == "declare_minitask":
                    file = self.call(name, manager, *args, **options)
                else:
                    file = originals[cls, name](manager, *args, **options)
            else:
                if "cache" in options:
                    self.vine.Task._determine_cache_level(options["cache"])
                if name == "declare_url" and not isinstance(args[0] if args else options.get("url"), str):
                    self.method(name)(manager, *args, **options)  # it says what is wrong
                file = self.vine.File.__new__(self.vine.File)
            if kept is not None:
                file.__dict__[NAME] = state = FileState(manager, name, args, options)
                if name == "declare_buffer":
                    state.content = _buffer(args, options)
            return file

        return declare

    def undeclare(self, manager: Any, file: Any) -> Any:
        """Forget a file, which TaskVine may not know."""
        if self._knows(manager, file):
            return self.method("undeclare_file")(manager, file)
        return None

    def prune(self, manager: Any, file: Any) -> Any:
        """Remove a file from the workers, which may not have it."""
        return self.method("prune_file")(manager, file) if self._knows(manager, file) else None

    def replicas(self, manager: Any, file: Any) -> Any:
        """Return how many workers have a file."""
        return self.method("get_file_replica_count")(manager, file) if self._knows(manager, file) else 0

    def fetch(self, manager: Any, file: Any) -> Any:
        """Bring a file of the cluster here; one of a task that was answered is made first."""
        state: FileState | None = state_of(file)
        if state is not None and state.content is not None and "_file" not in file.__dict__:
            return 1
        if state is not None and state.maker is not None:
            number = self.make(file)
            while self._is_left(manager, number):
                self._really("wait_for_task_id", manager, number, 1)
        found = self.method("fetch_file")(manager, file)
        door = doors.current()
        if found and door is not None and state is not None and state.output == RESULT and state.producer is not None:
            door.fetched(state.producer.rebuilt or state.producer, file)
        return found

    def _is_left(self, manager: Any, number: int) -> bool:
        return bool(number in manager._task_table)

    def make(self, file: Any) -> int:
        """Have the task run whose output a file is: it was answered, and others need the file. Return its number."""
        made: FileState = state_of(file)
        task = made.maker
        before: TaskState = state_of(task)
        kept: ManagerState = state_of(made.manager)
        twin = copy.copy(task)
        state = before.copied()
        state.silent = True
        # TaskVine's own task is that of both: it goes with the answered one, which lives as long as this.
        twin.__dict__.update({NAME: state, "_manager_will_free": True, "_nbrewind_of": task})
        if made.output == RESULT:
            twin.__dict__.update({**before.again, "_output_file": None})
        door = doors.current()
        if door is not None and not door.is_same(made.manager, twin, before):
            raise RuntimeError(
                f"task {before.id} was answered by a record; now another task needs its temporary result, "
                "and what it was given has changed since"
            )
        drop_stale(made.manager, twin)
        before.rebuilt = state
        for other in (file, *(other for other, _ in temporaries(task))):
            state_of(other).maker = None
        self.run(made.manager, twin, kept, state)
        if made.output == RESULT:
            file.__dict__["_file"] = twin._output_file.__dict__["_file"]
        return state.id

    def _knows(self, manager: Any, file: Any) -> bool:
        return state_of(manager) is None or (self.is_open(manager) and file.__dict__.get("_file") is not None)

    # -- submitting and waiting ---------------------------------------------------------------------------------------

    def submitting(self) -> Callable[..., Any]:
        """Return a method that submits a task: a record answers it, or it runs."""

        def submit(manager: Any, task: Any) -> Any:
            kept: ManagerState | None = manager.__dict__.get(NAME)
            state: TaskState | None = task.__dict__.get(NAME)
            if kept is None or kept.closed or state is None:
                return self._plainly(manager, task, kept, state)
            if state.id and (state.record is not None or not state.done):
                return self.method("submit")(manager, task)  # it says that this was submitted before
            state.id = kept.next_id
            door = doors.current()
            if door is not None:
                if door.consider(manager, task):
                    kept.next_id += 1
                    kept.answered[state.id] = task
                    assert state.record is not None
                    heapq.heappush(kept.order, (state.record.when, state.id))
                    begin(self.vine, manager, task)
                    return state.id
                if not self.stands_in:
                    drop_stale(manager, task)
            if self.stands_in:
                number, state.id = state.id, 0
                raise self._lacking(task, number, "" if door is None else door.reasons(state))
            return self.run(manager, task, kept, state)

        return submit

    def _lacking(self, task: Any, number: int, why: str) -> Exception:
        """Return the error of a task that has to run, though TaskVine is not installed."""
        what = function_of(task) or str(task.command)
        error: Exception = getattr(self.vine, STAND_IN)(f"Task {number}, `{what}`, has to run", why)
        return error

    def _plainly(self, manager: Any, task: Any, kept: ManagerState | None, state: TaskState | None) -> Any:
        """Submit a task that, or whose manager, was there before the door was built in."""
        hand_over(task)
        state = state or TaskState()
        state.finalizing = True
        try:
            number = self.method("submit")(manager, task)
        finally:
            state.finalizing = False
        if kept is not None:
            kept.next_id = max(kept.next_id, number + 1)
        return number

    def run(self, manager: Any, task: Any, kept: ManagerState, state: TaskState) -> Any:
        """Have a task run."""
        self.cvine.vine_set_task_id_min(manager._taskvine, kept.next_id)
        self._make_all(task, state)
        hand_over(task)
        ask_for_report(task)
        if state.kind == "Task":
            commands.ask(task)
        elif state.kind == "FunctionCall" and stays(task):
            calls.ask(manager, task, self.method("declare_buffer"))
        state.finalizing = True
        try:
            number = self.method("submit")(manager, task)
        except BaseException as error:
            state.id = 0
            calls.forget(manager, task, state)
            door = doors.current()
            if door is not None:
                door.gone(state, f"TaskVine did not take it ({type(error).__name__})")
            raise
        finally:
            state.finalizing = False
        state.id = number
        if state.tracked is not None:
            state.tracked.id = number
        logs.name_key(self.cvine, manager, state)
        kept.next_id = number + 1
        return number

    def _make_all(self, task: Any, state: TaskState) -> None:
        """Have the answered tasks run whose temporary files a task needs that runs."""
        files = [args[0] if args else next(iter(options.values())) for _, args, options in state.inputs]
        if is_future(task):
            files += files_given(task)
        for file in files:
            made: FileState | None = state_of(file)
            if made is not None and made.maker is not None and made.method == "declare_temp":
                self.make(file)

    def waiting_for_tag(self) -> Callable[..., Any]:
        """Return a method that gives the next task with a tag: first what is answered, as it came when recorded."""

        def wait_for_tag(manager: Any, tag: Any, timeout: Any = FOREVER) -> Any:
            kept: ManagerState | None = manager.__dict__.get(NAME)
            if kept is not None and kept.answered:
                task = _first(kept, tag)
                if task is not None:
                    return give_back(kept, task)
            return self._really("wait_for_tag", manager, tag, timeout)

        return wait_for_tag

    def wait_for_id(self, manager: Any, task_id: Any, timeout: Any = FOREVER) -> Any:
        """Return a task once it is done."""
        kept: ManagerState | None = state_of(manager)
        if kept is not None and task_id in kept.answered:
            return give_back(kept, kept.answered[task_id])
        return self._really("wait_for_task_id", manager, task_id, timeout)

    def _really(self, name: str, manager: Any, which: Any, timeout: Any) -> Any:
        """Wait for what runs, a second at a time: only in between Python serves interrupts and other threads."""
        kept: ManagerState | None = state_of(manager)
        wait = self.method(name)
        if kept is None or kept.closed or not (timeout == FOREVER or (type(timeout) is int and timeout >= -1)):
            return wait(manager, which, timeout)
        forever = timeout in (FOREVER, -1)
        if not self.is_open(manager) and not forever:
            time.sleep(timeout)  # there is nothing that could end
            return None
        end = time.monotonic() + (0 if forever else timeout)
        while True:
            left = end - time.monotonic()
            task = wait(manager, which, 1 if forever or left > 0 else 0)
            if is_due(kept):
                self._look(manager, kept)
            if task is not None and kept.orphans and task.id in kept.orphans:
                kept.orphans.remove(task.id)
                continue
            if task is not None:
                state: TaskState | None = state_of(task)
                if state is not None:
                    state.done = True
                    self._end(manager, task, state)
                    if state.command:
                        commands.forget(task, state)
                    if state.told is not None:
                        calls.forget(manager, task, state)
                    if state.silent:
                        if name == "wait_for_task_id":
                            return None
                        continue
                return task
            if (not forever and left <= 1) or self.method("empty")(manager):
                return None

    def _end(self, manager: Any, task: Any, state: TaskState) -> None:
        """Have a task recorded that has ended; before it, those whose results it was given and nobody waited for."""
        door = doors.current()
        if door is None or state.ended:
            return
        state.ended = True
        for given in state.given.values() if state.given else ():
            by = given.by.rebuilt or given.by
            other = manager._task_table.get(by.id)
            if other is not None and self.cvine.vine_task_get_state(other._task) == RETRIEVED:
                self._end(manager, other, by)
        door.ended(manager, task)

    def _look(self, manager: Any, kept: ManagerState) -> None:
        """Look how tasks stand, for who watches."""
        door = doors.current()
        if door is not None and door.memo.journal is not None and self.is_open(manager):
            try:
                look(self.vine, manager, kept)
            except Exception as error:  # whatever it is, the notebook's tasks go on
                door.trouble = f"{type(error).__name__}: {error}"

    def emptiness(self) -> Callable[..., Any]:
        """Return a method that tells whether there is no task left to wait for."""
        cls = self.vine.Manager

        def empty(manager: Any) -> Any:
            kept: ManagerState | None = manager.__dict__.get(NAME)
            if kept is not None and (kept.answered or not (kept.closed or self.is_open(manager))):
                return 0 if kept.answered else 1
            return originals[cls, "empty"](manager)

        return empty

    def hungry(self, manager: Any) -> Any:
        """How many more tasks the manager can use."""
        kept: ManagerState | None = state_of(manager)
        if kept is None or kept.closed or self.is_open(manager):
            return self.method("hungry")(manager)
        told = [
            args[1] for name, args, _ in kept.calls if name == "tune" and args[:1] == ("hungry-minimum",) and args[1:]
        ]
        return int(told[-1]) if told else HUNGRY

    def lowest_id(self, manager: Any, number: int) -> Any:
        """Set the lowest id of tasks to come."""
        kept: ManagerState | None = state_of(manager)
        if kept is None:
            return self.method("set_min_task_id")(manager, number)
        kept.next_id = max(kept.next_id, number)
        return kept.next_id

    # -- cancelling ---------------------------------------------------------------------------------------------------

    def cancelling(self, name: str, chosen: Callable[[Any, Any], bool]) -> Callable[..., Any]:
        """Return a method that cancels tasks."""

        def cancel(manager: Any, *which: Any) -> Any:
            kept: ManagerState | None = state_of(manager)
            if kept is None or kept.closed:
                return self.method(name)(manager, *which)
            count = 0
            for task in kept.answered.values():
                state: TaskState = state_of(task)
                if not state.cancelled and chosen(task, which[0] if which else None):
                    state.cancelled, count = True, count + 1
                    if name in ("cancel_by_task_id", "cancel_by_task_tag"):
                        return 1
            return count + (self.method(name)(manager, *which) if self.is_open(manager) else 0)

        return cancel


def wait(manager: Any, timeout: Any = FOREVER) -> Any:
    """Return the next task that is done."""
    return manager.wait_for_tag(None, timeout)


def _first(kept: ManagerState, tag: Any) -> Any:
    """Return the answered task that had ended first, of those with a tag if one is given; None if there is none."""
    while kept.order and kept.order[0][1] not in kept.answered:
        heapq.heappop(kept.order)  # it was asked for by its id or tag
    if tag is None:
        return kept.answered[kept.order[0][1]]
    tagged = (kept.answered[number] for _, number in sorted(kept.order) if number in kept.answered)
    return next((task for task in tagged if task.tag == tag), None)


def _buffer(args: Any, options: Any) -> bytes | None:
    """Return what a buffer is declared to hold."""
    given = args[0] if args else options.get("buffer")
    if given is None:
        return None
    return given.encode() if isinstance(given, str) else bytes(given)
