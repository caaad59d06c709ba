"""What a scan finds: the groups with a new value or a new alias, and the names that are gone."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nbrewind.model import Version
from nbrewind.store.types import Content

from .digest import Fingerprint


@dataclass
class Baseline:
    """What is remembered of a group: enough to notice a change, nothing that keeps the values alive."""

    ids: tuple[int, ...]
    weak: tuple[weakref.ref[object] | None, ...]
    fingerprint: Fingerprint | None
    """None: the content proves nothing, or there is none."""
    limit: str = ""
    """Why it was not read to its end, in words; empty if it was."""
    walked: bool = True
    """False: nor was it walked to its end, so what it shares with others is not known."""
    plain: bool = False
    """One name's value, long, of plain containers and atoms alone (`plain`)."""

    def same_objects(self, ids: tuple[int, ...]) -> bool:
        """Tell whether the names are still bound to the same objects, as far as ids tell."""
        return self.ids == ids and all(ref() is not None for ref in self.weak if ref is not None)

    def still_bound(self, members: Iterable[str], namespace: Mapping[str, object]) -> list[str]:
        """Return those of its names that are still bound to the same objects, as far as ids tell."""
        return [
            name
            for name, key, ref in zip(members, self.ids, self.weak, strict=True)
            if id(namespace.get(name)) == key and (ref is None or ref() is not None)
        ]


@dataclass
class Aside:
    """Names that were taken out of the namespace for a while, with what is remembered of them."""

    values: dict[str, object]
    versions: dict[str, Version]
    atoms: dict[str, object]
    groups: dict[tuple[str, ...], Baseline]


@dataclass
class GroupChange:
    """One group of names with a new value, or a new alias."""

    members: tuple[str, ...]
    """Sorted; the content's stream is the tuple of their values in this order."""
    digest: dict[str, str]
    """Per name: ``b3:...`` where the content has an exact digest, ``once:...`` where it was not read to its end, else
    empty."""
    content: Content | None
    """None: can't be serialised. Buffers are views of the user's memory: write them before the user's code goes on."""
    loadable: bool
    reason: str
    """Why not loadable, for people."""
    refs: dict[str, tuple[str, ...]]
    needs: dict[str, tuple[str, ...]]
    packages: dict[str, tuple[str, ...]]
    kind: dict[str, str]
    preview: dict[str, str]
    fixed: dict[str, bool]
    bytes: dict[str, int]
    """Per name; the sum is the size of the group's content."""
    baseline: Baseline | None = field(default=None, repr=False)


@dataclass
class Changes:
    """What differs from the baseline."""

    groups: list[GroupChange]
    removed: list[str]
    definitions: dict[int, str] = field(default_factory=dict)
    """Under which name each of the notebook's functions and classes is found, by id."""
