"""What runs of this kernel set in modules and classes of libraries, to be taken back by a rewind.

No record brings such a write back in another kernel. In the kernel in which it was made, it is taken back by setting
the attribute to what it was: if that belonged to the library. What a cell put there is held weakly, as it is the
user's: it must not live longer for us, so a rewind to where it was there again works while something else holds it.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from nbrewind.model import Run
from nbrewind.state import held

ABSENT: Any = object()
"""There is no such attribute."""
GONE: Any = object()
"""Nothing holds the value any more."""
PLAIN = (str, int, float, complex, bool, bytes, type(None), type(Ellipsis))
DEFINED = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.ModuleType, type)
Owner = types.ModuleType | type


class Patch(NamedTuple):
    """One attribute that a run set or deleted."""

    owner: Owner
    name: str
    old: Any
    new: Callable[[], Any]
    """Gives what the run put there; `GONE` if that is no more."""


def patch(owner: Owner, name: str, old: Any, new: Any) -> Patch | None:
    """Return what it takes to undo and redo; None if the old value is the user's, or the new one can't be held."""
    if not _may_live(old):
        return None
    if _may_live(new):
        return Patch(owner, name, old, lambda: new)
    try:
        reference = weakref.ref(new)
    except TypeError:
        return None
    return Patch(owner, name, old, lambda: GONE if (found := reference()) is None else found)


def _may_live(value: Any) -> bool:
    """Whether a value may be kept: nobody notices when it ends, or it is a definition of a library's."""
    if value is ABSENT or type(value) in PLAIN:
        return True
    if not isinstance(value, DEFINED):
        return False
    owner = getattr(value, "__objclass__", value)
    home = owner.__name__ if isinstance(owner, types.ModuleType) else getattr(owner, "__module__", "")
    return type(home) is str and home.partition(".")[0] not in ("", "__main__")


class Patches:
    """The patches of a kernel's runs, by the words in which the runs' effects tell of them."""

    def __init__(self) -> None:
        """Know of none."""
        self._runs: dict[str, dict[str, list[Patch]]] = {}

    def note(self, run: str, patches: Mapping[str, list[Patch]]) -> None:
        """Take those of a run. What has no entry can't be taken back, what has an empty one has changed nothing."""
        if patches:
            self._runs[run] = dict(patches)

    def steps(self, back: Iterable[Run], forth: Iterable[Run]) -> tuple[list[tuple[Owner, str, Any]], dict[str, None]]:
        """Return what to set on the way back over runs and forth over others, and what can't be brought about.

        ``back``: newest first; ``forth``: oldest first.
        """
        now: dict[tuple[int, str], Any] = {}
        found: list[tuple[Owner, str, Any]] = []
        lost: dict[str, None] = {}
        for runs, undo in ((back, True), (forth, False)):
            for run in runs:
                for effect in run.effects:
                    if effect.kind == "module" and not effect.detail:
                        patches = self._runs.get(run.id, {}).get(effect.subject)
                        steps = [_step(entry, now, undo) for entry in patches or ()]
                        if patches is None or None in steps:
                            lost[effect.subject] = None
                        found += [step for step in steps if step is not None]
        return found, lost


def _step(entry: Patch, now: dict[tuple[int, str], Any], undo: bool) -> tuple[Owner, str, Any] | None:
    """Return what to set, if the attribute is what it was after the run (or, to redo it, before)."""
    key = (id(entry.owner), entry.name)
    old, new = entry.old, entry.new()
    there = now.get(key, held(entry.owner).get(entry.name, ABSENT))
    expected, wanted = (new, old) if undo else (old, new)
    if new is GONE:
        return None
    if there is not expected and not (type(there) in PLAIN and type(there) is type(expected) and there == expected):
        return None
    now[key] = wanted
    return entry.owner, entry.name, wanted


def apply(steps: Iterable[tuple[Owner, str, Any]]) -> None:
    """Set attributes; one that is not to be there is deleted."""
    for owner, name, value in steps:
        if value is ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, value)
