"""Is a cell a prelude: imports, options and definitions only, cheap, and run again in every new kernel?"""

from __future__ import annotations

import ast
import re
from enum import Enum

from nbrewind.analysis.scopes import arguments, dotted

_CALLS = re.compile(
    r"""
    (?:pd|pandas)\.(?:set_option|reset_option|plotting\.register_matplotlib_converters)
    | (?:np|numpy)\.(?:set_printoptions|seterr)
    | (?:plt|matplotlib\.pyplot)\.(?:style\.use|rc|rcdefaults|ion|ioff|rcParams\.update|switch_backend|set_cmap)
    | (?:mpl|matplotlib)\.(?:rc|rcdefaults|use|style\.use|rcParams\.update)
    | (?:sns|seaborn)\.set(?:_theme|_style|_palette|_context|_color_codes)?
    | warnings\.(?:filterwarnings|simplefilter)
    | logging\.(?:basicConfig|captureWarnings|disable)
    | (?:logging\.)?getLogger\.(?:setLevel)
    | locale\.setlocale
    | sys\.path\.(?:insert|append)
    | (?:pl|polars)\.Config\.\w+
    | torch\.set_(?:printoptions|default_dtype)
    | sklearn\.set_config | set_config
    | alt\.(?:data_transformers|renderers)\.\w+
    | hv\.extension
    | filterwarnings | simplefilter
    | set_matplotlib_formats | register_matplotlib_converters | init_notebook_mode | output_notebook
    | (?:matplotlib_inline\.)?backend_inline\.set_matplotlib_formats
    """,
    re.VERBOSE,
)
_TARGETS = re.compile(
    r"""
    (?:pd|pandas)\.options(?:\.\w+)+
    | (?:(?:plt|mpl|matplotlib|matplotlib\.pyplot)\.)?rcParams
    | pio\.templates\.default | pio\.renderers\.default
    | (?:IPython\.core\.interactiveshell\.)?InteractiveShell\.ast_node_interactivity
    """,
    re.VERBOSE,
)
_MAGICS = frozenset({"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "aimport", "precision", "xmode"})
_CALLABLE_DEFINITIONS = frozenset({"TypeVar", "ParamSpec", "NewType", "namedtuple", "TypeVarTuple"})


class Part(Enum):
    """What a statement makes of its cell."""

    NO = 0
    """No prelude."""
    TOLERATED = 1
    YES = 2
    """Import, option or definition."""


def is_prelude(body: list[ast.stmt]) -> bool:
    """Whether a cell of these statements is a prelude."""
    found = Part.TOLERATED
    for node in body:
        part = _part(node)
        if part is Part.NO:
            return False
        if part is Part.YES:
            found = part
    return found is Part.YES


def _part(node: ast.stmt) -> Part:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return Part.YES
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _yes(_cheap_function(node))
    if isinstance(node, ast.ClassDef):
        return _yes(_cheap_class(node))
    if isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Constant):
            return Part.TOLERATED
        return _yes(isinstance(node.value, ast.Call) and _option_call(node.value))
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return _assignment(node)
    if isinstance(node, ast.Pass):
        return Part.TOLERATED
    if isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING":
        return _yes(all(_part(item) is not Part.NO for item in (*node.body, *node.orelse)))
    if isinstance(node, ast.Try):
        parts = [*node.body, *node.orelse, *node.finalbody, *(item for case in node.handlers for item in case.body)]
        types = all(case.type is None or _plain(case.type) for case in node.handlers)
        return _yes(types and all(_part(item) is not Part.NO for item in parts))
    if type(node).__name__ == "TypeAlias":
        return Part.YES
    return Part.NO


def _yes(condition: bool) -> Part:
    return Part.YES if condition else Part.NO


def _assignment(node: ast.Assign | ast.AnnAssign) -> Part:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if isinstance(node, ast.AnnAssign) and not _plain(node.annotation):
        return Part.NO
    options = all(_option_target(target) for target in targets)
    if options:
        return _yes(node.value is not None and _plain(node.value))
    if not all(isinstance(target, (ast.Name, ast.Tuple)) for target in targets):
        return Part.NO
    value = node.value
    if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in _CALLABLE_DEFINITIONS:
        return _yes(all(_plain(part) for part in _arguments(value)))
    return Part.TOLERATED if value is None or _constant(value) else Part.NO


def _option_target(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _constant(node.slice) and _TARGETS.fullmatch(dotted(node.value)) is not None
    return isinstance(node, ast.Attribute) and _TARGETS.fullmatch(dotted(node)) is not None


def _option_call(node: ast.Call) -> bool:
    name = dotted(node.func)
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        inner = node.func.value
        shell = dotted(inner.func) == "get_ipython" and node.func.attr == "run_line_magic"
        if shell:
            first = node.args[0] if node.args else None
            return isinstance(first, ast.Constant) and str(first.value).lstrip("%") in _MAGICS
        if not all(map(_plain, _arguments(inner))):
            return False
        name = f"{dotted(inner.func)}.{node.func.attr}"
    return _CALLS.fullmatch(name) is not None and all(map(_plain, _arguments(node)))


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def _cheap_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    defaults = [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]
    notes = [argument.annotation for argument in arguments(node.args) if argument.annotation is not None]
    notes += [node.returns] if node.returns is not None else []
    return all(map(_decorator, node.decorator_list)) and all(map(_plain, (*defaults, *notes)))


def _cheap_class(node: ast.ClassDef) -> bool:
    if not all(map(_decorator, node.decorator_list)):
        return False
    if not all(map(_plain, (*node.bases, *(keyword.value for keyword in node.keywords)))):
        return False
    return all(map(_cheap_member, node.body))


def _cheap_member(node: ast.stmt) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _cheap_function(node)
    if isinstance(node, ast.ClassDef):
        return _cheap_class(node)
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        value = node.value
        if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in ("field", "auto"):
            return all(map(_plain, _arguments(value)))
        note = not isinstance(node, ast.AnnAssign) or _plain(node.annotation)
        return note and (value is None or _plain(value))
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _decorator(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return bool(dotted(node.func)) and all(map(_plain, _arguments(node)))
    return bool(dotted(node))


def _constant(node: ast.expr) -> bool:
    """Whether an expression is a constant, or a collection of constants."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(map(_constant, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and _constant(key) for key in node.keys) and all(map(_constant, node.values))
    return isinstance(node, ast.Constant)


def _plain(node: ast.expr) -> bool:
    """Whether an expression is made of constants, names and their attributes: nothing is called."""
    if isinstance(node, (ast.Name, ast.Constant)):
        return True
    if isinstance(node, ast.Attribute):
        return bool(dotted(node))
    if isinstance(node, ast.Subscript):
        return _plain(node.value) and _plain(node.slice)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr) and _plain(node.left) and _plain(node.right)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(map(_plain, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and _plain(key) for key in node.keys) and all(map(_plain, node.values))
    return _constant(node)
