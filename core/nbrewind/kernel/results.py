"""What cells showed (``Out``, ``_``): brought back by a rewind, in the kernel in which it was shown.

IPython keeps every result. Most are objects that a variable holds, too, or that nobody changes. So they are not
recorded: before and after a run that reads IPython's history, results that share nothing with a variable are copied,
and with every checkpoint goes a note of which variables were results themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from nbrewind.model import Run, Version, new_id
from nbrewind.planning.trace import HISTORY
from nbrewind.state import LoadError, ScanInterrupted, apart
from nbrewind.state.kinds import ATOM_BYTES, ATOMS
from nbrewind.store import Content

if TYPE_CHECKING:
    from nbrewind.kernel.head import Head

MOST = 16 << 20
"""Bytes of one run's copies; larger results stay as they are."""
LAST = ("_", "__", "___")


class Copy(NamedTuple):
    """A result as it was."""

    version: Version
    content: Content


class Mark(NamedTuple):
    """What belongs to a checkpoint."""

    names: dict[str, int]
    """Variables that are results themselves, with the results' numbers."""
    last: dict[str, tuple[str, Any]]
    """What `_`, `__` and `___` stand for: the number of a result, the name of a variable, or a plain value."""
    number: int
    """Of the last result."""


@dataclass
class Back:
    """What a rewind does to the results."""

    mark: Mark | None
    copies: dict[int, Copy] = field(default_factory=dict)
    """Results to replace, by number."""
    left: set[int] = field(default_factory=set)
    """Numbers of those that stay as they are, though they may have been changed."""
    unsure: bool = False
    """It is not known which."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Say, for people, what stays as it is."""
        each = (f"Out[{number}] is as it is now: what it was is not known" for number in sorted(self.left))
        return (NOTE,) if self.unsure else tuple(each)


