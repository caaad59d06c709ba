"""What of a store goes along when a notebook goes elsewhere: the records, and which contents they need.

Taken is the branch that ends at one checkpoint, and of each run that it cites the branch on which that was made, also
of other notebooks. Contents are needed of the runs that the branch cites and of the state at its end; of all others
only the records go along: these tell the history, and answer nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nbrewind.model import Checkpoint, Run, Version
from nbrewind.store.codec import decode_run
from nbrewind.store.moved import MovedCheckpoint, MovedRun, MovedTask
from nbrewind.store.tasks import SEAL, Slot, is_whole
from nbrewind.store.types import ContentError, StoreError

if TYPE_CHECKING:
    from nbrewind.store.notebook import Notebook
    from nbrewind.store.store import Store


def newest_head(notebook: Notebook) -> str:
    """Return the checkpoint where the session is that moved last; empty if there is none."""
    return next(reversed(notebook.heads().values()), "")


class Slice:
    """The records that belong to the branch which ends at one checkpoint of a notebook."""

    def __init__(self, store: Store, notebook: Notebook, head: str, more: Iterable[str] = ()) -> None:
        """Gather them. ``more``: runs that are to answer, too, though the branch does not cite them.

        Raises:
            StoreError: there is no such checkpoint.
        """
        self._store, self.head = store, head
        self._chains: dict[str, dict[str, Checkpoint]] = {}
        branch = list(self._branch(notebook, head))
        found: dict[str, tuple[Notebook, Checkpoint]] = {}
        todo = [branch]
        homes = {notebook.id: notebook}
        others = list(more)
        todo += [made for run in others if (made := self._made(run, homes))]
        while todo:
            for index, checkpoint in todo.pop():
                known = found.get(checkpoint.id)
                if known is not None and (known[1].action == "run" or checkpoint.action != "run"):
                    continue
                found[checkpoint.id] = index, checkpoint
                if checkpoint.action != "run" and (made := self._made(checkpoint.run, homes)):
                    todo.append(made)
        self._order = list(_in_order(found))
        self._runs = {
            checkpoint.run: index for index, checkpoint in self._order if checkpoint.action == "run" and checkpoint.run
        }
        self.branch = [checkpoint.id for _, checkpoint in reversed(branch)]
        """The checkpoints that lead to the head, oldest first."""
        cited = [checkpoint.run for _, checkpoint in reversed(branch) if checkpoint.run]
        self.cited = list(dict.fromkeys([*cited, *others]))
        """The runs that made or answered the branch, oldest first, and the others."""
        self._state = notebook.state(head)

    def _branch(self, notebook: Notebook, head: str) -> Iterator[tuple[Notebook, Checkpoint]]:
        """Yield a checkpoint and those that it follows."""
        known = self._chains.get(notebook.id)
        if known is None:
            known = self._chains[notebook.id] = {one.id: one for one in notebook.checkpoints()}
        at = head
        while at:
            if at not in known:
                raise StoreError(f"there is no checkpoint {at} in the history of {notebook.path}")
            yield notebook, known[at]
            at = known[at].parent

    def _made(self, run: str, homes: dict[str, Notebook]) -> list[tuple[Notebook, Checkpoint]]:
        """Return the branch on which a run was made; nothing if that was forgotten."""
        found = self._store.run(run)
        if found is None:
            return []
        if found.notebook not in homes:
            entry = self._store.registry.get(found.notebook)
            if entry is None:
                return []
            homes[entry.id] = self._store.open_notebook(entry)
        index = homes[found.notebook]
        rows = index.database.read("SELECT id FROM checkpoints WHERE run = ? AND action = 'run'", (run,))
        return list(self._branch(index, rows[0][0])) if rows else []

    @cached_property
    def runs(self) -> dict[str, Run]:
        """The runs by id, in order, with their tasks."""
        return {name: run for name, index in self._runs.items() if (run := _run(index, name)) is not None}

    def answering(self) -> dict[str, Run]:
        """Return the runs that the branch cites, by id."""
        return {name: self.runs[name] for name in self.cited if name in self.runs}

    def needed(self) -> dict[str, list[Version]]:
        """Return the contents that a repeat needs, each with the versions that hold it, in the records' order."""
        versions = {version.id: version for run in self.answering().values() for version in run.writes}
        versions |= {version.id: version for version in self._state.values()}
        found: dict[str, list[Version]] = {}
        for version in versions.values():
            if version.snapshot:
                found.setdefault(version.snapshot, []).append(version)
        return found

    def records(self) -> Iterator[MovedRun | MovedCheckpoint]:
        """Yield runs and checkpoints: parents first, else by time. The same records come in the same order always."""
        made = {version.id for run in self.runs.values() for version in run.writes}
        for index, checkpoint in self._order:
            run = self.runs.get(checkpoint.run) if checkpoint.action == "run" else None
            if run is not None:
                yield MovedRun(
                    run=replace(run, notebook=""),
                    source=self._store.source(run.source),
                    analysis=index.analysis(run.code),
                    outputs=_outputs(index, run),
                )
            others = {version for version in checkpoint.delta.values() if version and version not in made}
            versions = sorted(index.versions(others), key=lambda version: version.id)
            kept = replace(checkpoint, notebook="", evicted="")
            yield MovedCheckpoint(checkpoint=kept, versions=tuple(versions), head=checkpoint.id == self.head)


def _run(index: Notebook, run: str) -> Run | None:
    rows = index.database.read("SELECT record FROM runs WHERE id = ?", (run,))
    return decode_run(rows[0][0]) if rows else None


def _outputs(index: Notebook, run: Run) -> list[dict[str, object]]:
    try:
        return index.messages(run.id)
    except ContentError:
        return []


def _in_order(found: dict[str, tuple[Notebook, Checkpoint]]) -> Iterator[tuple[Notebook, Checkpoint]]:
    """Yield checkpoints by time, but each after the one that it follows."""
    below: dict[str, list[str]] = {}
    ready: list[tuple[float, str]] = []
    for name, (_, checkpoint) in found.items():
        if checkpoint.parent in found:
            below.setdefault(checkpoint.parent, []).append(name)
        else:
            heapq.heappush(ready, (checkpoint.time, name))
    while ready:
        _, name = heapq.heappop(ready)
        yield found[name]
        for child in below.get(name, ()):
            heapq.heappush(ready, (found[child][1].time, child))


def tasks(store: Store, slots: Iterable[Slot]) -> Iterator[MovedTask]:
    """Yield the records of tasks in some slots, in their order; those that are damaged or evicted are left out."""
    store.tasks.commit()
    for slot in sorted(set(slots)):
        rows = store.database.read(
            "SELECT t.number, cell, data, seconds, evicted, record, part FROM tasks t "
            "JOIN task_places p ON p.number = t.place WHERE slot = ? AND occurrence = ?",
            slot,
        )
        for number, cell, data, seconds, evicted, record, part in rows:
            common = store.tasks.part(part)
            if evicted or common is None or not is_whole(evicted, record, data):
                continue
            contents = store.database.read(
                "SELECT snapshot FROM task_contents WHERE task = ? ORDER BY number", (number,)
            )
            yield MovedTask(
                slot=slot,
                cell=cell,
                part=common,
                seconds=seconds,
                record=record[SEAL:],
                data=data,
                contents=tuple(row[0] for row in contents),
            )
