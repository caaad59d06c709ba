"""Unmodified notebooks whose cells manage tasks, in real kernels that record. With real managers and workers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import nbformat
import pytest
from tasks.vine.conftest import PIDS, end_workers, vine_module

from nbrewind.state.software import noted
from nbrewind.store.layout import Layout
from nbrewind.store.live import names
from nbrewind.tasks.listed import unpack
from nbrewind.tasks.live import read

IMPORT = "import ndcctools.taskvine as vine"
DEFINE = "factor = 2\ndef f(x):\n    return x * factor"
MANAGE = "m = vine.Manager(0, run_info_path='info')"
# A worker that inherits the manager's range of ports finds none for itself.
END = "os.killpg(w.pid, 9)"
WORK = (
    "import os, subprocess\n"
    "free = {name: value for name, value in os.environ.items() if not name.startswith('TCP_')}\n"
    "w = subprocess.Popen(['vine_worker', 'localhost', str(m.port), '--cores', '1', '--memory', '400',\n"
    "                      '--disk', '400', '--parent-death'], env=free, stdout=subprocess.DEVNULL,\n"
    "                     stderr=subprocess.DEVNULL, start_new_session=True)\n"
    f"with open('{PIDS}', 'a') as pids: print(w.pid, file=pids)"
)
SUBMIT = "index = {m.submit(vine.PythonTask(f, x)): x for x in range(4)}"
WAIT = (
    "results = {}\n"
    "while not m.empty():\n"
    "    t = m.wait(5)\n"
    "    if t:\n"
    "        results[index[t.id]] = t.output\n"
    "print(sorted(results.items()))"
)
OPEN = "print(m.__dict__.get('_taskvine') is not None)"


@pytest.fixture(autouse=True)
def environment(tmp_path):
    """Kernels find TaskVine's programs, and no catalog; their workers end with the test."""
    vine_module()
    yield
    end_workers(tmp_path)


@pytest.fixture
def take(kernels, tmp_path, notebook_path, store_path):
    """Return new kernels in the test's folder, that record."""

    def one():
        kernel = kernels.take()
        kernel.run(f"import os as _o; _o.chdir({str(tmp_path)!r}); del _o", silent=True)
        kernel.attach(notebook_path, store_path)
        return kernel

    return one


def shown(found):
    """Return what cells have printed."""
    messages = [message for _, all_of_one in found for message in all_of_one]
    return [message["content"]["text"] for message in messages if message["msg_type"] == "stream"]


@pytest.mark.py311
def test_a_cell_that_runs_again_has_its_tasks_answered(take):
    kernel = take()
    assert shown(kernel.cells([IMPORT, DEFINE, MANAGE, WORK, SUBMIT, WAIT])) == ["[(0, 0), (1, 2), (2, 4), (3, 6)]\n"]
    assert kernel.verb("tasks") == {"ran": 4}
    kernel.run(END)
    kernel.stop()
    kernel = take()
    found = kernel.cells([IMPORT, DEFINE, MANAGE, SUBMIT, WAIT, OPEN])
    assert shown(found) == ["[(0, 0), (1, 2), (2, 4), (3, 6)]\n", "False\n"]
    assert kernel.verb("tasks") == {"answered": 4}
    found = kernel.cells(["factor = 3", MANAGE, WORK, SUBMIT, WAIT, END])
    assert shown(found) == ["[(0, 0), (1, 3), (2, 6), (3, 9)]\n"]
    assert kernel.verb("tasks") == {"answered": 4, "ran": 4}


def test_while_recording_is_off_tasks_run_and_are_not_recorded(take):
    kernel = take()
    kernel.cells([IMPORT, DEFINE, MANAGE, WORK, SUBMIT, WAIT])
    kernel.verb("set_mode", mode="off")
    more = SUBMIT.replace("range(4)", "range(2, 6)")
    assert shown(kernel.cells([more, WAIT])) == ["[(2, 4), (3, 6), (4, 8), (5, 10)]\n"]
    assert kernel.verb("tasks") == {"ran": 4}
    kernel.verb("set_mode", mode="audit")
    assert shown(kernel.cells([more, WAIT])) == ["[(2, 4), (3, 6), (4, 8), (5, 10)]\n"]
    assert kernel.verb("tasks") == {"ran": 6, "answered": 2}
    kernel.run(END)


