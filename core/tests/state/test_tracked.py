"""Arrays of which only written chunks are read again: their digests are those of what they hold, whoever wrote it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forking.kernel import Kernel
from xxhash import xxh3_128_digest

sys.path.insert(0, str(Path(__file__).parent))

from tracking import CHUNK, SIZES, WHY_NOT, look, needed, view

from nbrewind.state import pages, tracked
from nbrewind.state.pages import PAGE, Unsupported, Writes
from nbrewind.state.tracked import Tracker


@pytest.fixture
def tracker(monkeypatch) -> Iterator[Tracker]:
    """A tracker of small arrays in small chunks."""
    monkeypatch.setattr(tracked, "CHUNK", CHUNK)
    made = Tracker(least=16 * PAGE)
    yield made
    made.close()


def settled(tracker: Tracker, size: int = SIZES[1], make: Any = np.ones) -> np.ndarray:
    """Return an array that is protected."""
    array = make(size // 8)
    for _ in range(2):
        look(tracker, array)
    return array


@needed
@pytest.mark.py311
def test_only_what_was_written_is_read(tracker):
    array = np.ones(SIZES[2] // 8)
    assert [look(tracker, array) for _ in range(4)] == [SIZES[2], SIZES[2], 0, 0]
    array[SIZES[2] // 16 + 1000] = 2  # in the middle of a chunk
    assert [look(tracker, array) for _ in range(2)] == [CHUNK, 0]
    array[0] = array[-1] = 3  # outside the whole pages
    assert [look(tracker, array) for _ in range(2)] == [2 * CHUNK, 0]


@needed
def test_an_array_that_is_written_as_a_whole_is_left_alone_for_longer_each_time(tracker):
    array, waits = settled(tracker, SIZES[2]), []
    for _ in range(3):
        array += 1
        assert look(tracker, array) == SIZES[2]
        waits.append(0)
        while look(tracker, array):
            waits[-1] += 1
    assert waits == [2, 4, 8]
    array += 1
    look(tracker, array)
    for _ in range(20):  # written each time: it is never protected again
        array += 1
        look(tracker, array)
        assert not next(iter(tracker._records.values())).protected


@needed
def test_an_array_that_changes_each_time_is_not_protected(tracker):
    array = np.ones(SIZES[2] // 8)
    for _ in range(5):
        look(tracker, array)
        array += 1
        assert not next(iter(tracker._records.values())).protected


@needed
@pytest.mark.parametrize("at", [0, -1])
def test_what_others_write_outside_whole_pages_while_it_is_read(tracker, at):
    array = settled(tracker, SIZES[2])

    def read(chunk: memoryview) -> bytes:
        array[at] = 7
        return xxh3_128_digest(chunk)

    array[at] = 5
    tracker.digests(view(array), read)
    array[at] = 5  # as it was when it was copied
    look(tracker, array)
    array[at] = 7
    look(tracker, array)


@needed
def test_reading_that_breaks_off_leaves_nothing_known(tracker):
    array = settled(tracker, SIZES[2])
    array[::16384] = 2

    def fail(chunk: memoryview) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracker.digests(view(array), fail)
    assert look(tracker, array) == SIZES[2]
    assert look(tracker, array) == 0


@needed
@pytest.mark.parametrize("step", ["unwritten", "protect"])
def test_an_interrupt_while_pages_are_protected_again(tracker, monkeypatch, step):
    array = settled(tracker, SIZES[2])
    array[5000] = 2
    done = getattr(Writes, step)

    def interrupted(*args: Any) -> None:
        done(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Writes, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            look(tracker, array)
    assert look(tracker, array) == SIZES[2]


class _Interrupts:
    """Raises an interrupt at one of the first lines that tracking runs."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename not in (tracked.__file__, pages.__file__):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


