"""User code is seen when it starts, whatever way it came into the kernel: what did not start has looked up nothing."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="which code starts is not seen")


def read(run) -> set[str]:
    """Return the variables that a run has read."""
    return {entry.key[4:] for entry in run.inputs if entry.key.startswith("var:") and not entry.unread}


def test_functions_that_were_loaded(kernel, records):
    kernel.cells(["fs = [lambda: k]", "k = 1", "fs = None"])
    kernel.run("%rewind c1")
    kernel.run("n = len(fs)", cell="counts")
    kernel.run("print(fs[0]())", cell="calls")
    assert (read(records("counts")[0]), read(records("calls")[0])) == ({"fs"}, {"fs", "k"})


@pytest.mark.parametrize("makes", ["fs = [lambda: k]", "exec('def f(): return k')\nfs = [f]\ndel f"])
def test_functions_from_before_recording_began(plain, notebook_path, store_path, store, makes: str):
    plain.cells([makes, "k = 1"])
    assert not plain.attach(notebook_path, store_path)["error"]
    plain.run("n = len(fs)", cell="counts")
    plain.run("print(fs[0]())", cell="calls")
    plain.verb("flush")
    runs = {run.cell: read(run) for run in store.notebook(notebook_path, create=False).runs()}
    assert (runs["counts"], runs["calls"]) == ({"fs"}, {"fs", "k"})


STARTED = "len(__import__('nbrewind.kernel.agent', fromlist=['current']).current().recorder.watch.started)"


def test_functions_that_libraries_made_from_text_are_not_the_users(plain, notebook_path, store_path):
    plain.run("x = 0", cell="first")  # recording begins late: functions are looked for in memory
    assert not plain.attach(notebook_path, store_path)["error"]
    plain.cells(["x = 1", "x = 2"])
    assert plain.value(STARTED) == 0, "data classes of the recorder's count as code that ran between the cells"


@pytest.mark.parametrize(
    "calls",
    [
        "sorted([2, 1], key=fs[0])",
        "import threading\nt = threading.Thread(target=fs[0], args=(1,))\nt.start()\nt.join()",
        "import concurrent.futures as cf\nwith cf.ThreadPoolExecutor(1) as pool: list(pool.map(fs[0], [1]))",
        "import os\nchild = os.fork()\nif not child:\n    fs[0](1)\n    os._exit(0)\nos.waitpid(child, 0)",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(1) as pool: pool.apply(f, (1,))",
        "import inspect\nprint(inspect.getclosurevars(f).globals)",
        "print(f.__globals__['k'])",
        "import concurrent.futures as cf\nwith cf.ProcessPoolExecutor(1) as pool: pool.submit(f, 1)",
        "import joblib\njoblib.Parallel(2)(joblib.delayed(f)(n) for n in [1, 2])",
        "del fs, d",
        "d = None",
    ],
)
def test_who_has_a_function_called(kernel, records, calls: str):
    if "joblib" in calls:
        pytest.importorskip("joblib")
    kernel.cells(["def f(n): return k", "fs = [f]", "k = 1", "class D:\n    def __del__(self): k", "d = D()"])
    kernel.run(calls, cell="calls")
    assert "k" in read(records("calls")[0])
