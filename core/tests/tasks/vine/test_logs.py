"""Logs of managers stay with the run that made them, joined by our keys, without secrets; the folder is left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tasks.vine.books import Book
from tasks.vine.conftest import BIN

from nbrewind.cli.tasks import _used
from nbrewind.store import Store
from nbrewind.store.task_logs import logs_of
from nbrewind.tasks.vine import logs

SECRET = "planted-hunter2-secret"
WORKER = f"""
import subprocess, tempfile
worker = subprocess.Popen([{str(BIN / "vine_worker")!r}, "localhost", str(m.port), "--cores", "1", "--memory", "400",
    "--disk", "400", "--parent-death", "--workspace", tempfile.mkdtemp(), "--password", "word.txt"],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""
CELLS = {
    "manager": "import ndcctools.taskvine as vine\n"
    "m = vine.Manager(port=0, run_info_path='info')\nm.set_password_file('word.txt')\n"
    f"m.log_txn_app('a line of mine with {SECRET} in it, and password=another-planted-one')",
    "worker": WORKER,
    "run": "m.submit(vine.Task('echo hello'))\n"
    "while not m.empty():\n    t = m.wait(5)\n"
    "    if t: print(t.id, t.std_output)",
    "end": "m._free()\nworker.kill()",
}


def audit(folder: Path) -> list[str]:
    """Audit the notebook; return all that is kept, by cell, as text."""
    (folder / "word.txt").write_text(SECRET + "\n")
    Book(folder, CELLS).run("audit")
    found = []
    with Store.open(folder / ".store") as store:
        (notebook,) = store.notebooks()
        for cell in CELLS:
            (run,) = notebook.runs(cell)
            found.append({log.name: log.text.decode() for log in logs_of(notebook, run.id)})
    return found


def test_logs_are_kept_with_the_runs_that_made_them(vine, tmp_path):
    manager, worker, run, end = audit(tmp_path)
    assert manager == {}  # it was not open
    assert "TASK 1 DONE SUCCESS" in run["transactions"]
    assert "TASK 1" not in worker.get("transactions", "")
    assert "MANAGER" in end["transactions"]
    assert "TASK 1 DONE" not in end["transactions"]
    folder = next((tmp_path / "info").glob("2*")) / "vine-logs"
    whole = "".join(cell.get("transactions", "") for cell in (manager, worker, run, end))
    mine = (folder / "transactions").read_text()
    assert SECRET in mine  # the user's log is as TaskVine wrote it
    assert SECRET not in whole
    assert "another-planted-one" not in whole
    assert mine.replace(SECRET, "[removed]").replace("another-planted-one", "[removed]") == whole
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        {"debug", "performance", "taskgraph", "transactions", "workflow.json"}
    )
    shown = subprocess.run(
        [sys.executable, "-m", "nbrewind.cli", "tasks", "book.ipynb", "run", "--json", "--store", ".store"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(shown.stdout)
    (task,) = told["tasks"]
    assert (task["id"], task["action"], bool(task["host"])) == (1, "ran", True)
    assert task["resources"]["cores"] == 1
    words = subprocess.run(
        [sys.executable, "-m", "nbrewind.cli", "tasks", "book.ipynb", "run", "--store", ".store"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "1 core, " in words.stdout
    assert f"nbrewind task=1 key=task:{task['key']}" in run["transactions"]  # joined by our keys
    assert {log["name"] for log in told["logs"]} >= {"transactions"}


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"cores": 1.0, "memory": 400.0}, "1 core, 400 MB of memory"),
        ({"cores": 2, "memory": 0.5}, "2 cores, 0.5 MB of memory"),
        ({"cores": 0.0, "memory": 0.0}, ""),  # a call has what its library has
        ({"cores": -1.0, "memory": 250}, "250 MB of memory"),  # it is not known
        ({"cores": None, "memory": "much"}, ""),
        ({}, ""),
    ],
)
def test_what_a_task_had_of_its_worker_is_told_if_it_is_known(resources, words):
    assert _used(resources) == words


@pytest.mark.parametrize(("text", "most"), [("", logs.DEFAULT_LIMIT), ("0", 0), ("2MB", 2_000_000), ("much", 4 << 20)])
def test_the_environment_says_how_much_is_kept(monkeypatch, text, most):
    monkeypatch.setenv(logs.LIMIT, text)
    assert logs.limit() == most


def test_what_is_too_much_is_left_out_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_folders", {})
    kept = logs.ManagerState({})
    (tmp_path / "transactions").write_bytes(b"one line\n" * 100 + b"half a li")
    logs._folders[str(tmp_path)] = logs.LogFolder(kept, str(tmp_path))
    (found,) = logs.collect(100)
    assert (found.text, found.left_out) == (b"one line\n" * 11, 909 - 100)
    assert list(logs.collect(100)) == []
    with open(tmp_path / "transactions", "ab") as stream:
        stream.write(b"ne\nand ")
    (found,) = logs.collect(100)
    assert found.text == b"ne\n"
    kept.closed = True
    (found,) = logs.collect(100)
    assert found.text == b"and "
    assert str(tmp_path) not in logs._folders
