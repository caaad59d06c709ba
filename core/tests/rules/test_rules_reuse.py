"""Rules of soundness 7, 9, 12 and 13: identity of classes, the whole trace, cut-off only on exact equality."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from rules_tools import Live, Scenario

from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, code_cells
from nbrewind.planning.outside import World
from nbrewind.store import Store


def test_rule_09_one_class_one_identity(scenario: Scenario) -> None:
    """Holds: classes and functions are loaded as references to the live ones; sentinels keep their identity."""
    cells = [
        ("class", "class C:\n    def __init__(self, n):\n        self.n = n"),
        ("sentinel", "MISSING = object()\nclass E(__import__('enum').Enum):\n    A = 1"),
        ("make", "c = C(1)\nd = {'k': MISSING, 'e': E.A}\nf = C.__init__"),
        ("ask", "print(type(c) is C, isinstance(c, C), d['k'] is MISSING, d['e'] is E.A, f is C.__init__, c.n)"),
    ]
    right = "True True True True True 1"
    assert scenario.audit(cells)["ask"] == right
    verdict = scenario.repeat([*cells[:3], ("ask", "unused = 1\n" + cells[3][1])], {"ask": right})
    assert verdict.holds
    method = ("class", cells[0][1] + "\n    def more(self):\n        return self.n + 1")
    verdict = scenario.repeat([method, *cells[1:3], ("ask", "print(type(c) is C, c.more())")], {"ask": "True 2"})
    assert verdict.holds and "make" in verdict.ran


@pytest.mark.slow
def test_rule_09_a_group_is_wholly_loaded(scenario: Scenario) -> None:
    """Holds: what shares objects is loaded together, also names that the cell which runs does not know."""
    cells = [
        ("make", "import numpy as np\ninner = [1].copy()\na, b = [inner], {'k': inner}\nx = np.zeros(4)\ny = x[1:3]"),
        ("other", "class C:\n    pass\nc = C()\nc.items = inner\nf = lambda: inner"),
        ("change", "a[0].append(2)\nx[1] = 5"),
        ("show", "print(b, c.items, f(), y.tolist(), a[0] is b['k'] is c.items is f())"),
    ]
    assert scenario.audit(cells)["show"] == "{'k': [1, 2]} [1, 2] [1, 2] [5.0, 0.0] True"
    cells[2] = ("change", "a[0].append(3)\nx[1] = 6")
    right = {"show": "{'k': [1, 3]} [1, 3] [1, 3] [6.0, 0.0] True"}
    assert scenario.repeat(cells, right).holds
    cells[2] = ("change", "a = [[9]]\nx = np.ones(4)")
    right = {"show": "{'k': [1]} [1] [1] [0.0, 0.0] False"}
    assert scenario.repeat(cells, right).holds


def test_rule_12_reuse_needs_the_whole_trace(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds: a changed file, folder, environment variable or local module makes exactly its readers run again."""
    monkeypatch.setenv("NBREWIND_RULE_12", "before")
    data, module = scenario.folder / "data.txt", scenario.folder / "rule12mod.py"
    data.write_text("before")
    module.write_text("VALUE = 'before'\n")
    (scenario.folder / "sub").mkdir()
    cells = [
        ("file", "print(open('data.txt').read())"),
        ("absent", "try:\n    print(open('later.txt').read())\nexcept FileNotFoundError:\n    print('absent')"),
        ("exists", "import os\nprint(os.path.exists('later.txt'))"),
        ("listing", "import os\nprint(sorted(os.listdir('sub')))"),
        ("environ", "import os\nprint(os.environ.get('NBREWIND_RULE_12'))"),
        ("module", "import rule12mod\nprint(rule12mod.VALUE)"),
        ("nothing", "print(1 + 1)"),
    ]
    first = scenario.audit(cells)
    assert list(first.values()) == ["before", "absent", "False", "[]", "before", "before", "2"]
    data.write_text("after!")
    (scenario.folder / "later.txt").write_text("there")
    (scenario.folder / "sub" / "new").touch()
    module.write_text("VALUE = 'after!'\n")
    os.utime(module, (1, 1))
    monkeypatch.setenv("NBREWIND_RULE_12", "after!")
    right = dict(zip(first, ["after!", "there", "True", "['new']", "after!", "after!", "2"], strict=True))
    verdict = scenario.repeat(cells, right)
    assert verdict.holds and verdict.ran.keys() == right.keys() - {"nothing"}, verdict.ran


