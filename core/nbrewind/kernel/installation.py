"""Code that asks where packages are installed, only to read the data that lies there.

Where that is shows in nothing then, and a run that did so holds in another environment, too: the package's version is
an input of its own. It takes a proof from the code's text: from where the place is asked for, it may only become a
path, and the path may only be handed to what reads a file's content. All else tells: what is returned, kept, shown,
compared, or given to a function that is not known. Nothing is proved where an error may be caught: it names the path.
"""

from __future__ import annotations

import ast
import builtins
import dis
import importlib.util
import json
import os.path
import pathlib
import sys
import types
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from nbrewind.kernel.nature import real_names
from nbrewind.kernel.stores import CELL
from nbrewind.kernel.watch import names_of

if TYPE_CHECKING:
    from nbrewind.tasks.source import Definition

ASKING = frozenset(
    {
        *("find_spec", "submodule_search_locations", "__file__", "__path__", "get_paths", "getsitepackages"),
        *("prefix", "exec_prefix", "base_prefix", "executable", "resource_filename", "locate_file"),
    }
)
"""The words by which code learns where Python and its packages are installed."""
_RESOURCES = "files"
"""One more, if it is that of ``importlib.resources``."""
_TELLING = frozenset(
    {
        *("locals", "vars", "eval", "exec", "f_locals", "_getframe", "currentframe", "stack", "trace", "settrace"),
        *("exception", "exc_info", "last_exc", "last_value", "format_exc", "print_exc", "print_exception"),
        *("handle", "handles", "catch_warnings"),
    }
)
"""The words by which code may learn of what other code did, or of the errors and open files of that."""
_CATCHING = frozenset({"CHECK_EXC_MATCH", "JUMP_IF_NOT_EXC_MATCH", "CHECK_EG_MATCH"})
_OPERATORS = frozenset({"__truediv__", "__rtruediv__", "__add__", "__radd__", "__fspath__", "__format__", "__str__"})
"""Methods of the user's own that could get to see a path."""
_TO_PATHS = (pathlib.Path, pathlib.PurePath, str, os.fspath, os.path.join, os.path.dirname, os.path.normpath)
_PATH_ATTRIBUTES = frozenset({"parent", "origin"})
_PATH_METHODS = frozenset({"joinpath", "with_name", "with_suffix"})
_CONTENT_METHODS = frozenset({"read_text", "read_bytes"})
_FILE_METHODS = frozenset({"read", "readline", "readlines"})
_TABLES = ("read_csv", "read_table", "read_fwf", "read_json", "read_excel", "read_parquet", "read_feather", "read_ipc")
_READERS = {
    "pandas": frozenset(_TABLES),
    "polars": frozenset(_TABLES),
    "numpy": frozenset({"loadtxt", "genfromtxt", "fromfile"}),
}
"""By library, functions that read a file's content and keep nothing of where it lies."""
_FILE_OF_OPEN = os.path.join("IPython", "core", "interactiveshell.py")
Kind = Literal["", "path", "file"]


class _Tells(Exception):
    """The place may show in something."""


def asks(
    codes: Collection[types.CodeType], words: Collection[str], namespace: Mapping[str, object], source: str
) -> bool:
    """Whether where packages are installed may show in what a run made.

    Args:
        codes: what it ran, or may have run.
        words: the function and attribute names that it used.
        namespace: the variables, as they are.
        source: its cell's text.
    """
    if ASKING.isdisjoint(words) and _RESOURCES not in words:
        return False
    found: set[str] = set()
    for code in codes:
        asked = _asked(names_of((code,)) | real_names((code,), namespace), namespace)
        if asked and not _is_contained(code, namespace, source):
            return True
        found |= asked
    if not found:
        return not ASKING.isdisjoint(words)
    return (
        not found.issuperset(ASKING.intersection(words))
        or not _TELLING.isdisjoint(words)
        or any(code.co_name in _OPERATORS or _catches(code) for code in codes)
    )


