"""Replay oracle for plans in a running kernel: after any work, in any order, a cell that was brought up to date shows
what a full run shows, and what the head says is what the namespace has."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from planning_live_machine import Failed, LiveMachine
from planning_machine import full_run
from planning_oracle import NOTEBOOK, NUMBER, OPERATIONS, Story, profile

from nbrewind.planning.targets import Target

KIND = st.sampled_from(["cell", "cell", "cell", "affected", "stale", "all"])


class LiveStory(Story):
    """A notebook that somebody works on in one kernel."""

    def __init__(self, sources: list[str]) -> None:
        super().__init__(sources)
        self.machine = LiveMachine()
        self.machine.first = random.Random(0).getstate()

    def bring(self, kind: str, number: int) -> None:
        cells = self.cells
        cell = cells[number % len(cells)]
        full = dict(zip([one.id for one in cells], full_run(cells, self.machine.disk), strict=True))
        try:
            shown = self.machine.bring(cells, Target(kind, cell.id))
        except Failed:
            shown = {}
        self.machine.check()
        assert shown == {name: full[name] for name in shown}


def play(sources, operations, kind, number) -> None:
    story = LiveStory(sources)
    for operation in operations:
        if operation[0] != "repeat":
            story.do(operation)
    story.bring(kind, number)
    story.bring("cell", number)


WRITTEN_BELOW = [
    "a = [1]\nb = [2, 3]\nc = 4\nd = a\ndef f(): return b\ndef g(): a.append(c)",
    "a = 0",
    "a = 0\nprint(load('one'))",
    "a = 0\na = 0\ndef f(): return a",
    "a = 0\na = 0\nexec('a' + ' = 0')",
]
"""A cell reads a file, and a cell below it is edited so that it writes that file."""


@example(WRITTEN_BELOW, [("all",), ("edit", 3, "a = 0\na = 0\nsave('one', a)")], "cell", 4)
@profile(200)
@given(NOTEBOOK, OPERATIONS, KIND, NUMBER)
def test_a_cell_brought_up_to_date_shows_what_a_full_run_shows(sources, operations, kind, number) -> None:
    play(sources, operations, kind, number)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@profile(10_000)
@given(NOTEBOOK, OPERATIONS, KIND, NUMBER)
def test_a_cell_brought_up_to_date_shows_a_full_run_many_times(sources, operations, kind, number) -> None:
    play(sources, operations, kind, number)
