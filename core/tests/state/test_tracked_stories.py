"""Arrays that are made, written through every door, freed and resized, as hypothesis likes."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from xxhash import xxh3_128_digest

sys.path.insert(0, str(Path(__file__).parent))

from tracking import CHUNK, SIZES, look, needed, view, whole

from nbrewind.state import tracked
from nbrewind.state.pages import PAGE
from nbrewind.state.tracked import Tracker

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
DOORS = (
    *("item", "slice", "backwards", "memoryview", "ctypes", "frombuffer", "all", "sort", "random"),
    *("readinto", "pipe", "thread"),
)


class Story(RuleBasedStateMachine):
    """Arrays that are made, written through every door, freed and resized, and parts of them.

    After each step all are looked at that do not rest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tracker = Tracker(least=16 * PAGE)
        self.arrays: list[np.ndarray] = []
        self.parts: list[np.ndarray] = []
        self.others: list[np.ndarray | None] = []
        self.resting: set[int] = set()
        """Ids of arrays."""
        self.needless = self.looks = 0
        self.chunk, tracked.CHUNK = tracked.CHUNK, CHUNK

    def teardown(self) -> None:
        event(f"needlessly read: {100 * self.needless // max(self.looks, 1)} %")
        try:
            for array in (*self.arrays, *self.parts):
                look(self.tracker, array)
        finally:
            self.tracker.close()
            tracked.CHUNK = self.chunk

    @invariant()
    def told_is_what_hashing_says(self) -> None:
        for array in (*self.arrays, *self.parts):
            if id(array) in self.resting:
                continue
            record = self.tracker._records.get(tracked._place(view(array)))
            protected = record is not None and record.protected
            before = list(record.digests) if protected else []
            read = look(self.tracker, array)
            if protected and len(before) == len(whole(array)):
                changed = sum(was != now for was, now in zip(before, whole(array), strict=True))
                self.needless += max(0, read // CHUNK - changed)
                self.looks += len(before)

    def _pick(self, data: st.DataObject) -> np.ndarray:
        # By its number: what is drawn is referred to weakly, and such an array can't be resized.
        return self.arrays[data.draw(st.integers(0, len(self.arrays) - 1))]

    def _place(self, data: st.DataObject, array: np.ndarray) -> tuple[int, int]:
        """Return an offset and a number of bytes."""
        first = data.draw(st.sampled_from([0, array.nbytes - 1]) | st.integers(0, array.nbytes - 1))
        return first, data.draw(st.integers(1, min(array.nbytes - first, 8 * PAGE)))

    @precondition(lambda self: len(self.arrays) < 4)
    @rule(size=st.sampled_from(SIZES), make=st.sampled_from([np.zeros, np.ones, np.empty]))
    def make(self, size: int, make: Any) -> None:
        self.arrays.append(make(size, np.uint8))

    @precondition(lambda self: self.arrays)
    @rule(data=st.data(), again=st.booleans())
    def free(self, data: st.DataObject, again: bool) -> None:
        index = data.draw(st.integers(0, len(self.arrays) - 1))
        size = self.arrays[index].nbytes
        del self.arrays[index]
        gc.collect()
        if again:
            kept = np.empty(0) if data.draw(st.booleans()) else None  # it takes the place of the array's object
            self.others.append(kept)
            self.arrays.append(np.full(size, data.draw(st.integers(0, 1)), np.uint8))

    @precondition(lambda self: self.arrays)
    @rule(data=st.data(), size=st.sampled_from(SIZES))
    def resize(self, data: st.DataObject, size: int) -> None:
        array = self._pick(data)
        self.parts = [part for part in self.parts if part.base is not array]
        array.resize(size, refcheck=False)

    @precondition(lambda self: self.arrays and len(self.parts) < 4)
    @rule(data=st.data(), kind=st.sampled_from(["slice", "column", "all"]))
    def take_a_part(self, data: st.DataObject, kind: str) -> None:
        array = self._pick(data)
        if kind == "slice":
            first = data.draw(st.integers(0, array.nbytes - 16 * PAGE))
            self.parts.append(array[first : first + data.draw(st.integers(16 * PAGE, array.nbytes - first))])
        elif kind == "column":
            self.parts.append(array.reshape(2, -1).T[:, data.draw(st.integers(0, 1))])
        else:
            self.parts.append(array[:])

    @precondition(lambda self: self.parts)
    @rule(data=st.data())
    def drop_a_part(self, data: st.DataObject) -> None:
        del self.parts[data.draw(st.integers(0, len(self.parts) - 1))]

    @precondition(lambda self: self.parts)
    @rule(data=st.data())
    def write_to_a_part(self, data: st.DataObject) -> None:
        part = self.parts[data.draw(st.integers(0, len(self.parts) - 1))]
        part[data.draw(st.integers(0, part.nbytes - 1))] += 1

    @precondition(lambda self: self.parts)
    @rule(data=st.data(), rest=st.booleans())
    def look_at_one_or_all(self, data: st.DataObject, rest: bool) -> None:
        every = [*self.arrays, *self.parts]
        self.resting = {id(array) for array in every} if rest else set()
        self.resting.discard(id(every[data.draw(st.integers(0, len(every) - 1))]))

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def look_again(self, data: st.DataObject) -> None:
        pass

    @precondition(lambda self: self.arrays)
    @rule(
        data=st.data(),
        value=st.integers(0, 255),
        door=st.sampled_from(DOORS),
    )
    def write(self, data: st.DataObject, value: int, door: str) -> None:
        array = self._pick(data)
        first, count = self._place(data, array)
        part = slice(first, first + count)
        address = array.__array_interface__["data"][0] + first
        if door == "item":
            array[first] = value
        elif door == "slice":
            array[part] = value
        elif door == "backwards":
            array[::-1][part] += 1
        elif door == "memoryview":
            memoryview(array)[part] = bytes([value]) * count
        elif door == "ctypes":
            ctypes.memset(address, value, count)
        elif door == "frombuffer":
            np.frombuffer((ctypes.c_char * count).from_address(address), np.uint8)[:] = value
        elif door == "all":
            array += 1
        elif door == "sort":
            array[part].sort()
        elif door == "random":
            np.random.default_rng(value).shuffle(array[part])
        elif door == "readinto":
            with tempfile.TemporaryFile(buffering=0) as file:
                file.write(bytes([value]) * count)
                file.seek(0)
                file.readinto(memoryview(array)[part])
        elif door == "pipe":
            ends = os.pipe()
            os.write(ends[1], bytes([value]))
            os.readv(ends[0], [memoryview(array)[first : first + 1]])
            for end in ends:
                os.close(end)
        elif door == "thread":
            thread = threading.Thread(target=array.__setitem__, args=(part, value))
            thread.start()
            thread.join()

    @precondition(lambda self: self.arrays)
    @rule(data=st.data(), advice=st.sampled_from([mmap.MADV_DONTNEED, 8, 14, 20, 21]))
    def advise(self, data: st.DataObject, advice: int) -> None:
        array = self._pick(data)
        first, _ = self._place(data, array)
        start = (array.__array_interface__["data"][0] + first) // PAGE * PAGE
        start += PAGE if start < array.__array_interface__["data"][0] else 0
        if start + PAGE <= array.__array_interface__["data"][0] + array.nbytes:
            LIBC.madvise(start, PAGE, advice)

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        array = self._pick(data)
        ends = os.pipe()
        child = os.fork()
        if not child:
            try:
                array[PAGE] += 1
                same = self.tracker.digests(view(array), xxh3_128_digest) == whole(array)
                os.read(ends[0], 1)
                os._exit(0 if same else 1)
            finally:
                os._exit(2)
        array[3 * PAGE] += 1  # while the child has the same pages
        os.write(ends[1], b"1")
        assert os.waitpid(child, 0)[1] == 0
        for end in ends:
            os.close(end)

    @rule(really=st.sampled_from([False] * 15 + [True]))
    def close_the_file(self, really: bool) -> None:
        if really and self.tracker._writes is not None and self.tracker._writes.usable:
            os.close(self.tracker._writes._file)


TestStory = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded")(needed(Story.TestCase))
TestStory.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
