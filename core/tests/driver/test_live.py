"""Plans in a kernel that somebody uses: exactly the fresh result, and a kernel that stays honest."""

from __future__ import annotations

import pytest
from driver_live_tools import Desk


@pytest.fixture
def desk(kernel, notebook_path, store):
    """Make a desk of sources."""
    return lambda *sources: Desk(kernel, notebook_path, store, list(sources))


CHAIN = ("x = [1]", "y = [n + 1 for n in x]", "z = 10", "print(y, z)")


def test_after_an_edit_only_what_the_target_needs_runs(desk):
    work = desk(*CHAIN)
    work.run()
    work.edit(0, "x = [5]")
    work.edit(2, "z = 20")
    ending, ran = work.bring("cell", "c1")
    assert (ending.state, ran) == ("done", ["c0", "c1"])
    assert work.value("(x, y, z)") == ([5], [6], 10)
    ending, ran = work.bring("cell", "c3")
    assert (ending.state, ran) == ("done", ["c2", "c3"])
    assert work.shows(3) == "[6] 20\n"
    assert set(work.states().values()) == {"fresh"}
    assert not [run for run in work.index.runs() if not run.cell], "no change between cells was seen"
