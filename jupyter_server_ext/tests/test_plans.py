"""Plans in a running kernel: proposed, accepted, followed, cancelled; the server carries them out."""

from __future__ import annotations

import asyncio


def actions(plan):
    return {step["step"]["cell"]: step["step"]["action"] for step in plan["steps"]}


async def ran(note):
    """The notebook `a`, `b = a + 1`, `c = 5`, `d = b + c`, all run."""
    await note.start()
    await note.run()
    assert await note.freshness() == ["fresh"] * len(note.cells)


async def test_an_edit_is_brought_up_to_date(book, told):
    note = book("a = 1", "b = a + 1", "c = 5", "d = b + c\nprint(d)")
    await ran(note)
    note.cells["cell-0"] = "a = 10"
    plan = await note.propose("cell", "cell-3")
    assert (plan["state"], plan["reason"]) == ("proposed", "")
    assert {cell for cell, action in actions(plan).items() if action == "run"} == {"cell-0", "cell-1", "cell-3"}
    assert await note.value("d") == "7"  # nothing runs before it is accepted

    plan = await note.act(plan, "accept")
    assert plan["state"] == "running"
    plan = await note.ended(plan)
    assert (plan["state"], plan["reason"]) == ("done", ""), plan
    assert await note.value("(a, b, c, d)") == "(10, 11, 5, 16)"
    assert await note.freshness() == ["fresh"] * 4
    done = {step["step"]["cell"]: step for step in plan["steps"]}
    assert done["cell-3"]["state"] == "done" and done["cell-3"]["run"]
    outputs = await note.api("GET", "outputs", run=done["cell-3"]["run"])
    assert outputs["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "16\n"}]
    assert {event["state"] for event in await told.wait("urn:nbrewind:plan", 2)} >= {"running"}

    listed = await note.api("GET", "plans", path=note.path)
    assert [one["id"] for one in listed["plans"]] == [plan["id"]]
    assert (await note.state())["plan"] == plan["id"]
    await note.act(plan, "acknowledge")
    assert (await note.api("GET", "plans", path=note.path))["plans"] == []
    assert (await note.state())["plan"] == ""


async def test_outputs_can_be_routed(book):
    """Messages of a step name the plan and the cell in the id of their request."""
    note = book("a = 1", "print(a)")
    await ran(note)
    while await note.client.iopub_channel.msg_ready():
        await note.client.get_iopub_msg(timeout=1)
    note.cells["cell-0"] = "a = 2"
    plan = await note.act(await note.propose("stale"), "accept")
    await note.ended(plan)
    texts = {}
    while await note.client.iopub_channel.msg_ready():
        message = await note.client.get_iopub_msg(timeout=1)
        if message["msg_type"] == "stream":
            texts[message["parent_header"]["msg_id"]] = message["content"]["text"]
    assert list(texts.values()) == ["2\n"]
    assert next(iter(texts)).startswith(f"nbrewind-plan_{plan['id']}_cell-1")


async def test_nothing_stale(book):
    note = book("a = 1", "b = a")
    await ran(note)
    plan = await note.propose("stale")
    assert [step for step in plan["steps"] if step["step"]["action"] == "run"] == []


async def test_forced_cells_run(book):
    note = book("a = 1", "b = a")
    await ran(note)
    plan = await note.propose("cell", "cell-1", forced=["cell-0"])
    assert actions(plan)["cell-0"] == "run"


async def test_it_stops_at_the_first_error(book):
    note = book("a = 1", "b = 1 / a", "c = b")
    await ran(note)
    note.cells["cell-0"] = "a = 0"
    plan = await note.ended(await note.act(await note.propose("all"), "accept"))
    assert plan["state"] == "failed"
    states = {step["step"]["cell"]: step["state"] for step in plan["steps"]}
    assert (states["cell-0"], states["cell-1"], states["cell-2"]) == ("done", "failed", "left")
    assert "ZeroDivisionError" in plan["reason"]


async def test_cancel_interrupts(book):
    note = book("a = 1", "import time\nfor _ in range(100): time.sleep(0.1)\nb = a", "c = 3")
    await note.start()
    await note.run("cell-0")
    plan = await note.act(await note.propose("cell", "cell-1"), "accept")
    for _ in range(100):
        if any(s["state"] == "running" for s in (await note.api("GET", f"plans/{plan['id']}"))["steps"]):
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    await note.act(plan, "cancel")
    plan = await note.ended(plan, timeout=10)
    assert plan["state"] == "cancelled"
    assert await note.value("'b' in globals()") == "False"


async def test_somebody_ran_something(book):
    note = book("a = 1", "b = a", "x = 9")
    await ran(note)
    note.cells["cell-0"] = "a = 2"
    plan = await note.propose("stale")
    await note.run("cell-2")
    plan = await note.act(plan, "accept")
    assert plan["state"] == "stopped" and "ran in this kernel" in plan["reason"]
    assert await note.value("b") == "1"


async def test_only_one_at_a_time(book, refused):
    note = book("a = 1", "import time; time.sleep(4)")
    await note.start()
    await note.run("cell-0")
    first, second = await note.propose("cell", "cell-1"), await note.propose("cell", "cell-1")
    await note.act(first, "accept")
    await refused(note.act(second, "accept"), 409, "busy")
    await note.act(first, "cancel")
    await note.ended(first, timeout=10)


async def test_without_a_kernel(book, refused):
    note = book("a = 1")
    plan = await note.propose("all")
    assert "no kernel" in plan["reason"]
    await refused(note.act(plan, "accept"), 409, "kernel")
