"""What cells put into modules and classes of libraries, however they do it, is an input of what uses these after them.

Each story is a writer and a reader below it. When the writer is deleted, the reader shows what it no longer would.
"""

from __future__ import annotations

import pytest

IMPORTS = "import math, json, sys, importlib, os, fractions\nfrom unittest import mock"
SHOW = "print(hasattr(math, 'mine'))"

WRITERS = {
    "an argument": ("def patch(m): m.mine = 1\npatch(math)", SHOW),
    "the table of modules": ("sys.modules['math'].mine = 1", SHOW),
    "an import by name": ("importlib.import_module('math').mine = 1", SHOW),
    "a lambda": ("(lambda m: setattr(m, 'mine', 1))(math)", SHOW),
    "a function inside a function": (
        "def outer():\n    def inner(m, name): setattr(m, name, 1)\n    return inner\nouter()(math, 'mi' + 'ne')", SHOW,
    ),
    "its dictionary": ("vars(math)['mine'] = 1", SHOW),
    "its dictionary, as an attribute": ("math.__dict__.update(mine=1)", SHOW),
    "a text": ("exec('math.mine = 1')", SHOW),
    "a text that is made": ("exec('math.' + 'mi' + 'ne = 1')", SHOW),
    "an item of a list": ("kept = [math]\nkept[0].mine = 1", SHOW),
    "a loop": ("for m in (math, json): m.mine = 1", SHOW),
    "an attribute of an object": ("class Box: pass\nbox = Box()\nbox.m = math\nbox.m.mine = 1", SHOW),
    "a method": ("class Tool:\n    def work(self, m): m.mine = 1\nTool().work(math)", SHOW),
    "a mock": ("mock.patch('fractions.Fraction', lambda value: 'mocked').start()", "print(fractions.Fraction(1))"),
    "a module that it has just imported": (
        "import colorsys\ndef patch(m): m.MINE = 1\npatch(colorsys)", "print(colorsys.MINE)",
    ),
    "a submodule": ("def patch(m): m.MINE = 1\npatch(json.decoder)", "print(hasattr(json.decoder, 'MINE'))"),
    "another name of a module": ("import os.path as op\nop.mine = 1", "print(hasattr(os.path, 'mine'))"),
    "a class": ("def patch(c): c.mine = 1\npatch(fractions.Fraction)", "print(hasattr(fractions.Fraction, 'mine'))"),
    "the class of an object": (
        "half = fractions.Fraction(1, 2)\ntype(half).mine = 1", "print(hasattr(fractions.Fraction, 'mine'))",
    ),
    "a deletion": ("def patch(m): del m.tau\npatch(math)", "print(hasattr(math, 'tau'))"),
}  # fmt: skip


@pytest.mark.parametrize("story", WRITERS)
def test_who_uses_a_module_is_not_fresh_when_the_cell_that_changed_it_is_gone(book, story: str) -> None:
    writer, reader = WRITERS[story]
    cells = book(IMPORTS, writer, reader, "print(1 + 1)")
    cells.delete("c2")
    said = cells.said()
    assert said["c3"][0] != "fresh" and said["c3"][1]
    assert said["c4"][0] == "fresh"


def test_what_another_cell_defines_may_change_a_module(book) -> None:
    cells = book(IMPORTS, "def patch(m, name): setattr(m, name, 1)", "patch(math, 'mine')", SHOW)
    assert {("c3", "c4", "what is in module math")} <= cells.flows()
    cells.delete("c3")
    assert cells.said()["c4"][0] != "fresh"


def test_a_module_of_the_user_s_may_change_others(book, notebook_path) -> None:
    text = "import fractions\ndef apply():\n    for name in ['mi' + 'ne']: setattr(fractions.Fraction, name, 1)"
    notebook_path.with_name("nbr_patching.py").write_text(text)
    cells = book(
        "import fractions", "import nbr_patching\nnbr_patching.apply()", "print(hasattr(fractions.Fraction, 'mine'))"
    )
    cells.delete("c2")
    assert cells.said()["c3"][0] != "fresh"


def test_a_progress_bar_adds_methods_to_frames(book) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("tqdm")
    imports = "import pandas as pd\nfrom tqdm import tqdm\ndf = pd.DataFrame({'a': [1]})"
    cells = book(imports, "tqdm.pandas()", "print(hasattr(df, 'progress_apply'))")
    cells.delete("c2")
    assert cells.said()["c3"][0] != "fresh"


