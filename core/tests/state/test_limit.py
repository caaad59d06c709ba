"""The budget of a scan: what is over it is known by nothing, says why, and is not read again; all else is exact."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from session import Session

import nbrewind.state.links
from nbrewind.state import Changes, GroupChange, Limit, LiveState, LoadError
from nbrewind.state.limit import OverLimit

HUGE = "h = [[i] for i in range(1_000_000)]"
"""Takes longer to walk than `SHORT` allows."""
SHORT = 0.2


def session(seconds: float = 1e9, size: int = 1 << 40) -> Session:
    """Return a session with a limit."""
    made = Session()
    made.live.limit = Limit(seconds, size)
    return made


def members(changes: Changes) -> set[tuple[str, ...]]:
    return {group.members for group in changes.groups}


def only(changes: Changes) -> GroupChange:
    (group,) = changes.groups
    return group


def is_exact(group: GroupChange) -> bool:
    return group.loadable and all(digest.startswith("b3:") for digest in group.digest.values())


def is_unread(group: GroupChange) -> bool:
    """Whether a group says that it was not read to its end: nothing equals it, nothing loads it."""
    return (
        not group.loadable
        and group.content is None
        and "NBREWIND_CELL_" in group.reason
        and all(digest.startswith("once:") for digest in group.digest.values())
        and group.bytes == dict.fromkeys(group.members, 0)
    )


@pytest.mark.parametrize(
    "large",
    [
        "import numpy as np; a = np.arange(100_000)",
        "import numpy as np; a = np.arange(400_000)[::4]",
        "import numpy as np; a = np.array([object] * 100_000)",
        "import pandas as pd; a = pd.DataFrame({'x': range(100_000)})",
        "a = bytes(200_000)",
        "a = bytearray(200_000)",
        "a = 'x' * 200_000",
        "a = list(range(100_000))",
        "a = {i: [i] for i in range(50_000)}",
        "class C: pass\na = C(); a.x = bytes(200_000)",
    ],
)
def test_what_is_too_large_is_not_read_and_all_else_is_exact(large: str) -> None:
    made = session(size=100_000)
    found = {group.members: group for group in made.run(f"{large}\nsmall = [1, 2]\nzero = [0]").groups}
    assert is_unread(found["a",]) and "97.66 KiB" in found["a",].reason
    assert is_exact(found["small",]) and is_exact(found["zero",])


def test_what_is_at_hand_is_told_of_what_is_too_large() -> None:
    group = only(session(size=1000).run("a = [0] * 10_000"))
    assert (group.kind, group.preview, group.fixed) == ({"a": "list"}, {"a": "10,000 items"}, {"a": False})


def test_the_bytes_are_those_of_all_changes_of_a_cell() -> None:
    made = session(size=250_000)
    make = "import numpy as np\nfor n in 'abc': globals()[n] = np.zeros(100_000, 'u1')\n"
    found = made.run(make + "del n").groups
    assert sorted(is_exact(group) for group in found if group.members != ("np",)) == [False, True, True]


def test_what_did_not_change_does_not_count() -> None:
    made = session(size=250_000)
    for name in "abcdef":
        assert is_exact(made.run(f"import numpy as np; {name} = np.zeros(100_000, 'u1')").groups[-1])
    assert not made.record().groups


def test_a_limit_holds_for_each_cell_anew() -> None:
    made = session(size=150_000)
    made.run("a = bytearray(100_000)")
    for _ in range(5):
        assert is_exact(only(made.run("a[0] += 1")))


def test_what_was_too_large_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = session(size=1000)
    made.run("a = list(range(10_000))")
    before = made.state["a"].digest
    asked: list[int] = []
    monkeypatch.setattr(Limit, "take", lambda self, size: asked.append(size))
    assert not made.record(touched=()).groups
    assert not made.record(touched=("b",)).groups
    touched = only(made.record(touched=("a",)))
    assert is_unread(touched) and touched.digest["a"] != before
    assert not asked


def test_an_outside_change_is_possible_at_any_time() -> None:
    made = session(size=1000)
    first = only(made.run("a = list(range(10_000))"))
    second = only(made.record(touched=None))
    assert is_unread(second) and second.digest != first.digest


def test_another_object_is_read_anew() -> None:
    made = session(size=1000)
    made.run("a = list(range(10_000))")
    assert is_exact(only(made.run("a = a[:10]")))


def test_what_shares_with_something_too_large_belongs_to_it() -> None:
    made = session(size=1000)
    made.run("a = [[i] for i in range(10_000)]")
    group = only(made.run("b = a[0]"))
    assert group.members == ("a", "b") and is_unread(group)
    assert {group.members for group in made.run("del a").groups} == {("b",)}
    assert made.state["b"].loadable


def test_a_value_that_grows_over_the_limit() -> None:
    made = session(size=10_000)
    assert is_exact(only(made.run("a = [1]")))
    mark = made.mark()
    assert is_unread(only(made.run("a.extend(range(100_000))")))
    assert made.rewind(mark) == {"a"}
    assert made.value("a") == [1]


def test_what_is_too_large_can_not_be_rewound_and_says_so() -> None:
    made = session(size=1000)
    made.run("a = list(range(10_000))")
    mark = made.mark()
    made.run("a[0] = -1")
    with pytest.raises(LoadError, match=r"a: it is larger than .* 1000 bytes .* \(NBREWIND_CELL_BYTES\)"):
        made.rewind(mark)
    assert made.value("a[0]") == -1


def test_what_is_too_large_and_was_not_touched_stays() -> None:
    made = session(size=1000)
    made.run("a = list(range(10_000)); b = 1")
    mark = made.mark()
    made.namespace["b"] = 2
    made.record(touched=("b",))
    assert made.rewind(mark) == {"b"}
    assert made.value("(len(a), b)") == (10_000, 1)


def test_what_takes_too_long_to_save() -> None:
    made = session(seconds=0.4)
    found = {group.members: group for group in made.run("a = [str(i) for i in range(3_000_000)]\nb = [1]").groups}
    assert is_unread(found["a",]) and "NBREWIND_CELL_SECONDS" in found["a",].reason
    assert is_exact(found["b",])


def test_what_takes_too_long_to_walk_may_share_anything() -> None:
    made = session(seconds=SHORT)
    found = {group.members: group for group in made.run(f"inner = [1]\n{HUGE}\nh.append(inner)\nb = [2]").groups}
    assert set(found) == {("b",), ("h",), ("inner",)}
    assert is_unread(found["h",]) and is_exact(found["inner",]) and is_exact(found["b",])
    assert not made.record(touched=()).groups
    changed = {group.members: group for group in made.record(touched=("inner",)).groups}
    assert set(changed) == {("h",)}, "what is changed through another name may be a part of it"


def test_all_that_takes_too_long_to_walk_belongs_together() -> None:
    made = session(seconds=SHORT)
    found = made.run(f"{HUGE}\nk = {{i: [i] for i in range(1_000_000)}}\nb = [2]")
    assert members(found) == {("b",), ("h", "k")}
    assert members(made.record(touched=("k",))) == {("h", "k")}
    assert members(made.run("del k")) == {("h",)}
    assert not made.record(touched=()).groups
    assert members(made.run("h = []; b.append(1)")) == {("h",), ("b",)}
    assert made.state["h"].loadable


def test_values_known_by_nothing_change_with_what_was_not_walked() -> None:
    made = session(seconds=SHORT)
    made.run(f"g = (i for i in range(3))\n{HUGE}\nh.append(g)")
    assert members(made.record(touched=("h",))) == {("h",), ("g",)}


def test_a_chain_of_objects_is_walked_within_the_limit() -> None:
    made = session(seconds=0.1)
    found = made.run("head = None\nfor i in range(1_000_000): head = [head]\ndel i\nb = [1]")
    groups = {group.members: group for group in found.groups}
    assert is_unread(groups["head",]) and is_exact(groups["b",])
    made.namespace["head"] = None


def test_small_values_are_read_though_the_time_is_over() -> None:
    limit = Limit(seconds=1)
    sleep(1.1)
    limit.turn()
    limit.check()
    limit.check()
    sleep(0.01)
    with pytest.raises(OverLimit, match="NBREWIND_CELL_SECONDS"):
        limit.check()


def test_without_a_limit_everything_is_read() -> None:
    (group,) = LiveState({"a": np.zeros(10_000_000)}, set).scan().groups
    assert is_exact(group)


NAME = st.sampled_from("abc")
NUMBER = st.integers(0, 3)
CELL = st.one_of(
    st.builds("{} = [{}]".format, NAME, NUMBER),
    st.builds("{} = [{}, [5]]".format, NAME, NAME),
    st.builds("{} = iter({{1: 1, 2: 2}})".format, NAME),
    st.builds("{}.append({})".format, NAME, NUMBER),
    st.builds("{0} = [{1}]; {0}.append({0})".format, NAME, NAME),
    st.builds("{}[0].append({})".format, NAME, NUMBER),
    st.builds("next({})".format, NAME),
    st.builds("next({}[0])".format, NAME),
    st.builds("del {}".format, NAME),
)


def picture(session: Session) -> list[Any]:
    """Return all values as one structure of numbers: equal ones are the same values with the same sharing."""
    seen: dict[int, int] = {}

    def draw(value: Any) -> Any:
        if type(value) is int:
            return value
        known = id(value) in seen
        place = seen.setdefault(id(value), len(seen))
        if type(value) is list:
            return ("list", place) if known else ("list", place, [draw(item) for item in value])
        return ("iterator", place, value.__length_hint__())

    names = sorted(session.live.names())
    return [(name, draw(session.namespace[name])) for name in names]


HELD = ["a = [1]", "b = [a, [5]]", "a.append(2)"]


@example(HELD, [1], 0, 10**6)
@example(["a = [1]", "b = [a, [5]]", "b[0].append(2)", "del b"], [1, 0], None, 40)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(CELL, min_size=3, max_size=7),
    st.lists(st.integers(0, 6), min_size=1, max_size=3),
    st.sampled_from([0, 1, None]),
    st.sampled_from([40, 60, 10**6]),
)
def test_a_rewind_gives_the_right_values_or_says_what_is_lost(
    cells: list[str], marks: list[int], few: int | None, size: int
) -> None:
    before = sys.modules["__main__"], nbrewind.state.links._FEW
    if few is not None:  # every larger value is cut
        nbrewind.state.links._FEW = few
    try:
        made = session(seconds=1e9 if few is None else 1e-12, size=size)
        past = []
        for cell in cells:
            with contextlib.suppress(Exception):
                exec(cell, made.namespace)
            made.record(touched=tuple(re.findall(r"\b[abc]\b", cell)))
            past.append((made.mark(), picture(made)))
        for number in marks:
            mark, right = past[number % len(past)]
            with contextlib.suppress(LoadError):
                made.rewind(mark)
                assert picture(made) == right
    finally:
        sys.modules["__main__"], nbrewind.state.links._FEW = before