@needed
@pytest.mark.parametrize("at", [*range(1, 40), *range(40, 200, 7)])
@pytest.mark.parametrize("looks", [1, 2])
def test_an_interrupt_anywhere_leaves_nothing_held(tracker, looks, at):
    array = np.ones(SIZES[1] // 8)
    for _ in range(looks):
        look(tracker, array)
    array[3000] = 2
    memory, trace = view(array), sys.gettrace()
    try:
        sys.settrace(_Interrupts(at))
        with contextlib.suppress(KeyboardInterrupt):
            tracker.digests(memory, xxh3_128_digest)
    finally:
        sys.settrace(trace)
    del memory
    assert not tracker._turns and not tracker.why_off
    for _ in range(3):
        look(tracker, array)
        array[3000] += 1
    assert next(iter(tracker._records.values())).protected


@needed
def test_only_arrays_that_own_their_memory(tracker):
    data = bytearray(SIZES[0])
    mapped = np.frombuffer(mmap.mmap(-1, SIZES[0]), np.uint8)
    for array in (np.frombuffer(data, np.uint8), mapped):
        for value in range(4):
            array[value * PAGE] = value
            look(tracker, array)
    assert not tracker._records
    owner = np.ones((20, SIZES[0] // 80))
    part = owner[4:]
    for _ in range(3):
        look(tracker, part)
    owner[5, 0] = 2
    assert 0 < look(tracker, part) < part.nbytes


@needed
def test_nothing_keeps_an_array_alive_or_from_being_resized(tracker):
    import weakref

    array = settled(tracker)
    array.resize(2 * array.size)
    assert array[-1] == 0 and array[0] == 1
    look(tracker, array)
    kept = weakref.ref(array)
    del array
    gc.collect()
    assert kept() is None


@needed
def test_it_ends_and_begins_again(tracker):
    array = settled(tracker, SIZES[2])
    tracker.close()
    array[5000] = 2
    assert [look(tracker, array) for _ in range(3)] == [SIZES[2], SIZES[2], 0]


@needed
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded")
def test_it_ends_while_a_child_has_its_file(tracker):
    array = settled(tracker, SIZES[2])
    (record,) = tracker._records.values()
    ends = os.pipe()
    child = os.fork()
    if not child:
        os.read(ends[0], 1)
        os._exit(0)
    try:
        tracker.close()
        other = Writes()
        assert other.begin(record.start, record.end), "nobody else protects it any more"
        other.close()
    finally:
        os.write(ends[1], b"1")
        os.waitpid(child, 0)
        for end in ends:
            os.close(end)
    del array


@needed
def test_others_write_while_it_is_looked_at(tracker):
    array, done = settled(tracker, SIZES[2]), threading.Event()
    address = array.__array_interface__["data"][0]

    def write() -> None:
        value = 0
        while not done.is_set():
            value = (value + 1) % 256
            ctypes.memset(address + (value % 7) * 20 * PAGE, value, 64)

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(100):
        tracker.digests(view(array), xxh3_128_digest)
    done.set()
    thread.join()
    look(tracker, array)
    assert look(tracker, array) == 0


@needed
def test_it_is_off_once_somebody_closes_its_file(tracker):
    array = settled(tracker)
    os.close(tracker._writes._file)
    array[5000] = 2
    for _ in range(4):
        look(tracker, array)
        array[5000] += 1
    assert "closed" in tracker.why_off


@needed
def test_an_array_that_is_about_to_be_written_as_a_whole(tracker):
    array = settled(tracker, SIZES[2])
    for other in (1, None, np.ones(3), array[2:]):
        tracker.leave(other)
    (record,) = tracker._records.values()
    assert not record.protected
    array += 1
    assert [look(tracker, array) for _ in range(3)] == [SIZES[2], SIZES[2], 0], "that costs it nothing"


def test_off():
    tracker = Tracker(on=False, least=PAGE)
    array = np.ones(SIZES[0] // 8)
    for _ in range(3):
        look(tracker, array)
    assert not tracker._records and tracker._writes is None and "NBREWIND_PAGES" in tracker.why_off


def test_where_there_is_none(monkeypatch):
    def refuse() -> None:
        raise Unsupported("it needs Linux")

    monkeypatch.setattr(tracked, "Writes", refuse)
    tracker = Tracker(least=PAGE)
    array = np.ones(SIZES[0] // 8)
    for value in range(4):
        array[0] = value
        look(tracker, array)
    assert tracker.why_off == "it needs Linux"


@needed
def test_what_may_be_written_unseen_is_hashed(tracker, monkeypatch):
    array = settled(tracker, SIZES[2])
    array[5000] = 2
    monkeypatch.setattr("nbrewind.state.pages.is_written_unseen", lambda: True)
    assert look(tracker, array) == SIZES[2], "it had to be protected again, and that can't be relied on"
    assert look(tracker, array) == SIZES[2]


CELLS = [
    "import numpy as np, os, mmap",
    "a = np.random.default_rng(0).random(5_000_000)\nb = np.zeros((2_500_000, 2), order='F')",
    "s = a.sum() + b.sum()",
    "s = a.sum() + b.sum()",
    "t = a[::-1][:10].sum() + b[0, 1]",
    "a[1_000_000] = 2.0",
    "s = a.sum()",
    "memoryview(a).cast('B')[8_000_000:8_000_004] = b'1234'; b[3, 1] = 4",
    "s = a.sum() + b.sum()",
    "with open('bytes', 'wb') as f: f.write(bytes(range(256)) * 64)",
    "with open('bytes', 'rb') as f: n = f.readinto(memoryview(a).cast('B')[16_000_001:16_016_385])",
    "s = a.sum()",
    "v = a[100:200]",
    "v += 1",
    "del v",
    "a += 1",
    "s = a.sum()",
    "b.resize((2_500_001, 2), refcheck=False)",
    "s = b.sum()",
    "a = a.copy()",
    "s = a.sum()",
    "a[:] = a[::-1].copy()",
]
STATE = "__import__('nbrewind.state.tracked', fromlist=['']).TRACKER"


@pytest.mark.py311
def test_a_kernel_with_and_without_tracking_records_the_same(tmp_path):
    from nbrewind.store import Store

    found, read = [], []
    for setting in ("", "1"):
        folder = tmp_path / f"set-{setting}"
        folder.mkdir()
        kernel = Kernel(folder, {"NBREWIND_PAGES": setting})
        kernel.attach(folder / "work.ipynb", tmp_path / "store")
        kernel.cells(CELLS)
        read.append(kernel.value(f"({STATE}.read, {STATE}.why_off)"))
        kernel.stop()
        with Store.open(tmp_path / "store") as store:
            runs = store.notebook(folder / "work.ipynb").runs()
            found.append([{v.key: v.digest for v in run.writes if v.key[:4] == "var:"} for run in runs if run.cell])
            assert not [effect for run in runs for effect in run.effects if "/proc/" in effect.subject]
    assert found[0] == found[1] and len(found[0]) == len(CELLS)
    (_, off), (tracked_bytes, why) = read
    assert off == "NBREWIND_PAGES is not 1"
    assert why == WHY_NOT
    if not WHY_NOT:
        assert tracked_bytes > 0
