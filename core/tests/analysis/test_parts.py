"""Names that a text uses only through constant keys."""

from __future__ import annotations

import pytest

from nbrewind.analysis import analyze
from nbrewind.model import PartUse


@pytest.mark.py311
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("print(d['a'])", {"d": PartUse(reads=("a",))}),
        ("d['a'] = 1", {"d": PartUse(sets=("a",))}),
        ("d['c'] = d['a'] + d['b']", {"d": PartUse(reads=("a", "b"), sets=("c",))}),
        ("x = d['a']", {"d": PartUse(reads=("a",))}),
        ("for d['a'] in range(3): pass", {"d": PartUse(sets=("a",))}),
        ("d['a'], d['b'] = 1, 2", {"d": PartUse(sets=("a", "b"))}),
        ("d['a']['b'] = 1", {"d": PartUse(reads=("a",))}),
        ("[d['a'] for i in range(3)]", {"d": PartUse(reads=("a",))}),
        ("f(d['a'])\ndef g(): return 1", {"d": PartUse(reads=("a",))}),
    ],
)
def test_told_apart(text: str, expected: dict[str, PartUse]) -> None:
    assert analyze(text).parts == expected


@pytest.mark.py311
@pytest.mark.parametrize(
    "text",
    [
        "d[k]",
        "d[1]",
        "d[True]",
        "d['a':'b']",
        "d['a', 'b']",
        "d['a']; len(d)",
        "d['a'] += 1",
        "del d['a']",
        "d = {}; d['a'] = 1",
        "d['a']; d.update(b=1)",
        "def f(): return d['a']",
        "lambda: d['a']",
        "class A: x = d['a']",
        "d['a']\ndef f(): return d",
        "d['a']\ndef f():\n    global d\n    d = 1",
        "d['a']\nimport d",
        "d['a']\nwith open('x') as d: pass",
        "d['a']\ntry: pass\nexcept ValueError as d: pass",
        "d['a']\nmatch x:\n    case {'y': 1, **d}: pass",
        "d['a']\nmatch x:\n    case [*d]: pass",
        "d['a']; (d := 3)",
        "d['a']; [1 for d in x]",
        "d['a']; exec('d.clear()')",
        "d['a']; df.query('x > @d')",
        "%time d['a']",
        "d['a']\n!echo {d}",
    ],
)
def test_not_told_apart(text: str) -> None:
    assert "d" not in analyze(text).parts
