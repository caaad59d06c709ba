"""The tasks of a notebook, from the records and from what its kernel says. Blocking: not for the event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from nbrewind.model import Run, RunTasks
from nbrewind.planning.history import instant
from nbrewind.store import Notebook, Store
from nbrewind.store.live import names
from nbrewind.store.task_logs import TaskLog, logs_of
from nbrewind.tasks.listed import TaskEntry, unpack
from nbrewind.tasks.live import REASONS, LiveCell, LiveManager, LiveTasks, read
from nbrewind_server.problem import Refused
from nbrewind_server.records import Records
from nbrewind_server.task_messages import (
    CellTasks,
    LocalWorker,
    Moment,
    TaskFacts,
    TaskList,
    TaskLogFacts,
    TaskLogText,
    TaskManager,
    TaskReason,
    Tasks,
    TaskState,
)

STATES: Mapping[str, TaskState] = {"waiting": "waiting", "answered": "answered", "ran": "done", "failed": "failed"}
GONE = "its kernel ended before it had ended"
MOST = 5000
"""Tasks that are listed."""
MOST_TEXT = 1 << 20
"""Bytes of a log that are shown."""
MOMENTS = 60
SAME = 60.0
"""Seconds that may pass from when tasks of a run are counted until the cell begins: what recording does before."""

Ends = Mapping[tuple[str, int], TaskEntry]
"""By session and number, how tasks ended that had not when the run was recorded that submitted them."""


@lru_cache(maxsize=64)
def entries_of(tasks: RunTasks) -> tuple[TaskEntry, ...]:
    """Return what a run's record says of tasks."""
    return tuple(unpack(tasks))


def has_tasks(runs: Iterable[Run]) -> bool:
    """Whether any of some runs has submitted tasks."""
    return any(run.tasks is not None for run in runs)


def tasks_of(
    records: Records, path: Path, session: str, *, workers: Iterable[LocalWorker] = (), most_workers: int = 0
) -> Tasks:
    """Return how the tasks of a notebook stand, by cell.

    Args:
        records: the store.
        path: the notebook's file.
        session: the kernel session whose managers are told; if it says nothing, or is empty, the newest.
        workers: those that this server has started for it.
        most_workers: how many there may be.
    """
    store, index = records.store(), records.notebook(path)
    if store is None or index is None:
        return Tasks(sequence=0, session="", most_workers=most_workers)
    sequence = index.sequence()  # before all else: what comes later is told by an event
    live = live_of(store, index, session)
    last = {run.cell: run for run in index.runs() if run.cell}
    ends = _ends(index)
    known = [
        _recorded(store, run, entries_of(run.tasks), ends, live)
        for run in sorted(last.values(), key=lambda run: run.started)
        if run.tasks is not None and _own(run.tasks)
    ]
    cells = {one.cell: one for one in known}
    for one in live.cells if live is not None else ():
        run = last.get(one.cell)
        if run is None or _is_newer(one, run, ends):
            cells[one.cell] = _standing(one, cells.get(one.cell))
    goes_on = live is not None and any(one.waiting or one.running for one in live.cells)
    return Tasks(
        sequence=sequence,
        session=live.session if live is not None else "",
        cells=tuple(one for one in cells.values() if _total(one)),
        managers=tuple(_manager(one) for one in live.managers) if live is not None else (),
        workers=tuple(workers),
        most_workers=most_workers,
        moments=_samples(live) if live is not None and goes_on else _moments(last.values()),
    )


