"""Plans in a kernel whose libraries were changed by cells that are another now, or come later."""

from __future__ import annotations

import pytest
from driver_live_tools import Desk, full

SETS = "string.capwords = lambda x: 'set'\nprint(1)"
WRAPS = "old = string.capwords\nstring.capwords = lambda x: '{}' + old(x)\nprint(1)"


@pytest.mark.parametrize(
    ("cells", "number", "source"),
    [
        (("import string", SETS, "print(string.capwords('ab'))"), 1, "print(1)"),
        (("import string", WRAPS.format("p"), "print(string.capwords('ab'))"), 1, WRAPS.format("q")),
        (("import string\nk = 1", "print(string.capwords('ab' * k))", SETS), 0, "import string\nk = 2"),
    ],
    ids=["taken out", "wrapped anew", "set later"],
)
@pytest.mark.parametrize("kind", ["stale", "cell"])
def test_a_step_sees_libraries_as_the_cells_above_it_leave_them(
    kernel, kernels, notebook_path, store, cells, number, source, kind
):
    work = Desk(kernel, notebook_path, store, list(cells))
    work.run()
    work.edit(number, source)
    shows = next(n for n, text in enumerate(cells) if "print(string" in text)
    ending, ran = work.bring(kind, f"c{shows}" if kind == "cell" else "")
    assert ending.state == "done" and {f"c{number}", f"c{shows}"} <= set(ran)
    assert work.shows(shows) == full(kernels.take(), [cell.source for cell in work.cells])[shows]


def test_what_comes_later_stays(kernel, notebook_path, store):
    work = Desk(kernel, notebook_path, store, ["import string\nk = 1", "print(string.capwords('ab' * k))", SETS])
    work.run()
    work.edit(0, "import string\nk = 2")
    ending, _ = work.bring("cell", "c1")
    assert (ending.state, work.shows(1)) == ("done", "Abab\n")
    assert work.value("string.capwords('ab')") == "set"


def test_what_cannot_be_taken_out_is_never_called_fresh(kernel, notebook_path, store):
    registers = (
        "@pd.api.extensions.register_dataframe_accessor('kept')\nclass Kept:\n    def __init__(self, frame): pass"
    )
    cells = ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", registers, "print(hasattr(df, 'kept'))"]
    work = Desk(kernel, notebook_path, store, cells)
    work.run()
    work.edit(1, "None")
    work.bring("cell", "c2")
    assert work.states()["c2"] == "input changed"
