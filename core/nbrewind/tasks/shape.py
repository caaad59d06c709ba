"""What the text of one function says: its digest, what it reads, and what of it can't be followed.

Decided once for each code object.
"""

from __future__ import annotations

import ast
import copy
import dis
import types
import weakref
from collections.abc import Iterator
from typing import NamedTuple

from nbrewind.analysis.digest import code_digest, dump
from nbrewind.analysis.facts import identifiers
from nbrewind.analysis.scopes import dotted
from nbrewind.analysis.tables import FRAME_METHODS, INPUT_NAMES, OPAQUE_ATTRIBUTES

from .marks import marks_of_words
from .order import Blind, blind_parameters
from .parts import Mark, Refused
from .source import Definition, definition_of

Path = tuple[str, ...]
"""Attributes that are taken one after another."""

_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_GLOBAL"})
_IMPLIED = frozenset({"__name__", "__annotations__", "__conditional_annotations__"})
"""Names that the body of a class looks up without spelling them out."""
_BY_TEXT = frozenset({"delattr", "dir", "getattr", "hasattr", "setattr", "vars"})
_DOCUMENTATION = frozenset({"__doc__", "doctest", "getdoc", "help", "inspect", "pydoc"})
_ORDER = frozenset({"__dict__", "getmembers", "vars"})
_OPAQUE = {
    **OPAQUE_ATTRIBUTES,
    "__code__": "it looks at code itself",
    "__import__": "it imports a module by a computed name",
    "import_module": "it imports a module by a computed name",
    "findsource": "it reads source texts",
    "getcomments": "it reads source texts",
    "getsource": "it reads source texts",
    "getsourcelines": "it reads source texts",
    "get_objects": "it looks at all objects",
    "get_referrers": "it looks at all objects",
    "dis": "it looks at code itself",
    "exec_module": "it runs a file",
    "reload": "it runs a file",
    "run_module": "it runs a file",
    "run_path": "it runs a file",
}


class Shape(NamedTuple):
    """What the text of a function says."""

    plain: str
    """The digest without docstrings, decorators, defaults: what can be seen of these is in the function itself."""
    documented: str
    """The same with the docstrings of what it defines inside."""
    reads: tuple[tuple[str, tuple[Path, ...]], ...]
    """Global names that it looks up, with the attributes that it takes of them."""
    computed: frozenset[tuple[str, Path]]
    """Of these, what it takes attributes of whose names are no constants there."""
    imports: tuple[str, ...]
    """Modules that it imports when it runs."""
    texts: frozenset[str]
    """Words in its texts that functions such as ``query`` may look up here."""
    marks: frozenset[Mark]
    blind: tuple[Blind, ...]
    documents: bool
    """Whether it may read docstrings."""
    orders: bool
    """Whether it may see in which order a class has its members."""


_shapes: dict[int, tuple[weakref.ref[types.CodeType], Shape]] = {}


def shape_of(code: types.CodeType) -> Shape:
    """Return what the text of a function says; raise `Refused` if that is not all that it may read."""
    known = _shapes.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    shape = _shape(code, definition_of(code))
    key = id(code)
    _shapes[key] = (weakref.ref(code, lambda _: _shapes.pop(key, None)), shape)
    return shape