def _asked(names: Collection[str], namespace: Mapping[str, object]) -> set[str]:
    found = set(ASKING.intersection(names))
    if _RESOURCES in names and ("resources" in names or _is_resources(namespace)):
        found.add(_RESOURCES)
    return found


def _is_resources(namespace: Mapping[str, object]) -> bool:
    files = _files_of_resources()
    return files is not None and any(value is files for value in namespace.values())


def _files_of_resources() -> object:
    module = sys.modules.get("importlib.resources")
    return vars(module).get(_RESOURCES) if module is not None else None


@lru_cache(maxsize=2048)
def _catches(code: types.CodeType) -> bool:
    return any(step.opname in _CATCHING for step in dis.get_instructions(code))


def _is_contained(code: types.CodeType, namespace: Mapping[str, object], source: str) -> bool:
    """Whether it is proved of a piece of code that the place shows in nothing."""
    from nbrewind.tasks.parts import Refused  # a kernel that asks for no place loads nothing of tasks
    from nbrewind.tasks.source import definition_of

    try:
        if code.co_filename != CELL:
            own = (*code.co_varnames, *code.co_cellvars, *code.co_freevars)
            _Flow(namespace, own, inner=True).follow(_body(definition_of(code)))
        elif code.co_name == "<module>":
            tree = ast.parse(source)
            _Flow(namespace, _bound(tree), inner=False).follow(tree.body)
        else:  # a function in it, which may have run: nothing has looked
            return False
    except (_Tells, Refused, SyntaxError, RecursionError):
        return False
    return True


def _bound(tree: ast.Module) -> set[str]:
    return {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}


def _body(node: Definition) -> list[ast.stmt]:
    return [ast.Return(node.body)] if isinstance(node, ast.Lambda) else node.body


