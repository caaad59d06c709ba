"""Brings the cells of a notebook up to date in a kernel that has just started, running only what must run.

A plan is made before and shown; while it proceeds, every cell is judged again when its turn comes, against the state
that really came about. So a cell expected to run is answered by its record where what it reads turned out unchanged,
and a cell is never answered by a record that does not hold.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import random
from time import perf_counter
from typing import Any

import msgspec
from nbformat import NotebookNode

from nbrewind.driver.ahead import Ahead
from nbrewind.driver.audit import run_cell
from nbrewind.driver.client import Answer
from nbrewind.driver.closeness import deviation
from nbrewind.driver.compare import Difference
from nbrewind.driver.session import KernelError, Session
from nbrewind.model import Run, Step, Version
from nbrewind.packages.form import PackageError
from nbrewind.packages.tolerance import tolerance_of
from nbrewind.planning.keeper import FileKeeper, is_as_left
from nbrewind.planning.known import describe, state_of
from nbrewind.planning.match import Mismatch, with_remarks
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import ToldWorld, World
from nbrewind.planning.plan import plan, version_notes
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.scene import Scene
from nbrewind.planning.simulate import ALIVE, Judgement, judge, needed_names
from nbrewind.planning.trace import asked_results, read_names
from nbrewind.store import Store

ANSWERED = "recorded, and nothing that it read has changed"
ONCE_MORE = "repeat once more"
STAND_IN = "TaskVine (ndcctools) is not installed here: its tasks can only be answered by records"


@dataclass
class Repeat:
    """What a repeat did, or would do."""

    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""
    """Why it ended early, in words; empty if it did not."""
    notes: list[str] = field(default_factory=list)
    verified: int = 0
    """Cells that ran though a record answers them, to compare."""
    differing: list[Difference] = field(default_factory=list)
    """Those that came out otherwise than recorded."""
    tasks: Mapping[str, int] = field(default_factory=dict)
    """How many of the tasks that cells submitted were ``answered``, ``ran``, and ``failed``."""
    where: Mapping[str, str] = field(default_factory=dict)
    """With an engine, of cells that ran: why in the notebook's own kernel; empty for one that the engine ran."""


class _Replan(Exception):
    """A needed value can't be loaded: the cells that make it have to run from the start."""

    def __init__(self, cells: dict[str, str], cell: SourceCell, what: str) -> None:
        """Take the cells, each with the reason in words, the one that did not run, and what it lacks."""
        super().__init__(f"{cell.label} was not run: {what} can't be loaded")
        self.cells = cells


