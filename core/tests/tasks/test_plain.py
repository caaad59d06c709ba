"""Plain arguments of a function that was followed before take a shorter way: it leads to the very same keys."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbrewind.tasks import Key, Keys

pytestmark = pytest.mark.py311

TABLE = 3


def plain(one: Any = 0, two: Any = "fast", *, three: Any = None) -> Any:
    """Take what is named."""
    return one, two, three, TABLE


def spare(*args: Any, **kwargs: Any) -> Any:
    """Take anything."""
    return args, kwargs


def sorting(**kwargs: Any) -> Any:
    """Take anything by name, and see no order."""
    return sorted(kwargs)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.binary(max_size=80),
    st.text(max_size=20), st.sampled_from(["here.txt", "./here.txt", ".", "0", "é"]),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
names = st.one_of(st.sampled_from(["one", "two", "three", "0", "1", "a b"]), st.text(max_size=3))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([plain, spare, sorting, dict, len]),
    st.lists(scalars, max_size=3),
    st.dictionaries(names, scalars, max_size=3),
    st.dictionaries(st.sampled_from(["A", "B"]), st.text(max_size=3), max_size=2),
    st.text(max_size=3),
)
def test_a_function_that_was_followed_before_has_the_same_keys(tmp_path_factory, function, args, kwargs, env, salt):
    folder = tmp_path_factory.getbasetemp()
    (folder / "here.txt").write_text("a")
    outputs = ["out.csv"] if env else []
    known = Keys(folder)
    for before in ((), (1, "b"), ([1],)):
        known.key(function, before)
    ways = [
        keys.key(function, args, kwargs, env=env, salt=salt, outputs=outputs) for keys in (Keys(folder), known, known)
    ]
    assert ways[0] == ways[1] == ways[2]
    assert isinstance(ways[0], Key)


def test_what_is_given_to_one_call_is_not_watched_for_the_next():
    @dataclasses.dataclass
    class Point:
        x: int

    keys = Keys()
    keys.key(plain, (Point(1), lambda: Point))
    (known,) = keys._functions.values()
    assert known.snapshot.watch.steady
    assert known.snapshot.watch.holds()
