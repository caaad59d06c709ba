"""The promise: what differs in behaviour never shares a key; what differs in looks alone always does."""

from __future__ import annotations

import cmath
import contextlib
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tasks.programs import cell, digest

from nbrewind.tasks import Keys

pytestmark = pytest.mark.py311

HELPERS = 3
SAMPLES = (-1, 0, 2)

# A program: what is read at the top, and one expression for each helper, method, enclosed function and the task itself.
# Expressions are nested lists, so that any part of one can be changed in place.

constants = st.integers(-3, 3)
leaves = st.one_of(
    st.just("x"), st.just("K"), st.just("n"), constants, st.sampled_from(["L[0]", "D['a']", "A.k", "A.m"])
)


def expressions(callees: list[str]) -> st.SearchStrategy[Any]:
    """Return expressions that call some of these."""

    def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        operators = st.sampled_from(["+", "-", "*", "<", "or"])
        calls = [st.builds(lambda name, part: ["call", name, part], st.sampled_from(callees), inner)] if callees else []
        return st.one_of(
            st.builds(lambda left, operator, right: ["op", left, operator, right], inner, operators, inner),
            st.builds(lambda part: ["sum", part], inner),
            *calls,
        )

    return st.recursive(leaves, deeper, max_leaves=5)


@st.composite
def programs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a program."""
    helpers = [f"h{number}" for number in range(HELPERS)]
    values = {name: draw(constants) for name in ("K", "L", "D", "A.k", "B.m", "n", "enclosed")}
    bodies = {name: draw(expressions(helpers[:number])) for number, name in enumerate(helpers)}
    bodies["go"] = draw(expressions(helpers))
    bodies["inner"] = draw(expressions(helpers))
    bodies["run"] = draw(expressions([*helpers, "A().go", "inner", "step"]))
    return {"values": values, "bodies": bodies, "step": draw(st.sampled_from(helpers))}


def written(part: Any) -> str:
    """Return an expression as text."""
    if not isinstance(part, list):
        return f"({part})" if isinstance(part, int) else str(part)
    if part[0] == "op":
        return f"({written(part[1])} {part[2]} {written(part[3])})"
    if part[0] == "sum":
        return f"sum([y + {written(part[1])} for y in (1, 2)])"
    return f"{part[1]}({written(part[2])})"


def text_of(program: dict[str, Any], looks: random.Random | None = None) -> str:
    """Return a program as text; with ``looks``, dressed up at random."""
    values, bodies = program["values"], program["bodies"]
    chance = looks.random if looks else lambda: 1.0

    def function(name: str, body: Any, *, indent: str = "", own: str = "x") -> str:
        extra = f"{indent}    'What it {name}s.'\n" if chance() < 0.5 else ""
        extra += f"{indent}    # why\n\n" if chance() < 0.5 else ""
        end = "  # so" if chance() < 0.5 else ""
        return f"{indent}def {name}({own}):\n{extra}{indent}    return {written(body)}{end}\n"

    blocks = [f"K = {values['K']}\n", f"L = [{values['L']}]\n", f"D = {{'a': {values['D']}}}\n", f"n = {values['n']}\n"]
    # The default of each helper hides the global name.
    blocks += [function(f"h{number}", bodies[f"h{number}"], own=f"x, n={values['n']}") for number in range(HELPERS)]
    base = f"class B:\n    m = {values['B.m']}\n"
    members = [f"    k = {values['A.k']}\n", function("go", bodies["go"], indent="    ", own="self, x")]
    if chance() < 0.5:
        members.reverse()
    outer = f"def outer(n):\n{function('inner', bodies['inner'], indent='    ')}    return inner\n"
    # What is read by nobody can be changed without effect: so all is called, and the expression decides the rest.
    task = function("run", bodies["run"]).replace("return ", "return h2(x), A().go(x), inner(x), step(x), A.m, K, ")
    if looks:
        looks.shuffle(blocks)
    # Those that run when they are defined come after what they use.
    rest = [base + "class A(B):\n" + "".join(members), outer + f"inner = outer({values['enclosed']})\n", task]
    if looks:
        looks.shuffle(rest)
    return ("\n\n" if chance() < 0.5 else "").join([*blocks, *rest, f"step = {program['step']}\n"])


def parts_of(part: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the places in an expression that can be changed."""
    found = [path]
    if isinstance(part, list):
        for index in range(1, len(part)):
            found += parts_of(part[index], (*path, index))
    return found


