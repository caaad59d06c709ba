"""Random structures with sharing: what is loaded is the same graph, and equal digests mean equal graphs."""

from __future__ import annotations

import copyreg
import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from session import Session, reload_in_new_process

KINDS = ("list", "dict", "tuple", "set", "object", "bytearray")

programs = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.lists(st.one_of(st.integers(0, 30), st.integers(-5, 5).map(str)), max_size=4),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=9,
)


class Thing:
    """A plain object."""


Thing.__module__ = "nbrewind_test_things"
sys.modules.setdefault("nbrewind_test_things", type(sys)("nbrewind_test_things"))
sys.modules["nbrewind_test_things"].__spec__ = sys.__spec__
sys.modules["nbrewind_test_things"].Thing = Thing  # type: ignore[attr-defined]


def build(program: list[tuple[str, list[Any], int]]) -> dict[str, Any]:
    """Make objects, later ones of earlier ones, and earlier ones of later ones where they are mutable."""
    made: list[Any] = []
    for kind, parts, _ in program:
        items = [made[part % len(made)] if isinstance(part, int) and made else int(part) for part in parts]
        if kind == "list":
            made.append(items)
        elif kind == "dict":
            made.append(dict(enumerate(items)))
        elif kind == "tuple":
            made.append(tuple(items))
        elif kind == "set":
            made.append({item for item in items if type(item) is int})
        elif kind == "bytearray":
            made.append(bytearray(len(items)))
        else:
            thing = Thing()
            thing.__dict__.update({f"a{index}": item for index, item in enumerate(items)})
            made.append(thing)
    for (_, _, back), value in zip(program, made, strict=True):
        if back and type(value) is list:
            value.append(made[-back % len(made)])
    return {f"n{index}": value for index, value in enumerate(made) if index % 2 == 0 or index == len(made) - 1}


def shape(values: list[Any]) -> Any:
    """Return a form of a graph that is equal for isomorphic graphs only: identity of mutable objects counts."""
    numbers: dict[int, int] = {}
    keep: list[Any] = []

    def visit(value: Any) -> Any:
        kind = type(value)
        if kind in (int, str):
            return value
        if kind is tuple:
            return ("tuple", *(visit(item) for item in value))
        if id(value) in numbers:
            return ("again", numbers[id(value)])
        numbers[id(value)] = len(numbers)
        keep.append(value)
        if kind is list:
            return ["list", *(visit(item) for item in value)]
        if kind is dict:
            return ["dict", *((key, visit(item)) for key, item in value.items())]
        if kind is set:
            return ["set", sorted(value)]
        if kind is bytearray:
            return ["bytes", bytes(value)]
        return [kind.__name__, *((key, visit(item)) for key, item in vars(value).items())]

    return [visit(value) for value in values]


def recorded(values: dict[str, Any]) -> Session:
    """Return a session in which values were recorded."""
    session = Session()
    session.namespace.update(values)
    session.record()
    return session


@settings(max_examples=150, deadline=None)
@given(programs)
def test_what_is_loaded_is_the_same_graph(program: list[tuple[str, list[Any], int]]) -> None:
    values = build(program)
    session = recorded(values)
    fresh = Session()
    fresh.contents = session.contents
    fresh.live.install(fresh.live.load(session.state.values(), fresh.fetch))
    names = sorted(values)
    assert shape([fresh.namespace[name] for name in names]) == shape([values[name] for name in names])
    assert not fresh.live.scan().groups


@settings(max_examples=150, deadline=None)
@given(programs, programs)
def test_equal_digests_mean_equal_graphs(
    program: list[tuple[str, list[Any], int]], other: list[tuple[str, list[Any], int]]
) -> None:
    one, two = recorded(build(program)), recorded(build(other))
    for name in one.state.keys() & two.state.keys():
        first, second = one.state[name], two.state[name]
        if first.digest == second.digest:
            assert first.members == second.members
            assert shape([one.namespace[n] for n in first.members]) == shape([two.namespace[n] for n in first.members])


@settings(max_examples=100, deadline=None)
@given(programs)
def test_the_same_program_gives_the_same_digests(program: list[tuple[str, list[Any], int]]) -> None:
    one, two = recorded(build(program)), recorded(build(program))
    assert {name: v.digest for name, v in one.state.items()} == {name: v.digest for name, v in two.state.items()}


DEFINED = {
    "dataclass": "import dataclasses\n@dataclasses.dataclass\nclass {0}:\n    x: int = 1\n    y: object = None",
    "enum": "import enum\nclass {0}(enum.Enum):\n    A = 1",
    "flag": "import enum\nclass {0}(enum.IntFlag):\n    A = 1",
    "named tuple": "import typing\nclass {0}(typing.NamedTuple):\n    x: int\n    y: int = 2",
    "old named tuple": "import collections\n{0} = collections.namedtuple('{0}', 'a b')",
    "protocol": "import typing\nclass {0}(typing.Protocol):\n    def f(self) -> int: ...",
    "cache": "import functools\n@functools.lru_cache\ndef {0}(x): return x",
    "partial": "import functools, operator\n{0} = functools.partial(operator.add, 1)",
    "functions of C": "import operator\n{0} = {{'+': operator.add, 'n': len}}",
    "alias": "import typing\n{0} = [typing.Callable[[int], str], int | str]",
    "exception": "class {0}(ValueError): pass",
}


@pytest.mark.py311
@pytest.mark.parametrize("source", DEFINED.values(), ids=DEFINED)
def test_two_of_a_kind_are_not_linked_by_what_the_standard_library_shares(source: str) -> None:
    session = Session()
    session.run(source.format("One"))
    changes = session.run(source.format("Other"))
    assert [group.members for group in changes.groups if "Other" in group.members] == [("Other",)]


@pytest.mark.py311
@pytest.mark.parametrize("kind", ["dataclass", "enum", "flag", "named tuple", "protocol"])
def test_what_the_standard_library_shares_is_shared_after_a_load(kind: str) -> None:
    session = Session()
    session.run(DEFINED[kind].format("One"))
    there = session.mark()
    digest = session.state["One"].digest
    session.run("del One")
    session.rewind(there)
    if kind == "dataclass":
        fields = session.namespace["One"].__dataclass_fields__.values()
        assert all(each.metadata is dataclasses.field().metadata for each in fields)
    session.run(DEFINED[kind].format("One"))
    assert session.state["One"].digest == digest


@pytest.mark.py311
@pytest.mark.parametrize(
    "kind", [kind for kind in DEFINED if kind not in ("cache", "partial", "functions of C", "alias")]
)
def test_a_class_that_was_loaded_is_not_told_from_one_that_was_not(kind: str) -> None:
    other = "One.show = lambda self: 1\nclass Other:\n    One = One\n    def show(self): return 2"
    plain = Session()
    plain.run(DEFINED[kind].format("One"))
    plain.run(other)
    before = Session()
    before.run(DEFINED[kind].format("One"))
    loaded = reload_in_new_process(before)
    loaded.run(other)
    for name in ("One", "Other"):
        assert loaded.state[name].digest == plain.state[name].digest


@pytest.mark.py311
def test_a_library_that_pickles_tracebacks_changes_nothing_of_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(error: BaseException) -> Any:
        return type(error), (error.__traceback__,)

    monkeypatch.setitem(copyreg.dispatch_table, ZeroDivisionError, refuses)
    session = Session()
    session.run("try: 1 / 0\nexcept Exception as error: err = error")
    there = session.mark()
    session.run("err = None")
    session.rewind(there)
    assert session.value("(type(err).__name__, err.args)") == ("ZeroDivisionError", ("division by zero",))
