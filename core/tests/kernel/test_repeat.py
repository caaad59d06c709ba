"""Mode repeat in the kernel, and what a driver asks for."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.py311


@pytest.fixture
def again(kernels, kernel, notebook_path, store_path, tmp_path):
    """A second kernel, in mode repeat; ``kernel`` is the first, which audits."""
    other = kernels.take()
    other.run(f"import os as _o; _o.chdir({str(tmp_path)!r}); del _o", silent=True)
    other.attach(notebook_path, store_path, mode="repeat")
    return other


def audited(kernel, source, cell="a"):
    """Run a cell in the auditing kernel, and wait until it may answer."""
    kernel.run(source, cell=cell)
    kernel.verb("flush")


SLOW = "import time\ntime.sleep(0.8)\nrows = list(range(5))\nprint('slept')\nlen(rows)"


def test_a_recorded_run_answers(kernel, again, store, notebook_path):
    audited(kernel, SLOW)
    begin = time.perf_counter()
    reply, messages = again.run(SLOW, cell="a")
    assert time.perf_counter() - begin < 0.6
    assert reply["status"] == "ok"
    assert again.text(messages) == "slept\n"
    assert again.text(messages, "execute_result") == "5"
    assert again.value("rows") == [0, 1, 2, 3, 4]
    last = store.notebook(notebook_path).checkpoints()[-1]
    assert (last.action, last.cell) == ("load", "a")
    kernel_runs = store.notebook(notebook_path).runs("a")
    assert len(kernel_runs) == 1, "a load makes no run"


def test_results_that_records_do_not_keep(kernel, again):
    """`_` and `Out` are right or refused, never others."""
    shows, counts = "rows = [1, 2]\nrows", "len(rows) + 40"
    audited(kernel, shows, "a")
    audited(kernel, counts, "b")
    assert again.text(again.run(shows, cell="a")[1], "execute_result") == "[1, 2]"
    reply, messages = again.run(counts, cell="b")
    assert again.text(messages, "execute_result") == "42"
    assert {m["content"]["execution_count"] for m in messages if "execution_count" in m["content"]} == {2}
    for asks in ("_", "Out[2]", "_2", "len(Out)"):
        reply, _ = again.run(asks, cell="x")
        assert reply["ename"] == "RuntimeError" and "In[2]" in reply["evalue"]
    assert again.text(again.run("Out[1] is rows, _1 is rows", cell="x")[1], "execute_result") == "(True, True)"
    assert again.text(again.run("len(_)", cell="x")[1], "execute_result") == "2"
    assert again.run("___", cell="x")[0]["status"] == "error"
    assert again.value("In[1]") == shows


KEEPS = "class Base:\n    count = 0\no = Base()\nit = (x for x in [1])"


@pytest.mark.parametrize("keeps", [KEEPS, KEEPS.replace("it =", "o.it =")], ids=["loaded with it", "not loadable"])
def test_what_refers_to_a_class_that_a_record_changes(kernel, again, keeps):
    """Rule 9: it is loaded with the class, or the cell runs."""
    audited(kernel, keeps, "a")
    audited(kernel, "Base.count = 5", "b")
    again.run(keeps, cell="a")
    again.run("Base.count = 5", cell="b")
    assert again.value("(type(o) is Base, o.count)") == (True, 5)


CLOCK = "import time\nx = time.time_ns()\nprint(x)"


def test_the_notebooks_policies_count(kernel, kernels, notebook_path, store_path, tmp_path):
    audited(kernel, CLOCK)
    other = kernels.take()
    other.run(f"import os as _o; _o.chdir({str(tmp_path)!r}); del _o", silent=True)
    other.attach(notebook_path, store_path)

    def answered(policies):
        text = json.dumps({"cells": [], "metadata": {"nbrewind": {"policies": policies}}})
        Path(notebook_path).write_text(text)
        words = other.verb("set_mode", mode="repeat")["words"]
        other.run(CLOCK, cell="a")
        assert Path(notebook_path).read_text() == text
        return words, other.value("x") == kernel.value("x")

    words, yes = answered({})
    assert yes and "is not run" in words
    words, yes = answered({"clock": "no"})
    assert not yes and words.startswith("No record answers in this kernel: ") and "can't be 'no'" in words
    assert not answered({"clock": "run"})[1]


def test_what_changed_runs(kernel, again, records):
    kernel.run("k = 2", cell="k")
    audited(kernel, "v = [k] * 3", "v")
    again.run("k = 3", cell="k")
    again.run("v = [k] * 3", cell="v")
    assert again.value("v") == [3, 3, 3]
    assert len(records("v")) == 2


def test_failed_runs_do_not_answer(kernel, again):
    source = "import os\nif not os.environ.get('GO'): raise ValueError('no')\nx = 1"
    audited(kernel, source)
    again.run("import os\nos.environ['GO'] = '1'", silent=True)
    assert again.run(source, cell="a")[0]["status"] == "ok"


def test_future_flags_survive_a_replay(kernel, again):
    source = "from __future__ import annotations\nx = 1"
    audited(kernel, source)
    again.run(source, cell="a")
    again.run("def f(a: nowhere): pass", cell="b")
    assert again.value("f.__annotations__['a']") == "nowhere"


def test_async_cells_and_magics_are_answered(kernel, again):
    for source in ["import asyncio\nawait asyncio.sleep(0.7)\ndone = 1", "%%time\nw = 1"]:
        audited(kernel, source)
        begin = time.perf_counter()
        reply, _ = again.run(source, cell="a")
        assert reply["status"] == "ok"
        assert time.perf_counter() - begin < 0.6
    assert again.value("(done, w)") == (1, 1)


def test_values_that_cant_be_loaded_make_the_cell_run(kernel, again, records):
    source = "import threading\nlocal = threading.local()"
    audited(kernel, source)
    again.run(source, cell="a")
    assert again.value("type(local).__name__") == "_local"
    assert len(records("a")) == 2


def test_adopt_and_materialise(kernel, kernels, notebook_path, store_path, records, store):
    kernel.run("a = [1, 2]\nb = a\ndef g():\n    return a", cell="one")
    kernel.run("c = g() + [3]", cell="two")
    one, two = records()
    other = kernels.take()
    other.attach(notebook_path, store_path)
    other.verb("adopt", run_id=one.id, cell_id="one", action="skip")
    other.verb("adopt", run_id=two.id, cell_id="two", action="skip")
    state = other.verb("state")
    assert state["virtual"] == ["a", "b", "c", "g"]
    assert other.value("'a' in globals()") is False
    answer = other.verb("materialise", names=["a"])
    assert answer == {"loaded": ["a", "b"], "lost": {}}
    assert other.value("a is b") is True
    other.run("x = 5", cell="three")
    assert other.verb("state")["virtual"] == ["c", "g"], "what is not bound yet is not taken for deleted"
    index = store.notebook(notebook_path)
    assert {"var:c", "var:g", "var:x"} <= set(index.state(other.verb("state")["head"]))
    assert not [run for run in index.runs() if not run.cell]
    answer = other.verb("materialise", names=["c", "g", "unheard"])
    assert answer["loaded"] == ["c", "g"]
    other.run("d = g() is a and c", cell="four")
    assert other.value("d") == [1, 2, 3]


def test_materialise_says_what_is_lost(kernel, kernels, notebook_path, store_path, records):
    kernel.run("import threading\nlocal = threading.local()\nn = 1", cell="one")
    other = kernels.take()
    other.attach(notebook_path, store_path)
    other.verb("adopt", run_id=records()[0].id, cell_id="one", action="skip")
    answer = other.verb("materialise", names=["local", "n"])
    assert answer["loaded"] == ["n"]
    assert list(answer["lost"]) == ["local"] and answer["lost"]["local"]


def test_adopting_brings_settings(kernel, kernels, notebook_path, store_path, records):
    kernel.run("import random\nrandom.seed(5)\nx = 1", cell="one")
    kernel.run("y = random.random()", cell="two")
    other = kernels.take()
    other.attach(notebook_path, store_path)
    other.verb("adopt", run_id=records()[0].id, cell_id="one", action="skip")
    other.verb("materialise", names=["random"])
    other.run("y = random.random()", cell="two")
    assert other.value("y") == kernel.value("y")


def test_parameters_are_an_outside_run(kernel, records):
    kernel.verb("set_parameters", values={"alpha": 0.5})
    kernel.run("beta = alpha * 2", cell="one")
    outside, one = records()
    assert outside.cell == "" and {version.key for version in outside.writes} == {"var:alpha"}
    assert {entry.key: entry.run for entry in one.inputs}["var:alpha"] == outside.id


def test_wrong_verbs_are_errors_in_words(kernel):
    answer = kernel.value("__import__('nbrewind.kernel.verbs', fromlist=['call']).call('adopt', '{}')")
    assert "error" in answer


def test_rebinding_an_equal_value_is_still_made_by_the_run(kernel, kernels, notebook_path, store_path, records):
    for _ in range(2):
        kernel.run("x = [1, 2]", cell="one")
    newest = records("one")[-1]
    assert [version.key for version in newest.writes] == ["var:x"]
    other = kernels.take()
    other.attach(notebook_path, store_path)
    other.verb("adopt", run_id=newest.id, cell_id="one", action="skip")
    other.verb("materialise", names=["x"])
    assert other.value("x") == [1, 2]