class _Flow:
    """Follows the place through the statements of one scope; raises `_Tells` where it may show."""

    def __init__(self, namespace: Mapping[str, object], own: Collection[str], *, inner: bool) -> None:
        """``own``: names that may be bound to other things there; ``inner``: a function's, which end with it."""
        self._namespace, self._own, self._inner = namespace, own, inner
        self._names: dict[str, Kind] = {}

    def follow(self, body: Iterable[ast.stmt]) -> None:
        """Go through statements until no more variables have the place in them."""
        statements, before = list(body), -1
        while before != len(self._names):
            before = len(self._names)
            for one in statements:
                self._statement(one)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            self._keep(targets, self._kind(node.value))
        elif isinstance(node, ast.With):
            for item in node.items:
                self._keep([item.optional_vars] if item.optional_vars else [], self._file(item.context_expr))
            self._all(node.body)
        elif isinstance(node, ast.For) and self._kind(node.iter) == "file":
            self._plain(node.target)  # its lines
            self._all([*node.body, *node.orelse])
        elif isinstance(node, ast.Expr) and self._inner:
            self._kind(node.value)
        elif isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            pass
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global, ast.Nonlocal)):
            self._apart(node)
        else:
            self._children(node)

    def _all(self, body: Iterable[ast.stmt]) -> None:
        for one in body:
            self._statement(one)

    def _keep(self, targets: Iterable[ast.expr], kind: Kind) -> None:
        for target in targets:
            if not kind:
                self._plain(target)
            elif isinstance(target, ast.Name) and self._inner:
                self._names[target.id] = kind
            else:
                raise _Tells

    def _apart(self, node: ast.AST) -> None:
        """Accept what has a scope of its own, or makes names global, if the place is in none of its names.

        What a function asks for itself is looked at when it runs; what is around its body, or in a class, runs here.
        """
        names = _words(node) | set(getattr(node, "names", ()))
        body = getattr(node, "body", []) if not isinstance(node, ast.ClassDef) else []
        inside = {id(one) for part in (body if isinstance(body, list) else [body]) for one in ast.walk(part)}
        here = set().union(*(_words(one, deep=False) for one in ast.walk(node) if id(one) not in inside))
        if not names.isdisjoint(self._names) or not here.isdisjoint({*ASKING, _RESOURCES}):
            raise _Tells

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child)
            else:
                self._plain(child)

    def _plain(self, node: ast.AST) -> None:
        """Go through an expression that must not have the place in it."""
        if isinstance(node, ast.expr):
            if self._kind(node):
                raise _Tells
        else:
            self._children(node)

    def _kind(self, node: ast.expr) -> Kind:
        """Return what of the place is in the value of an expression."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            self._plain(node.slice)
            return self._path(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Add)):
            return self._path(node.left, node.right)
        if isinstance(node, ast.JoinedStr):
            return self._path(*(one.value for one in node.values if isinstance(one, ast.FormattedValue)))
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Lambda):
            self._apart(node)
            return ""
        self._children(node)
        return ""

    def _path(self, *nodes: ast.expr) -> Kind:
        """Return that there is a path, if one of some expressions is one."""
        kinds = {self._kind(one) for one in nodes}
        if "file" in kinds:
            raise _Tells
        return "path" if "path" in kinds else ""

    def _file(self, node: ast.expr) -> Kind:
        """Return that there is an open file, if an expression is one, and no path."""
        kind = self._kind(node)
        if kind == "path":
            raise _Tells
        return kind

    def _attribute(self, node: ast.Attribute) -> Kind:
        kind = self._path(node.value)
        if node.attr in ASKING:
            if not kind and not isinstance(self._known(node.value), types.ModuleType):
                raise _Tells
            return "path"
        if kind and node.attr not in _PATH_ATTRIBUTES:
            raise _Tells
        return kind

    def _call(self, node: ast.Call) -> Kind:
        known, arguments = self._known(node.func), [*node.args, *(one.value for one in node.keywords)]
        if known is not None and (known is importlib.util.find_spec or known is _files_of_resources()):
            self._no(arguments)
            return "path"
        if any(known is one for one in _TO_PATHS) and not node.keywords:
            return self._path(*node.args)
        if isinstance(node.func, ast.Attribute) and known is None and (kind := self._kind(node.func.value)):
            return self._method(node.func.attr, kind, arguments)
        opens = known is open or _is_open_of_ipython(known)
        if node.args and (opens or known is json.load or _reads(known)):
            self._no(arguments[1:])
            if opens:
                return "file" if self._path(arguments[0]) else ""
            self._kind(arguments[0])
            return ""
        self._no([node.func, *arguments])
        return ""

    def _method(self, name: str, kind: Kind, arguments: list[ast.expr]) -> Kind:
        if kind == "path" and name in _PATH_METHODS:
            return self._path(*arguments) or "path"
        self._no(arguments)
        if kind == "path" and name == "open":
            return "file"
        if name in (_CONTENT_METHODS if kind == "path" else _FILE_METHODS):
            return ""
        raise _Tells

    def _no(self, nodes: Iterable[ast.AST]) -> None:
        for one in nodes:
            self._plain(one)

    def _known(self, node: ast.expr) -> object:
        """Return the module, function or class that a global name stands for; None where it is not known."""
        if isinstance(node, ast.Name) and node.id not in self._own:
            return self._namespace.get(node.id, vars(builtins).get(node.id))
        if isinstance(node, ast.Attribute):
            held = self._known(node.value)
            return vars(held).get(node.attr) if type(held) is types.ModuleType else None
        return None


def _words(node: ast.AST, *, deep: bool = True) -> set[str]:
    """Return the names and attributes in a tree, or in its root alone."""
    found: set[str] = set()
    for one in ast.walk(node) if deep else (node,):
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
    return found


def _is_open_of_ipython(known: object) -> bool:
    """Whether it is the `open` that IPython puts before the builtin one in each shell."""
    return (
        type(known) is types.FunctionType
        and vars(known).get("__wrapped__") is open
        and _FILE_OF_OPEN in known.__code__.co_filename
    )


def _reads(known: object) -> bool:
    """Whether it is a function of a library that reads a file's content."""
    if type(known) not in (types.FunctionType, types.BuiltinFunctionType):
        return False
    return getattr(known, "__name__", "") in _READERS.get(_root(known), ())


def _root(known: object) -> str:
    return str(getattr(known, "__module__", "")).partition(".")[0]
