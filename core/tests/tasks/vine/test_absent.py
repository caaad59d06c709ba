"""Where TaskVine is not installed, records answer tasks of notebooks; what none answers is told in one error."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
from forking.kernel import Kernel
from tasks.vine.books import Book, printed, without_taskvine
from tasks.vine.conftest import vine_module

from nbrewind.tasks.vine import absent

pytestmark = pytest.mark.xdist_group("vine-absent")
CELLS = [
    "import ndcctools.taskvine as vine",
    "factor = 2\ndef f(x):\n    return x * factor\ndef g(x):\n    print('in g')\n    return open('in.txt').read() * x",
    "m = vine.Manager(0, name='mine', run_info_path='info')\nm.tune('hungry-minimum', 3)",
    "workers = vine.Factory('local', manager=m)\n"
    "workers.max_workers = workers.min_workers = workers.cores = 1\nworkers.memory = workers.disk = 400\n"
    "workers.start()\nNone",
    "tasks = {}\n"
    "for x in range(3):\n    tasks[m.submit(vine.PythonTask(f, x))] = ('f', x)\n"
    "data = m.declare_file('in.txt', cache=True)\n"
    "t = vine.PythonTask(g, 2)\nt.add_input(data, 'in.txt')\nt.set_cores(1)\nt.set_tag('g')\n"
    "tasks[m.submit(t)] = ('g', 2)\n"
    "made = m.declare_file('out.txt')\n"
    "t = vine.Task('cat in.txt in.txt > out.txt', inputs={data: 'in.txt'}, category='c', env={'A': 'b'})\n"
    "t.add_output(made, 'out.txt')\n"
    "tasks[m.submit(t)] = ('cat', 0)\n"
    "stays = m.declare_temp()\n"
    "t = vine.Task('cat in.txt > t.txt', inputs={data: 'in.txt'})\nt.add_output(stays, 't.txt')\n"
    "tasks[m.submit(t)] = ('stays', 0)\n"
    "t = vine.Task('wc -c < t.txt', inputs={stays: 't.txt'})\n"
    "tasks[m.submit(t)] = ('counts', 0)\n",
    "results = {}\n"
    "while not m.empty():\n"
    "    t = m.wait(5)\n"
    "    if t:\n"
    "        name, x = tasks[t.id]\n"
    "        results[name, x] = (t.output, t.tag, t.category, t.successful(), t.result, t.exit_code, t.std_output)\n"
    "for item in sorted(results.items()): print(item)\n"
    "print(made.contents())",
    "workers.stop()",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A notebook that is recorded."""
    vine_module()
    folder = tmp_path_factory.mktemp("absent")
    (folder / "in.txt").write_text("some data\n")
    made = Book(folder, CELLS)
    _, shown = made.run("audit")
    assert "some data" in printed(shown)
    made.text = printed(shown)
    return made


@pytest.mark.timeout(300)
def test_recorded_tasks_are_answered_though_taskvine_is_not_installed(book):
    (book.folder / "out.txt").unlink()
    told, shown = book.run("repeat", hidden=True)
    assert told["tasks"] == {"answered": 7, "ran": 0}
    assert printed(shown) == book.text
    assert (book.folder / "out.txt").read_text() == "some data\n" * 2
    assert told["notes"] == ["TaskVine (ndcctools) is not installed here: its tasks can only be answered by records"]


