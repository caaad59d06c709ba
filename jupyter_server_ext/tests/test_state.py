"""`POST nbrewind/api/state`: what is shown as fresh is fresh, and nothing is live that is not."""

from __future__ import annotations

import asyncio
import os
import shutil

from nbrewind.analysis import source_digest


async def test_nothing_recorded(book, store_dir):
    note = book("a = 1", "b = a + 1")
    answer = await note.state()
    assert answer["sequence"] == 0
    assert [cell["freshness"] for cell in answer["cells"]] == ["never run", "never run"]
    assert [facts["writes"] for facts in answer["facts"]] == [["a"], ["b"]]
    assert answer["edges"] == [
        {"from": "cell-0", "to": "cell-1", "names": ["a"], "kind": "variable", "evidence": "static"}
    ]
    assert not store_dir.exists()


async def test_texts_are_asked_for_once(book, api):
    note = book("a = 1", "b = 2")
    missing = (await api("POST", "state", note.question()))["missing"]
    assert missing == [source_digest("a = 1"), source_digest("b = 2")]
    assert (await api("POST", "state", note.question(["a = 1"])))["missing"] == [source_digest("b = 2")]
    assert (await api("POST", "state", note.question(["b = 2"])))["missing"] == []
    assert len((await api("POST", "state", note.question()))["cells"]) == 2


async def test_half_a_surrogate_pair(book, api):
    """A browser counts it as U+FFFD in a digest, and writes it as it is in JSON."""
    note = book("a = 1")
    note.cells["cell-0"] = "a = '\ud83d'"
    asked = note.question()
    digest = asked["cells"][0]["source"] = source_digest("a = '�'")
    answer = await api("POST", "state", asked | {"texts": {digest: "a = '\ud83d'"}})
    assert answer["cells"][0]["freshness"] == "never run"


async def test_the_notebooks_policies_count(book, api, refused):
    note = book("import time\nx = time.time_ns()", "print(x)", "y = 5")
    await note.start()
    await note.run()
    states = (await note.state())["cells"]
    assert [cell["freshness"] for cell in states] == ["fresh"] * 3
    assert states[0]["reason"].endswith("; used the clock as recorded")
    states = (await note.state(policies={"clock": "run"}))["cells"]
    assert [cell["freshness"] for cell in states] == ["unknown", "unknown", "fresh"]
    assert states[0]["reason"] == "it used the clock, and the policy is clock=run"
    plan = await api("POST", "plans", note.question() | {"policies": {"clock": "run"}, "target": "all"})
    assert [step["step"]["cell"] for step in plan["steps"] if step["step"]["action"] == "run"] == ["cell-0", "cell-1"]
    wrong = note.question() | {"policies": {"clok": "run"}}
    message = await refused(api("POST", "state", wrong), 400, "request")
    assert "there is no policy 'clok'" in message


async def test_run_edit_restart(book):
    note = book("a = 1", "b = a + 1", "c = 5")
    await note.start()
    await note.run()
    answer = await note.state(nonce=note.nonce)
    assert answer["sequence"] > 0 and answer["reachable"]
    assert [(cell["freshness"], cell["in_kernel"]) for cell in answer["cells"]] == [("fresh", "live")] * 3
    assert answer["head"] == answer["facts"][2]["checkpoint_id"] != ""
    assert answer["facts"][1]["status"] == "ok" and answer["facts"][1]["session"] == note.session
    assert answer["edges"][0]["evidence"] == "observed"
    assert not (await note.state(nonce="another"))["reachable"]

    note.cells["cell-0"] = "a = 2"
    assert await note.freshness() == ["edited", "upstream stale", "fresh"]
    await note.run("cell-0")
    assert await note.freshness() == ["fresh", "input changed", "fresh"]

    head = (await note.state())["head"]
    await note.manager.restart_kernel(now=True)
    await note.client.wait_for_ready(timeout=60)
    note.session = ""
    before = await note.state()
    await note.attach()
    answer = await note.state()
    for found in (before, answer):
        assert {cell["in_kernel"] for cell in found["cells"]} == {"no"}
        assert (found["head"], found["last"]) == ("", head)
    await note.run("cell-2")
    answer = await note.state()
    assert answer["last"] == "" and answer["cells"][2]["in_kernel"] == "live"


