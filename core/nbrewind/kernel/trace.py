"""What an ended run has read, and why that may not be all: the trace by which it can answer later."""

from __future__ import annotations

import inspect
import platform
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from nbrewind.kernel import facts, own_modules, surroundings, system_trace
from nbrewind.kernel.figures import may_draw, open_figures, parts_of_figures
from nbrewind.kernel.files import FileFacts, conclude
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.modules import words_of
from nbrewind.kernel.nature import SEED_NAMES, nature, real_names
from nbrewind.kernel.parts import read_parts
from nbrewind.kernel.stores import module_writes, set_by_text
from nbrewind.kernel.watch import PROBE_NAMES, SUPPORTED, codes_in, functions_in, held_code, names_of
from nbrewind.model import ABSENT, DEFAULT, CellAnalysis, Effect, Input, once
from nbrewind.planning.outside import path_key
from nbrewind.planning.trace import (
    LOCAL,
    ambient_inputs,
    bind_inputs,
    digest_of,
    history_names,
    is_initial,
    kept_names,
    module_inputs,
    names_input,
    provenance,
    read_names,
    sees_all,
    unproved,
    used_modules,
    used_packages,
)
from nbrewind.state.files import FOLDER

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder
    from nbrewind.state import Changes

RESULT = "var:_"
"""Key of what the last cell with a result showed."""
NATURE = frozenset({"clock", "randomness", "network", "process", "input", "thread"})
"""Kinds of effects that make a value depend on more than its recorded inputs."""
UNSEEN = (
    "{} is not what it was when it was last looked at, and nobody saw whether this run or something before it did that"
)
"""Why a run is in doubt that may have changed a value which was left out of the scans before it."""
TABLE = "it changes sys.modules, which is not recorded"
RELOADED = "reloaded"
"""Detail of the effect of a run that loaded modules of the user's own again."""
TASK_NAMES = frozenset({"create_task", "ensure_future", "gather", "run_coroutine_threadsafe", "TaskGroup", "spawn"})


@dataclass
class Trace:
    """Inputs, effects and doubts of one run."""

    code: str = ""
    names: set[str] = field(default_factory=set)
    inputs: tuple[Input, ...] = ()
    effects: tuple[Effect, ...] = ()
    unknown: list[str] = field(default_factory=list)
    files: FileFacts = field(default_factory=FileFacts)
    modules: list[str] = field(default_factory=list)
    """Top-level modules in which the run changed something that no provider knows."""
    imports: Collection[str] = ()
    """Submodules that it imported."""
    changed: Collection[str] = ()
    """Names that have another value now, or are gone."""

    def derive(self, key: str) -> str:
        """Return the digest of something that the run wrote and that has no exact digest of its own.

        It does not depend on a name that stayed as it was and was not read.
        """
        if self.unknown or any(effect.kind in NATURE for effect in self.effects):
            return once()
        read = [
            entry
            for entry in self.inputs
            if (not entry.kept or entry.key.removeprefix("var:") in self.changed) and not entry.unread
        ]
        return provenance(self.code, read, key)


@dataclass
class Reach:
    """What an ended run may have looked up and used."""

    names: set[str]
    looked_up: set[str]
    """Those of them that were looked up, whatever the text says: by functions that started, by pickles, in figures."""
    values: list[Any]
    words: set[str]
    """Function and attribute names."""
    packages: set[str]
    used: set[str]
    """Top-level modules whose own state it may have met."""
    local: set[str]
    """Top-level modules that are the user's own."""
    own: list[types.CodeType]
    """The cell's code."""
    draws: bool
    """It may have drawn into a figure."""
    modules: dict[str, str]
    """Reasons for state of modules and classes that it changed, each with the module."""
    living: list[str]
    """Threads and tasks that it left behind, in words."""
    lived: bool
    """Some were there while it ran."""
    unread: set[str] = field(default_factory=set)
    """Those of ``names`` that it is known not to have looked up."""


