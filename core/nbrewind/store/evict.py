"""Keeping to the budget: which contents to let go, letting them go, and removing what nothing holds.

What one run made in one notebook stays or goes together. CHEX (Manne et al., PVLDB 15(6), 2022) chooses, in a bounded
space, which states of a notebook to keep by what it costs to compute them again. So here: the worth of contents is the
time to make them again over the bytes that they take, and what is worth least goes first. To make them again takes
their run, and those runs that it needs whose contents are gone already: each eviction makes others dearer. A piece that
several have counts for each of them as a part of its size. In the end what need not go after all is taken back, from
the last on.

A notebook may have a budget of its own. All that it holds counts, also what another one holds as well, though to let
that go frees nothing: what goes for it is chosen among what it holds, as if nobody else were there. After that the
whole store is kept to its budget.

Records of runs are never removed. A run whose contents are gone does not answer; its cell runs. Tasks stay or go in
groups of those that are worth about the same (`task_removal`), each of which counts like a run that needs no other.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nbrewind.model import Record
from nbrewind.store.garbage import BREATH, PATIENCE, SLICE, collect
from nbrewind.store.lease import Busy
from nbrewind.store.ledger import Ledger, Piece
from nbrewind.store.rows import evict
from nbrewind.store.task_logs import trim
from nbrewind.store.task_removal import Candidates, TaskGroup, candidates, let_go
from nbrewind.store.types import NotebookBudget
from nbrewind.store.usage import budget as budget_of
from nbrewind.store.usage import holdings

if TYPE_CHECKING:
    from nbrewind.store.ledger import Book
    from nbrewind.store.store import Store

BATCH = 20
LEAST = 1e-3
"""Seconds that every run counts at least."""
REASON = "evicted to keep to the budget"

Unit = tuple[str, str]
"""A notebook's id and the id of a run: what that run made there."""