async def test_files_are_looked_at(book):
    note = book("text = open('data.txt').read()", "import os\nhome = os.environ.get('HOME')")
    (note.file.parent / "data.txt").write_text("one")
    await note.start()
    await note.run()
    answer = await note.state()
    assert [cell["freshness"] for cell in answer["cells"]] == ["fresh", "fresh"], answer["cells"]
    assert answer["facts"][0]["outside"] == [{"names": ["file data.txt"], "kind": "file", "cell": ""}]
    (note.file.parent / "data.txt").write_text("two")
    assert (await note.freshness())[0] == "input changed"


async def test_another_environment(book, app, monkeypatch):
    """Packages that are not installed where the server runs may well be there in the kernel."""
    note = book("import numpy\nv = numpy.__name__")
    await note.start()
    await note.run()
    monkeypatch.setattr("nbrewind.planning.outside.package_digest", lambda name: "absent")
    monkeypatch.setattr(app.kernels, "shares_environment", lambda kernel: False)
    assert await note.freshness() == ["fresh"]
    note.session = ""
    assert await note.freshness() == ["fresh"]


async def test_rename_and_copy(book):
    note = book("a = 1", "b = 2", "c = 3")
    await note.start()
    await note.run()
    await note.saved()  # each of that counts, too
    sequence = (await note.state())["sequence"]
    copy = note.file.with_name("copy.ipynb")
    shutil.copy(note.file, copy)
    note.path = "folder/copy.ipynb"
    note.session = ""
    answer = await note.state()
    assert (
        answer["sequence"] == 0
    )  # a history of its own, which is empty; all records answer, but nobody knows what it shows
    assert {cell["freshness"] for cell in answer["cells"]} == {"never run"}
    assert "a recorded run of the same code answers it" in answer["cells"][0]["reason"]
    os.rename(note.file, note.file.with_name("moved.ipynb"))
    note.path = "folder/moved.ipynb"
    assert (await note.state())["sequence"] == sequence


async def test_many_questions_at_once(book, app):
    """All are answered, one at a time for each notebook."""
    note = book("a = 1", "b = a + 1")
    await note.state()
    answers = await asyncio.gather(*(note.state() for _ in range(8)))
    assert all(len(answer["cells"]) == 2 for answer in answers)


async def test_where_a_text_uses_names(api, refused):
    found = await api("POST", "spans", {"text": "größe = a\ndel a"})
    assert found["spans"] == [
        {"name": "größe", "use": "write", "line": 1, "start": 0, "end": 5},
        {"name": "a", "use": "read", "line": 1, "start": 8, "end": 9},
        {"name": "a", "use": "delete", "line": 2, "start": 4, "end": 5},
    ]
    assert (await api("POST", "spans", {"text": "no python"}))["spans"] == []
    await refused(api("POST", "spans", {}), 400, "request")


async def test_a_cell_that_a_record_answered_here_is_fresh(book):
    first = book("a = [1]", "b = [n + 1 for n in a]")
    await first.start()
    await first.run()
    again = book(*first.cells.values(), path="folder/again.ipynb")
    assert await again.freshness() == ["never run", "never run"], "what it shows is not known"
    await again.start()
    await again.value("__import__('nbrewind.kernel.agent', fromlist=['current']).current().set_mode('repeat')")
    await again.run("cell-0")
    assert await again.freshness() == ["fresh", "never run"]
    assert [cell["in_kernel"] for cell in (await again.state())["cells"]] == ["restored", "no"]
    await again.run("cell-1")
    assert await again.freshness() == ["fresh", "fresh"] and await again.value("b") == "[2]"
