"""Which names a scan has to look at after a run that can't have touched all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from itertools import chain
from typing import Any

from nbrewind.model import Version

from .changes import Baseline, GroupChange


def together(names: Iterable[str], versions: Mapping[str, Version]) -> set[str]:
    """Return names with their groups, and with the definitions that these refer to by name, however indirectly."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            version = versions.get(name)
            if version is not None:
                todo += version.members
                todo += version.needs
    return found


def looked_at(
    touched: Iterable[str],
    live: Collection[str],
    namespace: Mapping[str, Any],
    groups: Mapping[tuple[str, ...], Baseline],
    versions: Mapping[str, Version],
    renamed: Set[str],
) -> list[str]:
    """Return those of the *live* names whose values may not be what they were.

    The *touched* ones, those that are bound to something else, what referred by name to one of *renamed* (definitions
    that are no longer found under that name), and whoever was in a group with one of these.
    """
    found = together(touched, versions)
    if renamed:
        found.update(name for name, version in versions.items() if not renamed.isdisjoint(version.needs))
    known = set(chain.from_iterable(groups))
    for members, base in groups.items():
        if len(members) == 1:
            same = base.ids[0] == id(namespace.get(members[0])) and ((ref := base.weak[0]) is None or ref() is not None)
        else:
            same = base.same_objects(tuple([id(namespace.get(name)) for name in members]))
        if not same or not found.isdisjoint(members):
            found.update(members)
    return [name for name in live if name in found or name not in known]


def beside(
    groups: Iterable[GroupChange], known: Collection[tuple[str, ...]], versions: Mapping[str, Version]
) -> set[str]:
    """Return the names that may have been changed with *groups* although they are in no group with them.

    pandas objects share memory without being linked, as they copy it before they write to it. Not always.
    """
    if not any("pandas" in group.packages[group.members[0]] for group in groups if group.members in known):
        return set()
    return {name for name, version in versions.items() if "pandas" in version.packages}
