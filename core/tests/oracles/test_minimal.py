"""Nothing runs that need not: an edited cell of a data-flow case makes at most those run that depend on it.

The edges of the cases are known. Besides them run: the prelude; cells of which no record may answer, with the reason
that the record gives; and cells that make what can't be stored and is needed by a cell that runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dataflow.form import Case
from dataflow.test_cases import CASES, skip_unless_possible
from forking.provisioner import forking

from nbrewind.driver.repeat import Repeat
from nbrewind.store import Store

from .edits import NUMBER, counted_up
from .outcomes import Tally
from .repeats import Trial, copy

MISSED = {
    "failing_before_binding": "a cell that may have bound a name, and did not, counts as one that kept its value",
    "figure_without_a_name": "a figure that is open counts as one into which others may draw",
}
"""Cases in which a cell runs that need not, each with the reason."""
QUICK = ("late_global_redefined", "csv")
NAMES = [pytest.param(case, marks=() if case.name in QUICK else pytest.mark.slow, id=case.name) for case in CASES]


@pytest.fixture(autouse=True)
def forked_kernels(forked):
    """Let the driver's kernels start at once."""
    with forking(forked.zygote):
        yield


def edits(source: str) -> Iterator[str]:
    """Yield the text of a cell as it is edited: to the same effect, and to another one."""
    if not source.startswith("%%") and "__future__" not in source:
        yield "None\n" + source
    number = NUMBER.search(source)
    if number is not None:
        yield counted_up(source, number)


def dependent(case: Case, cell: int) -> set[int]:
    """Return the cells that depend on one, through others too."""
    found = {cell}
    while more := {to for from_, to in case.must | case.may if from_ in found} - found:
        found |= more
    return found


def excused(result: Repeat, store: Path) -> set[str]:
    """Return the cells that run whatever was edited."""
    with Store.open(store) as opened:
        runs = {step.cell: run for step in result.steps if (run := opened.run(step.run)) is not None}
    unproved = {cell for cell, run in runs.items() if run.unknown or run.status != "ok"}
    unstored = {cell for cell, run in runs.items() if not all(version.loadable for version in run.writes)}
    needed = {step.cell for step in result.steps if step.reason == "what it leaves alive is needed"}
    return {step.cell for step in result.steps if step.prelude} | unproved | (needed & unstored)


@pytest.mark.parametrize("case", NAMES)
def test_no_cell_runs_that_need_not(case: Case, tmp_path: Path) -> None:
    skip_unless_possible(case)
    trial, tally, found = Trial(tmp_path, case.cells, {}), Tally(), False
    trial.tolerant = trial.looks = False
    copy(trial.work, tmp_path / "empty")
    trial.audit()
    for number, (cell, source) in enumerate(trial.sources):
        affected = {f"c{other}" for other in dependent(case, number)}
        for text in edits(source):
            copy(tmp_path / "empty", trial.work)
            trial.sources[number] = (cell, text)
            result = trial.check(tally)
            assert result is not None, tally.refused
            ran = {step.cell: step.reason for step in result.steps if step.action == "run"}
            for other in affected | excused(result, trial.store):
                ran.pop(other, None)
            found |= bool(ran)
            assert not ran or case.name in MISSED, (f"{cell} was edited", text, ran)
        trial.sources[number] = (cell, source)
    print(tally)
    assert found or case.name not in MISSED, f"{case.name} is minimal now"
