"""The syntax tree of a function, proved by compiling it: its text must give the code that it has.

A text may have changed since, in its file or in `linecache`; two lambdas may stand in one line. So code is looked for
by what it does: a tree is only taken if it compiles to the very same bytecode, places apart.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import os
import tokenize
import types
from collections.abc import Iterator
from functools import lru_cache

from nbrewind.analysis.transform import silent
from nbrewind.state.code import canonical

from .parts import Refused

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
_MARK = 1 << 20
"""Lines from here on stand in no text: each marks one definition."""


def definition_of(code: types.CodeType) -> Definition:
    """Return the tree of the function or lambda that has this code; raise `Refused` if no text gives it."""
    texts = list(_texts(code.co_filename))
    if not texts:
        raise Refused(f"there is no source of `{code.co_name}`")
    for text in texts:
        found = _table(text, code.co_flags & _FUTURE).get(code.co_name, ())
        wanted = canonical(code)[0]
        equal = [(made, node) for made, node in found if canonical(made)[0] == wanted]
        if equal:
            # All of them do the same. Which one counts must not depend on what else is in the text.
            here = [node for made, node in equal if made.co_firstlineno == code.co_firstlineno]
            return min(here or [node for _, node in equal], key=ast.dump)
    raise Refused(f"the source of `{code.co_name}` is not what it was compiled from")


def _texts(filename: str) -> Iterator[str]:
    """Yield what is known as the text of a file: as it was when it was read before, and as it is."""
    known = linecache.cache.get(filename)
    if known is not None:
        yield "".join(known[2] if len(known) == 4 else linecache.getlines(filename))
    if os.path.isfile(filename):
        try:
            with tokenize.open(filename) as stream:
                yield stream.read()
        except (OSError, SyntaxError, UnicodeError):
            return


@lru_cache(maxsize=64)
def _table(text: str, flags: int) -> dict[str, list[tuple[types.CodeType, Definition]]]:
    """Return the code of all functions of a text, by name, each with its tree."""
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    found: dict[str, list[tuple[types.CodeType, Definition]]] = {}
    with silent():
        try:
            tree = compile(text, "", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
            plain = compile(tree, "", "exec", flags, dont_inherit=True)
            marked = _mark(tree)
            copy = compile(tree, "", "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return found
    for made, same in zip(_codes(plain), _codes(copy), strict=True):
        node = marked.get(same.co_firstlineno)
        if node is not None:
            found.setdefault(made.co_name, []).append((made, node))
    return found


def _mark(tree: ast.AST) -> dict[int, Definition]:
    """Give each definition a line of its own, which its code will bear."""
    marked: dict[int, Definition] = {}
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            line = _MARK + len(marked)
            marked[line] = node
            first = node.decorator_list[0] if not isinstance(node, ast.Lambda) and node.decorator_list else node
            for place in (node, first):
                place.lineno = place.end_lineno = line
                place.col_offset = place.end_col_offset = 0
    return marked


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)
