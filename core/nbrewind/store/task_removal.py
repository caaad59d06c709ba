"""Letting go of what records of tasks hold: to keep to a budget, or because it is to be forgotten.

A record whose contents are not short stays when these go: it still says what the task made, so that what was given that
is answered. Records that are all in their rows go with these.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from nbrewind.store.database import Connection, Database
from nbrewind.store.garbage import BREATH, PATIENCE, SLICE
from nbrewind.store.lease import Busy

if TYPE_CHECKING:
    from nbrewind.store.store import Store

GROUPS = 100
"""Tasks are let go in so many groups: each of them is one line of what is told."""
MOST = 500_000
"""Tasks that one cleaning lets go."""
SLICED = 200
LEAST = 1e-3
"""Seconds that every task counts at least."""

_REFERS = "EXISTS (SELECT 1 FROM task_contents WHERE task = tasks.number)"
_CHEAPEST = f"""
SELECT number, notebook, seconds, own FROM (
  SELECT *, SUM(own + others) OVER (ORDER BY seconds / MAX(own + others, 1), number) - own - others AS before FROM (
    SELECT tasks.number, COALESCE(notebook, '') AS notebook, MAX(seconds, {LEAST}) AS seconds,
      tasks.bytes - CASE WHEN {_REFERS} THEN LENGTH(record) ELSE 0 END AS own,
      (SELECT COALESCE(SUM(snapshots.bytes), 0) FROM task_contents JOIN snapshots ON id = snapshot
       WHERE task = tasks.number) AS others
    FROM tasks LEFT JOIN task_places ON task_places.number = place
    WHERE ? IN ('', COALESCE(notebook, '')) AND tasks.number NOT IN (SELECT value FROM json_each(?))))
WHERE before < ? LIMIT {MOST}"""
"""The tasks that are worth least for their size, up to some bytes. Contents count in full, whoever shares them."""


class TaskGroup(NamedTuple):
    """Tasks of one notebook that go or stay together."""

    notebook: str
    numbers: list[int]
    bytes: int
    """Of their rows that is freed."""
    seconds: float
    """To make them again."""
    snapshots: set[str]


class Candidates(NamedTuple):
    """What tasks could be let go."""

    groups: list[TaskGroup]
    kept: set[str]
    """Contents that other tasks hold."""


def candidates(database: Database, excess: int, notebook: str = "", *, known: Sequence[TaskGroup] = ()) -> Candidates:
    """Return the tasks that would go if ``excess`` bytes were to come from tasks alone; of a notebook, or of all.

    ``known``: groups that go in any case; they are among those returned.
    """
    done = list(known)
    filling: dict[str, TaskGroup] = {}
    numbers = {number for group in known for number in group.numbers}
    cheapest = database.read(_CHEAPEST, (notebook, json.dumps(list(numbers)), excess))
    numbers |= {row[0] for row in cheapest}
    held: dict[int, set[str]] = {}
    kept: set[str] = set()
    for task, snapshot, owner in database.read(
        "SELECT c.task, c.snapshot, COALESCE(p.notebook, '') FROM task_contents c JOIN tasks t ON t.number = c.task "
        "LEFT JOIN task_places p ON p.number = t.place"
    ):
        if task in numbers:
            held.setdefault(task, set()).add(snapshot)
        elif notebook in ("", owner):
            kept.add(snapshot)
    most = max(len(cheapest) // GROUPS, 1)
    for number, owner, seconds, own in cheapest:
        group = filling.get(owner) or TaskGroup(owner, [], 0, 0.0, set())
        group.numbers.append(number)
        group.snapshots.update(held.get(number, ()))
        filling[owner] = group._replace(bytes=group.bytes + own, seconds=group.seconds + seconds)
        if len(group.numbers) >= most:
            done.append(filling.pop(owner))
    return Candidates(done + list(filling.values()), kept)


def let_go(store: Store, groups: Iterable[Collection[int]], deadline: float) -> int:
    """Let tasks go, in slices beside those who write; return how many of the groups are gone. Ends at ``deadline``."""
    done = 0
    for group in groups:
        todo = list(group)
        while todo:
            if time.monotonic() >= deadline:
                return done
            try:
                with store.lease.exclusive(PATIENCE):
                    end = time.monotonic() + SLICE
                    while todo and time.monotonic() < end:
                        some, todo = todo[-SLICED:], todo[:-SLICED]
                        with store.database.write() as connection:
                            _evict(connection, some)
                            remove_unused(connection)
            except Busy:
                return done
            time.sleep(BREATH)
        done += 1
    return done


def _evict(connection: Connection, numbers: Collection[int]) -> None:
    listed = ",".join(map(str, numbers))
    connection.execute(
        f"UPDATE tasks SET evicted = 1, data = x'', bytes = LENGTH(record) WHERE number IN ({listed}) AND {_REFERS}"
    )
    connection.execute(f"DELETE FROM tasks WHERE number IN ({listed}) AND NOT {_REFERS}")
    connection.execute(f"DELETE FROM task_contents WHERE task IN ({listed})")


def remove_unused(connection: Connection) -> None:
    """Remove what keys had in common that are gone."""
    connection.execute("DELETE FROM task_parts WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE part = task_parts.number)")


def places(database: Database, notebook: str, cells: Collection[str] | None) -> list[int]:
    """Return the places of a notebook, or of some of its cells."""
    found = database.read("SELECT number, cell FROM task_places WHERE notebook = ?", (notebook,))
    return [number for number, cell in found if cells is None or cell in cells]


class Scope(NamedTuple):
    """Records of tasks that are to be forgotten."""

    numbers: set[int]
    bytes: int
    """Of their rows."""
    snapshots: set[str]
    kept: set[str]
    """Contents that other tasks hold."""


def scope(database: Database, places: Collection[int]) -> Scope:
    """Return the records that these places alone have."""
    listed = ",".join(map(str, places))
    rows = database.read(
        f"SELECT number, bytes FROM tasks WHERE place IN ({listed}) AND number NOT IN "
        f"(SELECT task FROM task_uses WHERE place NOT IN ({listed}))"
    )
    numbers = {number for number, _ in rows}
    mine: set[str] = set()
    kept: set[str] = set()
    for task, snapshot in database.read("SELECT task, snapshot FROM task_contents"):
        (mine if task in numbers else kept).add(snapshot)
    return Scope(numbers, sum(size for _, size in rows), mine, kept)


def forget(connection: Connection, places: Collection[int]) -> None:
    """Remove the records that these places have; those that have answered elsewhere belong there from now on."""
    listed = ",".join(map(str, places))
    connection.execute(f"DELETE FROM task_uses WHERE place IN ({listed})")
    connection.execute(
        "UPDATE tasks SET place = (SELECT MIN(place) FROM task_uses WHERE task = number) "
        f"WHERE place IN ({listed}) AND number IN (SELECT task FROM task_uses)"
    )
    connection.execute(f"DELETE FROM tasks WHERE place IN ({listed})")
    connection.execute(f"DELETE FROM task_places WHERE number IN ({listed})")
    remove_unused(connection)
