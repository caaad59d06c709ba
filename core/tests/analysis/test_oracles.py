"""Generated programs before three judges that know nothing of the analysis: symtable, the bytecode, and a run."""

from __future__ import annotations

import ast
import contextlib
import dis
import re
import reprlib
import symtable
import sys
import textwrap
import types

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from nbrewind.analysis import cell

NAMES = ("a", "b", "c", "f", "g", "K")
IMPLICIT = {"__annotations__", "__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__"}
IMPLICIT |= {"__classcell__", "__classdict__", "__conditional_annotations__", "__annotate__", "__name__"}
# What a new name space has. Lists, so that changes in place show.
START = "a, b, c = [1], [2], [3]\ndef f(*x): return len(x)\ndef g(*x): return a\nclass K:\n    v = 1\n"

relaxed = settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))

EXPRESSIONS = (
    *NAMES,
    "1",
    "[]",
    "'{n}'",
    "K.v",
    "[{e}, {e}]",
    "({e} and {e})",
    "({e} if {e} else {e})",
    "({n} := {e})",
    "[{e} for {n} in ({e},)]",
    "[{e} for {n} in [0, 1] if {e}]",
    "{{{e} for {n} in [0] for {n} in [{e}]}}",
    "list({e} for {n} in [0])",
    "(lambda {n}: {e})",
    "(lambda {n}={e}: {e})()",
    "{n}({e})",
    "f'{{{n} is None}}'",
    "({e} is {e})",
)
STATEMENTS = (
    "{n} = {e}",
    "{n}, {n} = {e}, {e}",
    "*{n}, {n} = [1, {e}]",
    "{n} += [{e}]",
    "{n}.append(1)",
    "{n}[0] = {e}",
    "del {n}",
    "{e}",
    "{n}: {e} = {e}",
    "import os.path as {n}",
    "assert {e}",
    "raise ValueError",
    "break",
    "continue",
    "return {e}",
    "if {e}:\n{b}\nelse:\n{b}",
    "if {e}:\n{b}",
    "for {n} in {e}:\n{b}\nelse:\n{b}",
    "for {n} in [1, 2]:\n{b}",
    "while tick({e}):\n{b}",
    "while True:\n    tick(1)\n{b}",
    "try:\n{b}\nexcept ValueError as {n}:\n{b}\nelse:\n{b}",
    "try:\n{b}\nexcept Exception:\n{b}\nfinally:\n{b}",
    "with swallow({e}) as {n}:\n{b}",
    "match {e}:\n    case [{n}, *_]:\n{bb}\n    case _:\n{bb}",
    "match {e}:\n    case {n} if {e}:\n{bb}",
    "def {n}(a=None, *p):\n{b}",
    "def {n}(*p):\n    global {n}\n{b}",
    "def {n}(*p):\n    def {n}(*p):\n{bb}\n    return {e}",
    "@f\ndef {n}(*p):\n{b}",
    "class {n}:\n{b}",
    "class {n}:\n    def m(self):\n{bb}\n    b = {e}",
    "class {n}:\n    global {n}\n{b}",
    "{n}({e}).m()",
    "def {n}(*p):\n    {n} = {e}\n    def {n}(*p):\n        nonlocal {n}\n        {n} = {e}\n    return {e}",
    "def {n}(*p):\n    class {n}:\n        global {n}\n        {n} = {e}\n        b = {e}\n    return {e}",
    "def {n}(*p):\n    yield {e}\n{b}",
    "async def {n}(*p):\n    async with {e} as {n}:\n        await {e}\n    return [{e} async for {n} in {e}]",
    "try:\n{b}\nexcept* ValueError as {n}:\n{b}",
    "type {n}[{n}] = {e}",
    "def {n}[{n}: {e}]({n}: {e} = {e}, *p) -> {e}:\n{b}",
    "class {n}[{n}]({n}):\n    def m(self, b: {e} = {e}):\n        return {e}\n    c: {e} = {e}",
)


class Writer:
    """Writes a program as a list of numbers says."""

    def __init__(self, numbers):
        self.numbers = iter(numbers)

    def pick(self, choices):
        return choices[next(self.numbers, 0) % len(choices)]

    def fill(self, template, depth):
        def part(match):
            kind = match[1]
            if kind == "n":
                return self.pick(NAMES)
            if kind == "e":
                return self.fill(self.pick(EXPRESSIONS if depth > 0 else EXPRESSIONS[:8]), depth - 1)
            text = self.block(depth - 1)
            return textwrap.indent(text, "    " * len(kind))

        return re.sub(r"(?<!{)\{(n|e|bb?)\}", part, template).replace("{{", "{").replace("}}", "}")

    def block(self, depth):
        count = 1 + next(self.numbers, 0) % 3
        return "\n".join(
            self.fill(self.pick(STATEMENTS if depth > 0 else STATEMENTS[:15]), depth) for _ in range(count)
        )


@st.composite
def programs(draw):
    """Return a program that compiles."""
    writer = Writer(draw(st.lists(st.integers(0, 255), min_size=5, max_size=70)))
    parts = []
    for _ in range(4):
        text = writer.block(2)
        with contextlib.suppress(SyntaxError):
            compile("\n".join([*parts, text]), "<p>", "exec", dont_inherit=True)
            parts.append(text)
    assume(parts)
    return "\n".join(parts)


def analyzed(text):
    """Analyse without the net that hides errors of the analysis itself."""
    return cell._analyze(cell.parse(text))


