"""The harness itself: each recorder that misbehaves is caught, a good one is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .compare import compare, flatten, join_streams, mask
from .notebook import parse

SMALL = parse(
    "small",
    """
# %% imports
import random, sys, time, weakref, gc
random.seed(1)

# %% objects
class Thing:
    def __del__(self):
        print("gone")

thing = Thing(); data = bytearray(b"abc"); numbers = iter([1, 2, 3]); handle = open("rows.csv", "w")
handle.write("a,b"); handle.flush()
table = [[1], [2]]; first = table[0]; knot = []; knot.append(knot)
gc.collect()
class Node: pass
node = Node(); node.me = node; ref = weakref.ref(node); del node

# %% after
print(ref() is None)
thing = 1
data.append(100)
print(next(numbers), open("rows.csv").read(), first is table[0])

# %% values
print("some"); table

# %% random
random.random()

# %% fails
1 / 0

# %% warns
import warnings
warnings.warn("look out")

# %% interrupted interrupt=0.1
print("ready")
time.sleep(5)
""",
)
QUICK = ("prints", "holds-references", "raises-in-hook", "opens-files-again", "rewrites-tree", "delays-nothing")
SLOW = (
    "raises-before", "leaves-a-name", "swallows-errors", "collects-garbage", "replaces-values", "exports-buffers",
    "consumes-iterators", "draws-random", "traces", "gc-callback", "counts-on", "forgets-warnings", "changes-folder",
    "leaves-a-file", "starts-a-thread", "reformats", "wraps-stdout", "swallows-interrupts",
)  # fmt: skip


pytestmark = pytest.mark.timeout(600)


def check(names: tuple[str, ...], run_all: Callable[..., list[dict[str, Any]]]) -> None:
    """Run the small notebook plain and with each of the recorders; only the good one makes no difference."""
    attach = [f"__import__('behaviour_mutants').install({name!r})" for name in names]
    plain, recorded = [], []
    for ways in ([""] * 3, *([way] for way in attach)):
        found = run_all(SMALL, ways)
        if not plain:
            plain = found
        else:
            recorded += found
    results = {name: compare(plain, run) for name, run in zip(names, recorded, strict=True)}
    missed = [name for name, result in results.items() if bool(result.differences) is (name == "delays-nothing")]
    assert not missed, {name: results[name].differences for name in missed}


def test_misbehaving_recorders_are_caught(run_all: Callable[..., list[dict[str, Any]]]):
    check(QUICK, run_all)


@pytest.mark.slow
def test_more_misbehaving_recorders_are_caught(run_all: Callable[..., list[dict[str, Any]]]):
    check(SLOW, run_all)


def test_only_what_plain_runs_agree_on_is_compared():
    plain = [{"same": "a", "other": str(i)} for i in range(3)]
    found = compare(plain, {"same": "b", "other": "9"})
    assert [entry.path for entry in found.differences] == [("same",)]
    assert found.unstable == [("other",)]


def test_a_message_too_many_is_a_difference():
    message = {"type": "display_data", "content": {"data": {"text/plain": "1"}}}
    plain = [{"messages": [message]}] * 3
    found = compare(plain, {"messages": [message, message]})
    assert ("messages", "length") in [entry.path for entry in found.differences]
    assert not compare(plain, {"messages": [message]}).differences


def test_a_missing_value_is_a_difference():
    found = compare([{"a": {"b": 1}}] * 3, {"a": {}})
    assert {entry.path for entry in found.differences} == {("a", "b"), ("a", "keys")}


def test_adjacent_stream_parts_are_one():
    def part(name: str, text: str) -> dict[str, Any]:
        return {"type": "stream", "content": {"name": name, "text": text}}

    shown = {"type": "display_data"}
    assert join_streams([part("stdout", "a"), part("stdout", "b"), shown, part("stdout", "c")]) == [
        {"type": "stream", "name": "stdout", "text": "ab"},
        shown,
        {"type": "stream", "name": "stdout", "text": "c"},
    ]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("<object at 0x7f00deadbeef>", "<object at <address>>"),
        ("File /tmp/ipykernel_123/456.py:3", "File <cell>:3"),
        ("Wall time: 1.2 ms\n", "<time>\n"),
        ("took 25 apples", "took 25 apples"),
    ],
)
def test_what_differs_by_nature_is_masked(text: str, masked: str):
    assert mask(text) == masked


def test_long_texts_are_compared_whole():
    assert flatten("a" * 30_000) != flatten("a" * 29_999 + "b")
