"""A running kernel in which somebody works and plans are executed: for tests of `nbrewind.driver.live`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from jupyter_client.asynchronous.client import AsyncKernelClient

from nbrewind.driver.live import Ending, LiveWork, StepProgress
from nbrewind.driver.session import ask_agent
from nbrewind.model import InKernel
from nbrewind.planning.freshness import freshness, in_kernel
from nbrewind.planning.keeper import FileKeeper
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import World
from nbrewind.planning.targets import LivePlan, Target, plan_live
from nbrewind.store import Store


class Desk:
    """A notebook, a kernel with recording on, and who works with both."""

    def __init__(self, kernel, path: Path, store: Store, sources: list[str]) -> None:
        self.kernel, self.path, self.store = kernel, path, store
        self.session: str = kernel.session
        self.cells = [SourceCell(f"c{number}", number, source) for number, source in enumerate(sources)]
        self.progress: list[StepProgress] = []
        self.outputs: dict[str, str] = {}
        self.work: LiveWork | None = None
        self.ending: Ending | None = None
        self.plans = 0

    def edit(self, number: int, source: str, **marks) -> None:
        self.cells[number] = SourceCell(f"c{number}", number, source, **marks)

    def insert(self, number: int, name: str, source: str) -> None:
        cells = [(cell.id, cell.source) for cell in self.cells]
        cells.insert(number, (name, source))
        self.cells = [SourceCell(key, index, text) for index, (key, text) in enumerate(cells)]

    def run(self, *numbers: int) -> None:
        """Run cells as the user does."""
        for number in numbers or range(len(self.cells)):
            cell = self.cells[number]
            _, messages = self.kernel.run(cell.source, cell=cell.id)
            self.outputs[cell.id] = shown(messages)
        self.kernel.verb("flush")

    @property
    def index(self):
        return self.store.notebook(self.path, create=False)

    @property
    def records(self) -> History:
        return History(self.index.runs(), self.store.candidates)

    def states(self) -> dict[str, str]:
        found = freshness(self.cells, self.records, World(self.path.parent), checkpoints=self.index.checkpoints())
        return {state.id: state.freshness for state in found}

    def in_kernel(self) -> dict[str, InKernel]:
        index = self.index
        head = index.heads().get(self.session, "")
        return in_kernel(index.checkpoints(), head, self.session, index.runs())

    def plan(self, kind: str, cell: str = "", forced=()) -> LivePlan:
        state = self.kernel.verb("state")
        head = self.index.state(state["head"])
        return plan_live(
            self.cells, self.records, World(self.path.parent), head, Target(kind, cell), session=self.session,
            live=state["live"], forced=forced, keeper=FileKeeper(self.store, World(self.path.parent)),
        )  # fmt: skip

    def bring(self, kind: str, cell: str = "", *, forced=(), between=None, mark=None) -> tuple[Ending, list[str]]:
        """Plan and execute. Returns how it ended, and the cells that ran. ``between(work, progress)``: on progress."""
        plan = self.plan(kind, cell, forced)
        assert not plan.blocked, plan.blocked
        self.ending = asyncio.run(self._execute(plan, between, mark))
        self.kernel.verb("flush")
        return self.ending, [one.step.cell for one in self.progress if one.state == "running"]

    async def _execute(self, plan: LivePlan, between, mark) -> Ending:
        client = AsyncKernelClient()
        client.load_connection_info(self.kernel.manager.get_connection_info())
        client.start_channels()
        self.progress = []
        self.plans += 1

        def changed(progress: StepProgress) -> None:
            self.progress.append(progress)
            if between is not None:
                between(self.work, progress)

        async def alive() -> bool:
            return self.kernel.manager.is_alive()

        try:
            await client.wait_for_ready(timeout=30)
            self.work = LiveWork(
                self.cells, self.path, self.store, client, self.session, plan, plan_id=f"p{self.plans}",
                changed=changed, mark=mark, alive=alive,
            )  # fmt: skip
            ending = await self.work.run()
            if self.kernel.manager.is_alive() and ending.state == "done":
                await self._honest(client)
            return ending
        finally:
            client.stop_channels()
            client.context.destroy(linger=0)  # it has threads and many files

    async def _honest(self, client: AsyncKernelClient) -> None:
        """What the head says is what the namespace has; nothing unexplained was seen."""
        state = await ask_agent(client, "state")
        held = {key[4:] for key in self.index.state(state["head"]) if key.startswith("var:")}
        assert state["virtual"] == [] and held == set(state["live"])

    def shows(self, number: int) -> str:
        """What the front end shows of a cell after the plan: outputs of the run that its last step says."""
        name = f"c{number}"
        run = next((one.run for one in reversed(self.progress) if one.step.cell == name and one.run), "")
        run = run or self.records.last_run(name).id
        return texts(self.store.outputs(run))

    def value(self, expression: str):
        return self.kernel.value(expression)


def texts(outputs: list[dict]) -> str:
    found = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "error":
            found.append(output["ename"])
        else:
            found.append(output["text"] if kind == "stream" else output["data"]["text/plain"])
    return "".join(found)


def shown(messages: list[dict]) -> str:
    kinds = ("stream", "execute_result", "display_data", "error")
    return texts([{"output_type": one["msg_type"], **one["content"]} for one in messages if one["msg_type"] in kinds])


def full(plain_kernel, sources: list[str]) -> list[str]:
    """What the cells show when all run once, in order, in a new kernel that does not record."""
    return [shown(plain_kernel.run(source)[1]) for source in sources]


__all__ = ["Desk", "full"]
