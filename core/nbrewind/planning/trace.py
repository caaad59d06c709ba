"""What a run's trace must hold: the names it may have read, bound to the versions that it saw.

Used by the recorder when a run ends, and by `match` when a recorded run is judged against another state. All functions
are pure. A *state* is a map from key (``var:df``) to version.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence

from blake3 import blake3

from nbrewind.analysis.tables import OPAQUE_GLOBALS
from nbrewind.model import ABSENT, DEFAULT, CellAnalysis, Input, Version, once
from nbrewind.planning.tables import (
    AMBIENT_PACKAGES,
    KNOWN_PACKAGES,
    LIBRARY_ENVIRONMENT,
    UNOWNED_CALLS,
    UNOWNED_MODULES,
)
from nbrewind.state.kinds import is_tracked

State = Mapping[str, Version]

ALL_NAMES = "names:"
"""Key of the input that an opaque run has besides all names: which names there were."""

IMPORT = "import:"
"""How the keys begin that say that a run has imported a submodule."""

LOCAL = "local:"
"""How the keys begin that say that a module of the user's own is loaded."""

HISTORY = re.compile(r"^(In|Out|_|__|___|_i|_ii|_iii|_ih|_oh|_dh|_\d+|_i\d+)$")
SHELL_HISTORY = frozenset({"execution_count", "history_manager"})
"""Attributes of the shell that tell what was run before."""
"""Names under which IPython keeps inputs and outputs."""


def digest_of(*parts: str) -> str:
    """Return ``b3:HEX`` over texts, each with its length, so that no two lists of texts collide."""
    hasher = blake3()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return "b3:" + hasher.hexdigest(length=16)


NOTHING: Mapping[str, Collection[str]] = {}


def variable_names(state: State) -> set[str]:
    """Return the names of all variables of a state."""
    return {key[4:] for key in state if key.startswith("var:")}


def module_data(packages: Iterable[str], state: State) -> set[str]:
    """Return the names of what modules of the user's own hold, of all such modules, if one of ``packages`` is one.

    They may use each other.
    """
    unknown = set(packages) - KNOWN_PACKAGES
    if not unknown or unknown.isdisjoint(key[6:].partition(".")[0] for key in state if key.startswith(LOCAL)):
        return set()
    return {key[4:] for key in state if key.startswith("var:") and "." in key}


def module_of(name: str, state: State) -> str:
    """Return the module that holds what has a dotted name, of those loaded in ``state``; empty if none does."""
    place = name.rpartition(".")[0]
    while place and LOCAL + place not in state:
        place = place.rpartition(".")[0]
    return place


def is_initial(key: str, state: State) -> bool:
    """Whether what a module holds under ``key`` was never changed since it was loaded."""
    version, name = state.get(key), key.removeprefix("var:")
    load = state.get(LOCAL + module_of(name, state)) if version is not None and "." in name else None
    return version is not None and load is not None and load.loadable and version.run == load.run


def lookups(
    names: Iterable[str], state: State, reach: Mapping[str, Collection[str]] = NOTHING
) -> tuple[set[str], bool]:
    """Return all names that code which reads ``names`` may look up, absent ones too, and whether it may look up any.

    What user functions among the values may look up when called is followed to any depth; ``reach`` says it for names
    whose values are not known, the same collection for all that are connected.
    """
    found = set(names)
    todo = list(found)
    every = False
    met: set[str] = set()
    expanded: set[int] = set()
    while todo:
        name = todo.pop()
        version = state.get("var:" + name)
        more: set[str] = set()
        if version is not None and (version.refs or version.needs):
            more.update(version.refs, version.needs)
        if version is not None and not met.issuperset(version.packages):
            more |= module_data(set(version.packages) - met, state)
            met.update(version.packages)
        connected = reach.get(name)
        if connected is not None and id(connected) not in expanded:
            expanded.add(id(connected))
            more.update(connected)
        if more:
            more -= found
            found |= more
            todo += more
            every = every or any(other in more and "var:" + other not in state for other in OPAQUE_GLOBALS)
    return found, every


def with_definitions(names: Iterable[str], state: State) -> set[str]:
    """Add to ``names`` the definitions of the objects that their values hold, at any depth; not what these look up."""
    found = set(names)
    todo = list(found)
    while todo:
        version = state.get("var:" + todo.pop())
        more = set(version.needs) - found if version is not None else set()
        found |= more
        todo += more
    return found


def rebound(analysis: CellAnalysis, state: State) -> set[str]:
    """Return the names that exist in ``state``, may be those of definitions, and that code may bind anew or delete."""
    names = (*analysis.writes, *analysis.deletes)
    return {name for name in names if (version := state.get("var:" + name)) is not None and not version.fixed}


