"""What of an argument makes another key, and what does not."""

from __future__ import annotations

import copy
import io
import itertools
import logging
import os
import threading
import types
import weakref

import pytest
from tasks.distinct import (
    DISTINCT,
    Loud,
    LoudError,
    LoudList,
    LoudOrdered,
    Plain,
    run,
)
from tasks.programs import cell, digest, made, reason

pytestmark = pytest.mark.py311


def test_values_that_a_function_can_tell_apart_have_different_keys() -> None:
    found: dict[str, object] = {}
    for value in DISTINCT:
        key = digest(run, value)
        assert key not in found, (value, found[key])
        found[key] = value
    assert len(found) == len(DISTINCT)


def test_a_copy_has_the_same_key() -> None:
    for value in DISTINCT:
        if type(value) not in (types.BuiltinFunctionType, types.MethodType, types.ModuleType, types.MappingProxyType):
            assert digest(run, value) == digest(run, copy.deepcopy(value)), value


def test_an_exception_that_was_asked_for_its_attributes_has_the_same_key() -> None:
    asked = ValueError("a")
    assert vars(asked) == {}
    assert digest(run, asked) == digest(run, ValueError("a"))
    asked.note = 1  # type: ignore[attr-defined]
    assert digest(run, asked) != digest(run, ValueError("a"))


def test_what_does_something_when_it_is_let_go_has_no_key() -> None:
    class Cleans:
        def __del__(self) -> None: ...

    class Below(Cleans):
        pass

    finalized, free = Plain(), Plain()
    weakref.finalize(finalized, int)
    for value in (Cleans(), Below(), finalized, [finalized]):
        assert "when it is let go" in reason(run, value)
    assert digest(run, free) and digest(run, io.BytesIO(b"x")) != digest(run, io.BytesIO(b"y"))


def test_sharing_counts() -> None:
    a: list = []
    assert digest(run, [a, a]) != digest(run, [a, []])
    assert digest(run, a, a) != digest(run, a, [])
    assert digest(run, (a, (a,))) != digest(run, (a, ([],)))
    assert digest(run, Plain(a=a, b=a)) != digest(run, Plain(a=a, b=[]))
    assert digest(run, x=a, y=a) != digest(run, x=a, y=[])
    one = Plain()
    assert digest(run, [one, one]) != digest(run, [one, Plain()])
    assert digest(run, [a, vars(Plain(a=a))]) != digest(run, [a, {"a": []}])


def test_sharing_with_what_a_function_reads_counts() -> None:
    namespace = cell("A = [1]\ndef run(x): x.append(1); return A")
    assert digest(namespace["run"], namespace["A"]) != digest(namespace["run"], [1])
    namespace = cell("def outer(a):\n def f(): return a\n return f\ndef run(x, f): x.append(1); return f()")
    a = [1]
    assert digest(namespace["run"], a, namespace["outer"](a)) != digest(namespace["run"], a, namespace["outer"]([1]))


def test_that_two_values_which_can_not_change_are_one_object_does_not_count() -> None:
    one, other = (1, ("a", 2.0)), (1, ("a", float("2")))
    assert digest(run, [one, one]) == digest(run, [one, other])
    assert digest(run, frozenset({one}), frozenset({one})) == digest(run, frozenset({one}), frozenset({other}))


def test_circles_end_and_count() -> None:
    def circle(n: int) -> list:
        first: list = []
        last = first
        for _ in range(n):
            last = [last]
        first.append(last)
        return first

    assert digest(run, circle(1)) == digest(run, circle(1))
    assert digest(run, circle(1)) != digest(run, circle(2))
    one = Plain()
    one.me = one
    other = Plain()
    other.me = Plain(me=other)
    assert digest(run, one) != digest(run, other)


def test_sets_have_no_order() -> None:
    words = [f"word {n}" for n in range(50)]
    words_backwards = words[::-1]
    assert digest(run, set(words)) == digest(run, set(words_backwards))
    pairs = [(word, n) for n, word in enumerate(words)]
    pairs_backwards = pairs[::-1]
    assert digest(run, set(pairs)) == digest(run, set(pairs_backwards))
    assert digest(run, {frozenset({1, 2}), frozenset({3})}) == digest(run, {frozenset({3}), frozenset({2, 1})})


def test_what_is_nested_many_times_over_takes_no_more_time() -> None:
    value: object = ()
    other: object = ()
    for _ in range(200):
        value, other = (value, value), (other, other)
    assert digest(run, value) == digest(run, other)


def test_no_code_of_the_users_runs() -> None:
    def loud(cls: type, a: int) -> object:
        made = cls.__new__(cls)
        object.__setattr__(made, "a", a)
        return made

    for cls in (Loud, LoudError, LoudList):
        assert digest(run, loud(cls, 1)) == digest(run, loud(cls, 1))
        assert digest(run, [loud(cls, 1)]) != digest(run, [loud(cls, 2)])
    assert "can't be seen" in reason(run, loud(LoudOrdered, 1))


