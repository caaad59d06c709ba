"""Large buffers are read once, into their place; whatever else takes buffers gets them as they are."""

from __future__ import annotations

import numpy as np
import pytest

from nbrewind.model import Version
from nbrewind.state import LiveState
from nbrewind.store import Later, Opened

SIZE = 300_000


def taken(value: object) -> tuple[object, int]:
    """Save a value, load it with its buffers still to be read; return it, and how often one was read as a whole."""
    namespace = {"x": value}
    (group,) = LiveState(namespace, lambda: ()).scan().groups
    reads: list[int] = []

    def later(data: bytes) -> Later:
        def fill(view: memoryview) -> None:
            view[:] = data

        def make(size: int) -> bytearray:
            reads.append(size)
            return bytearray(size)

        return Later(len(data), fill, make)

    opened = Opened(bytes(group.content.stream), [later(bytes(each)) for each in group.content.buffers], b"")
    version = Version(id="v", key="var:x", run="r", digest="b3:0", snapshot="s")
    loaded = LiveState(namespace, lambda: ()).load([version], lambda snapshot: opened)
    return loaded.values["x"], len(reads)


@pytest.mark.parametrize(
    "made",
    [
        np.arange(SIZE, dtype="f8"),
        np.arange(SIZE).reshape(100, -1).T,
        np.asfortranarray(np.arange(SIZE, dtype="i2").reshape(10, 30, -1)),
        np.zeros(SIZE, [("a", "i4"), ("b", "S3")]),
        np.arange(SIZE).astype("M8[s]"),
        np.array(5.0),
    ],
    ids=lambda value: str(value.dtype),
)
def test_arrays_are_read_into_their_place(made: np.ndarray) -> None:
    found, reads = taken(made)
    assert reads == 0
    assert found.dtype == made.dtype and found.strides == made.strides and found.flags.owndata == made.flags.owndata
    assert (found == made).all()


def test_what_can_not_be_written_is_read_as_a_whole() -> None:
    made = np.arange(SIZE)
    made.flags.writeable = False
    found, reads = taken(made)
    assert reads == 1 and (found == made).all() and not found.flags.writeable


def test_other_takers_get_the_bytes() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    made = pyarrow.array(range(SIZE))
    found, _ = taken(made)
    assert found.equals(made)