def referring(names: Collection[str], state: State) -> set[str]:
    """Return the variables that refer by name to definitions of these ``names``."""
    if not names:
        return set()
    return {
        key.removeprefix("var:")
        for key, version in state.items()
        if version.needs and not set(names).isdisjoint(version.needs)
    }


def closure(names: Iterable[str], state: State) -> set[str]:
    """Add to ``names`` everything that user functions among their values may read when called, at any depth."""
    direct = set(names)
    found, every = lookups(direct, state)
    if every:
        return direct | variable_names(state)
    return direct | {name for name in found if "var:" + name in state}


def direct_names(analysis: CellAnalysis, state: State, started: Iterable[str] = ()) -> set[str]:
    """Return the names that the cell's own code may look up: its reads, and of its strings those that exist.

    And what modules of the user's own hold, if it imports one.
    """
    if analysis.opaque:
        return set(analysis.reads) | variable_names(state)
    found = set(analysis.reads).union(name for name in (*analysis.strings, *started) if "var:" + name in state)
    imported = {module.partition(".")[0] for module in analysis.imports}
    return found | module_data(imported, state) if imported else found


def read_names(analysis: CellAnalysis, state: State, started: Iterable[str] = ()) -> set[str]:
    """Return the names that a run of the cell may read from ``state``, the absent ones among its direct reads too.

    ``started`` are the global names used by user code that is known to have started during the run. An opaque cell
    may read every name, and so may one that reaches a function which calls ``globals()`` or ``exec``. Functions handed
    on have been read (rule 5): the closure of every name is included whether its functions were called or not.
    """
    return closure(direct_names(analysis, state, started), state)


def kept_names(analysis: CellAnalysis, state: State, changed: Collection[str]) -> set[str]:
    """Return the names of which a run's results depend on what they were, though it need not have read them.

    What a run leaves under a name is its own doing only where the text binds it for certain. A name that it may bind
    and that stayed as it was had that value before; a name that changed with its group, because another member did,
    has to be in that group. ``changed`` are the names with a new version, and those that are gone.
    """
    kept = set()
    for name in {*analysis.writes, *changed}.difference(analysis.must_writes):
        version = state.get("var:" + name)
        if version is None:
            if name in analysis.deletes:
                kept.add(name)
        elif name not in changed or name not in analysis.writes or len(version.members) > 1:
            kept.add(name)
    return kept


def bind_inputs(names: Iterable[str], state: State, *, kept: bool = False) -> tuple[Input, ...]:
    """Bind names to the versions that ``state`` has, ``absent`` where it has none. Sorted by key."""
    return tuple(_input("var:" + name, state, ABSENT, kept) for name in sorted(set(names)))


def sees_all(analysis: CellAnalysis, state: State) -> bool:
    """Whether a run of the cell may look up any name: by its own text, or by a function that it reaches."""
    return bool(analysis.opaque) or lookups(direct_names(analysis, state), state)[1]


def names_input(analysis: CellAnalysis, state: State) -> tuple[Input, ...]:
    """Return the input that says which names existed, for a cell that may have asked (``'x' in globals()``)."""
    if not sees_all(analysis, state):
        return ()
    return (Input(key=ALL_NAMES, digest=digest_of(*sorted(variable_names(state)))),)


def ambient_inputs(packages: Collection[str], state: State) -> tuple[Input, ...]:
    """Return the ambient items, changed from their default, that a run which uses ``packages`` may have depended on.

    Random generators are left out: a run reads one only if it draws, which the recorder sees by the changed state.
    """
    found = []
    for key in sorted(state):
        if not key.startswith(("ambient:", "env:")) or key.startswith("ambient:rng.") or state[key].digest == DEFAULT:
            continue
        if key in LIBRARY_ENVIRONMENT:
            continue
        owner = AMBIENT_PACKAGES.get(key)
        if not owner or owner in packages:
            found.append(_input(key, state, DEFAULT))
    return tuple(found)


def _input(key: str, state: State, missing: str, kept: bool = False) -> Input:
    version = state.get(key)
    if version is None:
        return Input(key=key, digest=missing, kept=kept)
    return Input(key=key, digest=version.digest, run=version.run, kept=kept)


def provenance(code: str, inputs: Iterable[Input], key: str) -> str:
    """Return the digest of a value known only by how it was made: this code, from these inputs, under this key.

    Two such digests are equal only if a re-run would give the same value; an input that equals nothing (``once:``)
    makes the result equal nothing either.
    """
    parts = [code, key]
    for entry in sorted(inputs, key=lambda item: item.key):
        if entry.digest.startswith("once:"):
            return once()
        parts += [entry.key, entry.digest]
    return "prov:" + digest_of(*parts)[3:]