SURROUNDINGS = {
    "cwd": "import os\nx = [os.getcwd()]\nprint(x)",
    "function": "from os import getcwd as where\ndef g():\n    return where()\nx = [g()]\nprint(x)",
    "absolute": "import os\nx = [os.path.abspath('d.txt')]\nprint(x)",
    "resolved": "from pathlib import Path\nx = [Path('d.txt').resolve()]\nprint(x)",
    "home": "from pathlib import Path\nx = [Path.home()]\nprint(x)",
    "tilde": "import os\nx = [os.path.expanduser('~/a')]\nprint(x)",
    "expanded": "import os\nx = [os.path.expandvars('$NBREWIND_A')]\nprint(x)",
    "computed": "import os\nname = 'NBREWIND_' + 'abc'[0].upper()\nx = [os.environ[name]]\nprint(x)",
    "all": "import os\nx = dict(os.environ)\nprint(x['NBREWIND' + '_A'])",
    "user": "import getpass\nx = [getpass.getuser()]\nprint(x)",
    "temporary": "import tempfile\nx = [tempfile.gettempdir()]\nprint(x)",
    "zone": "import datetime\nx = [datetime.datetime.fromtimestamp(0)]\nprint(x)",
    "program": "import shutil\nx = [shutil.which('nbrewindtool')]\nprint(x)",
}
"""What a cell can learn of the place and of the user without naming a file or a variable."""