def list_of(records: Records, path: Path, cell: str) -> TaskList:
    """Return the tasks of the last run of a cell.

    Raises:
        Refused: nothing is recorded of the notebook.
    """
    store, index = records.recorded(path)
    run = next((run for run in reversed(index.runs(cell))), None)
    if run is None or run.tasks is None:
        return TaskList(cell=cell, run=run.id if run else "", tasks=(), left_out=0)
    ends, live = _ends(index), live_of(store, index, run.session)
    own = [one for one in entries_of(run.tasks) if not one.late]
    found = [_settled(store, run, one, ends, live) for one in own[:MOST]]
    slots = [slot for one in found if (slot := one.slot) is not None]
    kept = store.tasks.kept(slots)
    return TaskList(
        cell=cell,
        run=run.id,
        tasks=tuple(
            TaskFacts(
                number=one.number,
                id=one.id,
                name=one.name,
                category=one.category,
                state=STATES[one.action],
                reason=one.reason,
                note=one.note,
                seconds=one.seconds,
                host=one.host,
                key=one.key.hex(),
                is_recorded=one.slot in kept,
            )
            for one in found
        ),
        left_out=_own(run.tasks) - len(found),
        logs=tuple(
            TaskLogFacts(
                manager=manager,
                name=name,
                bytes=sum(len(part.text) for part in parts),
                left_out=sum(part.left_out for part in parts),
            )
            for (manager, name), parts in _logs(index, run.id).items()
        ),
    )


def log_of(records: Records, path: Path, run: str, manager: str, name: str) -> TaskLogText:
    """Return a log that is kept with a run.

    Raises:
        Refused: there is no such log.
    """
    _, index = records.recorded(path)
    parts = _logs(index, run).get((int(manager) if manager.isdecimal() else 0, name), [])
    if not parts:
        raise Refused("unknown", "this log is not kept any more: it was forgotten, or made room for others")
    text = b"".join(part.text for part in parts)
    shown = text[:MOST_TEXT]
    return TaskLogText(
        text=shown.decode("utf-8", "replace"),
        left_out=len(text) - len(shown) + sum(part.left_out for part in parts),
    )


def _logs(index: Notebook, run: str) -> dict[tuple[int, str], list[TaskLog]]:
    """Return the parts of the logs that are kept with a run, by manager and name."""
    found: dict[tuple[int, str], list[TaskLog]] = {}
    for part in logs_of(index, run):
        found.setdefault((part.manager, part.name), []).append(part)
    return found


def live_of(store: Store, index: Notebook, session: str) -> LiveTasks | None:
    """Return what the kernel of a notebook says: that of a session if it says something, else the newest."""
    found = [one for one in read(store.layout, names(store.layout)) if one.notebook == index.id]
    return next((one for one in found if one.session == session), found[0] if found else None)


def manager_of(records: Records, path: Path, session: str, number: int) -> LiveManager:
    """Return an open manager of a notebook's kernel, for which workers can be started here.

    Raises:
        Refused: there is none, or they can't be started.
    """
    store, index = records.recorded(path)
    live = live_of(store, index, session)
    if live is None or live.session != session:
        raise Refused("kernel", "the notebook's kernel has no manager: run the cell that makes it")
    found = next((one for one in live.managers if one.number == number), None)
    if found is None:
        raise Refused("unknown", "there is no such manager in the notebook's kernel any more")
    reason = refusal(found)
    if reason:
        raise Refused("kernel", reason)
    return found


def refusal(manager: LiveManager) -> str:
    """Return why no local worker can be started for a manager, a sentence; empty if one can."""
    if manager.status != "open":
        return "The manager is not open: it opens when a task must run."
    if manager.secured:
        return "The manager's workers need a password or a key: start them yourself."
    if not manager.program:
        return "There is no vine_worker in the kernel's environment: install ndcctools there."
    return ""


def _manager(one: LiveManager) -> TaskManager:
    return TaskManager(
        number=one.number,
        name=one.name,
        port=one.port,
        status=one.status,
        workers=one.workers,
        cores=one.cores,
        refusal=refusal(one),
    )


def _own(tasks: RunTasks) -> int:
    return tasks.answered + tasks.ran + tasks.failed + tasks.waiting


def _total(one: CellTasks) -> int:
    return one.waiting + one.running + one.done + one.answered + one.failed


