"""What code uses of the clock, of randomness that nobody seeded, and of what is typed: its names tell."""

from __future__ import annotations

import dis
import types
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from nbrewind.analysis.tables import CLOCK_NAMES, GENERATORS, INPUT_NAMES, RANDOM_NAMES
from nbrewind.model import CellAnalysis, Effect

CLOCK_MAGICS = frozenset({"%time", "%%time", "%timeit", "%%timeit"})
SEED_NAMES = frozenset({"seed", "set_state", "setstate", "manual_seed", "set_seed", "set_rng_state", "seed_everything"})
_NAMED = CLOCK_NAMES | RANDOM_NAMES | GENERATORS | {"time"}
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
_FILLING = frozenset({"PUSH_NULL", "PRECALL", "KW_NAMES", "NOP", "CACHE"})


def nature(
    analysis: CellAnalysis,
    words: Collection[str],
    codes: Iterable[types.CodeType],
    namespace: Mapping[str, object],
    drawn: Iterable[str],
    state: Mapping[str, object],
) -> list[Effect]:
    """Return the effects of kinds clock, randomness and input of a run.

    Args:
        analysis: what its text says.
        words: function and attribute names that it used, those that imported functions have of their own, too.
        codes: the code that it ran, or may have run.
        namespace: the user's: a function may have been imported under another name.
        drawn: generators whose state it changed.
        state: what was recorded of generators before.
    """
    found, bare = set(words), set[str]()
    for code in codes:
        others = _aliases(code, namespace)
        if not _NAMED.isdisjoint((*code.co_names, *others.values())):
            bare.update(others.get(name, name) for name in bare_calls(code))
    effects = []
    clock = (
        sorted(CLOCK_NAMES.intersection(found))
        + sorted({"time"} & bare)
        + sorted(CLOCK_MAGICS.intersection(analysis.magics))
    )
    if clock:
        effects.append(Effect(kind="clock", subject=clock[0]))
    random = sorted(RANDOM_NAMES.intersection(found))
    if random:
        effects.append(Effect(kind="randomness", subject=random[0], detail="the system's randomness"))
    unseeded = sorted(GENERATORS & bare)
    if not SEED_NAMES.intersection(found):
        unseeded += sorted(key.rpartition(".")[2] for key in drawn if key not in state)
    effects += [Effect(kind="randomness", subject=name, detail="not seeded") for name in unseeded]
    asked = sorted(INPUT_NAMES.intersection(found))
    if asked:
        effects.append(Effect(kind="input", subject=asked[0]))
    return effects


def real_names(codes: Iterable[types.CodeType], namespace: Mapping[str, object]) -> set[str]:
    """Return the names that functions have which code knows under others."""
    return {name for code in codes for name in _aliases(code, namespace).values()}


def _aliases(code: types.CodeType, namespace: Mapping[str, object]) -> dict[str, str]:
    """Return the global names under which code knows functions that have another name of their own, with that."""
    found = {}
    for name in code.co_names:
        value = namespace.get(name)
        if type(value) in _FUNCTIONS:  # not isinstance: it may run the user's code
            own = getattr(value, "__name__", name)
            if type(own) is str and own != name:
                found[name] = own
    return found


@lru_cache(maxsize=2048)
def bare_calls(code: types.CodeType) -> frozenset[str]:
    """Return the names that code calls without an argument, or with nothing but None."""
    found = set()
    name, nones = "", 0
    for step in dis.get_instructions(code):
        if step.opname.startswith("CALL") and not step.opname.startswith("CALL_INTRINSIC"):
            if step.opname == "CALL_FUNCTION_EX" or step.arg == nones:
                found.add(name)
            name = ""
        elif step.opname.startswith(
            ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_ATTR", "LOAD_METHOD")
        ):
            name, nones = str(step.argval), 0
        elif step.opname == "LOAD_CONST" and step.argval is None:
            nones += 1
        elif not _fills(step):
            name = ""
    return frozenset(found - {""})


def _fills(step: dis.Instruction) -> bool:
    """Whether an instruction may stand between a function and its call without being an argument."""
    if step.opname == "LOAD_CONST":
        return type(step.argval) is tuple and all(type(part) is str for part in step.argval)
    return step.opname in _FILLING
