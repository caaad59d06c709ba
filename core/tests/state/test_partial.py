"""Scans that leave out what a run can't have touched: what they find, and what is noted as not looked at."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from session import Session

NAMES = ("a", "b", "c", "d")
STEPS = (
    ("{x} = [{n}]", "x"),
    ("{x} = {n}", "x"),
    ("{x} = {y}", "xy"),
    ("{x} = [{y}]", "xy"),
    ("{x} = {y}[0]", "xy"),
    ("{x} = list({y})", "xy"),
    ("{x} = {{'k': {y}, 'n': {n}}}", "xy"),
    ("{x}.append({n})", "x"),
    ("{x}.append({y})", "xy"),
    ("{x}.clear()", "x"),
    ("del {x}", "x"),
    ("{x}, {y} = {y}, {x}", "xy"),
    ("{x} = lambda: {n}", "x"),
    ("def {x}(): return {n}", "x"),
    ("{x} = [{y}, K]", "xyK"),
    ("class K: items = []", "K"),
    ("{x} = K()", "xK"),
    ("{x}.items.append({n})", "x"),
    ("{x}.items.append({y})", "xy"),
    ("{x}.other = {y}", "xy"),
    ("{x} = np.arange(4)", "x"),
    ("{x} = {y}[:2]", "xy"),
    ("{x}[0] = {n}", "x"),
    ("{x} = weakref.ref({y})", "xy"),
    ("{x} = (i for i in {y})", "xy"),
)
"""Statements, and the names that each of them says it touches."""

programs = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 3)), max_size=14
)
START = "import weakref\nimport numpy as np\nclass K: items = []"


def played(program: list[Any], *, partial: bool) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """Run a program; return what is known of every name, and the groups that a full scan finds changed in the end."""
    session = Session()
    session.run(START)
    for (text, uses), x, y, n in program:
        with contextlib.suppress(Exception):
            exec(compile(text.format(x=x, y=y, n=n), "<cell>", "exec"), session.namespace)
        touched = {{"x": x, "y": y, "K": "K"}[use] for use in uses}
        session.record(touched, touched if partial else None)
    last = session.record(())
    known = {name: (v.digest, v.members, v.needs, v.reason) for name, v in session.live.versions.items()}
    return known, [group.members for group in last.groups]


@settings(max_examples=300, deadline=None)
@given(programs)
def test_they_find_what_full_scans_find(program):
    """For a program that touches only what it says, nothing is left to be found by a full scan."""
    full, partial = played(program, partial=False), played(program, partial=True)
    assert partial[1] == [] == full[1]
    assert partial[0] == full[0]


@pytest.fixture
def session() -> Session:
    made = Session()
    made.run("a = [1]\nb = [a]\nc = [3]\nn = 5")
    return made


def look(session: Session, source: str, *names: str) -> dict[tuple[str, ...], Any]:
    """Run a statement that touches *names*; return the changed groups."""
    exec(source, session.namespace)
    return {group.members: group for group in session.record(names, names).groups}


def test_what_is_not_touched_is_left_and_noted(session):
    assert look(session, "n", "n") == {}
    assert session.live.deferred == {"a", "b", "c"}
    assert look(session, "c.append(1)", "c").keys() == {("c",)}
    assert session.live.deferred == {"a", "b"}


def test_a_group_is_looked_at_as_a_whole(session):
    assert look(session, "b[0].append(2)", "b").keys() == {("a", "b")}
    assert session.live.deferred == {"c"}


@pytest.mark.parametrize("source", ["b = 1", "b = [7]", "del b"])
def test_who_shared_with_a_name_that_is_bound_anew_is_looked_at(session, source):
    assert ("a",) in look(session, source, "b")
    assert session.live.versions["a"].members == ("a",)


def test_a_name_bound_unseen_is_found(session):
    assert look(session, "c = [4]").keys() == {("c",)}


def test_a_hidden_change_is_found_by_the_next_full_scan_only(session):
    assert look(session, "c.append(4)", "n") == {}
    assert session.live.deferred == {"a", "b", "c"}
    assert [group.members for group in session.live.scan(()).groups] == [("c",)]
    assert session.live.deferred == {"c"}, "it was not committed"
    session.record(())
    assert session.live.deferred == set()


def test_what_referred_to_a_class_that_is_made_anew_is_looked_at(session):
    session.run("class K: pass\nk = [K()]")
    assert session.live.versions["k"].needs == ("K",)
    assert look(session, "class K: pass", "K").keys() == {("K",), ("k",)}
    assert session.live.versions["k"].needs == ()


def test_a_name_that_takes_over_a_function(session):
    session.run("h = lambda: 1\nheld = [h]")
    assert ("held",) in look(session, "f = h", "f", "h")
    assert session.live.versions["held"].needs == ("f",)


@pytest.mark.parametrize("view", ["df['a']", "df[['a']]", "df.iloc[0]", "df.rename(columns={'a': 'b'})"])
def test_frames_that_share_memory_without_a_link(session, view):
    session.run("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'c': [3, 4]})\nalone = pd.Series([5])")
    session.run(f"s = {view}")
    assert session.live.versions["s"].members == ("s",)
    assert ("s",) in look(session, "df.a.array[0] = 9", "df")
    assert look(session, "n", "df") == {} and session.live.deferred == {"a", "b", "c", "s", "alone"}


def test_a_member_of_an_enumeration(session):
    session.run("import enum\nclass E(enum.Enum):\n    A = [1]\ne = E.A")
    look(session, "E.A.value.append(2)", "E")
    assert session.live.scan(()).groups == []


def test_a_value_that_is_not_walked_may_be_changed_by_anything(session):
    from nbrewind.state import Limit

    session.live.limit = Limit(0.02)
    session.run("deep = [[[i]] for i in range(400_000)]")
    assert "takes more than its share" in session.live.versions["deep"].reason
    session.record(("n",), ("n",))
    assert session.live.deferred == set(), "all is looked at while there is such a value"


def test_values_put_back_are_not_known_until_they_are_looked_at(session):
    aside = session.live.set_aside(["a", "b", "c"])
    session.record(())
    session.live.put_back(aside, ["a", "b", "c"])
    assert session.live.deferred == {"a", "b", "c"}
    assert session.live.scan(()).groups == []
    assert session.live.deferred == set()
