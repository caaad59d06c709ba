"""The traps of IPython's events: nesting, imbalance, silent executes, errors, interrupts."""

from __future__ import annotations

import threading
import time

import pytest

pytestmark = pytest.mark.py311


def test_three_cells_leave_right_records(kernel, records, store):
    replies = kernel.cells(["a = 2\ndef f(x):\n    return x * a", "b = f(21)\nprint('b is', b)", "b + 1"])
    assert [reply["status"] for reply, _ in replies] == ["ok"] * 3
    runs = records()
    assert [run.cell for run in runs] == ["c0", "c1", "c2"]
    assert [run.number for run in runs] == [1, 2, 3]
    assert [sorted(version.key for version in run.writes) for run in runs] == [["var:a", "var:f"], ["var:b"], []]
    read = {entry.key: entry.run for entry in runs[1].inputs}
    assert read["var:f"] == read["var:a"] == runs[0].id
    assert not any(run.unknown for run in runs)
    assert [output["text"] for output in store.outputs(runs[1].id)] == ["b is 42\n"]
    assert store.outputs(runs[2].id)[0]["data"]["text/plain"] == "43"
    assert all(run.execution_count == number + 1 for number, run in enumerate(runs))
    assert all(0 < run.overhead < 1 for run in runs)


def test_every_checkpoint_is_saved_and_follows_the_one_before(kernel, store, notebook_path):
    kernel.cells(["x = 1", "y = x + 1"])
    kernel.verb("flush")
    index = store.notebook(notebook_path)
    first, second = index.checkpoints()
    assert first.saved and second.saved and second.parent == first.id
    assert {key: version.run for key, version in index.state(second.id).items()} == {
        "var:x": first.run,
        "var:y": second.run,
    }


def test_checkpoints_are_saved_without_being_asked_for(kernel, store, notebook_path):
    kernel.cells([f"x = {number}" for number in range(20)])
    index = store.notebook(notebook_path)
    end = time.monotonic() + 20
    while not all(point.saved for point in index.checkpoints()) and time.monotonic() < end:
        time.sleep(0.02)
    assert [point.saved for point in index.checkpoints()] == [True] * 20


def test_capture_runs_a_cell_inside_a_cell_and_is_one_run(kernel, records):
    kernel.run("%%capture out\nx = 5\nprint('kept')", cell="one")
    kernel.run("x", cell="two")
    assert [run.cell for run in records()] == ["one", "two"]
    assert {version.key for version in records("one")[0].writes} >= {"var:x", "var:out"}


def test_nested_run_cell_is_part_of_the_outer_run(kernel, records):
    kernel.run("get_ipython().run_cell('inner = 1')\nouter = 2", cell="one")
    (run,) = records()
    assert {version.key for version in run.writes} == {"var:inner", "var:outer"}


def test_an_empty_cell_fires_post_without_pre(kernel, records):
    for source in ["", "   \n", "# nothing"]:
        reply, messages = kernel.run(source)
        assert reply["status"] == "ok"
        assert not kernel.text(messages)
    kernel.run("x = 1", cell="one")
    assert records()[-1].cell == "one"


def test_the_cell_that_loads_the_extension_is_silent_and_unrecorded(plain, tmp_path):
    plain.run(f"import os; os.environ['NBREWIND_STORE'] = {str(tmp_path / 's')!r}")
    reply, messages = plain.run("%load_ext nbrewind")
    assert reply["status"] == "ok"
    assert not plain.text(messages)
    plain.run("x = 1", cell="one")
    assert plain.value("__import__('nbrewind').status()['runs']") == 2, "what was there before, and the cell"


def test_cells_of_our_magics_are_not_recorded(kernel, records):
    kernel.run("x = 1", cell="one")
    for source in ["%nbrewind status", "%checkpoint start", "%rewind one"]:
        assert kernel.run(source)[0]["status"] == "ok"
    assert [run.cell for run in records()] == ["one"]


def test_silent_executes_count_as_outside_changes(kernel, records):
    kernel.run("x = 1", cell="one")
    kernel.run("x = 2", silent=True)
    kernel.run("y = x", cell="two")
    _, outside, second = records()
    assert outside.cell == "" and outside.unknown
    assert [version.key for version in outside.writes] == ["var:x"]
    assert {entry.key: entry.run for entry in second.inputs}["var:x"] == outside.id


def test_a_raising_cell_is_recorded_with_what_it_changed(kernel, records, store):
    reply, messages = kernel.run("x = [1]\nx.append(2)\nraise ValueError('no')", cell="one")
    assert (reply["status"], reply["ename"]) == ("error", "ValueError")
    assert [message["msg_type"] for message in messages].count("error") == 1
    (run,) = records()
    assert (run.status, run.error) == ("error", "ValueError: no")
    assert [version.key for version in run.writes] == ["var:x"]
    assert store.outputs(run.id)[-1]["ename"] == "ValueError"


def test_a_syntax_error_changes_nothing(kernel, records):
    kernel.run("x = 1", cell="one")
    reply, _ = kernel.run("def f(:", cell="two")
    assert reply["ename"] == "SyntaxError"
    run = records()[-1]
    assert run.status == "error" and not run.writes
    kernel.run("x", cell="three")
    assert records()[-1].status == "ok"


def test_an_interrupted_cell_is_recorded_so(kernel, records):
    request = kernel.send("import time\nstarted = 1\ntime.sleep(30)", cell="one")
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    reply, _ = kernel.wait(request)
    assert reply["ename"] == "KeyboardInterrupt"
    kernel.settle()
    (run,) = records()
    assert run.status == "interrupted"
    assert "var:started" in {version.key for version in run.writes}
    assert kernel.run("started", cell="two")[0]["status"] == "ok"


