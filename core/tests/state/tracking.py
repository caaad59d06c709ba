"""What the tests of tracked arrays have in common."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from xxhash import xxh3_128_digest

from nbrewind.state import tracked
from nbrewind.state.pages import PAGE, Unsupported, Writes
from nbrewind.state.tracked import Tracker

CHUNK = 4 * PAGE
SIZES = (16 * PAGE, 40 * PAGE + 24, 200 * PAGE)


def supported() -> str:
    """Return why nothing can be tracked here, in words; empty: all can."""
    try:
        Writes().close()
    except Unsupported as error:
        return str(error)
    return ""


WHY_NOT = supported()
needed = pytest.mark.skipif(bool(WHY_NOT), reason=f"no page tracking here: {WHY_NOT}")


def view(array: np.ndarray) -> memoryview:
    """Return an array's memory as a snapshot hands it on."""
    return pickle.PickleBuffer(array.reshape(-1, order="A").view(np.uint8)).raw()


def whole(array: np.ndarray) -> list[bytes]:
    """Return the digests of all chunks, all read."""
    memory = view(array)
    return [xxh3_128_digest(memory[start : start + tracked.CHUNK]) for start in range(0, len(memory), tracked.CHUNK)]


def look(tracker: Tracker, array: np.ndarray) -> int:
    """Ask, compare with what hashing all says, and return how many bytes were read."""
    before = tracker.read
    assert tracker.digests(view(array), xxh3_128_digest) == whole(array)
    return tracker.read - before
