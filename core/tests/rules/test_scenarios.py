"""Scenarios that a published prototype fails: first that each is a hazard, then that a repeat handles it.

The prototype restores a cell by its text and by the checkpoint restored before it. `restored` is that rule: what it
would show, from the recorded runs. The number is that of the list of weaknesses that these scenarios were made from.
"""

from __future__ import annotations

import ast
import hashlib
import marshal
import pickle
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from driver_notebooks import audited, notebook, repeated
from rules_tools import Cells, Scenario, shown

from nbrewind.store import Store


def restored(audits: Sequence[tuple[Cells, dict[str, str]]], cells: Cells) -> dict[str, str]:
    """Return the cells that the rule of text and position restores after some audits, with what it shows for them."""
    records: dict[tuple[str, int], tuple[int, str]] = {}
    for done, texts in audits:
        last = 0
        for name, code in done:
            if (code, last) not in records:  # a hit during an audit moves nothing
                records[code, last] = (len(records) + 1, texts[name])
                last = len(records)
    last, found = 0, {}
    for name, code in cells:
        if (code, last) in records:  # a miss runs, and moves nothing either
            last, found[name] = records[code, last]
    return found


def ran(scenario: Scenario, cells: Cells, right: dict[str, str]) -> set[str]:
    """Repeat cells, which must show ``right``; return those that ran."""
    verdict = scenario.repeat(cells, right)
    assert verdict.holds, verdict.result.failed
    return set(verdict.ran)


def test_s06_an_inserted_cell(scenario: Scenario) -> None:
    """A new cell changes what the cells below it read; their texts and their order are as before."""
    cells = [
        ("a", "data = [1, 2, 3].copy()"),
        ("b", "total = sum(data)\nprint(total)"),
        ("c", "print(total / len(data))"),
    ]
    first = scenario.audit(cells)
    edited = [cells[0], ("x", "data.append(14)"), *cells[1:]]
    right = {"b": "20", "c": "5.0"}
    assert restored([(cells, first)], edited) == {"a": "", "b": "6", "c": "2.0"}, "the hazard: both are stale"
    assert ran(scenario, edited, right) == {"x", "b", "c"}


@pytest.mark.slow
def test_s07_audited_twice_then_the_first_cell_edited(scenario: Scenario) -> None:
    """The second audit records the later cells as if nothing stood before them."""
    cells = [("a", "k = max(2, 1)"), ("b", "double = 2 * k\nprint(double)"), ("c", "print(double + k)")]
    first, second = scenario.audit(cells), scenario.audit(cells)
    edited = [("a", "k = max(5, 1)"), *cells[1:]]
    right = {"b": "10", "c": "15"}
    assert restored([(cells, first), (cells, second)], edited) == {"b": "4", "c": "6"}, "the hazard: of the old a"
    assert ran(scenario, edited, right) == {"a", "b", "c"}