SLOW = """
def slow(self, *args, _original=Recorder.{method}):
    import time
    time.sleep({seconds})
    return _original(self, *args)
"""


def _slow_down(kernel, method, seconds):
    kernel.run(
        "import nbrewind.kernel.recorder as _r\n_n = {'Recorder': _r.Recorder}\n"
        f"exec({SLOW.format(method=method, seconds=seconds)!r}, _n)\n_r.Recorder.{method} = _n['slow']\ndel _r, _n",
        silent=True,
    )


def test_an_interrupt_before_the_cell_is_raised_in_the_cell(kernel, records):
    _slow_down(kernel, "look_outside", 2)
    timer = threading.Timer(0.7, kernel.manager.interrupt_kernel)
    timer.start()
    reply, messages = kernel.run("ran = 1\nprint('ran')", cell="one")
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert not kernel.text(messages)
    assert kernel.value("'ran' in globals()") is False
    (run,) = records("one")
    assert run.status == "interrupted"


def test_an_interrupt_after_the_reply_disturbs_no_record(kernel, records):
    kernel.run("x = 1", cell="zero")
    _slow_down(kernel, "_record", 2)
    timer = threading.Timer(0.9, kernel.manager.interrupt_kernel)
    timer.start()
    assert kernel.run("x = 2", cell="one")[0]["status"] == "ok"
    run = records("one")[0]
    assert not run.unknown
    assert {version.key for version in run.writes} == {"var:x"}


def test_an_interrupt_after_the_cell_makes_the_record_unknown(kernel, records):
    kernel.run("x = 1", cell="zero")
    _slow_down(kernel, "_record", 2)
    timer = threading.Timer(0.9, kernel.manager.interrupt_kernel)
    timer.start()
    # With expressions to evaluate the run is recorded before the reply.
    reply, messages = kernel.run("x = 2\nprint('ran')", cell="one", expressions={"value": "x"})
    assert reply["status"] == "ok"
    assert kernel.text(messages) == "ran\n"
    run = records("one")[0]
    assert run.unknown
    _slow_down(kernel, "_record", 0)
    kernel.run("y = x", cell="two")
    last = records()[-1]
    assert {entry.key: entry.digest[:3] for entry in last.inputs}["var:x"] == "b3:", "it is known again"
    assert kernel.value("(x, y)") == (2, 2)


def test_cells_without_ids_are_placed_by_code_and_occurrence(kernel, records):
    for source in ["x = 1", "y = 2", "x = 1"]:
        kernel.run(source)
    places = [run.cell for run in records()]
    assert all(place.startswith("place:") for place in places)
    assert places[0].rpartition(":")[0] == places[2].rpartition(":")[0]
    assert [place.rpartition(":")[2] for place in places] == ["1", "1", "2"]


def test_async_cells(kernel, records):
    kernel.run("import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 7", cell="one")
    reply, _ = kernel.run("v = await f()", cell="two")
    assert reply["status"] == "ok"
    run = records()[-1]
    assert [version.key for version in run.writes] == ["var:v"]
    assert "var:f" in {entry.key for entry in run.inputs}


def test_a_task_left_running_makes_runs_unknown(kernel, records):
    kernel.run("import asyncio\nticks = []", cell="zero")
    kernel.run(
        "async def tick():\n    while True:\n        ticks.append(1)\n        await asyncio.sleep(0.05)\n"
        "task = asyncio.create_task(tick())",
        cell="one",
    )
    run = records("one")[0]
    assert any(effect.kind == "thread" for effect in run.effects) and run.unknown
    time.sleep(0.3)
    kernel.run("n = len(ticks)", cell="two")
    assert any(not run.cell for run in records()), "what the task changed between the cells is an outside run"
    assert kernel.run("task.cancel()")[0]["status"] == "ok"


def test_a_thread_left_running_makes_runs_unknown(kernel, records):
    kernel.run("import threading, time\nstop = False\nseen = []", cell="zero")
    kernel.run(
        "def work():\n    while not stop:\n        seen.append(1)\n        time.sleep(0.02)\n"
        "t = threading.Thread(target=work, daemon=True)\nt.start()",
        cell="one",
    )
    kernel.run("n = len(seen)", cell="two")
    assert any("thread" in reason for reason in records("two")[0].unknown)
    kernel.run("stop = True\nt.join()", cell="three")
    kernel.run("m = len(seen)", cell="four")
    kernel.run("k = 1", cell="five")
    assert not any("thread" in reason for reason in records("five")[0].unknown)


def test_an_exit_of_the_cell_is_an_error(kernel, records):
    reply, _ = kernel.run("raise SystemExit(3)", cell="one")
    assert reply["status"] == "error"
    assert records()[-1].status == "error"


def test_the_namespace_is_the_users_own(kernel):
    names = kernel.value("sorted(n for n in globals() if 'rewind' in n.lower())")
    assert names == []
    kernel.run("def f():\n    return g\ng = 1", cell="one")
    assert kernel.value("f.__globals__ is globals() and get_ipython().user_ns is globals()") is True


def test_forked_children_do_not_record(kernel, records):
    kernel.run("import os\nx = 1", cell="zero")
    source = (
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    try:\n"
        "        get_ipython().run_cell('inside = 1')\n"
        "    finally:\n"
        "        os._exit(0)\n"
        "os.waitpid(pid, 0)"
    )
    reply, _ = kernel.run(source, cell="one")
    assert reply["status"] == "ok"
    assert [run.cell for run in records()] == ["zero", "one"]
    assert any("fork" in reason for reason in records("one")[0].unknown)
