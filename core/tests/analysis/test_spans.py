"""Where names are used in a cell's text, judged by the places that the bytecode gives."""

from __future__ import annotations

import ast
import dis
import sys

import pytest
from analysis.test_oracles import IMPLICIT, codes, programs, relaxed
from hypothesis import example, given

from nbrewind.analysis import analyze, spans


def told(source):
    """Return every use as ``name use text-found line``."""
    lines = source.split("\n")
    return [(span.name, span.use, span.line, lines[span.line - 1][span.start : span.end]) for span in spans(source)]


@pytest.mark.py311
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = x + x", "1w:y 1r:x 1r:x"),
        ("x += 1", "1r:x 1w:x"),
        ("import os.path\nimport numpy as np\nfrom a import b as c, d", "1w:os 2w:np 3w:c 3w:d"),
        ("@deco\ndef f(a=d):\n    return g(a)", "1r:deco 2w:f 2r:d 3r:g"),
        ("class K(B):\n    v = w\n    u = v", "1w:K 1r:B 2r:w"),
        ("try:\n    f()\nexcept e as e:\n    h(e)", "2r:f 3r:e 3w:e 4r:h 4r:e"),
        ("with o(x) as x:\n    pass", "1r:o 1r:x 1w:x"),
        ("for i in i:\n    del i", "1w:i 1r:i 2d:i"),
        ("match m:\n    case {'k': v, **rest}:\n        pass\n    case [A(), *b] as c:\n        pass", None),
        ("(n := z)", "1w:n 1r:z"),
        ("def f():\n    global g\n    g = 1", "1w:f 3w:g"),
        ("[k for k in ks if k in t]", "1r:ks 1r:t"),
        ("grün = größe; grün", "1w:grün 1r:größe 1r:grün"),
        ("x = 'größe' + größe", "1w:x 1r:größe"),
        ("%time x = f(y)", "1w:x 1r:f 1r:y"),
        ("a = 1\n%time x = f(a)\nprint(x)", "1w:a 2w:x 2r:f 2r:a 3r:print 3r:x"),
        ("%%time\nx = 1\ny = x", "2w:x 3w:y 3r:x"),
        ("%%capture out\n%time x = y", "1w:out 2w:x 2r:y"),
        ("!ls {d}/x", "1r:d"),
        ("  a = b\n  c = a", "1w:a 1r:b 2w:c 2r:a"),
        ("x = = 1", ""),
        ("", ""),
    ],
)
def test_where_names_are_used(source, expected):
    found = told(source)
    assert all(name == text for name, _, _, text in found)
    if expected is None:
        expected = "1r:m 2w:v 2w:rest 4r:A 4w:b 4w:c"
    assert sorted(f"{line}{use[0]}:{name}" for name, use, line, _ in found) == sorted(expected.split())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the bytecode tells no columns before Python 3.11")
@relaxed
@given(programs())
@example("a = (lambda b: a)\nfor a in [b]:\n    del b")
def test_bytecode_places_are_the_same(text):
    lines = text.split("\n")
    found = {(span.name, span.use[0], span.line, span.start) for span in spans(text)}
    for span in spans(text):
        assert lines[span.line - 1][span.start : span.end] == span.name
    kinds = {"LOAD": "r", "STORE": "w", "DELETE": "d"}
    top = compile(text, "<p>", "exec", optimize=0, dont_inherit=True)
    for code in codes(top):
        for step in dis.get_instructions(code):
            action, _, where = step.opname.partition("_")
            place = step.positions
            if where not in ("NAME", "GLOBAL") or action not in kinds or step.argval in IMPLICIT:
                continue
            own = code is not top and where == "NAME"  # a class's
            implicit = action == "DELETE" and "except" in text  # at the end of an ``except``
            if own or implicit or place is None or place.lineno is None:
                continue
            if lines[place.lineno - 1][place.col_offset : place.end_col_offset] == step.argval:
                assert (step.argval, kinds[action], place.lineno, place.col_offset) in found


@relaxed
@given(programs())
def test_every_name_of_the_analysis_has_a_place(text):
    found = analyze(text)
    used = {use: {span.name for span in spans(text) if span.use == use} for use in ("read", "write", "delete")}
    assert set(found.reads) <= used["read"] | used["delete"]
    assert set(found.writes) <= used["write"]
    texts = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    assert set(found.late_reads) <= used["read"] | used["delete"] | texts