@pytest.mark.slow
def test_an_unchanged_repeat_opens_no_port_and_starts_no_worker(book):
    """A manager that opens makes its folder of logs first."""
    subprocess.run(["rm", "-rf", book.folder / "info"], check=True)
    told, shown = book.run("repeat")
    assert (told["tasks"], printed(shown)) == ({"answered": 7, "ran": 0}, book.text)
    assert not (book.folder / "info").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "old", "new", "error"),
    [
        ("c1", "factor = 2", "factor = 3", "cell 5 raised NotInstalled: Task 1, `f`, has to run (global `factor`"),
        ("c4", "range(3)", "range(4)", "Task 4, `f`, has to run (argument `0` is 3 instead of"),
        ("c4", "cat in.txt", "head in.txt", "Task 5, `head in.txt in.txt > out.txt`, has to run"),
        (
            "c3",
            "workers.start()",
            "print(m.port)",
            "cell 4 raised NotInstalled: Manager.port needs a manager",
        ),
        (
            "c4",
            "m.declare_file('out.txt')",
            "m.stats",
            "cell 5 raised NotInstalled: Manager.stats needs a manager",
        ),
        ("c4", "tasks = {}", "tasks = {}; m.map(f, [1])", "Manager.map needs a manager that is open"),
        ("c2", "m = ", "d = vine.VineFuture(0)\nm = ", "cell 3 raised NotInstalled: VineFuture has no stand-in"),
    ],
)
def test_what_no_record_answers_is_told_in_one_error(book, cell, old, new, error):
    before = dict(book.cells)
    try:
        book.edit(cell, old, new)
        made = book.call("repeat", hidden=True)
    finally:
        book.cells = before
    assert made.returncode == 1
    assert error in made.stderr
    assert "and TaskVine is not installed here: install ndcctools" in made.stderr


@pytest.mark.slow
def test_it_is_offered_in_repeats_with_records_only(book, tmp_path):
    made = book.call("audit", hidden=True)
    assert "ModuleNotFoundError: No module named 'ndcctools'" in made.stderr
    made = Book(tmp_path, CELLS).call("repeat", hidden=True)
    assert "ModuleNotFoundError: No module named 'ndcctools'" in made.stderr


@pytest.mark.slow
def test_in_an_interactive_repeat(book):
    """And not in an audit: there nothing stands in for TaskVine."""
    kernel = Kernel(book.folder, without_taskvine(book.folder))
    try:
        assert kernel.run(CELLS[0])[0]["ename"] == "ModuleNotFoundError"
        kernel.attach(book.folder / "book.ipynb", book.folder / ".store")
        assert kernel.run(CELLS[0], cell="c0")[0]["ename"] == "ModuleNotFoundError"
        kernel.run("%nbrewind repeat")
        found = kernel.cells(CELLS)
        assert [reply["status"] for reply, _ in found] == ["ok"] * len(CELLS)
        assert kernel.verb("tasks") == {"answered": 7, "stand-in": 1}
        assert kernel.text([message for _, messages in found for message in messages]) == book.text
    finally:
        kernel.stop()


GRAPHS = [
    "import dask\nimport ndcctools.taskvine as vine",
    "factor = 2\ndef load(n):\n    return list(range(n))\n"
    "def double(values):\n    return [factor * value for value in values]\n"
    "def total(parts):\n    return sum(sum(part) for part in parts)",
    "m = vine.DaskVine(0, name='graphs', run_info_path='info')\n"
    "workers = vine.Factory('local', manager=m)\n"
    "workers.max_workers = workers.min_workers = workers.cores = 1\nworkers.memory = workers.disk = 400\n"
    "workers.start()\nNone",
    "parts = [dask.delayed(double)(dask.delayed(load)(n)) for n in (2, 3)]\n"
    "whole = dask.delayed(total)(parts)\ngraph = dict(dask.delayed([parts, whole]).__dask_graph__())\n"
    "keys = [[part.key for part in parts], whole.key]\n"
    "options = {'task_mode': 'function-calls', 'lib_resources': {'cores': 1, 'slots': 1}}\n"
    "print(m.get(graph, keys, progress_disable=True, **options))",
    "workers.stop()",
]


GRAPH_OF_TASKS = (
    "graph = {**whole.__dask_graph__(), 'same': parts[1].key}\n"
    "found = m.get(graph, [whole.key, 'same', parts[1].key], progress_disable=True, resources={'cores': 1})\n"
    "print(found, found[1] is found[2])"
)
"""A cell with tasks that are no calls of a library; two names are of one value."""


