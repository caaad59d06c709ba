"""Cells of a repeat that run ahead of their turn on an engine, and how what they made enters the history.

An engine only makes runs, in a store of its own. When a cell's turn comes it is judged as always, with these runs among
those that may answer: one that read something else than what is there is simply not used, and the cell runs in the
notebook's kernel. One that answers enters the history as a run of this session.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nbrewind.driver.engines.ahead_kernel import Result
from nbrewind.driver.engines.engine import Engine, EngineError, Site
from nbrewind.driver.engines.scratch import Scratch
from nbrewind.model import Run, Version
from nbrewind.planning.ahead import Job, Part, is_small, look_ahead, part_of
from nbrewind.planning.known import state_of
from nbrewind.planning.notebook import History, Records, SourceCell
from nbrewind.planning.outside import World
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.simulate import Judgement
from nbrewind.store import Store, StoreError

if TYPE_CHECKING:
    from nbrewind.driver.repeater import Repeater

ANOTHER = "it ran as another cell of the same code"
FREE = "the notebook's kernel was free"
ALONE = "nothing else can run beside it"
LOOK_SHARE = 0.1
"""How large a part of the time may be used to look what can run."""


@dataclass
class Turn:
    """Where the repeat is."""

    index: int = -1
    """Of the cell whose turn it is."""
    items: Mapping[str, Version] = field(default_factory=dict)
    """The state that it meets."""


class Ahead:
    """Keeps an engine busy during one repeat."""

    def __init__(self, engine: Engine, store: Store, scratch: Scratch, *, beside: bool = False) -> None:
        """Run cells on ``engine``, which is open, for a repeat into ``store``; call `follow` before all else.

        ``beside``: other repeats use it at the same time.
        """
        self._beside = beside
        self.engine, self.store, self.scratch = engine, store, scratch
        self.notes: list[str] = []
        self.where: dict[str, str] = {}
        """Cell id to why it ran in the notebook's own kernel; empty if it ran on the engine."""
        self._runs: dict[str, Run] = {}
        """What was made and has not entered the history."""
        self._busy: dict[str, asyncio.Future[Result]] = {}
        """Cells that an engine has, by id."""
        self._jobs: list[Job] = []
        """Those that can begin."""
        self._reasons: dict[str, str] = {}
        """Cell id to why it has to run."""
        self._tried: set[str] = set()
        self._mine = False
        """The notebook's kernel is running a cell itself."""
        self._turn, self._above = Turn(), list[Part]()
        self._news = asyncio.Event()
        self._dirty = False
        self._looked, self._began = 0.0, monotonic()
        self._serving: list[asyncio.Task[None]] = []

    # -- for the repeat -----------------------------------------------------------------------------------------------

    def follow(self, work: Repeater) -> None:
        """Work for a repeat, whose kernel has just started."""
        self._work = work
        self._turn, self._above = Turn(), []
        if not self._serving:
            self._serving = [asyncio.ensure_future(self._serve()) for _ in range(self.engine.slots)]

    def candidates(self, code: str) -> list[Run]:
        """Return the runs of this code that were made ahead, newest first."""
        return [run for run in reversed(self._runs.values()) if run.code == code]

    def passes(self, cell: SourceCell, found: Judgement) -> None:
        """Take note that a cell has its turn."""
        self._turn = Turn(cell.index, dict(found.before.items))
        if is_small(cell):
            self._above.append(part_of(cell, found.before))

    async def judged(self, cell: SourceCell, found: Judgement, again: Callable[[], Awaitable[Judgement]]) -> Judgement:
        """Judge a cell that no record answers once more, when the engine has run it; at once, if it does not.

        ``again`` judges it by what is recorded then.
        """
        if cell.analysis.prelude or cell.id in self._work.forced or not cell.active:
            return found
        self._look()
        while cell.id in self._busy or any(job.cell.id == cell.id for job in self._jobs):
            running = self._busy.get(cell.id)
            if running is None and (self.engine.shares or self._is_alone()):
                self.where[cell.id] = ALONE if self._is_alone() else FREE
                self._jobs = [job for job in self._jobs if job.cell.id != cell.id]
                self._tried.add(cell.id)
                break
            if running is not None:
                await asyncio.shield(running)
                found = await again()
                break
            self._news.set()  # whoever serves the engine may not have heard of it
            await self._changed()
        if found.answered is None and self.where.get(cell.id) == "":
            self.where[cell.id] = f"what it made ahead does not hold: {found.reason}"
        self._mine = found.answered is None
        self._news.set()
        return found

    def made(self, run: Run | None) -> bool:
        """Whether a run was made ahead and has not entered the history yet."""
        return run is not None and run.id in self._runs

    async def enter(self, cell: SourceCell, run: Run, number: int) -> dict[str, Any] | None:
        """Let a run enter the history where the kernel stands; None if it can't, or what it has made is not there.

        ``number``: the cell's execution count.
        """
        del self._runs[run.id]
        try:
            with self.store.writing():
                added = await asyncio.to_thread(self.scratch.give, run)
                answer: dict[str, Any] = await self._work.session.call(
                    "enter",
                    place=str(self.scratch.store.directory),
                    run_id=run.id,
                    cell_id=cell.id,
                    source=cell.source,
                    number=number,
                    added=added,
                )
        except StoreError as error:
            self.where[cell.id] = f"what it made ahead can't be taken over: {error}"
            return None
        if answer.get("stuck"):
            self.where[cell.id] = f"{answer['stuck'][0]} refers to what it changes, and can't be loaded"
            return None
        self.where[cell.id] = ""
        return answer

    def reason(self, cell: SourceCell) -> str:
        """Say why a cell ran that the engine has run, and where."""
        return f"{self._reasons.get(cell.id, ANOTHER)}; it ran on the engine {self.engine.name}"

    def _is_alone(self) -> bool:
        """Whether but one cell can run now: to run it elsewhere would take longer."""
        return len(self._jobs) == 1 and not (self._busy or self._mine or self._beside)

    def ran(self) -> None:
        """Take note that the notebook's kernel has run a cell: more may be known now."""
        self._dirty, self._mine = True, False
        self._news.set()

    # -- for the engine -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look which cells can run now."""
        begin, work = monotonic(), self._work
        self._dirty = False
        cells = [cell for cell in work.cells if cell.index >= self._turn.index]
        found = look_ahead(
            cells,
            work.records,
            work.world,
            policies=work.policies,
            forced=work.forced,
            start=state_of(self._turn.items),
            above=self._above,
            makers=work.made,
        )
        self._jobs = [job for job in found.jobs if job.cell.id not in self._busy and job.cell.id not in self._tried]
        if self.engine.shares and self._jobs:  # the notebook's kernel comes to the first itself
            first = min(job.cell.index for job in self._jobs)
            self._jobs.sort(key=lambda job: (job.cell.index == first, -round(job.urgency), -job.cell.index))
        self.where.update({cell: why for cell, why in found.stay.items() if cell not in self._tried})
        self._looked += monotonic() - begin

    async def _changed(self) -> None:
        """Wait until something is new."""
        self._news.clear()
        await self._news.wait()

    async def _serve(self) -> None:
        """Give the engine one thing after another."""
        while True:
            if not self._jobs and self._dirty and self._looked < LOOK_SHARE * (monotonic() - self._began) + 1:
                self._look()
            if not self._jobs or self._is_alone():
                await self._changed()
                continue
            jobs = self._jobs[: self.engine.share(self._jobs)]
            self._jobs = self._jobs[len(jobs) :]
            try:
                await self._give(jobs)
            except EngineError as error:
                self._give_up(str(error))
                return

    async def _give(self, jobs: Sequence[Job]) -> None:
        """Let the engine run some jobs."""
        loop = asyncio.get_running_loop()
        cells = [job.cell.id for job in jobs]
        self._busy.update({cell: loop.create_future() for cell in cells})
        self._tried.update(cells)
        self._reasons.update({job.cell.id: job.reason for job in jobs})
        self._news.set()
        found = [Result(why="the engine did not run it")] * len(jobs)
        try:
            found = await self.engine.run(jobs)
        except EngineError as error:
            found = [Result(why=str(error))] * len(jobs)
            raise
        except Exception as error:  # whatever it is, the notebook's kernel can run them
            found = [Result(why=f"{self.engine.name} could not run it: {error}")] * len(jobs)
        finally:
            for cell, result in zip(cells, found, strict=True):
                self._take(cell, result)

    def _take(self, cell: str, result: Result) -> None:
        run = self.scratch.store.run(result.run) if result.run else None
        self.where[cell] = result.why
        if run is not None:
            self._runs[run.id] = run
        running = self._busy.pop(cell)
        if not running.done():
            running.set_result(result)
        self._dirty = True
        self._news.set()

    def _give_up(self, why: str) -> None:
        """The engine runs nothing more."""
        note = f"{why}; what it has not run runs in the notebook's kernel"
        if note not in self.notes:
            self.notes.append(note)
        self._tried.update(cell.id for cell in self._work.cells)
        self._jobs = []
        self._news.set()

    async def close(self) -> None:
        """End."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


def expected_places(
    cells: Sequence[SourceCell], records: Records, path: Path, policies: Policies = DEFAULT_POLICIES
) -> dict[str, str]:
    """Return where cells would run that have to: cell id to why in the notebook's kernel, empty for the others.

    ``path``: the notebook's file.
    """
    found = look_ahead(cells, records, World(path.parent), policies=policies)
    return {**found.stay, **dict.fromkeys((*found.waiting, *(job.cell.id for job in found.jobs)), "")}


@asynccontextmanager
async def engine_of(
    engine: Engine | None, store: Store, path: Path, kernel: str, cells: Sequence[SourceCell], policies: Policies
) -> AsyncIterator[Scratch | None]:
    """Open an engine for repeats of ``cells``, in kernels of kind ``kernel``; without one there is nothing to give.

    Raises:
        EngineError: it can't be used.
    """
    if engine is None:
        yield None
        return
    scratch = await asyncio.to_thread(Scratch, store)
    try:
        index = store.notebook(path)
        records = History(index.runs() if index is not None else (), store.candidates)
        expected = look_ahead(cells, records, World(path.parent), policies=policies)
        await engine.open(Site(path, kernel, scratch), len(expected.jobs))
        yield scratch
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(engine.close())
        await asyncio.to_thread(scratch.close)


@asynccontextmanager
async def ahead_of(
    engine: Engine | None, store: Store, scratch: Scratch | None, *, beside: bool = False
) -> AsyncIterator[Ahead | None]:
    """Let cells of one repeat run on an engine that is open; see `Ahead`. Nothing without one."""
    if engine is None or scratch is None:
        yield None
        return
    ahead = Ahead(engine, store, scratch, beside=beside)
    try:
        yield ahead
    finally:
        await ahead.close()
