"""What values are: their parts, their forms, and copies of them, by a walk of our own."""

from __future__ import annotations

import contextlib
import gc
import types
from collections.abc import Iterable
from typing import Any

ATOMS = (int, str, float, bool, type(None))
PLAIN = (list, dict, tuple, types.FunctionType, types.CellType)
"""What can be copied, besides atoms; all else can't be loaded."""


def parts(value: Any) -> list[Any]:
    """Return the mutable insides of a value that a walk goes on with."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, types.FunctionType):
        contents = []
        for cell in value.__closure__ or ():
            with contextlib.suppress(ValueError):
                contents.append(cell.cell_contents)
        return [*(value.__defaults__ or ()), *contents]
    if isinstance(value, (*ATOMS, types.CellType, types.BuiltinFunctionType, types.CodeType, types.FrameType, type)):
        return []
    return gc.get_referents(value)


def shared(value: Any, cut: int) -> dict[int, Any]:
    """Return everything that a value reaches and that can be changed in place, by id."""
    found: dict[int, Any] = {}
    todo = [value]
    while todo:
        item = todo.pop()
        if (
            isinstance(item, (*ATOMS, types.BuiltinFunctionType, types.CodeType, types.FrameType, type))
            or id(item) in found
            or id(item) == cut
        ):
            continue
        if isinstance(item, types.FunctionType):
            for cell in item.__closure__ or ():
                found[id(cell)] = cell
            if any(not isinstance(part, ATOMS) for part in parts(item)):
                found[id(item)] = item
        elif not isinstance(item, tuple):
            found[id(item)] = item
        todo += parts(item)
    return found


def form(value: Any, seen: dict[int, int]) -> str:
    """Return a canonical text of a value; what was seen before is named by its number."""
    if isinstance(value, ATOMS):
        return repr(value)
    if isinstance(value, tuple):
        return "(" + ",".join(form(item, seen) for item in value) + ")"
    if isinstance(value, (types.BuiltinFunctionType, type)):
        return value.__qualname__
    if id(value) in seen:
        return f"#{seen[id(value)]}"
    seen[id(value)] = len(seen)
    if isinstance(value, list):
        return "[" + ",".join(form(item, seen) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{form(item, seen)}" for key, item in value.items()) + "}"
    if isinstance(value, types.FunctionType):
        cells = [f"{seen.setdefault(id(cell), len(seen))}={form_cell(cell, seen)}" for cell in value.__closure__ or ()]
        return f"function({form_code(value.__code__)},{form(value.__defaults__ or (), seen)},{cells})"
    return "?"


def form_cell(cell: types.CellType, seen: dict[int, int]) -> str:
    try:
        return form(cell.cell_contents, seen)
    except ValueError:
        return "empty"


def form_code(code: types.CodeType) -> str:
    consts = [form_code(item) if isinstance(item, types.CodeType) else repr(item) for item in code.co_consts]
    return f"{code.co_code.hex()}{code.co_names}{code.co_varnames}{code.co_freevars}{consts}"


def codes(code: types.CodeType) -> Iterable[types.CodeType]:
    yield code
    for item in code.co_consts:
        if isinstance(item, types.CodeType):
            yield from codes(item)


def global_names(value: Any, cut: int) -> tuple[str, ...]:
    """Return the global names that functions inside a value use."""
    functions = [value, *shared(value, cut).values()]
    if isinstance(value, (list, tuple, dict)):
        functions += parts(value)
    todo, found, seen = list(functions), set(), set()
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, types.FunctionType):
            for code in codes(item.__code__):
                found.update(code.co_names)
        if isinstance(item, types.GeneratorType) and item.gi_frame is not None:
            for code in codes(item.gi_frame.f_code):
                found.update(code.co_names)
        todo += parts(item)
    return tuple(sorted(found))


def copied(value: Any, memo: dict[int, Any], namespace: dict[str, Any]) -> Any:
    """Copy a value deeply; its functions use ``namespace``."""
    if isinstance(value, (*ATOMS, types.BuiltinFunctionType, type)):
        return value
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, tuple):
        return tuple(copied(item, memo, namespace) for item in value)
    if isinstance(value, list):
        fresh = memo[id(value)] = []
        fresh.extend(copied(item, memo, namespace) for item in value)
        return fresh
    if isinstance(value, dict):
        table = memo[id(value)] = {}
        table.update((key, copied(item, memo, namespace)) for key, item in value.items())
        return table
    assert isinstance(value, types.FunctionType), value
    cells, full = [], []
    for cell in value.__closure__ or ():
        if id(cell) not in memo:
            memo[id(cell)] = types.CellType()
            full.append(cell)
        cells.append(memo[id(cell)])
    made = types.FunctionType(value.__code__, namespace, value.__name__, None, tuple(cells) or None)
    memo[id(value)] = made
    made.__defaults__ = copied(value.__defaults__, memo, namespace) if value.__defaults__ else None
    for cell in full:
        with contextlib.suppress(ValueError):
            memo[id(cell)].cell_contents = copied(cell.cell_contents, memo, namespace)
    return made