@pytest.mark.py311
def test_rule_12_place_and_user(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds: in another folder, as another user, what depends on that runs, and nothing else."""

    def be(user: str, zone: str) -> None:
        home = tmp_path / user
        home.mkdir()
        tool = home / "nbrewindtool"
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{home}{os.pathsep}{path}")
        monkeypatch.setenv("TZ", zone)
        for name in ("HOME", "TMPDIR", "NBREWIND_A"):
            monkeypatch.setenv(name, str(home))
        for name in ("USER", "LOGNAME"):
            monkeypatch.setenv(name, user)

    path = os.environ["PATH"]
    be("one", "UTC")
    scenario.path = tmp_path / "here" / "n.ipynb"
    scenario.path.parent.mkdir()
    apart = ("apart", "import os\nprint(os.path.join('a', 'b'), os.path.basename('c/d'), os.sep)")
    cells = [*SURROUNDINGS.items(), apart]
    first = scenario.audit(cells)
    be("two", "Asia/Tokyo")
    scenario.path = tmp_path / "there" / "n.ipynb"
    scenario.path.parent.mkdir()

    def there(text: str) -> str:
        moved = text.replace(f"{tmp_path}/here", f"{tmp_path}/there").replace(f"{tmp_path}/one", f"{tmp_path}/two")
        return moved.replace("['one']", "['two']").replace("1, 0, 0)]", "1, 9, 0)]")

    right = {name: there(text) for name, text in first.items()}
    assert all(right[name] != first[name] for name in SURROUNDINGS) and right["apart"] == first["apart"]
    verdict = scenario.repeat(cells, right)
    assert verdict.holds and verdict.ran.keys() == SURROUNDINGS.keys()
    assert verdict.ran["cwd"] == "the place of the notebook changed since it ran"
    assert verdict.ran["tilde"] == "environment variable HOME changed since it ran"


def test_rule_12_temporary_folders(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds: a temporary folder is not there in a new kernel; what lies in it connects the cells that use it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    cells = [
        ("make", "import os, tempfile\nd = tempfile.mkdtemp()\nh, name = tempfile.mkstemp()\nos.close(h)"),
        ("write", "for path in (os.path.join(d, 'x'), name):\n    with open(path, 'w') as f:\n        f.write('1')"),
        ("read", "print([open(path).read() for path in (os.path.join(d, 'x'), name)])"),
        (
            "inside",
            "with tempfile.TemporaryDirectory() as t:\n    open(os.path.join(t, 'y'), 'w').close()\nprint('done')",
        ),
    ]
    first = scenario.audit(cells)
    assert (first["read"], first["inside"]) == ("['1', '1']", "done")
    with Store.open(scenario.folder / "store") as store:
        index = store.notebook(scenario.path)
        assert index is not None
        runs = {run.cell: run for run in index.runs()}
    assert len({entry.run for entry in runs["read"].inputs if entry.key.startswith("file:")} & {runs["write"].id}) == 1
    for path in scratch.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    cells[1] = ("write", cells[1][1].replace("'1'", "'2'"))
    verdict = scenario.repeat(cells, {"read": "['2', '2']", "inside": "done"})
    assert verdict.holds and "inside" not in verdict.ran


def test_rule_12_parts_of_a_value(scenario: Scenario) -> None:
    """Holds: who read an item or a column is answered when another was set anew; who sees the whole runs again."""
    cells = [
        ("make", "import pandas as pd\nd = {'a': 1, 'text': 'x'}\ndf = pd.DataFrame({'x': [1, 2], 'y': [3, 4]})"),
        ("set", "d['b'] = 2\ndf['z'] = 0"),
        ("item", "print(d['a'])"),
        ("column", "print(df['x'].sum())"),
        ("other", "print(d['b'], df['z'].sum())"),
        ("whole", "print(d, df.shape)"),
        ("again", "d['c'] = 3"),
        ("end", "print(sorted(d), d['c'])"),
    ]
    first = scenario.audit(cells)
    assert first["whole"] == "{'a': 1, 'text': 'x', 'b': 2} (2, 3)"
    right = {**first, "other": "5 2", "whole": first["whole"].replace("'b': 2", "'b': 5")}
    edited = [cells[0], ("set", "d['b'] = 5\ndf['z'] = 1"), *cells[2:]]
    verdict = scenario.repeat(edited, right)
    assert verdict.holds and {"set", "other", "whole", "again", "end"} == verdict.ran.keys() - {"make"}
    edited = [cells[0], ("set", "d['b'] = 2\ndf['z'] = 0\nd['a'] = 7\ndf.loc[0, 'x'] = 9"), *cells[2:]]
    right = {**first, "item": "7", "column": "11", "whole": first["whole"].replace("'a': 1", "'a': 7")}
    verdict = scenario.repeat(edited, right)
    assert verdict.holds and {"set", "item", "column", "whole"} <= verdict.ran.keys()


@pytest.mark.py311
def test_rule_12_parts_are_judged_in_a_live_kernel(live: Live) -> None:
    """Holds: what read one item stays fresh when others are set, and does not when that one is."""
    cells = [
        ("pt-make", "pt = {'a': 1}"),
        ("pt-b", "pt['b'] = 2"),
        ("pt-read", "print(pt['a'])"),
        ("pt-c", "pt['c'] = 3"),
    ]
    for name, source in cells:
        live.run(name, source)

    def states() -> dict[str, str]:
        live.call("flush")
        sources = code_cells([{"cell_type": "code", "id": name, "source": source} for name, source in cells])
        history = History(live.index.runs(), live.store.candidates)
        return {state.id: state.freshness for state in freshness(sources, history, World(live.path.parent))}

    assert set(states().values()) == {"fresh"}
    live.run(*cells[3])
    assert set(states().values()) == {"fresh"}
    cells[3] = ("pt-c", "pt['c'] = 4")
    live.run(*cells[3])
    assert set(states().values()) == {"fresh"}
    cells[1] = ("pt-b", "pt['b'] = 5")
    live.run(*cells[1])
    assert set(states().values()) == {"fresh"}, "whatever the order in which they were set"
    cells[1] = ("pt-b", "pt['a'] = 5")
    live.run(*cells[1])
    assert states()["pt-read"] != "fresh"


def test_rule_12_nature_is_recorded(scenario: Scenario) -> None:
    """Holds: clock and unseeded randomness are answered as recorded, and the record says so; seeded draws repeat."""
    cells = [
        ("clock", "import time\nt = time.time()\nprint(t)"),
        ("drawn", "import random\nprint(random.random())"),
        ("seeded", "import numpy as np\nnp.random.seed(1)\nprint(np.random.rand())"),
        ("then", "print(np.random.rand())"),
    ]
    first = scenario.audit(cells)
    with Store.open(scenario.folder / "store") as store:
        index = store.notebook(scenario.path)
        assert index is not None
        kinds = {run.cell: {effect.kind for effect in run.effects} for run in index.runs()}
        unknown = {run.cell: run.unknown for run in index.runs()}
    assert "clock" in kinds["clock"] or unknown["clock"]
    assert "randomness" in kinds["drawn"] or unknown["drawn"]
    edited = [*cells[:3], ("then", "print(np.random.rand() + 0)")]
    verdict = scenario.repeat(edited, {"seeded": first["seeded"], "then": first["then"]})
    assert verdict.holds


def test_rule_13_cut_off_only_on_exact_equality(scenario: Scenario) -> None:
    """Holds: an equal result spares its readers; equal bytes with other aliasing or hidden state do not."""
    hides = "class Hides:\n    def __getstate__(self):\n        return {}"
    cells = [
        ("class", hides),
        ("equal", "a = [1, 2]"),
        ("equal-read", "print(a)"),
        ("alias", "b = [1]; c = b"),
        ("alias-read", "print(b is c)"),
        ("hidden", "h = Hides(); h.x = 1"),
        ("hidden-read", "print(h.x)"),
        ("nan", "n = float('nan'); z = 0.0"),
        ("nan-read", "print(n, z)"),
    ]
    scenario.audit(cells)
    changed = {"equal": "a = [1] + [2]", "alias": "b = [1]; c = list(b)", "hidden": "h = Hides(); h.x = 2"}
    changed["nan"] = "n = float('nan'); z = -0.0"
    right = {"equal-read": "[1, 2]", "alias-read": "False", "hidden-read": "2", "nan-read": "nan -0.0"}
    verdict = scenario.repeat([(name, changed.get(name, source)) for name, source in cells], right)
    assert verdict.holds and "equal-read" not in verdict.ran
    assert verdict.ran.keys() >= {"alias-read", "hidden-read", "nan-read"}


EQUAL = {
    "bool": ("[1].copy()", "[True].copy()", "v"),
    "float": ("[1].copy()", "[1.0].copy()", "v"),
    "zero": ("[0.0].copy()", "[-0.0].copy()", "v"),
    "key": ("{1: 'a'}.copy()", "{True: 'a'}.copy()", "v"),
    "order": ("dict(a=1, b=2)", "dict(b=2, a=1)", "v"),
    "shared": ("[[1], [1]].copy()", "[[1]] * 2", "v[0] is v[1]"),
    "bytes": ("bytes([97])", "bytearray([97])", "type(v).__name__"),
    "decimal": ("decimal.Decimal('1.0')", "decimal.Decimal('1.00')", "v"),
    "zone": (
        "datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.timezone.utc)",
        "datetime.datetime(2020, 1, 1, 13, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))",
        "v.isoformat()",
    ),
    "range": ("range(0, 3, 2)", "range(0, 4, 2)", "v"),
    "deque": ("collections.deque([1], 3)", "collections.deque([1], 4)", "v.maxlen"),
    "counter": ("collections.Counter(a=1)", "collections.Counter(a=1, b=0)", "dict(v)"),
    "default": ("collections.defaultdict(list, a=1)", "dict(a=1)", "type(v).__name__"),
    "dtype": ("np.arange(3, dtype='i4')", "np.arange(3, dtype='i8')", "v.dtype"),
    "layout": ("np.zeros((2, 3))", "np.zeros((2, 3), order='F')", "v.flags.c_contiguous"),
    "read only": ("np.zeros(2)", "np.broadcast_to(np.zeros(1), 2)", "v.flags.writeable"),
    "index": ("pd.Series([1, 2])", "pd.Series([1, 2], index=[0, 1])", "type(v.index).__name__"),
    "name": ("pd.Series([1], name='a')", "pd.Series([1], name='b')", "v.name"),
    "attrs": ("pd.DataFrame({'a': [1]})", "pd.DataFrame({'a': [1]}).assign().__finalize__(tagged)", "v.attrs"),
    "subclass": ("str('a')", "Word('a')", "type(v).__name__"),
}
"""Kind to two values that compare as equal, and a question to which the answers differ."""


def test_rule_13_equal_is_not_the_same(scenario: Scenario) -> None:
    """Holds: a value that only compares as equal does not spare its readers."""
    cells = [
        (
            "imports",
            "import collections, datetime, decimal\nimport numpy as np\nimport pandas as pd\nclass Word(str): pass",
        ),
        ("tagged", "tagged = pd.DataFrame()\ntagged.attrs['unit'] = 'm'"),
        *((f"make-{n}", f"v{n} = {old}") for n, (old, _, _) in enumerate(EQUAL.values())),
        *((f"read-{n}", f"v = v{n}\nprint({question})") for n, (_, _, question) in enumerate(EQUAL.values())),
    ]
    scenario.audit(cells)
    edits = {f"make-{n}": f"v{n} = {new}" for n, (_, new, _) in enumerate(EQUAL.values())}
    space: dict[str, object] = {}
    right = {}
    exec(f"{cells[0][1]}\n{cells[1][1]}", space)
    for n, (old, new, question) in enumerate(EQUAL.values()):
        one, other = eval(old, space), eval(new, space)
        assert np.all(one == other), "the hazard: they compare as equal"
        right[f"read-{n}"] = str(eval(question, {**space, "v": other}))
        assert str(eval(question, {**space, "v": one})) != right[f"read-{n}"]
    verdict = scenario.repeat([(name, edits.get(name, text)) for name, text in cells], right)
    assert verdict.holds and verdict.ran.keys() >= right.keys()


def test_rule_07_who_reads_a_module_runs_when_another_cell_has_changed_it(scenario: Scenario) -> None:
    cells = [("imports", "import math"), ("change", "math.mine = 2"), ("show", "print(math.mine)")]
    assert scenario.audit(cells)["show"] == "2"
    cells[1] = ("change", "math.mine = 3")
    assert scenario.repeat(cells, {"show": "3"}).holds


def test_rule_07_a_context_of_the_standard_library_is_read_by_who_uses_it(scenario: Scenario) -> None:
    cells = [
        ("imports", "from decimal import Decimal, getcontext"),
        ("change", "getcontext().prec = 4"),
        ("show", "print(Decimal(1) / 3)"),
    ]
    assert scenario.audit(cells)["show"] == "0.3333"
    cells[1] = ("change", "getcontext().prec = 6")
    assert scenario.repeat(cells, {"show": "0.333333"}).holds


def test_rule_12_files_that_a_library_opens_unseen_are_read_anew(scenario: Scenario) -> None:
    pytest.importorskip("pyarrow")
    cells = [
        ("data", "import pandas as pd\ndf = pd.DataFrame({'a': [1]})"),
        ("write", "df.to_parquet('data.parquet')"),
        ("show", "print(pd.read_parquet('data.parquet')['a'][0])"),
    ]
    assert scenario.audit(cells)["show"] == "1"
    cells[0] = ("data", "import pandas as pd\ndf = pd.DataFrame({'a': [2]})")
    assert scenario.repeat(cells, {"show": "2"}).holds


@pytest.mark.parametrize("change", ["import math\nmath.mine = 2", "import math\nsetattr(math, 'mine', 2)"])
def test_rule_07_what_a_prelude_puts_into_a_module_is_read_by_who_uses_it(scenario: Scenario, change: str) -> None:
    cells = [("change", change), ("show", "print(math.mine)"), ("other", "print(1 + 1)")]
    assert scenario.audit(cells)["show"] == "2"
    verdict = scenario.repeat(cells, {"show": "2"})
    assert verdict.holds
    cells[0] = ("change", change.replace("2", "3"))
    verdict = scenario.repeat(cells, {"show": "3"})
    assert verdict.holds and "other" not in verdict.ran


def test_rule_07_a_handler_of_a_logger_is_read_by_who_logs(scenario: Scenario) -> None:
    handler = "h = logging.StreamHandler(sys.stdout)\nh.setFormatter(logging.Formatter('one %(message)s'))\n"
    cells = [
        ("imports", "import logging, sys"),
        ("log", "log = logging.getLogger('mine')\nlog.propagate = False"),
        ("change", handler + "log.addHandler(h)"),
        ("show", "log.warning('said')"),
    ]
    assert scenario.audit(cells)["show"] == "one said"
    cells[2] = ("change", cells[2][1].replace("one", "two"))
    assert scenario.repeat(cells, {"show": "two said"}).holds


def test_rule_12_a_submodule_that_an_answered_cell_imported_is_there(scenario: Scenario) -> None:
    cells = [
        ("package", "import xml"),
        ("import", "import xml.dom.minidom\ntotal = sum(range(10))\nprint(total)"),
        ("show", "print(xml.dom.minidom.parseString('<a/>').documentElement.tagName)"),
    ]
    assert scenario.audit(cells)["show"] == "a"
    cells[2] = ("show", cells[2][1].replace("<a/>", "<b/>"))
    verdict = scenario.repeat(cells, {"show": "b"})
    assert verdict.holds and "import" not in verdict.ran
    assert "show" in scenario.repeat([cells[0], cells[2]], {"show": "b"}).ran