def test_a_rewind_over_tasks_that_were_submitted_says_what_is_lost(take):
    """What a manager was given can't be taken back: nothing is restored then, and the report says why."""
    kernel = take()
    kernel.cells([IMPORT, DEFINE, MANAGE, "x = 1", "x = 2\n" + SUBMIT])
    _, messages = kernel.run("%rewind c3")
    told = kernel.text(messages)
    assert told.startswith("Not rewound to cell c3")
    assert "m: an object of type Manager belongs to the running kernel" in told
    assert kernel.value("(x, m.empty())") == (2, 0)


def test_results_come_back_though_the_tasks_that_gave_them_can_not(take):
    """A task holds what its function returned, and so does the variable: they are one object."""
    kernel = take()
    kernel.cells([IMPORT, DEFINE.replace("x * factor", "[x] * factor"), MANAGE, WORK, SUBMIT, WAIT, "results = None"])
    told = kernel.text(kernel.run("%rewind c5")[1])
    assert "lost" not in told, told
    assert kernel.value("results") == {0: [0, 0], 1: [1, 1], 2: [2, 2], 3: [3, 3]}
    kernel.run(END)


def free_port():
    with socket.socket() as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def test_files_of_taskvine_itself_are_no_effects(take, records):
    kernel = take()
    kernel.cells([IMPORT, DEFINE, MANAGE, WORK, SUBMIT, WAIT, END])
    files = [effect.subject for run in records() for effect in run.effects if effect.kind == "file"]
    assert not any("info" in path for path in files), files


@pytest.mark.parametrize("recorded", [False, True])
def test_a_managers_cell_that_runs_again_keeps_the_workers(take, plain, recorded):
    """TaskVine alone can't have the port again, as long as a variable holds a task of the manager before."""
    kernel = take() if recorded else plain
    manage = MANAGE.replace("0", str(free_port()))
    late = "late = m.submit(vine.PythonTask(f, 100))"
    kernel.cells([IMPORT, DEFINE, manage, WORK, SUBMIT, WAIT, late])
    again, _ = kernel.run(manage)
    if not recorded:
        assert (again["status"], again["ename"]) == ("error", "Exception")
        assert "Could not create manager" in again["evalue"]
    else:
        found = kernel.cells(["factor = 3", SUBMIT, WAIT, OPEN, "w.poll()"])
        assert shown(found) == ["[(0, 0), (1, 3), (2, 6), (3, 9)]\n", "True\n"]
    kernel.run(END)


def test_a_manager_that_lives_is_no_obstacle_and_is_never_saved(take):
    kernel = take()
    kernel.cells([IMPORT, MANAGE, "x = 1", "x = 2"])
    text = kernel.text(kernel.run("%rewind c2")[1])
    assert "lost" not in text
    assert kernel.value("x") == 1
    assert kernel.value("(m.empty(), m.__dict__.get('_taskvine'))") == (1, None)


