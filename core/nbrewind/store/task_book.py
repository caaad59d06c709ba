"""What records of tasks hold, by the notebook that they were submitted from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nbrewind.store.database import Database


class CellTasks(NamedTuple):
    """What the records hold of tasks that were submitted from a cell."""

    tasks: int
    bytes: int
    """Of their rows."""
    snapshots: set[str]


NONE = CellTasks(0, 0, set())


def tasks_of(database: Database, notebook: str) -> dict[str, CellTasks]:
    """Return what the records of tasks hold of a notebook, by cell."""
    found = {
        cell: CellTasks(tasks, size, set())
        for cell, tasks, size in database.read(
            "SELECT cell, tasks, bytes FROM task_places WHERE notebook = ? AND tasks", (notebook,)
        )
    }
    for cell, snapshot in database.read(
        "SELECT DISTINCT p.cell, c.snapshot FROM task_places p JOIN tasks t ON t.place = p.number "
        "JOIN task_contents c ON c.task = t.number WHERE p.notebook = ?", (notebook,),
    ):  # fmt: skip
        if cell in found:
            found[cell].snapshots.add(snapshot)
    return found


class TaskBook:
    """The tasks' part of a ledger. Reads only what is new since the last look, unless something was removed."""

    def __init__(self, database: Database) -> None:
        """Start empty; ``refresh`` reads."""
        self._database = database
        self.snapshots: dict[str, set[str]] = defaultdict(set)
        """By notebook, the contents that its tasks hold beside their rows."""
        self.bytes: dict[str, int] = {}
        """By notebook, what their rows take."""
        self._number = self._count = 0

    def refresh(self) -> set[str]:
        """Read what is new; return the snapshots that are held now and may not have been."""
        read = self._database.read
        self.bytes = dict(read("SELECT notebook, SUM(bytes) FROM task_places GROUP BY notebook"))
        found = self._new(self._number)
        (count,) = read("SELECT COUNT(*) FROM task_contents")[0]
        if count != self._count:
            self.snapshots.clear()
            self._count = 0
            found |= self._new(0)
        return found

    def _new(self, after: int) -> set[str]:
        found = set()
        for number, snapshot, notebook in self._database.read(
            "SELECT c.number, c.snapshot, p.notebook FROM task_contents c LEFT JOIN tasks t ON t.number = c.task "
            "LEFT JOIN task_places p ON p.number = t.place WHERE c.number > ? ORDER BY c.number", (after,),
        ):  # fmt: skip
            self.snapshots[notebook or ""].add(snapshot)
            found.add(snapshot)
            self._number = number
            self._count += 1
        return found

    def held(self) -> set[str]:
        """Return the snapshots that somebody's tasks hold."""
        return set().union(*self.snapshots.values())

    def total(self, notebooks: Iterable[str] | None = None) -> int:
        """Return the bytes of the rows of all tasks, or of those of some notebooks."""
        return sum(self.bytes.values() if notebooks is None else (self.bytes.get(each, 0) for each in notebooks))
