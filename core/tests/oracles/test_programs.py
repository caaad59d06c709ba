"""The oracles on notebooks made by chance: a fixed set each time, 2,000 in `make test-all`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from random import randrange

import pytest

from . import replay
from .kernels import Kernels
from .programs import programs
from .replay import Story, Tally, Unsound, play

FEW, MANY = (20, 2000) if sys.version_info >= (3, 12) else (10, 200)
"""Notebooks in `make test`; in `make test-all`. The older Python traces more slowly."""
PART = 100
"""Notebooks in one test."""
SEED = int(os.environ.get("ORACLES_SEED") or (randrange(10**6) if os.environ.get("TEST_SEARCH") else 0))
"""The first seed of the many. Each part has the next one; it is named in the part's output."""


def search(forked: Kernels, seed: int, notebooks: int) -> Tally:
    """Try some notebooks, which follow from the seed."""
    tally = Tally()
    for number, program in programs(seed, notebooks):
        with tempfile.TemporaryDirectory(prefix="oracle") as root:
            play(forked, Path(root), program.cells, tally, seed=number, spare=program.spare)
    return tally


@pytest.mark.py311
@pytest.mark.timeout(600)
def test_programs(forked: Kernels) -> None:
    tally = search(forked, 0, FEW)
    print(tally)
    assert tally.stuck == 0
    assert tally.fresh > FEW, "too little is called fresh: nothing was tested"
    assert tally.slices > FEW
    assert tally.sliced < 0.9 * tally.whole, "slices are whole notebooks: nothing was tested"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(MANY // PART))
def test_many_programs(forked: Kernels, part: int) -> None:
    print(f"ORACLES_SEED={SEED}: part {part}")
    tally = search(forked, SEED + part, PART)
    print(tally)
    assert tally.stuck <= PART // 20


STALE = ["xs = [1]", "ys = xs", "print(xs)", "ys.append(2)", "print(xs)"]


@pytest.fixture
def story(forked: Kernels, tmp_path: Path):
    """A notebook whose last cell depends on one that it does not name."""
    made = Story(forked, tmp_path, STALE)
    made.run_all()
    yield made
    made.close()


def test_the_oracles_agree(story: Story) -> None:
    tally = Tally()
    piece = story.slice_of(4)
    assert piece is not None
    assert [cell.id for cell in piece.cells] == ["c0", "c1", "c3", "c4"]
    story.finish()
    story.check_freshness(tally)
    story.check_slice(piece, tally)
    assert (tally.cells, tally.equal, tally.fresh, tally.slices) == (5, 5, 5, 1)


def test_a_missing_edge_is_found(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    found = replay.edges
    monkeypatch.setattr(replay, "edges", lambda *given: [edge for edge in found(*given) if edge.kind != "mutation"])
    piece = story.slice_of(4)
    assert piece is not None
    story.finish()
    with pytest.raises(Unsound, match="c4 is said to depend on no others"):
        story.check_slice(piece, Tally())


def test_a_stale_cell_called_fresh_is_found(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.kernel.run("c3", "ys.append(2)")
    story.shown["c4"] = ["stdout: [1, 2, 2]\n"]
    story.finish()
    with pytest.raises(Unsound, match="c4 is called fresh"):
        story.check_freshness(Tally())


def test_a_cell_that_differs_each_time_is_left_out(forked: Kernels, tmp_path: Path) -> None:
    made = Story(forked, tmp_path, ["import time", "print(time.time())"])
    made.run_all()
    made.finish()
    tally = Tally()
    made.check_freshness(tally)
    assert (tally.equal, tally.left_out) == (1, 1)


def test_a_value_that_differs_each_time_is_left_out(forked: Kernels, tmp_path: Path) -> None:
    made = Story(forked, tmp_path, ["import datetime", "begin = datetime.datetime.now()"])
    made.run_all()
    piece = made.slice_of(1)
    assert piece is not None
    made.finish()
    tally = Tally()
    made.check_slice(piece, tally)
    assert (tally.slices, tally.left_out) == (1, 1)


def test_a_missing_edge_to_a_value_is_found(forked: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Story(forked, tmp_path, ["xs = [1]", "ys = xs", "ys[0] = 2", "try: zs = [*xs]\nexcept NameError: zs = [0]"])
    made.run_all()
    found = replay.edges
    monkeypatch.setattr(replay, "edges", lambda *given: [edge for edge in found(*given) if edge.kind != "mutation"])
    piece = made.slice_of(3)
    assert piece is not None
    made.finish()
    with pytest.raises(Unsound, match="var:zs is list 1 item here, and was list 1 item"):
        made.check_slice(piece, Tally())
