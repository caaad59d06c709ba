"""Processes that record tasks are killed, what they wrote is damaged: nothing flushed is lost, no answer is wrong."""

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
from nbrewind.store import Store, StoreError
from nbrewind.tasks import Memo

from .task_writer import ALL, key, makes_file, result
from .test_faults import damage

WRITER = Path(__file__).with_name("task_writer.py")
CALLS = 600


def start(directory: Path, seed: int, tasks: int = -1, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(directory), str(seed), str(tasks)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(nbrewind.__path__[0]).parent), **environment},
    )


def killed_at(library: Path, directory: Path, call: int, how: str) -> set[int]:
    """Record until the process dies at a call; return the tasks that it reported flushed."""
    process = start(
        directory, call, LD_PRELOAD=str(library), CRASH_UNDER=f"{directory}/", CRASH_AT=str(call), CRASH_HOW=how
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, output
    return numbers(output)


def numbers(output: str) -> set[int]:
    return {int(word) for line in output.split("\n")[:-1] for word in line.split() if line[:1] != "r"}


def check(directory: Path, flushed: set[int]) -> int:
    """What was flushed answers, the rest perhaps, all with what it gave; return how many did."""
    answered, place = 0, directory.parent / "there"
    with Store.open(directory) as store:
        assert store.doctor(deep=True) == []
        memo = Memo(store)
        for number in range(ALL):
            places = {"out": place} if makes_file(number) else None
            found = memo.find(key(number), places=places)
            assert found is not None or number not in flushed, number
            if found is not None:
                answered += 1
                assert (bytes(found.result or b""), found.stdout) == (result(number), b"%d" % number)
                assert not places or place.read_bytes() == result(number)[::-1]
    return answered


def crash(library: Path, folder: Path, times: int, seed: int) -> None:
    """Kill writers on one store."""
    rng = random.Random(seed)
    flushed: set[int] = set()
    for _ in range(times):
        call, how = rng.randint(1, CALLS if rng.random() < 0.5 else 60), rng.choice(["before", "torn", "after"])
        flushed |= killed_at(library, folder / "store", call, how)
        check(folder / "store", flushed)
    assert len(flushed) > times


def test_killed_at_a_call(library: Path, tmp_path: Path) -> None:
    crash(library, tmp_path, 8, 0)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 110))
def test_killed_at_many_calls(library: Path, tmp_path: Path, seed: int) -> None:
    crash(library, tmp_path, 50, seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_killed_at_each_of_the_first_calls(library: Path, tmp_path: Path, how: str) -> None:
    """Each time on a new store: also while that is being made."""
    for call in range(1, 220):
        directory = tmp_path / f"store{call}"
        check(directory, killed_at(library, directory, call, how))
        shutil.rmtree(directory)


@pytest.mark.parametrize("calls", [12, pytest.param(60, marks=pytest.mark.slow)])
def test_the_disk_is_full_for_a_while(library: Path, tmp_path: Path, calls: int) -> None:
    """What was recorded meanwhile is written afterwards; what could not even be taken was said not to be recorded."""
    rng = random.Random(calls)
    refused = 0
    for number in range(2):
        directory = tmp_path / f"store{number}"
        Store.open(directory).close()
        full = {"CRASH_UNDER": f"{directory}/", "CRASH_AT": str(rng.randint(1, 300)), "CRASH_FOR": str(calls)}
        process = start(directory, number, 150, LD_PRELOAD=str(library), CRASH_HOW="full", **full)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        refused += int(output.split()[-1])
        assert check(directory, numbers(output)) > 50
    assert refused > 0


def test_cleaners_beside_writers_remove_nothing_that_a_record_needs(tmp_path: Path) -> None:
    directory = tmp_path / "store"
    with Store.open(directory) as store:
        writers = [start(directory, seed, tasks=150) for seed in range(2)]
        while any(writer.poll() is None for writer in writers):
            store.clean()
        flushed = set().union(*(numbers(writer.communicate()[0]) for writer in writers))
        assert [writer.returncode for writer in writers] == [0, 0]
        assert store.clean().evictions == [] and store.usage().garbage == 0
    assert check(directory, flushed) == len(flushed) > 100


@pytest.mark.slow
def test_two_at_once_one_of_them_killed(tmp_path: Path) -> None:
    directory = tmp_path / "store"
    Store.open(directory).close()
    first, second = start(directory, 1), start(directory, 2, tasks=200)
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    first.send_signal(signal.SIGKILL)
    killed, _ = first.communicate(timeout=60)
    assert check(directory, numbers(output) | numbers(killed)) > 100


def injure(folder: Path, times: int, seed: int) -> None:
    """Damage copies of one store: what it answers is right."""
    rng = random.Random(seed)
    directory = folder / "store"
    process = start(directory, seed, tasks=150)
    process.communicate(timeout=60)
    assert process.returncode == 0
    hits = 0
    for number in range(times):
        copy = folder / f"copy{number}"
        shutil.copytree(directory, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
        database = copy / "traces.sqlite"
        words = damage(database if rng.random() < 0.7 else rng.choice(files), rng)
        hits += _right(copy, words)
        shutil.rmtree(copy)
    assert hits > times * 20


def _right(directory: Path, words: str) -> int:
    """Ask for everything; return how many answered."""
    answered, place = 0, directory.parent / "there"
    try:
        with Store.open(directory) as store:
            memo = Memo(store)
            for number in range(ALL):
                places = {"out": place} if makes_file(number) else None
                found = memo.find(key(number), places=places)
                if found is not None:
                    answered += 1
                    assert (bytes(found.result or b""), found.stdout) == (result(number), b"%d" % number), words
                    assert not places or place.read_bytes() == result(number)[::-1], words
                memo.why(key(number))
            try:
                store.doctor(repair=True)
                store.clean(store.bytes_on_disk() // 2)
                store.usage()
            except StoreError as error:
                assert "\n" not in str(error)
    except StoreError as error:
        assert "\n" not in str(error)
    return answered


def test_damaged_files(tmp_path: Path) -> None:
    injure(tmp_path, 3, 0)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 105))
def test_many_damaged_files(tmp_path: Path, seed: int) -> None:
    injure(tmp_path, 100, seed)
