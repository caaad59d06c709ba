"""Where the tasks of a run ran, when, for how long and with what: for people, and for the provenance of a package."""

from __future__ import annotations

from typing import Any

from nbrewind.model import Record, Run
from nbrewind.store import Store

from .listed import TaskAction, TaskEntry, unpack
from .records import read


class TaskProvenance(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One task that a run submitted."""

    number: int
    """Counts the tasks of a session."""
    id: int
    """What the notebook, and its manager's log, know it by."""
    manager: int
    """Counts the managers of a session from 1; 0: an executor."""
    name: str
    category: str
    action: TaskAction
    note: str
    key: str
    """The beginning of its key, in hexadecimal digits; empty if it has none."""
    host: str
    """Where it ran; of one that was answered, when it was recorded."""
    started: float
    """Seconds since the epoch; 0 where that is not recorded."""
    seconds: float
    resources: dict[str, Any]
    """What was measured, by TaskVine's names; empty where there is no record of it."""


def provenance(store: Store, run: Run) -> list[TaskProvenance]:
    """Return what is known of the tasks that a run submitted, in their order."""
    return [_of(store, run, one) for one in unpack(run.tasks) if not one.late]


def _of(store: Store, run: Run, one: TaskEntry) -> TaskProvenance:
    found = store.tasks.find(one.slot) if one.slot is not None else None
    facts = read(found.record) if found is not None else None
    if facts is not None and not facts.key.startswith(one.key):
        facts = None
    started = facts.started if facts is not None else run.started + one.began if one.began else 0.0
    return TaskProvenance(
        number=one.number,
        id=one.id,
        manager=one.manager,
        name=one.name,
        category=one.category,
        action=one.action,
        note=one.note,
        key=one.key.hex(),
        host=one.host or (facts.host if facts is not None else ""),
        started=started,
        seconds=one.seconds,
        resources=dict(facts.resources) if facts is not None else {},
    )
