"""What a repeat shows is what a clean full run shows, also where cells show each other: displays, `Out`, numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from driver_notebooks import audited, edited, notebook, plain, ran, repeated

from nbrewind.driver.compare import differences
from nbrewind.store import Store

CELLS = (
    ("imports", "import time\nfrom IPython.display import display, update_display"),
    (
        "shows",
        "print('a', flush=True)\ntime.sleep(0.05)\nprint('b', flush=True)\ndisplay('one', display_id='d')\nx = 1",
    ),
    ("result", "x + 41"),
    ("left-out", "x = 100"),
    ("updates", "update_display('two', display_id='d')\nx"),
    ("again", "display('three', display_id='e')\ny = 1"),
    ("number", "print(get_ipython().execution_count)"),
    ("asks", "print(_, Out[3])"),
    ("history", "print(In[3], _i2[:5])"),
)
ALWAYS = {"imports", "result", "updates", "number", "asks", "history"}
"""What reads IPython's history runs, and so does what shows the results that it asks for."""
MARKS = {"nothing": pytest.mark.py311, "an update goes": ()}
EDITS = {
    "nothing": (list(CELLS), ALWAYS),
    "an update goes": ([cell for cell in CELLS if cell[0] != "updates"], ALWAYS - {"updates"}),
    "another update": (edited(CELLS, "updates", "two", "2"), ALWAYS),
    "another display": (edited(CELLS, "shows", "'one'", "'first'"), ALWAYS | {"shows"}),
    "a display of the same id": (edited(CELLS, "again", "'e'", "'d'"), ALWAYS | {"again"}),
    "nobody asks": (list(CELLS[:6]), {"imports"}),
}


def book(cells):
    made = notebook(cells)
    for cell in made.cells:
        if cell.id == "left-out":
            cell.metadata["tags"] = ["skip-execution"]
    return made


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    with Store.open(folder / "store") as store:
        made = book(CELLS)
        audited(made, folder / "work.ipynb", store)
    assert differences(made.cells, plain(book(CELLS), folder / "plain").cells) == []
    return folder


@pytest.mark.parametrize("edit", [pytest.param(name, marks=MARKS.get(name, pytest.mark.slow)) for name in EDITS])
def test_a_repeat_shows_what_a_full_run_shows(edit: str, recorded, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(recorded, folder)
    cells, expected = EDITS[edit]
    made = book(cells)
    with Store.open(folder / "store") as store:
        result = repeated(made, folder / "work.ipynb", store)
    assert not result.failed
    assert differences(made.cells, plain(book(cells), tmp_path / "full").cells) == []
    assert set(ran(result)) == expected
