"""A recorded kernel keeps to its store's budget, and goes on when its records are forgotten."""

from __future__ import annotations

import time

import pytest

from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import World
from tests.store.conftest import History as Author

pytestmark = pytest.mark.py311
MB = 1_000_000


def states(store, notebook_path, sources):
    """Return the state of every cell, as the panel shows it."""
    notebook = store.notebook(notebook_path)
    cells = [SourceCell(f"c{index}", index, source) for index, source in enumerate(sources)]
    history = History(notebook.runs(), store.candidates, store.messages)
    return freshness(cells, history, World(notebook_path.parent), checkpoints=notebook.checkpoints())


def status(kernel):
    """Return what the agent says of itself."""
    return kernel.value("__import__('nbrewind.kernel.agent', fromlist=['current']).current().status()")


def until(condition, seconds=30):
    """Wait for something that happens in the background."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def test_the_store_stays_within_its_budget(kernel, store, notebook_path):
    """Large arrays are made again and again: the old ones go, the head stays, and cells say so."""
    store.set_budget(40 * MB)
    sources = ["import os", *(f"a{index} = os.urandom(4_000_000 + {index})" for index in range(30)), "b = a29[:5]"]
    for index, source in enumerate(sources):
        kernel.run(source, cell=f"c{index}")
        if index > 2:
            kernel.run(f"del a{index - 3}", cell=f"d{index}")
        if index % 6 == 5:
            until(lambda: store.bytes_on_disk() <= 44 * MB)
    until(lambda: store.bytes_on_disk() <= 40 * MB)
    until(lambda: all(checkpoint.saved for checkpoint in store.notebook(notebook_path).checkpoints()))
    shown = {state.id: state for state in states(store, notebook_path, sources)}
    evicted = [state for state in shown.values() if state.checkpoint == "evicted"]
    assert len(evicted) > 8 and all("evicted to keep to the budget" in state.reason for state in evicted)
    notebook = store.notebook(notebook_path)
    before = kernel.value("(hash(a29), b, sorted(n for n in globals() if n[0] == 'a'))")
    head = notebook.heads()[status(kernel)["session"]]
    found = notebook.checkpoint(head)
    assert found.saved and not found.evicted
    kernel.run("a29 = b = None", cell="later")
    report = kernel.text(kernel.run(f"%rewind {head}")[1])
    assert "Rewound to" in report, report
    assert kernel.value("(hash(a29), b, sorted(n for n in globals() if n[0] == 'a'))") == before
    (gone,) = notebook.runs(evicted[0].id)
    assert "Not rewound" in kernel.text(kernel.run(f"%rewind {gone.cell}")[1])
    assert store.doctor(deep=True) == []


def test_the_notebook_stays_within_its_own(kernel, store, notebook_path, tmp_path):
    """The store has room; what another notebook holds is not touched."""
    other = store.notebook(tmp_path / "other.ipynb")
    author = Author(store, other)
    for seed in b"123":
        author.run({"x": bytes([seed]) * 9_000_000}, seconds=0.0)
    notebook = store.notebook(notebook_path)
    notebook.set_budget(40 * MB)
    kernel.run("import os", cell="c")
    for index in range(30):
        kernel.run(f"a = os.urandom(4_000_000 + {index})", cell=f"c{index}")
        if index % 6 == 5:
            until(lambda: store.bytes_held(notebook) <= 44 * MB)
    until(lambda: store.bytes_held(notebook) <= 40 * MB)
    until(lambda: all(checkpoint.saved for checkpoint in notebook.checkpoints()))
    assert sum(bool(checkpoint.evicted) for checkpoint in notebook.checkpoints()) > 15
    assert store.bytes_held(notebook) > 20 * MB, "no more goes than must"
    assert not any(checkpoint.evicted for checkpoint in other.checkpoints())
    assert status(kernel)["failure"] == ""
    assert store.doctor(deep=True) == []


def test_an_evicted_cell_stays_fresh_and_runs_in_a_plan(kernel, store, notebook_path):
    sources = ["import random\na = random.Random(1).randbytes(1_000_000)", "n = len(a)", "a = None"]
    kernel.cells(sources)
    until(lambda: all(checkpoint.saved for checkpoint in store.notebook(notebook_path).checkpoints()))
    assert store.clean(10_000).evictions
    shown = states(store, notebook_path, sources)
    assert [state.freshness for state in shown] == ["fresh", "fresh", "fresh"]
    assert [state.checkpoint for state in shown] == ["evicted", "evicted", "saved"]
    assert not store.candidates(store.notebook(notebook_path).runs("c0")[0].code)


def test_a_notebook_is_forgotten_while_its_kernel_records(kernel, store, notebook_path, records):
    kernel.cells(["a = [1]", "b = [a]"])
    until(lambda: all(checkpoint.saved for checkpoint in store.notebook(notebook_path).checkpoints()))
    old = store.notebook(notebook_path)
    store.forget(old)
    reply, messages = kernel.run("a.append(2)", cell="c2")
    assert reply["status"] == "ok" and not kernel.text(messages)
    until(lambda: [checkpoint.saved for checkpoint in store.notebook(notebook_path).checkpoints()] == [True, True])
    assert store.notebook(notebook_path).id != old.id
    outside, run = records()
    assert outside.unknown == ("what was recorded before was forgotten",)
    assert {version.key for version in outside.writes} >= {"var:a", "var:b"}
    assert run.cell == "c2" and {version.key for version in run.writes} == {"var:a", "var:b"}
    assert status(kernel)["failure"] == ""
    kernel.run("a = b = None", cell="c3")
    kernel.run("%rewind c2")
    assert kernel.value("(a, b, b[0] is a)") == ([1, 2], [[1, 2]], True)
    assert len(list((store.directory / "notebooks").glob("*.sqlite"))) == 1
    assert store.doctor(deep=True) == []


def test_a_notebook_is_forgotten_while_a_cell_runs(kernel, store, notebook_path, records):
    kernel.cells(["a = [1]"])
    request = kernel.send("import time\ntime.sleep(1)\nb = 1\nb", cell="c1")
    time.sleep(0.4)
    store.forget(store.notebook(notebook_path))
    reply, messages = kernel.wait(request)
    assert reply["status"] == "ok" and not kernel.text(messages)
    kernel.run("c = a", cell="c2")
    assert [run.cell for run in records()] == ["", "c2"]
    assert store.doctor(deep=True) == []


def test_a_cell_and_a_name_are_forgotten_while_a_kernel_records(kernel, store, notebook_path, records):
    kernel.cells(["a = [1]", "b = [a]", "c = 3"])
    until(lambda: all(checkpoint.saved for checkpoint in store.notebook(notebook_path).checkpoints()))
    store.forget(store.notebook(notebook_path), cell="c1")
    reply, messages = kernel.run("d = a", cell="c3")
    assert reply["status"] == "ok" and not kernel.text(messages)
    store.forget(store.notebook(notebook_path), name="c")
    kernel.run("e = c + 1", cell="c4")
    kernel.run("c = 3", cell="c2")
    until(lambda: all(checkpoint.saved for checkpoint in store.notebook(notebook_path).checkpoints()))
    assert [run.cell for run in records()] == ["c0", "c2", "c3", "c4", "c2"]
    assert status(kernel)["failure"] == ""
    assert store.doctor(deep=True) == []
    kernel.run("c = 4", cell="c5")
    report = kernel.text(kernel.run("%rewind c3")[1])
    assert "lost" in report and "forgotten" in report
