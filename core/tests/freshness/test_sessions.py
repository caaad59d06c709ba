"""What goes wrong while cells run, and others who use the same kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from .book import EDITED, FRESH, Book

STALE = ("upstream stale", "reads a, which cell 2 changes")
OUTSIDE = ("out of order", "it read x as code made it that is no cell of the notebook")


def test_an_edit_while_the_cell_is_queued(book) -> None:
    made = book("x = 1", "print(x)", "import time\ntime.sleep(0.5)")
    made.text["c1"] = "x = 2"
    requests = [made.send("c3"), made.send("c1")]
    made.text["c1"] = "x = 3"
    for request in requests:
        made.kernel.wait(request)
    made.run("c2")
    assert made.said() == {"c1": EDITED, "c2": ("upstream stale", "reads x, which cell 1 changes"), "c3": FRESH}
    assert made.flows() == {("c1", "c2", "x")}
    made.text["c1"] = "x = 2"
    assert set(made.said().values()) == {FRESH}, "what ran is what was sent"


@pytest.mark.py311
def test_what_a_failed_cell_changed_counts(book) -> None:
    made = book("a = [1]", "a.append(2)\n1 / 0", "print(a)")
    failed = ("failed", "its last run ended with ZeroDivisionError: division by zero")
    assert made.said() == {"c1": FRESH, "c2": failed, "c3": STALE}
    assert made.flows() == {("c1", "c2", "a"), ("c2", "c3", "a")}
    made.text["c2"] = "a.append(2)"
    made.run("c2")
    assert made.said()["c2"] == ("out of order", "it read a as its own earlier run left it")
    assert made.said()["c3"] == STALE
    assert made.flows() == {("c1", "c2", "a"), ("c2", "c3", "a")}
    made.run()
    assert set(made.said().values()) == {FRESH}


@pytest.mark.py311
def test_what_an_interrupted_cell_changed_counts(book) -> None:
    made = book("a = [1]", "pass", "print(a)")
    made.text["c2"] = "import time\na.append(2)\nprint('here', flush=True)\nfor _ in range(600): time.sleep(0.1)"
    request = made.send("c2")
    while made.kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    made.kernel.manager.interrupt_kernel()
    made.kernel.wait(request)
    made.run("c3")
    assert made.said() == {"c1": FRESH, "c2": ("failed", "its last run was interrupted"), "c3": STALE}
    assert made.flows() == {("c1", "c2", "a"), ("c2", "c3", "a")}


def test_code_of_a_console(book) -> None:
    made = book("x = 1", "print(x)")
    made.kernel.run("x = 5")
    assert set(made.said().values()) == {FRESH}, "nothing that is shown is another"
    made.run("c2")
    assert (made.said()["c1"], made.said()["c2"]) == (FRESH, OUTSIDE)
    made.kernel.run("x = 1")
    made.run("c2")
    assert set(made.said().values()) == {FRESH}, "the value is equal"
    made.kernel.run("print(x)")
    made.run("c1", "c2")
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c2", "x")})


@pytest.fixture
def client(kernel) -> Iterator[BlockingKernelClient]:
    """Return another client of the same kernel."""
    found = BlockingKernelClient()
    found.load_connection_file(kernel.manager.connection_file)
    found.start_channels()
    found.wait_for_ready(timeout=60)
    yield found
    found.stop_channels()
    found.context.destroy(linger=0)


def test_code_of_another_client(book, client) -> None:
    made = book("x = 1", "print(x)")
    client.execute_interactive("x = 5", timeout=60)
    made.run("c2")
    assert made.said() == {"c1": FRESH, "c2": OUTSIDE}


def test_code_that_another_client_runs_silently(book, client) -> None:
    made = book("x = 1", "print(x)")
    client.execute("x = 6", silent=True)
    client.get_shell_msg(timeout=60)
    made.run("c2")
    assert made.said() == {"c1": FRESH, "c2": ("input changed", "x has another value than when it ran")}
    made.run("c1", "c2")
    assert set(made.said().values()) == {FRESH}


def test_cells_of_another_notebook_on_the_same_kernel(book) -> None:
    """The kernel records for the notebook that attached first; who comes later does not change that."""
    made = book("x = 1", "print(x)")
    made.kernel.run("x = 5", cell="elsewhere")
    made.run("c2")
    assert made.said() == {
        "c1": FRESH,
        "c2": ("out of order", "it read x as a cell made it that is not in the notebook"),
    }
    made.run("c1", "c2")
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c2", "x")})


def test_a_kernel_that_is_attached_to_another_notebook_and_back(book, store, tmp_path) -> None:
    made = book("x = 1", "print(x)")
    other = Book(made.kernel, tmp_path / "other.ipynb", store, ["x = 5", "print(x)"])
    made.kernel.attach(other.path, store.directory)
    other.run()
    assert set(other.said().values()) == {FRESH}
    made.kernel.attach(made.path, store.directory)
    made.run("c2")
    assert made.said() == {"c1": FRESH, "c2": ("input changed", "x has another value than when it ran")}
    assert set(other.said().values()) == {FRESH}
    made.run("c1", "c2")
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c2", "x")})
