"""What a run's text and started code say about seeds, settings, modules and files."""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from nbrewind.analysis.tables import CLOCK_NAMES
from nbrewind.kernel.nature import SEED_NAMES
from nbrewind.kernel.surroundings import texts_of
from nbrewind.kernel.watch import PROBE_NAMES, functions_in, names_of
from nbrewind.model import CellAnalysis
from nbrewind.planning.outside import path_key
from nbrewind.planning.tables import REGISTRIES, UNOWNED_CALLS, UNSEEN_IO, sets
from nbrewind.planning.trace import top_module
from nbrewind.state.code import canonical
from nbrewind.state.kinds import module_of

GENERATORS = {
    "random": "ambient:rng.python",
    "numpy.random": "ambient:rng.numpy",
    "torch": "ambient:rng.torch",
}
"""Modules whose functions seed one generator, and its key."""
TIME_WORDS = CLOCK_NAMES | {"time", "mktime", "fromtimestamp", "astimezone", "tzset", "tzname", "timezone"}
FOLDER_WORDS = frozenset(
    {"getcwd", "cwd", "abspath", "realpath", "resolve", "absolute", "listdir", "scandir", "walk", "iterdir"}
    | {"glob", "iglob", "rglob", "curdir", "%pwd", "chdir"}
)
SOURCE_NAMES = frozenset({"getsource", "getsourcelines", "getcomments", "findsource", "getblock", "linecache"})
WORD = re.compile(r"\w+")


def started_globals(started: Iterable[types.CodeType]) -> set[str]:
    """Return the names that started code may read as globals."""
    return {name for code in started for name in canonical(code)[2]}


def code_names(analysis: CellAnalysis, started: Iterable[types.CodeType], values: Iterable[object]) -> set[str]:
    """Return all function and attribute names that a run may have used.

    Those of its text, of started code, and of the functions and classes among ``values``, which it may have called.
    """
    names = {call.rpartition(".")[2] for call in analysis.calls} | set(analysis.attributes) | names_of(started)
    for value in values:
        names |= names_of(functions_in(value))
    return names


def seeded_generators(
    analysis: CellAnalysis, source: str, namespace: Mapping[str, object], started: Collection[types.CodeType]
) -> tuple[str, ...]:
    """Return what keys of generators begin with that a run may have seeded: of all, unless its text says which."""
    found: set[str] = set()
    calls = [call for call in analysis.calls if call.rpartition(".")[2] in SEED_NAMES]
    if started or len(calls) != sum(word in SEED_NAMES for word in WORD.findall(source)):
        return ("ambient:rng.",)
    for call in calls:
        first, *rest = call.split(".")
        module = namespace.get(first)
        name = module.__name__ if isinstance(module, types.ModuleType) else ""
        found.add(GENERATORS.get(".".join((name, *rest[:-1])), "ambient:rng."))
    return tuple(found) or ("ambient:rng.",)


def probe_doubts(names: Collection[str], watched: bool, seen: bool) -> list[str]:
    """Return a reason where the code may have asked for files and nobody saw for which."""
    found = sorted(PROBE_NAMES.intersection(names))
    if not found or (watched and seen):
        return []
    return [f"it may ask whether files exist ({', '.join(found)}), and which ones is not known"]


def concerns(key: str, analysis: CellAnalysis, words: Collection[str], *, paths: bool, shows: bool) -> bool:
    """Whether there is a sign that a setting which may matter to any run mattered to this one.

    ``paths``: the run used a relative path; ``shows``: it showed a value.
    """
    if key == "env:TZ":
        return not TIME_WORDS.isdisjoint(words)
    if key.startswith("env:"):
        return False  # who asks for it by name is noted apart
    if key == "ambient:cwd":
        return paths or not FOLDER_WORDS.isdisjoint(words)
    if key == "ambient:ipython.display":
        return shows
    if key == "ambient:sys.path":
        return bool(analysis.imports) or "path" in words or "import_module" in words
    return True


def named_probes(codes: Iterable[types.CodeType], makers: Mapping[str, str], folder: str) -> list[tuple[str, str]]:
    """Return the files that code names, and may ask for: those that are there, and those that a run removed."""
    texts = set(texts_of(codes))
    return [(text, "exists") for text in texts if os.path.isfile(text) or path_key(text, folder) in makers]


def set_modules(
    analysis: CellAnalysis, namespace: Mapping[str, object], used: Iterable[str], local: Iterable[str], *, watched: bool
) -> set[str]:
    """Return the top-level modules whose settings calls of `UNOWNED_CALLS` changed: all used ones if it is not told.

    ``watched``: calls are seen when they happen, too (`library_setters`).
    """
    found: set[str] = set()
    for call in analysis.calls:
        first, _, rest = call.partition(".")
        if call.rpartition(".")[2] not in UNOWNED_CALLS:
            continue
        value = namespace.get(first) if rest else None
        if value is None:
            changed = set(used)
        elif isinstance(value, types.ModuleType):
            changed = {top_module(value.__name__)}
        else:
            changed = {top_module(module_of(value if isinstance(value, type) else type(value)))}
        if not call.endswith("setLevel"):
            found |= changed
        elif not watched:  # else the call itself has told whose level
            found |= changed - {"logging"}  # a provider looks after these
        if rest.endswith("reload") or call == "reload":
            found.update(local)
    return found - {"__main__", "builtins"}


def library_setters(
    analysis: CellAnalysis, namespace: Mapping[str, object], called: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return, in words, the functions of the standard library that set something there, each with its module.

    Told by their names: ``csv.register_dialect``, ``calendar.setfirstweekday``. ``called``: module and name of those
    that are known to have been called, by functions of the user's too.
    """
    told = {(value.__module__, value.__name__): call for call, value in _functions(analysis.calls, namespace)}
    found = {key: f"{top_module(key[0])}.{key[1]}" for key in called} | told
    return {
        f"it calls {call}, which changes settings that are not recorded": REGISTRIES.get(root, root)
        for (module, name), call in found.items()
        if (root := top_module(module or "")) in sys.stdlib_module_names and sets(root, name)
    }


def _functions(calls: Iterable[str], namespace: Mapping[str, object]) -> Iterator[tuple[str, Any]]:
    """Yield those of the called names that are functions."""
    for call in calls:
        first, *rest = call.split(".")
        value = namespace.get(first)
        for part in rest:
            value = getattr(value, part, None) if isinstance(value, types.ModuleType) else None
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            yield call, value


def named_files(codes: Iterable[types.CodeType]) -> set[str]:
    """Return the files that string constants of code name."""
    return {text for text in texts_of(codes) if os.path.isfile(text)}


def library_doubts(analysis: CellAnalysis, names: Collection[str], packages: Collection[str]) -> list[str]:
    """Return reasons for files that compiled libraries may have opened unseen."""
    reasons = []
    for package, functions in UNSEEN_IO.items():
        found = sorted(functions.intersection(names))
        if found and package in packages and (package != "pyarrow" or _uses(analysis, package)):
            reasons.append(f"it may read or write files through {package} ({found[0]}), which is not seen")
    return reasons


def text_doubts(names: Collection[str]) -> list[str]:
    """Return a reason where a run may have read the text of code: comments and places are no part of what it met."""
    return [] if SOURCE_NAMES.isdisjoint(names) else ["it reads the text of code, whose comments are not compared"]


def _uses(analysis: CellAnalysis, package: str) -> bool:
    return any(name.partition(".")[0] in (package, "pa", "pq") for name in (*analysis.imports, *analysis.calls))
