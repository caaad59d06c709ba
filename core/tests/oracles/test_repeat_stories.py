"""Stories in which a repeat once gave another result than a full run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from forking.provisioner import forking

from .outcomes import Tally
from .repeats import Trial, copy


class Told(NamedTuple):
    """Cells that are audited in a folder with files; then they get another text."""

    cells: Sequence[str]
    edits: Mapping[int, str]
    files: Mapping[str, str] = {}
    elsewhere: bool = False
    """The folder is copied before it is repeated."""


IMPORTS = "import os, shutil"
STORIES = {
    "a removed file": Told(
        [IMPORTS, "os.remove('a.txt')", "x = 1", "print(os.path.exists('a.txt'))"], {2: "x = 2"}, {"a.txt": "1"}
    ),
    "a removed file, and a listing": Told(
        [IMPORTS, "os.remove('a.txt')", "print(os.listdir())"], {2: "print(sorted(os.listdir()))"}, {"a.txt": "1"}
    ),
    "a renamed file": Told(
        [IMPORTS, "os.rename('a.txt', 'b.txt')", "print(1)"], {2: "print(os.path.exists('a.txt'))"}, {"a.txt": "1"}
    ),
    "a file that is made and removed": Told(
        [IMPORTS, "_ = open('a.txt', 'w').write('1')", "os.remove('a.txt')", "print(1)"],
        {3: "print(os.path.exists('a.txt'))"},
    ),
    "a folder": Told(
        [IMPORTS, "os.mkdir('sub')", "_ = open('sub/a.txt', 'w').write('1')"],
        {2: "_ = open('sub/a.txt', 'w').write('2')"},
    ),
    "folders": Told(
        [IMPORTS, "os.makedirs('sub/sub', exist_ok=True)", "print(1)"], {2: "print(os.listdir('sub'))"}
    ),
    "a folder that goes with what is in it": Told(
        [IMPORTS, "shutil.rmtree('sub')", "print(1)"], {2: "print(os.path.exists('sub'))"}, {"sub/a.txt": "1"}
    ),
    "an empty folder that goes": Told(
        [IMPORTS, "os.mkdir('sub')", "os.rmdir('sub')", "print(1)"], {3: "print(os.path.exists('sub'))"}
    ),
    "a link": Told(
        [IMPORTS, "os.symlink('a.txt', 'b.txt')", "print(1)"],
        {2: "print(open('b.txt').read(), os.path.islink('b.txt'))"}, {"a.txt": "1"},
    ),
    "a link that goes": Told(
        [IMPORTS, "os.symlink('a.txt', 'b.txt')", "os.remove('b.txt')", "print(1)"],
        {3: "print(os.path.lexists('b.txt'), os.path.exists('a.txt'))"}, {"a.txt": "1"},
    ),
    "permissions": Told(
        [IMPORTS, "os.chmod('a.txt', 0o600)", "print(1)"], {2: "print(oct(os.stat('a.txt').st_mode))"}, {"a.txt": "1"}
    ),
    "permissions of a file that is made": Told(
        [IMPORTS, "_ = open('a.txt', 'w').write('1')", "os.chmod('a.txt', 0o600)", "print(1)"],
        {3: "print(oct(os.stat('a.txt').st_mode))"},
    ),
    # That the generator is needed is found out when the file has been written: a second pass would append once more.
    "a file that is appended to before a second pass": Told(
        [
            "zs = [1]\ndef touch(): zs.append(2)", "it = (x for x in [1, 2, 3])",
            "with open('a.txt', 'a') as file: print('x', file=file)", "pass", "print(zs, next(it))",
        ],
        {2: "with open('a.txt', 'a') as file: print('y', file=file)", 3: "touch()"},
    ),
    # The same, but the file was put there by a record: before a second pass it is again as it was.
    "a file that a record set before a second pass": Told(
        [
            "zs = [1]\ndef touch(): zs.append(2)", "it = (x for x in [1, 2, 3])",
            "with open('a.txt', 'a') as file: print('x', file=file)", "pass", "print(zs, next(it))",
        ],
        {3: "touch()"},
    ),
    "files, a link and a folder that records set before a second pass": Told(
        [
            "import os, shutil\nzs = [1]\ndef touch(): zs.append(2)", "it = (x for x in [1, 2, 3])",
            "os.remove('a.txt'); os.makedirs('sub/sub', exist_ok=True); shutil.move('b.txt', 'sub/c.txt')",
            "os.symlink('sub/c.txt', 'd.txt'); os.chmod('sub/c.txt', 0o600)", "pass",
            "print(zs, next(it), sorted(os.listdir()))",
        ],
        {4: "touch()"}, {"a.txt": "1", "b.txt": "2"},
    ),
    # What it was told is what was there before it changed that.
    "files and folders that are asked for, and then written, made and removed": Told(
        [
            IMPORTS + "\nfrom pathlib import Path", "print(os.path.exists('a.txt'))\n_ = open('a.txt', 'w').write('1')",
            "print(os.path.getsize('b.txt'))\n_ = open('b.txt', 'w').write('234')",
            "if not Path('sub').is_dir():\n    Path('sub').mkdir()\n    print('made')",
            "print(Path('c.txt').exists())\nPath('c.txt').unlink(missing_ok=True)", "print(1)",
        ],
        {5: "print(2)"}, {"b.txt": "2", "c.txt": "3"},
    ),
    "a file that another one takes the place of": Told(
        [
            IMPORTS, "print(os.path.exists('b.txt'))\nos.replace('a.txt', 'b.txt')",
            "_ = open('a.txt', 'w').write('2')", "print(1)",
        ],
        {3: "print(2)"}, {"a.txt": "1"},
    ),
    # What refers to a class by its name has to hold it when the name gets another one.
    "a class that is defined again": Told(
        ["class A: v = 1", "x = A; print('x')", "class A: v = 2", "print(1)"], {3: "print(x.v, x is A)"}
    ),
    "the class of an instance, defined again": Told(
        ["class A: v = 1", "x = A(); print('x')", "class A: v = 2", "print(1)"], {3: "print(x.v, type(x) is A)"}
    ),
    "a function in a list, defined again": Told(
        ["def f(): return 1", "x = [f]; print('x')", "def f(): return 2", "print(1)"], {3: "print(x[0](), x[0] is f)"}
    ),
    "a class that is loaded, and then defined again": Told(
        ["class A: v = 1\nprint(1)", "x = A(); print('x')", "class A: v = 2\nprint(2)", "print(1)"],
        {2: "class A: v = 3\nprint(2)", 3: "print(x.v, type(x) is A)"},
    ),
    "a class with methods that is loaded, and then defined again": Told(
        [
            "class A:\n    def get(self): return 1\nclass B(A): pass\nprint(1)", "x = B(); print('x')",
            "class A: v = 2\nprint(2)", "print(1)",
        ],
        {2: "class A: v = 3\nprint(2)", 3: "print(x.get(), isinstance(x, A))"},
    ),
    "a lambda that is loaded, and then given an attribute": Told(
        ["c = 3\nh = lambda: c\nprint(1)", "print(h())", "print(2)"], {2: "h.note = c"}
    ),
    "a table whose column comes from one that is loaded": Told(
        [
            "import pandas as pd", "df = pd.DataFrame({'x': [1, 2]})\ndg = df\nprint(1)", "df = df[['x']]\nprint(2)",
            "print(3)",
        ],
        {3: "df['z'] = dg['x']"},
    ),
    "a class that is deleted": Told(
        ["class A: v = 1\nprint(1)", "x = A(); print('x')", "del A", "print(1)"], {2: "del A, _", 3: "print(x.v)"}
    ),
    "a class whose name gets another value": Told(
        ["class A: v = 1\nprint(1)", "x = A(); print('x')", "A = 5", "print(1)"], {2: "A = 6", 3: "print(x.v)"}
    ),
    "a cell that comes in before a class is defined again": Told(
        ["class A: v = 1\nprint(1)", "pass", "class A: v = 2\nprint(2)", "print(1)"],
        {1: "x = A()", 3: "print(x.v, type(x) is A)"},
    ),
    # The table of the first cell is there, and shares with the other name no more once that is loaded.
    "names that shared a value, and were skipped over": Told(
        [
            "xs = [1, 2, 3]\nys = xs\nit = iter([1])", "xs = [1, 2]\nys = [1]", "print(ys)", "print(1)",
        ],
        {2: "print(ys, next(it))", 3: "print(xs, ys)"},
    ),
    "results by number": Told(
        ["1 + 1", "x = 5; print(x)", "y = Out[1] + _1; print(y)", "print(y, _)"], {1: "x = 6; print(x)"}
    ),
    "the texts of cells": Told(["x = 1; print(x)", "y = 2; print(y)", "print(1)"], {2: "print(In, _i)"}),
    "who shows what a cell raises": Told(
        [
            "def show(self, kind, value, trace, tb_offset=None): print('mine')",
            "get_ipython().set_custom_exc((ZeroDivisionError,), show); print(1)", "1 / 0",
        ],
        {2: "2 / 0"},
    ),
    "an alias": Told(["%alias hi echo hi\nprint(1)", "print(2)", "%hi"], {1: "print(3)", 2: "%hi you"}),
    # What refers to a class that a skipped cell changes is loaded with it, or the cell runs: there is one class.
    "a class that is changed when there is an instance": Told(
        [
            "class Base:\n    count = 0\no = Base()\nit = iter([1, 2])\njt = (x for x in it)", "Base.count = 5",
            "print(next(jt), o.count, isinstance(o, Base))",
        ],
        {2: "print(o.count, isinstance(o, Base), next(jt))"},
    ),
    "a class that is changed when there is an instance that can't be loaded": Told(
        [
            "class Base:\n    count = 0\no = Base()\no.it = (x for x in [1, 2])", "Base.count = 5",
            "print(next(o.it), o.count, isinstance(o, Base))",
        ],
        {2: "print(o.count, isinstance(o, Base), next(o.it))"},
    ),
    "a function that is changed when a list has it": Told(
        ["def f(): return 1\nfs = [f, (x for x in [1, 2])]", "f.a = 5", "print(next(fs[1]), fs[0] is f)"],
        {2: "print(next(fs[1]), fs[0] is f, fs[0].a)"},
    ),
    "a folder below the notebook's that cells go to": Told(
        [IMPORTS, "os.chdir('sub')", "x = open('a.txt').read()", "print(x)"],
        {3: "print(x, os.path.basename(os.getcwd()))"}, {"sub/a.txt": "1"}, elsewhere=True,
    ),
    "a folder above the notebook's that cells go to": Told(
        [IMPORTS, "os.chdir('..')", "x = os.path.exists('first')", "print(x)"],
        {3: "print(x, os.path.basename(os.getcwd()))"}, elsewhere=True,
    ),
    # What the module holds in the repeat is not all that it held when the cell that puts it away was recorded.
    "a module that is put away": Told(
        [
            "import sys", "from tooling import Item", "_ = sys.modules.pop('helper', None)",
            "with open('helper.py', 'a') as file: print('extra = 2', file=file)", "print(1)",
        ],
        {4: "print(2)"}, {"helper.py": "x = 1\n", "tooling.py": "import helper\nclass Item: pass"},
    ),
    # Nothing tells the source lines of a function that comes from another process, unless that is seen to.
    "the text of a function that is loaded": Told(
        [
            "import inspect, traceback, warnings",
            "def f(a):\n    warnings.warn('seen')\n    raise ValueError(a)\nprint(1)", "x = 1",
            "try:\n    f(x)\nexcept ValueError: print(traceback.format_exc(), inspect.getsource(f))",
        ],
        {2: "x = 2"},
    ),
    "the times of a file": Told(
        [IMPORTS, "os.utime('a.txt', (1000, 1000)); print(1)", "print(1)"],
        {2: "print(os.path.getmtime('a.txt'))"}, {"a.txt": "1"},
    ),
    "a variable for programs that os.environ does not know": Told(
        [IMPORTS, "os.putenv('ORACLE_TWO', '5'); print(1)", "print(1)"],
        {2: "!echo $ORACLE_TWO"},
    ),
    "the documentation of the notebook": Told(["__doc__ = 'mine'\nprint(1)", "print(1)"], {1: "print(__doc__)"}),
    "an import from the future": Told(
        ["from __future__ import annotations\nprint(1)", "pass"],
        {1: "def f(x: int, y: str): pass\nprint(f.__annotations__)"},
    ),
}  # fmt: skip
QUICK = {
    ("the text of a function that is loaded", False),
    ("a variable for programs that os.environ does not know", False),
    ("a removed file", False),
    ("a folder", False),
    ("a class that is changed when there is an instance that can't be loaded", False),
    ("a class that is defined again", False),
    ("a folder below the notebook's that cells go to", True),
    ("a file that is appended to before a second pass", False),
    ("a file that a record set before a second pass", False),
    ("files and folders that are asked for, and then written, made and removed", True),
}


@pytest.fixture(autouse=True)
def forked_kernels(forked):
    """Let the driver's kernels start at once."""
    with forking(forked.zygote):
        yield


def told() -> list[Any]:
    """Return all stories, each in both folders; most are slow."""
    return [
        pytest.param(
            name, again, id=f"{name}, {'here' if again else 'elsewhere'}",
            marks=() if (name, again) in QUICK else pytest.mark.slow,
        )
        for name, again in itertools.product(STORIES, (False, True))
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "again"), told())
def test_a_repeat_is_a_full_run(tmp_path: Path, name: str, again: bool) -> None:
    """``again``: in the folder as the audit left it, and not as it was before."""
    story, tally = STORIES[name], Tally()
    trial = Trial(tmp_path, story.cells, story.files)
    trial.tolerant = trial.looks = False
    copy(trial.work, tmp_path / "start")
    trial.audit()
    if not again:
        copy(tmp_path / "start", trial.work)
    if story.elsewhere:
        trial.do("elsewhere")
    for place, text in story.edits.items():
        trial.sources[place] = (f"c{place}", text)
    assert trial.check(tally) is not None
