"""What the store holds, cleaning it up, and forgetting, as the sidebar asks for them."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from nbrewind.store import Store

LARGE = "import random\na = random.Random(1).randbytes(2_000_000)"
SMALL = "b = random.Random(2).randbytes(500_000)"


@pytest.fixture
def note(book, jp_asyncio_loop):
    """A notebook whose first cell made 2 MB, and whose second made 0.5 MB; the kernel is after the third."""
    made = book(LARGE, SMALL, "del a, b")

    async def run():
        await made.start()
        await made.run()
        while not all(row["saved"] for row in (await made.history())["checkpoints"]):
            await asyncio.sleep(0.02)

    jp_asyncio_loop.run_until_complete(run())
    return made


async def checkpoints_of(note):
    """Return how the checkpoint of every cell lies on the disk."""
    return [cell["checkpoint"] for cell in (await note.state())["cells"]]


async def test_nothing_is_recorded(book, api, refused, store_dir):
    note = book("a = 1")
    empty = {"directory": str(store_dir), "bytes": 0, "budget": 0, "garbage": 0, "notebooks": []}
    assert await api("GET", "storage") == empty
    assert (await api("GET", "storage/notebook", path=note.path))["notebook"] is None
    assert "nothing is recorded" in await refused(api("POST", "storage/preview", {}), 404, "unknown")
    assert "nothing is recorded" in await refused(api("POST", "storage/clean", {}), 404, "unknown")
    await refused(api("POST", "storage/forget", {"path": note.path}), 404, "unknown")
    assert not store_dir.exists()


async def test_bytes_by_notebook_cell_and_name(note, api):
    storage = await api("GET", "storage")
    assert storage["bytes"] > 2_500_000 and storage["budget"] > 0
    [one] = storage["notebooks"]
    assert (one["path"], one["file"], one["exists"]) == (note.path, str(note.file), True)
    assert one["bytes"] >= one["own"] >= 2_500_000
    assert (one["checkpoints"], one["kept"], one["evicted"], one["budget"]) == (3, 0, 0, None)

    found = await api("GET", "storage/notebook", path=note.path)
    assert found["notebook"] == one
    cells = {share["key"]: share for share in found["cells"]}
    assert [share["key"] for share in found["cells"]][:2] == ["cell-0", "cell-1"]
    assert cells["cell-0"]["bytes"] >= 2_000_000 > cells["cell-1"]["bytes"] >= 500_000
    assert cells["cell-0"]["title"] == "import random"
    names = {share["key"]: share["bytes"] for share in found["names"]}
    assert names["a"] >= 2_000_000 > names["b"] >= 500_000


async def test_a_notebook_with_a_budget_of_its_own(note, api, store_dir):
    with Store.open(store_dir) as store:
        store.notebook(note.file).set_budget(1)
    [one] = (await api("GET", "storage"))["notebooks"]
    assert one["budget"] == 1
    done = await api("POST", "storage/clean", {})
    assert done["after"] < done["before"] < done["budget"]
    assert {each["path"] for each in done["evictions"]} == {note.path}


async def test_a_budget_is_set_and_evicts_nothing(note, api):
    before = await api("GET", "storage")
    assert await api("POST", "storage/budget", {"budget": 7_000_000}) == {"path": "", "budget": 7_000_000}
    mine = {"path": note.path, "budget": 1_000_000}
    assert await api("POST", "storage/budget", mine) == mine
    after = await api("GET", "storage")
    assert (after["budget"], after["notebooks"][0]["budget"]) == (7_000_000, 1_000_000)
    assert after["bytes"] == before["bytes"] and "evicted" not in await checkpoints_of(note)
    assert await api("POST", "storage/budget", {"path": note.path}) == {"path": note.path, "budget": None}
    assert (await api("GET", "storage"))["notebooks"][0]["budget"] is None


async def test_a_budget_that_is_not_set(note, book, api, refused, monkeypatch):
    for path in ("", note.path):
        request = {"path": path, "budget": -1}
        assert "0 bytes or more" in await refused(api("POST", "storage/budget", request), 400, "request")
    assert "in any case" in await refused(api("POST", "storage/budget", {}), 400, "request")
    other = {"path": book("a = 1", path="other.ipynb").path, "budget": 5}
    await refused(api("POST", "storage/budget", other), 404, "unknown")
    monkeypatch.setenv("NBREWIND_BUDGET", "1 GB")
    said = await refused(api("POST", "storage/budget", {"budget": 5}), 400, "request")
    assert "NBREWIND_BUDGET in the server's environment" in said
    assert (await api("GET", "storage"))["budget"] == 1_000_000_000


async def test_a_preview_changes_nothing(note, api):
    before = await api("GET", "storage")
    plan = await api("POST", "storage/preview", {"budget": 0})
    assert plan["before"] > plan["after"]
    assert {one["cell"] for one in plan["evictions"]} >= {"cell-0"}
    [one] = [one for one in plan["evictions"] if one["cell"] == "cell-0"]
    assert (one["path"], one["title"]) == (note.path, "import random")
    assert one["bytes"] >= 2_000_000 and one["seconds"] > 0 and one["reason"]
    assert await api("GET", "storage") == before
    assert "evicted" not in await checkpoints_of(note)


async def test_cleaning_up(note, api, told):
    await note.state()
    told.clear()
    done = await api("POST", "storage/clean", {"budget": 1_000_000})
    assert done["after"] <= done["budget"] == 1_000_000 < done["before"]
    assert "cell-0" in [one["cell"] for one in done["evictions"]]
    after = await api("GET", "storage")
    assert after["bytes"] <= 1_000_000
    assert after["notebooks"][0]["evicted"] == 2  # in the states after both cells
    assert (await checkpoints_of(note))[0] == "evicted"
    [event, *_] = await told.wait("urn:nbrewind:changed")
    assert event["path"] == note.path


async def test_what_is_kept_stays(note, api):
    first = (await note.history())["checkpoints"][0]["id"]
    await api("POST", "mark", {"path": note.path, "checkpoint": first, "keep": True})
    done = await api("POST", "storage/clean", {"budget": 0})
    assert first not in [one["checkpoint"] for one in done["evictions"]]
    assert (await checkpoints_of(note))[0] == "saved"
    assert (await api("GET", "storage"))["notebooks"][0]["kept"] == 1


async def test_within_the_budget_nothing_is_evicted(note, api):
    done = await api("POST", "storage/clean", {})
    assert done["evictions"] == []
    assert "evicted" not in await checkpoints_of(note)


async def test_a_budget_that_makes_no_sense(note, api, refused):
    for path in ("storage/preview", "storage/clean"):
        assert "0 bytes or more" in await refused(api("POST", path, {"budget": -1}), 400, "request")
        await refused(api("POST", path, {"budget": "much"}), 400, "request")


async def test_forgetting_a_name(note, api):
    request = {"path": note.path, "name": "a"}
    preview = await api("POST", "storage/forget", request | {"preview": True})
    assert preview["bytes"] >= 2_000_000
    assert (await api("GET", "storage"))["bytes"] > 2_000_000
    done = await api("POST", "storage/forget", request)
    assert {**done, "bytes": 0} == {**preview, "bytes": 0}
    assert (await api("GET", "storage"))["bytes"] < 2_000_000
    found = await api("GET", "storage/notebook", path=note.path)
    assert "a" not in [share["key"] for share in found["names"] if share["bytes"]]


async def test_forgetting_a_cell(note, api):
    done = await api("POST", "storage/forget", {"path": note.path, "cell": "cell-0"})
    assert done["runs"] == 1
    found = await api("GET", "storage/notebook", path=note.path)
    assert "cell-0" not in [share["key"] for share in found["cells"]]
    assert (await note.freshness())[0] == "never run"


async def test_forgetting_a_notebook(note, book, api):
    other = book("other = 1", path="other.ipynb")
    await other.start()
    await other.run()
    done = await api("POST", "storage/forget", {"path": note.path})
    assert done["checkpoints"] == 3 and done["bytes"] > 2_000_000
    assert [one["path"] for one in (await api("GET", "storage"))["notebooks"] if one["checkpoints"]] == ["other.ipynb"]
    assert (await note.freshness()) == ["never run"] * 3


async def test_forgetting_what_is_not_there(note, api, refused, jp_root_dir):
    forget = {"path": note.path}
    both = refused(api("POST", "storage/forget", forget | {"cell": "cell-0", "name": "a"}), 400, "request")
    assert "not both" in await both
    for path in ("../outside.ipynb", "folder", ".hidden/x.ipynb", "never.ipynb"):
        await refused(api("POST", "storage/forget", {"path": path}), 404, "unknown")


async def test_a_deleted_notebook_can_be_forgotten(note, api):
    await note.stop()
    note.file.unlink()
    [one] = (await api("GET", "storage"))["notebooks"]
    assert (one["path"], one["exists"]) == (note.path, False)
    await api("POST", "storage/forget", {"path": note.path})
    assert [one for one in (await api("GET", "storage"))["notebooks"] if one["checkpoints"]] == []


async def test_notebooks_elsewhere_have_no_path(note, api, refused, tmp_path, jp_serverapp):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(note.file, elsewhere / "note.ipynb")
    jp_serverapp.contents_manager.root_dir = str(elsewhere)
    [one] = (await api("GET", "storage"))["notebooks"]
    assert (one["path"], one["file"]) == ("", str(note.file))
    assert (await api("GET", "storage/notebook", path="note.ipynb"))["notebook"] is None
    plan = await api("POST", "storage/preview", {"budget": 0})
    assert {one["path"] for one in plan["evictions"]} <= {""}
    await refused(api("POST", "storage/forget", {"path": "note.ipynb"}), 404, "unknown")


async def test_after_a_notebook_was_forgotten_its_runs_are_recorded_again(note, api, told):
    await note.state()
    await api("POST", "storage/forget", {"path": note.path})
    told.clear()
    await note.run()
    assert (await note.freshness()) == ["fresh"] * 3
    assert (await told.wait("urn:nbrewind:changed"))[0]["path"] == note.path
    [one] = (await api("GET", "storage"))["notebooks"]
    assert one["path"] == note.path and one["checkpoints"] >= 3