@pytest.mark.timeout(300)
def test_graphs_of_dask_are_answered_though_taskvine_is_not_installed(tmp_path):
    vine_module()
    pytest.importorskip("dask")
    book = Book(tmp_path, GRAPHS)
    _, shown = book.run("audit")
    assert printed(shown) == "[[[0, 2], [0, 2, 4]], 8]\n"
    told, shown = book.run("repeat", hidden=True)
    assert (printed(shown), told["tasks"]) == ("[[[0, 2], [0, 2, 4]], 8]\n", {"answered": 6, "ran": 0})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_no_record_of_a_graph_answers_is_told_in_one_error(tmp_path):
    vine_module()
    pytest.importorskip("dask")
    book = Book(tmp_path, [*GRAPHS[:-1], GRAPH_OF_TASKS, GRAPHS[-1]])
    _, recorded = book.run("audit")
    assert printed(recorded).endswith("[8, [0, 2, 4], [0, 2, 4]] False\n")
    told, shown = book.run("repeat", hidden=True)
    assert (printed(shown), told["tasks"]) == (printed(recorded), {"answered": 11, "ran": 0})

    book.edit("c4", "progress_disable=True", "env_vars={'A': 'b'}")
    assert "NotInstalled: DaskVine.get with `env_vars` has no stand-in, and" in book.call("repeat", hidden=True).stderr
    book.edit("c1", "factor = 2", "factor = 3")
    assert "cell 4 raised NotInstalled: Task 3, `double`, has to run" in book.call("repeat", hidden=True).stderr


LOOK = """
import importlib, importlib.util, sys
from nbrewind.kernel.stand_in import StandIn

offered, told = False, []
stand_in = StandIn(lambda: offered, told.append)
stand_in.install()


def missing():
    try:
        import ndcctools.taskvine
    except ModuleNotFoundError as error:
        return str(error)


library = {"__name__": "library"}
exec(compile("def find():\\n import ndcctools.taskvine", importlib.__file__, "exec"), library)
assert missing() == "No module named 'ndcctools'"
offered = True
assert importlib.util.find_spec("ndcctools") is None
try:
    library["find"]()
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("code of a library was given the stand-in")
assert not stand_in.used and "ndcctools" not in sys.modules
vine = importlib.import_module("ndcctools.taskvine")
import ndcctools.taskvine
assert told == [vine] and stand_in.used
print(repr(vine))
print(vine.__doc__)
try:
    import ndcctools.work_queue
except ModuleNotFoundError as error:
    print(error)
stand_in.remove()
assert missing() == "No module named 'ndcctools'"
"""


@pytest.mark.py311
def test_only_the_notebooks_own_imports_are_given_the_stand_in(tmp_path):
    (tmp_path / "look.py").write_text(LOOK)
    made = subprocess.run(
        [sys.executable, "look.py"],
        cwd=tmp_path,
        env=without_taskvine(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.stdout.splitlines() == [
        "<module 'ndcctools.taskvine' (TaskVine is not installed: a stand-in by nbrewind)>",
        absent.DOCUMENT,
        "No module named 'ndcctools.work_queue'",
    ], made.stderr


def test_it_has_the_names_of_taskvine():
    """And takes what that takes: the same parameters, for all that it does itself."""
    vine, stand_in = vine_module(), absent.make(absent.NAME)
    for kind in ("Manager", "Task", "PythonTask", "FunctionCall", "LibraryTask", "File", "Factory"):
        real, ours = getattr(vine, kind), getattr(stand_in, kind)
        names = {name for name in vars(real) if not name.startswith("_")}
        old = {name for name in names if name.startswith("blacklist")} | {"remove_file"}
        inner = {"manager", "submit_finalize"}
        assert names - set(dir(ours)) <= old | inner, kind
        if kind not in ("Factory", "File"):
            assert [*inspect.signature(ours.__init__).parameters] == [*inspect.signature(real.__init__).parameters]
    own = {name for name, found in vars(vine).items() if getattr(found, "__module__", "").startswith("ndcctools")}
    kinds = {name for name in own if isinstance(getattr(vine, name), type)}
    assert kinds - vars(stand_in).keys() == {"DaskVineWarning"}
