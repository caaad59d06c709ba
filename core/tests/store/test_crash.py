"""A writer is killed at any point; what it reported saved is there, and the doctor finds nothing."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import nbrewind
from nbrewind.store import Content, Store

WRITER = Path(__file__).with_name("crash_writer.py")


def value_of() -> Callable[[str], bytes]:
    spec = importlib.util.spec_from_file_location("crash_writer", WRITER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    value: Callable[[str], bytes] = module.value
    return value


def _start(directory: Path, notebook: Path, seed: int) -> subprocess.Popen[str]:
    source = str(Path(nbrewind.__path__[0]).parent)
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(directory), str(notebook), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _kill(process: subprocess.Popen[str], reports: int, seconds: float) -> list[str]:
    """Kill a writer so long after so many reports; returns what it has reported."""
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in range(reports)]
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, output
    return [*lines, *output.split("\n")[:-1]]  # the last one may be cut short


def check(directory: Path, notebook: Path, reported: list[str]) -> None:
    value = value_of()
    with Store.open(directory) as store:
        # A trace comes before its run: of one that was killed in between it is left over, once it is old.
        assert [finding for finding in store.doctor(deep=True) if finding.kind != "leftover"] == []
        index = store.notebook(notebook)
        assert index is not None
        known: set[str] = set()
        for checkpoint in reported:
            found = index.checkpoint(checkpoint)
            assert found is not None
            if found.lost:
                continue  # a checkpoint before it was lost, and said so
            assert found.saved
            assert store.outputs(found.run)[0]["text"] == store.source(store.run(found.run).source)[2:]  # type: ignore
            for version in index.state(checkpoint).values():
                if version.id not in known:
                    known.add(version.id)
                    content = store.get(version.snapshot)
                    assert content == Content(b"stream " + version.preview.encode(), [value(version.preview)], b"")
        answering = {run.id for number in range(7) for run in store.candidates(f"code:{number}")}
        assert answering == {checkpoint.run for checkpoint in index.checkpoints() if checkpoint.saved}


def _crash(tmp_path: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    directory, notebook = tmp_path / "store", tmp_path / "a.ipynb"
    reported: list[str] = []
    for number in range(rounds):
        process = _start(directory, notebook, number)
        reported += _kill(process, rng.randrange(5), rng.uniform(0, 0.1))
        check(directory, notebook, reported[-60:])
    assert len(reported) > rounds


def test_some_values_are_compressed_and_some_are_not(store: Store) -> None:
    for size in (60_000, 70_000):
        for seed in (1, 2):
            store.put(Content(b"s", [value_of()(f"{seed}:{size}")], b""))
    store.sync()
    sizes = store.database.read("SELECT LENGTH(data) > 50000 FROM contents WHERE LENGTH(data) > 9 ORDER BY 1")
    assert sizes == store.database.read("SELECT size > 50000 FROM blobs ORDER BY 1") == [(0,), (1,)]


@pytest.mark.py311
def test_kill_at_any_point(tmp_path: Path) -> None:
    _crash(tmp_path, 20, 1)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(4))
def test_kill_at_any_point_many_times(tmp_path: Path, seed: int) -> None:
    _crash(tmp_path, 100, seed)


def test_two_writers_at_once_one_of_them_killed(tmp_path: Path) -> None:
    directory, notebook = tmp_path / "store", tmp_path / "a.ipynb"
    first, second = _start(directory, notebook, 1), _start(directory, notebook, 2)
    reported = _kill(first, 2, 0.3)
    time.sleep(0.3)
    with Store.open(directory) as store:
        assert [finding for finding in store.doctor() if finding.kind != "leftover"] == []
    reported += _kill(second, 3, 0)
    assert len(reported) > 4
    check(directory, notebook, reported)


def test_many_processes_open_a_new_store_at_once(tmp_path: Path) -> None:
    processes = []
    source = str(Path(nbrewind.__path__[0]).parent)
    code = (
        "import sys; from nbrewind.store import Store\n"
        "store = Store.open(sys.argv[1]); print(store.nonce, store.notebook(sys.argv[2]).id)"
    )
    for _ in range(6):
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", code, str(tmp_path / "store"), str(tmp_path / "a.ipynb")],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": source},
            )
        )
    answers = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 6
    assert len(answers) == 1