def test_s08_what_lies_outside_the_notebook_changed(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, variables of the environment, scripts, modules and folders are inputs: no text tells their content."""
    monkeypatch.setenv("NBREWIND_S08", "before")
    files = {"data.csv": "a\n{}\n", "script.py": "value = '{}'\n", "s08module.py": "VALUE = '{}'\n"}

    def write(word: str) -> None:
        for name, text in files.items():
            (scenario.folder / name).write_text(text.format(word))

    write("before")
    cells = [
        ("file", "import csv\nprint(list(csv.reader(open('data.csv')))[1][0])"),
        ("variable", "import os\nprint(os.environ['NBREWIND_S08'])"),
        ("script", "%run -i script.py\nprint(value)"),
        ("module", "import s08module\nprint(s08module.VALUE)"),
        ("folder", "import os\nprint(sorted(name for name in os.listdir('.') if name.endswith('.csv')))"),
        ("none", "print(sum([1, 2]))"),
    ]
    first = scenario.audit(cells)
    write("later")
    (scenario.folder / "more.csv").touch()
    monkeypatch.setenv("NBREWIND_S08", "later")
    right = dict.fromkeys(("file", "variable", "script", "module"), "later")
    right |= {"folder": "['data.csv', 'more.csv']", "none": "3"}
    assert restored([(cells, first)], cells) == first != right, "the hazard: everything is restored"
    assert "none" not in ran(scenario, cells, right)


@pytest.mark.slow
def test_s09_an_input_that_changed_while_the_cell_ran(scenario: Scenario) -> None:
    """A digest taken when the cell has ended stands for a content that it never saw."""
    data, began = scenario.folder / "data.txt", scenario.folder / "began.txt"
    data.write_text("old")
    cells = [
        (
            "read",
            "import time\ntext = open('data.txt').read()\nopen('began.txt', 'w').close()\ntime.sleep(0.5)\nprint(text)",
        )
    ]

    def change() -> None:
        while not began.exists():
            time.sleep(0.01)
        data.write_text("newer")

    other = threading.Thread(target=change)
    other.start()
    first = scenario.audit(cells)
    other.join()
    after = hashlib.sha256(data.read_bytes()).hexdigest()
    by_digest_at_the_end = {after: first["read"]}
    began.unlink()
    now = hashlib.sha256(data.read_bytes()).hexdigest()
    assert by_digest_at_the_end[now] == "old", "the hazard: the new content's key leads to the old result"
    assert ran(scenario, cells, {"read": "newer"}) == {"read"}


def assignments(cells: Cells, edited: str) -> set[str]:
    """Return what a graph of names that cells assign and read says that an edit affects."""
    affected, names = {edited}, set[str]()
    for name, code in cells:
        found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)]
        if name == edited or names & {node.id for node in found if isinstance(node.ctx, ast.Load)}:
            affected.add(name)
            names |= {node.id for node in found if isinstance(node.ctx, ast.Store)}
    return affected


@pytest.mark.slow
def test_s10_edges_that_no_assignment_shows(scenario: Scenario) -> None:
    """A parameter inside a configuration decides what the main cell does, and the plot; nothing else."""
    cells = [
        ("make", "config = dict(other=1)"),
        ("set", "config['MAX_FILES'] = 2"),
        ("process", "def process(number):\n    return number * config['MAX_FILES']"),
        ("main", "done = list(map(process, range(3)))\nprint(done)"),
        ("plot", "print('#' * sum(done))"),
        ("apart", "print(config['other'] + 1)"),
    ]
    scenario.audit(cells)
    edited = [cells[0], ("set", "config['MAX_FILES'] = 3"), *cells[2:]]
    assert assignments(edited, "set") == {"set"}, "the hazard: nobody reads a name that the cell assigns"
    right = {"main": "[0, 3, 6]", "plot": "#" * 9, "apart": "2"}
    assert ran(scenario, edited, right) - {"process"} == {"set", "main", "plot"}


@pytest.mark.slow
def test_s11_changes_of_what_the_cell_does_not_name(scenario: Scenario) -> None:
    """A call changes a global, a view its base: the cell names neither."""
    cells = [
        ("make", "import numpy as np\nG = []\na = np.zeros(3)\nb = a[1:]\npair = [G, G]"),
        ("define", "def f():\n    G.append(1)"),
        ("call", "f()"),
        ("view", "b[0] = 9"),
        ("end", "print(G, a.tolist())"),
    ]
    scenario.audit(cells)
    named = {
        name: {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)} for name, code in cells
    }
    assert "G" not in named["call"] and "a" not in named["view"], "the hazard: they are not saved with these cells"
    a = np.zeros(3)
    one, other = pickle.loads(pickle.dumps(a)), pickle.loads(pickle.dumps(a[1:]))
    other[0] = 9
    assert one[1] == 0, "the hazard: saved apart, they share nothing any more"
    edited = [*cells[:4], ("end", "b[1] = 7\nG.append(2)\nprint(G, a.tolist(), pair[0] is pair[1] is G)")]
    right = {"end": "[1, 2] [0.0, 9.0, 7.0] True"}
    assert {"call", "view"}.isdisjoint(ran(scenario, edited, right))


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server that counts its visitors."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.visits += 1  # type: ignore[attr-defined]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(self.server.visits).encode())  # type: ignore[attr-defined]

        def log_message(self, *_: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Page)
    made.visits = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_s12_a_result_that_is_none(scenario: Scenario, server: HTTPServer) -> None:
    """A side effect whose result is None has happened once, and does not happen again because of that."""
    cells = [
        (
            "define",
            f"import urllib.request\ndef send():\n    urllib.request.urlopen('http://127.0.0.1:{server.server_port}').close()",
        ),
        ("send", "r = send()"),
        ("tuple", "p, q = send(), [1]"),
        ("with", "import contextlib\nwith contextlib.nullcontext(send()) as w:\n    pass"),
        ("end", "print(r, p, q, w)"),
    ]
    scenario.audit(cells)
    assert server.visits == 3  # type: ignore[attr-defined]
    sent: list[int] = []
    saved = {"r": (None, "r = send()")}
    space = {"send": lambda: sent.append(1)}
    for value, code in saved.values():
        if value is None:  # taken for: could not be saved
            exec(code, space)
    assert sent == [1], "the hazard: it is sent again"
    edited = [*cells[:4], ("end", "print('now', r, p, q, w)")]
    assert ran(scenario, edited, {"end": "now None None [1] None"}) == {"define", "end"}
    assert server.visits == 3  # type: ignore[attr-defined]


@pytest.mark.slow
def test_s13_errors_are_no_results(scenario: Scenario) -> None:
    """A cell that failed runs again: it fails again, or what it lacked is there now."""
    cells = [
        ("before", "n = sum([1, 2])\nprint(n)"),
        ("load", "text = open('late.txt').read()"),
        ("after", "print(n, text)"),
    ]
    with Store.open(scenario.folder / "store") as store:
        result = audited(notebook(cells), scenario.path, store)
        assert result.failed is not None and result.failed.cell.id == "load"
        assert "load" in restored([(cells[:2], {"before": "3", "load": ""})], cells), "the hazard: restored, status ok"
        again = repeated(notebook(cells), scenario.path, store)
        assert [step.cell for step in again.steps] == ["before", "load"] and "FileNotFoundError" in again.failed
        assert "its last run ended with FileNotFoundError" in again.steps[-1].reason
    (scenario.folder / "late.txt").write_text("there")
    assert ran(scenario, cells, {"before": "3", "after": "3 there"}) == {"load", "after"}


@pytest.mark.slow
def test_s19_files_that_a_skipped_cell_wrote(scenario: Scenario, tmp_path: Path) -> None:
    """At a new site the first phase's files are missing. What tasks write waits for the distributed part."""
    cells = [
        ("phase1", "import pandas as pd\npd.DataFrame({'t': [1, 2]}).to_csv('out/cleaned.csv')\nprint('cleaned')"),
        ("phase2", "import pandas as pd\nprint(pd.read_csv('out/cleaned.csv')['t'].sum())"),
    ]
    (scenario.folder / "out").mkdir()
    first = scenario.audit(cells)
    site = tmp_path / "site"
    site.mkdir()
    edited = [cells[0], ("phase2", "import pandas as pd\nprint(pd.read_csv('out/cleaned.csv')['t'].mean())")]
    assert restored([(cells, first)], edited) == {"phase1": "cleaned"} and not (site / "out").exists(), "the hazard"
    with Store.open(scenario.folder / "store") as store:
        made = notebook(edited)
        result = repeated(made, site / "moved.ipynb", store)
        assert [step.action for step in result.steps] == ["skip", "run"] and result.notes == [
            "out/cleaned.csv was put back"
        ]
        assert shown(made.cells[1].outputs) == "1.5"
        (site / "out" / "cleaned.csv").write_text("t\nmine\n")
        edited[1] = ("phase2", edited[1][1] + "\nprint('again')")
        result = repeated(notebook(edited), site / "moved.ipynb", store)
        assert "out/cleaned.csv, which differs from what the notebook wrote and is not recorded" in result.failed
        assert (site / "out" / "cleaned.csv").read_text() == "t\nmine\n", "nothing that is not recorded is lost"
        made = notebook(edited)
        assert repeated(made, site / "moved.ipynb", store, files=True).failed == ""
        assert shown(made.cells[1].outputs) == "1.5\nagain"


MANAGER = """
import socket
class Manager:
    def __init__(self):
        self.door = socket.create_server(('127.0.0.1', 0))
        self.tasks = {}
    def submit(self, number):
        self.tasks[number] = number * number
        return number
    def wait(self):
        return self.tasks.popitem()[1] if self.tasks else None
""".strip()


@pytest.mark.slow
def test_s20_a_manager_and_what_was_submitted_to_it(scenario: Scenario) -> None:
    """The manager is made anew without its tasks, the ids are old ones. Real tasks wait for the distributed part."""
    cells = [
        ("define", MANAGER),
        ("manager", "m = Manager()"),
        ("submit", "ids = [m.submit(number) for number in (1, 2, 3)]"),
        ("wait", "print(sum(iter(m.wait, None)), ids)"),
    ]
    first = scenario.audit(cells)
    assert first["wait"] == "14 [1, 2, 3]"
    space: dict[str, object] = {}
    exec(MANAGER + "\nm = Manager()", space)  # restored by its assignment; the cell that submits is restored, too
    assert space["m"].wait() is None, "the hazard: nothing comes back"  # type: ignore[attr-defined]
    space["m"].door.close()  # type: ignore[attr-defined]
    edited = [*cells[:3], ("wait", "print('sum', sum(iter(m.wait, None)), ids)")]
    assert {"manager", "submit", "wait"} <= ran(scenario, edited, {"wait": "sum 14 [1, 2, 3]"})


def test_s21_outputs_of_cells_with_the_same_text(scenario: Scenario) -> None:
    """Outputs come from the records of each cell, whatever the notebook's file holds."""
    same = "count.append(len(count))\nprint(count)\nlen(count)"
    cells = [
        ("make", "count = [].copy()"),
        ("one", same),
        ("two", same),
        ("rich", "from IPython.display import HTML\nHTML('<b>x</b>')"),
    ]
    with Store.open(scenario.folder / "store") as store:
        full = notebook(cells)
        assert audited(full, scenario.path, store).failed is None
        by_text = {cell.source: shown(cell.outputs) for cell in reversed(full.cells)}
        assert by_text[same] == "[0]\n1" != shown(full.cells[2].outputs), "the hazard: the first one stands for both"
        made = notebook(cells)  # without any output, as if they had been cleared
        made.cells[1].outputs = full.cells[2].outputs  # and with wrong ones
        result = repeated(made, scenario.path, store)
    assert {step.action for step in result.steps} == {"skip"}
    assert [dict(cell) for cell in made.cells] == [dict(cell) for cell in full.cells], "outputs and execution counts"


@pytest.mark.slow
def test_s22_notebooks_in_one_folder(scenario: Scenario) -> None:
    """Two notebooks in a folder, a copy and a rename: none is taken for another, and all profit from all records.

    Two kernels of one notebook: `test_rule_15_two_kernels_two_heads`.
    """
    cells = [("a", "k = max(1, 0)"), ("p", "print(k)")]
    first = scenario.audit(cells)
    other = [("a", "k = max(5, 0)"), ("p", "print(k)")]
    assert restored([(cells, first), (cells, first)], other) == {"p": "1"}, "the hazard: with one database for a folder"
    folder = scenario.folder
    for name in ("rules.ipynb", "other.ipynb", "copy.ipynb"):
        (folder / name).write_text("{}")
    scenario.path = folder / "other.ipynb"
    assert ran(scenario, other, {"p": "5"}) == {"a", "p"}
    scenario.path = folder / "copy.ipynb"
    assert ran(scenario, cells, {"p": "1"}) == set(), "a copy is answered by the records of the first"
    (folder / "rules.ipynb").unlink()
    with Store.open(folder / "store") as store:
        moved = store.notebook(folder / "renamed.ipynb", cells=["a", "p"])
        assert moved is not None and [run.cell for run in moved.runs()] == ["a", "p"], "renamed: it keeps its history"


@pytest.mark.slow
def test_s23_odd_paths_and_a_working_directory_that_changes(scenario: Scenario, tmp_path: Path) -> None:
    """Nothing goes through a shell, and nothing depends on where the notebook has gone."""
    folder = tmp_path / "a b; touch hacked; #"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "data.txt").write_text("data")
    hurt = subprocess.run(f"test -e {folder}", shell=True, cwd=tmp_path, check=False, capture_output=True)
    assert (tmp_path / "hacked").exists() or hurt.returncode, "the hazard: a shell does not see the path"
    (tmp_path / "hacked").unlink(missing_ok=True)
    odd = Scenario(folder)
    cells = [
        ("go", "import os\nos.chdir('sub')\nprint(os.path.basename(os.getcwd()))"),
        ("read", "text = open('data.txt').read()\nprint(text)"),
        ("write", "with open('out.txt', 'w') as f:\n    f.write(text * 2)"),
        ("end", "print(open('out.txt').read())"),
    ]
    first = odd.audit(cells)
    assert list(first.values()) == ["sub", "data", "", "datadata"]
    (folder / "sub" / "out.txt").unlink()
    edited = [*cells[:3], ("end", "import os\nprint(open('out.txt').read(), os.path.basename(os.getcwd()))")]
    assert ran(odd, edited, {"go": "sub", "end": "datadata sub"}) == {"end"}
    (folder / "sub" / "data.txt").write_text("new")
    assert {"read", "write", "end"} <= ran(odd, edited, {"go": "sub", "read": "new", "end": "newnew sub"})
    assert not list(tmp_path.rglob("hacked"))