def used_packages(analysis: CellAnalysis, names: Iterable[str], state: State) -> set[str]:
    """Return the top-level modules that a run may have used: those it imports and those of the values it read."""
    packages = {module.partition(".")[0] for module in analysis.imports}
    packages |= {"IPython"} if analysis.magics else set()
    for name in names:
        version = state.get("var:" + name)
        if version is not None:
            packages.update(filter(is_tracked, version.packages))
    return packages


def top_module(name: str) -> str:
    """Return the top-level module under which people know a dotted one: ``os`` for ``posixpath``."""
    root = name.partition(".")[0]
    if root in ("posix", "posixpath", "nt", "ntpath"):
        return "os"
    return root.lstrip("_") if root in sys.stdlib_module_names and root.lstrip("_") in sys.stdlib_module_names else root


def used_modules(packages: Iterable[str], names: Iterable[str], state: State) -> set[str]:
    """Return the top-level modules whose own state a run may have met: ``packages``, modules that it read, builtins."""
    found = {"builtins", *packages}
    for name in names:
        version = state.get("var:" + name)
        if version is not None and version.kind == "module":
            found.add(top_module(version.preview))
        elif version is not None and version.packages:
            found.update(map(top_module, version.packages))
    return found


def module_inputs(modules: Iterable[str], state: State) -> tuple[Input, ...]:
    """Return what the used modules hold that runs put there: see `Version` keys ``module:NAME``."""
    return tuple(_input("module:" + name, state, DEFAULT) for name in sorted(modules) if "module:" + name in state)


def brought_by_itself(module: str, analysis: CellAnalysis) -> bool:
    """Whether a cell's own statements import a submodule: then it does not matter whether another cell did, too."""
    package, _, name = module.rpartition(".")
    return any(
        found == module or found.startswith(module + ".") or (found == package and name in analysis.writes)
        for found in analysis.imports
    )


def named_imports(modules: Collection[str], analysis: CellAnalysis, keys: Iterable[str]) -> list[str]:
    """Return those of ``keys`` that say that a submodule was imported which a cell's text may use, sorted."""
    found = []
    words: set[str] = set()
    for key in keys:
        if key.startswith(IMPORT):
            root, *rest = key.removeprefix(IMPORT).split(".")
            words = words or {*analysis.attributes, *analysis.strings}
            if (
                root in modules
                and rest
                and words.issuperset(rest)
                and not brought_by_itself(key.removeprefix(IMPORT), analysis)
            ):
                found.append(key)
    return sorted(found)


def history_names(analysis: CellAnalysis, names: Iterable[str]) -> list[str]:
    """Return the names of IPython's history that a run may have read, sorted."""
    found = {name for name in {*names, *analysis.reads} if HISTORY.match(name)}
    return sorted(found | SHELL_HISTORY.intersection(analysis.attributes))


def asked_results(analysis: CellAnalysis, names: Iterable[str], source: str, shown: Sequence[int]) -> set[int]:
    """Return which results a run may ask IPython for, of those ``shown`` so far: their numbers, in order."""
    found: set[int] = set()
    for name in history_names(analysis, names):
        if name in ("Out", "_oh"):
            asked = [int(number) for number in re.findall(rf"\b{name}\[(\d+)\]", source)]
            only = 0 < len(re.findall(rf"\b{name}\b", source)) == len(asked)
            found.update(asked if only else shown)
        elif set(name) == {"_"}:
            found.update(shown[-len(name) :])
        elif name[1:].isdecimal():
            found.add(int(name[1:]))
    return found.intersection(shown)


def unproved(
    analysis: CellAnalysis, names: Collection[str], packages: Iterable[str], *, local: Collection[str] = ()
) -> list[str]:
    """Return, in words, why a run's trace can't be proved complete; empty if nothing speaks against it.

    ``local`` are the used modules that are files of the user's own. A prelude cell is never answered by a record in a
    new kernel, so what it sets outside the variables is set again and needs no proof.
    """
    reasons = []
    history = history_names(analysis, names)
    if history:
        reasons.append(f"it reads IPython's history ({', '.join(history)}), which depends on what else was run")
    if analysis.prelude:
        return reasons
    for package in sorted(set(packages)):
        if package in local:
            reasons.append(f"it uses the local module {package}, of whose side effects nothing is known")
        elif package in UNOWNED_MODULES:
            reasons.append(f"it uses {package}, whose settings live outside what is recorded")
        elif package not in KNOWN_PACKAGES:
            reasons.append(f"it uses {package}, of whose side effects nothing is known")
    setters = sorted(call for call in analysis.calls if call.rpartition(".")[2] in UNOWNED_CALLS)
    if setters:
        reasons.append(f"it calls {', '.join(setters)}, which changes settings outside what is recorded")
    return reasons