def changed(program: dict[str, Any], choice: random.Random) -> dict[str, Any]:
    """Return a program in which one thing was changed."""
    places: list[tuple[Any, ...]] = [("values", name) for name in program["values"]]
    for name, body in program["bodies"].items():
        places += parts_of(body, ("bodies", name))

    def put(part: Any, path: tuple[Any, ...]) -> Any:
        if not path:
            if part in ("+", "-", "*", "<", "or"):
                return choice.choice("+-*<")
            if isinstance(part, str) and part[0] in "hsiA" and "." not in part[:2]:
                return (
                    choice.choice([f"h{number}" for number in range(HELPERS)]) if part in ("h1", "h2", "step") else part
                )
            return choice.choice([choice.randint(-4, 4), True, 1.0]) if isinstance(part, int) else choice.randint(-4, 4)
        made = dict(part) if isinstance(part, dict) else list(part)
        made[path[0]] = put(part[path[0]], path[1:])
        return made

    return put(program, choice.choice(places))


def outcome(namespace: dict[str, Any]) -> list[str]:
    """Return what a program gives for the samples, with types."""
    found = []
    for sample in SAMPLES:
        try:
            found.append(repr(namespace["run"](sample)))
        except Exception as error:
            found.append(repr(error))
    return found


@settings(max_examples=40, deadline=None)
@given(programs(), st.randoms(use_true_random=False))
def test_programs_that_give_different_results_never_share_a_key(program: dict[str, Any], choice: random.Random) -> None:
    one, other = cell(text_of(program)), cell(text_of(changed(program, choice)))
    key, second = digest(one["run"], 1), digest(other["run"], 1)
    assert key != second or outcome(one) == outcome(other)


@settings(max_examples=40, deadline=None)
@given(programs(), st.randoms(use_true_random=False))
def test_programs_that_look_different_share_a_key(program: dict[str, Any], looks: random.Random) -> None:
    assert digest(cell(text_of(program))["run"], 1) == digest(cell(text_of(program, looks))["run"], 1)


values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 2), st.floats(-1, 1), st.text("ab", max_size=2), st.binary(max_size=1)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
        st.sets(st.one_of(st.integers(-2, 2), st.text("ab", max_size=2)), max_size=3),
    ),
    max_leaves=6,
)


def exactly(value: Any) -> Any:
    """Return something that two values of these kinds share only if they are the same in type, order and content."""
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [exactly(item) for item in value]
    if isinstance(value, dict):
        return "dict", [(key, exactly(item)) for key, item in value.items()]
    if isinstance(value, set):
        return "set", sorted(map(repr, map(exactly, value)))
    return type(value).__name__, repr(value)


@settings(max_examples=300, deadline=None)
@given(values, values)
def test_arguments_share_a_key_exactly_if_they_are_equal_in_type_order_and_content(one: Any, other: Any) -> None:
    function = cell("def run(x): return x")["run"]
    assert (digest(function, one) == digest(function, other)) == (exactly(one) == exactly(other))


STATEMENTS = [
    "run.__name__ = 'other'",
    "h.__qualname__ = 'other'",
    "h.__module__ = 'other'",
    "K = 1",
    "K = 2",
    "K = True",
    "K = [1]",
    "K.append(2)",
    "del K",
    "n = 5",
    "def h(x): return x + K",
    "def h(x): return x - K",
    "def h(x, y=2): return x + y",
    "h.__defaults__ = (3,)",
    "h.n = 1",
    "h.n = 2",
    "h.__kwdefaults__ = {'x': 1}",
    "h = abs",
    "h = str",
    "class h:\n def __init__(self, x): self.x = x",
    "h.k = 3",
    "abs = h",
    "del abs",
    "import math as m",
    "import cmath as m",
    "m.ours = 1",
    "m.ours = 2",
    "m.sqrt = abs",
    "def run(x): return h(x), abs(x), m.sqrt, m.ours, K",
    "def run(x): return h(x)",
    "run.__code__ = (lambda x: h(x) + 1).__code__",
    "def outer(a):\n def run(x): return a, h(x)\n return run\nrun = outer(K)",
    "K = 'there'",
    "open('there', 'w').write('1')",
    "open('there', 'w').write('2')",
    "import os; os.remove('there')",
    "def run(x: 'h', *, y=K): return x",
    "def run(x: h): return x",
    "def f(): h\nrun.also = f",
    "import functools; h = functools.partial(h, 1)",
]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=12))
def test_a_key_that_is_made_after_others_is_the_one_that_a_new_process_would_make(
    tmp_path_factory: pytest.TempPathFactory, statements: list[str]
) -> None:
    with (
        contextlib.chdir(tmp_path_factory.mktemp("work")) if hasattr(contextlib, "chdir") else contextlib.nullcontext()
    ):
        keys = Keys()
        namespace = cell("K = 0\ndef h(x): return x + K\nimport math as m\ndef run(x): return h(x), m.pi")
        for statement in ["", *statements]:
            with contextlib.suppress(Exception):
                cell(statement, namespace)
            assert keys.key(namespace["run"], (1, namespace["h"])) == Keys().key(namespace["run"], (1, namespace["h"]))
        for name in ("sqrt", "ours"):
            for module in (math, cmath):
                vars(module).pop(name, None)
        math.sqrt, cmath.sqrt = ROOTS


ROOTS = math.sqrt, cmath.sqrt
