"""Digests of contents that change while they are read."""

from __future__ import annotations

import numpy as np

from nbrewind.state.digest import Fingerprint, content_digest
from nbrewind.state.limit import Limit


def named(array: np.ndarray, known: dict[bytes, bytes], fingerprint: Fingerprint | None = None) -> str:
    """Return the digest of an array, of which something was read before."""
    view = memoryview(array).cast("B")
    return content_digest(b"", [view], fingerprint or Fingerprint(b"", [view], Limit()), known, Limit())[0]


def test_what_a_thread_writes_between_two_readings_gets_no_name_of_what_was() -> None:
    known: dict[bytes, bytes] = {}
    array = np.ones(1 << 16)
    before = Fingerprint(b"", [memoryview(array).cast("B")], Limit())
    array[5] = 2
    named(array, known, before)
    assert named(array, known) == named(array, {})
    assert named(np.ones(1 << 16), known) == named(np.ones(1 << 16), {}) != named(array, {})