class Eviction(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Contents that go, or went."""

    notebook: str
    """The notebook's path."""
    checkpoint: str
    cell: str
    bytes: int
    """Freed by this."""
    seconds: float
    """To make the contents again."""
    reason: str
    tasks: int = 0
    """How many tasks these are the contents of; 0: they are those of a run."""


class Cleanup(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What a cleaning does, or did. Sizes are bytes of contents."""

    budget: int
    before: int
    after: int
    evictions: list[Eviction]
    garbage: int
    """Removed besides, because nothing referred to it."""
    over: list[NotebookBudget]
    """Notebooks of which no more can go though they hold more than their own budgets."""


class Chosen(NamedTuple):
    """One run's contents in one notebook, which go."""

    unit: Unit
    versions: set[str]
    freed: int
    seconds: float
    """To make them again; infinite if nothing does."""
    tasks: TaskGroup | None = None
    """The tasks whose contents these are, if they are no run's."""


class Choice:
    """Chooses what to let go."""

    def __init__(self, ledger: Ledger, stored: Set[Piece], books: Mapping[str, Book], tasks: Candidates) -> None:
        """Look at everything that ``books`` and ``tasks`` hold and that is ``stored``, and at what of it may go."""
        self._versions: dict[Unit, set[str]] = defaultdict(set)
        self._gone: set[str] = set()
        """Runs whose contents are gone, before or now."""
        kept = set(tasks.kept)
        held: dict[Unit, set[str]] = defaultdict(set)
        for id_, book in books.items():
            for version in book.holding():
                if version.id in book.protected:
                    kept.add(version.snapshot)
                else:
                    held[id_, version.run].add(version.snapshot)
                    self._versions[id_, version.run].add(version.id)
        for book in ledger.books.values():
            self._gone.update(book.versions[version].run for version in book.evicted & book.versions.keys())
        may_go = stored - ledger.pieces(kept).keys()
        self._pieces: dict[Unit, dict[Piece, int]] = {}
        self._owners: dict[Piece, set[Unit]] = defaultdict(set)
        self._tasks = {(group.notebook, f"tasks {group.numbers[0]}"): group for group in tasks.groups}
        held |= {unit: group.snapshots for unit, group in self._tasks.items()}
        for unit, snapshots in held.items():
            pieces = {piece: size for piece, size in ledger.pieces(snapshots).items() if piece in may_go}
            if unit in self._tasks and self._tasks[unit].bytes:  # else all that it has is also somebody's whose stays
                pieces[unit[1].encode()] = self._tasks[unit].bytes
            if pieces:
                self._pieces[unit] = pieces
                for piece in pieces:
                    self._owners[piece].add(unit)
        self._made = ledger.made({run for _, run in self._pieces} | self._gone)
        self._users: dict[str, set[str]] = defaultdict(set)
        for run, made in self._made.items():
            for used in made.inputs:
                self._users[used.run].add(run)
        self._of_run: dict[str, set[Unit]] = defaultdict(set)
        for unit in self._pieces:
            self._of_run[unit[1]].add(unit)
        self._since = {
            (id_, checkpoint.run): checkpoint.time
            for id_, book in books.items()
            for checkpoint in reversed(book.checkpoints.values())
        }
        self._left = set(self._pieces)

    def take(self, chosen: Iterable[Chosen]) -> list[Chosen]:
        """Let go what was chosen elsewhere; return it with what that frees here."""
        return [one._replace(freed=self._take(one.unit)) for one in chosen]

    def choose(self, excess: int) -> list[Chosen]:
        """Return what goes to free ``excess`` bytes, or as much as can be, in order."""
        heap = [self._entry(unit) for unit in self._left]
        heapq.heapify(heap)
        chosen: list[tuple[Unit, float]] = []
        while excess > 0 and heap:
            entry = heapq.heappop(heap)
            unit = entry[-1]
            if unit not in self._left or entry != self._entry(unit):
                continue  # another entry says what it is worth now
            chosen.append((unit, self._seconds(unit)))
            excess -= self._take(unit)
            sharing = {other for piece in self._pieces[unit] for other in self._owners[piece]}
            for other in (sharing | self._needing(unit[1])) & self._left:
                heapq.heappush(heap, self._entry(other))
        return self._without_waste(chosen, excess)

    def _take(self, unit: Unit) -> int:
        """Let a unit go; return the bytes that this frees."""
        freed = 0
        self._gone.add(unit[1])
        self._left.discard(unit)
        for piece, size in self._pieces.get(unit, {}).items():
            self._owners[piece].discard(unit)
            freed += 0 if self._owners[piece] else size
        return freed

    def _without_waste(self, chosen: list[tuple[Unit, float]], excess: int) -> list[Chosen]:
        """Take back, from the last on, what need not go after all."""
        gone = []
        for unit, seconds in reversed(chosen):
            back = sum(size for piece, size in self._pieces[unit].items() if not self._owners[piece])
            if excess + back > 0:
                gone.append((unit, seconds))
            else:
                excess += back
                for piece in self._pieces[unit]:
                    self._owners[piece].add(unit)
        for unit, _ in gone:
            for piece in self._pieces[unit]:
                self._owners[piece].add(unit)
        return [self._chosen(unit, seconds) for unit, seconds in reversed(gone)]

    def _chosen(self, unit: Unit, seconds: float) -> Chosen:
        return Chosen(unit, self._versions[unit], self._take(unit), seconds, self._tasks.get(unit))

    def _seconds(self, unit: Unit) -> float:
        """Return how long it takes to make again what a unit made; infinite if nothing does."""
        if unit in self._tasks:
            return self._tasks[unit].seconds
        run = unit[1]
        if run not in self._made or not self._made[run].cell:
            return math.inf
        seen, todo, total = {run}, [run], 0.0
        while todo:
            made = self._made.get(todo.pop())
            if made is not None:
                total += max(made.seconds, LEAST)
                new = {used.run for used in made.inputs if used.run in self._gone} - seen
                seen |= new
                todo += new
        return total

    def _needing(self, run: str) -> set[Unit]:
        """Return what it takes this run to make again, through others that are gone."""
        seen, todo, found = {run}, [run], set()
        while todo:
            new = self._users[todo.pop()] - seen
            seen |= new
            found |= {unit for user in new for unit in self._of_run[user]}
            todo += new & self._gone
        return found

    def _entry(self, unit: Unit) -> tuple[float, float, Unit]:
        """Return what a unit is worth for its size, since when it is there, and itself: the least goes first."""
        share = sum(size / max(len(self._owners[piece]), 1) for piece, size in self._pieces[unit].items())
        return self._seconds(unit) / share, self._since.get(unit, 0.0), unit


def plan(store: Store, ledger: Ledger, budget: int | None, spare: int = 0) -> tuple[Cleanup, list[Chosen]]:
    """Return what a cleaning would do now."""
    store.contents.rows.write()
    ledger.refresh()
    limit = budget_of(store) if budget is None else budget
    stored = ledger.stored()
    pieces = ledger.pieces(ledger.held())
    rows = ledger.tasks.total() + ledger.logs()
    before = sum(stored.values()) + rows
    held = sum(size for piece, size in stored.items() if piece in pieces) + rows
    chosen, over = _of_notebooks(ledger, stored, spare)
    excess = _excess(held, limit, spare)
    if chosen or excess > 0:
        groups = [one.tasks for one in chosen if one.tasks]
        choice = Choice(ledger, stored.keys(), ledger.books, candidates(store.database, excess, known=groups))
        chosen = choice.take(chosen)
        chosen += choice.choose(_excess(held - sum(one.freed for one in chosen), limit, spare))
    return _cleanup(ledger, limit, before, held, chosen, over), chosen


def _of_notebooks(ledger: Ledger, stored: Mapping[Piece, int], spare: int) -> tuple[list[Chosen], list[NotebookBudget]]:
    """Choose what goes to keep notebooks to budgets of their own; return also what remains too large."""
    chosen: list[Chosen] = []
    over = []
    for id_, book in ledger.books.items():
        if not book.budget:
            continue
        size = sum(holdings(ledger, book, stored).values())
        excess = _excess(size, book.budget, spare)
        if excess > 0:
            tasks = candidates(ledger.store.database, excess, id_)
            mine = Choice(ledger, stored.keys(), {id_: book}, tasks).choose(excess)
            chosen += mine
            size -= sum(one.freed for one in mine)
        if size > book.budget:
            over.append(NotebookBudget(notebook=book.notebook.path, bytes=size, budget=book.budget))
    return chosen, over


def _excess(held: int, budget: int, spare: int) -> int:
    """Return how much must go: what is above the budget; with ``spare``, already before that is reached."""
    if not spare:
        return max(held - budget, 0)
    return held - budget + budget // spare if held > budget - budget // (2 * spare) else 0


def _cleanup(
    ledger: Ledger, limit: int, before: int, held: int, chosen: Iterable[Chosen], over: list[NotebookBudget]
) -> Cleanup:
    firsts = {
        (id_, checkpoint.run): checkpoint
        for id_, book in ledger.books.items()
        for checkpoint in reversed(book.checkpoints.values())
    }
    evictions = [
        Eviction(
            notebook=ledger.books[one.unit[0]].notebook.path if one.unit[0] in ledger.books else "",
            checkpoint=firsts[one.unit].id if one.unit in firsts else "",
            cell=firsts[one.unit].cell if one.unit in firsts else "",
            bytes=one.freed,
            seconds=one.seconds if math.isfinite(one.seconds) else 0.0,
            reason=_reason(one),
            tasks=len(one.tasks.numbers) if one.tasks else 0,
        )
        for one in chosen
    ]
    after = held - sum(one.freed for one in chosen)
    return Cleanup(budget=limit, before=before, after=after, evictions=evictions, garbage=before - held, over=over)


def _reason(one: Chosen) -> str:
    if one.tasks:
        return "tasks make it again" if len(one.tasks.numbers) > 1 else "a task makes it again"
    return "its cell makes it again" if math.isfinite(one.seconds) else "no cell makes it again"


def clean(store: Store, ledger: Ledger, budget: int | None, seconds: float, spare: int) -> Cleanup:
    """Let go and remove; see ``Store.clean``."""
    deadline = time.monotonic() + seconds
    ledger.refresh()
    logs = trim(ledger, budget_of(store) if budget is None else budget)
    planned, chosen = plan(store, ledger, budget, spare)
    rows = ledger.tasks.total()
    tasks = [one for one in chosen if one.tasks]
    count = let_go(store, [one.tasks.numbers for one in tasks if one.tasks], deadline)
    done = {one.unit for one in tasks[:count]}
    done |= {one.unit for one in _let_go(store, ledger, [one for one in chosen if not one.tasks], deadline)}
    removed = collect(store, ledger, deadline)
    removed += max(rows - ledger.tasks.total(), 0)
    evictions = [entry for entry, one in zip(planned.evictions, chosen, strict=True) if one.unit in done]
    return msgspec.structs.replace(
        planned,
        before=planned.before + logs,
        after=planned.before - removed,
        evictions=evictions,
        garbage=max(removed - sum(entry.bytes for entry in evictions), 0) + logs,
    )


def _let_go(store: Store, ledger: Ledger, chosen: list[Chosen], deadline: float) -> list[Chosen]:
    """Mark what was chosen as evicted, unless it has become needed since; return what was."""
    done: list[Chosen] = []
    todo = deque(_batches(chosen))
    was_open: dict[str, bool] = {}
    while todo and time.monotonic() < deadline:
        try:
            with store.lease.exclusive(PATIENCE):
                end = time.monotonic() + SLICE
                while todo and time.monotonic() < end:
                    batch = todo.popleft()
                    book = ledger.books[batch[0].unit[0]]
                    was_open.setdefault(book.notebook.id, book.notebook.database.is_open)
                    done += _evict(store, book, batch)
        except Busy:
            break
        time.sleep(BREATH)
    for id_ in was_open:
        database = ledger.books[id_].notebook.database
        database.flush()  # before anything is removed, it must be sure that it says so
        if not was_open[id_]:
            database.release()
    return done


def _batches(chosen: Iterable[Chosen]) -> Iterator[list[Chosen]]:
    """Yield what was chosen in parts, each of one notebook, in the order of their first ones."""
    batches: dict[str, list[list[Chosen]]] = defaultdict(list)
    found: list[list[Chosen]] = []
    for one in chosen:
        mine = batches[one.unit[0]]
        if not mine or len(mine[-1]) == BATCH:
            mine.append([])
            found.append(mine[-1])
        mine[-1].append(one)
    yield from found


def _evict(store: Store, book: Book, chosen: list[Chosen]) -> list[Chosen]:
    with book.notebook.database.write() as connection:
        book.refresh()
        done = [
            one for one in chosen if one.versions.isdisjoint(book.protected) and one.versions <= book.versions.keys()
        ]
        gone = {version for one in done for version in one.versions}
        runs = [one.unit[1] for one in done]
        holders = [id_ for id_ in book.holders(gone) if not book.marks[id_].evicted]
        evict(connection, gone, runs, holders, REASON)
    store.traces.set_answerable(book.notebook.own(runs), False)
    return done
