"""Runs against the order of the notebook, edits that mean nothing, and runs whose results are equal."""

from __future__ import annotations

import sys

import pytest

from .book import EDITED, FRESH


@pytest.mark.py311
def test_a_cell_that_ran_after_one_below_it(book) -> None:
    made = book("x = 1", "print(x)", "x = 2")
    made.run("c2")
    assert made.said()["c2"] == ("out of order", "it read x as cell 3 made it, which stands below")
    assert made.against_the_order() == made.flows() == {("c3", "c2", "x")}
    made.run("c1", "c2")
    assert set(made.said().values()) == {FRESH}
    assert (made.against_the_order(), made.flows()) == (set(), {("c1", "c2", "x")})


def test_a_cell_that_ran_before_the_cell_above_made_what_it_reads(book) -> None:
    made = book("", "try: print(x)\nexcept NameError: print('none')")
    made.text["c1"] = "x = 5"
    made.run("c1")
    assert made.said()["c2"] == ("out of order", "it ran before cell 1 made x")
    made.run("c2")
    assert (made.said()["c2"], made.flows()) == (FRESH, {("c1", "c2", "x")})


def test_a_cell_that_reads_what_it_made_itself_ran_twice(book) -> None:
    made = book("x = 1", "x += 1", "print(x)")
    made.run("c2")
    assert made.said() == {"c1": FRESH, "c2": ("out of order", "it read x as its own earlier run left it"), "c3": FRESH}
    assert made.flows() == {("c1", "c2", "x"), ("c2", "c3", "x")}
    made.run("c1", "c2")
    assert set(made.said().values()) == {FRESH}


def test_a_reader_that_ran_between_two_makers_run_the_other_way_round(book) -> None:
    made = book("x = 2", "x = 1", "print(x)")
    made.run("c1", "c3")
    reason = "it read x as cell 1 made it, not as cell 2 does, which stands between"
    assert made.said() == {"c1": FRESH, "c2": FRESH, "c3": ("out of order", reason)}
    made.run("c2", "c3")
    assert set(made.said().values()) == {FRESH}


def test_a_name_bound_anew_moves_no_edge_of_who_read_the_older_value(book) -> None:
    made = book("x = 1", "print(x)", "x = 2", "print(x, 'again')")
    expected = {("c1", "c2", "x"), ("c3", "c4", "x")}
    assert made.flows() == expected
    made.run("c1")
    assert (made.flows(), set(made.said().values())) == (expected, {FRESH})


def test_comments_blank_lines_and_layout_mean_nothing(book) -> None:
    made = book("x = [1, 2]", "y = sum(x)", "print('y', y)")
    edges = made.flows()
    made.text.update(c1="# new\nx = [\n    1,\n    2,\n]\n\n", c2="y=sum( x )  # why", c3='\nprint("y", y,)')
    assert (set(made.said().values()), made.flows()) == ({FRESH}, edges)
    made.run("c1")
    assert (set(made.said().values()), made.flows()) == ({FRESH}, edges)
    made.text["c2"] = "y = sum(x) + 0"
    assert made.said()["c2"] == EDITED


@pytest.mark.parametrize(
    ("makes", "reads"),
    [
        ("x = [1, 2]", "print(x)"),
        ("x = {i for i in range(50)}", "print(len(x))"),
        ("import numpy as np\nx = np.arange(9)", "print(x.sum())"),
        ("import pandas as pd\nx = pd.DataFrame({'a': [1, 2]})", "x.describe()"),
        ("def x(n):\n    return n + 1", "print(x(2))"),
        ("class x:\n    def __init__(self): self.a = 1", "print(x().a)"),
        ("x = (n for n in [1, 2])", "print(x is None)"),
        ("import random\nrandom.seed(3)\nx = random.random()", "print(x)"),
        ("open('made.txt', 'w').write('1') and None", "print(open('made.txt').read())"),
        ("import os\nos.environ['NBR_EQUAL'] = '1'", "print(os.environ['NBR_EQUAL'])"),
    ],
)
def test_an_equal_result_leaves_its_readers_fresh(book, makes: str, reads: str) -> None:
    made = book(makes, reads)
    edges = made.flows()
    made.run("c1")
    assert {word for word, _ in made.said().values()} == {"fresh"}
    assert made.flows() == edges and ("c1", "c2") in {edge[:2] for edge in edges}


@pytest.mark.parametrize("reads", ["x = d['x']", "x = [n for n in d['x']]"])
def test_a_key_that_is_also_the_name_of_a_variable_below(book, reads: str) -> None:
    made = book("d = {'x': [1], 'y': 2}\nd['y'] = 3", reads, "print(x)")
    for _ in range(2):
        made.run()
        assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c2", "d"), ("c2", "c3", "x")})


def test_another_result_makes_its_readers_stale(book) -> None:
    made = book("import time\nt = time.time()", "print(t)")
    made.run("c1")
    told = (FRESH[0], f"{FRESH[1]}; used the clock as recorded")
    assert made.said() == {"c1": told, "c2": ("input changed", "t has another value than when it ran")}
    made.run("c2")
    assert made.said()["c2"] == FRESH


