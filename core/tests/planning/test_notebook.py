"""The notebook as a plan sees it."""

from __future__ import annotations

import pytest

from nbrewind.model import Run
from nbrewind.planning.notebook import History, SourceCell, code_cells

pytestmark = pytest.mark.py311


def run(name: str, cell: str, code: str = "code:1", status="ok") -> Run:
    return Run(
        id=name, notebook="n", session="s", cell=cell, number=1, code=code, source="", started=0.0, status=status
    )


def test_only_code_cells_count_and_keep_their_place() -> None:
    cells = code_cells(
        [
            {"cell_type": "markdown", "id": "m", "source": "# Title", "metadata": {}},
            {"cell_type": "code", "id": "a", "source": ["x = 1\n", "y = 2"], "metadata": {"tags": ["parameters"]}},
            {"cell_type": "code", "id": "b", "source": "x", "metadata": {"nbrewind": {"policy": "pinned"}}},
        ]
    )
    assert [(cell.id, cell.index, cell.label, cell.policy) for cell in cells] == [
        ("a", 1, "cell 2", "auto"), ("b", 2, "cell 3", "pinned"),
    ]  # fmt: skip
    assert cells[0].source == "x = 1\ny = 2" and cells[0].tags == ("parameters",)


def test_a_title_is_the_first_line_of_code() -> None:
    assert SourceCell("a", 0, "\n# load\nx = 1\n").title == "x = 1"
    assert SourceCell("a", 0, "x = " + "1" * 80).title.endswith("...")
    assert SourceCell("a", 0, "  \n").title == "(empty)"


def test_empty_cells_and_cells_that_steer_recording_are_not_active() -> None:
    assert not SourceCell("a", 0, " \n").active
    assert not SourceCell("a", 0, "%nbrewind status").active
    assert SourceCell("a", 0, "x").active


def test_a_history_knows_the_newest_runs_and_who_made_what() -> None:
    runs = [run("1", "a"), run("2", "b"), run("3", "a", "code:2"), run("4", "a", "code:2", "error"), run("5", "")]
    history = History(runs, lambda code: [found for found in runs if found.code == code])
    assert history.last_run("a") is runs[3] and history.last_run("none") is None
    assert history.last_run_of("a", "code:2") is runs[2] and history.last_run_of("a", "code:1") is runs[0]
    assert (history.producer("2"), history.producer("5"), history.producer("none")) == ("b", "", "")
    assert history.candidates("code:2") == runs[2:4]


def test_what_a_run_shows_in_other_cells_counts_without_numbers_and_ids():
    shown = {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}}
    update = {"output_type": "update_display_data", "data": {"text/plain": "2"}, "metadata": {}}
    sent = [{**shown, "execution_count": 3}, {**update, "transient": {"display_id": "d"}}]
    assert History([], lambda code: (), lambda run: sent).showed("r") == [shown, update]
    assert History([], lambda code: ()).showed("r") is None
