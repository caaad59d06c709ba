"""After a run only what it can have touched is read again: what is left out is proved before it is read."""

from __future__ import annotations

import ast
import time

import pytest

from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, code_cells
from nbrewind.planning.outside import World

DEFERRED = "__import__('nbrewind.kernel.agent', fromlist=['current']).current().recorder.live.deferred"
UNSEEN = "nobody saw"


class Session:
    """A kernel whose cells get the ids ``c0``, ``c1`` and so on; asks nothing silently, which would be a change."""

    def __init__(self, kernel, records):
        self.kernel, self.records, self.cells = kernel, records, []

    def run(self, source: str, *, status: str = "ok") -> set[str]:
        """Run a cell; returns the names that were left out after it."""
        request = {"cell": f"c{len(self.cells)}", "expressions": {"left": f"sorted({DEFERRED})"}}
        self.cells.append(source)
        reply, messages = self.kernel.run(source, **request)
        assert reply["status"] == status, reply
        self.shown = self.kernel.text(messages, "execute_result")
        left = reply.get("user_expressions", {}).get("left") or {}
        return set(ast.literal_eval(left["data"]["text/plain"])) if left.get("status") == "ok" else set()

    def outside(self) -> dict[str, list[str]]:
        """Return what outside runs wrote, each with the reasons."""
        return {key: list(run.unknown) for run in self.records() if not run.cell for key in written(run)}

    def last(self, number: int):
        """Return the last run of a cell."""
        return self.records(f"c{number}")[-1]


@pytest.fixture
def session(kernel, records):
    return Session(kernel, records)


@pytest.fixture
def judged(session, store, notebook_path):
    """Returns how fresh the session's cells are, as the records say now."""

    def read() -> list[str]:
        session.kernel.verb("flush")
        sources = [{"cell_type": "code", "id": f"c{n}", "source": text} for n, text in enumerate(session.cells)]
        history = History(store.notebook(notebook_path).runs(), store.candidates)
        return [state.freshness for state in freshness(code_cells(sources), history, World(notebook_path.parent))]

    return read


def written(run):
    return {version.key.removeprefix("var:") for version in run.writes}


def bound(run, name):
    return next(entry for entry in run.inputs if entry.key == "var:" + name)


def test_what_a_cell_cannot_have_touched_is_left_out(session, judged):
    session.run("xs = [1]\nd = {'k': [2]}")
    assert session.run("1") == {"xs", "d"}
    assert session.run("import math\nn = math.sqrt(4)") == {"xs", "d"}
    assert session.run("xs.append(2)") == {"d"}
    assert session.run("ys = list(map(str, xs))") == {"d"}
    assert session.run("print(d)") == {"xs", "ys"}
    assert session.outside() == {}
    assert judged() == ["fresh"] * 6
    assert bound(session.last(4), "xs").run == session.last(3).id


def test_functions_classes_and_errors(session):
    session.run("xs = []\nys = []")
    session.run(
        "def f(x):\n    xs.append(x)\n    return x\nclass K:\n    seen = []\n    def add(self): self.seen.append(1)"
    )
    session.run("k = K()\nother = [3]")
    assert session.run("1") == {"xs", "ys", "f", "K", "k", "other"}
    assert session.run("sorted([3, 1], key=f)") == {"ys", "K", "k", "other"}
    assert written(session.last(4)) == {"xs"}
    assert session.run("k.add()") == {"xs", "ys", "f", "other"}
    assert written(session.last(5)) >= {"K"}
    assert session.run("f(1); 1 / 0", status="error") == set() and written(session.last(6)) == {"xs"}
    assert session.outside() == {}


def test_aliases_and_views_across_names(session):
    session.run("import numpy as np\na = np.arange(6)\nb = a[2:]\nxs = []\nholder = {'xs': xs}\nlone = [1]")
    assert session.run("1") == {"a", "b", "xs", "holder", "lone"}
    session.run("b[0] = 9")
    assert written(session.last(2)) == {"a", "b"}
    session.run("holder['xs'].append(1)")
    assert written(session.last(3)) == {"xs", "holder"}
    session.run("holder = 1")
    assert written(session.last(4)) == {"xs", "holder"}, "it is in no group any more"
    session.run("del b")
    assert written(session.last(5)) == {"a"}
    assert session.outside() == {}


def test_a_class_made_anew_changes_what_is_of_the_old_one(session):
    session.run("class K: pass")
    session.run("k = K()")
    session.run("1")
    session.run("class K: n = 1")
    assert written(session.last(3)) == {"K", "k"} and not session.last(3).unknown
    assert session.outside() == {}


def test_what_was_looked_at_stays_proved_when_others_are_read(session):
    """Before the last cell ``f`` is read, which was left out; ``ys`` was not, and nothing has run since."""
    session.run("xs = [1]\ndef f(v): return v")
    assert session.run("ys = [1]") == {"f", "xs"}
    session.run("ys.append(f(2))")
    assert written(session.last(2)) == {"ys"} and session.last(2).unknown == ()


def test_a_change_through_a_module_is_never_missed(session, judged):
    """Who uses a module in which a cell has put something may reach it: everything is looked at."""
    session.run("import types\nxs = [1]")
    session.run("types.kept = xs")
    assert session.run("1") == {"xs"}
    session.run("types.kept.append(1)")
    assert written(session.last(3)) == {"module:types", "xs"}
    session.run("len(xs)")
    assert session.shown == "2" and judged()[4] != "fresh"
    session.kernel.run("%rewind --partial c2")
    assert session.kernel.value("xs") == [1]


