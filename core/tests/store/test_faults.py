"""The disk and the process fail at every call: nothing that was reported saved is lost, nothing damaged is loaded.

A small library that is loaded before all others (`crash_at.c`) kills the writer at its N-th call that changes a file of
the store: before it, after half of a write, or after it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import nbrewind
from nbrewind.store import Content, Store, StoreError

from .test_crash import WRITER, check, value_of

CALLS = 1500
"""A writer has died before so many calls, most probably: else it is killed by hand."""


def killed_at(library: Path, directory: Path, notebook: Path, call: int, how: str) -> list[str]:
    """Run a writer until it dies at a call; return the checkpoints that it reported saved."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(nbrewind.__path__[0]).parent),
        "LD_PRELOAD": str(library),
        "CRASH_UNDER": str(directory),
        "CRASH_AT": str(call),
        "CRASH_HOW": how,
    }
    command = [sys.executable, str(WRITER), str(directory), str(notebook), str(call)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    lines = process.stdout.read().split("\n")
    assert process.wait(timeout=60) == -signal.SIGKILL
    return [line for line in lines[:-1] if line != "ready"]


def crash(library: Path, folder: Path, times: int, seed: int) -> int:
    """Kill writers on one store; return how many checkpoints they reported saved."""
    rng = random.Random(seed)
    directory, notebook = folder / "store", folder / "a.ipynb"
    reported: list[str] = []
    for _ in range(times):
        call, how = rng.randint(1, CALLS if rng.random() < 0.5 else 60), rng.choice(["before", "torn", "after"])
        reported += killed_at(library, directory, notebook, call, how)
        check(directory, notebook, reported[-60:])
    return len(reported)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_a_call(library: Path, tmp_path: Path, seed: int) -> None:
    assert crash(library, tmp_path, 10, seed) > 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 120))
def test_killed_at_many_calls(library: Path, tmp_path: Path, seed: int) -> None:
    assert crash(library, tmp_path, 50, seed) > 0


def damage(path: Path, rng: random.Random) -> str:
    """Change a bit of a file, or cut it off; return what was done, in words."""
    data = path.read_bytes()
    path.chmod(0o600)
    where = rng.randrange(len(data))
    if rng.random() < 0.3:
        path.write_bytes(data[:where])
        return f"{path.name} was cut off at {where} of {len(data)}"
    bit = 1 << rng.randrange(8)
    path.write_bytes(data[:where] + bytes([data[where] ^ bit]) + data[where + 1 :])
    return f"bit {bit} of byte {where} of {path.name} was changed"


def survives(directory: Path, notebook: Path, words: str) -> None:
    """Read everything that a damaged store gives: it is right, or refused in one line."""
    value = value_of()
    try:
        with Store.open(directory) as store:
            index = store.notebook(notebook, create=False)
            for checkpoint in index.checkpoints() if index else []:
                try:
                    state = index.state(checkpoint.id) if index else {}
                    for version in state.values():
                        if version.snapshot:
                            content = store.get(version.snapshot)
                            right = Content(b"stream " + version.preview.encode(), [value(version.preview)], b"")
                            assert content == right, f"{words}: {version}"
                except StoreError as error:
                    assert "\n" not in str(error)
    except StoreError as error:
        assert "\n" not in str(error)


def injure(library: Path, folder: Path, times: int, seed: int) -> None:
    """Damage copies of one store."""
    rng = random.Random(seed)
    directory, notebook = folder / "store", folder / "a.ipynb"
    killed_at(library, directory, notebook, CALLS, "after")
    with Store.open(directory):
        pass  # what was in the log is in the databases
    for number in range(times):
        copy = folder / f"copy{number}"
        shutil.copytree(directory, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
        databases = [path for path in files if path.suffix == ".sqlite"]
        survives(copy, notebook, damage(rng.choice(databases if rng.random() < 0.7 else files), rng))
        shutil.rmtree(copy)


@pytest.mark.parametrize("seed", range(2))
def test_damaged_files(library: Path, tmp_path: Path, seed: int) -> None:
    injure(library, tmp_path, 25, seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_damaged_files(library: Path, tmp_path: Path, seed: int) -> None:
    injure(library, tmp_path, 100, seed)
