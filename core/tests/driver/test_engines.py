"""Engines: a repeat with one gives what one without gives, and what must not run ahead does not."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from driver_notebooks import ANALYSIS, audited, edited, notebook, plain, ran, repeated

from nbrewind.driver.compare import differences
from nbrewind.driver.engines import ahead_kernel
from nbrewind.driver.engines.engine import Site
from nbrewind.driver.engines.local import LocalEngine
from nbrewind.driver.engines.scratch import FOLDER, LOCK, Scratch
from nbrewind.planning import ahead as planning
from nbrewind.store import Store

WAITS = (
    ("imports", "import time"),
    ("scale", "SCALE = 2"),
    ("slow", "def slow(k):\n    time.sleep(0.5)\n    return [k * SCALE] * 3"),
    *((f"c{k}", f"r{k} = slow({k})\nprint({k}, sum(r{k}))\nr{k}[-1:]") for k in range(4)),
    ("more", "r3.append(7)\nr3"),
    ("all", "print(r0, r1, r2, r3)"),
)
"""Four cells that are independent of each other, and two that are not."""
COMPUTED = {"c0", "c1", "c2", "c3", "more", "all"}


@pytest.fixture(autouse=True)
def no_cell_is_too_small(monkeypatch) -> None:
    monkeypatch.setattr(planning, "WORTH", 0.0)


def engine() -> LocalEngine:
    return LocalEngine(3)


class Ready(LocalEngine):
    """One whose kernels have started before the notebook's own does."""

    async def open(self, site: Site, wanted: int) -> None:
        await super().open(site, wanted)
        await asyncio.gather(*self._free)


def by_engine(result) -> set[str]:
    """The cells that ran on the engine."""
    return {cell for cell in ran(result) if result.where.get(cell) == ""}


def history(store: Store, path: Path) -> list[tuple]:
    """What the history says, but for ids and times."""
    index = store.notebook(path, create=False)
    assert index is not None
    runs = {run.id: run for run in index.runs()}
    found = []
    for number, one in enumerate(index.checkpoints()):
        run = runs[one.run]
        assert run.number == number + 1 and run.session == one.session and one.saved and not one.lost
        assert all(entry.run in {"", *runs} for entry in run.inputs)
        inputs = sorted((entry.key, entry.digest, bool(entry.run)) for entry in run.inputs)
        made = sorted((version.key, version.digest, version.members) for version in run.writes)
        found.append((one.cell, one.action, run.status, run.execution_count, inputs, made, run.removed, run.unknown))
    assert len(index.heads()) == 1
    return found


def left_over(store: Store) -> list[str]:
    """What is left of engines' stores."""
    above = store.directory / FOLDER
    return sorted(each.name for each in above.iterdir()) if above.exists() else []


