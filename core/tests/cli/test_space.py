"""``show``, ``gc``, ``forget``, ``store budget``: without a kernel."""

from __future__ import annotations

import os
import sqlite3

import pytest
from cli_tools import Place


@pytest.fixture
def mine(copied: Place) -> Place:
    """A copy of the audited folder whose store takes the copied notebook for the audited one."""
    with sqlite3.connect(copied.store / "traces.sqlite") as connection:
        connection.execute("UPDATE notebooks SET path = ?", (os.fsencode(copied.folder / "tiny.ipynb"),))
    connection.close()
    return copied


def test_show_a_checkpoint(mine: Place) -> None:
    found = mine("show", "tiny.ipynb", "use", "--json").json
    names = {entry["key"]: entry for entry in found["names"]}
    assert found["cell"] == "use" and {"var:N", "var:f", "var:r", "var:math"} <= names.keys()
    assert names["var:r"]["preview"] == "3 items" and names["var:N"]["loadable"] and not names["var:N"]["reason"]
    shown = mine("show", "tiny.ipynb", "5").out
    assert "list" in shown and shown.splitlines()[-1].endswith(f"at checkpoint {found['checkpoint']}")
    assert mine("show", "tiny.ipynb", found["checkpoint"], "--json").json == found
    wrong = mine("show", "tiny.ipynb", "nothing")
    assert wrong.code == 2 and "is no checkpoint, label, or cell" in wrong.line()


def test_show_what_differs(mine: Place) -> None:
    found = mine("show", "tiny.ipynb", "numbers", "change", "--json").json
    changes = {entry["key"]: entry for entry in found["changes"]}
    assert changes["var:r"]["change"] == "added" and changes["var:f"]["after"]
    assert found["same"] == 2
    back = mine("show", "tiny.ipynb", "change", "numbers", "--json").json
    assert {entry["change"] for entry in back["changes"]} == {"removed"}
    changed = mine("show", "tiny.ipynb", "use", "change", "--json").json["changes"]
    assert [(entry["key"], entry["change"]) for entry in changed] == [("var:r", "changed")]
    assert "changed" in mine("show", "tiny.ipynb", "use", "change").out


def test_the_budget(mine: Place) -> None:
    assert mine("store", "budget", "5GB", "--json").json == {"budget": 5_000_000_000}
    info = mine("store", "info", "--json").json
    assert info["budget"] == 5_000_000_000 and info["garbage"] == 0
    assert "budget       5.0 GB" in mine("store", "info").out
    wrong = mine("store", "budget", "much")
    assert wrong.code == 2 and "is no size, as 500MB or 20GiB is" in wrong.err
    assert "exceeded" in mine("store", "info", NBREWIND_BUDGET="1").out
    assert "can't be used" in mine("gc", NBREWIND_BUDGET="x").line()


def test_the_budget_of_a_notebook(mine: Place) -> None:
    path = str(mine.folder / "tiny.ipynb")
    assert "of notebooks" not in mine("store", "info").out
    assert mine("store", "budget", "1kB", "--notebook", "tiny.ipynb", "--json").json == {
        "notebook": path,
        "budget": 1000,
    }
    info = mine("store", "info", "--json").json
    assert [(each["notebook"], each["budget"]) for each in info["notebook_budgets"]] == [(path, 1000)]
    assert info["budget"] == 20 * 1024**3, "that of the store is what it was"
    assert "of notebooks tiny.ipynb" in mine("store", "info").out
    assert "is 1 B" in mine("store", "budget", "1", "--notebook", "tiny.ipynb").out
    planned = mine("gc", "--dry-run", "--json").json
    assert planned["evictions"] and planned["over"][0]["bytes"] > 1, "the head is there"
    done = mine("gc")
    assert "tiny.ipynb holds" in done.err and "above its own budget of 1 B; more can't go" in done.err
    assert "of 1 B, exceeded" in mine("store", "info").out
    assert "has no budget of its own" in mine("store", "budget", "none", "--notebook", "tiny.ipynb").out
    assert mine("gc", "--json").json["over"] == []
    assert "nothing is recorded of other.ipynb" in mine("store", "budget", "1", "--notebook", "other.ipynb").line()
    assert "none is for --notebook" in mine("store", "budget", "none").line()


def test_gc(mine: Place) -> None:
    planned = mine("gc", "--budget", "1", "--dry-run", "--json").json
    assert planned["evictions"] and planned["after"] < planned["before"]
    assert "would be evicted" in mine("gc", "--budget", "1", "--dry-run").out
    assert mine("gc", "--json").json["evictions"] == [], "all fits in the store's own budget"
    assert mine("gc", "--budget", "1", "--json").json == planned
    cells = {cell["id"]: cell for cell in mine("status", "tiny.ipynb", "--json").json["cells"]}
    assert {cell["freshness"] for cell in cells.values()} == {"fresh"}
    evicted = [cell for cell in cells.values() if cell["checkpoint"] == "evicted"]
    assert evicted and all("evicted to keep to the budget" in cell["reason"] for cell in evicted)
    rows = mine("history", "tiny.ipynb", "--json").json["checkpoints"]
    assert any(row["evicted"] for row in rows) and not rows[-1]["evicted"], "the head is there"
    assert "evicted to keep to the budget" in mine("history", "tiny.ipynb").out
    assert "its content was removed" in mine("show", "tiny.ipynb", evicted[0]["id"]).out
    assert mine("doctor", "--deep").out == "Nothing is wrong.\n"
    assert mine("repeat", "tiny.ipynb", "--json").code == 0


def test_forget(mine: Place) -> None:
    assert "nothing is recorded of cell other" in mine("forget", "tiny.ipynb", "--cell", "other").line()
    assert "nothing is recorded of a variable q" in mine("forget", "tiny.ipynb", "--name", "q").line()
    assert mine("forget", "tiny.ipynb", "--name", "q", "--cell", "3").code == 2
    planned = mine("forget", "tiny.ipynb", "--cell", "3", "--dry-run", "--json").json
    assert (planned["runs"], planned["checkpoints"]) == (1, 1)
    assert mine("forget", "tiny.ipynb", "--cell", "3", "--json").json == planned
    cells = {cell["id"]: cell for cell in mine("status", "tiny.ipynb", "--json").json["cells"]}
    assert cells["numbers"]["freshness"] == "never run" and cells["use"]["freshness"] != "fresh"
    assert "forgotten in" in mine("forget", "tiny.ipynb", "--name", "r").out
    assert "2 runs" not in mine("forget", "tiny.ipynb", "--dry-run").out
    assert "forgotten" in mine("forget", "tiny.ipynb").out
    assert mine("history", "tiny.ipynb", "--json").json["checkpoints"] == []
    assert "nothing is recorded of tiny.ipynb" in mine("forget", "tiny.ipynb").line()
    assert mine("doctor").out == "Nothing is wrong.\n"
