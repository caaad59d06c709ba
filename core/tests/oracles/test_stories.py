"""Stories in which something was called fresh, once, that was not."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from .kernels import Kernels
from .replay import Story, Tally


class Told(NamedTuple):
    """Cells that run in order; then they get another order, and another text without being run."""

    cells: list[str]
    order: list[int] | None = None
    edits: dict[int, str] | None = None


STORIES = {
    "a folder that is made later": Told(
        ["%cd -q sub", "import os", "os.chdir('..') if os.path.basename(os.getcwd()) == 'sub' else os.makedirs('sub')"]
    ),
    "a path that was absent and is a folder": Told(
        ["import os\nprint(os.path.exists('sub'))", "os.makedirs('sub', exist_ok=True)"]
    ),
    "a folder that is made once": Told(["import os", "os.mkdir('sub')"]),
    "a function evaluates a text": Told(
        ["s = 'x'", "a = int(s == 'x')", "def h(): return eval('a')", "try: h()\nexcept Exception: print('failed')"],
        order=[1, 2, 3, 0],
    ),
    "a builtin is replaced": Told(
        ["import builtins", "builtins.round = lambda x: 0", "print(round(1.6))"], edits={1: "builtins.round = abs"}
    ),
    "a builtin is replaced, later": Told(
        ["import builtins", "pass", "print(round(1.6))"], edits={1: "builtins.round = lambda x: 0"}
    ),
    "a list in a module": Told(
        ["import sys", "sys.argv.append('a')", "print(sys.argv[-1])"], edits={1: "sys.argv.append('b')"}
    ),
    "the stream that is printed to": Told(["import sys", "sys.stdout = sys.stderr", "print(1)"], edits={1: "pass"}),
    "the format of numbers": Told(["%precision 2", "1 / 3"], edits={0: "%precision 3"}),
    "a formatter": Told(
        ["plain = get_ipython().display_formatter.formatters['text/plain']",
         "plain.for_type(int, lambda value, page, cycle: page.text('a'))", "5"], edits={1: "pass"},
    ),
    "a dialect": Told(
        ["import csv", "csv.register_dialect('mine', delimiter='|')", "print('mine' in csv.list_dialects())"],
        edits={1: "pass"},
    ),
    "a function of a module, later": Told(
        ["import math", "pass", "print(math.ceil(1.5))"], edits={1: "math.ceil = lambda x: 9"}
    ),
    "a dialect, later": Told(
        ["pass", "import csv", "print('mine' in csv.list_dialects())"],
        edits={0: "import csv\ncsv.register_dialect('mine', delimiter='|')"},
    ),
    "a function of a module by its name, later": Told(
        ["import math", "pass", "print(math.ceil(1.5))"], edits={1: "setattr(math, 'ceil', lambda x: 9)"}
    ),
    "a limit, later": Told(
        ["import sys", "pass", "print(sys.getrecursionlimit())"], edits={1: "sys.setrecursionlimit(2222)"}
    ),
    "a function behind a cache, later": Told(
        ["import functools\ncalls = []\n@functools.lru_cache\ndef f(x): calls.append(x)", "pass", "print(calls)"],
        edits={1: "f(1)"},
    ),
    "a stale cell goes to another folder": Told(
        ["flag = False", "import os\nos.makedirs('sub', exist_ok=True)", "if flag: os.chdir('sub')",
         "print(os.path.basename(os.getcwd()))"], edits={0: "flag = True"},
    ),
    "a stale cell writes another file": Told(
        ["name = 'one.txt'", "import os", "with open(name, 'w') as file: file.write('x')",
         "print(os.path.exists('two.txt'))"], edits={0: "name = 'two.txt'"},
    ),
    "a stale cell sets another option": Told(
        ["flag = False", "import numpy as np", "if flag: np.set_printoptions(precision=2)", "print(np.ones(1) / 3)"],
        edits={0: "flag = True"},
    ),
    "a stale cell sets something in another module": Told(
        ["flag = False", "import math", "if flag: math.ceil = abs", "print(math.ceil(1.5))"], edits={0: "flag = True"},
    ),
}  # fmt: skip


@pytest.mark.py311
@pytest.mark.parametrize("name", STORIES)
def test_what_is_called_fresh_is_so(forked: Kernels, tmp_path: Path, name: str) -> None:
    told, tally = STORIES[name], Tally()
    story = Story(forked, tmp_path, told.cells)
    try:
        story.run_all()
        story.sources = [
            (cell, (told.edits or {}).get(place, source)) for place, (cell, source) in enumerate(story.sources)
        ]
        story.sources = [story.sources[place] for place in told.order or range(len(told.cells))]
        story.finish()
    finally:
        story.close()
    clean = story.clean_run()
    assert any(story.shown[cell] != shown for cell, shown in clean.items()), "all show the same: nothing is tested"
    story.check_freshness(tally)