class Book:
    """A notebook that the command line audits and repeats."""

    def __init__(self, folder):
        self.folder = folder
        self.cells = [IMPORT, DEFINE, MANAGE, WORK, SUBMIT, WAIT, END]

    def run(self, command, *options):
        """Save the cells and run a command; return its JSON, and what the notebook printed."""
        cells = [nbformat.v4.new_code_cell(text, id=f"c{place}") for place, text in enumerate(self.cells)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.folder / "book.ipynb")
        made = subprocess.run(
            [sys.executable, "-m", "nbrewind.cli", command, "book.ipynb", "-o", "out.ipynb", "--json", *options],
            cwd=self.folder,
            env={**os.environ, "NBREWIND_STORE": str(self.folder / "store")},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert made.returncode == 0, made.stderr
        out = nbformat.read(self.folder / "out.ipynb", 4)
        streams = [output for cell in out.cells for output in cell.outputs if output.output_type == "stream"]
        return json.loads(made.stdout), "".join(output.text for output in streams)


@pytest.mark.slow
def test_a_repeat_runs_only_the_tasks_that_an_edit_touches(tmp_path):
    book = Book(tmp_path)
    assert book.run("audit")[1] == "[(0, 0), (1, 2), (2, 4), (3, 6)]\n"
    told, text = book.run("repeat")
    assert (text, told["tasks"]["ran"]) == ("[(0, 0), (1, 2), (2, 4), (3, 6)]\n", 0)
    book.cells[5] += "\nprint(len(results))"  # the cell that waits, not those that submit
    told, text = book.run("repeat")
    assert (text, told["tasks"]) == ("[(0, 0), (1, 2), (2, 4), (3, 6)]\n4\n", {"answered": 4, "ran": 0})
    book.cells[4] = book.cells[4].replace("range(4)", "range(5)")
    told, text = book.run("repeat")
    assert (text, told["tasks"]) == ("[(0, 0), (1, 2), (2, 4), (3, 6), (4, 8)]\n5\n", {"answered": 4, "ran": 1})
    told, text = book.run("repeat", "--policy", "tasks.f=refresh")
    assert (text, told["tasks"]) == ("[(0, 0), (1, 2), (2, 4), (3, 6), (4, 8)]\n5\n", {"answered": 0, "ran": 5})


def tasks_of(records):
    """Return by cell what the records of runs say of tasks."""
    found = {}
    for run in records():
        if run.tasks is not None:
            found.setdefault(run.cell, []).append(unpack(run.tasks))
    return found


def live(store_path):
    """Return how tasks stand, as a kernel says."""
    layout = Layout(store_path)
    return read(layout, names(layout))


@pytest.mark.py311
def test_the_record_of_a_run_says_what_became_of_its_tasks(take, records):
    kernel = take()
    kernel.cells([IMPORT, DEFINE, MANAGE, WORK, SUBMIT, WAIT, MANAGE, SUBMIT + "\n" + WAIT, END])
    found = tasks_of(records)
    [submitted], [waited], [both] = (found[f"c{place}"] for place in (4, 5, 7))
    assert [(one.id, one.name, one.action, one.late) for one in submitted] == [
        (number, "f", "waiting", False) for number in range(1, 5)
    ]
    assert {one.reason for one in submitted} == {"nothing like it is recorded"}
    assert [(one.number, one.action, one.late) for one in sorted(waited, key=lambda one: one.number)] == [
        (number, "ran", True) for number in range(1, 5)
    ]
    assert all(one.host and one.seconds > 0 for one in waited)
    assert [(one.number, one.action, one.reason) for one in both] == [
        (number, "answered", "") for number in range(5, 9)
    ]


LIBRARY = (
    "l = m.create_library_from_functions('lib', g, add_env=False)\n"
    "l.set_cores(1)\n"
    "m.install_library(l)\n"
    "index = {m.submit(vine.FunctionCall('lib', 'g', x)): x for x in range(2)}"
)


@pytest.mark.parametrize("way", [SUBMIT, LIBRARY], ids=["PythonTask", "FunctionCall"])
def test_what_tasks_load_in_workers_is_software_of_the_session(take, records, store, way):
    """A package has to bring along what only workers import."""
    kernel = take()
    functions = "def f(x):\n    import webencodings\n    return x\ndef g(x):\n    import webencodings\n    return x"
    kernel.cells([IMPORT, functions, MANAGE, WORK, "1", way + "\n" + WAIT, "2", END])
    assert kernel.value("'webencodings' in __import__('sys').modules") is False
    kernel.verb("flush")
    found = noted(store, records("c5")[-1].session)
    assert "webencodings" in {one.name for one in found.distributions}


def test_how_tasks_stand_is_told_while_a_cell_runs(take, store_path):
    kernel = take()
    slow = "def f(x):\n    import time\n    time.sleep(2.4)\n    return x"
    kernel.cells([IMPORT, slow, MANAGE, WORK])
    time.sleep(0.5)
    [idle] = live(store_path)
    [manager] = idle.managers
    assert (manager.status, manager.workers, idle.cells) == ("open", 0, ())
    assert manager.port and manager.program.endswith("vine_worker")
    seen = []
    request = kernel.send(SUBMIT + "\n" + WAIT, cell="c4")
    end = time.monotonic() + 60
    while time.monotonic() < end and not (seen and seen[-1].cells and seen[-1].cells[0].ran == 4):
        seen += live(store_path)
        time.sleep(0.05)
    kernel.wait(request)
    cells = [cell for told in seen for cell in told.cells]
    assert {cell.running for cell in cells} >= {1}
    assert len({cell.waiting for cell in cells} & {1, 2, 3}) > 1
    assert {told.managers[0].workers for told in seen} >= {1}
    [told] = live(store_path)
    [cell] = told.cells
    assert (cell.ran, cell.waiting, cell.running, cell.reasons) == (4, 0, 0, (("nothing like it is recorded", 4),))
    assert max(count for _, count in told.samples) == 1
    kernel.run(END)
    kernel.stop()
    assert live(store_path) == []
