"""Instances are read as they lie: looking at one does not change how Python keeps it."""

from __future__ import annotations

import gc
import sys

import pytest

from nbrewind.state import LiveState

CLASS = "class C:\n    kind = 1\n    def __init__(self, i): self.n = i; self.a = None; self.b = None; self.l = [i]\n"


def made(sources: str) -> dict:
    """Return a namespace in which code has run, as a notebook's."""
    namespace = {"__name__": "__main__"}
    exec(sources, namespace)
    return namespace


def stream(namespace: dict, name: str) -> bytes:
    """Return what is saved of a variable."""
    changes = LiveState(namespace, lambda: ("__name__",)).scan()
    return next(bytes(group.content.stream) for group in changes.groups if name in group.members)


def has_dictionary(obj: object) -> bool:
    return any(type(held) is dict for held in gc.get_referents(obj))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="before Python 3.13 nothing tells the names of attributes")
def test_no_dictionary_is_made():
    namespace = made(CLASS + "c = C(1)\nmany = [C(i) for i in range(100)]")
    assert stream(namespace, "c") and stream(namespace, "many")
    assert not has_dictionary(namespace["c"]) and not any(map(has_dictionary, namespace["many"]))


@pytest.mark.parametrize(
    "then",
    [
        "c.other = 2",
        "del c.a",
        "C.a = 5; del c.a",
        "c.a = c.b = c.l",
        "c.__dict__['x y'] = 1",
        "c.a = c",
        "c.a = C",
        "C.n = property(lambda s: 1 / 0)",
        "d = vars(c)",
        "class D(C):\n    def more(self): self.m = 1\nc = D(1); c.more()",
        "class D(C):\n    __slots__ = ('s',)\nc = D(1); c.s = 2",
    ],
)
def test_it_is_what_the_dictionary_says(then):
    one, other = made(CLASS + "c = C(1)\n" + then), made(CLASS + "c = C(1)\n" + then)
    assert type(other["c"].__dict__) is dict  # now it has one
    assert stream(one, "c") == stream(other, "c")