def reach_of(recorder: Recorder, entry: Entry) -> Reach:
    """Find out what an ended run may have looked up, before values are looked at."""
    analysis: CellAnalysis = entry.extra["analysis"]
    started, namespace, lived = entry.extra["started"], recorder.namespace, recorder.living.any
    looked_up = facts.started_globals(started) | entry.extra["log"].names
    names = read_names(analysis, recorder.state, looked_up)
    if not recorder.watch.active:
        held = [code for name in names for code in held_code(namespace.get(name))]
        names |= {name for name in facts.started_globals(held) if "var:" + name in recorder.state}
    values = [namespace[name] for name in names | set(analysis.writes) if name in namespace]
    words = facts.code_names(analysis, started, values)
    packages = used_packages(analysis, names, recorder.state)
    draws = not (recorder.watch.active and _only_sets(analysis, entry.extra["own"], started))
    if draws and may_draw(names, packages, words, namespace):
        drawn = parts_of_figures(recorder.state)
        names |= drawn
        looked_up |= drawn
        packages = {"matplotlib", *used_packages(analysis, names, recorder.state)}
    own = entry.extra["own"]
    local, unread = set[str](), set[str]()
    if recorder.live.space.modules:
        local, read, data = _module_data(recorder, entry, used_modules(packages, names, recorder.state))
        unread = data.intersection(names) - read
        names = names | read
    return Reach(
        names=names,
        looked_up=looked_up,
        values=values,
        words=words,
        packages=packages,
        used=used_modules(packages, names, recorder.state),
        local=local,
        own=own,
        draws=draws,
        modules=_module_doubts(entry, values, namespace, recorder.live.space.modules)
        | facts.library_setters(analysis, namespace, entry.extra["setters"]),
        living=recorder.living.update(may_start_tasks(started, words)),
        lived=lived,
        unread=unread,
    )


def _module_data(recorder: Recorder, entry: Entry, used: Collection[str]) -> tuple[set[str], set[str], set[str]]:
    """Return the top-level modules of the user's own that a run has met, and names.

    Those that it has read of what such modules hold, or hold no more, and all that there are.
    """
    analysis, extra, modules = entry.extra["analysis"], entry.extra, recorder.live.space.modules
    codes = {*extra["started"], *(code for code in extra["armed"] if code.co_name == "<module>")}
    met = {*used, *own_modules.met(modules, analysis, codes), *map(own_modules.root, recorder.fresh)}
    local = met.intersection(map(own_modules.root, modules))
    if not local:
        return set(), set(), set()
    data = {key[4:] for key in chain(recorder.state, recorder.makers) if key.startswith("var:") and "." in key}
    if not recorder.watch.active or not extra["own"] or analysis.opaque or analysis.magics:
        return local, data, data
    return local, own_modules.read(data, recorder.live.space, extra["own"], codes), data


def text_names(analysis: CellAnalysis, names: Iterable[str]) -> set[str]:
    """Return the names that a run may have read or written; ``names``: those that it may have read."""
    return {*names, *analysis.writes, *analysis.mutates, *analysis.late_reads}