def test_a_class_of_an_argument_is_followed() -> None:
    texts = ["class A:\n def go(self): return 1", "class A:\n def go(self): return 2"]
    one, other = (cell(f"{text}\ndef run(x): return x.go()") for text in texts)
    assert digest(one["run"], one["A"]()) != digest(other["run"], other["A"]())


def test_a_function_that_is_an_argument_is_followed() -> None:
    text = "K = {}\ndef f(x): return x + K\ndef run(x, f): return f(x)\ng, h = (lambda x: x + 1), (lambda x: x + 2)"
    one, other = cell(text.format(1)), cell(text.format(2))
    assert digest(one["run"], 1, one["f"]) != digest(other["run"], 1, other["f"])
    assert digest(one["run"], 1, one["g"]) == digest(other["run"], 1, other["g"])
    assert digest(one["run"], 1, one["g"]) != digest(one["run"], 1, one["h"])


def test_the_order_of_a_dictionary_does_not_count_where_it_is_proved_that_nobody_sees_it() -> None:
    one, other = {"a": 1, "b": [2]}, {"b": [2], "a": 1}
    blind = [
        "def run(d): return d['a'] + d.get('c', 0)",
        "def run(d): return 'a' in d and len(d)",
        "def run(d): return [(k, v) for k, v in sorted(d.items())]",
        "def run(d): return [x for x in ('a', 'b') if x in d and d[x]]",
        "def run(d):\n def f(): return d['a']\n return f()",
        "def run(d): return 1",
    ]
    for text in blind:
        function = cell(text)["run"]
        assert digest(function, one) == digest(function, other), text
        assert digest(function, d=one) == digest(function, d=other), text
        assert digest(function, one) != digest(function, {**one, "a": 3}), text
        assert digest(function, one) != digest(function, {"a": 1}), text
    sees = [
        "def run(d): return list(d)",
        "def run(d): return [d[k] for k in d]",
        "def run(d): return d.items()",
        "def run(d): return d",
        "def run(d): return dict(**d)",
        "def run(d): return list(locals()['d'])",
        "len = list\ndef run(d): return len(d)",
        "def run(d): d['c'] = 1; return 2",
        "def run(d): e = d; return list(e)",
        "def run(d): return sorted(d, key=lambda k: 0)",
        "def run(d): return d in [1]",
        "def f(d): return list(d)\ndef run(d): return f(d)",
    ]
    for text in sees:
        function = cell(text)["run"]
        assert digest(function, one) != digest(function, other), text


def test_the_order_of_a_dictionary_counts_where_it_is_seen_by_another_way() -> None:
    function = cell("def run(d, e): return d['a'], list(e)")["run"]
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert digest(function, one, one) != digest(function, other, other)
    assert digest(function, one, [one]) != digest(function, other, [other])
    nested = {"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}
    assert digest(function, nested[0], 0) != digest(function, nested[1], 0)


REFUSED = {
    "generator": (n for n in range(3)),
    "lock": threading.Lock(),
    "ReferenceType": weakref.ref(Plain),
    "memoryview": memoryview(b"a"),
    "count": itertools.count(),
    "Thread": threading.Thread(),
    "dict_keyiterator": iter({1: 2}),
    "eval": eval,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_exact_form_has_no_key_and_the_reason_names_it(name: str) -> None:
    assert name in reason(run, [{"a": REFUSED[name]}])


def test_an_open_file_has_no_key(tmp_path) -> None:
    with open(tmp_path / "a", "w") as stream:
        assert "TextIOWrapper" in reason(run, stream)


def test_what_is_nested_too_deeply_has_no_key() -> None:
    value: list = []
    for _ in range(100_000):
        value = [value]
    assert "nested too deeply" in reason(run, value)


def test_large_flat_values_are_small_components() -> None:
    key = made(run, list(range(100_000)), "x" * 100_000)
    assert all(len(part) < 100 for part in key.components.values())
    assert set(key.previews) <= {"package numpy"}


def test_a_logger_counts_by_its_name_and_the_environment_by_what_it_holds(monkeypatch) -> None:
    assert (
        digest(run, logging.getLogger("a"))
        == digest(run, logging.getLogger("a"))
        != digest(run, logging.getLogger("b"))
    )
    one = digest(run, os.environ)
    monkeypatch.setenv("NOBODY_SETS_THIS", "1")
    assert digest(run, os.environ) != one


def test_what_an_exception_came_from_counts() -> None:
    def raised(cause: Exception) -> Exception:
        error = ValueError("a")
        error.__cause__ = cause
        return error

    assert (
        digest(run, raised(TypeError("b")))
        == digest(run, raised(TypeError("b")))
        != digest(run, raised(TypeError("c")))
    )
