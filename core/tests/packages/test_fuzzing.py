"""Packages that are changed at random never do more than say what is wrong: `fuzzing.py`, for a while."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import Place
from package_tools import Canary, backpack, canaried, files, pack, zipped

from nbrewind.packages.embed import embedded
from nbrewind.packages.opened import Package

HERE = Path(__file__).parent


@pytest.fixture
def folder(sent: Place, tmp_path: Path) -> Path:
    """What is changed: a package, one with a canary in place of each of its values, one in a notebook, a backpack."""
    bases = tmp_path / "bases"
    bases.mkdir()
    bomb = pickle.dumps((Canary(tmp_path / "fired"),), protocol=5)
    (tmp_path / "bomb").write_bytes(bomb)
    whole = files(sent.folder / "a.zip")
    pack(bases / "whole.zip", whole)
    pack(bases / "canaries.zip", canaried(whole, bomb))
    with Package(bases / "canaries.zip") as package:
        (bases / "inside.ipynb").write_bytes(embedded(package.notebook, (bases / "canaries.zip").read_bytes()))
    zipped(backpack(tmp_path / "backpack"), bases / "backpack.zip")
    shutil.rmtree(tmp_path / "backpack")
    return tmp_path


def fuzz(folder: Path, seconds: int) -> None:
    seed = random.randrange(1, 1 << 30) if os.environ.get("TEST_SEARCH") else 1
    command = [sys.executable, str(HERE / "fuzzing.py"), str(folder), str(seconds), str(seed)]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = [path.read_bytes().hex() for path in (folder / "found").iterdir()]
    assert done.returncode == 0 and found == [], (done.stdout[-6000:], found)


@pytest.mark.timeout(400)
def test_two_minutes(folder: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is not here: it has wheels for Linux on x86-64 alone")
    fuzz(folder, 120)


@pytest.mark.slow
@pytest.mark.timeout(4000)
def test_an_hour(folder: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is not here: it has wheels for Linux on x86-64 alone")
    fuzz(folder, 3600)
