"""Does a recorded run answer a cell here? If not, the first reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from nbrewind.model import ABSENT, DEFAULT, CellAnalysis, Input, Run
from nbrewind.planning.known import VAR, PlanState, describe
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies, as_recorded, same_version
from nbrewind.planning.tables import AMBIENT_PACKAGES
from nbrewind.planning.trace import (
    ALL_NAMES,
    ambient_inputs,
    digest_of,
    lookups,
    named_imports,
    read_names,
    rebound,
    referring,
    used_modules,
    used_packages,
    variable_names,
)

Cause = Literal["unknown", "failed", "source", "upstream", "input", "variable", "order"]


class Outside(Protocol):
    """The world that a plan meets: files, environment, packages, as they are now."""

    def digest(self, key: str) -> str:
        """Return the present digest of a ``file:``, ``dir:``, ``env:`` or ``package:`` key, or ``python:``."""
        ...  # pragma: no cover


VERSIONED = ("package:", "python:")


@dataclass(frozen=True)
class Mismatch:
    """Why a recorded run does not answer."""

    cause: Cause
    key: str
    reason: str


def ended(run: Run) -> str:
    """Say how the last run of a cell ended that did not end well."""
    return "its last run was interrupted" if run.status == "interrupted" else f"its last run ended with {run.error}"


class Meeting:
    """A cell in the state that it meets: judges recorded runs one after another."""

    def __init__(
        self,
        analysis: CellAnalysis,
        source: str,
        state: PlanState,
        outside: Outside,
        policies: Policies = DEFAULT_POLICIES,
    ) -> None:
        """``source`` is the digest of the cell's exact text."""
        self.analysis, self.source, self.state = analysis, source, state
        self.outside, self.policies = outside, policies

    @cached_property
    def names(self) -> set[str]:
        """The variables that exist here and that the code may look up, where it makes a difference."""
        found = read_names(self.analysis, self.state.items)
        return {name for name in found if VAR + name in self.state.items}

    @cached_property
    def modules(self) -> set[str]:
        """The top-level modules whose own state the code may meet here."""
        return used_modules(used_packages(self.analysis, self.names, self.state.items), self.names, self.state.items)

    @cached_property
    def imports(self) -> list[str]:
        """The keys of submodules that the code may use here, and that cells before it import, or may import."""
        return named_imports(self.modules, self.analysis, {**self.state.items, **self.state.doubts})

    @cached_property
    def doubted(self) -> dict[str, Mismatch]:
        """The names that the code may look up and whose values are not known: a run answers only if it read none.

        First one that changes, then those that only may change, and first those that its own text names: that is the
        reason which a reader of the cell understands.
        """
        state = self.state
        if state.certain:
            return {}
        direct = {*self.analysis.reads, *self.analysis.strings}
        if self.analysis.opaque:
            direct |= variable_names(state.items)
        found, every = lookups(direct, state.items, state.reach)
        certain = {VAR + name for name in lookups(direct, state.items)[0]}  # by no value that is not known
        names = sorted(found, key=lambda name: (name not in direct, name))
        keys = [VAR + name for name in names] + ([ALL_NAMES] if every or self.analysis.opaque else [])
        doubts = [doubt for key in keys if (doubt := self.doubt(key)) is not None]
        doubts.sort(key=lambda doubt: doubt.cause != "upstream" or doubt.key not in certain)
        return {doubt.key: doubt for doubt in doubts}

    def doubt(self, key: str) -> Mismatch | None:
        """Return why the content of a key is not known here; None if it is."""
        doubt = self.state.doubt_on(key)
        if doubt is None and key == ALL_NAMES:
            variables = (found for other, found in self.state.doubts.items() if other.startswith(VAR))
            wild = self.state.wild.get(VAR)
            doubt = next(variables, wild[0] if wild else None)
        if doubt is None:
            return None
        return Mismatch("upstream" if doubt.expected else "unknown", key, doubt.about(key))

    def differs(self, run: Run) -> bool:
        """Whether a run is known at a glance not to hold here."""
        items = self.state.items
        for entry in run.inputs:
            version = items.get(entry.key)
            if version is not None and not entry.holds(version):
                return True
        return False

    def mismatch(self, run: Run, *, shown: bool = False) -> Mismatch | None:
        """Judge whether ``run`` may stand for a new run here. Returns None if it may.

        A run holds where its normalised code is the cell's and every recorded input equals what is there, and where
        nothing else that the code may read has come into being since. ``shown``: only whether it would show the same,
        whatever it leaves.
        """
        if run.code != self.analysis.code:
            return Mismatch("source", "", "its code was edited since")
        if run.stderr and run.source != self.source:
            return Mismatch("source", "", "its text was edited since, and what it printed may quote lines of it")
        if run.status != "ok":
            return Mismatch("failed", "", ended(run))
        if run.unknown:
            return Mismatch("unknown", "", run.unknown[0])
        return self.unmet(run, shown=shown) or self.refused(run)

    def refused(self, run: Run) -> Mismatch | None:
        """Return what a run used of the world that a policy does not let it answer with."""
        why = self.policies.always_runs(run.effects)
        return Mismatch("unknown", "", why) if why else None

    def unmet(self, run: Run, *, shown: bool = False) -> Mismatch | None:
        """Return what a run met and is not so here, or not known to be; None if it is all the same."""
        if self.doubted:
            spared = {entry.key for entry in run.inputs if not self._concerned(entry, shown)}
            for key, doubt in self.doubted.items():
                if key not in spared:
                    return doubt
        for entry in sorted(run.inputs, key=lambda entry: entry.implicit):  # what it did read is the better reason
            if shown and entry.kept:
                continue
            found = self._compare(entry, shown)
            if found is not None:
                return found
        left = next(iter(self.let_go(run)), "") if not shown else ""
        if left:
            return Mismatch("variable", left, f"{describe(left)} holds here what the run bound anew or deleted")
        return self._come_into_being(run)

    @cached_property
    def rebound(self) -> set[str]:
        """The names of what exists here that the code may bind anew or delete."""
        return rebound(self.analysis, self.state.items)

    def let_go(self, run: Run) -> set[str]:
        """Return the keys that share objects here with something that the run bound anew, and that it left alone.

        A new run would leave new versions of them, which share less; this one met no sharing and made none. The same
        with those that refer by name to a definition that it bound anew or deleted: they would hold it themselves.
        """
        items = self.state.items
        made = {version.key: version.members for version in run.writes if version.key.startswith(VAR)}
        made |= {key: () for key in run.removed if key.startswith(VAR)}
        anew = {name for name in self.rebound if VAR + name in made}
        referred = {VAR + name for name in referring(anew, items)} if anew else set()
        return referred.difference(made) | {
            key
            for bound, members in made.items()
            if (before := items.get(bound)) is not None
            for name in set(before.members).difference(members)
            if (key := VAR + name) not in made and (other := items.get(key)) and bound[4:] in other.members
        }

    def differs_in(self, entry: Input) -> bool:
        """Whether one recorded input is another here, or not known."""
        return self._compare(entry) is not None

    def _concerned(self, entry: Input, shown: bool) -> bool:
        """Whether a doubt on the key makes a difference to one recorded input."""
        doubt = self.state.doubts.get(entry.key)
        if doubt is None or not doubt.whole:
            return not entry.unread
        return entry.parts is None or ("" in entry.parts and not shown)

    def _compare(self, entry: Input, shown: bool = False) -> Mismatch | None:
        key = entry.key
        if entry.unread:
            return None
        doubt = self.doubt(key)
        if doubt is not None and self._concerned(entry, shown):
            return doubt
        kind = key.partition(":")[0]
        if key == ALL_NAMES:
            now = digest_of(*sorted(variable_names(self.state.items)))
        elif (version := self.state.items.get(key)) is not None:
            now = entry.digest if entry.holds(version, shown=shown) else version.digest
        elif key in self.state.absent:
            now = ABSENT
        elif kind == "var":
            now = entry.digest if entry.implicit else ABSENT  # a module holds that since any import of it
        elif kind in ("ambient", "import", "module"):
            now = DEFAULT
        else:
            now = self.outside.digest(key)
            if kind in ("package", "python"):
                return _compare_version(entry, now, self.policies)
        if now == entry.digest:
            return None
        if key == ALL_NAMES:
            return Mismatch("unknown", key, "it may have looked which variables there are, and here there are others")
        if kind == "var":
            return Mismatch("variable", key, _variable_words(entry, now))
        what = describe(key)
        return Mismatch("input", key, f"{what} is gone" if now == ABSENT else f"{what} changed since it ran")

    def _come_into_being(self, run: Run) -> Mismatch | None:
        """Find something that the code may read here and that did not exist for the recorded run."""
        recorded = {entry.key for entry in run.inputs}
        for name in sorted(self.names):
            if VAR + name not in recorded:
                return Mismatch("variable", VAR + name, f"{name} exists here and did not when it ran")
        packages = {key[8:] for key in recorded if key.startswith("package:")}
        packages |= self.modules
        for name in sorted(packages):
            key = "module:" + name
            if key not in recorded and (key in self.state.items or key in self.state.doubts):
                return self.doubt(key) or Mismatch("input", key, f"{describe(key)} was changed and was not when it ran")
        for key in self.imports:
            if key not in recorded and run.written(key) is None:
                return self.doubt(key) or Mismatch("input", key, f"{describe(key)} was not made when it ran")
        for entry in ambient_inputs(packages, self.state.items):
            if entry.key not in recorded:
                return Mismatch("variable", entry.key, f"{describe(entry.key)} was changed and was not when it ran")
        for key, owner in AMBIENT_PACKAGES.items():
            if key in self.state.doubts and key not in recorded and (not owner or owner in packages):
                return self.doubt(key)
        return None