INNOCENT = {
    "an attribute of the user's own": "class Box: pass\ndef fill(b): b.mine = 1\nbox = Box()\nfill(box)",
    "a mock that is over": "with mock.patch('json.dumps', lambda value: 'mocked'): print(json.dumps([1]))",
    "an import that a library makes when it is used": "def f(m): m.x = 1\nclass C: pass\nf(C())\nimport json.tool",
    "an attribute put back": "def patch(m):\n    m.mine = 1\n    del m.mine\npatch(math)",
}


@pytest.mark.parametrize("story", INNOCENT)
def test_who_changes_no_module_is_no_input_of_those_who_use_one(book, story: str) -> None:
    cells = book("import math, json\nfrom unittest import mock", INNOCENT[story], "print(math.pi, json.dumps([2]))")
    cells.delete("c2")
    assert cells.said()["c3"][0] == "fresh"


@pytest.mark.parametrize(
    "call", ["def patch(m): m.mine = 1\npatch(math)", "set_mine(math)", "importlib.import_module('math').mine = 1"]
)
def test_what_an_edited_cell_may_put_into_a_module_is_in_doubt(book, call: str) -> None:
    cells = book(IMPORTS, "def set_mine(m):\n    m.mine = 1", "print(1)", SHOW, "print(1 + 1)")
    cells.text["c3"] = call
    said = cells.said()
    assert said["c4"][0] != "fresh" and said["c5"][0] == "fresh"


SUBMODULES = {
    "by its name": ("import wsgiref.handlers", "print(wsgiref.handlers.BaseHandler)"),
    "by a text": ("import wsgiref.handlers", "print(hasattr(wsgiref, 'handlers'))"),
    "in a list": ("import wsgiref.handlers", "print('handlers' in dir(wsgiref))"),
    "in a function": ("def load():\n    import wsgiref.handlers\nload()", "print(hasattr(wsgiref, 'handlers'))"),
    "from its package": ("from wsgiref import handlers", "print(wsgiref.handlers)"),
    "by a name that is made": (
        "import importlib\nimportlib.import_module('wsgiref' + '.handlers')",
        "print(wsgiref.handlers)",
    ),
    "brought along by another": ("import wsgiref.simple_server", "print(wsgiref.handlers)"),
}


@pytest.mark.parametrize("story", SUBMODULES)
def test_who_uses_a_submodule_is_not_fresh_when_the_cell_that_imported_it_is_gone(book, story: str) -> None:
    writer, reader = SUBMODULES[story]
    cells = book("import wsgiref", writer, reader, "print(wsgiref.__name__)")
    assert {said[0] for name, said in cells.said().items() if name != "c2"} == {"fresh"}
    assert ("c2", "c3") in {flow[:2] for flow in cells.flows()}
    assert ("c2", "c4") not in {flow[:2] for flow in cells.flows() if flow[2] != "wsgiref"}
    cells.delete("c2")
    said = cells.said()
    assert said["c3"][0] != "fresh" and said["c4"][0] == "fresh"


def test_who_asks_for_a_submodule_is_not_fresh_when_a_cell_above_imports_it(book) -> None:
    cells = book("import wsgiref", "print(hasattr(wsgiref, 'handlers'))")
    cells.insert(1, "new", "import wsgiref.handlers")
    assert cells.said()["c2"][0] != "fresh"
    cells.run()
    assert cells.said()["c2"][0] == "fresh"


def test_a_submodule_that_another_cell_imports_as_well_is_there_without_the_first(book) -> None:
    cells = book("import wsgiref.handlers", "import wsgiref.handlers", "print(wsgiref.handlers)", "import os, os.path")
    cells.delete("c1")
    assert {word for word, _ in cells.said().values()} == {"fresh"}
    cells.insert(3, "last", "print(os.path.sep)")
    cells.run("last")
    assert ("c4", "last", "the import of os.path") not in cells.flows()


def test_what_libraries_load_when_they_are_used_makes_no_reader_of_theirs_stale(book) -> None:
    cells = book(
        "import wsgiref", "import xml.sax", "print(xml.sax.handler)", "import xml.sax.expatreader", "print(xml.sax)"
    )
    assert {word for word, _ in cells.said().values()} == {"fresh"}
    cells.delete("c4")
    assert {word for word, _ in cells.said().values()} == {"fresh"}
