"""Which runs can have touched only what their text says: after them nothing else has to be looked at.

What was left out is *deferred*: it is read before a run that may look it up, so that what a run has read is proved.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nbrewind.kernel.figures import open_figures
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.stores import module_writes
from nbrewind.kernel.trace import Reach, text_names
from nbrewind.kernel.watch import functions_in, held_code
from nbrewind.model import CellAnalysis
from nbrewind.planning.tables import KNOWN_PACKAGES
from nbrewind.planning.trace import (
    closure,
    history_names,
    module_inputs,
    sees_all,
    unproved,
    used_modules,
    used_packages,
    with_definitions,
)
from nbrewind.state import together

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder
    from nbrewind.state import Changes


INSIDE = frozenset({"__code__", "__globals__", "getclosurevars"})
"""Words by which code looks into functions without calling them."""


def to_prove(recorder: Recorder, analysis: CellAnalysis, names: Iterable[str]) -> set[str]:
    """Return the deferred names that have to be read before a cell runs: ``names``, which it may look up, be proved.

    All of them where the cell is such that everything will be looked at after it: what is found changed then is to be
    the cell's own doing.
    """
    live = recorder.live
    if not live.deferred:
        return set()
    reach = reachable(recorder, analysis, names)
    if recorder.replayer is not None or not may_be_narrow(recorder, analysis, reach):
        return set(live.deferred)
    users = live.dependents({*analysis.writes, *analysis.deletes}, live.versions)  # of definitions that are made anew
    return live.deferred & (together(reach, live.versions) | users)


def reachable(recorder: Recorder, analysis: CellAnalysis, names: Iterable[str]) -> set[str]:
    """Return the names whose values a run may have reached if it has read ``names``.

    What is replaced may have a finaliser: that reads what it likes.
    """
    return closure(text_names(analysis, names), recorder.state)


def may_be_narrow(recorder: Recorder, analysis: CellAnalysis, names: Collection[str]) -> bool:
    """Whether a cell may turn out to touch no more than what it says. ``names``: those of values that it can reach."""
    state, versions = recorder.state, recorder.live.versions
    packages = used_packages(analysis, names, state)
    return not (
        not recorder.watch.active
        or recorder.restless
        or recorder.living.any
        or analysis.magics
        or sees_all(analysis, state)
        or history_names(analysis, names)
        or not KNOWN_PACKAGES.issuperset(packages)
        or unproved(analysis, names, packages)
        or module_inputs(used_modules(packages, names, state), state)
        or open_figures()
        or _debugged()
        # Of what has no exact digest nobody knows what it leads to.
        or any(name in versions and not versions[name].digest.startswith("b3:") for name in together(names, versions))
    )


def is_narrow(
    recorder: Recorder, entry: Entry, reach: Reach, names: Collection[str], settings: Mapping[str, Any]
) -> bool:
    """Whether a run that ended by itself has touched no more than the values of ``names``, which it could reach.

    ``settings``: the interpreter state that it changed. Generators of random numbers apart, who changes such may have
    done so through an object that a variable holds as well.
    """
    namespace, started = recorder.namespace, entry.extra["started"]
    return (
        may_be_narrow(recorder, entry.extra["analysis"], names)
        and recorder.undisturbed
        and not (reach.living or reach.lived)
        and not reach.local
        and not reach.modules
        and not module_writes(started, namespace)
        and all(key.startswith("ambient:rng.") for key in settings)
        and started <= entry.extra["armed"].union(*(_codes(namespace[name]) for name in names if name in namespace))
    )


def unread(recorder: Recorder, entry: Entry, reach: Reach) -> set[str]:
    """Return the names that a run could have looked up by functions that it got hold of, and is known not to have.

    All functions of the user's that start are seen, so those that did not start have looked up nothing. But they may
    have been sent to another process, or compiled.
    """
    analysis, state = entry.extra["analysis"], recorder.state
    if not reach.own:
        return set()
    words = {word for code in reach.own for word in code.co_names}.union(analysis.strings)
    left = reach.names - with_definitions(words | reach.looked_up, state)
    if (
        not left
        or not INSIDE.isdisjoint(words | reach.words)
        or "numba" in sys.modules
        or _processes_began()
        or any(effect.kind == "process" for effect in entry.extra["log"].effects.values())
        or not may_be_narrow(recorder, analysis, reachable(recorder, analysis, reach.names))
    ):
        return set()
    return left


def _processes_began() -> bool:
    """Whether `multiprocessing`, or what builds on it, ever started a process: it may go on with functions of here."""
    found = sys.modules.get("multiprocessing.process")
    return found is not None and repr(getattr(found, "_process_counter", "")) != "count(1)"


def scan(recorder: Recorder, entry: Entry, reach: Reach, settings: Mapping[str, Any], status: str) -> Changes:
    """Look at what a run may have changed; notes which values may have been changed before it (``unseen``).

    ``status``: how it ended; empty if it did not begin.
    """
    live, analysis = recorder.live, entry.extra["analysis"]
    deferred, names = live.deferred, reachable(recorder, analysis, reach.names)
    only = names if status in ("ok", "error") and is_narrow(recorder, entry, reach, names, settings) else None
    changes = live.scan(text_names(analysis, reach.names - reach.unread) if status else (), only=only)
    entry.extra["unseen"] = sorted(deferred & {name for group in changes.groups for name in group.members})
    return changes


def _codes(value: Any, depth: int = 3) -> Iterator[types.CodeType]:
    """Yield the code of a user's function, of those that it encloses, and of a class."""
    yield from functions_in(value)
    yield from held_code(value)
    if type(value) is types.FunctionType and depth:
        for cell in value.__closure__ or ():
            try:
                inner = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            yield from _codes(inner, depth - 1)


def _debugged() -> bool:
    """Whether somebody may look at variables, and set them, while a cell runs."""
    monitoring = getattr(sys, "monitoring", None)
    return sys.gettrace() is not None or (
        monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
    )
