"""Plans in running kernels: proposed, accepted, at work, ended. They go on whoever watches."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from nbrewind.driver.live import Ending, LiveWork, StepProgress
from nbrewind.model import Step, Version, new_id
from nbrewind.planning.history import instant
from nbrewind.planning.keeper import FileKeeper
from nbrewind.planning.notebook import SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.targets import LivePlan, Target, plan_live, sentence
from nbrewind.store import Store
from nbrewind_server.events import Events
from nbrewind_server.kernels import Kernels
from nbrewind_server.messages import Plan, PlanRequest, PlanStep
from nbrewind_server.problem import Refused
from nbrewind_server.records import Records
from nbrewind_server.state import Asked, look_up

PROPOSALS = 50
"""Proposals that are kept, of all notebooks."""
PROPOSAL_SECONDS = 15 * 60.0
"""How long a proposal can be accepted."""
ENDED = 50
"""Ended plans that are kept for somebody to acknowledge."""
NO_KERNEL = "The notebook has no kernel: start one, then propose the plan again."

T = TypeVar("T")


class Work(Protocol):
    """Does blocking work off the event loop."""

    def __call__(self, task: Callable[..., T], /, *args: Any, **options: Any) -> Awaitable[T]:
        """Return what the task returns."""
        ...


@dataclass
class Course:
    """A plan with all that it takes to carry it out."""

    plan: Plan
    file: Path
    session: str
    cells: list[SourceCell] = field(default_factory=list)
    live: LivePlan = field(default_factory=LivePlan)
    store: Store | None = None
    mark: str | None = None
    """What the kernel's agent said of where it stood; None if nobody could be asked."""
    policies: Policies = DEFAULT_POLICIES
    made: float = field(default_factory=monotonic)
    began: float = 0.0
    work: LiveWork | None = None
    task: asyncio.Task[None] | None = None


