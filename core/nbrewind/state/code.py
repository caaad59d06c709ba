"""Code objects: a canonical form without places in files, and which global names code uses.

The canonical form is what counts for a digest: a function that was only moved, or whose comments changed, is the same
function. Line numbers and file names go into the *side* of a content, and are put back on load.
"""

from __future__ import annotations

import dis
import importlib.util
import marshal
import types
import weakref
from collections.abc import Callable
from typing import Any

from nbrewind.analysis.tables import MODULES, OPAQUE_ATTRIBUTES

MAGIC = importlib.util.MAGIC_NUMBER.hex()
"""Version of the bytecode; it is not portable."""

Places = tuple[str, int, bytes, list[Any]]
"""File name, first line and line table of a code object, and the places of the code objects inside it."""

GLOBAL_OPERATIONS = frozenset(
    {
        "LOAD_GLOBAL",
        "STORE_GLOBAL",
        "DELETE_GLOBAL",
        "LOAD_NAME",
        "STORE_NAME",
        "DELETE_NAME",
        "LOAD_FROM_DICT_OR_GLOBALS",
    }
)
_ATTRIBUTES = frozenset(OPAQUE_ATTRIBUTES)
ANY = "globals"
"""The name of code that may look up any name."""
_LINE_TABLE = "co_linetable" if hasattr(types.CodeType, "co_linetable") else "co_lnotab"
_FILE = "nbrewind"

_cache: dict[int, tuple[weakref.ref[types.CodeType], bytes, Places, tuple[str, ...]]] = {}


def _strip(code: types.CodeType) -> tuple[types.CodeType, Places]:
    constants: list[Any] = []
    inner: list[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            stripped, places = _strip(constant)
            constants.append(stripped)
            inner.append(places)
        else:
            constants.append(constant)
    changes: dict[str, Any] = {
        "co_filename": _FILE,
        "co_firstlineno": 1,
        "co_consts": tuple(constants),
        _LINE_TABLE: b"",
    }
    return code.replace(**changes), (code.co_filename, code.co_firstlineno, getattr(code, _LINE_TABLE), inner)


def _restore(code: types.CodeType, places: Any) -> types.CodeType:
    filename, line, table, inner = places
    rest = iter(inner)
    changes: dict[str, Any] = {
        "co_filename": file_of(filename),
        "co_firstlineno": line,
        "co_consts": tuple(_restore(c, next(rest)) if isinstance(c, types.CodeType) else c for c in code.co_consts),
        _LINE_TABLE: bytes(table),
    }
    return code.replace(**changes)


def _globals(code: types.CodeType) -> set[str]:
    names = {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname in GLOBAL_OPERATIONS and isinstance(instruction.argval, str)
    }
    if _looks_around(code):
        names.add(ANY)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _globals(constant)
    return names


def _looks_around(code: types.CodeType) -> bool:
    """Whether code may look up names that it does not spell out: through frames, functions, the module itself."""
    used = code.co_names
    main = "__name__" in used or "__main__" in code.co_consts
    return "__main__" in used or not _ATTRIBUTES.isdisjoint(used) or (main and not MODULES.isdisjoint(used))


def canonical(code: types.CodeType) -> tuple[bytes, Places, tuple[str, ...]]:
    """Return a code object's canonical bytes, the places left out, and the global names that it uses (sorted)."""
    found = _cache.get(id(code))
    if found is not None and found[0]() is code:
        return found[1:]
    stripped, places = _strip(code)
    # Version 2 of the format knows neither references nor interned strings, so equal code gives equal bytes.
    result = (marshal.dumps(stripped, 2), places, tuple(sorted(_globals(code))))
    key = id(code)
    _cache[key] = (weakref.ref(code, lambda _: _cache.pop(key, None)), *result)
    return result


rebuilt: list[types.CodeType] = []
"""Code objects that were made here, for who watches them when they run: takes them out."""


file_of: Callable[[str], str] = str
"""Returns the file of which code is said to be that is loaded, by the one that it was from. A kernel has its own."""


def rebuild(data: bytes, places: Any) -> types.CodeType:
    """Make a code object of its canonical bytes and its places (None: without any)."""
    code: types.CodeType = marshal.loads(data)
    found = code if places is None else _restore(code, places)
    rebuilt.append(found)
    return found
