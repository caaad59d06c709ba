"""What runs have set in modules and classes of libraries is taken out for a step of a plan that comes before them."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbrewind.kernel import patches
from nbrewind.kernel.rewind import crossed
from nbrewind.model import DEFAULT, Run, Version
from nbrewind.planning.trace import LOCAL
from nbrewind.state import held
from nbrewind.state.kinds import module_of, root_of

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

_MODULE = "module:"


@dataclass
class Taken:
    """Attributes of modules and classes that are set to what they were before some runs."""

    left: dict[str, Version] = field(default_factory=dict)
    """What can't be taken out: the step meets it, and its record says so."""
    steps: list[tuple[patches.Owner, str, Any]] = field(default_factory=list)
    _before: list[tuple[patches.Owner, str, Any]] = field(default_factory=list)

    def take(self) -> None:
        """Set them."""
        self._before = [(owner, name, held(owner).get(name, patches.ABSENT)) for owner, name, _ in self.steps]
        patches.apply(self.steps)

    def put_back(self, written: Collection[str]) -> None:
        """Set them to what they were, but for those of modules of which the step wrote something."""
        patches.apply(step for step in reversed(self._before) if _MODULE + _root(step[0]) not in written)
        self._before = []


def taken(recorder: Recorder, state: Mapping[str, Version]) -> Taken:
    """Return what to take out of modules so that they are as in ``state``; nothing is done yet."""
    keys = {
        key for key in (*state, *recorder.state) if key.startswith(_MODULE) and LOCAL + key[7:] not in recorder.state
    }
    keys = {key for key in keys if _digest(state.get(key)) != _digest(recorder.state.get(key))}
    if not keys:
        return Taken()
    back = _over(recorder, state, keys)
    steps, stuck = recorder.patches.steps(back, ()) if back is not None else ([], {"": None})
    if stuck:
        return Taken(left={key: recorder.state[key] for key in keys if key in recorder.state})
    return Taken(steps=steps)


def _over(recorder: Recorder, state: Mapping[str, Version], keys: Iterable[str]) -> list[Run] | None:
    """Return the runs of this kernel that wrote the modules since they were as in ``state``, newest first.

    None if that is not known, or if one of them has changed something that is to stay.
    """
    todo, found = set(keys), []
    for run in crossed(recorder, "")[0]:
        todo = {key for key in todo if key not in state or state[key].run != run.id}
        written = {version.key for version in run.writes if version.key.startswith(_MODULE)}
        if not todo.isdisjoint(written):
            if not written <= todo or not any(effect.kind == "module" and not effect.detail for effect in run.effects):
                return None
            found.append(run)
    return None if todo & state.keys() else found


def _root(owner: patches.Owner) -> str:
    """Return the top-level module that a module or class belongs to."""
    return root_of(owner.__name__ if isinstance(owner, types.ModuleType) else module_of(owner))


def _digest(version: Version | None) -> str:
    return version.digest if version is not None else DEFAULT
