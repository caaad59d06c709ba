"""A cell of constants is known before it runs: only readers of what really changed are expected to run."""

from __future__ import annotations

import pytest
from planning_machine import Machine, cells_of

from nbrewind.model import Input, Run
from nbrewind.planning.constants import predicted
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.plan import plan


def test_the_digest_is_the_one_that_a_run_will_record() -> None:
    from nbrewind.state import LiveState

    source = "A = 1\nB = 'text'\nC = (1, 2.5, None)\nD = -3"
    namespace: dict[str, object] = {}
    exec(source, namespace)
    del namespace["__builtins__"]
    scanned = {name: d for group in LiveState(namespace, set).scan().groups for name, d in group.digest.items()}
    assert {version.key[4:]: version.digest for version in predicted(SourceCell("c", 0, source))} == scanned


@pytest.mark.parametrize(
    "source", ["a = b", "a = [1]", "a = 1\nprint(a)", "a, b = 1, 2", "a: int = 1", "x = f(1)", "%time", ""]
)
def test_other_cells_are_not_predicted(source: str) -> None:
    assert predicted(SourceCell("c", 0, source)) == []


def test_only_readers_of_what_changes_are_expected_to_run() -> None:
    sources = [("p", "a = 1\nb = 2"), ("x", "print(a)"), ("y", "print(b)")]
    versions = {version.key: version for version in predicted(cells_of(sources)[0])}
    cells = cells_of(sources)
    runs = [
        Run(
            id=f"r{number}",
            notebook="n",
            session="s",
            cell=cell.id,
            number=number,
            code=cell.analysis.code,
            source=cell.digest,
            started=0.0,
            inputs=tuple(
                Input(key=key, digest=version.digest, run="r0")
                for key, version in versions.items()
                if key[4:] in cell.analysis.reads
            ),
            writes=tuple(versions.values()) if number == 0 else (),
        )
        for number, cell in enumerate(cells)
    ]
    records = History(runs, lambda code: [run for run in runs if run.code == code])
    after = cells_of([("p", "a = 1\nb = 3"), *sources[1:]])
    assert [step.action for step in plan(after, records, Machine()).steps] == ["run", "skip", "run"]
