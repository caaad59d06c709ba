"""Rewinds of a live kernel: everything or nothing, with a report."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.py311


def test_back_to_an_earlier_cell(kernel):
    kernel.cells(["rows = [1, 2, 3]", "total = sum(rows)", "rows.append(4)\ndel total\nextra = 1"])
    report = kernel.text(kernel.run("%rewind c1")[1])
    assert kernel.value("(rows, total, 'extra' in globals())") == ([1, 2, 3], 6, False)
    assert "its last run on this branch" in report
    for word, names in [("kept", ""), ("loaded", "rows, total"), ("removed", "extra")]:
        assert not names or f"{word:<11}{names}" in report


def test_what_did_not_change_is_kept(kernel):
    kernel.cells(["a = [1]\nb = {'k': 2}", "b['k'] = 3"])
    before = kernel.value("id(a)")
    kernel.run("%rewind c0")
    assert kernel.value("(id(a), b)") == (before, {"k": 2})


def test_running_on_after_a_rewind_makes_a_branch(kernel, store, notebook_path, records):
    kernel.cells(["x = 1", "x = 2"])
    kernel.run("%rewind c0")
    kernel.run("y = x", cell="c2")
    checkpoints = store.notebook(notebook_path).checkpoints()
    assert checkpoints[2].parent == checkpoints[0].id
    assert not [run for run in records() if not run.cell], "a rewind is no outside change"
    assert {entry.key: entry.run for entry in records("c2")[0].inputs}["var:x"] == records("c0")[0].id
    report = kernel.text(kernel.run("%rewind c1")[1])
    assert "on another branch" in report
    assert kernel.value("(x, 'y' in globals())") == (2, False)


def test_aliases_come_back_as_aliases(kernel):
    kernel.cells(["a = [1]\nb = a", "b.append(2)", "b = a.copy()"])
    kernel.run("%rewind c0")
    assert kernel.value("(a is b, a)") == (True, [1])


def test_functions_keep_their_globals(kernel):
    kernel.cells(["k = 10\ndef f(x):\n    return x * k", "def f(x):\n    return 0"])
    kernel.run("%rewind c0")
    kernel.run("k = 5")
    assert kernel.value("(f(2), f.__globals__ is globals())") == (10, True)


def test_settings_come_back(kernel, tmp_path):
    (tmp_path / "sub").mkdir()
    kernel.cells(["import random, os\nrandom.seed(3)", "r = random.random()\nos.chdir('sub')\nos.environ['E'] = '1'"])
    first = kernel.value("r")
    report = kernel.text(kernel.run("%rewind c0")[1])
    assert "ambient" in report
    kernel.run("r = random.random()", cell="again")
    assert kernel.value("r") == first
    assert kernel.value("(os.getcwd(), os.environ.get('E'))") == (str(tmp_path), None)


def test_formats_of_figures_come_back(kernel):
    pytest.importorskip("matplotlib")
    formats = (
        "sorted(kind for kind, value in get_ipython().display_formatter.formatters.items() if value.type_printers)"
    )
    kernel.cells(
        ["%matplotlib inline\nimport matplotlib.pyplot as plt", "%config InlineBackend.figure_format = 'svg'\nx = 1"]
    )
    after = kernel.value(formats)
    kernel.run("%rewind c0")
    before = kernel.value(formats)
    assert ("image/svg+xml" in after, "image/png" in after) == (True, False)
    assert ("image/svg+xml" in before, "image/png" in before) == (False, True)
    kernel.run("%rewind c1")
    assert kernel.value(formats) == after


def test_what_cant_be_brought_back_stops_it_unless_partial(kernel):
    kernel.cells(["import threading\nlocal = threading.local()\nx = 1", "del local\nx = 2"])
    report = kernel.text(kernel.run("%rewind c0")[1])
    assert report.startswith("Not rewound") and "local" in report and "--partial" in report
    assert kernel.value("x") == 2
    report = kernel.text(kernel.run("%rewind --partial c0")[1])
    assert report.startswith("Rewound")
    assert kernel.value("(x, 'local' in globals())") == (1, False)


def test_what_cant_be_saved_but_is_still_live_is_no_obstacle(kernel):
    kernel.cells(["import threading\nlocal = threading.local()\nx = 1", "x = 2"])
    before = kernel.value("id(local)")
    assert kernel.text(kernel.run("%rewind c0")[1]).startswith("Rewound")
    assert kernel.value("(id(local), x)") == (before, 1)


def test_targets_labels_numbers_and_unknown_ones(kernel, notebook_path, store):
    cells = [
        {"id": "md", "cell_type": "markdown"},
        {"id": "c0", "cell_type": "code"},
        {"id": "c1", "cell_type": "code"},
    ]
    notebook_path.write_text(json.dumps({"cells": cells}))
    kernel.cells(["x = 1"])
    assert "called first" in kernel.text(kernel.run("%checkpoint first")[1])
    kernel.run("x = 2", cell="c1")
    head = store.notebook(notebook_path).checkpoints()[-1].id
    assert "labelled first" in kernel.text(kernel.run("%rewind first")[1]) and kernel.value("x") == 1
    assert kernel.text(kernel.run(f"%rewind {head}")[1]).startswith(f"Rewound to checkpoint {head}")
    assert kernel.value("x") == 2
    assert "cell 2 (c0)" in kernel.text(kernel.run("%rewind 2")[1]) and kernel.value("x") == 1
    for target in ["nowhere", "1", "99"]:
        assert "Not rewound" in kernel.text(kernel.run(f"%rewind {target}")[1])
    assert "usage" in kernel.text(kernel.run("%rewind")[1])


def test_only_as_the_only_statement(kernel):
    kernel.cells(["x = 1", "x = 2"])
    assert "only statement" in kernel.text(kernel.run("%rewind c0\nx = 3")[1])
    reply, _ = kernel.run("for _ in [1]:\n    import nbrewind; nbrewind.rewind('c0')")
    assert reply["ename"] == "RewindError"
    assert kernel.value("x") == 3
    kernel.run("import nbrewind", cell="imp")
    reply, messages = kernel.run("nbrewind.rewind('c0')")
    assert reply["status"] == "ok"
    assert "RewindReport" in kernel.text(messages, "execute_result")
    assert kernel.value("x") == 1
    reply, _ = kernel.run(
        "import threading, nbrewind\nfound = []\n"
        "def go():\n    try:\n        nbrewind.rewind('c0')\n    except Exception as e:\n        found.append(str(e))\n"
        "t = threading.Thread(target=go); t.start(); t.join()"
    )
    assert "main thread" in kernel.value("found[0]")


def test_changes_between_the_cells_are_not_lost_by_a_rewind(kernel, records):
    kernel.cells(["x = [1]"])
    kernel.run("x.append(2)", silent=True)
    kernel.run("%rewind c0")
    assert kernel.value("x") == [1]
    outside = [run for run in records() if not run.cell]
    assert len(outside) == 1


def test_rewinding_in_the_session_after(plain, kernels, tmp_path, notebook_path, store_path):
    plain.attach(notebook_path, store_path)
    plain.cells(["x = {'a': [1, 2]}\ndef f():\n    return x['a']", "x['a'].append(3)"])
    other = kernels.take()
    other.attach(notebook_path, store_path)
    assert other.text(other.run("%rewind c0")[1]).startswith("Rewound")
    assert other.value("(x, f(), f() is x['a'])") == ({"a": [1, 2]}, [1, 2], True)
    assert plain.value("x") == {"a": [1, 2, 3]}, "two kernels, two heads"


def test_a_write_through_a_library_module_is_reported_and_nothing_is_changed(kernel):
    kernel.cells(["import string\nx = 1", "string.kept = [1]\nx = 2"])
    report = kernel.text(kernel.run("%rewind c0")[1])
    assert "lost       modules: it changes string" in report and report.startswith("Not rewound")
    assert kernel.value("x") == 2
    kernel.run("%rewind --partial c0")
    assert kernel.value("x") == 1


def test_what_can_not_be_checked_is_noted(kernel, tmp_path):
    (tmp_path / "registry.py").write_text("def keep(x, kept=[]): kept.append(x)\n")
    sources = [
        "import sys\nsys.path.insert(0, '.')\nimport registry\na = [[5]]",
        "a[0]",
        "registry.keep(1)\nOut[2].append(6)",
    ]
    kernel.cells(sources)
    report = kernel.text(kernel.run("%rewind c1")[1])
    assert report.startswith("Rewound")
    assert "note       what registry.keep keeps (defaults, what it encloses, a cache) is as it is now" in report
    assert "note       Out[2] is as it is now" in report


def test_the_lines_of_a_shell_command_come_back(kernel):
    kernel.cells(["lines = !echo one", "lines = !echo two"])
    kernel.run("%rewind c0")
    assert kernel.value("(list(lines), lines.s, type(lines).__name__)") == (["one"], "one", "SList")


def test_files_are_put_back_but_not_over_what_is_recorded_nowhere(kernel, tmp_path):
    out, other = tmp_path / "out.txt", tmp_path / "other.txt"
    kernel.cells(
        ["open('out.txt', 'w').write('1')\nopen('other.txt', 'w').write('a')", "open('out.txt', 'w').write('2')"]
    )
    other.write_text("by hand")
    report = kernel.text(kernel.run("%rewind c0")[1])
    assert "restored   out.txt" in report
    assert (out.read_text(), other.read_text()) == ("1", "by hand")
    assert "other.txt has other content now: it differs from what the notebook wrote and is not recorded" in report
    kernel.run("%rewind c1")
    assert out.read_text() == "2"
    out.unlink()
    report = kernel.text(kernel.run("%rewind --files c0")[1])
    assert "restored   other.txt, out.txt" in report
    assert (out.read_text(), other.read_text()) == ("1", "a"), "what was agreed to"


def test_a_file_that_is_open_for_writing_is_not_replaced(kernel, tmp_path):
    kernel.cells(
        ["def make(): return open('out.txt', 'w')", "make.f = make(); make.f.write('1'); make.f.flush()", "x = 1"]
    )
    kernel.run("make.f.write('2'); make.f.flush()", cell="more")
    kernel.run("import builtins; builtins.kept = make.f", cell="elsewhere")
    report = kernel.text(kernel.run("%rewind --partial --files c2")[1])
    assert "out.txt has other content now: it is open for writing" in report
    kernel.run("import builtins; builtins.kept.write('3'); builtins.kept.flush()", cell="on")
    assert (tmp_path / "out.txt").read_text() == "123"


def test_a_rewind_that_changes_nothing_puts_no_file_back(kernel, tmp_path):
    kernel.cells(["g = iter({1: 2})\nopen('out.txt', 'w').write('1')", "del g\nopen('out.txt', 'w').write('2')"])
    assert "Not rewound" in kernel.text(kernel.run("%rewind c0")[1])
    assert (tmp_path / "out.txt").read_text() == "2"
    kernel.run("%rewind --partial c0")
    assert (tmp_path / "out.txt").read_text() == "1"


def test_an_unknown_option_is_told(kernel):
    kernel.cells(["x = 1"])
    assert kernel.text(kernel.run("%rewind --file c0")[1]).startswith("usage")