def observe(
    recorder: Recorder,
    entry: Entry,
    reach: Reach,
    run: str,
    settings: Mapping[str, Any],
    changes: Changes,
    *,
    done: bool,
) -> Trace:
    """Gather the trace of an ended run. ``settings``: the interpreter state that it changed; ``changes``: the values.

    ``done``: it ended well.
    """
    extra, state = entry.extra, recorder.state
    analysis: CellAnalysis = extra["analysis"]
    names, words, local, values = reach.names, reach.words, reach.local, reach.values
    made = {package for group in changes.groups for found in group.packages.values() for package in found}
    packages, used = reach.packages | made | local, reach.used | made
    started = extra["started"]
    codes = [*reach.own, *started]
    unseen = facts.library_doubts(analysis, words, packages)
    if unseen and extra["log"].calls is None:
        for path in facts.named_files(codes):
            extra["log"].read(path)
    unseen = system_trace.conclude(extra["log"], unseen, words)
    if not recorder.watch.active and not PROBE_NAMES.isdisjoint(words):
        extra["log"].probes += facts.named_probes(codes, recorder.makers, recorder.folder)
    files = conclude(extra["log"], recorder.digests, recorder.store, run, state)
    drawn = [key for key in settings if key.startswith("ambient:rng.")]
    used_words, ran = _ran(recorder, reach, started)
    environment, doubts = surroundings.environment(analysis, used_words, ran)
    doubts = doubts or surroundings.under_another_name(names - reach.unread, state)
    if doubts or any(effect.kind == "process" for effect in files.effects):  # a program is given all variables
        environment |= {key: version.digest for key, version in state.items() if key.startswith("env:")}
    effects = [*files.effects, *nature(analysis, used_words, ran, recorder.namespace, drawn, state)]
    written = [] if analysis.prelude else [*reach.modules, *open_figures()]  # a prelude runs in every new kernel
    effects += [Effect(kind="module", subject=reason) for reason in written]
    met = local | recorder.large.intersection(packages)
    effects += [Effect(kind="module", subject=name, detail="local") for name in sorted(met)]
    effects += reloads(recorder.reloaded)
    unknown = [
        *unproved(analysis, names, packages, local=local),
        *files.unknown,
        *doubts,
        *facts.probe_doubts(words, recorder.watch.active, bool(extra["log"].probes)),
        *unseen,
        *written,
        *facts.text_doubts(used_words),
    ]
    effects += [Effect(kind="thread", subject=name) for name in reach.living]
    unknown += [f"{name} is running and may change what it reaches" for name in reach.living]
    if reach.lived and not reach.living:
        unknown.append("a thread or task of before was running, and may have changed what this run seems to have")
    unknown += [UNSEEN.format(name) for name in extra["unseen"]]
    limited = recorder.live.over_limit(names - reach.unread)
    unknown += [f"it reads {name}, whose content is not known: {limited[name]}" for name in sorted(limited)]
    learnt = surroundings.places(analysis, used_words, ran, recorder.namespace, entry.source)
    places = {key: recorder.world.digest(key) for key in learnt}
    read = _outside_inputs(recorder, {**files.inputs, **environment, **places}, local, packages | extra["log"].packages)
    if SEED_NAMES.intersection(words):  # a generator set to the state that it had shows no change
        seeded = facts.seeded_generators(analysis, entry.source, recorder.namespace, started)
        drawn += [key for key in state if key.startswith(seeded) and key not in drawn]
    read |= {key: state[key].digest if key in state else DEFAULT for key in drawn}
    groups = {name: group.members for group in changes.groups for name in group.members}
    changed = {*groups, *changes.removed}
    unread = [msgspec.structs.replace(item, parts={}) for item in bind_inputs(reach.unread, state)]
    looked_up = names - reach.unread
    kept = bind_inputs(kept_names(analysis, state, changed) - looked_up, state, kept=True)
    bound = read_parts(bind_inputs(looked_up, state), recorder, entry, groups, done=done)
    inputs = {entry.key: entry for entry in (*unread, *bound, *kept, *names_input(analysis, state))}
    gone = {key for key in recorder.makers if key.startswith("var:") and key not in state} - {RESULT}
    if not sees_all(analysis, state):
        missed = facts.started_globals(started).union(analysis.strings)
        if not recorder.watch.active:
            missed.update(name for other in names if (found := state.get("var:" + other)) for name in found.refs)
        gone &= inputs.keys() | {"var:" + name for name in missed}
    inputs |= {key: Input(key=key, digest=ABSENT, run=recorder.makers[key]) for key in gone}
    inputs |= {entry.key: entry for entry in module_inputs(used, state)}
    imported = recorder.imports.end(extra["log"].loads, analysis)
    texts = chain(
        words, analysis.strings, (word for code in chain(codes, _functions(values)) for word in words_of(code))
    )
    inputs |= recorder.imports.read(analysis, used, texts, imported, state)
    paths = extra["log"].relative or bool(extra["log"].probes)
    for setting in ambient_inputs(used, state):
        implicit = not facts.concerns(setting.key, analysis, words, paths=paths, shows=extra["shows"])
        inputs[setting.key] = msgspec.structs.replace(setting, implicit=implicit)
    for key, digest in read.items():
        held = state.get(key)
        if key.startswith("env:") and (held is not None or key in settings):
            digest = held.digest if held is not None else _variable_before(recorder, key)
        if held is None and (digest in (ABSENT, FOLDER) or key.startswith("dir:")):
            maker = recorder.makers.get(key, "")
        else:
            maker = held.run if held and held.digest == digest else ""
        inputs[key] = Input(key=key, digest=digest, run=maker)
    if history_names(analysis, names):
        inputs[RESULT] = Input(key=RESULT, digest=once(), run=recorder.makers.get(RESULT, ""))
    imports = set(map(own_modules.root, analysis.imports))
    for module in recorder.live.space.modules.keys() - recorder.fresh:
        load = state.get(LOCAL + module)
        if load is not None and own_modules.root(module) in imports:
            inputs[load.key] = Input(key=load.key, digest=load.digest, run=load.run, parts={})
    for key in ["module:" + name for name in local & imports if analysis.prelude]:
        if key in inputs and inputs[key].run in recorder.reloads:  # in a new kernel, too, it has what is in the file
            inputs[key] = msgspec.structs.replace(inputs[key], parts={})
    for key in [key for key in inputs if local and is_initial(key, state)]:
        inputs[key] = msgspec.structs.replace(inputs[key], implicit=True)
    ordered = tuple(inputs[key] for key in sorted(inputs))
    watched = recorder.watch.active
    set_by_calls = facts.set_modules(analysis, recorder.namespace, reach.used, local, watched=watched)
    modules = {*reach.modules.values(), *set_by_calls} - {""}
    if reach.draws and "matplotlib" in packages and (extra["figures"] or open_figures()):
        modules.add("matplotlib")  # who draws next may do so into a figure that is open, or not any more
    doubts = list(dict.fromkeys(unknown))
    return Trace(analysis.code, names, ordered, tuple(effects), doubts, files, sorted(modules), imported, changed)


