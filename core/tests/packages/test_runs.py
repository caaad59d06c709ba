"""Texts in bytes are found wherever they lie, as by looking at each byte."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nbrewind.packages.runs import every, folded, has_run, widths

PRINTED = frozenset(range(32, 127)) | {9, 10, 13}
CODES = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def by_each_byte(data: bytes) -> list[int]:
    found = []
    for width, least in ((1, 16), (2, 15), (4, 15)):
        wanted = [position % width == 0 for position in range(width * least)]
        for start in range(len(data) - len(wanted) + 1):
            part = data[start : start + len(wanted)]
            if all(code in PRINTED if first else code == 0 for code, first in zip(part, wanted, strict=True)):
                found.append(width)
                break
    return found


TEXTS = st.builds(
    lambda text, code: text.encode(code), st.text(alphabet="ab :\n", min_size=10, max_size=20), st.sampled_from(CODES)
)
OTHERS = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([0, 5, 9, 65, 127, 128]), max_size=40).map(bytes),
    st.builds(bytes, st.integers(0, 40)),
    st.builds(lambda code, count: bytes([code]) * count, st.sampled_from([65, 128, 255]), st.integers(0, 200)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS | OTHERS, max_size=12).map(b"".join))
def test_widths_are_those_that_each_byte_shows(data: bytes) -> None:
    assert widths(data) == by_each_byte(data)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), max_size=8), st.integers(7, 50))
def test_runs_of_ones(lengths: list[int], wanted: int) -> None:
    assert has_run(b"\0".join(b"\1" * length for length in lengths), wanted) == any(one >= wanted for one in lengths)


@given(st.text(max_size=50), st.binary(max_size=50))
def test_what_is_folded_is_found_in_either_case(text: str, around: bytes) -> None:
    word = "".join(char for char in text if char.isascii()).encode()
    whole = bytes(folded(around + word.swapcase() + around)) if word else b""
    assert bytes(folded(word)) in whole or not word


@given(st.binary(max_size=100), st.sampled_from([2, 4]))
def test_wide_characters_are_taken_apart(data: bytes, width: int) -> None:
    assert list(every(data, width)) == [one for start in range(width) if any(one := data[start::width])]
