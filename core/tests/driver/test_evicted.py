"""A repeat where contents were evicted, or go meanwhile: what is gone runs again, and what is shown is right."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from driver_notebooks import audited, notebook, plain, ran, repeated

from nbrewind.driver.compare import differences
from nbrewind.store import Store
from nbrewind.store.lease import Busy

CELLS = [
    ("imports", "import hashlib"),
    ("first", "a = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(16_000))"),
    ("second", "b = a[::-1]"),
    ("third", "c = hashlib.sha256(b).hexdigest()\nc"),
    ("change", "a = bytearray(a)\na[5] = 7"),
    ("fourth", "d = hashlib.sha256(a).hexdigest()\nd"),
    ("fifth", "b = None\nd[:3] + c[:3]"),
]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a folder with an audited notebook and its store."""
    with Store.open(tmp_path / "store") as store:
        result = audited(notebook(CELLS), tmp_path / "n.ipynb", store)
    assert not [run for run in result.runs if run.status != "ok"]
    return tmp_path


@pytest.mark.py311
def test_what_is_gone_runs_again_where_it_is_needed(recorded: Path) -> None:
    edited = [(name, source.replace("[:3] + c", "[:4] + c")) for name, source in CELLS]
    edited[3] = ("third", "c = hashlib.sha256(b + b'.').hexdigest()\nc")
    with Store.open(recorded / "store") as store:
        done = store.clean(600_000)
        assert {entry.cell for entry in done.evictions} >= {"second"}
        made = notebook(edited)
        result = repeated(made, recorded / "n.ipynb", store)
        assert not result.failed
        assert {"imports", "second", "third", "fifth"} <= set(ran(result))
        assert differences(made.cells, plain(notebook(edited), recorded / "full").cells) == []
        assert store.doctor(deep=True) == []
        again = notebook(edited)
        assert ran(repeated(again, recorded / "n.ipynb", store)) == ["imports"], "and is there again"
        assert differences(again.cells, made.cells) == []


@pytest.mark.py311
def test_contents_go_while_a_repeat_loads_them(recorded: Path) -> None:
    edited = [(name, source.replace("[:3] + c", "[:4] + c")) for name, source in CELLS]
    full = plain(notebook(edited), recorded / "full")
    ended = threading.Event()

    def clean() -> None:
        with Store.open(recorded / "store") as cleaner:
            while not ended.wait(0.01):
                try:
                    cleaner.clean(1)
                except Busy:
                    continue

    with Store.open(recorded / "store") as store:
        for notebook_index in store.notebooks():
            with notebook_index.database.write() as connection:  # nothing but what is made from now on is protected
                connection.execute("DELETE FROM heads")
                connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'sequence'")
        thread = threading.Thread(target=clean)
        thread.start()
        try:
            made = notebook(edited)
            result = repeated(made, recorded / "n.ipynb", store)
        finally:
            ended.set()
            thread.join()
        assert not result.failed, result.failed
        assert differences(made.cells, full.cells) == []
        assert store.doctor(deep=True) == []
