"""Audit, then repeat with an edit: what is shown equals a clean full run, and only what must run runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from driver_notebooks import ANALYSIS, audited, edited, notebook, plain, ran, repeated

from nbrewind.driver.compare import differences
from nbrewind.driver.session import counted

PRELUDE = {"imports", "functions"}

EDITS = {
    "nothing": (list(ANALYSIS), set()),
    "a comment": (edited(ANALYSIS, "table", "df =", "# the table\ndf  ="), set()),
    "the first cell": (edited(ANALYSIS, "imports", "3)", "5)"), None),
    "a parameter of all": (edited(ANALYSIS, "parameters", "N = 6", "N = 5"), None),
    "a parameter of some": (
        edited(ANALYSIS, "parameters", "2.0", "3.0"),
        {"parameters", "in-place", "group", "write", "read", "last"},
    ),
    "a helper": (
        edited(ANALYSIS, "functions", "values * SCALE", "values * SCALE + 1"),
        {"in-place", "group", "write", "read", "last"},
    ),
    "a middle cell": (edited(ANALYSIS, "view", "100.0", "7.0"), {"view", "view-read"}),
    "a middle cell with an equal result": (edited(ANALYSIS, "group", "mean()", "mean().copy()"), {"group"}),
    "the last cell": (edited(ANALYSIS, "last", "len(df)", "len(df) + 1"), {"last"}),
    "an inserted cell that changes nothing": ([*ANALYSIS[:4], ("new", "print(df.shape)"), *ANALYSIS[4:]], {"new"}),
    "an inserted cell that changes a table": (
        [*ANALYSIS[:4], ("new", "df.loc[0, 'v'] = 50.0"), *ANALYSIS[4:]],
        {"new", "in-place", "group", "write", "read", "last"},
    ),
    "a deleted cell": ([cell for cell in ANALYSIS if cell[0] != "view-read"], set()),
    "a deleted cell that others need": ([cell for cell in ANALYSIS if cell[0] != "random"], {"last"}),
    "a moved cell": ([*ANALYSIS[:5], ANALYSIS[7], *ANALYSIS[5:7], *ANALYSIS[8:]], set()),
    "a cell moved above what it reads": ([*ANALYSIS[:4], ANALYSIS[6], *ANALYSIS[4:6], *ANALYSIS[7:]], None),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The analysis, audited once: a folder with the notebook's files and the store."""
    from nbrewind.store import Store

    folder = tmp_path_factory.mktemp("recorded")
    with Store.open(folder / "store") as store:
        made = notebook(ANALYSIS)
        result = audited(made, folder / "analysis.ipynb", store)
    assert [done.status for done in result.runs] == ["ok"] * len(ANALYSIS)
    assert not [(done.cell.id, done.run.unknown) for done in result.runs if done.run.unknown]
    return folder, made


def test_an_audit_shows_what_a_plain_run_shows(recorded, tmp_path: Path) -> None:
    _, made = recorded
    assert differences(made.cells, plain(notebook(ANALYSIS), tmp_path).cells) == []


@pytest.mark.parametrize("edit", EDITS)
def test_a_repeat_shows_what_a_full_run_shows(edit: str, recorded, tmp_path: Path) -> None:
    from nbrewind.store import Store

    folder = tmp_path / "work"
    shutil.copytree(recorded[0], folder)
    cells, expected = EDITS[edit]
    made = notebook(cells)
    with Store.open(folder / "store") as store:
        result = repeated(made, folder / "analysis.ipynb", store)
    full = plain(notebook(cells), tmp_path / "full")
    stop = len(result.steps) if result.failed else len(cells)
    assert differences(made.cells[:stop], full.cells[:stop]) == []
    if expected is not None:
        assert set(ran(result)) == (expected | PRELUDE) & {name for name, _ in cells}


def test_what_an_answered_cell_leaves_alive_is_seen_to_be_needed_in_time(tmp_path: Path) -> None:
    """It was expected to run, and is answered as what it reads has come out equal; by then a file is written."""
    from nbrewind.store import Store

    cells = [
        ("read", "n = len('ab')\nwith open('note.txt', 'a') as file: file.write('x')"),
        ("alive", "g = (i for i in [n, 3])\nprint(n)"),
        ("next", "print(next(g))"),
    ]
    with Store.open(tmp_path / "store") as store:
        audited(notebook(cells), tmp_path / "work.ipynb", store)
        made = notebook(edited(edited(cells, "read", "ab", "cd"), "next", "(g)", "(g), 1"))
        result = repeated(made, tmp_path / "work.ipynb", store)
    assert (result.failed, ran(result)) == ("", ["read", "alive", "next"])
    assert made.cells[2].outputs[0]["text"] == "2 1\n"
    assert (tmp_path / "note.txt").read_text() == "xx", "one audit and one repeat"


def test_a_task_counts_once_though_the_kernel_starts_anew():
    assert counted({}, {"ran": 4}) == {"ran": 4}
    assert counted({"ran": 1, "answered": 3}, {"answered": 4, "failed": 1}) == {"ran": 1, "answered": 3, "failed": 1}
