"""What modules and classes hold, before and after a run: finds the writes whose target no text tells (rule 7).

`stores` finds ``math.mine = 1``. Where the cell, or a function that it can call, sets attributes of something that the
text does not tell (an argument, an item, what a call returns), or uses ``setattr``, ``exec`` or a mock, what all
modules hold, and the classes that it can name, is compared: 2 to 4 ms, which other cells don't pay.

Libraries fill their own modules while they are used. What user code wrote is told from that by the name: it stands in
the text of the code that ran, as a name or in a constant, or that code makes names from texts, and the name is public.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import is_
from typing import Any, TypeGuard, cast

from nbrewind.analysis.magics import IDENTIFIER
from nbrewind.kernel.patches import ABSENT, Owner, Patch, patch
from nbrewind.kernel.stores import HIDING, hides_writes, set_by_text
from nbrewind.kernel.watch import functions_in
from nbrewind.model import CellAnalysis, Version
from nbrewind.planning.tables import KNOWN_PACKAGES
from nbrewind.planning.trace import top_module
from nbrewind.state import held as held_by
from nbrewind.state import is_data, is_part
from nbrewind.state.kinds import root_of

OWN = frozenset({"__main__", "nbrewind"})
"""Top-level modules that are not compared."""

NOISE = {
    "sys": frozenset({"last_exc", "last_traceback", "last_type", "last_value"}),
    "tempfile": frozenset({"tempdir"}),
}
"""What IPython and the standard library set by themselves."""

OF_MODULES = frozenset({"__doc__", "__file__", "__name__", "__package__", "__path__", "__version__"})
"""What every module has when it is new; the body of each class reads ``__name__``."""

PATCHING = frozenset({"tqdm.pandas", "tqdm_notebook.pandas"})
"""Functions of known libraries that put something into another one."""

MAKING = HIDING - {"modules"}
"""Names by which code writes under names that it makes from texts."""

HEAP, IMMUTABLE = 1 << 9, 1 << 8
"""Flags of types: made at run time; not to be changed."""

DATA: Any = object()
"""In the place of a value that is recorded."""

Namespace = Mapping[str, Any]


def before(
    analysis: CellAnalysis,
    own: Collection[types.CodeType],
    names: Iterable[str],
    packages: Iterable[str],
    namespace: Namespace,
    state: Mapping[str, Version],
    local: Collection[str],
) -> Snapshot | None:
    """Take what modules hold before a run that may write to one unseen; None for any other.

    ``own``: the cell's code, none if it is no plain Python; ``names``: those that it may look up; ``packages``: the
    top-level modules that it may use; ``local``: the loaded modules of the user's own.
    """
    strange = any(name not in KNOWN_PACKAGES and name not in sys.stdlib_module_names for name in packages)
    values = [namespace[name] for name in names if name in namespace]
    called = (code for value in values for code in functions_in(value))
    plain = own and not analysis.opaque and not strange and PATCHING.isdisjoint(analysis.calls)
    codes = [*own, *called]
    if plain and not any(map(hides_writes, codes)) and not set_by_text(codes, namespace):
        return None
    written = {key.removeprefix("module:") for key in state if key.startswith("module:")}
    made = strange or not PATCHING.isdisjoint(analysis.calls)
    return Snapshot(_classes((*values, *namespace.values())), written, local, made=made)


class Snapshot:
    """The dictionaries of all modules, and of some classes, as they were."""

    def __init__(
        self, classes: Iterable[type], written: Collection[str], own: Collection[str], *, made: bool = False
    ) -> None:
        """Copy them; of the top-level modules that runs have ``written`` into only identities.

        Of the user's ``own`` modules only definitions: what else they hold is recorded. What is the user's must not
        live longer for us. ``made``: code of which nothing is known may write under any name.
        """
        self._made, self._own = made, own
        self._patches: list[tuple[str, Owner, Patch | None]] = []
        """The attributes that `changes` found, with the words for each; None if one can't be set back."""
        self._known = set(sys.modules)
        self._table = {name: module for name, module in list(sys.modules.items()) if name not in own}
        modules = filter(_is_module, list(sys.modules.values()))
        self._copies: list[tuple[Owner, bool, dict[str, Any]]] = []
        owners: Iterable[Owner] = (*cast(Iterable[types.ModuleType], modules), *classes)
        for owner in owners:
            root = root_of(_home(owner))
            if self._is_own(owner):
                self._copies.append((owner, False, _definitions(owner)))
            elif root not in OWN:
                loose = top_module(root) in written or (root == "sys" and "builtins" in written)
                self._copies.append((owner, loose, _ids(held_by(owner)) if loose else held_by(owner).copy()))

    def changes(self, codes: Collection[types.CodeType], local: Collection[str]) -> dict[str, str]:
        """Return what ``codes``, which may have run since, changed: in words, each with its top-level module.

        ``local``: the modules of the user's own that are loaded now.
        """
        words = set().union(*map(words_of, codes))
        made = self._made or not MAKING.isdisjoint(words)
        found: dict[str, str] = {}
        for owner, loose, copy in self._copies:
            held = _definitions(owner) if self._is_own(owner) else held_by(owner)
            if loose:
                held = _ids(held)
                if held == copy:
                    continue
            elif len(held) == len(copy) and all(map(is_, held.values(), copy.values())):
                continue
            for name in sorted(held.keys() | copy.keys(), key=str):
                same = held.get(name) == copy.get(name) if loose else held.get(name, self) is copy.get(name, self)
                if not same and _is_meant(owner, name, words, made):
                    old = copy.get(name, ABSENT)
                    if _is_recorded(old) and _is_recorded(held.get(name, ABSENT)):
                        continue
                    told = _told(owner, name)
                    found |= told
                    new = held_by(owner).get(name, ABSENT)
                    stays = loose or old is DATA
                    self._patches.append((next(iter(told)), owner, None if stays else patch(owner, name, old, new)))
        for module in self._new():
            held = held_by(module)
            named = (name for name in words.intersection(held) - OF_MODULES if not _is_of_library(held[name]))
            meant = [name for name in named if _is_meant(module, name, words, made)]
            own = words_of(code) if meant and (code := _code_of(module)) is not None else set()
            for name in set(meant) - own:
                if _home(module) not in local or not is_data(name, held[name]):
                    found |= _told(module, name)
        return found

    def only_own_are_gone(self) -> bool:
        """Whether the table of modules is what it was, but for imports and for modules of the user's own."""
        same = all(sys.modules.get(name) is module for name, module in self._table.items())
        new = sys.modules.keys() - self._known
        return same and all(getattr(getattr(sys.modules[name], "__spec__", None), "name", "") == name for name in new)

    def _is_own(self, owner: Owner) -> bool:
        return _home(owner) in self._own

    def patches(self, owners: Mapping[str, Owner]) -> dict[str, list[Patch]]:
        """Return what can be set back, by the words for each attribute, and by those for its owner."""
        found: dict[str, list[Patch]] = {}
        stuck = {words for words, _, each in self._patches if each is None}
        for words, owner in owners.items():
            each = [each for _, changed, each in self._patches if changed is owner]
            found[words] = [one for one in each if one is not None]
            if None in each:
                stuck.add(words)
        for words, _, one in self._patches:
            if one is not None:
                found.setdefault(words, []).append(one)
        return {words: patches for words, patches in found.items() if words not in stuck}

    def _new(self) -> list[types.ModuleType]:
        """Return the modules that were loaded since."""
        found = (sys.modules[name] for name in sorted(sys.modules.keys() - self._known) if root_of(name) not in OWN)
        return [module for module in found if _is_module(module) and root_of(_home(module)) not in OWN]


