"""The theorem of repeat on notebooks made by chance: a fixed set each time, 2,000 in `make test-all`.

A failure names the command that tries its notebook alone.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
from forking.provisioner import forking

from . import templates
from .outcomes import Tally
from .programs import BESIDE, programs
from .repeats import play
from .replay import Unsound
from .test_programs import SEED

FEW = 3
MANY = 2000 if sys.version_info >= (3, 12) else 200
PART = 50
"""Notebooks in one test."""


@pytest.fixture(autouse=True)
def forked_kernels(forked):
    """Let the driver's kernels start at once."""
    with forking(forked.zygote):
        yield


def search(seed: int, notebooks: int, test: str) -> Tally:
    """Try some notebooks, which follow from the seed."""
    tally = Tally()
    for number, program in programs(seed, notebooks, BESIDE):
        cells = list(program.cells)
        if number % 2:
            cells[0] += "\nimport helper, tooling"
        with tempfile.TemporaryDirectory(prefix="theorem") as root:
            try:
                play(Path(root), cells, templates.FILES, tally, seed=number, spare=program.spare)
            except Unsound as error:
                command = f"ORACLES_SEED={SEED} ORACLES_ONLY={number} python -m pytest '{test}'"
                raise Unsound(f"{error}\n\nto try it alone: {command}") from None
    print(tally)
    print(tally.why())
    return tally


@pytest.mark.py311
@pytest.mark.timeout(300)
def test_a_repeat_is_a_full_run(request: pytest.FixtureRequest) -> None:
    tally = search(0, FEW, request.node.nodeid)
    assert not tally.stuck
    assert tally.actions["skip"] > FEW, "hardly anything is answered: nothing was tested"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(MANY // PART))
def test_many_repeats_are_full_runs(request: pytest.FixtureRequest, part: int) -> None:
    print(f"ORACLES_SEED={SEED}: part {part}")
    tally = search(SEED + part, PART, request.node.nodeid)
    assert tally.stuck <= PART // 10
