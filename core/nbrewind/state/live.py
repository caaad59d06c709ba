"""What is live in a namespace, compared with a baseline; versions swapped in."""

from __future__ import annotations

import gc
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

from nbrewind.model import Version
from nbrewind.store.types import Content, Opened

from .changes import Aside, Baseline, Changes, GroupChange
from .kinds import ATOM_BYTES, ATOMS, is_user_class
from .limit import Limit, OverLimit
from .links import Group, Walker, walked
from .load import Loaded, load
from .partial import beside, looked_at
from .plain import read_plain
from .reading import read, unread
from .snapshot import ScanInterrupted, Snapshotter
from .space import Flat, Space

_ALWAYS_HIDDEN = frozenset(
    {
        "__loader__",
        "__spec__",
        "__builtin__",
        "__builtins__",
        "__annotations__",
        "__annotate__",
        "__cached__",
        "__debug__",
    }
)
_OF_MODULE = ("__doc__", "__file__", "__name__", "__package__")
"""Names that a namespace has as a module: the user's once they are bound to something else."""

_PREFIX = "var:"


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector from running the user's finalisers at moments of our making."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class LiveState:
    """The variables of one kernel: what is live, and the baseline that the next scan compares with.

    Nothing here keeps a user's object alive, except small atoms.
    """

    def __init__(
        self, namespace: dict[str, Any], hidden: Callable[[], Collection[str]], limit: Limit | None = None
    ) -> None:
        self.namespace = namespace
        self.space = Space(namespace)
        """What modules of the user's own hold as well: none, until it is told which these are."""
        self._flat: Flat | None = None
        """The names as they are, while a scan looks at them."""
        self.limit = limit or Limit()
        """What one scan may cost."""
        self.versions: dict[str, Version] = {}
        """The version of every live name."""
        self.deferred: set[str] = set()
        """Names of which nobody knows whether they are still what `versions` says: a scan left them out, or found them
        changed and was not committed."""
        self._others_hidden = hidden
        self._of_module = {name: namespace[name] for name in _OF_MODULE if name in namespace}
        self._definitions: dict[int, str] = {}
        self._atoms: dict[str, Any] = {}
        self._groups: dict[tuple[str, ...], Baseline] = {}
        self._chunks: dict[bytes, bytes] = {}

    @property
    def bound(self) -> MutableMapping[str, Any]:
        """All names that are looked at: the namespace itself where there are no others."""
        if not self.space.modules:
            return self.namespace
        return self.space if self._flat is None else self._flat

    def has_place(self, name: str) -> bool:
        """Tell whether a name is, or would be, a variable's, or that of what a module holds that is looked at."""
        return "." not in name or name in self.namespace or self.space.owner(name)[0] is not None

    def _hidden(self) -> set[str]:
        """Return the names that are not the user's, besides those that never are."""
        own = (name for name, value in self._of_module.items() if self.namespace.get(name, self) is value)
        return {*self._others_hidden(), *own}

    def names(self) -> list[str]:
        """Return the live names: all but those that the shell made."""
        hidden = self._hidden()
        return [
            name
            for name in list(self.bound)
            if isinstance(name, str) and name not in hidden and name not in _ALWAYS_HIDDEN
        ]

    def scan(self, touched: Collection[str] | None = None, *, only: Collection[str] | None = None) -> Changes:
        """Compare what is live with the baseline, in one pass; change nothing but what is noted as `deferred`.

        With *only*, these names, all that belongs to them, and what is bound to something else are looked at.

        A group without an exact fingerprint is reported as changed if one of its names is in *touched* (None: all).
        So is one that is not read to its end because of the limit; the same objects are not tried again.
        Raise `ScanInterrupted` on an interrupt.
        """
        self.limit.start()
        try:
            self._flat = self.space.flat() if self.space.modules else None
            with no_collection():
                return self._scan(touched, only)
        except KeyboardInterrupt:
            raise ScanInterrupted("interrupted while values were being read") from None
        finally:
            self._flat = None

    def _scan(self, touched: Collection[str] | None, only: Collection[str] | None) -> Changes:
        namespace, atoms = self.bound, self._atoms
        hidden = self._hidden()
        changed_atoms: list[str] = []
        others: list[str] = []
        missing = object()
        seen = 0
        for name, value in [item for item in list(namespace.items()) if item[0] not in hidden]:
            if atoms.get(name, missing) is value:
                seen += 1
                continue
            if not isinstance(name, str) or name in _ALWAYS_HIDDEN:
                continue
            if type(value) in ATOMS and (type(value) is types.ModuleType or sys.getsizeof(value) <= ATOM_BYTES):
                changed_atoms.append(name)
            else:
                others.append(name)
        groups: list[GroupChange] = []
        for name in changed_atoms:
            change = read(Group((name,), {}, ""), Snapshotter((name,), namespace, {}), namespace, self._chunks)
            if change is not None:
                groups.append(change)
        definitions = self.defined(others)
        looked = others if only is None else self._looked_at(only, others, definitions)
        plain = None
        if len(looked) == 1:
            plain = read_plain(looked[0], self._groups.get((looked[0],)), namespace, self._chunks, self.limit)
        if plain is not None:
            groups += plain
        elif looked:
            walker, left = self._walk(looked, definitions)
            if left and len(looked) < len(others):  # what is not walked may share anything with any other name
                looked = others
                walker, left = self._walk(looked, definitions)
            groups += self._scan_groups(walker, left, looked, definitions, touched)
        if len(looked) < len(others) and only is not None:
            more = beside(groups, self._groups, self.versions).intersection(others)
            if not more.issubset(looked):
                return self._scan(touched, more.union(only))
        self.deferred = {name for group in groups for name in group.members}.union(set(others).difference(looked))
        removed: list[str] = []
        if len(self.versions) != seen or changed_atoms or others:
            removed = [name for name in self._known() if name not in namespace or name in hidden]
        return Changes(groups, sorted(removed), definitions)

    def _looked_at(self, only: Iterable[str], names: list[str], definitions: Mapping[int, str]) -> list[str]:
        """Return those of *names* that have to be looked at with *only*."""
        if not all(base.walked for base in self._groups.values()):
            return names
        renamed = {name for key, name in self._definitions.items() if definitions.get(key) != name}
        return looked_at(only, names, self.bound, self._groups, self.versions, renamed)

    def _known(self) -> Iterator[str]:
        return chain(self._atoms, chain.from_iterable(self._groups))

    def _scan_groups(
        self,
        walker: Walker,
        left: Mapping[str, str],
        names: list[str],
        definitions: dict[int, str],
        touched: Collection[str] | None,
    ) -> list[GroupChange]:
        result = self._left_out(left, names, touched)
        if touched is not None and any(name in touched for name in left):
            touched = None  # with them, anything may have changed
        over = [
            (members, base.limit) for members, base in self._groups.items() if base.limit and self._is_bound(members)
        ]
        bound = self.bound
        probe = Snapshotter((), bound, definitions, (), walker.reaches, self.limit)
        groups = walker.groups()
        if touched is not None:
            groups.sort(key=lambda group: not _may_touch(touched, group.members))  # these first, while there is time
        for group in groups:
            self.limit.turn()
            base = self._groups.get(group.members)
            values = tuple([bound.get(name) for name in group.members])
            if base is not None and not base.same_objects(tuple(map(id, values))):
                base = None
            if base is not None and values[0] is self.namespace:
                continue  # what is in it are the variables
            if base is not None and base.fingerprint is None and not _may_touch(touched, group.members):
                continue  # reading it would prove nothing
            if base is not None and not group.problem and probe.still(base.fingerprint, group.members, values):
                continue
            reason = next((reason for members, reason in over if set(members) <= set(group.members)), "")
            change = self.read_group(group, base, reason, definitions, walker)
            if change is not None:
                result.append(change)
        return result

    def _walk(self, names: list[str], definitions: dict[int, str]) -> tuple[Walker, dict[str, str]]:
        """Walk all values. Return also the names left out because walking them takes too long, with the reasons."""
        left = {
            name: base.limit
            for members, base in self._groups.items()
            if not base.walked
            for name in base.still_bound(members, self.bound)
            if name in names
        }
        while True:
            try:
                return walked([n for n in names if n not in left], self.bound, definitions, self.limit), left
            except OverLimit as error:
                left[error.name] = str(error)  # once more, so that no other name is linked by a part of it

    def _left_out(
        self, left: Mapping[str, str], names: Iterable[str], touched: Collection[str] | None
    ) -> list[GroupChange]:
        """Return the names that are not walked as one group: each may share anything with any other name."""
        members = tuple(sorted(left))
        base = self._groups.get(members)
        same = base is not None and base.same_objects(tuple([id(self.bound.get(name)) for name in members]))
        if not members or (same and not _may_touch(touched, names)):
            return []
        return [unread(Group(members, {}, left[members[0]]), self.bound, self.versions, walked=False)]

    def _is_bound(self, members: tuple[str, ...]) -> bool:
        base = self._groups[members]
        return base.walked and base.still_bound(members, self.bound) == list(members)

    def read_group(
        self, group: Group, base: Baseline | None, reason: str, definitions: dict[int, str], walker: Walker
    ) -> GroupChange | None:
        """Read a group, within the limit; *reason*: why it is known to be over it."""
        namespace = self.bound
        if not reason:
            alone = walker.alone(group.members)
            pickler = Snapshotter(group.members, namespace, definitions, alone, walker.reaches, self.limit)
            try:
                return read(group, pickler, namespace, self._chunks, base)
            except OverLimit as error:
                reason = str(error)
        return unread(group._replace(problem=reason), namespace, self.versions)

    def over_limit(self, names: Collection[str]) -> dict[str, str]:
        """Return those of *names* whose values the last scan did not read to their end, with the reasons."""
        found = {name: base.limit for members, base in self._groups.items() if base.limit for name in members}
        return {name: found[name] for name in found if name in names}

    def defined(self, names: Iterable[str]) -> dict[int, str]:
        """Return id to name of the notebook's functions and classes that are bound to a name."""
        found: dict[int, str] = {}
        bound = self.bound
        for name in names:
            value: Any = bound.get(name)
            cls: type = type(value)
            if cls is types.FunctionType or cls is typing.TypeVar or (issubclass(cls, type) and is_user_class(value)):
                other = found.get(id(value))
                if (
                    other is None
                    or getattr(value, "__name__", "") == name
                    or (getattr(value, "__name__", "") != other and name < other)
                ):
                    found[id(value)] = name
        return found

    def commit(self, changes: Changes, versions: Mapping[str, Version]) -> None:
        """Make what a scan found the new baseline. *versions* holds the new version of every changed name.

        A group is taken only if all its names have a version.
        """
        for name in changes.removed:
            self._forget(name)
            self.versions.pop(name, None)
        for group in changes.groups:
            if group.baseline is None or any(name not in versions for name in group.members):
                continue
            for name in group.members:
                self._forget(name)
                self.versions[name] = versions[name]
            value = self.bound.get(group.members[0])
            if len(group.members) == 1 and _is_atom(value) and id(value) == group.baseline.ids[0]:
                self._atoms[group.members[0]] = value
            else:
                self._groups[group.members] = group.baseline
            self.deferred.difference_update(group.members)
        self._definitions = changes.definitions
        self._prune()

    def _forget(self, name: str) -> None:
        self._atoms.pop(name, None)
        if (name,) in self._groups:
            del self._groups[(name,)]
        else:
            for members in [members for members in self._groups if len(members) > 1 and name in members]:
                del self._groups[members]

    def _prune(self) -> None:
        """Forget the digests of chunks that no group holds any more."""
        if len(self._chunks) < 64:
            return
        held = {chunk for base in self._groups.values() if base.fingerprint for chunk in base.fingerprint.chunks}
        self._chunks = {key: value for key, value in self._chunks.items() if key[:16] in held}

    def matches(self, version: Version) -> bool:
        """Tell whether a version is live and unchanged at this moment. For several at once use `matching`."""
        return bool(self.matching([version]))

    def matching(self, versions: Iterable[Version]) -> set[str]:
        """Return the names of those versions that are live and unchanged at this moment; everything is read again.

        What has no exact digest matches only if it can't be loaded, is the same object, and no scan since reported
        it as changed.
        """
        changes = self.scan(touched=())
        differs = {name for group in changes.groups for name in group.members} | set(changes.removed)
        digests = {name: digest for group in changes.groups for name, digest in group.digest.items()}
        together = {name: group.members for group in changes.groups for name in group.members}
        result = set()
        for version in versions:
            name = version.key.removeprefix(_PREFIX)
            live = self.versions.get(name)
            if name not in self.bound:
                continue
            if name in differs:
                same = bool(digests.get(name)) and digests[name] == version.digest and together[name] == version.members
            elif live is None:
                same = False
            elif live.id == version.id:
                same = live.digest.startswith("b3:") or not live.loadable
            else:
                same = live.digest.startswith("b3:") and live.digest == version.digest
                same = same and live.members == version.members
            if same:
                result.add(name)
        return result

    def dependents(self, names: Iterable[str], versions: Mapping[str, Version]) -> set[str]:
        """Return the names, among *versions*, that refer to one of *names* by name, however indirectly.

        When a function or class is loaded it is a new object: what refers to it must be loaded with it (rule 9).
        Groups are completed.
        """
        wanted = set(names)
        while True:
            more = {
                name
                for name, version in versions.items()
                if (version.needs or len(version.members) > 1)
                and name not in wanted
                and (wanted.intersection(version.needs) or wanted.intersection(version.members))
            }
            if not more:
                return wanted
            wanted |= more

    def load(
        self,
        versions: Iterable[Version],
        fetch: Callable[[str], Content | Opened],
        given: Mapping[str, Any] = types.MappingProxyType({}),
    ) -> Loaded:
        """Load versions beside the namespace, which stays as it is; raise `LoadError` if any can't be.

        *given* are definitions to be used instead of those in the namespace.
        """
        with no_collection():
            return load(list(versions), fetch, self.namespace, given)

    def install(self, loaded: Loaded, *, remove: Iterable[str] = (), keep: Iterable[Version] = ()) -> None:
        """Swap loaded values in by name, and take a new baseline for them.

        *keep* are the versions that `matching` found live: from now on they are what is live.
        """
        for name in remove:
            self.bound.pop(name, None)
            self._forget(name)
            self.versions.pop(name, None)
        self.bound.update(loaded.values)
        for name in loaded.values:
            self._forget(name)
        kept = {version.key.removeprefix(_PREFIX): version for version in keep}
        self.versions.update({name: version for name, version in kept.items() if name in self.bound})
        found = self.scan(touched=())
        self.commit(Changes(found.groups, [], found.definitions), {**kept, **loaded.versions})

    def set_aside(self, names: Collection[str]) -> Aside:
        """Take names out of the namespace; `put_back` brings them back as the same objects, with their baseline."""
        gone = {name: self.bound[name] for name in names if name in self.bound}
        aside = Aside(
            gone,
            {name: self.versions[name] for name in gone if name in self.versions},
            {name: self._atoms[name] for name in gone if name in self._atoms},
            {members: base for members, base in self._groups.items() if gone.keys() >= set(members)},
        )
        for name in gone:
            del self.bound[name]
            self._atoms.pop(name, None)
            self.versions.pop(name, None)
        self._groups = {members: base for members, base in self._groups.items() if gone.keys().isdisjoint(members)}
        return aside

    def put_back(self, aside: Aside, names: Collection[str]) -> None:
        """Bind names that were set aside again. A group of which a member stays away shows as changed in a scan."""
        back = {name: aside.values[name] for name in names if name in aside.values}
        self.bound.update(back)
        for name in back:
            self._forget(name)
        self.deferred |= back.keys()
        self.versions.update({name: version for name, version in aside.versions.items() if name in back})
        self._atoms.update({name: value for name, value in aside.atoms.items() if name in back})
        self._groups.update({members: base for members, base in aside.groups.items() if back.keys() >= set(members)})


def _may_touch(touched: Collection[str] | None, names: Iterable[str]) -> bool:
    return touched is None or any(name in touched for name in names)


def _is_atom(value: object) -> bool:
    return type(value) in ATOMS and (type(value) is types.ModuleType or sys.getsizeof(value) <= ATOM_BYTES)
