"""Which names belong together: the groups of names that share mutable objects or memory.

The walk follows every reference that a user could follow to change something, level by level, in batches
(``gc.get_referents``), with adapters where the garbage collector sees nothing. It is cut at modules, at the globals
of functions, and at functions and classes that are bound to a name: those are referred to by that name.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from . import adapters
from .cycles import cycles
from .inside import attributes_inside, keeps_inside, with_entries_inside
from .kinds import LEAVES, Walk, is_user_class, walk_kind
from .limit import Limit, OverLimit
from .space import cuts_of, home_of

_MANY = 20_000
"""Objects of one level from which on they are handled in bulk."""

_PART = 250_000
"""Objects that are handled in bulk before the limit is asked."""

_FEW = 2_000
"""Objects that are handled one by one before the limit is asked."""


class Span(NamedTuple):
    """A range of memory that a name can reach."""

    start: int
    end: int
    owner: int
    kind: str
    """``raw``: whoever holds it sees writes. ``pandas``: copied before it is written. ``arrow``: never written.
    ``private``: inside a figure, where only another kind of holder makes a link. ``tensor``: a storage of torch's."""


class Group(NamedTuple):
    """Names that share mutable objects or memory, and what is known about them without saving them."""

    members: tuple[str, ...]
    needs: dict[str, tuple[str, ...]]
    """Per name, the names of functions and classes that its value refers to by name."""
    problem: str
    """Why the group can't be saved soundly, in words; empty if nothing was found."""


def walked(
    names: Iterable[str], namespace: Mapping[str, Any], definitions: Mapping[int, str], limit: Limit | None = None
) -> Walker:
    """Walk over all values of a namespace, closely where that is needed; see `Walker`."""
    names = list(names)
    walker = Walker(names, namespace, definitions, limit)
    return Walker(names, namespace, definitions, limit, closely=True) if walker.hidden else walker


