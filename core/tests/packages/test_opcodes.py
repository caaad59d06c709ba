"""A stream that is followed fast says what one says whose opcodes are read one by one."""

from __future__ import annotations

import pickle
import pickletools
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbrewind.packages.opcodes import AT_ONCE, names_no_secret
from nbrewind.packages.scan import secret_strings, strings_of
from nbrewind.state.secret_names import is_secret_name

NAMES = (
    *(
        "key",
        "api_key",
        "password",
        "Token",
        "to\u212aen",
        "pa\u017fsword",
        "x_token_1",
        "tokens",
        "n_token",
        "pwd",
        "bob",
    ),
    *("\ud800 pwd", "\u00e9", "", "a" * 255, "a" * 247 + "_pwd", "password" * 40, "hunter2-x", "key\n", "some key"),
)
TEXTS = st.sampled_from(NAMES) | st.text(max_size=5)
LEAVES = st.one_of(
    TEXTS,
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=5),
    st.binary(max_size=5).map(bytearray),
    st.none() | st.booleans() | st.integers() | st.floats(),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


def plainly(stream: bytes) -> bool:
    """Whether all opcodes can be read, and no text of theirs is a name that says that it is secret."""
    try:
        return not any(text is not None and is_secret_name(text) for text in strings_of(stream))
    except Exception:
        return False


@settings(max_examples=300, deadline=None)
@given(value=VALUES, protocol=st.integers(0, 5), many=st.sampled_from((0, 0, AT_ONCE - 5, 3 * AT_ONCE)))
@example(value={"a": "b"}, protocol=5, many=0)
def test_a_stream_is_followed_as_one_by_one(value: Any, protocol: int, many: int) -> None:
    stream = pickle.dumps([[f"row {number} key" for number in range(many)], value], protocol)
    if names_no_secret(stream):
        assert plainly(stream)
        assert secret_strings(stream) == ([], False)
    elif protocol >= 3:  # texts of Python 2, which some bytes are in older ones, count as names here, and not there
        assert not plainly(stream)


@settings(max_examples=300, deadline=None)
@given(value=VALUES, data=st.data())
def test_what_can_t_be_followed_is_not(value: Any, data: st.DataObject) -> None:
    stream = bytearray(pickle.dumps(value, protocol=5))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(stream) - 1))
        change = data.draw(st.sampled_from(("byte", "end", "more")))
        if change == "byte":
            stream[place] = data.draw(st.integers(0, 255))
        elif change == "end":
            stream = stream[:place] or bytearray(b"pwd")
        else:
            stream[place:place] = data.draw(st.sampled_from((b"password", b"\x8c\x03pwd", b"key", b"\x94")))
    if names_no_secret(bytes(stream)):
        assert plainly(bytes(stream))
        list(pickletools.genops(bytes(stream)))


def test_a_long_list_is_followed() -> None:
    stream = pickle.dumps([[number, number / 7, f"some key {number}", None, "\u00e9"] for number in range(2_000)])
    assert names_no_secret(stream)
    assert not names_no_secret(pickle.dumps([*pickle.loads(stream), {"api_key": "hunter2-x"}]))
