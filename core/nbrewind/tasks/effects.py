"""What code does to the process that it runs in, by its names: an answer from a record would leave that out.

Only asked where tasks run in the process of the notebook. Changes of what a task is given, or of what its code reads,
are not found here: they change its key.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from nbrewind.state.attributes import attributes, slots
from nbrewind.state.kinds import module_of, root_of
from nbrewind.state.places import is_user_code

from .owned import is_local

_SETS = {
    "STORE_GLOBAL": "the global name",
    "DELETE_GLOBAL": "the global name",
    "STORE_DEREF": "the variable",
    "DELETE_DEREF": "the variable",
}
MOST = 20_000
"""Objects that are looked at."""
_FLAT = frozenset({int, float, complex, bool, bytes, str, bytearray, type(None)})
_WHOLE = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.CodeType)
"""What is looked at in another way, or leads nowhere."""
_DATA = frozenset({"builtins", "datetime", "decimal", "fractions", "numpy", "pandas", "pathlib", "pyarrow", "uuid"})
"""Packages whose objects hold data."""
_PRINTS = frozenset({"print", "pprint", "display", "stdout", "stderr", "warn", "tqdm", "input", "breakpoint"})


class _Code(NamedTuple):
    names: tuple[str, ...]
    effect: str


def effect_of(called: Any) -> str:
    """Return in words what a function, or one that it calls, does to its process; empty if nothing is seen.

    Args:
        called: the function, or what holds it: a tuple of it with what it is given, which may be functions, too.
    """
    seen: dict[int, Any] = {}
    todo = [called]
    while todo:
        found = todo.pop()
        if id(found) in seen:
            continue
        seen[id(found)] = found
        if len(seen) > MOST:
            return "it is given more than can be looked at"
        if isinstance(found, functools.partial):
            todo += [found.func, *found.args, *found.keywords.values()]
        elif isinstance(found, (list, tuple, set, frozenset)):
            todo += [] if set(map(type, found)) <= _FLAT else found
        elif isinstance(found, dict):
            todo += [] if set(map(type, found.values())) <= _FLAT else found.values()
        elif isinstance(found, types.MethodType):
            todo.append(found.__func__)
        elif isinstance(found, type) and is_local(found.__module__):
            todo += [getattr(each, "__func__", each) for each in vars(found).values()]
            todo += found.__bases__
        elif isinstance(found, types.FunctionType):
            if is_user_code(found.__code__.co_filename):
                code = _look_at(found.__code__)
                if code.effect:
                    return code.effect
                todo += _reached(found, code.names)
            todo += _held(found)  # a decorator of a package holds a function of the user's
        elif found is print:
            return "it prints"
        elif not isinstance(found, _WHOLE) and root_of(module_of(type(found))) not in _DATA:
            todo += [type(found), *attributes(found).values(), *slots(found).values()]
    return ""


def _reached(function: types.FunctionType, names: tuple[str, ...]) -> Iterator[Any]:
    """Yield what a function's code may call by its names."""
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, types.ModuleType):
            if is_local(value.__name__):
                yield from (vars(value)[inner] for inner in names if inner in vars(value))
        elif callable(value):
            yield value


def _held(function: types.FunctionType) -> Iterator[Any]:
    """Yield what a function holds: what it encloses, and its defaults."""
    yield from (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is empty
            continue


@functools.lru_cache(maxsize=4096)
def _look_at(code: types.CodeType) -> _Code:
    names = list(code.co_names)
    prints = _PRINTS.intersection(names)
    if prints:
        return _Code((), f"it uses `{min(prints)}`")
    for instruction in dis.get_instructions(code):
        kind = _SETS.get(instruction.opname)
        if kind and (kind == "the global name" or instruction.argval in code.co_freevars):
            return _Code((), f"it sets {kind} `{instruction.argval}`")
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found = _look_at(inner)
            # What functions inside it set of its own is seen by nobody else.
            own = found.effect.startswith("it sets the variable") and found.effect.split("`")[1] in code.co_cellvars
            if found.effect and not own:
                return found
            names += found.names
    return _Code(tuple(dict.fromkeys(names)), "")