class PlanBoard:
    """All plans of one server. Use on the event loop only."""

    def __init__(self, records: Records, kernels: Kernels, events: Events, work: Work) -> None:
        """Take what plans are made of; ``work`` does blocking work off the event loop."""
        self._records, self._kernels, self._events, self._off_loop = records, kernels, events, work
        self._courses: OrderedDict[str, Course] = OrderedDict()

    # -- asking -------------------------------------------------------------------------------------------------------

    def get(self, plan: str) -> Plan:
        """Return a plan.

        Raises:
            Refused: there is none of this id.
        """
        return self._course(plan).plan

    def of(self, path: str) -> list[Plan]:
        """Return the plans of a notebook that are at work, or ended and were not acknowledged, newest last."""
        found = [course.plan for course in self._courses.values() if course.plan.state != "proposed"]
        return [plan for plan in found if plan.path == path]

    def current(self, path: str) -> str:
        """Return the id of the newest of these; empty if there is none."""
        found = self.of(path)
        at_work = [plan for plan in found if plan.state == "running"]
        return (at_work or found)[-1].id if found else ""

    def refuse_at_work(self, kernel: str) -> None:
        """Refuse what would disturb a plan.

        Raises:
            Refused: one is at work in this kernel.
        """
        if any(one.plan.kernel == kernel and one.plan.state == "running" for one in self._courses.values()):
            raise Refused("busy", "a plan is at work in this kernel: wait until it is done, or cancel it")

    def _course(self, plan: str) -> Course:
        found = self._courses.get(plan)
        if found is None:
            raise Refused("unknown", "there is no such plan any more: propose it again")
        return found

    # -- proposing ----------------------------------------------------------------------------------------------------

    async def propose(self, request: PlanRequest, file: Path) -> Plan:
        """Propose a plan; nothing runs. What keeps it from being accepted is in its ``reason``."""
        shared = self._kernels.shares_environment(request.kernel)
        asked = await self._off_loop(look_up, self._records, request, file, shared=shared)
        plan = Plan(
            id="", path=request.path, kernel=request.kernel, owner=request.owner, target=request.target,
            cell=request.cell, state="proposed", missing=tuple(asked.missing),
        )  # fmt: skip
        if asked.missing:
            return plan
        kernel, reason = await self._look(request.kernel)
        head = str(kernel.get("head", ""))
        live = await self._off_loop(_plan, asked, request, kernel)
        steps = tuple(_plan_step(step, asked.cells, live.notes) for step in live.steps)
        plan = msgspec.structs.replace(
            plan, id=new_id(), reason=live.blocked or reason, head=head, steps=steps, saved=live.saved,
            seconds=sum(step.step.seconds for step in steps),
        )  # fmt: skip
        self._courses[plan.id] = Course(
            plan,
            file,
            str(kernel.get("session", "")),
            asked.cells,
            live,
            asked.store,
            kernel.get("mark"),
            asked.policies,
        )
        self._tidy()
        return plan

    async def _look(self, kernel: str) -> tuple[dict[str, Any], str]:
        """Return the state of the agent in a kernel, or why it can't be had."""
        if not kernel:
            return {}, NO_KERNEL
        try:
            self.refuse_at_work(kernel)
            async with self._kernels.turn(kernel) as found:
                return await self._kernels.ask(found, "state"), ""
        except Refused as refused:
            return {}, sentence(refused.message)

    def _tidy(self) -> None:
        now = monotonic()
        proposed = [id_ for id_, one in self._courses.items() if one.plan.state == "proposed"]
        old = [id_ for id_ in proposed if now - self._courses[id_].made > PROPOSAL_SECONDS]
        ended = [id_ for id_, one in self._courses.items() if one.plan.state not in ("proposed", "running")]
        for id_ in {*old, *proposed[:-PROPOSALS], *ended[:-ENDED]}:
            del self._courses[id_]

    # -- acting -------------------------------------------------------------------------------------------------------

    async def act(self, plan: str, action: Literal["accept", "cancel", "acknowledge"]) -> Plan:
        """Accept, cancel or acknowledge a plan; returns it as it is then.

        Raises:
            Refused: there is no such plan, or it is not in a state for that.
        """
        course = self._course(plan)
        if action == "accept":
            await self._accept(course)
        elif action == "cancel":
            await self._cancel(course)
        else:
            if course.plan.state == "running":
                raise Refused("busy", "the plan is still at work: cancel it first")
            del self._courses[plan]
            self._tell(course)
        return course.plan

    async def _accept(self, course: Course) -> None:
        plan = course.plan
        if plan.state != "proposed":
            raise Refused("request", "the plan was accepted before")
        if plan.reason:
            raise Refused("kernel", plan.reason)
        self.refuse_at_work(plan.kernel)
        async with self._kernels.turn(plan.kernel) as kernel:
            state = await self._kernels.ask(kernel, "state")
            self.refuse_at_work(plan.kernel)
            if course.plan.state != "proposed":
                raise Refused("request", "the plan was accepted before")
            if state["session"] != course.session:
                self._end(course, Ending("stopped", "The kernel was restarted since: look at the plan again."))
            elif state["mark"] != course.mark:
                self._end(course, Ending("stopped", "Something ran in this kernel since: look at the plan again."))
            else:
                course.began = time()
                self._set(course, state="running", started=instant(course.began))
                course.task = asyncio.create_task(self._carry_out(course, kernel))

    async def _cancel(self, course: Course) -> None:
        if course.plan.state == "proposed":
            del self._courses[course.plan.id]
            course.plan = msgspec.structs.replace(course.plan, state="cancelled")
            return
        if course.plan.state != "running":
            return
        if course.work is not None:
            course.work.cancel()
        if any(step.state == "running" for step in course.plan.steps):
            await self._kernels.interrupt(course.plan.kernel)

    async def _carry_out(self, course: Course, kernel: Any) -> None:
        ending = Ending("failed", "The server failed to carry out the plan: its log says why.")
        try:
            async with self._kernels.client(kernel, iopub=True) as client:
                assert course.store is not None
                course.work = LiveWork(
                    course.cells, course.file, course.store, client, course.session, course.live,
                    plan_id=course.plan.id, changed=lambda progress: self._progress(course, progress), mark=course.mark,
                    policies=course.policies,
                )  # fmt: skip
                ending = await course.work.run()
        except asyncio.CancelledError:
            ending = Ending("cancelled", "The server was stopped.")
            raise
        finally:
            self._end(course, ending)

    async def stop(self) -> None:
        """End all plans: the server stops."""
        tasks = []
        for course in list(self._courses.values()):
            if course.task is not None and not course.task.done():
                await self._cancel(course)
                course.task.cancel()
                tasks.append(course.task)
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- progress -----------------------------------------------------------------------------------------------------

    def _progress(self, course: Course, progress: StepProgress) -> None:
        steps = list(course.plan.steps)
        place = next((n for n, one in enumerate(steps) if one.step.cell == progress.step.cell), None)
        if place is None:  # not foreseen
            new = _plan_step(progress.step, course.cells, {})
            place = next((n for n, one in enumerate(steps) if one.step.index > progress.step.index), len(steps))
            steps.insert(place, new)
        steps[place] = msgspec.structs.replace(
            steps[place], step=progress.step, state=progress.state, seconds=progress.seconds, run=progress.run,
            error=progress.error,
        )  # fmt: skip
        self._set(course, place, steps=tuple(steps))

    def _end(self, course: Course, ending: Ending) -> None:
        now = time()
        steps = tuple(
            msgspec.structs.replace(step, state="left") if step.state in ("waiting", "running") else step
            for step in course.plan.steps
        )
        seconds = now - course.began if course.began else 0.0
        self._set(
            course, state=ending.state, reason=ending.reason, ended=instant(now), seconds=seconds, steps=steps
        )  # fmt: skip
        course.work = None
        self._tidy()

    def _set(self, course: Course, step: int = -1, **fields: Any) -> None:
        course.plan = msgspec.structs.replace(course.plan, **fields)
        self._tell(course, step)

    def _tell(self, course: Course, step: int = -1) -> None:
        self._events.plan(course.plan.path, course.plan.id, course.plan.state, step)


def _plan(asked: Asked, request: PlanRequest, kernel: Mapping[str, Any]) -> LivePlan:
    head: dict[str, Version] = {}
    if asked.index is not None and kernel.get("head"):
        head = asked.index.state(kernel["head"])
    return plan_live(
        asked.cells,
        asked.history,
        asked.world,
        head,
        Target(request.target, request.cell),
        session=str(kernel.get("session", "")),
        live=kernel.get("live", ()),
        forced=request.forced,
        policies=asked.policies,
        keeper=None if asked.store is None else FileKeeper(asked.store, asked.world),
    )


def _plan_step(step: Step, cells: list[SourceCell], notes: Mapping[str, str]) -> PlanStep:
    cell = next(cell for cell in cells if cell.id == step.cell)
    return PlanStep(step=step, title=cell.title, source=cell.digest, note=notes.get(cell.id, ""))