def test_who_is_made_again_beside_a_value_that_holds_the_older_one(book) -> None:
    """Running the first cell again takes `x` out of the group of `y`, which is no reading of `y`."""
    made = book("x = [1, 2]", "y = [x]", "print(y)")
    edges = made.flows()
    for names in (["c1"], ["c2"], ["c3"], ["c1", "c2", "c3"]):
        made.run(*names)
        assert (set(made.said().values()), made.flows()) == ({FRESH}, edges), names


def test_a_setting_that_the_cell_itself_has_changed(book) -> None:
    """Running it again is out of order only where that makes a difference."""
    made = book(
        "import os\nprint(os.environ.get('NBR_TWICE'))\nos.environ['NBR_TWICE'] = '1'",
        "import os\nos.environ['NBR_ONCE'] = '1'",
        "print(os.environ['NBR_ONCE'])",
    )
    made.run()
    reason = "it read environment variable NBR_TWICE as its own earlier run left it"
    assert made.said() == {
        "c1": ("out of order", reason),
        "c2": ("fresh", "it shows and left what it would here"),
        "c3": FRESH,
    }


def test_a_file_that_a_cell_below_has_changed(book) -> None:
    made = book(
        "open('a.txt', 'w').write('1') and None",
        "print(open('a.txt').read())",
        "open('a.txt', 'w').write('2') and None",
    )
    assert made.said()["c2"][0] == "fresh"
    made.run("c2")
    assert made.said()["c2"] == ("out of order", "it read file a.txt as cell 3 made it, which stands below")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="which functions start is not seen")
def test_what_a_function_that_was_not_called_would_read(book) -> None:
    """Whoever holds the object depends on what its methods read only where they ran."""
    made = book("class A:\n    def m(self): return k", "k = 1", "a = A()", "print(type(a).__name__)", "print(a.m())")
    made.text["c2"] = "k = 2"
    stale = ("upstream stale", "reads k, which cell 2 changes")
    assert made.said() == {"c1": FRESH, "c2": EDITED, "c3": FRESH, "c4": FRESH, "c5": stale}
    made.run("c2")
    assert made.said()["c5"][0] == "input changed"
    made.run("c5")
    assert set(made.said().values()) == {FRESH}
    made.run("c3", "c4")
    assert set(made.said().values()) == {FRESH}


def test_who_sets_an_item_of_a_value_of_which_another_below_had_set_one(book) -> None:
    """What is known of the items is known; only who looks at all of them, in their order, is told otherwise."""
    made = book("d = {'a': 1}", "d['c'] = 3", "print(d['c'])", "print(d['a'])", "print(d)")
    made.insert(1, "new", "d['b'] = 2")
    made.run("new")
    said = made.said()
    assert [word for word, _ in said.values()] == ["fresh"] * 5 + ["unknown"]
    assert said["c5"][1] == "reads d, which cell 3 may change"
    made.text["c1"] = "d = {'a': 5}"
    made.run("c1")
    assert [word for word, _ in made.said().values()][1:] != ["fresh"] * 5
    made.run()
    assert set(made.said().values()) == {FRESH}


def test_an_item_that_was_set_in_a_value_that_another_cell_would_change(book) -> None:
    made = book("d = {'a': 1}", "d['b'] = 2", "print(d['b'])", "print(d['a'])")
    made.insert(1, "new", "d = dict(d, a=9)")
    assert [word for word, _ in made.said().values()] == ["fresh", "never run", *["upstream stale"] * 3]


@pytest.mark.parametrize("imports", ["import sys", "import sys as s", "from sys import path"])
def test_a_stale_cell_may_change_the_path_of_modules_only_by_sys(book, imports: str) -> None:
    made = book(f"import os\n{imports}", "n = 1", "print(os.path.join('a', str(n)))", "print(1)")
    made.text["c2"] = "n = 2"
    last = FRESH if "from" not in imports else ("unknown", "reads setting sys.path, which cell 3 may change")
    assert (made.said()["c3"][0], made.said()["c4"]) == ("upstream stale", last)
    if "import sys" in imports:
        name = imports.split()[-1]
        made = book(f"import os\n{imports}", "n = 1", f"if n > 1: {name}.path.append('x')", "print(1)")
        made.text["c2"] = "n = 2"
        assert made.said()["c4"] == ("unknown", "reads setting sys.path, which cell 3 may change")


def test_a_generator_that_may_be_resumed_leaves_alone_what_it_does_not_name(book) -> None:
    made = book("ys = [1, 2]", "jt = (y for y in ys)", "print(next(jt))", "z = 5", "print(z)", "print(ys)")
    made.text["c3"] = "print(next(jt), 'edited')"
    said = made.said()
    assert (said["c4"], said["c5"]) == (FRESH, FRESH)
    assert said["c6"][0] != "fresh", "what it yields may be the list"


@pytest.mark.parametrize("held", ["(inner() for _ in range(3))", "inner", "map(inner, [1])", "[local, inner]"])
def test_what_the_code_inside_a_value_that_cannot_be_saved_may_change(book, held: str) -> None:
    make = f"def make():\n    def inner(*_): zs.append(1)\n    return [threading.local(), {held}]"
    made = book(
        "import threading\nlocal = threading.local()\nzs = [0]", f"{make}\ngs = make()", "print(len(gs))", "print(zs)"
    )
    made.text["c3"] = "print(gs[1])"
    assert made.said()["c4"][0] != "fresh"
