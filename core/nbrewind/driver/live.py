"""A plan in a kernel that somebody else is using too: step by step, through a kernel client.

Before every step the whole course is judged again with what the steps so far have really made: a cell that was expected
to run is answered where what it reads turned out unchanged, and one that nobody expected runs where it is needed after
all. Each step goes on from where the step before left the kernel; if anything else ran there meanwhile, the plan stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import msgspec
from jupyter_client.asynchronous.client import AsyncKernelClient

from nbrewind.driver.execute import GRACE_SECONDS, execute
from nbrewind.driver.session import KernelError, ask_agent
from nbrewind.model import Step, Version
from nbrewind.planning.course import Course, Pilot, Place
from nbrewind.planning.keeper import FileKeeper, is_as_left, lasting
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import ToldWorld, World
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.scene import Scene
from nbrewind.planning.targets import Alive, LivePlan, ending, left_to_user, run_step, sentence, settle
from nbrewind.store import Store, StoreError

EndState = Literal["done", "failed", "cancelled", "stopped"]
MAX_RUNS = 3
"""How often a plan runs one cell at most: again where it turned out to read what another cell decides."""
MOVED = "something else ran in this kernel in between"


@dataclass(frozen=True)
class StepProgress:
    """How far one step of a plan is. Steps that the plan did not foresee come up here as well."""

    step: Step
    state: Literal["waiting", "running", "done", "failed", "left"]
    seconds: float = 0.0
    """Measured, once it is done."""
    run: str = ""
    """The run that it made, or that answered."""
    error: str = ""


@dataclass(frozen=True)
class Ending:
    """How a plan ended."""

    state: EndState
    reason: str = ""
    """A sentence; empty if it is done."""


class _Stop(Exception):
    """The plan ends here."""

    def __init__(self, state: EndState, reason: str) -> None:
        super().__init__(reason)
        self.ending = Ending(state, reason)


class LiveWork:
    """Executes an accepted plan."""

    def __init__(
        self,
        cells: Sequence[SourceCell],
        path: Path,
        store: Store,
        client: AsyncKernelClient,
        session_id: str,
        plan: LivePlan,
        *,
        plan_id: str,
        changed: Callable[[StepProgress], None],
        mark: str | None = None,
        alive: Callable[[], Awaitable[bool]] | None = None,
        policies: Policies = DEFAULT_POLICIES,
    ) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            cells: the notebook's code cells as they were when the plan was accepted.
            path: the notebook's file.
            store: where the kernel records.
            client: a client of the kernel with its channels started, which nobody else reads from meanwhile.
            session_id: what the agent calls its session: in another one (after a restart) nothing is run.
            plan: what was accepted.
            plan_id: part of the ids of the plan's requests, ``nbrewind-plan_<plan id>_<cell id>``, with ``:<n>`` from
                the second run of a cell on.
            changed: called whenever a step is farther.
            mark: ``mark`` of the agent's state when the plan was made; if something ran since, the plan stops before
                its first step. None: whatever ran before.
            alive: whether the kernel lives, by default the client's own test.
            policies: which records count.
        """
        self._client, self._path, self._store, self._session = client, path, store, session_id
        self._plan, self._plan_id, self._changed = plan, plan_id, changed
        self._alive = alive or client.is_alive
        self._mark = mark
        self._cells = list(cells)
        self._scene = Scene(store, World(path.parent))
        self._policies = policies
        self._cancelled = False
        self._counts: dict[str, int] = {}
        self._waiting = {step.cell: step for step in plan.steps}
        self._steps: dict[str, Step] = {}

    def cancel(self) -> None:
        """Stop before the next step; whoever asks interrupts the kernel, which ends the step that is running."""
        self._cancelled = True

    async def run(self) -> Ending:
        """Go through the plan; returns how it ended. Raises nothing but cancellation.

        Files that were set for a step are then as they were before, where no step has written them.
        """
        try:
            ending = await self._ended()
        finally:
            problem = await asyncio.shield(asyncio.to_thread(self._scene.restore))
        if ending.state == "done":
            return Ending("failed", sentence(problem)) if problem else ending
        for step in self._waiting.values():
            self._changed(StepProgress(step, "left"))
        return ending

    async def _ended(self) -> Ending:
        try:
            await self._work()
            return Ending("done")
        except _Stop as stop:
            ending = stop.ending
        except (KernelError, StoreError) as error:
            ending = Ending("failed", sentence(str(error)))
        return Ending("cancelled", "The plan was cancelled.") if self._cancelled else ending

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        head = await self._start()
        pilot = self._pilot
        while True:
            course, found = await asyncio.to_thread(settle, pilot, self._plan.goals, head)
            if self._world.unknown:
                self._world.tell(await ask_agent(self._client, "outside", keys=sorted(self._world.unknown)))
                continue
            places = [place for place in course.places if place.cell.id in found]
            if self._cancelled:
                raise _Stop("cancelled", "")
            if not places:
                lost = await self._finish(course)
                if not lost:
                    return
                self._again(course, course.items, lost)
                continue
            place = places[0]
            self._pass(course, place.cell.index, found)
            lost = await self._step(course, place)
            if lost:
                self._again(course, place.items, lost)

    async def _start(self) -> Alive:
        state = await ask_agent(self._client, "state")
        if state["session"] != self._session:
            raise _Stop("stopped", "The kernel was restarted since: look at the plan again.")
        if state["mode"] == "off":
            raise _Stop("stopped", "Recording is off in this kernel: a plan needs it on.")
        if self._mark is not None and state["mark"] != self._mark:
            raise _Stop("stopped", f"{sentence(MOVED)[:-1]}: look at the plan again.")
        self._mark = state["mark"]
        head, history = await asyncio.to_thread(self._read, state["head"])
        self._world = world = ToldWorld(self._path.parent, state["python"])
        self._keeper = FileKeeper(self._store, world)
        self._records = history
        self._pilot = Pilot(
            self._cells, history, world, session=self._session, forced=self._plan.forced, policies=self._policies
        )
        return Alive(head, state["live"])

    def _read(self, head: str) -> tuple[dict[str, Version], History]:
        index = self._store.notebook(self._path, create=False)
        if index is None:
            raise KernelError(f"nothing is recorded of {self._path.name} in the store that is read here")
        return index.state(head), History(index.runs(), self._store.candidates)

    def _again(self, course: Course, items: Mapping[str, Version], lost: Mapping[str, str]) -> None:
        """Let the cells run that make values of ``items`` which can't be brought back."""
        keys = {key for name in lost for key in ("var:" + name, name.replace("setting ", "ambient:"))}
        makers = {course.makers.get(items[key].run, "") for key in keys if key in items} - {""}
        makers = {cell for cell in makers if cell in self._pilot.made or cell not in self._pilot.alive}
        for cell in makers:
            self._pilot.made.pop(cell, None)
        if not makers:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(lost.items()))
            raise _Stop("failed", f"Values that are needed can't be brought back ({reasons}).")
        self._pilot.alive |= makers

    def _pass(self, course: Course, index: int, found: Collection[str]) -> None:
        """Report the planned steps above a cell that turned out to need nothing more."""
        for place in course.places:
            step = self._waiting.get(place.cell.id)
            if step is None or place.cell.index >= index or place.cell.id in found:
                continue
            del self._waiting[place.cell.id]
            answer = place.answered
            if step.action == "run":
                action = "skip"
                reason = "what it reads turned out to be as recorded" if answer else "nothing needs it any more"
                step = msgspec.structs.replace(step, action=action, reason=reason, run=answer.id if answer else "")
            self._changed(StepProgress(step, "done", run=answer.id if answer else ""))

    # -- one step -----------------------------------------------------------------------------------------------------

    async def _step(self, course: Course, place: Place) -> Mapping[str, str]:
        """Run a cell. Returns names that it needs and that can't be brought back: it was not run then."""
        cell = place.cell
        why = left_to_user(cell, self._records)
        if why:
            raise _Stop("stopped", sentence(why))
        self._counts[cell.id] = count = self._counts.get(cell.id, 0) + 1
        if count > MAX_RUNS:
            raise _Stop("failed", f"The plan does not settle: {cell.label} reads something else at every run.")
        await asyncio.to_thread(self._files, course, cell.index, place.items)
        clash = self._keeper.clash(self._records.last_run(cell.id) or place.answered)
        if clash:
            raise _Stop("failed", sentence(f"{cell.label} was not run: {clash}"))
        request = f"nbrewind-plan_{self._plan_id}_{cell.id}" + (f":{count}" if count > 1 else "")
        answer = await ask_agent(
            self._client,
            "prepare",
            request=request,
            mark=self._mark,
            state=by_run(place.items.values()),
            names=sorted(place.names),
        )
        if answer["moved"]:
            raise _Stop("stopped", sentence(MOVED))
        if answer["lost"]:
            self._counts[cell.id] -= 1
            return dict(answer["lost"])
        if self._cancelled:
            raise _Stop("cancelled", "")
        await self._execute(place, request)
        return {}

    async def _execute(self, place: Place, request: str) -> None:
        cell = place.cell
        step = self._waiting.pop(cell.id, None)
        if step is None or step.action != "run":
            step = run_step(place, self._records)
        self._changed(StepProgress(step, "running"))
        begin = perf_counter()
        try:
            reply = await execute(self._client, cell, request, self._alive)
            state = await self._state()
        except KernelError as error:
            self._changed(StepProgress(step, "failed", perf_counter() - begin, error=str(error)))
            raise
        done = state["step"]
        refused = done["refused"] if done.get("request") == request else MOVED
        if refused or reply["status"] == "aborted":
            self._waiting[cell.id] = step
            raise _Stop("stopped", sentence(str(reply.get("evalue") or refused or MOVED)))
        run = await asyncio.to_thread(self._store.run, done["run"]) if done["run"] else None
        failed = reply["status"] != "ok"
        words = f"{reply.get('ename', 'Error')}: {reply.get('evalue', '')}" if failed else ""
        if run is None and not failed:
            failed, words = True, "no record of it"
        seconds = run.seconds if run else perf_counter() - begin
        tolerated = run is not None and cell.may_raise and run.status == "error"
        state_word: Literal["failed", "done"] = "failed" if failed and not tolerated else "done"
        self._changed(StepProgress(step, state_word, seconds, done["run"], words))
        if self._cancelled or (failed and not tolerated):
            raise _Stop("failed", sentence(f"{cell.label} ended with {words}"))
        assert run is not None
        self._scene.keep(run)
        clash = self._keeper.clash(run)
        if clash:
            raise _Stop("failed", sentence(f"{cell.label} ran, but what it shows can't be trusted: {clash}"))
        self._mark = done["mark"]
        if state["mark"] != self._mark:
            raise _Stop("stopped", sentence(MOVED))
        self._pilot.made[cell.id] = run

    async def _state(self) -> dict[str, Any]:
        """Ask the agent for its state, after a step: an interrupt that came late may cost the answer."""
        asking = asyncio.ensure_future(ask_agent(self._client, "state"))
        try:
            while not asking.done():
                cancelled = self._cancelled
                await asyncio.wait({asking}, timeout=GRACE_SECONDS if cancelled else 0.5)
                if cancelled and not asking.done():
                    raise _Stop("cancelled", "")
            return dict(asking.result())
        finally:
            asking.cancel()

    def _files(self, course: Course, end: int, items: Mapping[str, Version], of: Collection[str] | None = None) -> None:
        """Make files and folders be as the cells before index ``end`` left them, as far as they are in ``items``.

        ``of``: only what these cells left, and that stays so when the plan has ended.
        """
        places = [place for place in course.places if place.cell.index < end]
        answered = [(place, run) for place in places if (run := place.answered) is not None]
        for (place, _), run in zip(answered, lasting([run for _, run in answered], self._world.folder), strict=True):
            if of is not None and place.cell.id not in of:
                continue
            known = tuple(version for version in run.writes if items.get(version.key) == version)
            left = msgspec.structs.replace(run, writes=known)
            changes = not is_as_left(left, self._world)
            if changes:
                self._scene.before(left)
            self._keeper.make_so_or_leave(left)
            if changes:
                self._scene.after(left)
            if of is not None:
                self._scene.keep(left)

    async def _finish(self, course: Course) -> Mapping[str, str]:
        """Bind what the goals made. Returns names that can't be brought back: nothing was changed then."""
        ends = ending(course, self._plan.goals)
        goals = [place for place in course.places if place.cell.id in self._plan.goals and place.answered]
        line = await asyncio.to_thread(self._line)
        answered = [(run.id, place.cell.id) for place in goals if (run := place.answered) and run.id not in line]
        answer = await ask_agent(self._client, "bind", mark=self._mark, state=by_run(ends), answered=answered)
        if answer["moved"]:
            raise _Stop("stopped", sentence(MOVED))
        if answer["lost"]:
            return dict(answer["lost"])
        await asyncio.to_thread(self._files, course, course.end, course.items, self._plan.goals)
        self._pass(course, course.end, ())
        return {}

    def _line(self) -> set[str]:
        """Return the runs on the line of checkpoints that leads to the kernel's head."""
        index = self._store.notebook(self._path, create=False)
        by_id = {checkpoint.id: checkpoint for checkpoint in index.checkpoints()} if index else {}
        place = index.heads().get(self._session, "") if index else ""
        found = set()
        while place in by_id:
            found.add(by_id[place].run)
            place = by_id.pop(place).parent
        return found


def by_run(versions: Iterable[Version]) -> dict[str, list[str]]:
    """Return versions as the agent is told of them: run id to keys."""
    found: dict[str, list[str]] = {}
    for version in versions:
        found.setdefault(version.run, []).append(version.key)
    return found