def _ends(index: Notebook) -> dict[tuple[str, int], TaskEntry]:
    """Return how tasks ended in later runs than those that submitted them."""
    found = {}
    for run in index.runs():
        if run.tasks is not None and run.tasks.late:
            found.update({(run.session, one.number): one for one in entries_of(run.tasks) if one.late})
    return found


def _settled(store: Store, run: Run, one: TaskEntry, ends: Ends, live: LiveTasks | None) -> TaskEntry:
    """Return what is known of a task of a run by now."""
    if one.action != "waiting":
        return one
    end = ends.get((run.session, one.number))
    if end is not None:
        return replace(one, action=end.action, note=end.note, seconds=end.seconds, host=end.host)
    if live is not None and live.session == run.session:
        return one
    if one.slot is not None and one.slot in store.tasks.kept([one.slot]):
        return replace(one, action="ran")
    return replace(one, action="failed", note=GONE)


def _recorded(store: Store, run: Run, entries: tuple[TaskEntry, ...], ends: Ends, live: LiveTasks | None) -> CellTasks:
    assert run.tasks is not None
    own = [one for one in entries if not one.late]
    counts = Counter(answered=run.tasks.answered, ran=run.tasks.ran, failed=run.tasks.failed, waiting=run.tasks.waiting)
    for one in own:
        if one.action == "waiting":
            counts["waiting"] -= 1
            counts[_settled(store, run, one, ends, live).action] += 1
    reasons = Counter(one.reason for one in own if one.reason)
    return CellTasks(
        cell=run.cell,
        run=run.id,
        waiting=counts["waiting"],
        running=0,
        done=counts["ran"],
        answered=counts["answered"],
        failed=counts["failed"],
        reasons=_reasons(reasons.most_common(REASONS)),
        began=instant(run.started),
    )


def _is_newer(one: LiveCell, run: Run, ends: Ends) -> bool:
    """Whether a kernel says something newer of a cell than the record of its last run.

    What it says is up to a quarter of a second old: of a run all of whose tasks have ended the record tells better.
    """
    if run.started < one.began:
        return True
    left = [each for each in entries_of(run.tasks) if each.action == "waiting"] if run.tasks is not None else []
    return any((run.session, each.number) not in ends for each in left) and run.started - one.began < SAME


def _standing(one: LiveCell, known: CellTasks | None) -> CellTasks:
    return CellTasks(
        cell=one.cell,
        run=known.run if known is not None else "",
        waiting=one.waiting,
        running=one.running,
        done=one.ran,
        answered=one.answered,
        failed=one.failed,
        reasons=_reasons(one.reasons),
        began=instant(one.began),
    )


def _reasons(found: Iterable[tuple[str, int]]) -> tuple[TaskReason, ...]:
    return tuple(TaskReason(text=text, count=count) for text, count in found)


def _samples(live: LiveTasks) -> tuple[Moment, ...]:
    if not live.samples:
        return ()
    first = live.samples[0][0]
    return tuple(Moment(seconds=round(time - first, 3), running=count) for time, count in live.samples)


def _moments(runs: Iterable[Run]) -> tuple[Moment, ...]:
    """Return how many tasks ran at a time in the last run of which that is known."""
    for run in sorted(runs, key=lambda run: -run.started):
        if run.tasks is not None:
            times = [(one.began, one.began + one.seconds) for one in entries_of(run.tasks) if one.began and one.seconds]
            if times:
                return _concurrency(times)
    return ()


def _concurrency(times: list[tuple[float, float]]) -> tuple[Moment, ...]:
    first, end = min(start for start, _ in times), max(end for _, end in times)
    step = max(end - first, 1e-3) / MOMENTS
    changes = [0] * (MOMENTS + 1)
    for start, stop in times:
        changes[min(int((start - first) / step), MOMENTS - 1)] += 1
        changes[min(int((stop - first) / step), MOMENTS - 1) + 1] -= 1
    found, running = [], 0
    for place, change in enumerate(changes):
        running += change
        found.append(Moment(seconds=round(place * step, 3), running=running))
    return tuple(found)