def _variable_words(entry: Input, now: str) -> str:
    what = describe(entry.key)
    if now == ABSENT:
        return f"{what} does not exist here"
    if entry.digest == ABSENT:
        return f"{what} exists here and did not when it ran"
    return f"{what} has another value than when it ran"


def _compare_version(entry: Input, now: str, policies: Policies) -> Mismatch | None:
    if entry.key == "python:":
        same = same_version(entry.digest, now, policies.python, places=1)
    else:
        same = same_version(entry.digest, now, policies.packages)
    return None if same else Mismatch("input", entry.key, _version_words(entry, now))


def _version_words(entry: Input, now: str) -> str:
    if now == ABSENT:
        return f"{describe(entry.key)} is not installed here"
    return f"{describe(entry.key)} is {now.removeprefix('v:')} here and was {entry.digest.removeprefix('v:')}"


def other_versions(run: Run, outside: Outside) -> Iterator[str]:
    """Say which packages, and which Python, a run used in another version than the one here."""
    for entry in run.inputs:
        if entry.key.startswith(VERSIONED) and (now := outside.digest(entry.key)) != entry.digest:
            yield _version_words(entry, now)


def with_remarks(reason: str, run: Run, outside: Outside) -> str:
    """Add to the reason for which ``run`` answers what one should know of that."""
    return "; ".join(filter(None, (reason, as_recorded(run), *other_versions(run, outside))))


def answer(
    candidates: Iterable[Run],
    analysis: CellAnalysis,
    source: str,
    state: PlanState,
    outside: Outside,
    policies: Policies = DEFAULT_POLICIES,
) -> Run | Mismatch | None:
    """Return the first candidate that answers, else the mismatch of the first, else None where there is none."""
    here = Meeting(analysis, source, state, outside, policies)
    first: Mismatch | None = None
    for run in candidates:
        if first is not None and (here.doubted or here.differs(run)):
            continue
        found = here.mismatch(run)
        if found is None:
            return run
        first = first or found
    return first
