"""Freshness, edges and plans of small notebooks, told as stories: what was run, what was changed, what is said."""

from __future__ import annotations

import pytest
from planning_machine import Machine, cells_of

from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.plan import plan

pytestmark = pytest.mark.py311


def audited(*sources: str):
    machine = Machine()
    pairs = [(f"c{number}", source) for number, source in enumerate(sources, 1)]
    for cell in cells_of(pairs):
        machine.run(cell)
    return machine, pairs


def said(machine, pairs):
    return [(state.freshness, state.reason) for state in freshness(cells_of(pairs), machine.records, machine)]


def actions(machine, pairs):
    return [step.action for step in plan(cells_of(pairs), machine.records, machine).steps]


def flows(machine, pairs):
    found = edges(cells_of(pairs), machine.records if machine else None)
    return [(edge.from_, edge.to, edge.names, edge.kind, edge.evidence) for edge in found]


CHAIN = ("x = 1", "y = x + 1", "print(y)", "z = 5")


def test_after_an_audit_everything_is_fresh_and_only_skipped() -> None:
    machine, pairs = audited(*CHAIN)
    assert [word for word, _ in said(machine, pairs)] == ["fresh"] * 4
    assert actions(machine, pairs) == ["skip"] * 4


def test_an_edit_makes_what_depends_on_it_stale_and_nothing_else() -> None:
    machine, pairs = audited(*CHAIN)
    pairs[1] = ("c2", "y = x + 2")
    assert said(machine, pairs)[1:] == [
        ("edited", "its code was edited since"),
        ("upstream stale", "reads y, which cell 2 changes"),
        ("fresh", "nothing that it read has changed"),
    ]
    assert actions(machine, pairs) == ["load", "run", "run", "skip"]


def test_a_cell_never_run_and_a_failed_one_say_so() -> None:
    machine, pairs = audited("x = 1", "print(nothing)")
    found = said(machine, [*pairs, ("new", "x + 1"), ("empty", "")])
    assert found[1][0] == "failed" and "NameError" not in found[0][1]
    assert found[2:] == [("never run", "no run of it is recorded"), ("fresh", "the cell is empty")]


def test_a_changed_file_is_an_input_that_changed() -> None:
    machine, pairs = audited("print(load('data'))")
    machine.disk["data"] = "new"
    assert said(machine, pairs) == [("input changed", "file data changed since it ran")]


def test_a_cell_run_after_one_below_it_is_out_of_order() -> None:
    machine, pairs = audited("x = 1", "print(x)", "x = 2")
    machine.run(cells_of(pairs)[1])
    assert said(machine, pairs)[1] == ("out of order", "it read x as cell 3 made it, which stands below")
    assert ("c3", "c2", ("x",), "order", "observed") in flows(machine, pairs)


def test_a_stale_cell_that_could_change_a_value_makes_its_readers_unknown() -> None:
    machine, pairs = audited("a = [1]", "print(a)", "print(a[0])")
    pairs[1] = ("c2", "b = a\nb.append(2)")
    assert said(machine, pairs)[2] == ("unknown", "reads a, which cell 2 may change")


def test_a_copy_of_a_cell_is_answered_by_the_run_of_the_first() -> None:
    machine, pairs = audited(*CHAIN)
    assert said(machine, [*pairs, ("copy", "print(y)")])[-1] == ("fresh", "a recorded run answers it")


def test_edges_are_of_versions_and_not_of_names() -> None:
    machine, pairs = audited("x = 1", "print(x)", "x = 2", "print(x, 'again')")
    expected = [("c1", "c2", ("x",), "variable", "observed"), ("c3", "c4", ("x",), "variable", "observed")]
    assert flows(machine, pairs) == expected
    machine.run(cells_of(pairs)[2])
    assert flows(machine, pairs)[0] == expected[0]


def test_edges_tell_calls_and_changes_in_place() -> None:
    machine, pairs = audited("s = 2", "def f(): return s", "print(f())", "a = [1]", "a.append(2)", "print(a)")
    assert flows(machine, pairs) == [
        ("c1", "c3", ("s",), "call", "observed"),
        ("c2", "c3", ("f",), "variable", "observed"),
        ("c4", "c5", ("a",), "variable", "observed"),
        ("c5", "c6", ("a",), "mutation", "observed"),
    ]


def test_without_records_edges_come_from_the_sources() -> None:
    _, pairs = audited("s = 2", "def f(): return s", "print(f())")
    assert flows(None, pairs) == [
        ("c1", "c3", ("s",), "call", "static"),
        ("c2", "c3", ("f",), "variable", "static"),
    ]


def test_makers_of_what_can_not_be_loaded_run_again_with_what_they_need() -> None:
    machine, pairs = audited("a = [1, 2]", "g = iter(a)", "print(next(g))", "print('other')", "print(next(g), 1)")
    pairs[4] = ("c5", "print(next(g), 2)")
    found = plan(cells_of(pairs), machine.records, machine)
    assert {"c2", "c3"} <= found.forced
    assert [step.action for step in found.steps][1:] == ["run", "run", "skip", "run"]
    assert found.steps[1].reason == "what it leaves alive is needed"