def codes(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def used(text):
    """Return the names of the user's namespace that the bytecode loads, stores and deletes."""
    loads, stores, deletes = set(), set(), set()
    top = compile(text, "<p>", "exec", optimize=0, dont_inherit=True)
    for code in codes(top):
        for step in dis.get_instructions(code):
            match = re.match(r"(LOAD|STORE|DELETE)_(NAME|GLOBAL)|LOAD_FROM_DICT_OR_GLOBALS", step.opname)
            if not match or step.argval in IMPLICIT:
                continue
            if match[1] in (None, "LOAD"):
                loads.add(step.argval)
            elif match[2] == "GLOBAL" or code is top:
                (stores if match[1] == "STORE" else deletes).add(step.argval)
    return loads, stores, deletes


@relaxed
@given(programs())
def test_bytecode_names_are_never_missed(text):
    loads, stores, deletes = used(text)
    found = analyzed(text)
    read = {*found.reads, *found.late_reads, *found.strings}
    class_only = {symbol for table in tables(symtable.symtable(text, "<p>", "exec")) for symbol in own(table)}
    # A load may be of something that the cell has bound for certain by then.
    assert loads <= read | set(found.writes) | set(found.deletes) | class_only
    assert stores <= set(found.writes) | late_stores(text)
    assert deletes <= set(found.deletes) | late_stores(text)


def tables(table):
    yield table
    for child in table.get_children():
        yield from tables(child)


def own(table):
    return (
        [symbol.get_name() for symbol in table.get_symbols() if symbol.is_local()]
        if table.get_type() == "class"
        else []
    )


def late_stores(text):
    """Return the names that functions declare ``global``: bound only if the function runs."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found |= {item for child in ast.walk(node) if isinstance(child, ast.Global) for item in child.names}
    return found


@relaxed
@given(programs())
def test_symtable_agrees_on_what_is_bound(text):
    top = symtable.symtable(text, "<p>", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    nested = {
        symbol.get_name()
        for table in tables(top)
        if table is not top
        for symbol in table.get_symbols()
        if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace())
    }
    found = analyzed(text)
    names = set(found.writes) | set(found.deletes)
    # Python 3.12 shows the targets of comprehensions among the names of the scope around them.
    inner = {
        child.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.comprehension)
        for child in ast.walk(node.target)
        if isinstance(child, ast.Name)
    }
    assert bound - nested - inner <= names
    walrus = {node.target.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.NamedExpr)}
    assert names <= bound | nested | walrus
    assert set(found.must_writes) <= set(found.writes)


class Ticks(BaseException):
    """The program takes too long. No ``except Exception`` of its own holds it up."""


STEPS = 5_000
"""Lines and calls that a program may run: some double what they do, or hold, with every step."""
shallow = reprlib.Repr()
shallow.maxlevel = 5
shallow.maxother = shallow.maxstring = 500


class swallow:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *error):
        return error[0] is ValueError


def run(text, without=(), other=()):
    """Run a program on the usual start, less some names, with others bound to something else. None: it did not end."""
    count = [0]

    def tick(value):
        count[0] += 1
        if count[0] > 30:
            raise Ticks
        return value

    space = {"tick": tick, "swallow": swallow}
    exec(START, space)
    for item in without:
        del space[item]
    for item in other:
        space[item] = ["other"]
    before = {key: repr_of(value) for key, value in space.items()}
    identities = {key: id(value) for key, value in space.items()}
    kept = list(space.values())
    left = [STEPS]

    def step(*_):
        left[0] -= 1
        if left[0] < 0:
            raise Ticks
        return step

    tracer = sys.gettrace()
    try:
        sys.settrace(step)
        exec(compile(text, "<p>", "exec", dont_inherit=True), space)
        error = None
    except (Ticks, RecursionError):
        error = "endless"
    except Exception as caught:
        error = type(caught).__name__
    finally:
        sys.settrace(tracer)
    assert kept
    return space, before, identities, error


def repr_of(value):
    try:
        text = shallow.repr(value)
    except Exception:
        text = "?"
    return re.sub(r" at 0x[0-9a-f]+|<module.*", "", text)[:2000]


@relaxed
@given(programs())
@example("def f(*x): return b\nc = f\nb = 1")
@example("for a in [1, 2]:\n    b = g()\n    def g(*x): return c\n    K = g")
@example("def g(*p):\n    return f()\nc = g\ndef f(*p):\n    return b\na = c()")
def test_running_shows_no_write_that_was_not_foretold(text):
    space, before, identities, error = run(text)
    found = analyzed(text)
    for key in NAMES:
        if key not in space:
            assert key in found.deletes, f"{key} is gone"
        elif id(space[key]) != identities[key]:
            assert key in found.writes, f"{key} was bound"
        elif repr_of(space[key]) != before[key]:
            assert key in found.mutates, f"{key} was changed"
    if error is None:
        for key in found.must_writes:
            assert key in space


@relaxed
@given(programs(), st.sets(st.sampled_from(NAMES), max_size=2))
def test_what_is_not_read_does_not_matter(text, changed):
    found = analyzed(text)
    # Functions of the start read names of their own: those count as read with them, as a recorded run has it.
    reads = {*found.reads, *found.strings} | ({"a"} if "g" in found.reads else set())
    free = [key for key in NAMES if key not in reads and key not in found.mutates]
    absent = [key for key in free if key not in changed]
    space, *_, error = run(text)
    assume(error != "endless")
    again, *_, second = run(text, without=absent, other=[key for key in free if key in changed])
    assert error == second
    for key in {*found.writes, *found.mutates}:
        sure = error is None and key in found.must_writes
        if key not in free or sure:
            assert (key in space) == (key in again)
        if key in space and key in again and (key not in free or sure):
            assert repr_of(space[key]) == repr_of(again[key]), key


@pytest.mark.py311
def test_the_judges_do_find_errors():
    loads, stores, deletes = used("def f():\n    global x\n    x = y\ndel z\nv: int = w")
    assert loads == {"y", "w", "int"}
    assert stores == {"x", "f", "v"}
    assert deletes == {"z"}
