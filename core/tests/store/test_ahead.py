"""Reading ahead changes nothing but the time: the same items, in the same order, and no more than are asked for."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbrewind.store.ahead import AT_ONCE, WAITING, ahead

SIZES = st.lists(st.sampled_from([1, AT_ONCE // 100, AT_ONCE // 3, AT_ONCE, 2 * AT_ONCE]), max_size=60)


@given(SIZES)
def test_all_items_come_in_their_order(sizes):
    assert list(ahead(iter(enumerate(sizes)), lambda item: item[1])) == list(enumerate(sizes))


@given(SIZES, st.data())
def test_what_is_raised_comes_to_the_caller(sizes, data):
    place = data.draw(st.integers(0, len(sizes)))

    def items():
        yield from sizes[:place]
        raise OSError("the disk is gone")

    seen = []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(ahead(items(), lambda size: size))
    assert seen == sizes[: len(seen)]


def test_large_items_are_taken_by_another_thread_and_few_in_advance():
    taken = []

    def items():
        for number in range(100):
            taken.append(threading.get_ident())
            yield number

    found = ahead(items(), lambda _: 2 * AT_ONCE)
    assert [next(found) for _ in range(5)] == [0, 1, 2, 3, 4]
    found.close()
    assert threading.get_ident() in taken[:1] and threading.get_ident() not in taken[1:]
    assert len(taken) <= 5 + WAITING + 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("nbrewind-ahead")]


def test_small_items_are_taken_by_the_thread_that_asks():
    def items():
        for _ in range(10_000):
            yield threading.get_ident()

    assert set(ahead(items(), lambda _: AT_ONCE // 100)) == {threading.get_ident()}