class Repeater:
    """Brings the cells of a notebook up to date in a new kernel, one after the other."""

    def __init__(
        self,
        notebook: NotebookNode,
        path: Path,
        store: Store,
        session: Session,
        cells: Sequence[SourceCell],
        *,
        policies: Policies = DEFAULT_POLICIES,
        files: bool = False,
        verify: float = 0.0,
        ahead: Ahead | None = None,
    ) -> None:
        """Work in the kernel of ``session``. ``cells``: all that will be brought; see `repeat` for the rest.

        ``ahead``: keeps an engine busy with cells that need not wait for their turn.
        """
        self.ahead = ahead
        self.notebook, self.path, self.store, self.session = notebook, path, store, session
        self.cells, self.policies, self.files, self.verify = cells, policies, files, verify
        self.forced: dict[str, str] = {}
        """Cells that run, by id, each with the reason in words."""
        found = store.notebook(path)
        if found is None or store.nonce != session.store_nonce:
            raise KernelError("the kernel records into another store than this program reads")
        self.index = found
        self.world = ToldWorld(path.parent, session.python)
        self.scene = Scene(store, self.world, unrecorded=files)
        """Files as they were before records set them in this pass."""
        self.passed: list[SourceCell] = []
        self.ran: dict[str, Step] = {}
        """Steps of cells that ran before the kernel started anew: they are answered now, but they did run."""
        self._begin()

    def _begin(self) -> None:
        """Stand before the first cell."""
        self.world.begin()
        self.keeper = FileKeeper(self.store, self.world, consent=self.files)
        self.records = History(self.index.runs(), self._candidates)
        self.count = 0
        self.made: dict[str, str] = {}
        """Run id to the cell that it answered or made in this pass."""
        self.shown: list[tuple[str, int]] = []
        """Cells that showed a result, with their execution counts; of those that a record answers IPython has none."""
        self.entered: set[str] = set()
        """Cells that the engine ran."""
        self.steps: dict[str, Step] = {}
        self.answers: list[tuple[SourceCell, Run]] = []
        """Cells that a record answers, with the run that does."""
        self.verified = 0
        self.differing: list[Difference] = []
        self.changed: dict[str, str] = {}
        """Files and folders that cells changed which ran in this pass, and the cells: a second pass would not meet them
        as this one did."""
        self._plan(self.cells, World(self.path.parent))
        self.blocked = self.expected.blocked
        if self.ahead is not None:
            self.ahead.follow(self)

    def _candidates(self, code: str) -> Sequence[Run]:
        """Return the runs of this code that may answer: those that were made ahead first."""
        made = self.ahead.candidates(code) if self.ahead is not None else []
        return [*made, *self.store.candidates(code)]

    def _plan(self, cells: Sequence[SourceCell], world: World, items: Mapping[str, Version] | None = None) -> None:
        """Expect what will become of cells, and let those run of which values are needed that can't be loaded."""
        self.expected = plan(cells, self.records, world, policies=self.policies, forced=self.forced, items=items)
        self.forced |= dict.fromkeys(self.expected.forced - self.forced.keys(), ALIVE)

    def result(self, failed: str = "") -> Repeat:
        """Return what was done; ``failed``: why it ended early."""
        return Repeat(
            steps=[self.ran.get(name, step) for name, step in self.steps.items()],
            failed=failed,
            notes=[
                *self.keeper.notes,
                *version_notes(self.answers, self.world),
                *(self.ahead.notes if self.ahead is not None else ()),
            ],
            verified=self.verified,
            differing=self.differing,
            where=self.ahead.where if self.ahead is not None else {},
        )

    async def bring_all(self, progress: Callable[[SourceCell], None] = lambda cell: None) -> Repeat:
        """Bring all cells up to date, in order, until one fails."""
        begin, failed = perf_counter(), ""
        for cell in self.cells:
            progress(cell)
            failed = await self.bring(cell)
            if failed:
                break
        result = self.result(failed)
        with contextlib.suppress(KernelError):  # it died
            result.tasks = await self.session.tasks()
        if result.tasks.get("stand-in"):
            result.notes.append(STAND_IN)
        if number := result.tasks.get("differing"):
            result.notes.append(f"tasks that gave something else than their records when they ran again: {number}")
        result.seconds = perf_counter() - begin
        return result

    async def bring(self, cell: SourceCell) -> str:
        """Bring one cell up to date, after those before it. Returns why the work must stop, in words; empty if not.

        Where a value turns out to be needed that only a re-run can give, the kernel starts anew.
        """
        if self.blocked and not self.passed:
            return self.blocked
        self.passed.append(cell)
        todo = [cell]
        while True:  # each time more cells are forced: all in the end
            try:
                for one in todo:
                    failed = await self.step(one)
                    if failed:
                        return failed
                return ""
            except _Replan as again:
                changed = [f"{maker} has changed {name}" for name, maker in self.changed.items()]
                if why := "; ".join(changed) or self.scene.restore():
                    return f"{again}, and by now {why}; {ONCE_MORE}"
                self.forced = again.cells | self.forced
                self.ran |= {name: step for name, step in self.steps.items() if step.action == "run"}
                await self.session.restart()
                self._begin()
                todo = self.passed

    async def step(self, cell: SourceCell) -> str:
        """Run or answer one cell. Returns why the plan must stop, in words; empty if it goes on."""
        begin = perf_counter()
        node = self.notebook.cells[cell.index]
        if not cell.active:
            node.outputs, node.execution_count = [], None
            reason = "the cell is empty" if not cell.source.strip() else "it only steers recording"
            self._note(cell, "skip", reason, begin)
            return ""
        self.count += 1
        found = await self._judge(cell)
        if self.ahead is not None:
            self.ahead.passes(cell, found)
            if found.answered is None:
                found = await self.ahead.judged(cell, found, lambda: self._judge(cell))
        if found.answered is not None:
            self._look_ahead(cell, found.answered)
        if found.answered is None or cell.analysis.prelude or cell.id in self.forced:
            return await self._run(cell, found, begin)
        if self.ahead is not None and self.ahead.made(found.answered):
            return await self._enter(self.ahead, cell, found.answered, begin)
        if random() < self.verify:
            return await self._verify(cell, found, found.answered, begin)
        await self._adopt(cell, found.answered, node, begin)
        return ""

    def _look_ahead(self, cell: SourceCell, answer: Run) -> None:
        """Plan anew from a cell that a record answers though it was expected to run.

        If it makes a value that can't be loaded, what is needed below is not known yet.
        """
        if cell.id in self.forced or all(version.loadable for version in answer.writes):
            return
        if any(step.cell == cell.id and step.action == "run" for step in self.expected.steps):
            self._plan([one for one in self.cells if one.index >= cell.index], self.world, self._items())

    def _items(self) -> dict[str, Version]:
        """Return what the kernel's state holds."""
        return self.index.state(self.index.heads().get(self.session.id, ""))

    async def _judge(self, cell: SourceCell) -> Judgement:
        state = state_of(self._items())
        while True:
            found = judge(cell, state, self.records, self.world, self.policies)
            if not self.world.unknown:
                break
            self.world.tell(await self.session.call("outside", keys=sorted(self.world.unknown)))
        why = self.keeper.hindrance(found.answered) if found.answered is not None else ""
        return replace(found, answered=None, mismatch=Mismatch("input", "", why)) if why else found

    async def _run(self, cell: SourceCell, found: Judgement, begin: float) -> str:
        await self._bind(needed_names(cell, found.before), found)
        asked = self._results(cell, found) - self.forced.keys()
        if asked:
            why = "its result is asked for, which the record does not keep"
            raise _Replan(dict.fromkeys(asked, why), cell, "a result that it asks for")
        clash = self.keeper.clash(self.records.last_run(cell.id) or found.answered)
        if clash:
            return f"{cell.label} was not run: {clash}"
        done = await run_cell(cell, self.notebook, self.session, self.store, self.path)
        if done.died:
            return done.error
        if done.run is not None:
            self.made[done.run.id] = cell.id
            keys = (*(version.key for version in done.run.writes), *done.run.removed)
            self.changed.update({describe(key): cell.label for key in keys if key.startswith(("file:", "dir:"))})
            if any(effect.kind == "process" for effect in done.run.effects):
                self.changed.setdefault("what another program can change", cell.label)
        if self.ahead is not None:
            self.ahead.ran()
        reason = found.reason or self.forced.get(cell.id, ALIVE)
        if cell.analysis.prelude:
            reason = "imports, options and definitions run in every new kernel"
        self._note(cell, "run", reason, begin, done.run)
        self._number(cell)
        if done.run is None and done.status == "ok":
            return f"{cell.label} ran but was not recorded; `nbrewind doctor` may say why"
        clash = self.keeper.clash(done.run)
        if clash:
            return f"{cell.label} ran, but what it shows can't be trusted: {clash}"
        return f"{cell.label} raised {done.error}" if done.ends else ""

    def _number(self, cell: SourceCell) -> None:
        """Give a cell that ran and its results the execution count that it has in a full run."""
        node = self.notebook.cells[cell.index]
        node.execution_count = self.count
        for output in node.outputs:
            if output.get("output_type") == "execute_result":
                output["execution_count"] = self.count
                self.shown.append((cell.id, self.count))

    def _results(self, cell: SourceCell, found: Judgement) -> set[str]:
        """Return the cells with a result for which a cell that runs may ask IPython (``_``, ``Out[3]``): they run."""
        answered = {name for name, step in self.steps.items() if step.action != "run" or name in self.entered}
        if not answered:
            return set()
        names = read_names(cell.analysis, found.before.items)
        asked = asked_results(cell.analysis, names, cell.source, [number for _, number in self.shown])
        return {name for name, number in self.shown if number in asked} & answered

    async def _verify(self, cell: SourceCell, found: Judgement, recorded: Run, begin: float) -> str:
        """Run a cell that a record answers, and compare, within the tolerance that the notebook declares."""
        try:
            tolerance = tolerance_of(self.notebook.cells[cell.index])
        except PackageError as error:
            return f"{cell.label} was not run: {error}"
        failed = await self._run(cell, found, begin)
        again = self.store.run(self.steps[cell.id].run) if cell.id in self.steps else None
        if again is not None:
            self.steps[cell.id] = msgspec.structs.replace(self.steps[cell.id], reason="to be compared with its record")
            self.verified += 1
            what = deviation(recorded, again, self.store, tolerance)
            if what:
                self.differing.append(Difference(cell.id, cell.index, what))
        return failed

    async def _adopt(self, cell: SourceCell, run: Run, node: NotebookNode, begin: float) -> None:
        if not is_as_left(run, self.world):
            self.scene.before(run)
            self.keeper.make_so(run)
            self.scene.after(run)
        done = await self.session.call("adopt", run_id=run.id, cell_id=cell.id, action="skip", source=cell.source)
        if done.get("stuck"):
            what = done["stuck"][0]
            raise _Replan({cell.id: f"{what} refers to what it changes, and can't be loaded"}, cell, what)
        await self._show(cell, run, node, done["unset"])
        self.answers.append((cell, run))
        self._note(cell, "skip", with_remarks(ANSWERED, run, self.world), begin, run)

    async def _enter(self, ahead: Ahead, cell: SourceCell, run: Run, begin: float) -> str:
        """Let what the engine has made of a cell stand for a run here."""
        done = await ahead.enter(cell, run, self.count)
        if done is None:
            return await self._run(cell, await self._judge(cell), begin)
        self.entered.add(cell.id)
        await self._show(cell, run, self.notebook.cells[cell.index], done["unset"])
        self._note(cell, "run", ahead.reason(cell), begin, run)
        return ""

    async def _show(self, cell: SourceCell, run: Run, node: NotebookNode, unset: Sequence[str]) -> None:
        """Show what a run showed that stands for one here. ``unset``: settings that it could not bring."""
        if unset:  # only a re-run can give them
            what = describe(unset[0])
            raise _Replan({cell.id: f"{what} can't be brought back otherwise"}, cell, what)
        self.made[run.id] = cell.id
        messages = self.store.messages(run.id)
        await self.session.answer(node, cell.index, Answer(run, messages, self.count))
        if any(message["output_type"] == "execute_result" for message in messages):
            self.shown.append((cell.id, self.count))

    async def _bind(self, names: set[str], found: Judgement) -> None:
        """Bind what the next step may read; a version that can't be loaded sends its maker back to run."""
        if not names:
            return
        answer = await self.session.call("materialise", names=sorted(names))
        items = found.before.items
        lost = {name for name in answer["lost"] if "var:" + name in items}
        makers = {
            maker: f"{name} is needed and can't be loaded: {answer['lost'][name]}"
            for name in sorted(lost, reverse=True)
            if (maker := self.made.get(items["var:" + name].run))
        }
        if makers.keys() - self.forced.keys():
            raise _Replan(makers, found.cell, ", ".join(sorted(lost)))
        if lost:
            reasons = "; ".join(f"{name}: {answer['lost'][name]}" for name in sorted(lost))
            raise KernelError(f"{found.cell.label} needs values that can't be brought back ({reasons})")
        for name in answer["loaded"]:
            maker = self.made.get(items["var:" + name].run) if "var:" + name in items else None
            step = self.steps.get(maker or "")
            if step is not None and step.action == "skip":
                reason = step.reason.replace(ANSWERED, f"{found.cell.label} needs its values")
                self.steps[step.cell] = msgspec.structs.replace(step, action="load", reason=reason)

    def _note(self, cell: SourceCell, action: Any, reason: str, begin: float, run: Run | None = None) -> None:
        self.steps[cell.id] = Step(
            cell=cell.id,
            index=cell.index,
            action=action,
            reason=reason,
            seconds=perf_counter() - begin,
            run=run.id if run else "",
            prelude=cell.active and cell.analysis.prelude,
        )