def test_a_hidden_holder_is_found_before_the_value_is_read(session, judged):
    """What nobody could see is said to be so: the reader is not fresh, and no rewind passes over it in silence."""
    session.run("import logging\nxs = [1]")
    session.run("logging.getLogger('mine').kept = xs")
    session.run("1")
    assert session.run("logging.getLogger('mine').kept.append(2)") == {"xs"}
    session.run("len(xs)")
    assert session.shown == "2"
    (reason,) = session.outside()["xs"]
    assert UNSEEN in reason and judged()[4] != "fresh"
    for target in ("c3", "c0"):
        report = session.kernel.text(session.kernel.run(f"%rewind {target}")[1])
        assert report.startswith("Not rewound") and UNSEEN in report
    session.kernel.run("%rewind c4")
    assert session.kernel.value("xs") == [1, 2]


def test_a_rewind_reads_what_was_left_out(session):
    session.run("import logging\nxs = [1]\nlogging.getLogger('mine').kept = xs")
    session.run("1")
    session.run("logging.getLogger('mine').kept.append(2)")
    report = session.kernel.text(session.kernel.run("%rewind c1")[1])
    assert report.startswith("Not rewound") and UNSEEN in report
    assert session.kernel.value("xs") == [1, 2]
    session.kernel.run("%rewind --partial c1")
    assert session.kernel.value("xs") == [1]


def test_user_code_that_starts_from_elsewhere(session):
    """A finaliser that the collector calls: everything is looked at, and the run is in doubt."""
    session.run("import gc\ngc.disable()\nkept = []\nclass D:\n    def __del__(self): kept.append(1)")
    session.run("d = D()\nd.me = d")
    session.run("del d")
    assert "kept" in session.run("1"), "the collector does not come before it is enabled"
    session.run("gc.enable()\njunk = [[[]] for _ in range(1_000_000)]; del junk, _")
    session.run("gc.collect()\nlen(kept)")
    assert session.shown == "1"
    runs = [run for run in session.records() if "kept" in written(run)][1:]
    assert runs and all(run.unknown for run in runs)


def test_a_finaliser_of_what_a_cell_replaces_is_its_own_doing(session):
    session.run("kept = []\nother = []\nclass D:\n    def __del__(self): kept.append(1)")
    session.run("d = D()")
    session.run("1")
    assert session.run("d = None") == {"other"}
    assert "kept" in written(session.last(3)) and not session.last(3).unknown


CALLBACKS = (
    ("import weakref\nclass O: pass\no = O()\nr = weakref.ref(o, lambda r: xs.append(2))", "del o"),
    ("import weakref\nclass O: pass\no = O()\nweakref.finalize(o, xs.append, 2)", "del o"),
    ("from weakref import finalize\nclass O: pass\no = O()\nfinalize(o, xs.append, 2)", "del o"),
    ("g = (xs.append(2) for _ in range(3))", "next(g)"),
    ("import functools\np = functools.partial(xs.append, 2)", "p()"),
    ("m = map(xs.append, [2])", "next(m)"),
    ("def deco(f):\n    def inner(): return f()\n    return inner\n@deco\ndef f(): xs.append(2)", "f()"),
    ("from contextvars import ContextVar\nv = ContextVar('v')\nt = v.set(xs)", "v.get().append(2)"),
    ("class P:\n    @property\n    def more(self): xs.append(2)\np = P()", "p.more"),
    ("import threading\nt = threading.Thread(target=xs.append, args=(2,))", "t.start(); t.join()"),
    (
        "def later():\n    import time; time.sleep(1); xs.append(2)\nimport threading",
        "threading.Thread(target=later).start()",
    ),
    ("xs", "Out[2].append(2)"),
    ("def f():\n    global xs\n    xs = [1, 2]", "f(); f()"),
    (
        "import sqlite3\nc = sqlite3.connect(':memory:')\nc.create_function('f', 0, lambda: xs.append(2))",
        "c.execute('select f()').fetchone()",
    ),
    ("import atexit, asyncio\nasync def f(): xs.append(2)", "await f()"),
    ("class K:\n    def __add__(self, other): xs.append(2)\nk = K()", "k + 1"),
    ("class K:\n    def __init__(self, x): self.f = lambda: x.append(2)\nk = K(xs)", "k.f()"),
    ("import json\ndef hook(d): xs.append(2)", "json.loads('{}', object_hook=hook)"),
)


@pytest.mark.parametrize(("make", "use"), CALLBACKS, ids=[use for _, use in CALLBACKS])
def test_values_reached_in_other_ways_than_by_name(session, judged, make, use):
    """Whatever way a value is changed: the record after it has the right one, and its reader saw that one."""
    session.run("xs = [1]\nbeside = [[1]]")
    session.run(make)
    session.run("1")
    session.run(use)
    time.sleep(1.2 if "sleep" in make else 0)
    session.run("2")
    session.run("str(xs)")
    assert session.shown == "'[1, 2]'"
    maker = bound(session.last(5), "xs").run
    blamed = {run.id: run.cell for run in session.records() if "xs" in written(run)}[maker]
    assert blamed in ("c3", "") and "beside" not in session.outside()
    if not blamed:
        assert judged()[5] != "fresh"
    session.kernel.run("%rewind --partial c3")
    assert session.kernel.value("xs") == [1, 2] or not blamed
    session.kernel.run("%rewind --partial c0")
    assert session.kernel.value("xs") == [1]
