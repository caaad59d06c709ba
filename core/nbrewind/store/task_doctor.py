"""Checks records of tasks: part of ``nbrewind doctor``. What it takes away costs a run, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from nbrewind.store.task_removal import remove_unused
from nbrewind.store.tasks import is_whole
from nbrewind.store.types import ContentError, Finding, MissingError

if TYPE_CHECKING:
    from nbrewind.store.store import Store

Check = Callable[[str], ContentError | None]

STEP = 5000
_SUMS = (
    "SELECT p.number, (SELECT COUNT(*) FROM tasks WHERE place = p.number), "
    "(SELECT COALESCE(SUM(bytes), 0) FROM tasks WHERE place = p.number), tasks, bytes FROM task_places p"
)


def examine(store: Store, check: Check, *, repair: bool) -> Iterator[Finding]:
    """Yield what is wrong with records of tasks. ``check`` looks at a snapshot."""
    damaged = _damaged(store)
    if damaged:
        yield _finding(store, "damaged", len(damaged), "damaged, and don't answer", repair)
    broken: dict[int, ContentError] = {}
    for task, snapshot in store.database.read("SELECT task, snapshot FROM task_contents ORDER BY number"):
        error = check(snapshot) if task not in damaged else None
        if error is not None:
            broken[task] = error
    for kind, wanted in (("missing", True), ("damaged", False)):
        found = [error for error in broken.values() if isinstance(error, MissingError) is wanted]
        if found:
            yield _finding(
                store, kind, len(found), f"without what their tasks made, and don't answer: {found[0]}", repair
            )
    if repair and (damaged or broken):
        with store.database.write() as connection:
            connection.executemany("DELETE FROM tasks WHERE number = ?", [(task,) for task in {*damaged, *broken}])
            remove_unused(connection)
    lost = [place for place, *sums in store.database.read(_SUMS) if sums[:2] != sums[2:]]
    if lost:
        if repair:
            with store.database.write() as connection:
                sums = [(count, size, place) for place, count, size, *_ in connection.execute(_SUMS).fetchall()]
                connection.executemany("UPDATE task_places SET tasks = ?, bytes = ? WHERE number = ?", sums)
        yield Finding(
            kind="index",
            where=str(store.database.path),
            what=f"the sums of the tasks of {len(lost)} cells are not those of their records",
            fixed=repair,
        )


def _damaged(store: Store) -> set[int]:
    """Return the records that are not as they were written."""
    found: set[int] = set()
    last = -1
    while rows := store.database.read(
        "SELECT number, evicted, CASE typeof(record) WHEN 'blob' THEN record END, "
        "CASE typeof(data) WHEN 'blob' THEN data END FROM tasks WHERE number > ? ORDER BY number LIMIT ?", (last, STEP),
    ):  # fmt: skip
        found.update(number for number, *row in rows if not is_whole(*row))
        last = rows[-1][0]
    return found


def _finding(store: Store, kind: str, count: int, what: str, fixed: bool) -> Finding:
    return Finding(kind=kind, where=str(store.database.path), what=f"{count} records of tasks are {what}", fixed=fixed)