class Results:
    """The results of one kernel's cells."""

    def __init__(self, head: Head) -> None:
        """Look at what the shell of ``head`` keeps."""
        self._head, self._shell = head, head.shell
        self._copies: dict[str, tuple[dict[int, Copy], dict[int, Copy]]] = {}
        """Per run that read the history: results before and after it."""
        self._marks: dict[str, Mark] = {}
        self._known: dict[int, int] = {}
        """Id to number of what is in ``Out`` and may be changed."""
        self._length = -1
        self._number = 0

    @property
    def _out(self) -> dict[int, Any]:
        found = self._shell.user_ns.get("_oh")
        return found if type(found) is dict else {}

    def copies(self) -> dict[int, Copy]:
        """Copy the results that share nothing with a variable."""
        return self._look()[0]

    def _look(self) -> tuple[dict[int, Copy], dict[int, set[str]]]:
        """Copy them; return also the variables with which others share something."""
        out, bound = self._out, self._aliases()
        named = set(bound.values())
        names = [f"_{number}" for number in self._changeable().values() if number not in named]
        namespace = self._head.live.namespace
        names = [name for name in names if namespace.get(name) is out.get(int(name[1:]), self)]
        found: dict[int, Copy] = {}
        size = 0
        try:
            changes, shared = apart(self._head.live, names) if names else ([], {})
        except ScanInterrupted as error:
            raise KeyboardInterrupt from error
        for change in changes:
            size += sum(change.bytes.values())
            if change.content is None or not all(change.digest.values()) or size > MOST or change.content.side:
                continue  # what holds a definition itself is of one that no variable has any more
            content = Content(
                bytes(change.content.stream), [bytes(b) for b in change.content.buffers], change.content.side
            )
            snapshot = new_id()
            for name in change.members:
                version = Version(
                    id=new_id(), key="var:" + name, run="", digest=change.digest[name], snapshot=snapshot,
                    members=change.members, needs=change.needs.get(name, ()),
                )  # fmt: skip
                found[int(name[1:])] = Copy(version, content)
        return found, {int(name[1:]): variables for name, variables in shared.items()}

    def ended(self, run: str, before: dict[int, Copy] | None, number: int | None) -> None:
        """Note what belongs to a run. ``number``: of its result; None if it showed none."""
        if number is not None and number in self._out:
            self._number = number
        if before is not None:
            self._copies[run] = before, self.copies()

    def mark(self, checkpoint: str) -> None:
        """Note what belongs to a checkpoint."""
        if self._number:
            names = self._aliases()
            self._marks[checkpoint] = Mark(names, self._last(), self._number)

    def _last(self) -> dict[str, tuple[str, Any]]:
        """Return what the names of the last results stand for, as far as it can be told."""
        namespace, found = self._shell.user_ns, {}
        numbers = self._changeable()
        for name in LAST:
            value = namespace.get(name, self)
            if id(value) in numbers and self._out.get(numbers[id(value)], self) is value:
                found[name] = ("result", numbers[id(value)])
            elif type(value) in ATOMS and sys.getsizeof(value) <= ATOM_BYTES:
                found[name] = ("value", value)
        return found

    def plan(
        self, checkpoint: str, back: Iterable[Run], forth: Iterable[Run], loaded: Mapping[str, Any], gone: Iterable[str]
    ) -> Back:
        """Find out what a rewind to a checkpoint does; nothing is changed yet.

        ``back``: the runs on the way back, newest first; ``forth``: those on the way forth, oldest first; ``loaded``:
        names whose values are replaced; ``gone``: those that will not be there.
        """
        mark, back, forth = self._marks.get(checkpoint), list(back), list(forth)
        used = [run for run in (*back, *forth) if reads_history(run)]
        if mark is None:
            return Back(None, unsure=bool(used and self._out))
        wanted: dict[int, Copy] = {}
        for run in back:
            wanted |= self._copies.get(run.id, ({}, {}))[0]
        for run in forth:
            wanted |= self._copies.get(run.id, ({}, {}))[1]
        aliased, changed = set(mark.names.values()), {*loaded, *gone}
        there = [number for number in self._changeable().values() if number <= mark.number and number not in aliased]
        now, shares = self._look()
        result = Back(mark)
        unsure = any(run.id not in self._copies for run in used)
        for number in there:
            if number in wanted:
                if not _same(wanted[number], now.get(number)) or changed.intersection(wanted[number].version.needs):
                    result.copies[number] = wanted[number]
            elif unsure or (used and number not in now) or changed & shares.get(number, set()):
                result.left.add(number)
        return result

    def bring(self, back: Back) -> tuple[str, ...]:
        """Do it, after the variables were brought back. Returns, for people, what stays as it is."""
        if back.mark is None:
            return back.notes
        namespace, out = self._shell.user_ns, self._out
        values = {number: namespace[name] for name, number in back.mark.names.items() if name in namespace}
        values |= self._load(back)
        before = dict(out)
        for number, value in values.items():
            for other in [other for other, shown in before.items() if shown is before.get(number, self)]:
                out[other] = value
                if f"_{other}" in namespace:
                    namespace[f"_{other}"] = value
        hook = self._shell.displayhook
        for name, (kind, what) in back.mark.last.items():
            value = out.get(what, namespace.get(name)) if kind == "result" else what
            if getattr(hook, name, self) is namespace.get(name):
                setattr(hook, name, value)
            namespace[name] = value
        self._length, self._number = -1, back.mark.number
        return back.notes

    def _load(self, back: Back) -> dict[int, Any]:
        contents = {copy.version.snapshot: copy.content for copy in back.copies.values()}
        try:
            loaded = self._head.live.load([copy.version for copy in back.copies.values()], contents.__getitem__)
        except LoadError:
            back.left.update(back.copies)
            return {}
        return {int(name[1:]): value for name, value in loaded.values.items()}

    def _changeable(self) -> dict[int, int]:
        """Return id to number of the results that may be changed."""
        out = self._out
        if len(out) != self._length:
            self._length = len(out)
            self._known = {id(value): number for number, value in out.items() if type(value) not in ATOMS}
        return self._known

    def _aliases(self) -> dict[str, int]:
        """Return the variables that are results themselves, with the results' numbers."""
        known = self._changeable()
        if not known:
            return {}
        out, namespace = self._out, self._shell.user_ns
        found = {name: known[id(value)] for name, value in namespace.items() if id(value) in known}
        bound = {name: number for name, number in found.items() if out.get(number, self) is namespace[name]}
        return {name: number for name, number in bound.items() if not HISTORY.match(name)}


NOTE = "Out is as it is now: a cell used IPython's history, and may have changed what it holds"


def reads_history(run: Run) -> bool:
    """Whether a run may have read IPython's history."""
    return any(HISTORY.match(entry.key.removeprefix("var:")) for entry in run.inputs)


def take_number(shell: Any, source: str) -> None:
    """Enter a cell that is not run into IPython's history (``In``, ``_i``): those after it have their own numbers.

    And its text where tracebacks look for that of what it defined.
    """
    text = shell.transform_cell(source)
    shell.history_manager.store_inputs(shell.execution_count, text, source)
    shell.compile.cache(text, shell.execution_count, raw_code=source)
    shell.execution_count += 1


def _same(one: Copy, other: Copy | None) -> bool:
    return (
        other is not None
        and one.version.digest == other.version.digest
        and one.version.members == other.version.members
    )
