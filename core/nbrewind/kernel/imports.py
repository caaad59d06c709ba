"""Which submodules are there because some cell imported them, and who reads that.

``import xml.dom.minidom`` binds ``dom`` in the module ``xml``: a cell that uses ``xml.dom`` through another cell's
``import xml`` depends on it. The key ``import:NAME`` says that user code imported a module. What that brought along is
known by the same key: a cell that uses ``sklearn.metrics`` may live on another's ``import sklearn.linear_model``.
What comes with its own package (``os.path``), or was there before recording began, is nobody's doing.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from nbrewind.model import CellAnalysis, Input, Version
from nbrewind.planning.trace import IMPORT, brought_by_itself, digest_of
from nbrewind.state.places import is_user_code

TOOLS = frozenset({"IPython", "debugpy", "ipykernel", "jedi", "parso", "prompt_toolkit", "pygments", "traitlets"})
"""Packages that load parts of themselves while the kernel works beside the user's code."""

LISTING = frozenset({"__dict__", "dir", "getmembers", "vars"})
"""Words by which code looks at all that a module holds."""


class Loads:
    """The modules that begin to load during one run, as the import system tells."""

    def __init__(self) -> None:
        """Nothing has begun to load."""
        self.cause = ""
        """The import of user code that is under way, or was last."""
        self._users = False
        """Whether user code is what imports, not the kernel beside it."""
        self.causes: dict[str, str] = {}
        """Submodules that came by themselves, not with their package, to the import that brought them."""
        self.implied: set[str] = set()

    def note(self, name: str) -> None:
        """Note that a module is about to be loaded."""
        above = [package for package in _packages(name) if _is_loading(package)]
        if not self._under_way(name):
            self.cause = above[-1] if above else name
            self._users = _in_user_code()
        if above or not self._users:
            self.implied.add(name)
        else:
            self.causes[name] = self.cause

    def _under_way(self, name: str) -> bool:
        cause = self.cause
        return bool(cause) and (
            _is_loading(cause) or cause.startswith(name + ".") or any(map(_is_loading, _packages(cause)))
        )


class Imports:
    """The submodules that runs of this session have brought."""

    def __init__(self) -> None:
        """Take what is loaded now for the kernel's own."""
        self._known = set(sys.modules)
        self._causes: dict[str, dict[str, str]] = {}
        """Top-level module to its submodules that came by themselves, each with the import that brought it."""

    def begin(self) -> None:
        """Take what was loaded between the runs for the kernel's own."""
        if len(sys.modules) != len(self._known):
            self._known = set(sys.modules)

    def end(self, loads: Loads, analysis: CellAnalysis) -> set[str]:
        """Take over what a run has loaded; return the imports that it stands for: its own, and those that it needed."""
        found = set()
        if len(sys.modules) != len(self._known):
            found = self._load(loads)
        for module in analysis.imports:
            for name in (module, *_packages(module)):
                if name in self._causes.get(name.partition(".")[0], ()):
                    found.add(name)
        return found

    def bring(self, name: str) -> str:
        """Import a submodule as a recorded run did; return why that failed, in words."""
        self.begin()
        loads = Loads()
        loads.cause = name
        try:
            importlib.import_module(name)
        except Exception as error:
            return str(error)
        self._causes.setdefault(name.partition(".")[0], {})[name] = name
        self._load(loads)
        return ""

    def _load(self, loads: Loads) -> set[str]:
        last, found = "", set()
        for name in reversed([name for name in sys.modules if name not in self._known]):  # in the order of completion
            root = name.partition(".")[0]
            cause = loads.causes.get(name, last or name)
            last = cause
            if "." in name and name not in loads.implied and "._" not in name and root[0] != "_" and root not in TOOLS:
                self._causes.setdefault(root, {})[name] = cause
                found.add(cause)
        self._known = set(sys.modules)
        return found

    def read(
        self, analysis: CellAnalysis, used: Iterable[str], words: Iterable[str], own: Collection[str], state: State
    ) -> dict[str, Input]:
        """Return the imports on which a run may live that uses some top-level modules: inputs by key.

        ``words``: what its code uses as names or has in constants; ``own``: imports that it made itself.
        """
        found: dict[str, Input] = {}
        named: set[str] | None = None
        for root in used:
            for name, cause in self._causes.get(root, {}).items():
                named = set(words) if named is None else named
                met = named.issuperset(name.split(".")[1:]) or not LISTING.isdisjoint(named)
                if not met or cause in own or name in own or brought_by_itself(name, analysis):
                    continue
                source = name if IMPORT + name in state else cause
                key = IMPORT + source
                found[key] = Input(key=key, digest=digest_of(source), run=state[key].run if key in state else "")
        return found


State = Mapping[str, Version]


def _in_user_code() -> bool:
    """Whether a cell, or a function of the user's, is being executed."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and not is_user_code(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None


def _packages(name: str) -> Iterator[str]:
    """Yield the packages above a module, the nearest first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _is_loading(name: str) -> bool:
    """Whether a module's own code runs now."""
    module: Any = sys.modules.get(name)
    if not issubclass(type(module), types.ModuleType):
        return False
    spec = types.ModuleType.__getattribute__(module, "__dict__").get("__spec__")
    return bool(getattr(spec, "_initializing", False))
