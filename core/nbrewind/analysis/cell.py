"""`analyze`: a cell's source text to its `CellAnalysis`."""

from __future__ import annotations

import ast
from functools import lru_cache

from nbrewind.analysis import tables
from nbrewind.analysis.digest import code_digest, source_digest
from nbrewind.analysis.facts import identifiers
from nbrewind.analysis.parts import part_uses
from nbrewind.analysis.prelude import is_prelude
from nbrewind.analysis.transform import Parsed, Unparsable, parse
from nbrewind.analysis.walk import Walk
from nbrewind.model import CellAnalysis

_RUNS_TEXT = frozenset({"eval", "exec"})

__all__ = ["analyze", "imported_names", "source_digest"]


@lru_cache(maxsize=4096)
def analyze(source: str) -> CellAnalysis:
    """Return what a cell's text says that a run of it may do. Never raises, whatever the text."""
    try:
        parsed = parse(source)
    except Unparsable as caught:
        return CellAnalysis(code=code_digest("text " + source), opaque="the text does not parse", error=str(caught))
    except Exception as caught:
        words = f"{type(caught).__name__}: {caught}".rstrip(": ")
        return CellAnalysis(code=code_digest("text " + source), opaque="the text does not parse", error=words)
    try:
        return _analyze(parsed)
    except RecursionError:
        return _given_up(source, parsed, "the code is nested too deeply to be analysed")
    except Exception as caught:
        return _given_up(source, parsed, f"the analysis failed ({type(caught).__name__}: {caught})")


@lru_cache(maxsize=4096)
def imported_names(source: str) -> frozenset[str]:
    """Return the names that a cell binds to modules and to nothing else (``import numpy as np``)."""
    try:
        walk = Walk(parse(source))
        walk.walk()
    except Exception:
        return frozenset()
    return frozenset(walk.modules - walk.values)


def _analyze(parsed: Parsed) -> CellAnalysis:
    walk = Walk(parsed)
    walk.walk()
    body = parsed.tree.body
    own = bool(body) and walk.own == len(body)
    plain = not walk.opaque and not walk.magics and _RUNS_TEXT.isdisjoint(walk.calls)
    uses = part_uses(parsed.text, parsed.tree) if plain else {}
    return CellAnalysis(
        code=code_digest(walk.dump()),
        reads=_sorted(walk.reads - tables.BUILTINS),
        late_reads=_sorted(walk.late),
        writes=_sorted(walk.writes),
        must_writes=_sorted(walk.certain()),
        deletes=_sorted(walk.deletes),
        mutates=_sorted(walk.mutates()),
        parts={name: use for name, use in uses.items() if name not in walk.strings},
        strings=_sorted((walk.strings | (walk.reads & tables.BUILTINS)) - tables.KEYWORDS),
        keys=_sorted(walk.keys),
        calls=_sorted(walk.calls),
        attributes=_sorted(walk.attributes),
        imports=_sorted(walk.imports),
        magics=_sorted(walk.magics),
        opaque="" if own else walk.opaque,
        prelude=not own and is_prelude(body),
        own=own,
    )


def _given_up(source: str, parsed: Parsed, reason: str) -> CellAnalysis:
    """Return an analysis that claims nothing: every name in the text may be read and bound."""
    names = identifiers(parsed.tree)
    bound = _bound(parsed.tree)
    return CellAnalysis(
        code=code_digest("text " + source),
        reads=_sorted(names - tables.BUILTINS),
        late_reads=_sorted(names),
        writes=_sorted(bound),
        mutates=_sorted(names - tables.BUILTINS),
        strings=_sorted(names & tables.BUILTINS),
        opaque=reason,
    )


def _bound(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(getattr(node, "name", None), str):
            found.add(node.name)  # type: ignore[attr-defined]
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
    return found - {"*"}


def _sorted(names: set[str] | frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
