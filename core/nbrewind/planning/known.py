"""What a plan knows at one point of the notebook: versions, and what is in doubt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nbrewind.model import Run, Version

VAR = "var:"


def kind_of(key: str) -> str:
    """Return the kind of a key: random generators are one of their own."""
    return "ambient:rng." if key.startswith("ambient:rng.") else key.partition(":")[0] + ":"


def describe(key: str) -> str:
    """Return a key as people say it: ``df``, ``file data.csv``, ``the working directory``."""
    kind, _, name = key.partition(":")
    words = {
        "var": name,
        "file": f"file {name}",
        "dir": f"folder {name or '.'}",
        "env": f"environment variable {name}",
        "package": f"package {name}",
        "python": "Python",
        "folder": "the place of the notebook",
        "installation": "the place of the installed packages",
        "names": "the set of variables",
        "ambient": f"setting {name}",
        "module": f"what is in module {name}",
        "import": f"the import of {name}",
    }
    return words.get(kind, key)


@dataclass(frozen=True)
class Doubt:
    """A key whose content is not known until a cell has run."""

    cell: str
    label: str
    """The cell as people know it (``cell 7``)."""
    expected: bool = True
    """False: the cell can change it, but nothing says that it will."""
    whole: bool = False
    """The parts of the value are known; how it is as a whole is not: in which order they were set."""

    def about(self, key: str) -> str:
        """Say what the doubt means for a reader of ``key``."""
        return f"reads {describe(key)}, which {self.label} {'changes' if self.expected else 'may change'}"


@dataclass
class PlanState:
    """What a plan knows at one point of the notebook: versions, and what is in doubt."""

    items: dict[str, Version] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    reach: dict[str, set[str]] = field(default_factory=dict)
    """For names in doubt: all names with which its value may be connected; one set for all that are."""
    wild: dict[str, tuple[Doubt, set[str]]] = field(default_factory=dict)
    """Kinds of which every key is in doubt, but for those that became known since."""
    defined: set[str] = field(default_factory=set)
    """Names that cells of imports and definitions bind which have not run yet."""
    absent: set[str] = field(default_factory=set)
    """Files that are known to be removed here, whatever lies there now."""

    def apply(self, writes: Iterable[Version], removed: Iterable[str]) -> None:
        """Take over the results of a run: what it wrote is known now."""
        for key in removed:
            self.items.pop(key, None)
            self._settle(key)
            if key.startswith("file:"):
                self.absent.add(key)
        for version in writes:
            self.items[version.key] = version
            self.absent.discard(version.key)
            self._settle(version.key)

    def _settle(self, key: str) -> None:
        if self.doubts.pop(key, None) is not None:
            self.reach.pop(key[4:], None)
        if self.wild and (found := self.wild.get(kind_of(key))):
            found[1].add(key)

    def doubt(self, keys: Iterable[str], doubt: Doubt, reach: Collection[str] = ()) -> None:
        """Mark keys as changed by a cell that will run; ``reach``: what their new values may be connected with."""
        names = []
        for key in keys:
            self.doubts[key] = doubt
            if key.startswith(VAR):
                names.append(key[4:])
        if not names and not reach:
            return
        tangle = self._tangled({*names, *reach})  # also where nothing is new: what was apart may be connected now
        for name in names:
            self.reach[name] = tangle

    def _tangled(self, names: set[str]) -> set[str]:
        """Return one set of all names that are connected with any of ``names``, for all of these."""
        sets = {id(found): found for name in names if (found := self.reach.get(name)) is not None}
        if not sets:
            return names
        largest = max(sets.values(), key=len)
        for found in sets.values():
            if found is not largest:
                for name in found:
                    if self.reach.get(name) is found:
                        self.reach[name] = largest
                largest |= found
        largest |= names
        return largest

    def expect(self, versions: Collection[Version], own: Run | None, doubt: Doubt) -> None:
        """Take over constants that a cell makes when it runs, which it has not yet since ``own``.

        In doubt are those that it changes. What they are is known, so none is connected with anything else.
        """
        for version in versions:
            made = own.written(version.key) if own is not None else None
            if made is not None and made.digest == version.digest:
                self.apply([made], ())
            else:
                self.apply([version], ())
                self.doubts[version.key] = doubt

    def doubt_all(self, kinds: Iterable[str], doubt: Doubt) -> None:
        """Mark every key of some kinds as possibly changed by a cell that will run."""
        for kind in kinds:
            self.wild[kind] = (doubt, set())

    def doubt_on(self, key: str) -> Doubt | None:
        """Return why the content of a key is not known here; None if it is."""
        found = self.doubts.get(key)
        if found is None and self.wild:
            wild = self.wild.get(kind_of(key))
            if wild is not None and key not in wild[1]:
                return wild[0]
        return found

    @property
    def certain(self) -> bool:
        """Whether everything is known."""
        return not self.doubts and not self.wild


def state_of(items: Mapping[str, Version]) -> PlanState:
    """Return a plan state in which everything is known."""
    return PlanState(dict(items))