def test_a_first_repeat_gives_what_one_without_an_engine_gives(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    with Store.open(tmp_path / "store") as store, Store.open(tmp_path / "store2") as other:
        made, alone = notebook(WAITS), notebook(WAITS)
        result = repeated(made, tmp_path / "work.ipynb", store, engine=engine())
        repeated(alone, tmp_path / "alone" / "work.ipynb", other)
        assert not result.failed and not result.notes
        assert differences(made.cells, alone.cells) == []
        assert history(store, tmp_path / "work.ipynb") == history(other, tmp_path / "alone" / "work.ipynb")
        assert len(by_engine(result) & {"c0", "c1", "c2", "c3"}) >= 2
        assert left_over(store) == [] and store.doctor(deep=True) == []
        again = repeated(notebook(WAITS), tmp_path / "work.ipynb", store)
        assert set(ran(again)) == {"imports", "slow"}


def test_edited_cells_run_ahead_and_recorded_ones_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "work.ipynb"
    with Store.open(tmp_path / "store") as store:
        audited(notebook(WAITS), path, store)
        cells = edited(edited(WAITS, "c1", "slow(1)", "slow(10)"), "c2", "slow(2)", "slow(20)")
        made = notebook(cells)
        result = repeated(made, path, store, engine=engine())
        assert set(ran(result)) == {"imports", "slow", "c1", "c2", "all"} and by_engine(result) & {"c1", "c2"}
        assert differences(made.cells, plain(notebook(cells), tmp_path / "full").cells) == []
        made = notebook(edited(cells, "slow", "* 3", "* 2"))
        result = repeated(made, path, store, engine=engine())
        assert set(ran(result)) == COMPUTED | {"imports", "slow"}
        assert differences(made.cells, plain(notebook(edited(cells, "slow", "* 3", "* 2")), tmp_path / "f").cells) == []


EDITS = {
    "nothing recorded": list(ANALYSIS),
    "a parameter of all": edited(ANALYSIS, "parameters", "N = 6", "N = 5"),
    "a helper": edited(ANALYSIS, "functions", "values * SCALE", "values * SCALE + 1"),
    "a cell moved above what it reads": [*ANALYSIS[:4], ANALYSIS[6], *ANALYSIS[4:6], *ANALYSIS[7:]],
}


QUICK = ("nothing recorded", "a cell moved above what it reads")


@pytest.mark.parametrize("edit", [pytest.param(e, marks=() if e in QUICK else pytest.mark.slow) for e in EDITS])
def test_a_repeat_with_an_engine_shows_what_a_full_run_shows(edit: str, tmp_path: Path) -> None:
    path = tmp_path / "work" / "analysis.ipynb"
    path.parent.mkdir()
    with Store.open(tmp_path / "store") as store:
        if edit != "nothing recorded":
            audited(notebook(ANALYSIS), path, store)
        made = notebook(EDITS[edit])
        result = repeated(made, path, store, engine=engine())
        full = plain(notebook(EDITS[edit]), tmp_path / "full")
        stop = len(result.steps) if result.failed else len(made.cells)
        assert differences(made.cells[:stop], full.cells[:stop]) == []
        assert store.doctor(deep=True) == []


def test_what_does_something_to_the_world_comes_at_its_turn(tmp_path: Path) -> None:
    cells = (
        ("imports", "import time\nimport subprocess\nimport threading"),
        ("write", "def write(text):\n    with open('note.txt', 'w') as stream:\n        stream.write(text)"),
        ("wait", "time.sleep(2)\na = 1"),
        ("read", "print(open('note.txt').read())"),
        ("new", "b = 2\nwrite('new')"),
        ("csv", "import csv\nc = csv.writer(open('table.csv', 'w')).writerow([1, 2])"),
        ("caught", "try:\n    write('newer')\nexcept Exception as error:\n    print(error)"),
    )
    (tmp_path / "note.txt").write_text("old")
    with Store.open(tmp_path / "store") as store:
        made = notebook(cells)
        result = repeated(made, tmp_path / "work.ipynb", store, engine=LocalEngine(5))
        assert not result.failed and made.cells[3].outputs[0].text == "old\n"
        assert not made.cells[6].outputs and (tmp_path / "note.txt").read_text() == "newer"
        assert by_engine(result) <= {"wait", "read"}
        for cell in ("new", "csv", "caught"):
            assert any(word in result.where[cell] for word in ("must come at its turn", "kernel was free", "beside it"))
        assert any("writes a file" in result.where[cell] for cell in ("new", "csv", "caught"))
        result = repeated(
            notebook(edited(cells, "new", "b = 2", "b = 3")), tmp_path / "work.ipynb", store, engine=engine()
        )
        assert result.where["new"] == "it writes or removes note.txt"


def test_what_can_not_be_carried_stays_with_the_reason(tmp_path: Path) -> None:
    cells = (
        ("lines", "lines = (str(k) for k in range(3))"),
        ("first", "first = next(lines)\nprint(first)"),
        ("other", "x = sum(range(1000))\nprint(x)"),
        ("rest", "print(list(lines))"),
    )
    path = tmp_path / "work.ipynb"
    with Store.open(tmp_path / "store") as store:
        audited(notebook(cells), path, store)
        cells = edited(edited(cells, "first", "print(first)", "print(first, 1)"), "other", "1000", "2000")
        made = notebook(cells)
        result = repeated(made, path, store, engine=engine())
        assert differences(made.cells, plain(notebook(cells), tmp_path / "full").cells) == []
        assert result.where["first"].startswith("it needs lines, which can't be saved: ")
        assert by_engine(result) <= {"other"}


def test_a_run_that_met_something_else_is_not_used(tmp_path: Path) -> None:
    cells = (
        ("imports", "import time"),
        ("poke", "def poke():\n    time.sleep(4)\n    globals()['x'] = 5"),
        ("x", "x = 1"),
        ("first", "time.sleep(0.2)\ny = 1"),
        ("change", "poke()"),
        ("show", "z = 10 * x\nprint(z)"),
        ("last", "print(z + y)"),
    )
    with Store.open(tmp_path / "store") as store:
        made = notebook(cells)
        result = repeated(made, tmp_path / "work.ipynb", store, engine=Ready(3))
        assert differences(made.cells, plain(notebook(cells), tmp_path / "full").cells) == []
        assert result.where["show"] == "what it made ahead does not hold: x has another value than when it ran"
        index = store.notebook(tmp_path / "work.ipynb")
        assert index is not None and len(index.runs("show")) == 1


def test_the_death_of_a_kernel_costs_a_run_here(tmp_path: Path, monkeypatch) -> None:
    step = ahead_kernel.AheadKernel._step

    async def dying(self, work):
        if not work.small:
            os.kill(self._manager.provisioner.pid, signal.SIGKILL)
        return await step(self, work)

    monkeypatch.setattr(ahead_kernel.AheadKernel, "_step", dying)
    with Store.open(tmp_path / "store") as store:
        made = notebook(WAITS)
        result = repeated(made, tmp_path / "work.ipynb", store, engine=engine())
        assert differences(made.cells, plain(notebook(WAITS), tmp_path / "full").cells) == []
        assert by_engine(result) == set()
        assert any("local could not run it: " in why for why in result.where.values())
        assert left_over(store) == []


def test_what_a_killed_engine_has_left_is_removed_by_the_next(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        living = Scratch(store)
        dead = store.directory / FOLDER / "dead"
        shutil.copytree(living.directory, dead)
        (dead / LOCK).touch()
        other = Scratch(store)
        assert left_over(store) == sorted([living.directory.name, other.directory.name])
        living.close()
        other.close()
        assert left_over(store) == []
