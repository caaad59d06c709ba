"""Writes through modules and classes (``string.mine = 5``), which no record of variables can bring back (rule 7).

Found in bytecode: the attribute and item stores of the cell and of the user's functions that it may have called, whose
target is reached by a global name that is a module, or a class that is not the user's. So are calls that change a list,
dictionary or set which is reached that way (``sys.argv.append``).
"""

from __future__ import annotations

import dis
import sys
import types
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from nbrewind.kernel.patches import Owner
from nbrewind.planning.trace import top_module
from nbrewind.state import held

STORES = frozenset({"STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR"})
_STORE_CODES = frozenset(dis.opmap[name] for name in STORES)
_ATTRIBUTE_CODES = frozenset({dis.opmap["STORE_ATTR"], dis.opmap["DELETE_ATTR"]})
ROOTS = frozenset({"LOAD_NAME", "LOAD_GLOBAL"})
ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
COPIES = ("COPY", "DUP_TOP")
OWNED = frozenset({"options", "rcParams", "environ", "filters"})
"""Attributes of modules that providers of ambient state look after."""

OWNED_CONTAINERS = OWNED | {"path"}
CONTAINERS = (list, dict, set, bytearray, deque)
CHANGING = frozenset(
    {"add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "insert"}
    | {"intersection_update", "pop", "popitem", "popleft", "remove", "reverse", "rotate", "setdefault", "sort"}
    | {"symmetric_difference_update", "update"}
)
"""Methods that change a container."""

EVERYWHERE = frozenset({"meta_path", "modules", "path_hooks"})
"""Containers in the module sys that matter to cells which do not use it, as its streams and hooks do."""

INDIRECT = frozenset({"setattr", "delattr", "vars", "__dict__"})
HIDING = INDIRECT | {"__delattr__", "__setattr__", "compile", "eval", "exec", "modules", "monkeypatch", "patch"}
"""Names by which code writes to what its text does not tell."""

Target = tuple[str, ...]
"""A global name, and the attributes that lead from it to what is written to; ``()`` ends one that a method changes,
``[]`` one of which an item is set."""
CALL, ITEM = "()", "[]"

DICT = ("__dict__", "__weakref__")
"""Data descriptors that each class has."""


def module_writes(
    codes: Iterable[types.CodeType], namespace: Mapping[str, object], *, inner: bool = True
) -> dict[str, str]:
    """Return what the code may write to without a provider knowing: in words, each with its top-level module.

    ``inner``: also what functions inside the code write, which may have been called.
    """
    found: dict[str, str] = {}
    for code in codes:
        for target in targets(code, inner):
            if _unowned(target, namespace):
                found[_words(target)] = _owner(target, namespace)
        for name in _indirect(code, inner):
            if _unowned((name,), namespace):
                found[_by_name(name)] = _module_of(namespace[name])
    return found


def set_by_text(codes: Sequence[types.CodeType], namespace: Mapping[str, object]) -> dict[str, Owner]:
    """Return the modules and classes of which the code does no more than set attributes, by `module_writes`' words."""
    found: dict[str, Owner | None] = {}
    for target in (target for code in codes for target in targets(code) if _unowned(target, namespace)):
        value = namespace.get(target[0])
        for attribute in target[1:]:
            value = held(value).get(attribute) if isinstance(value, types.ModuleType | type) else None
        only = _keeps_itself(value) and found.get(_words(target), value) is value
        found[_words(target)] = value if only else None  # type: ignore[assignment]
    for name in (name for code in codes for name in _indirect(code, True) if _unowned((name,), namespace)):
        found[_by_name(name)] = namespace[name]  # type: ignore[assignment]
    return {words: owner for words, owner in found.items() if owner is not None}


def _keeps_itself(value: object) -> bool:
    """Whether an attribute that is set on a module or class is in its dictionary, and nowhere else."""
    base: Any = types.ModuleType if isinstance(value, types.ModuleType) else type
    if not isinstance(value, base) or type(value).__setattr__ is not base.__setattr__:
        return False
    own = (cls for cls in type(value).__mro__ if cls not in base.__mro__)
    return not any(
        hasattr(type(each), "__set__") for cls in own for name, each in vars(cls).items() if name not in DICT
    )


def _by_name(name: str) -> str:
    return f"it may change {name} by name, which is not recorded"


def _words(target: Target) -> str:
    return f"it changes {'.'.join(part for part in target if part not in (CALL, ITEM))}, which is not recorded"


def _owner(target: Target, namespace: Mapping[str, object]) -> str:
    """Return the top-level module that what is written to belongs to; builtins if every cell may use it."""
    value = namespace[target[0]]
    everywhere = value is sys and (len(target) == 1 or not EVERYWHERE.isdisjoint(target))
    return "builtins" if everywhere else _module_of(value)


def _module_of(value: object) -> str:
    """Return the top-level module that a module or class belongs to."""
    return top_module(value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", ""))


@lru_cache(maxsize=2048)
def _indirect(code: types.CodeType, inner: bool) -> tuple[str, ...]:
    """Return the names that code uses beside ``setattr`` and its like: what they are applied to is not known."""
    found = code.co_names if INDIRECT.intersection(code.co_names) else ()
    nested = (part for part in code.co_consts if inner and isinstance(part, types.CodeType))
    return tuple(dict.fromkeys((*found, *(name for part in nested for name in _indirect(part, inner)))))


CELL = "<cell>"
"""The name of the file that such code says it is from."""


def compiled(source: str) -> list[types.CodeType]:
    """Return the code of a cell that is plain Python, else none: magics run code that others see."""
    try:
        return [compile(source, CELL, "exec", dont_inherit=True, flags=ALLOW_AWAIT)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


ALLOW_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, without importing ast


@lru_cache(maxsize=2048)
def targets(code: types.CodeType, inner: bool = True) -> tuple[Target, ...]:
    """Return what the code, and with ``inner`` the functions inside it, write to, where a global name leads there."""
    nested = (part for part in code.co_consts if inner and isinstance(part, types.CodeType))
    found = [target for part in nested for target in targets(part)]
    if not _STORE_CODES.isdisjoint(code.co_code[::2]) or not CHANGING.isdisjoint(code.co_names):
        found += _own_targets(code)
    return tuple(dict.fromkeys(found))


def _own_targets(code: types.CodeType) -> Iterator[Target]:
    steps = _steps(code)
    for place, step in enumerate(steps):
        if step.opname in ATTRIBUTES and step.argval in CHANGING:
            changed = _chain(steps, place - 1)
            if changed is not None and len(changed) > 1:
                yield (*changed, CALL)
    for step, end in _stores(steps):
        target = _chain(steps, end)
        if target is not None:
            yield (*target, ITEM) if step.opname.endswith("SUBSCR") else target


def _steps(code: types.CodeType) -> list[dis.Instruction]:
    ignored = ("CACHE", "EXTENDED_ARG", "PRECALL", "RESUME", "NOP")
    return [step for step in dis.get_instructions(code) if step.opname not in ignored]


def _stores(steps: list[dis.Instruction]) -> Iterator[tuple[dis.Instruction, int]]:
    """Yield the attribute and item stores, each with the place of the step that gives what is stored into."""
    for place, step in enumerate(steps):
        if step.opname not in STORES:
            continue
        end = place - 1
        if end >= 0 and steps[end].opname.startswith(("SWAP", "ROT_")):  # x.y += 1 keeps a copy of x on the stack
            while end >= 0 and not steps[end].opname.startswith(COPIES):
                end -= 1
            while end >= 0 and steps[end].opname.startswith(COPIES):
                end -= 1
        if step.opname.endswith("SUBSCR"):
            end -= 1  # the key
        yield step, end


@lru_cache(maxsize=4096)
def hides_writes(code: types.CodeType) -> bool:
    """Whether code, or a function inside it, may write to a module or class and `targets` does not tell to which.

    It sets an attribute of an argument, of an item or of what a call returned. A method that sets those of its own
    object does not count.
    """
    if not HIDING.isdisjoint(code.co_names):
        return True
    if not _ATTRIBUTE_CODES.isdisjoint(code.co_code[::2]):
        steps = _steps(code)
        moving = _moving(steps)
        for step, end in _stores(steps):
            if step.opname.endswith("_ATTR") and not _is_own(code, steps[end]):
                target = _chain(steps, end)
                if target is None or len(target) > 1 or target[0] in moving:
                    return True
    return any(hides_writes(part) for part in code.co_consts if isinstance(part, types.CodeType))


def _is_own(code: types.CodeType, step: dis.Instruction) -> bool:
    """Whether a step of a method gives the object, or the class, that the method is called on."""
    name = step.argval[-1] if isinstance(step.argval, tuple) else step.argval
    method = getattr(code, "co_qualname", "").split(".")[-2:-1] not in ([], ["<locals>"])
    return method and step.opname.startswith("LOAD_FAST") and bool(code.co_argcount) and name == code.co_varnames[0]


def _moving(steps: list[dis.Instruction]) -> set[str]:
    """Return the global names that stand for several objects in turn, or for none at the end."""
    bound = Counter(step.argval for step in steps if step.opname in ("STORE_NAME", "STORE_GLOBAL"))
    found = {name for name, count in bound.items() if count > 1}
    found.update(step.argval for step in steps if step.opname in ("DELETE_NAME", "DELETE_GLOBAL"))
    for place, step in enumerate(steps):
        if step.opname in ("FOR_ITER", "UNPACK_SEQUENCE"):
            found.update(each.argval for each in steps[place + 1 : place + 10] if each.opname.startswith("STORE_"))
    return found


def _chain(steps: list[dis.Instruction], end: int) -> Target | None:
    """Return the dotted name that ends at a step."""
    attributes: list[str] = []
    while end >= 0 and steps[end].opname in ATTRIBUTES:
        attributes.append(str(steps[end].argval))
        end -= 1
    if end < 0 or steps[end].opname not in ROOTS:
        return None
    return (str(steps[end].argval), *reversed(attributes))


def _unowned(target: Target, namespace: Mapping[str, object]) -> bool:
    name, *attributes = target
    value = namespace.get(name)
    called = CALL in attributes
    owned = OWNED_CONTAINERS if called else OWNED
    if not isinstance(value, types.ModuleType | type) or owned.intersection(attributes):
        return False
    owner: types.ModuleType | type = value
    """The last module or class on the way: what it holds is its own, however deep inside."""
    for attribute in attributes:
        bases = value.__mro__ if isinstance(value, type) else (value,)
        inside = next((held for base in bases if attribute in (held := getattr(base, "__dict__", {}))), None)
        if inside is None:
            break
        value = inside[attribute]
        if isinstance(value, types.ModuleType | type):
            owner = value
    if called and not isinstance(value, CONTAINERS):
        return False
    return not (isinstance(owner, type) and owner.__module__ == "__main__")
