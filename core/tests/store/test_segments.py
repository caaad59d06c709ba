"""Streams are cut where their content says so: a change in one leaves most segments as they were."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbrewind.state.limit import Limit
from nbrewind.state.snapshot import FRAME_BYTES, _Stream
from nbrewind.store import Content, Store
from nbrewind.store.segments import LEAST, segments


def dump(value: Any) -> bytes:
    stream = _Stream(Limit())
    pickle.Pickler(stream, 5).dump(value)
    return stream.getvalue()


def cut(stream: bytes) -> list[bytes]:
    return [bytes(part) for part in segments(memoryview(stream))]


@given(st.binary(max_size=200), st.integers(1, 4000))
def test_segments_are_the_stream(data: bytes, times: int) -> None:
    stream = data * times
    parts = cut(stream)
    assert b"".join(parts) == stream
    assert all(LEAST <= len(part) <= 3 * LEAST for part in parts[:-1])


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: [{"i": i, "text": str(i)} for i in range(50_000)], lambda rows: rows[7].update(i=-1)),
        (lambda: [f"word {i}" for i in range(200_000)], lambda words: words.__setitem__(100, "other")),
        (lambda: list(range(300_000)), lambda numbers: numbers.__setitem__(100, -1)),
        (lambda: [random.Random(i).random() for i in range(100_000)], lambda numbers: numbers.__setitem__(100, 0.5)),
        (lambda: {f"k{i}": i for i in range(100_000)}, lambda table: table.__setitem__("k9", "a longer value")),
        (lambda: [[i, [i + 1]] for i in range(60_000)], lambda nested: nested[100][1].append(3)),
    ],
)
def test_a_change_leaves_most_segments(make: Callable[[], Any], change: Callable[[Any], Any]) -> None:
    value = make()
    before = set(cut(dump(value)))
    change(value)
    stream = dump(value)
    assert pickle.loads(stream) == value
    new = [part for part in cut(stream) if part not in before]
    assert 0 < sum(map(len, new)) < 100_000


@pytest.mark.parametrize("size", [FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 9, 200_000])
@pytest.mark.parametrize("kind", [bytes, bytearray, lambda data: data.decode("latin1"), lambda data: str(data)])
def test_contents_that_look_like_a_frame_stay(size: int, kind: Callable[[bytes], Any]) -> None:
    value = [1, kind(b"\x95" + (size - 9).to_bytes(8, "little") + b"a" * (size - 9)), 2, "x" * FRAME_BYTES]
    assert pickle.loads(dump(value)) == value


def test_a_stored_stream_comes_back_and_is_stored_once(tmp_path) -> None:
    stream = dump([f"word {i}" for i in range(100_000)])
    with Store.open(tmp_path / "s") as store:
        first = store.put(Content(stream, [b"buffer"], b"side"))
        again = store.put(Content(stream.replace(b"word 500\x94", b"other\x94"), [b"buffer"], b"side"))
        assert first.added >= len(stream) > 10 * again.added > 0
        store.sync()
        assert store.get(first.id) == Content(stream, [b"buffer"], b"side")
        assert store.doctor(deep=True) == []
