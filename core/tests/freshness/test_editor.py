"""Cells that are moved, split, merged, copied and deleted; editors use ids again."""

from __future__ import annotations

import pytest

from .book import ANSWERED, EDITED, FRESH, NEVER


def test_moving_what_has_nothing_to_do_with_the_others(book) -> None:
    made = book("x = 1", "y = x + 1", "z = 3", "print(y, z)")
    edges = made.flows()
    made.order = ["c3", "c1", "c2", "c4"]
    assert (set(made.said().values()), made.flows()) == ({FRESH}, edges)


def test_moving_a_reader_above_who_makes_what_it_reads(book) -> None:
    made = book("x = 1", "y = x + 1", "print(y)")
    made.order = ["c2", "c1", "c3"]
    stale = ("upstream stale", "reads y, which cell 1 changes")
    out = ("out of order", "it read x as cell 2 made it, which stands below")
    assert made.said() == {"c2": out, "c1": FRESH, "c3": stale}
    assert made.against_the_order() == {("c1", "c2", "x")}
    made.order = ["c1", "c2", "c3"]
    assert (set(made.said().values()), made.against_the_order()) == ({FRESH}, set())


def test_moving_a_maker_below_another_of_the_same_name(book) -> None:
    made = book("x = 1", "x = 2", "print(x)")
    made.order = ["c2", "c1", "c3"]
    reason = "it read x as cell 1 made it, not as cell 2 does, which stands between"
    assert made.said()["c3"] == ("out of order", reason)
    made.run()
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c3", "x")})


@pytest.mark.parametrize("kept", ["first", "second"])
def test_splitting_a_cell(book, kept: str) -> None:
    """Editors give the old id to one of the parts."""
    made = book("a = 1\nb = a + 1", "print(b)")
    upper, lower = ("c1", "new") if kept == "first" else ("new", "c1")
    made.insert(0 if kept == "second" else 1, "new", "")
    made.text.update({upper: "a = 1", lower: "b = a + 1"})
    expected = {(upper, lower, "a"), (lower, "c2", "b")}
    said = made.said()
    assert (said["c1"], said["new"]) == (EDITED, NEVER)
    assert said["c2"] == ("upstream stale", "reads b, which cell 2 changes")
    assert made.flows() == expected
    made.run(upper, lower)
    assert (set(made.said().values()), made.flows()) == ({FRESH}, expected), "without running the reader again"
    made.run()
    assert (set(made.said().values()), made.flows()) == ({FRESH}, expected)


@pytest.mark.parametrize("kept", ["c1", "c2"])
def test_merging_two_cells(book, kept: str) -> None:
    made = book("a = 1", "b = a + 1", "print(b)")
    made.text[kept] = "a = 1\nb = a + 1"
    made.delete("c2" if kept == "c1" else "c1")
    assert made.said() == {kept: EDITED, "c3": ("upstream stale", "reads b, which cell 1 changes")}
    assert made.flows() == {(kept, "c3", "b")}
    made.run(kept)
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {(kept, "c3", "b")})


def test_a_copy_of_a_cell_that_only_shows_something(book) -> None:
    made = book("a = 1", "print(a)")
    made.insert(2, "copy", "print(a)")
    assert made.said() == {"c1": FRESH, "c2": FRESH, "copy": ANSWERED}
    assert made.flows() == {("c1", "c2", "a"), ("c1", "copy", "a")}


def test_a_copy_of_a_cell_that_changes_something(book) -> None:
    made = book("a = [1]", "a.append(2)", "print(a)")
    made.insert(2, "copy", "a.append(2)")
    said = made.said()
    reason = "another run of the same code does not answer it: a has another value than when it ran"
    assert (said["c2"], said["copy"]) == (FRESH, ("never run", f"no run of it is recorded; {reason}"))
    assert said["c3"] == ("upstream stale", "reads a, which cell 3 changes")
    made.run("copy")
    assert made.said()["c3"][0] != "fresh"
    made.run("c3")
    assert set(made.said().values()) == {FRESH}
    assert made.flows() == {("c1", "c2", "a"), ("c2", "copy", "a"), ("copy", "c3", "a")}


def test_deleting_who_made_what_is_read(book) -> None:
    made = book("x = 1", "x = 2", "print(x)", "y = 5", "print(y)")
    made.delete("c2", "c4")
    gone = "as a cell made it that is not in the notebook"
    out = {"c3": ("out of order", f"it read x {gone}"), "c5": ("out of order", f"it read y {gone}")}
    assert made.said() == {"c1": FRESH, **out}
    assert made.flows() == {("c1", "c3", "x")}, "as the text says; nobody makes y"
    made.run("c3")
    assert made.said() == {"c1": FRESH, **out}, "the value is still that of the deleted cell"
    made.run("c1", "c3")
    assert made.said()["c3"] == FRESH


def test_deleting_who_made_an_equal_value(book) -> None:
    made = book("x = 1", "x = 1", "print(x)")
    made.delete("c2")
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c3", "x")})


def test_deleting_a_reader(book) -> None:
    made = book("x = 1", "print(x)", "print(x + 1)")
    made.delete("c2")
    assert (set(made.said().values()), made.flows()) == ({FRESH}, {("c1", "c3", "x")})


def test_an_id_that_another_cell_has_now(book) -> None:
    made = book("x = 1", "y = 2", "print(x)")
    made.delete("c1")
    made.insert(1, "c1", "z = 9")
    assert (made.said()["c1"], made.said()["c3"][0]) == (EDITED, "input changed")
    assert made.flows() == set()
    made.run("c1")
    assert made.said() == {"c1": FRESH, "c2": FRESH, "c3": ("input changed", "x does not exist here")}
    assert made.flows() == set()
    made.order, made.text["c1"] = ["c1", "c2", "c3"], "x = 1"
    assert made.said() == {"c1": EDITED, "c2": FRESH, "c3": FRESH}
    assert made.flows() == {("c1", "c3", "x")}


def test_editing_one_constant_leaves_readers_of_the_others_fresh(book) -> None:
    made = book("a = 1\nb = 'text'", "print(a)", "print(b)", "c = [a]", "print(b, c)")
    made.text["c1"] = "a = 2\nb = 'text'"
    stale = ("upstream stale", "reads a, which cell 1 changes")
    assert made.said() == {
        "c1": EDITED, "c2": stale, "c3": FRESH, "c4": stale, "c5": ("upstream stale", "reads c, which cell 4 changes")
    }  # fmt: skip
    made.run("c1")
    changed = ("input changed", "a has another value than when it ran")
    assert (made.said()["c2"], made.said()["c3"], made.said()["c4"]) == (changed, FRESH, changed)


def test_a_stale_cell_is_named_before_what_it_only_may_change(book) -> None:
    made = book("shared = []", "n = len([1])", "m = [n]\nprint(shared)", "print(m, shared)")
    made.text["c2"] = "n = len([1, 2])"
    assert made.said()["c4"] == ("upstream stale", "reads m, which cell 3 changes")
