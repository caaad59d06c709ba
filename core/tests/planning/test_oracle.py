"""Replay oracles: a repeat equals a full re-run, and what is called fresh shows what a full run would show."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planning_machine import Machine, cells_of, full_run

from nbrewind.planning.freshness import freshness

pytestmark = pytest.mark.py311

NAMES = st.sampled_from("abcd")
FUNCTIONS = st.sampled_from("fg")
FILES = st.sampled_from(["'one'", "'two'"])


@st.composite
def statement(draw: st.DrawFn) -> str:
    """One statement of a small language in which cells affect each other in every way that the planner has to see."""
    x, y, z = draw(NAMES), draw(NAMES), draw(NAMES)
    n = draw(st.integers(0, 3))
    f, g = draw(FUNCTIONS), draw(FUNCTIONS)
    file = draw(FILES)
    return draw(
        st.sampled_from(
            [
                f"{x} = {n}",
                f"{x} = {y}",
                f"{x} = [{n}]",
                f"{x} = [{y}, {y}]",
                f"{x} = {{'k': {y}}}",
                f"{x} = list({y})",
                f"{x} = str({y}) + str({z})",
                f"{x}.append({n})",
                f"{x}.append({y})",
                f"{x}[0] = {n}",
                f"{x}[0].append({n})",
                f"{x}['k'] = {y}",
                f"{x} += {y}",
                f"{x} += {n}",
                f"{x}, {y} = {y}, {x}",
                f"print({x}, {y})",
                f"print({x} is {y})",
                f"def {f}(): return {x}",
                f"def {f}(): {x}.append({n})",
                f"def {f}():\n    global {x}\n    {x} = {n}",
                f"def {f}():\n    global {x}\n    {x} = {y}",
                f"def {f}():\n    global {x}\n    del {x}",
                f"def {f}(): return {g}()",
                f"def {f}(p={x}): p.append({n}); return p",
                f"def {f}(p={x}): return p",
                f"def {f}(): return draw()",
                f"def {f}(): return eval('{x}')",
                f"def {f}(): globals()['{x}'] = {n}",
                f"def {f}():\n    try: return {x}\n    except NameError: return 'none'",
                f"def {f}(p):\n    def inner(): p.append({n}); return p\n    return inner",
                f"def {f}():\n    kept = [{n}]\n    def inner(): kept.append({n}); return kept\n    return inner",
                f"{x} = {f}()",
                f"{x} = {f}({y})",
                f"{f}()",
                f"{x} = {f}",
                f"{x}()",
                f"{f} = {x}",
                f"print({f}())",
                f"print({x}())",
                f"{x} = [{f}]",
                f"{x}[0]()",
                f"del {x}",
                f"del {f}",
                f"if {x}: {y} = {n}",
                f"if {x}: del {y}",
                f"for {x} in range({n}): print({x})",
                f"for {x} in {y}: print({x})",
                f"for {x} in {y}: pass\ndel {x}",
                f"{x} = [{z} for {z} in {y}]",
                f"{x} = [{z} for {z} in [{n}, {y}]]",
                f"{x} = ({z} for {z} in {y})",
                f"{x} = iter({y})",
                f"{x} = next({y})",
                f"print(next({y}, 'end'))",
                f"try: {x} = {y}\nexcept NameError: {x} = 'none'",
                f"try: {x}\nexcept NameError: print('no {x}')\nelse: print('{x}')",
                f"try: {x} = {y}[0]\nexcept Exception as {z}: print('failed')",
                f"try: del {x}\nexcept NameError: pass",
                f"exec('{x} = {n}')",
                f"exec('{x}' + ' = {n}')",
                f"print('{x}' in globals())",
                "print(sorted(name for name in globals() if len(name) == 1))",
                f"{x} = eval('{y}')",
                f"seed({n})",
                "print(draw())",
                f"{x} = draw()",
                f"save({file}, {x})",
                f"save({file}, {n})",
                f"{x} = load({file})",
                f"print(load({file}))",
                f"{x} = (lambda: {y})",
                f"str = {x}",
                f"print(str({x}))",
                "pass",
            ]
        )
    )


def guarded(text: str) -> str:
    """The statement so that it never ends the cell."""
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    return f"try:\n{lines}\nexcept Exception: print('failed')"


STATEMENT = st.one_of(statement(), statement().map(guarded), statement().map(guarded))
CELL = st.lists(STATEMENT, min_size=1, max_size=3).map("\n".join)
START = st.sampled_from(
    [
        "a = [1]\nb = [2, 3]\nc = 4\nd = a\ndef f(): return b\ndef g(): a.append(c)",
        "a = {'k': [1]}\nb = [a]\nc = iter([1, 2, 3])\nd = 'x'\ndef f(p=b): p.append(d); return p\ndef g(): return f()",
        "a = b = [0]\nc = [a, [5]]\nd = lambda: c\ndef f():\n    global d\n    d = 1\ndef g(p=0): return [p, draw()]",
        "a = b = c = d = 1",
    ]
)
NOTEBOOK = st.builds(lambda start, cells: [start, *cells], START, st.lists(CELL, min_size=1, max_size=6))
NUMBER = st.integers(0, 99)
OPERATION = st.one_of(
    st.tuples(st.just("run"), NUMBER),
    st.tuples(st.just("run"), NUMBER),
    st.tuples(st.just("edit"), NUMBER, CELL),
    st.tuples(st.just("insert"), NUMBER, CELL),
    st.tuples(st.just("delete"), NUMBER),
    st.tuples(st.just("move"), NUMBER, NUMBER),
    st.tuples(st.just("copy"), NUMBER, NUMBER),
    st.tuples(st.just("all")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("repeat")),
)
OPERATIONS = st.lists(OPERATION, min_size=1, max_size=8)


class Story:
    """A notebook that somebody works on, and the machine that records it."""

    def __init__(self, sources: list[str]) -> None:
        self.machine = Machine()
        self.sources = [(f"c{number}", source) for number, source in enumerate(sources)]
        self.count = len(sources)

    @property
    def cells(self):
        return cells_of(self.sources)

    def new_id(self) -> str:
        self.count += 1
        return f"c{self.count - 1}"

    def do(self, operation: tuple) -> None:
        kind, *rest = operation
        where = rest[0] % len(self.sources) if rest else 0
        if kind == "run":
            self.machine.run_by_hand(self.cells[where])
        elif kind == "edit":
            self.sources[where] = (self.sources[where][0], rest[1])
        elif kind == "insert":
            self.sources.insert(where, (self.new_id(), rest[1]))
        elif kind == "delete" and len(self.sources) > 1:
            del self.sources[where]
        elif kind == "move":
            self.sources.insert(rest[1] % len(self.sources), self.sources.pop(where))
        elif kind == "copy":
            self.sources.insert(rest[1] % len(self.sources), (self.new_id(), self.sources[where][1]))
        elif kind == "all":
            self.machine.restart()
            for cell in self.cells:
                self.machine.run(cell)
        elif kind == "restart":
            self.machine.restart()
        elif kind == "repeat":
            self.check_repeat()

    def check_repeat(self) -> None:
        full = full_run(self.cells, self.machine.disk)
        assert self.machine.repeat(self.cells) == full

    def check_freshness(self) -> int:
        """Compare what is called fresh with a full run. Returns how many cells are."""
        full = full_run(self.cells, self.machine.disk)
        states = freshness(self.cells, self.machine.records, self.machine)
        fresh = 0
        for cell, state, shown in zip(self.cells, states, full, strict=True):
            if state.freshness == "fresh" and state.run is not None:
                assert (cell.id, self.machine.outputs[state.run]) == (cell.id, shown)
                fresh += 1
        return fresh


def play(sources: list[str], operations: list[tuple]) -> None:
    story = Story(sources)
    for operation in operations:
        story.do(operation)
        story.check_freshness()
    story.check_repeat()


def profile(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )


@profile(200)
@given(NOTEBOOK, st.lists(OPERATION, min_size=1, max_size=2))
def test_a_repeat_after_an_edit_equals_a_full_rerun(sources: list[str], operations: list[tuple]) -> None:
    story = Story(sources)
    story.do(("all",))
    for operation in operations:
        story.do(operation)
    story.check_repeat()
    story.check_repeat()


@profile(200)
@given(NOTEBOOK, OPERATIONS)
def test_what_is_fresh_shows_what_a_full_run_would_show(sources: list[str], operations: list[tuple]) -> None:
    play(sources, operations)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@profile(10_000)
@given(NOTEBOOK, OPERATIONS)
def test_what_is_fresh_shows_a_full_run_many_times(sources: list[str], operations: list[tuple]) -> None:
    play(sources, operations)


@profile(100)
@given(NOTEBOOK)
def test_with_nothing_changed_only_failures_and_the_prelude_run(sources: list[str]) -> None:
    story = Story(sources)
    story.do(("all",))
    machine = story.machine
    failed = {run.cell for run in machine.runs if run.status != "ok" or run.unknown}
    story.check_repeat()
    if not failed:  # what a failed cell leaves behind may differ each time
        assert set(machine.ran) <= {cell.id for cell in story.cells if cell.analysis.prelude}
