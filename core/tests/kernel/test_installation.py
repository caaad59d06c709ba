"""Where packages are installed is an input of runs in whose results it may show, and of no others."""

from __future__ import annotations

import pytest

HEAD = """
import json, os, sys, importlib.util
from importlib import resources
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
import email
import numpy as np
import pandas as pd
"""
PLACE = "Path(find_spec('pytest').submodule_search_locations[0])"
HIDDEN = {
    "a table, in a function": (
        f"def read(name, **options):\n    folder = {PLACE}\n    return pd.read_csv(folder / name, sep='!', **options)",
        "table = read('py.typed', header=None, names=['x'])",
    ),
    "a text": ("", f"text = ({PLACE} / 'py.typed').read_text()"),
    "by the place of its code": (
        "import pytest",
        "t = open(os.path.join(os.path.dirname(pytest.__file__), 'py.typed')).read()",
    ),
    "as a resource": ("", "text = files('pytest').joinpath('py.typed').read_text(encoding='utf-8')"),
    "as a resource, by its module": ("", "text = resources.files('pytest').joinpath('py.typed').read_bytes()"),
    "numbers, through a file": (
        f"def read():\n    with open({PLACE} / 'py.typed') as file:\n        return np.loadtxt(file, ndmin=1)",
        "numbers = read()",
    ),
    "lines": (f"def read():\n    with open({PLACE} / 'py.typed') as f:\n        return f.readlines()", "x = read()"),
}
TOLD = {
    "kept": ("", f"folder = {PLACE}"),
    "shown": ("", f"{PLACE}"),
    "returned": (f"def place():\n    return {PLACE}", "n = len(str(place()))"),
    "printed": (f"def read():\n    folder = {PLACE}\n    print(folder)", "read()"),
    "compared": (f"def read():\n    return 'x' in str({PLACE})", "told = read()"),
    "decided by": (f"def read():\n    return 1 if {PLACE} else 2", "told = read()"),
    "a global": (f"def read():\n    global where\n    where = {PLACE}", "read()"),
    "an attribute": (f"class A: pass\na = A()\ndef read():\n    a.where = {PLACE}", "read()"),
    "an error's text": (
        f"def read():\n    return pd.read_csv({PLACE} / 'no.csv')",
        "try:\n    read()\nexcept OSError as error:\n    text = str(error)",
    ),
    "a file's name": (f"def read():\n    return open({PLACE} / 'py.typed').name", "name = read()"),
    "a closure": (f"def read():\n    folder = {PLACE}\n    return (lambda: folder)", "n = len(str(read()()))"),
    "a function of the user's": (
        f"def keep(path): return str(path)\ndef read():\n    return keep({PLACE})",
        "n = len(read())",
    ),
    "another reader of that name": (
        f"def reader(path): return len(str(path))\ndef read(read_csv):\n    return read_csv({PLACE})",
        "n = read(reader)",
    ),
    "another Path": (f"class Path(str): pass\ndef read():\n    return len({PLACE}.upper())", "n = read()"),
    "an operator": (
        f"class End:\n    def __rtruediv__(self, other):\n        self.seen = str(other)\n        return other\n"
        f"end = End()\ndef read():\n    pd.read_csv({PLACE} / 'py.typed' / end, header=None, sep='!', names=['x'])",
        "try:\n    read()\nexcept Exception:\n    pass",
    ),
    "under another name": ("asked = find_spec", "n = len(str(asked('pytest').origin))"),
    "a resource": ("", "n = len(str(files('pytest')))"),
    "its variables": (f"def read():\n    folder = {PLACE}\n    return locals()", "n = len(str(read()))"),
    "the place of a module": ("import pytest", "n = len(os.path.dirname(pytest.__file__))"),
    "a default": ("", f"def keep(place={PLACE}):\n    return place"),
    "a class": ("", f"class A:\n    n = len(str({PLACE}))"),
    "the prefix": ("", "n = len(sys.prefix)"),
}


@pytest.mark.py311
def test_data_of_packages_is_read_wherever_it_lies(kernel, notebook_path, store) -> None:
    assert _asking(kernel, notebook_path, store, HIDDEN) == set()


@pytest.mark.py311
def test_what_may_show_the_place_depends_on_it(kernel, notebook_path, store) -> None:
    assert _asking(kernel, notebook_path, store, TOLD) == set(TOLD)


def _asking(kernel, notebook_path, store, cases: dict[str, tuple[str, str]]) -> set[str]:
    """Run each case, and return those whose last cell has the place for an input."""
    cells = [HEAD, *(cell for case in cases.values() for cell in ("from pathlib import Path\n" + case[0], case[1]))]
    statuses = [reply["status"] for reply, _ in kernel.cells(cells)]
    assert set(statuses) == {"ok"}, statuses
    kernel.verb("flush")
    runs = [run for run in store.notebook(notebook_path, create=False).runs() if run.cell]
    assert len(runs) == len(cells)
    asking = [any(item.key == "installation:" for item in run.inputs) for run in runs]
    return {name for name, asks in zip(cases, asking[2::2], strict=True) if asks}
