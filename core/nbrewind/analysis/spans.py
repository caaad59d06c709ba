"""Where in a cell's text the names of the user's namespace are read, bound and deleted."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from nbrewind.analysis.transform import Parsed, parse
from nbrewind.analysis.walk import Walk
from nbrewind.model import Span, Use

_PLACED = (ast.expr, ast.stmt, ast.excepthandler, ast.pattern, ast.alias, ast.arg, ast.keyword)
"""Nodes that the walk looks at and that have a place."""


@lru_cache(maxsize=64)
def spans(source: str) -> tuple[Span, ...]:
    """Return where names are used, in the order of the text; nothing for a text that does not parse. Never raises.

    What IPython makes of a line is no Python text of the user's: there, a name is where its word first stands.
    """
    try:
        finder = _Finder(source, parse(source))
        finder.walk()
    except Exception:
        return ()
    return tuple(sorted(finder.found, key=lambda span: (span.line, span.start, span.end, span.use)))


class _Finder(Walk):
    """Walks a cell and keeps where it stood. Places in the trees are those in the cell's text, in characters."""

    def __init__(self, source: str, parsed: Parsed) -> None:
        super().__init__(parsed)
        self.found: set[Span] = set()
        self._lines = source.split("\n")
        self._source = source
        self._node: ast.AST | None = None
        self._foreign = False
        """The tree that is walked has places of its own: those of an expression in a magic's line."""
        _place(parsed, source, self._lines, 0)

    def visit(self, node: ast.AST) -> None:
        """Walk a node."""
        outer = self._enter(node)
        super().visit(node)
        self._node = outer

    def bind(self, target: ast.expr, value: ast.expr | None, *, fixed: bool = False) -> None:
        """Walk an assignment's target."""
        outer = self._enter(target)
        super().bind(target, value, fixed=fixed)
        self._node = outer

    def pattern(self, node: ast.pattern, subject: ast.expr) -> None:
        """Walk a pattern."""
        outer = self._enter(node)
        super().pattern(node, subject)
        self._node = outer

    def _enter(self, node: ast.AST) -> ast.AST | None:
        outer = self._node
        if hasattr(node, "lineno") and not self._foreign:
            self._node = node
        return outer

    def _expression(self, text: str) -> None:
        self._foreign = True
        super()._expression(text)
        self._foreign = False

    def _code(self, text: str) -> Parsed | None:
        found = super()._code(text)
        if found is not None:
            _place(found, text, self._lines, max(self._source.find(text.rstrip("\n")), 0))
        return found

    def seen(self, name: str, use: Use) -> None:
        """Note that the name is used where the walk stands."""
        node = self._node
        if isinstance(node, ast.Name) and node.col_offset >= 0:
            assert node.end_col_offset is not None
            self.found.add(Span(name=name, use=use, line=node.lineno, start=node.col_offset, end=node.end_col_offset))
        elif node is not None:
            place = self._search(node, name)
            if place is not None:
                line, start, end = place
                self.found.add(Span(name=name, use=use, line=line, start=start, end=end))

    def _search(self, node: ast.AST, name: str) -> tuple[int, int, int] | None:
        """Return where a word first stands in the text of a node, after ``as`` or ``*`` if the node binds it there."""
        first, last = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
        before = ""
        if isinstance(node, ast.ExceptHandler) or (isinstance(node, ast.alias) and node.asname):
            before = r"\bas\s+"
        elif isinstance(node, ast.MatchMapping):
            before = r"\*\*\s*"
        word = re.compile(rf"{before}(?<!\w)({re.escape(name)})(?!\w)")
        for number in range(first, last + 1):
            at = max(node.col_offset, 0) if number == first else 0  # type: ignore[attr-defined]
            match = word.search(self._lines[number - 1], at)
            if match is not None:
                return number, *match.span(1)
        return None


def _place(parsed: Parsed, raw: str, lines: list[str], offset: int) -> None:
    """Give the nodes of a tree their places in the cell's text.

    ``raw``: what the tree was parsed from, before IPython's transformer; it stands in the cell's text at ``offset``.
    A node of a line that the transformer changed, or moved, has no column (-1).
    """
    before = "\n".join(lines)[:offset]
    base, indent = before.count("\n"), offset - (before.rfind("\n") + 1)
    texts, raws = parsed.text.rstrip("\n").split("\n"), raw.rstrip("\n").split("\n")
    aligned = len(texts) == len(raws)
    shifts = [old.find(new) if aligned else -1 for old, new in zip(raws, texts, strict=False)]

    def column(line: int, at: int) -> int:
        shift = shifts[line - 1] if line <= len(shifts) else -1
        if shift < 0:
            return -1
        return len(texts[line - 1].encode()[:at].decode(errors="replace")) + shift + (indent if line == 1 else 0)

    limit = len(lines)
    for node in (node for node in ast.walk(parsed.tree) if isinstance(node, _PLACED)):
        end = node.end_lineno or node.lineno
        node.col_offset = column(node.lineno, node.col_offset)
        node.end_col_offset = column(end, node.end_col_offset or 0)
        if not aligned:
            node.lineno, end = 1, len(raws)
        node.lineno, node.end_lineno = min(node.lineno + base, limit), min(end + base, limit)
