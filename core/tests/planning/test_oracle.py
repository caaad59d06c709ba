"""Replay oracle: after any edit, what a repeat shows equals a full re-run, and it runs no more than it must."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from planning_machine import Machine, cells_of

NAMES = st.sampled_from("abcde")
FUNCTIONS = st.sampled_from("fg")


@st.composite
def statement(draw: st.DrawFn) -> str:
    """One statement of a small language: integers, lists with aliases, functions that read globals."""
    target, left, right = draw(NAMES), draw(NAMES), draw(NAMES)
    number = draw(st.integers(0, 3))
    function = draw(FUNCTIONS)
    return draw(
        st.sampled_from(
            [
                f"{target} = {number}",
                f"{target} = {left}",
                f"{target} = [{number}]",
                f"{target} = str({left}) + str({right})",
                f"{left}.append({number})",
                f"{left} += {left}",
                f"print({left}, {right})",
                f"def {function}(): return {left}",
                f"def {function}(): {left}.append({number})",
                f"{target} = {function}()",
                f"del {target}",
                f"if {left}: {target} = {number}",
                f"try: {target} = {left}\nexcept NameError: {target} = 'none'",
                f"exec('{target} = {number}')",
                f"print('{left}' in globals())",
                f"{target} = eval('{left}')",
            ]
        )
    )


CELL = st.lists(statement(), min_size=1, max_size=3).map("\n".join)
NOTEBOOK = st.lists(CELL, min_size=1, max_size=6)


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """A notebook, and the same after an edit, an insertion, a deletion or a move: (id, source) pairs."""
    sources = draw(NOTEBOOK)
    after = [(f"c{number}", source) for number, source in enumerate(sources)]
    where = draw(st.integers(0, len(after) - 1))
    kind = draw(st.sampled_from(["edit", "insert", "delete", "move", "nothing"]))
    if kind == "edit":
        after[where] = (after[where][0], draw(CELL))
    elif kind == "insert":
        after.insert(where, ("new", draw(CELL)))
    elif kind == "delete":
        del after[where]
    elif kind == "move":
        after.insert(draw(st.integers(0, len(after) - 1)), after.pop(where))
    return sources, after


def full_run(cells: list) -> list[str]:
    fresh = Machine()
    return [fresh.run(cell) for cell in cells]


@settings(max_examples=400, deadline=None)
@given(edited())
def test_a_repeat_equals_a_full_rerun(case: tuple[list[str], list[tuple[str, str]]]) -> None:
    before, after = case
    machine = Machine()
    for cell in cells_of([(f"c{number}", source) for number, source in enumerate(before)]):
        machine.run(cell)
    cells = cells_of(after)
    assert machine.repeat(cells) == full_run(cells)


@settings(max_examples=100, deadline=None)
@given(NOTEBOOK)
def test_with_nothing_changed_only_failures_and_the_prelude_run(sources: list[str]) -> None:
    machine = Machine()
    cells = cells_of([(f"c{number}", source) for number, source in enumerate(sources)])
    for cell in cells:
        machine.run(cell)
    failed = {run.cell for run in machine.runs if run.status != "ok" or run.unknown}
    machine.repeat(cells)
    if not failed:  # what a failed cell leaves behind may differ each time
        assert set(machine.ran) <= {cell.id for cell in cells if cell.analysis.prelude}
