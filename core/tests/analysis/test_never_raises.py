"""No text makes the analysis raise, hang or warn."""

from __future__ import annotations

import pathlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbrewind
from nbrewind.analysis import analyze, cell, source_digest
from nbrewind.model import CellAnalysis

TOKENS = """
( ) [ ] { } : , . = + - * / % ! ? ?? @ ; # ' " \\ x 1 é ** := *= 0x 1e f'{ ''' %%time %time !ls In Out >>> ...: In[1]:
def class if for in lambda await async import as del with try: except except* match case type global nonlocal yield
"""
tokens = st.sampled_from([*TOKENS.split(), " ", "\n", "\n    ", "\t", "\r", "\0", "\x0c", "\ud800", "In [1]: "])


@pytest.mark.py311
@settings(deadline=None, max_examples=500)
@given(
    st.text()
    | st.lists(tokens, max_size=25).map("".join)
    | st.lists(tokens, max_size=25).map(" ".join)
    | st.binary().map(lambda data: data.decode("latin-1"))
)
def test_any_text(text):
    found = analyze(text)
    assert isinstance(found, CellAnalysis)
    assert "analysis failed" not in found.opaque
    assert not (found.error and not found.opaque)
    assert source_digest(text)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000,
        "x = " + "-" * 5000 + "1",
        "x = " + "[" * 150 + "]" * 150,
        "x" + ".a" * 3000,
        "x" + ".a()" * 2000,
        "x = " + "(" * 90 + "1" + ")" * 90,
        "x = " + " + ".join(["y"] * 5000),
        "if a: pass\n" + "elif a: x = 1\n" * 1500,
        "".join("    " * depth + "if a:\n" for depth in range(95)) + "    " * 95 + "x = 1",
        "x = 0x" + "f" * 10000,
        "x = " + "9" * 10000,
        "%%time\n" * 50 + "x = 1",
        "%time " * 300 + "x = 1",
        "lambda: " * 300 + "x",
        "f(" * 190 + ")" * 190,
    ],
)
def test_large_and_deep(source):
    started = time.perf_counter()
    found = analyze(source)
    assert time.perf_counter() - started < 20
    assert isinstance(found, CellAnalysis)
    assert "analysis failed" not in found.opaque
    if not found.error and "x = 1" in source and "%" not in source:
        assert "x" in found.writes


def test_ten_thousand_lines():
    source = "".join(f"x{i} = f(x{i - 1}, 'a')\nif x{i}:\n    x{i}.append({i})\n" for i in range(3000))
    started = time.perf_counter()
    found = analyze(source)
    assert len(found.writes) == 3000
    assert time.perf_counter() - started < 20


def test_code_that_is_too_deep_claims_nothing():
    found = analyze("y = x" + ".a()" * 400)
    assert "x" in found.reads
    assert "y" in found.writes


def test_own_sources_parse_without_falling_back():
    for path in pathlib.Path(nbrewind.__path__[0]).rglob("*.py"):
        found = cell._analyze(cell.parse(path.read_text()))
        assert found.writes or path.stat().st_size < 400