def _ran(
    recorder: Recorder, reach: Reach, started: Collection[types.CodeType]
) -> tuple[Collection[str], list[types.CodeType]]:
    """Return the names that a run used, and its code: that which ran where it is watched, else all it may have run.

    A function that was imported under another name has its own among the names as well.
    """
    if recorder.watch.active and reach.own:
        ran = [*reach.own, *started]
        return names_of(ran) | real_names(ran, recorder.namespace), ran
    ran = [*reach.own, *started, *_functions(reach.values)]
    ran += [inner for code in reach.own for inner in codes_in(code)]
    return reach.words | names_of(ran) | real_names(ran, recorder.namespace), ran


def _variable_before(recorder: Recorder, key: str) -> str:
    """Return the digest of an environment variable that the run itself has set since."""
    value = recorder.ambient.variable(key.removeprefix("env:"))
    return ABSENT if value is None else digest_of(value)


def reloads(modules: Iterable[str]) -> list[Effect]:
    """Return the effects of loading modules of the user's own again."""
    return [Effect(kind="module", subject=name, detail=RELOADED) for name in sorted(map(own_modules.root, modules))]


def _module_doubts(
    entry: Entry, values: Iterable[object], namespace: Mapping[str, object], local: Collection[str]
) -> dict[str, str]:
    """Return reasons for state of modules and classes that the run changed, each with the module (rule 7).

    What the ``local`` modules hold is recorded, and that they are not loaded any more.
    """
    own, started, before = entry.extra["own"], entry.extra["started"], entry.extra.pop("modules")
    called = list(_functions(values))
    if entry.extra["analysis"].prelude:
        found = module_writes(own, namespace, inner=False) | module_writes(started, namespace)
    else:
        found = module_writes([*own, *started, *called], namespace)
    roots = set(map(own_modules.root, local))
    found = {why: root for why, root in found.items() if root not in roots}
    if before is not None and before.only_own_are_gone():
        found.pop(TABLE, None)
    if before is not None:
        told, codes = set(found.values()), [*own, *started, *called]
        found |= {why: root for why, root in before.changes(codes, local).items() if root not in told}
        entry.extra["patches"] = before.patches(set_by_text(codes, namespace))
    return found


def _functions(values: Iterable[object]) -> Iterator[types.CodeType]:
    """Yield the code of the user's functions among some values."""
    return (code for value in values for code in functions_in(value))


def _only_sets(analysis: CellAnalysis, own: Collection[types.CodeType], started: Collection[types.CodeType]) -> bool:
    """Whether a run imported, defined and set options and did nothing else: it drew into no figure."""
    return analysis.prelude and bool(own) and not (started or "set_cmap" in analysis.attributes)


def may_start_tasks(started: Iterable[types.CodeType], words: Collection[str]) -> bool:
    """Whether a run may have left asyncio tasks behind: looking costs 0.2 ms."""
    return (
        not SUPPORTED
        or not TASK_NAMES.isdisjoint(words)
        or any(code.co_flags & inspect.CO_COROUTINE for code in started)
    )


def _outside_inputs(
    recorder: Recorder, known: Mapping[str, str], local: set[str], packages: set[str]
) -> dict[str, str]:
    found = dict(known)
    for file, name in own_modules.files_of(recorder.live.space.modules).items():
        if own_modules.root(name) in local:
            found.setdefault(path_key(file, recorder.folder), recorder.digests(file))
    for package in sorted(packages - local - sys.stdlib_module_names):
        digest = recorder.world.digest("package:" + package)
        if digest != ABSENT:
            found["package:" + package] = digest
    found["python:"] = "v:" + platform.python_version()
    return found
