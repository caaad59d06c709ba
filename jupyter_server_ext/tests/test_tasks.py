"""Tasks of a notebook by REST, and workers on the server's machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbrewind_server import workers

CALLS = """from concurrent.futures import ThreadPoolExecutor
from nbrewind import MemoExecutor
executor = MemoExecutor(ThreadPoolExecutor(2))"""
SUBMIT = """def square(n):
    return n * n
[each.result() for each in [executor.submit(square, n) for n in range(5)]]"""
MANAGER = """import os; os.environ['CATALOG_HOST'] = 'localhost'
import ndcctools.taskvine as vine
m = vine.Manager(0, run_info_path='info'); m.port"""
SECRET = "planted-hunter2-secret"
WAIT = (
    f"m.log_txn_app('password={SECRET}')\n"
    + """tasks = [vine.PythonTask(abs, -n) for n in range(3)]
for task in tasks: m.submit(task)
found = []
while not m.empty():
    task = m.wait(5)
    if task: found.append(task.output)
sorted(found)"""
)


async def test_tasks_are_told_by_cell(book, api):
    note = book(CALLS, SUBMIT, SUBMIT + "\n")
    none = await api("GET", "tasks", path=note.path, session="")
    assert (none["cells"], none["managers"], none["session"]) == ([], [], "")
    await note.start()
    await note.run()
    await asyncio.sleep(0.5)
    for session in (note.session, ""):
        found = await api("GET", "tasks", path=note.path, session=session)
        first, second = found["cells"]
        assert (first["cell"], first["done"], first["answered"], first["waiting"]) == ("cell-1", 5, 0, 0)
        assert first["reasons"] == [{"text": "nothing like it is recorded", "count": 5}]
        assert (second["cell"], second["done"], second["answered"], second["reasons"]) == ("cell-2", 0, 5, [])
        assert found["session"] == note.session
    assert (await note.state())["tasks"]
    one = await api("GET", "tasks/cell", path=note.path, cell="cell-1")
    assert [task["state"] for task in one["tasks"]] == ["done"] * 5
    assert {(task["name"], task["is_recorded"], bool(task["key"])) for task in one["tasks"]} == {("square", True, True)}
    await note.stop()
    found = await api("GET", "tasks", path=note.path, session="")
    assert ([cell["done"] for cell in found["cells"]], found["session"]) == ([5, 0], "")
    shares = await api("GET", "storage/notebook", path=note.path)
    assert [(share["key"], share["tasks"]) for share in shares["cells"] if share["tasks"]] == [("cell-1", 5)]
    forgotten = await api("POST", "storage/forget", {"path": note.path, "cell": "cell-2", "preview": True})
    assert forgotten["tasks"] == 0  # they have answered there, and belong to the cell that ran them


async def test_a_local_worker_runs_what_a_manager_has(book, api, told, refused, app):
    pytest.importorskip("ndcctools.taskvine", reason="there is no TaskVine: scripts/taskvine.sh says why")
    note = book(MANAGER, WAIT)
    await note.start()
    await note.run("cell-0")
    await asyncio.sleep(0.5)
    found = await api("GET", "tasks", path=note.path, session=note.session)
    [manager] = found["managers"]
    assert (manager["status"], manager["refusal"], manager["workers"]) == ("open", "", 0)
    start = {"path": note.path, "session": note.session, "manager": manager["number"]}
    app.workers.most = 2
    await refused(api("POST", "workers/start", {**start, "count": 3}), 400, "request")
    await refused(api("POST", "workers/start", {**start, "manager": 99}), 404, "unknown")
    await refused(api("POST", "workers/start", {**start, "session": "other"}), 409, "kernel")
    found = await api("POST", "workers/start", start)
    [worker] = found["workers"]
    [pid] = [one.process.pid for one in app.workers._running.values()]
    assert await note.run("cell-1") == "ok"
    await told.wait("urn:nbrewind:tasks", 2)
    found = await api("GET", "tasks", path=note.path, session=note.session)
    assert [(cell["cell"], cell["done"]) for cell in found["cells"]] == [("cell-1", 3)]
    assert found["managers"][0]["workers"] == 1
    one = await api("GET", "tasks/cell", path=note.path, cell="cell-1")
    [log] = [log for log in one["logs"] if log["name"] == "transactions"]
    assert (log["manager"], log["left_out"]) == (manager["number"], 0)
    query = {"path": note.path, "run": one["run"], "manager": log["manager"], "name": "transactions"}
    told = await api("GET", "tasks/log", **query)
    assert len(told["text"].encode()) == log["bytes"] and told["left_out"] == 0
    assert f"nbrewind task=1 key=task:{one['tasks'][0]['key']}" in told["text"]
    assert SECRET not in told["text"] and "password=[removed]" in told["text"]
    await refused(api("GET", "tasks/log", **{**query, "manager": "x"}), 404, "unknown")
    found = await api("POST", "workers/stop", {"path": note.path, "workers": [worker["id"]]})
    assert found["workers"] == []
    assert not Path(f"/proc/{pid}").exists()


def alive(group):
    """Return the processes of a group that live."""
    found = subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True).stdout.split()
    return [pid for pid in found if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells the program that its keeper was killed")
@pytest.mark.parametrize("how", ["closed", "killed"])
async def test_what_a_worker_has_started_ends_with_the_server(tmp_path, how):
    """The server is gone, or the process that keeps the worker: nothing is left."""
    script = f"import subprocess, time; subprocess.Popen(['sleep', '100']); open({str(tmp_path / 'pid')!r}, 'w')"
    program = [sys.executable, "-c", script + "; time.sleep(100)"] if how == "closed" else ["sleep", "100"]
    read, write = os.pipe()
    keeper = subprocess.Popen([sys.executable, "-I", str(workers.KEEPER), *program], stdin=read)
    os.close(read)
    for _ in range(100):
        await asyncio.sleep(0.1)
        children = subprocess.run(["pgrep", "-P", str(keeper.pid)], capture_output=True, text=True).stdout.split()
        if children and (how == "killed" or (tmp_path / "pid").exists()):
            break
    [group] = children
    assert len(alive(group)) == (2 if how == "closed" else 1)
    if how == "killed":
        keeper.kill()
    os.close(write)
    keeper.wait(20)
    for _ in range(50):
        if not alive(group):
            break
        await asyncio.sleep(0.1)
    assert not alive(group)