class Walker:
    """One walk over all values of a namespace; raises `OverLimit`, with the name, where one takes too long."""

    def __init__(
        self,
        names: Iterable[str],
        namespace: Mapping[str, Any],
        definitions: Mapping[int, str],
        limit: Limit | None = None,
        closely: bool = False,
    ) -> None:
        self.limit = limit or Limit()
        self.closely = closely
        """The dictionary of each instance's attributes is visited, too: a name holds one (`inside`)."""
        self.hidden = False
        """A dictionary was met whose entries lie inside an instance: only a closer walk tells which."""
        self.names = sorted(names)
        self.definitions = definitions
        home = home_of(namespace)
        self.cut = {**adapters.parts_of_interpreter(), id(home): adapters.NAMESPACE, **cuts_of(namespace)}
        self.parent = list(range(len(self.names)))
        self.owner: dict[int, int] = {}
        self.many: list[tuple[set[int], int]] = []
        """As `owner`, for the objects of very large containers: (ids, name)."""
        self.spans: list[Span] = []
        self.needs: list[set[str]] = [set() for _ in self.names]
        self.problems: dict[int, str] = {}
        self.weak: list[tuple[int, int]] = []
        """(name, id of the object that a weak reference points to)."""
        self.memory: list[tuple[int, int, int, str]] = []
        """(name, id of an array, id of the array that owns its memory, kind of the span)."""
        self.private: dict[int, int] = {}
        """As `owner`, for what lies inside figures: constants of matplotlib's that all of them share are no link."""
        self.below = False
        """The walk is inside a figure."""
        self.keep: list[Any] = []
        """What adapters made for the walk: kept until it ends, so that no id is used twice."""
        self._kinds: dict[type, Walk] = {}
        self._adapters: dict[type, adapters.Adapter] = {}
        self._imported: set[int] = set()
        """Functions and classes that an import brings back, and keeps."""
        for index, name in enumerate(self.names):
            value = namespace.get(name)
            if type(value) in LEAVES or value is home:
                continue
            self.limit.turn()
            try:
                self.walk(index, value)
            except OverLimit as error:
                error.name = name
                raise

    def find(self, index: int) -> int:
        """Return the representative of a name's group."""
        parent = self.parent
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def union(self, one: int, other: int) -> None:
        """Put two names into one group."""
        self.parent[self.find(one)] = self.find(other)

    def problem(self, index: int, reason: str) -> None:
        """Note why a name can't be saved soundly; the first reason wins."""
        self.problems.setdefault(index, reason)

    def note_memory(self, start: int, end: int, index: int, kind: str) -> None:
        """Note a range of memory that a name reaches; ``kind``: see `Span`."""
        self.spans.append(Span(start, end, index, kind))

    def defined(self, index: int, obj: object) -> bool:
        """Tell whether an object is a definition bound to another name; then the name only refers to it."""
        name = self.definitions.get(id(obj))
        if name is None or name == self.names[index]:
            return False
        self.needs[index].add(name)
        return True

    def reaches(self, obj: object) -> bool:
        """Tell whether some name holds an object, other than weakly."""
        return self.owner_of(id(obj)) is not None or id(obj) in self.definitions

    def _kind(self, cls: type) -> Walk:
        """Return a type's kind, decided once per walk."""
        kind = self._kinds.get(cls)
        if kind is None:
            kind = self._kinds[cls] = walk_kind(cls)
            if kind == "leaf" and not is_user_class(cls):
                LEAVES.add(cls)
        return kind

    def walk(self, index: int, root: object) -> None:
        """Visit everything that a name reaches."""
        owner, many, kinds, cut, parent = self.owner, self.many, self._kinds, self.cut, self.parent
        through: set[int] = set()
        level: list[Any] = [root]
        waiting: list[list[Any]] = []
        inside: list[Any] = []
        held: list[Any] = []
        found: list[Any] = []
        count = 0
        while level or inside:
            count += len(level)
            if count > _FEW:
                self.limit.check()
                count = 0
            self.below = not level
            if self.below:
                level, inside = inside, []
            nodes: list[Any] = []
            dicts: list[dict[Any, Any]] = []
            figures: list[Any] = []
            extra: list[Any] = []
            if len(level) > _MANY and not self.below:
                level = self._visit_many(index, level, nodes, dicts)
            for obj in level:
                cls = type(obj)
                kind = kinds.get(cls) or self._kind(cls)
                if kind == "node" or kind == "figure":
                    key = id(obj)
                    seen = self.owner_of(key) if many else owner.get(key)
                    if self.below and seen is None and kind == "node":
                        if self.private.setdefault(key, index) == index and key not in through:
                            through.add(key)
                            nodes.append(obj)
                        continue
                    if seen is None:
                        if self.private and key in self.private:
                            self.union(self.private[key], index)
                        if key not in cut:
                            owner[key] = index
                            (dicts if cls is dict else figures if kind == "figure" else nodes).append(obj)
                        elif cut[key]:
                            self.problem(index, cut[key])
                    elif parent[seen] != parent[index]:
                        self.union(seen, index)
                elif kind == "leaf":
                    continue
                elif kind == "through":
                    if id(obj) not in through:
                        through.add(id(obj))
                        nodes.append(obj)
                elif kind == "adapt":
                    self._adapt(index, obj, through, extra)
                elif kind == "running":
                    self.problem(index, f"an object of type {cls.__qualname__} belongs to the running kernel")
                else:
                    self.problem(index, f"values of type {cls.__qualname__} can't be looked into")
            level, held, found = [], [], []  # `with_entries_inside` counts who else holds them
            parts: list[Any] = []
            for members in with_entries_inside(dicts):
                self.hidden = True
                parts += [*members, *members.values()]
            if self.closely:
                parts += [attributes_inside(obj) for obj in nodes if keeps_inside(type(obj))]
            held = gc.get_referents(*nodes, *dicts) if nodes or dicts else []
            if parts:
                held += parts
            found = [obj for obj in held if type(obj) not in LEAVES] if len(held) <= _PART else self._links(held)
            if extra:
                self.keep.append(extra)
                found += [obj for obj in extra if type(obj) not in LEAVES]
            if figures:
                inside += [obj for obj in gc.get_referents(*figures) if type(obj) not in LEAVES]
            if self.below:
                inside, level = inside + found, []
            elif len(found) > _PART:
                waiting += [found[start : start + _PART] for start in range(0, len(found), _PART)]
                level = waiting.pop()
            else:
                level = found or (waiting.pop() if waiting else [])
        self.below = False

    def _links(self, held: list[Any]) -> list[Any]:
        """Return those of very many objects that have to be visited."""
        found: list[Any] = []
        for start in range(0, len(held), _PART):
            self.limit.check()
            found += [obj for obj in held[start : start + _PART] if type(obj) not in LEAVES]
        return found

    def _visit_many(self, index: int, level: list[Any], nodes: list[Any], dicts: list[dict[Any, Any]]) -> list[Any]:
        """Do for many objects at once what `walk` does for one; return those that need to be looked at one by one."""
        ids = set(map(id, level))
        if len(ids) < len(level):
            level = list(dict(zip(map(id, level), level, strict=True)).values())
        types = set(map(type, level))
        plain = {cls for cls in types if self._kind(cls) == "node"}
        rest = [obj for obj in level if type(obj) not in plain] if types != plain else []
        if rest:
            level = [obj for obj in level if type(obj) in plain]
            ids.difference_update(map(id, rest))
        known: set[int] = set()
        for others in (self.owner.keys(), self.cut.keys(), self.private.keys(), *(each for each, _ in self.many)):
            if not others.isdisjoint(ids):  # it goes through the fewer of them
                known |= ids & others
        if known:  # what is owned already, or cut, is rare: one by one
            rest += [obj for obj in level if id(obj) in known]
            level = [obj for obj in level if id(obj) not in known]
            ids -= known
        self.many.append((ids, index))
        if dict not in plain:
            nodes += level
        elif len(plain) == 1:
            dicts += level
        else:
            nodes += [obj for obj in level if type(obj) is not dict]
            dicts += [obj for obj in level if type(obj) is dict]
        return rest

    def owner_of(self, key: int) -> int | None:
        """Return the name that was the first to reach an object."""
        found = self.owner.get(key)
        if found is None:
            for ids, index in self.many:
                if key in ids:
                    return index
        return found

    def _adapt(self, index: int, obj: Any, through: set[int], extra: list[Any]) -> None:
        """Visit an object whose references need an adapter."""
        cls, key = type(obj), id(obj)
        adapter = self._adapters.get(cls)
        if adapter is None:
            adapter = self._adapters[cls] = adapters.adapter_of(cls)
        if adapter.defines:
            if key in self.definitions and self.defined(index, obj):
                return
            if key in self._imported:
                return
            if not adapters.is_own_definition(obj):
                self._imported.add(key)
                return
        self.limit.check()
        if adapter.links:
            seen = self.owner_of(key)
            if seen is not None:
                if seen != index:
                    self.union(seen, index)
                return
            if self.below:
                if self.private.setdefault(key, index) != index or key in through:
                    return
                through.add(key)
            else:
                if key in self.private:
                    self.union(self.private[key], index)
                self.owner[key] = index
        elif key in through:
            return
        else:
            through.add(key)
        adapter.visit(self, index, obj, extra)

    def groups(self) -> list[Group]:
        """Return the groups, in the order of their first names."""
        self._join_memory()
        for index, target in self.weak:
            found = self.owner_of(target)
            if found is not None:
                self.union(found, index)
        self._join_cycles()
        together: dict[int, list[int]] = {}
        for index in range(len(self.names)):
            together.setdefault(self.find(index), []).append(index)
        result = []
        for indices in together.values():
            members = tuple(self.names[index] for index in indices)
            needs = {self.names[index]: tuple(sorted(self.needs[index].difference(members))) for index in indices}
            problem = next((self.problems[index] for index in indices if index in self.problems), "")
            result.append(Group(members, needs, problem))
        return result

    def alone(self, members: Iterable[str]) -> set[int]:
        """Return the ids of the group's arrays inside pandas objects that share their memory with no other array.

        They need not be saved as views of the array that owns the memory, which may be much larger.
        """
        if not self.memory:
            return set()
        names = set(members)
        wanted = {index for index, name in enumerate(self.names) if name in names}
        users: dict[int, set[int]] = {}
        found: dict[int, int] = {}
        for index, array, root, kind in self.memory:
            if index in wanted:
                users.setdefault(root, set()).add(array)
                if kind == "pandas":
                    found[array] = root
        return {array for array, root in found.items() if len(users[root]) == 1}

    def _join_memory(self) -> None:
        """Link names that reach the same memory, where a write through one is seen by the other."""
        active: list[Span] = []
        for span in sorted(self.spans):
            active = [other for other in active if other.end > span.start]
            for other in active:
                kinds = {span.kind, other.kind}
                if kinds.isdisjoint(("raw", "tensor")):
                    continue
                if other.owner != span.owner:
                    self.union(other.owner, span.owner)
                if "tensor" in kinds and len(kinds) > 1:
                    self.problem(span.owner, "a tensor shares its memory with an array")
                if "arrow" in kinds:
                    self.problem(span.owner, "an Arrow array shares memory with an array that can be written")
            active.append(span)

    def _join_cycles(self) -> None:
        """Link groups that need definitions of each other: none could be loaded before the others."""
        position = {name: index for index, name in enumerate(self.names)}
        graph: dict[int, set[int]] = {}
        for index, names in enumerate(self.needs):
            if names:
                needed = (self.find(position[name]) for name in names if name in position)
                graph.setdefault(self.find(index), set()).update(needed)
        for cycle in cycles(graph):
            for index in cycle[1:]:
                self.union(cycle[0], index)
