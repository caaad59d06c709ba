"""The digest of normalised code: equal for two texts that differ in comments, blank lines and layout only.

The dump is our own, not `ast.dump`: it says the same on every Python that parses the text. Fields that a newer Python
added are left out where they are empty, so is what the position of a node implies.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from blake3 import blake3

Part = ast.AST | str
"""A tree, or text as it goes into a dump."""

_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_fields: dict[type[ast.AST], tuple[str, ...]] = {}


def source_digest(source: str) -> str:
    """Return ``src:HEX`` over the exact text."""
    return "src:" + _hash(source)


def code_digest(dump: str) -> str:
    """Return ``code:HEX`` over a dump."""
    return "code:" + _hash(dump)


def _hash(text: str) -> str:
    return blake3(text.encode("utf-8", "surrogatepass")).hexdigest(length=16)


def dump(tree: ast.AST, replaced: Mapping[int, Sequence[Part]] | None = None) -> str:
    """Return a text that two trees share only if they mean the same.

    ``replaced`` has what stands in for some nodes (by `id`): texts, and trees.
    """
    found: list[str] = []
    # What is still to be written, last first. Not recursive: depth must not decide what the digest is.
    todo: list[Part] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            found.append(node)
            continue
        kind = type(node)
        if replaced and id(node) in replaced:
            todo += reversed(replaced[id(node)])
            continue
        if isinstance(node, ast.Name):
            found.append("N" + node.id + ";")
            continue
        if isinstance(node, ast.Constant):
            found.append("C" + constant(node.value) + ";")
            continue
        if isinstance(node, ast.JoinedStr):
            node = _merged(node)
        names = _fields.get(kind)
        if names is None:
            names = _fields[kind] = tuple(name for name in kind._fields if name not in _SKIPPED)
        found.append("(" + kind.__name__)
        todo.append(")")
        for name in reversed(names):
            value = getattr(node, name, None)
            if value is None or value == []:
                continue
            if isinstance(value, list):
                todo.append("]")
                todo += [item if isinstance(item, ast.AST) else "V" + constant(item) + ";" for item in reversed(value)]
                todo.append("[")
            else:
                todo.append(value if isinstance(value, ast.AST) else "V" + constant(value) + ";")
            todo.append(" " + name + "=")
    return "".join(found)


def constant(value: object) -> str:
    """Return a constant with its type: ``1``, ``1.0`` and ``True`` are equal, but not the same code."""
    if isinstance(value, int) and not isinstance(value, bool):
        return "i" + hex(value)
    return type(value).__name__ + " " + repr(value)


def _merged(node: ast.JoinedStr) -> ast.JoinedStr:
    """Join neighbouring texts of an f-string, drop empty ones and empty format specs: Pythons differ in them."""
    values: list[ast.expr] = []
    for value in node.values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            if not value.value:
                continue
            last = values[-1] if values else None
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                values[-1] = ast.Constant(last.value + value.value)
                continue
        elif isinstance(value, ast.FormattedValue) and isinstance(value.format_spec, ast.JoinedStr):
            spec = _merged(value.format_spec)
            value = ast.FormattedValue(value.value, value.conversion, spec if spec.values else None)
        values.append(value)
    return ast.JoinedStr(values)


def quiet(text: str, tree: ast.Module) -> bool:
    """Whether a semicolon after the last expression keeps IPython from showing its value."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr) or ";" not in text:
        return False
    last = tree.body[-1]
    lines = re.split(r"\r\n?|\n", text)
    row = (last.end_lineno or 1) - 1
    if row >= len(lines):
        return False
    rest = lines[row].encode("utf-8", "surrogatepass")[last.end_col_offset or 0 :].decode("utf-8", "replace")
    return any(";" in line.partition("#")[0] for line in (rest, *lines[row + 1 :]))


def module(text: str, tree: ast.Module) -> list[Part]:
    """Return what the dump of a whole text is made of."""
    return ["quiet " if quiet(text, tree) else "", tree]
