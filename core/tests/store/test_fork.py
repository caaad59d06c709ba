"""A fork: the child can't use the parent's connections, can't hurt them, and is told so."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nbrewind
from nbrewind.store import Content, Store, StoreError

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def _in_child(work: Callable[[], None]) -> None:
    """Run ``work`` in a forked child; it must not raise."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.py311
def test_a_child_is_refused_in_words(store: Store, history: Any) -> None:
    checkpoint = history.run({"x": b"1"})

    def child() -> None:
        for call in (
            lambda: store.candidates("code:1"),
            lambda: history.notebook.state(checkpoint.id),
            lambda: history.run({"x": b"2"}),
            lambda: Store.open(store.directory),
        ):
            with pytest.raises(StoreError, match="was open when this process was forked"):
                call()

    _in_child(child)
    history.run({"x": b"3"})
    assert history.values(history.head) == {"x": b"3"}
    assert len(history.notebook.runs()) == 2
    assert store.doctor(deep=True) == []


def test_a_child_can_use_another_store(store: Store, history: Any, tmp_path: Path) -> None:
    history.run({"x": b"1"})

    def child() -> None:
        with Store.open(tmp_path / "other") as other:
            other.sync()
            assert other.get(other.put(Content(b"1", [], b"")).id).stream == b"1"

    _in_child(child)


def test_a_store_that_was_closed_before_the_fork_can_be_opened(directory: Path) -> None:
    Store.open(directory).close()

    def child() -> None:
        with Store.open(directory) as store:
            store.put(Content(b"1", [], b""))

    _in_child(child)
    with Store.open(directory) as store:
        assert store.database.read("SELECT COUNT(*) FROM snapshots") == [(1,)]


SCRIPT = """
import os, sys
from nbrewind.store import Content, Store
store = Store.open(sys.argv[1])
store.put(Content(b"value", [], b""))
store.sync()
log = f"{store.database.path}-wal"
size = os.stat(log).st_size
if os.fork() == 0:
    sys.exit()  # ends like any script: modules, objects and connections are finalised
os.wait()
assert os.stat(log).st_size == size > 0
other = store.put(Content(b"other", [], b""))
store.sync()
assert store.get(other.id).stream == b"other" and store.doctor(deep=True) == []
"""


def test_a_child_that_ends_leaves_the_parents_log_alone(directory: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(nbrewind.__path__[0]).parent)}
    subprocess.run([sys.executable, "-c", SCRIPT, str(directory)], env=environ, check=True, timeout=60)


def test_fork_while_other_threads_write(store: Store, notebook: Any, new_history: Any) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def write(session: str) -> None:
        try:
            history = new_history(store, notebook, session)
            while not stop.is_set():
                history.run({"x": session.encode()})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"s{number}",)) for number in range(2)]
    for thread in threads:
        thread.start()

    def child() -> None:
        with pytest.raises(StoreError, match="forked"):
            store.sync()
        with pytest.raises(StoreError, match="forked"):
            notebook.runs()
        with pytest.raises(StoreError, match="forked"):
            store.put(Content(b"1", [], b""))

    try:
        for _ in range(10):
            _in_child(child)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert store.doctor(deep=True) == []
