"""Modules of the user's own in a kernel: what is recorded of them, and what a rewind says."""

from __future__ import annotations

import sys

import pytest

from nbrewind.planning.history import difference, history_rows
from nbrewind.planning.trace import is_initial

TEXT = "N = 1\nreg = []\ndef add(x): reg.append(x)\ndef pure(): return 1\n"
WATCHED = sys.version_info >= (3, 12)


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a module beside the notebook."""

    def write(name: str, text: str = TEXT) -> None:
        (tmp_path / f"{name}.py").write_text(text)

    return write


def read(run) -> set[str]:
    """Return the dotted names that a run has read."""
    return {entry.key[4:] for entry in run.inputs if "." in entry.key and entry.key[:4] == "var:" and not entry.unread}


def rewound(kernel, target: str) -> str:
    return kernel.text(kernel.run(f"%rewind {target}")[1])


@pytest.mark.py311
def test_what_a_module_holds_is_recorded_when_it_is_loaded_and_when_it_changes(kernel, records, own):
    own("own1")
    kernel.cells(["import own1", "own1.add(1)", "own1.pure()", "x = 1"])
    load, change, pure, other = records()
    written = {version.key for version in load.writes}
    assert {"var:own1", "var:own1.N", "var:own1.reg", "local:own1"} <= written
    assert {version.key for version in change.writes} == {"var:own1.reg"}
    assert not pure.writes and {version.key for version in other.writes} == {"var:x"}
    assert "own1.reg" in read(change) and not read(other)
    assert not WATCHED or (read(change), read(pure)) == ({"own1.reg"}, set())


def test_a_kernel_that_uses_none_looks_at_the_plain_namespace(kernel):
    kernel.cells(["import json", "x = [1]"])
    found = kernel.value(
        "(lambda live: (live.bound is live.namespace, dict(live.space.modules)))"
        "(__import__('nbrewind.kernel.agent', fromlist=['current']).current().recorder.live)"
    )
    assert found == (True, {})


def test_the_history_does_not_list_all_that_a_module_brings(kernel, records, own, store, notebook_path):
    own("own2")
    kernel.cells(["x = 1", "import own2", "own2.add(1)"])
    kernel.verb("flush")
    index = store.notebook(notebook_path, create=False)
    checkpoints = index.checkpoints()
    rows = history_rows(checkpoints, lambda name: next(run for run in records() if run.id == name), lambda text: "")
    assert [row.written for row in rows] == [("x",), ("own2",), ("own2.reg",)]
    first, second, third = (index.state(checkpoint.id) for checkpoint in checkpoints)
    assert [change.key for change in difference(first, second)[0]] == ["var:own2"]
    assert [change.key for change in difference(second, third)[0]] == ["var:own2.reg"]
    assert is_initial("var:own2.N", third) and not is_initial("var:own2.reg", third)


@pytest.mark.py311
def test_a_module_from_before_recording_began(plain, own, notebook_path, store_path):
    own("own3")
    plain.run("import own3; own3.add(0)", silent=True)
    plain.attach(notebook_path, store_path)
    plain.cells(["own3.add(1)", "own3.add(2)"])
    assert rewound(plain, "c0").startswith("Rewound")
    assert plain.value("own3.reg") == [0, 1]


@pytest.mark.py311
def test_what_happens_between_the_cells_is_seen(kernel, records, own):
    own("own4")
    kernel.cells(["import own4"])
    kernel.run("own4.N = 5; own4.add(1)", silent=True)
    kernel.cells(["own4.add(2)"])
    (outside,) = [run for run in records() if not run.cell]
    assert {version.key for version in outside.writes} == {"var:own4.N", "var:own4.reg"}
    assert rewound(kernel, "c0").startswith("Rewound")


def test_a_module_that_was_edited_since_is_noted_in_a_new_kernel(plain, kernels, own, notebook_path, store_path):
    own("own5")
    plain.attach(notebook_path, store_path)
    plain.cells(["import own5", "own5.add(1)"])
    own("own5", TEXT + "def more(): pass\n")
    other = kernels.take()
    other.run(f"import os; os.chdir({str(notebook_path.parent)!r})", silent=True)
    other.attach(notebook_path, store_path)
    report = rewound(other, "c1")
    assert "note       own5 has the functions and classes that are in its file now" in report
    assert other.value("own5.reg") == [1]


def test_a_reload_is_noted(kernel, own):
    own("own6")
    kernel.cells(["from importlib import reload as again\nimport own6", "own6.add(1)", "again(own6)"])
    report = rewound(kernel, "c1")
    assert report.startswith("Rewound")
    assert "note       the functions and classes of the module own6 are those of its last load" in report
    assert kernel.value("own6.reg") == [1]


def test_a_module_that_can_not_be_imported_is_lost(plain, kernels, own, notebook_path, store_path, tmp_path):
    own("own7")
    plain.attach(notebook_path, store_path)
    plain.cells(["import own7", "own7.add(1)"])
    (tmp_path / "own7.py").unlink()
    other = kernels.take()
    other.attach(notebook_path, store_path)
    other.cells(["y = 1"])
    report = rewound(other, "c1")
    assert report.startswith("Not rewound")
    assert "lost       own7: the module can't be imported: ModuleNotFoundError" in report
    assert other.value("y") == 1 and other.value("[n for n in globals() if '.' in n]") == []
    other.run("%rewind --partial c1")
    assert other.value("[n for n in globals() if '.' in n]") == []


def test_a_refused_rewind_loads_no_module(plain, kernels, own, notebook_path, store_path):
    own("own8")
    plain.attach(notebook_path, store_path)
    plain.cells(["import own8\nit = iter({1: 1})", "own8.add(1)"])
    other = kernels.take()
    other.run(f"import os; os.chdir({str(notebook_path.parent)!r})", silent=True)
    other.attach(notebook_path, store_path)
    assert rewound(other, "c1").startswith("Not rewound")
    assert other.value("'own8' in __import__('sys').modules") is False


def test_a_very_large_package_is_left_alone(kernel, records, own):
    own("own9", "\n".join(f"N{number} = {number}" for number in range(6000)) + "\nreg = []\nadd = reg.append\n")
    kernel.cells(["import own9", "own9.add(1)"])
    assert not [version.key for run in records() for version in run.writes if "." in version.key]
    report = rewound(kernel, "c0")
    assert "note       what the package own9 holds is as it is now: it is too large to be recorded" in report


def test_functions_that_keep_a_replaced_object_are_told(kernel, own):
    own("own10", TEXT + "def keep(x, kept=reg): kept.append(x)\n")
    kernel.cells(["import own10", "own10.keep(1)"])
    report = rewound(kernel, "c0")
    assert report.startswith("Not rewound") and "lost       own10.reg: the function own10.keep keeps it" in report


@pytest.mark.py311
def test_what_was_loaded_anew_by_itself_is_noted(kernel, own):
    text = "def say(): return 'old'\nclass K:\n    def m(self): return 'old'\n"
    own("own15", text)
    kernel.cells(["%load_ext autoreload\n%autoreload 2", "import own15; k = own15.K(); say = own15.say", "r = say()"])
    note = "note       own15 has the functions and classes that are in its file now"
    assert note not in rewound(kernel, "c1")
    own("own15", text.replace("old", "newer"))
    kernel.cells(["s = say(), k.m()"])
    assert kernel.value("s") == ("newer", "newer")
    assert note in rewound(kernel, "c1")
    assert kernel.value("say(), k.m()") == ("newer", "newer")
    own("own15", text)
    assert note not in rewound(kernel, "c1")
    kernel.cells(["s = say(), k.m()"])
    assert kernel.value("s") == ("old", "old")
