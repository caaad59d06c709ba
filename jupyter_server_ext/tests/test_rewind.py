"""Rewinds and what belongs to them: history, marks, differences, sources, outputs, first rows, events."""

from __future__ import annotations

import asyncio


async def test_rewind_and_undo(book, api, told):
    note = book("a = [1]", "a.append(2)", "b = len(a)")
    await note.start()
    await note.run()
    history = await note.history()
    first, second, third = [row["id"] for row in history["checkpoints"]]
    assert history["heads"] == [{"session": note.session, "checkpoint": third}]
    assert [row["title"] for row in history["checkpoints"]] == ["a = [1]", "a.append(2)", "b = len(a)"]

    request = {"path": note.path, "kernel": note.kernel, "target": "cell-0", "head": third}
    answer = await api("POST", "rewind", request)
    assert answer["report"]["done"] and (answer["before"], answer["after"]) == (third, first)
    assert answer["report"]["removed"] == ["b"]
    assert await note.value("(a, 'b' in globals())") == "([1], False)"
    answer = await note.state()
    assert [cell["in_kernel"] for cell in answer["cells"]] == ["live", "no", "no"]
    assert answer["head"] == first

    undone = await api("POST", "rewind", request | {"target": third, "head": first})
    assert undone["report"]["done"]
    assert await note.value("(a, b)") == "([1, 2], 2)"
    await told.wait("urn:nbrewind:changed")
    assert second in [row["id"] for row in history["checkpoints"]]


async def test_rewind_is_refused(book, api, refused):
    note = book("a = 1", "import time; time.sleep(3)")
    await note.start()
    await note.run("cell-0")
    request = {"path": note.path, "kernel": note.kernel, "target": "cell-0", "partial": False}
    assert "ran" in await refused(api("POST", "rewind", request | {"head": "0123456789ab"}), 409, "moved")
    await refused(api("POST", "rewind", request | {"target": "cell-9"}), 409, "kernel")
    note.send("cell-1")
    await asyncio.sleep(0.3)
    assert "running a cell" in await refused(api("POST", "rewind", request), 409, "busy")


async def test_what_would_be_lost_is_named(book, api):
    note = book("import threading\nlocal = threading.local()", "del local", "a = 1")
    await note.start()
    await note.run()
    request = {"path": note.path, "kernel": note.kernel, "target": "cell-0"}
    answer = await api("POST", "rewind", request)
    assert not answer["report"]["done"]
    assert [entry["name"] for entry in answer["report"]["lost"]] == ["local"]
    assert await note.value("a") == "1"
    answer = await api("POST", "rewind", request | {"partial": True})
    assert answer["report"]["done"]
    assert await note.value("'a' in globals()") == "False"


async def test_marks_difference_sources_outputs(book, api, refused):
    note = book("a = 1", "b = [1, 2, 3]\nprint('made')", "a = 2")
    await note.start()
    await note.run()
    first, second, third = (row["id"] for row in (await note.history())["checkpoints"])

    found = await api("POST", "mark", {"path": note.path, "checkpoint": second, "label": "with b", "keep": True})
    assert [(row["label"], row["keep"]) for row in found["checkpoints"]] == [("", False), ("with b", True), ("", False)]
    found = await api("POST", "mark", {"path": note.path, "checkpoint": second, "label": ""})
    assert (found["checkpoints"][1]["label"], found["checkpoints"][1]["keep"]) == ("", True)

    found = await api("GET", "difference", path=note.path, one=first, other=third)
    assert {entry["name"]: entry["change"] for entry in found["names"]} == {"a": "changed", "b": "added"}
    assert {entry["name"]: entry["cell"] for entry in found["names"]} == {"a": "cell-2", "b": "cell-1"}
    found = await api("GET", "difference", path=note.path, one=third, other=third)
    assert found["names"] == [] and found["same"] == 2

    found = await api("GET", "sources", path=note.path, checkpoint=second)
    assert {entry["cell"]: entry["text"] for entry in found["cells"]} == {
        "cell-0": "a = 1",
        "cell-1": "b = [1, 2, 3]\nprint('made')",
    }
    run = (await note.state())["cells"][1]["run"]
    found = await api("GET", "outputs", run=run)
    assert found["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "made\n"}]

    peek = {"path": note.path, "kernel": note.kernel, "checkpoint": second}
    assert "[1, 2, 3]" in (await api("POST", "peek", peek | {"name": "b"}))["text"]
    found = await api("POST", "peek", peek | {"name": "nothing"})
    assert found["text"] == "" and found["reason"]


async def test_events_follow_runs(book, told):
    note = book("a = 1", "b = 2")
    await note.state()  # who asked is told
    await note.start()
    await note.run("cell-0")
    events = await told.wait("urn:nbrewind:changed")
    assert events[0]["path"] == note.path
    before = (await note.state())["sequence"]
    told.clear()
    await note.run("cell-1")
    events = await told.wait("urn:nbrewind:changed")
    assert events[-1]["sequence"] > before
