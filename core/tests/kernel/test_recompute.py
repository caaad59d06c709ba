"""What can't be loaded is made again by running what made it once more, or reported as lost."""

from __future__ import annotations

import re
import time

import pytest

from nbrewind.store import Store

pytestmark = pytest.mark.py311

GENERATOR = "g = (i for i in range(9))"


def rewound(kernel, target="c0", options=""):
    """Rewind; returns the report."""
    return kernel.text(kernel.run(f"%rewind {options} {target}")[1])


def test_the_report_says_what_was_run_again(kernel):
    kernel.cells([f"{GENERATOR}\nx = [1]", "next(g)", "next(g); x.append(2)"])
    report = rewound(kernel, "c1")
    assert re.search(r"loaded +x\n +recomputed g\n", report), report
    assert "g: made again from the same inputs, by running cell c0, cell c1 aside" in report
    assert kernel.value("(next(g), x)") == (1, [1])


def test_nothing_is_shown_and_nothing_recorded(kernel, records):
    kernel.cells([f"{GENERATOR}\nprint('once')\ndef f():\n    return next(g)\nf()", "f()"])
    outputs = kernel.run("%rewind c0")[1]
    assert "once" not in kernel.text(outputs)
    kernel.run("y = 1", cell="c2")
    assert [run.cell for run in records()] == ["c0", "c1", "c2"], "no outside change was seen"
    assert kernel.value("[1 for k in get_ipython().user_ns if k == 'g']") == [1]


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ("open('made', 'w').close()", "made"),
        ("import os; os.mkdir('made')", "effects"),
        ("import tempfile; made = tempfile.mkdtemp()", "which is temporary"),
        ("import os\ntry:\n    os.symlink('nowhere', 'made')\nexcept Exception:\n    pass", r"effects \(file made\)"),
        ("import os; os.kill(os.getpid(), 0)", "it sends a signal"),
        ("import time; t = time.time()", "effects"),
        ("import subprocess; subprocess.run(['true'])", "runs? again"),
        ("import random; r = random.random()", "runs? again"),
    ],
)
def test_what_does_something_is_not_done_twice(kernel, tmp_path, deed, why):
    kernel.cells([f"{deed}\n{GENERATOR}", "next(g)"])
    made = tmp_path / "made"
    if made.is_file():
        made.unlink()
    report = rewound(kernel)
    assert re.search(rf"lost +g: .*; it can't be made again: .*{why}", report), report
    assert not made.is_file()
    assert kernel.value("next(g)") == 1, "nothing was changed"


def test_what_fails_leaves_everything_as_it_was(kernel, records):
    """The code runs differently the second time, in a way that no record tells."""
    trick = "import sys\ndef second():\n    known = '_nb' in dir(sys)\n    sys._nb = 1\n    return known"
    kernel.run(f"import types; m = types.ModuleType('trick'); exec({trick!r}, m.__dict__)", silent=True)
    kernel.cells([f"keep = [object()]\n{GENERATOR}\nif m.second(): raise ValueError('again')", "next(g)"])
    before = kernel.value("(id(keep), id(g), list(globals()))")
    report = rewound(kernel)
    assert "can't be made again" in report
    assert kernel.value("(id(keep), id(g), [n for n in globals()])")[:2] == before[:2]
    assert kernel.value("next(g)") == 1
    kernel.run("z = 2", cell="c9")
    assert records()[-1].cell == "c9"


def test_a_running_thread_would_see_other_values(kernel):
    kernel.cells([GENERATOR, "next(g)"])
    kernel.run("import threading, time\nstop = threading.Event()\nt = threading.Thread(target=stop.wait); t.start()")
    assert "threads or tasks are running" in rewound(kernel)
    kernel.run("stop.set(); t.join()")
    assert kernel.value("next(g)") == 1


def test_what_takes_long_is_not_run_unasked(kernel):
    kernel.run("import nbrewind.kernel.recompute as r; r.SECONDS = 0.1; del r", silent=True)
    kernel.cells([f"import time; time.sleep(0.2)\n{GENERATOR}", "next(g)"])
    assert "that would take more than 0 s; run cell c0 for it" in rewound(kernel)


def test_an_interrupt_leaves_everything_as_it_was(kernel):
    kernel.cells([f"import time; time.sleep(2)\n{GENERATOR}", "next(g)"])
    request = kernel.send("%rewind c0")
    time.sleep(0.7)  # into the cell's sleep
    kernel.manager.interrupt_kernel()
    reply = kernel.wait(request)[0]
    assert (reply["status"], reply.get("ename")) == ("error", "KeyboardInterrupt")
    assert kernel.value("next(g)") == 1


def test_what_was_evicted_is_made_again_and_compared(kernel, store_path, notebook_path):
    kernel.cells(["n = 300_000\nrows = list(range(n))", "rows.append(1)"])
    kernel.verb("flush")
    with Store.open(store_path) as store:
        store.clean(budget=1)
        checkpoint = store.notebook(notebook_path).checkpoints()[0]
    assert checkpoint.evicted
    report = rewound(kernel)
    assert "recomputed rows" in report, report
    assert kernel.value("(len(rows), rows[-1])") == (300_000, 299_999)


def test_a_partial_rewind_makes_again_what_it_can(kernel):
    kernel.cells([GENERATOR, "import tempfile; h = [tempfile.mkdtemp(), (i for i in range(9))]", "next(g); next(h[1])"])
    assert "lost       h: " in rewound(kernel, "c1")
    report = rewound(kernel, "c1", "--partial")
    assert "recomputed g" in report and "lost       h: " in report
    assert kernel.value("(next(g), 'h' in globals())") == (0, False)