def _shape(code: types.CodeType, node: Definition) -> Shape:
    bare = _bare(node)
    loaded = set(_loaded(code))
    reader = _Reader(loaded)
    reader.visit(bare)
    words = reader.words | loaded
    named = {text for text in reader.texts if text.startswith(("__", "f_"))}  # getattr(f, "__globals__")
    for word in sorted(_OPAQUE.keys() & (words | named)):
        raise Refused(f"`{code.co_name}` can't be followed: {_OPAQUE[word]} (`{word}`)")
    for word in sorted(INPUT_NAMES & loaded):
        raise Refused(f"`{code.co_name}` asks for input (`{word}`)")
    if "__main__" in words or "__main__" in reader.texts:
        raise Refused(f"`{code.co_name}` can't be followed: it takes `__main__` by its name")
    texts = reader.frame_texts(code.co_name)
    for name in loaded - reader.names - _IMPLIED:
        reader.paths.add((name, ()))  # private names of classes
    reads: dict[str, list[Path]] = {}
    for name, path in sorted(reader.paths):
        reads.setdefault(name, []).append(path)
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    return Shape(
        plain=code_digest(dump(bare, dict.fromkeys(_docstrings(bare), ()))),
        documented=code_digest(dump(bare, dict.fromkeys(_docstrings(bare, inside=False), ()))),
        reads=tuple((name, tuple(paths)) for name, paths in reads.items()),
        computed=frozenset(reader.computed),
        imports=tuple(sorted(reader.imports)),
        texts=texts,
        marks=marks_of_words(words),
        blind=blind_parameters(bare, set(code.co_varnames[:count]) - texts),
        documents=not _DOCUMENTATION.isdisjoint(words),
        orders=not _ORDER.isdisjoint(words),
    )


def _bare(node: Definition) -> Definition:
    """Return a function without what ran when it was defined: the object that came of it has that by value."""
    bare = copy.copy(node)
    bare.args = copy.copy(node.args)
    bare.args.defaults, bare.args.kw_defaults = [], []
    if not isinstance(bare, ast.Lambda):
        bare.decorator_list = []
    return bare


def _docstrings(node: ast.AST, *, inside: bool = True) -> Iterator[int]:
    """Yield the ids of statements that are docstrings: the function's own, and those of what it defines inside."""
    for child in ast.walk(node) if inside else (node,):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = child.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and type(first.value.value) is str:
                yield id(first)


def _loaded(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that code looks up, at any depth; in classes, those that may be global."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname in _LOADS)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _loaded(constant)


class _Reader(ast.NodeVisitor):
    """Collects what a function's tree uses."""

    def __init__(self, loaded: set[str]) -> None:
        self.loaded = loaded
        self.names: set[str] = set()
        self.paths: set[tuple[str, Path]] = set()
        self.computed: set[tuple[str, Path]] = set()
        self.imports: set[str] = set()
        self.words: set[str] = set()
        self.texts: set[str] = set()
        self._frame_calls: list[ast.Call] = []

    def visit_Name(self, node: ast.Name) -> None:
        self.names.add(node.id)
        if node.id in self.loaded:
            self.paths.add((node.id, ()))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        base, path = self._path(node)
        self.words.update(path)
        if isinstance(base, ast.Name) and base.id in self.loaded:
            self.names.add(base.id)
            self.paths.add((base.id, path))
        else:
            self.visit(base)

    def visit_Call(self, node: ast.Call) -> None:
        name = dotted(node.func)
        if isinstance(node.func, ast.Name) and node.func.id in _BY_TEXT and node.args:
            base, path = self._path(node.args[0])
            told = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
            if isinstance(base, ast.Name) and base.id in self.loaded and not told:
                self.computed.add((base.id, path))
        last = name.rpartition(".")[2] or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        if last in FRAME_METHODS or any(name.endswith("." + known) or name == known for known in _DOTTED):
            self._frame_calls.append(node)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports.add(alias.name)
            self.words.update(alias.name.split("."))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.imports.update(f"{module}:{alias.name}" for alias in node.names)
        self.words.update((*module.split("."), *(alias.name for alias in node.names)))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.add(node.value)

    @staticmethod
    def _path(node: ast.expr) -> tuple[ast.expr, Path]:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        return node, tuple(reversed(parts))

    def frame_texts(self, name: str) -> frozenset[str]:
        """Return the words of texts that are looked up in this function's frame; raise `Refused` if one is computed."""
        found: set[str] = set()
        for call in self._frame_calls:
            given = [*call.args[:1], *(word.value for word in call.keywords)]
            for text in given:
                if not isinstance(text, ast.Constant):
                    raise Refused(
                        f"`{name}` can't be followed: `{ast.unparse(call.func)}` may look up names of any text"
                    )
                found |= identifiers(text)
        return frozenset(found)


_DOTTED = tuple(name for name in FRAME_METHODS if "." in name)