def _is_module(value: object) -> TypeGuard[types.ModuleType]:
    return issubclass(type(value), types.ModuleType)


def _home(owner: Owner) -> str:
    """Return the dotted name of a module, or of a class's."""
    found = held_by(owner).get("__name__" if _is_module(owner) else "__module__")
    return found if type(found) is str else ""


def _is_recorded(value: object) -> bool:
    return value is DATA or value is ABSENT


def _definitions(owner: Owner) -> dict[str, Any]:
    """Return what a module or class of the user's holds, `DATA` for what is recorded."""
    told = is_data if _is_module(owner) else is_part
    return {name: DATA if told(name, value) else value for name, value in held_by(owner).items()}


def _ids(held: Mapping[str, Any]) -> dict[str, int]:
    return dict(zip(held, map(id, held.values()), strict=True))


def _classes(values: Iterable[object]) -> Iterator[type]:
    """Yield the classes of libraries that may be changed and that code may get hold of through ``values``.

    Those in modules, those among the values and those of which these are; with what they inherit from.
    """
    seen: set[type] = set()
    for value in values:
        for cls in list(held_by(value).values()) if _is_module(value) else (value, type(value)):
            if not issubclass(type(cls), type) or cls in seen:
                continue
            for base in type.__getattribute__(cls, "__mro__"):
                if base not in seen:
                    seen.add(base)
                    if base.__flags__ & (HEAP | IMMUTABLE) == HEAP:
                        yield base


def _is_meant(owner: Owner, name: str, words: Collection[str], made: bool) -> bool:
    """Whether a change is the user's doing. ``made``: names may have been made from texts."""
    if _is_module(owner):
        home = _home(owner)
        if home in NOISE and name in NOISE[home]:
            return False
        if sys.modules.get(f"{home}.{name}") is held_by(owner).get(name, owner):
            return False  # a submodule was imported
    return name in words or (made and not name.startswith("_"))


def _told(owner: Owner, name: str) -> dict[str, str]:
    home = _home(owner)
    place = home if _is_module(owner) else f"{home}.{type.__getattribute__(owner, '__qualname__')}"
    root = "builtins" if home == "sys" else top_module(home)
    return {f"it changes {place}.{name}, which is not recorded": root}


def _is_of_library(value: object) -> bool:
    """Whether a value was not made by a notebook's code, as far as it tells."""
    if _is_module(value):
        return True
    home = getattr(value, "__module__", None) if issubclass(type(value), types.FunctionType | type) else None
    return type(home) is str and home != "__main__"


def _code_of(module: types.ModuleType) -> types.CodeType | None:
    """Return the code that made a module, if there is any."""
    loader = held_by(module).get("__loader__")
    try:
        found = loader.get_code(_home(module))
    except Exception:
        return None
    return found if isinstance(found, types.CodeType) else None


@lru_cache(maxsize=4096)
def words_of(code: types.CodeType) -> frozenset[str]:
    """Return the names that code, and the functions inside it, use, and those in its constants."""
    found = set(code.co_names)
    todo = list(code.co_consts)
    while todo:
        constant = todo.pop()
        if isinstance(constant, str):
            found.update(IDENTIFIER.findall(constant))
        elif isinstance(constant, tuple | frozenset):
            todo.extend(constant)
        elif isinstance(constant, types.CodeType):
            found |= words_of(constant)
    return frozenset(found)
