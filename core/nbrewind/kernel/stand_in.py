"""Lets a notebook import TaskVine where it is not installed, as long as records answer its tasks.

Only code of the notebook's is given the stand-in, only in a repeat, and only if nothing else is found under the name.
Whoever looks whether TaskVine is installed is told that it is not.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import Any

from nbrewind.state.places import is_user_code

PACKAGE = "ndcctools"
TASKVINE = "ndcctools.taskvine"
ORIGIN = "TaskVine is not installed: a stand-in by nbrewind"


class StandIn(Loader):
    """The last entry of `sys.meta_path`, and a loader: it is asked for what nobody else finds."""

    def __init__(self, offered: Callable[[], bool], then: Callable[[types.ModuleType], None]) -> None:
        """Offer it while ``offered`` says so; ``then`` is told once it has been imported."""
        self._offered = offered
        self._then = then
        self._made: dict[str, types.ModuleType] = {}

    def install(self) -> None:
        """Begin to offer it, after all others."""
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def remove(self) -> None:
        """Offer it no longer, and take it away."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name, module in self._made.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]

    @property
    def used(self) -> bool:
        """Whether it was imported."""
        return bool(self._made)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how the stand-in is loaded, if it is what is asked for."""
        if name not in (PACKAGE, TASKVINE) or not (self._offered() and _is_import()):
            return None
        if name == TASKVINE and sys.modules[PACKAGE] is not self._made.get(PACKAGE):
            return None  # a real package, which lacks this part
        return ModuleSpec(name, self, origin=ORIGIN, is_package=name == PACKAGE)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return it; one that was imported before is the same."""
        from nbrewind.tasks.vine.absent import make

        if spec.name not in self._made:
            self._made[spec.name] = make(spec.name)
        return self._made[spec.name]

    def exec_module(self, module: types.ModuleType) -> None:
        """Have its door built in."""
        if module.__name__ == TASKVINE:
            self._then(module)


def _is_import() -> bool:
    """Whether the notebook's code, or ours in its place, imports a module, and does not only look for it."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and _module_of(frame).partition(".")[0] in ("importlib", "_frozen_importlib"):
        if frame.f_code.co_name == "find_spec":
            return False
        frame = frame.f_back
    if frame is None:
        return False
    return is_user_code(frame.f_code.co_filename) or _module_of(frame).startswith("nbrewind.kernel.")


def _module_of(frame: types.FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