@pytest.mark.slow
def test_s24_a_second_audit_adds_to_the_first(scenario: Scenario) -> None:
    """What is recorded stays, equal contents are stored once, and the version before the edit is answered still."""
    cells = [
        ("big", "import numpy as np\nx = np.random.default_rng(1).integers(0, 255, 3_000_000, dtype=np.uint8)"),
        ("sum", "print(int(x.sum()))"),
        ("last", "print('one')"),
    ]
    first = scenario.audit(cells)
    with Store.open(scenario.folder / "store") as store:
        once = store.bytes_on_disk()
    later = [*cells[:2], ("last", "print('two')")]
    assert restored([], cells) == {}, "the hazard: whoever removes all records before an audit has none of the first"
    scenario.audit(later)
    with Store.open(scenario.folder / "store") as store:
        assert once >= 3_000_000 and store.bytes_on_disk() - once < 100_000
    assert ran(scenario, cells, first) == set() == ran(scenario, later, {**first, "last": "two"})


@pytest.mark.slow
def test_s25_functions_are_compared_by_what_they_do(scenario: Scenario) -> None:
    """Line numbers don't count, on any Python, and the live function is not touched."""
    body = "def f(x):\n    return x + 1"
    one, two = compile(body, "<cell>", "exec").co_consts[0], compile("# moved\n" + body, "<cell>", "exec").co_consts[0]
    assert marshal.dumps(one) != marshal.dumps(two), "the hazard: its line is part of a function's bytes"
    if sys.version_info >= (3, 11):
        with pytest.raises(TypeError):  # the hazard: so it can't be taken out, which fails unseen
            types.CodeType(1, 0, 0, 1, 2, 67, b"", (), (), ("x",), "f", "f", 1, b"", (), ())  # type: ignore[call-arg]
    cells = [
        ("define", body + "\nkept = [f.__code__]"),
        ("call", "print(f(1), f.__code__ is kept[0], f.__code__.co_firstlineno)"),
        ("make", "made = [f(n) for n in range(3)]\nprint(made)"),
    ]
    first = scenario.audit(cells)
    assert first["call"] == "2 True 1"
    edited = [("define", "# moved\n" + cells[0][1]), *cells[1:]]
    assert "make" not in ran(scenario, edited, {"make": "[1, 2, 3]"})
    other = [("define", cells[0][1].replace("+ 1", "+ 2")), *cells[1:]]
    assert {"call", "make"} <= ran(scenario, other, {"call": "3 True 1", "make": "[2, 3, 4]"})
