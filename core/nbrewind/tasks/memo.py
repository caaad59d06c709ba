"""The memo: records of tasks, found by their keys. The one core of all doors.

``find`` answers with what a task would give, or not at all: whatever is missing, damaged, of another version or not to
be trusted is a miss, and the task runs. Nothing that goes wrong here is ever the error of a task.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from blake3 import blake3

from nbrewind.store import Content, Store, StoreError
from nbrewind.store.tasks import Found, Place, TaskRow
from nbrewind.store.types import Buffer

from . import outputs
from .explain import Closest
from .parts import Key, NoKey, of_cell
from .policies import Occurrences, Policies, Rule
from .records import SHORT, Facts, Made, Outcome, Parted, Record, digest_of, packed, parted, read, written
from .seen import Look, here

if TYPE_CHECKING:
    from .journal import Journal


DIFFERS = "it gave something else than its record"
"""What is said of a task of which `Memo.differs` is so."""


class Differing(NamedTuple):
    """A task that has given something else than its record says."""

    key: Key
    occurrence: int
    recorded: str
    """Digest of what it gave then."""
    given: str
    """And now."""


class Memo:
    """Answers tasks, and records them. Safe to use from several threads; several may use one store."""

    policies: Policies
    place: Place
    """Where tasks are submitted from now."""
    occurrences: Occurrences
    """Of the run that goes on: for all doors that use this memo."""
    trouble: str
    """Why the last task could not be recorded; empty if it could be."""
    journal: Journal | None
    """Is told by doors of the tasks that are submitted and end."""
    differing: list[Differing]
    """Tasks that were run though a record would have answered, and have given something else."""

    def __init__(
        self, store: Store, *, policies: Policies | None = None, place: Place | None = None, look: Look | None = None
    ) -> None:
        """Use the records of a store.

        Args:
            store: it stays open when the memo is closed.
            policies: default: all that can be proved answers.
            place: where tasks are submitted from.
            look: tells what tasks were seen to reach as it is now; by default, on this machine.
        """
        self.store = store
        self.policies = policies or Policies()
        self.place = place or Place()
        self.occurrences = Occurrences()
        self.trouble = ""
        self.journal = None
        self.differing = []
        self._look = look or here()
        self._random = random.Random()
        self._closest = Closest(store)
        self._checked: dict[tuple[bytes, int], str] = {}
        """Tasks that run to be compared, with the digests of what is recorded."""

    def begin(self, place: Place) -> None:
        """Take note that a run begins in which tasks are submitted: identical ones are counted anew."""
        self.place, self.occurrences = place, Occurrences()
        if self.journal is not None:
            self.journal.begin(place)

    def scoped(self, key: Key, place: Place | None = None) -> Key:
        """Return the key of a task that is submitted at a place; by default where tasks are submitted now.

        Where its code can reach more than its arguments, it is that of the cell: what draws of another cell gave must
        not be given to this one, which may be the only one of the two that runs.
        """
        cell = (place or self.place).cell
        return of_cell(key, cell) if key.marks and cell else key

    def answers(self, rule: Rule) -> bool:
        """Whether records may answer tasks for which a rule holds."""
        return self.policies.answers and rule.use == "reuse"

    # -- finding ------------------------------------------------------------------------------------------------------

    def find(
        self,
        key: Key | NoKey,
        *,
        occurrence: int = 0,
        rule: Rule | None = None,
        places: Mapping[str, outputs.Place] | None = None,
    ) -> Record | None:
        """Return the record that answers a task; None if it has to run.

        Args:
            key: what the task is, as `scoped` gives it.
            occurrence: how many such tasks of this run came before (`Occurrences`).
            rule: what holds for the task (`Policies.rule`); by default what holds for one without a name.
            places: outputs by name, and where they belong: they are put there, all or, with None returned, none.
                Others are only verified.
        """
        rule = rule or self.policies.rule()
        if isinstance(key, NoKey) or not self.answers(rule):
            return None
        try:
            record = self._find(key, occurrence, places)
        except (StoreError, OSError, ValueError):
            return None
        if record is not None and rule.verify and self._random.random() < rule.verify:
            self._checked[record.facts.key, occurrence] = record.digest
            return None
        return record

    def _find(self, key: Key, occurrence: int, places: Mapping[str, outputs.Place] | None) -> Record | None:
        found, facts = self._facts(parted(key), occurrence, self.place)
        if found is None or facts is None or found.data is None or self._distrust(key, facts):
            return None
        data = found.data
        stdout = self._content(facts.stdout, data)
        result = None
        if facts.result is not None:
            result = self._content(facts.result, data[len(data) - facts.result.size :])
        if places is not None and not outputs.put_back(self.store, {one.name: one for one in facts.outputs}, places):
            return None
        for output in facts.outputs:
            if places is None or output.name not in places:
                for made in outputs.contents((output,)):
                    if made.snapshot:
                        self.store.contents.verify(made.snapshot)
        return Record(facts, result, bytes(stdout))

    def _facts(self, parts: Parted, occurrence: int, place: Place | None) -> tuple[Found | None, Facts | None]:
        found = self.store.tasks.find((parts.slot, occurrence), place)
        facts = read(found.record) if found else None
        if facts is None or facts.key != parts.key or facts.occurrence != occurrence:
            return None, None
        return found, facts

    def _content(self, made: Made, data: bytes) -> Buffer:
        """Return a content; raise `StoreError` if it is not there or damaged."""
        return self.store.get(made.snapshot).buffers[0] if made.snapshot else data[: made.size]

    def _distrust(self, key: Key, facts: Facts) -> str:
        """Return why a record of this key must not answer; empty if it may."""
        trust = self.policies.trust(key) if key.marks else "as-recorded"
        if trust == "run":
            return f"tasks that can reach {_listed(key.marks)} always run, by policy"
        if facts.seen is None:
            return f"it can reach {_listed(key.marks)}, and nobody saw what it did" if trust == "seen" else ""
        for name, digest in facts.seen.items():
            if self._look(name) != digest:
                return f"{name.replace(':', ' `', 1)}` changed, which it was seen to read"
        return ""

    def made(self, key: Key, occurrence: int = 0, output: str = "", *, unless: str = "") -> str | None:
        """Return the digest of what a task made by its record, wherever that is now; None if nothing tells.

        What needs it gets its key from that, before the content is there or moved (see `settled`); and as long as a
        changed task makes the same, what needs it is answered.

        Args:
            key: the task's.
            occurrence: as in ``find``.
            output: only of this file or folder.
            unless: not if this was measured of it (`Outcome.resources`).
        """
        try:
            _, facts = self._facts(parted(key), occurrence, None)
        except (StoreError, ValueError):
            return None
        if facts is None or self._distrust(key, facts) or (unless and facts.resources.get(unless)):
            return None
        return digest_of(facts, output) or None

    def why(self, key: Key | NoKey, occurrence: int = 0) -> list[str]:
        """Return in words why a task was not answered: what it differs in from the record that is closest."""
        if isinstance(key, NoKey):
            return [key.reason]
        try:
            return list(self._why(key, occurrence))
        except (StoreError, ValueError) as error:
            return [str(error)]

    def _why(self, key: Key, occurrence: int) -> Iterator[str]:
        parts = parted(key)
        if (parts.key, occurrence) in self._checked:
            yield "a share of what records would answer runs, to see whether it gives the same"
            return
        is_near = self.store.tasks.has_near((parts.slot, occurrence))
        found, facts = self._facts(parts, occurrence, None) if is_near else (None, None)
        if found is not None and facts is not None:
            removed = "what it made was removed, to keep to the budget" if found.data is None else ""
            other = "what it made is missing or damaged, or its policy is to run"
            yield removed or self._distrust(key, facts) or other
            return
        yield from self._closest.differences(key, is_near=is_near) or ["nothing like it is recorded"]

    # -- recording ----------------------------------------------------------------------------------------------------

    def record(
        self,
        key: Key | NoKey,
        outcome: Outcome,
        *,
        occurrence: int = 0,
        rule: Rule | None = None,
        place: Place | None = None,
    ) -> bool:
        """Record what became of a task that has run: safely on disk soon, or after ``flush``.

        What failed, and what has no key, is not recorded. Files are read before this returns.

        Args:
            key: with which it was looked for.
            outcome: what became of it.
            occurrence: with which it was looked for.
            rule: with which it was looked for; by default what holds for one of its category.
            place: where it was submitted from, if that is not where tasks are submitted now.

        Returns:
            Whether there is a record of it now; else ``trouble`` may say why not.
        """
        self.trouble = ""
        if isinstance(key, NoKey) or not outcome.ok:
            return False
        use = (rule or self.policies.rule(outcome.category)).use
        if use == "never":
            return False
        try:
            self._record(key, outcome, occurrence, place or self.place, compare=use == "refresh")
        except (StoreError, OSError, ValueError, TypeError) as error:  # the latter: what was given can't be written
            self.trouble = str(error)
        return not self.trouble

    def may_wait(self, key: Key | NoKey, rule: Rule) -> bool:
        """Whether a record may be made later, for all that is known of a task when it is submitted."""
        return (
            isinstance(key, Key)
            and rule.use == "reuse"
            and not any(name[:5] == "file " for name in key.components)
            and _is_writable(key, rule.category)
        )

    def record_soon(self, key: Key, make: Callable[[], Outcome], size: int, *, occurrence: int, place: Place) -> bool:
        """Record what became of a task of which `may_wait` is so; that is done with others, which takes less time.

        Args:
            key: with which it was looked for.
            make: makes the outcome of what can't change meanwhile, by any thread. It has no files, and texts of ASCII
                beside what the task has printed. It raises nothing.
            size: bytes of the longest of what the task returned and printed, at most.
            occurrence: with which it was looked for.
            place: where it was submitted from.

        Returns:
            Whether it will be recorded; if not, ``record`` says why.
        """
        if self._checked or size > SHORT:
            return False
        try:
            self.store.tasks.later(lambda: self._made_later(key, make(), occurrence, place))
        except StoreError:
            return False
        return True

    def settle(self) -> None:
        """Make what ``record_soon`` was given."""
        self.store.tasks.make()

    def _record(self, key: Key, outcome: Outcome, occurrence: int, place: Place, *, compare: bool) -> None:
        if (
            not (compare or self._checked or outcome.outputs)
            and _is_short(outcome)
            and _is_writable(key, outcome.category, outcome.host)
        ):
            self.store.tasks.later(partial(self._made_later, key, outcome, occurrence, place))
            return
        before = self._checked.pop((parted(key).key, occurrence), "")
        with nullcontext() if _is_short(outcome) and not outcome.outputs else self.store.writing():
            row, facts = self._row(key, outcome, occurrence, place)
            if before or compare:
                facts = self._compared(key, facts, before)
                row = row._replace(record=written(facts))
            self.store.tasks.add(row)

    def _made_later(self, key: Key, outcome: Outcome, occurrence: int, place: Place) -> TaskRow | None:
        """Return the row of a task all of which stands in it; None if it can't be written."""
        try:
            return self._row(key, outcome, occurrence, place)[0]
        except (ValueError, TypeError) as error:
            self.trouble = str(error)
            return None

    def _row(self, key: Key, outcome: Outcome, occurrence: int, place: Place) -> tuple[TaskRow, Facts]:
        """Put what a task made into the store; return its row, and what that holds."""
        parts = parted(key)
        result = None if outcome.result is None else self._put(outcome.result)
        stdout = self._put(outcome.stdout)
        files = sorted(outcome.outputs.items()) if outcome.outputs else ()
        made = tuple([outputs.put(self.store, name, lies) for name, lies in files])
        facts = Facts(
            key=parts.key,
            occurrence=occurrence,
            packed_components=parts.packed,
            packed_previews=packed(parts.previews),
            marks=tuple(sorted(key.marks)),
            result=result,
            stdout=stdout,
            exit_code=outcome.exit_code,
            outputs=made,
            order=outcome.order,
            submitted=outcome.submitted,
            started=outcome.started,
            finished=outcome.finished,
            host=outcome.host,
            packed_resources=packed(outcome.resources),
            category=outcome.category,
            seen=None if outcome.seen is None else dict(outcome.seen),
            unstable=False,
        )
        data, snapshots = b"", [each.snapshot for each in outputs.contents(made) if each.snapshot] if made else []
        for content, at in ((outcome.stdout, stdout), (outcome.result, result)):
            if at is not None and at.snapshot:
                snapshots.append(at.snapshot)
            elif content:
                data += bytes(content)
        seconds = max(outcome.finished - outcome.started, 0.0)
        slot = (parts.slot, occurrence)
        return TaskRow(slot, place, parts.common(key), seconds, written(facts), data, tuple(snapshots)), facts

    def _compared(self, key: Key, facts: Facts, before: str) -> Facts:
        """Compare with what was recorded before; return the record, which says if they differ."""
        _, old = self._facts(parted(key), facts.occurrence, None)
        before, given = before or (digest_of(old) if old else ""), digest_of(facts)
        differs = bool(before) and before != given
        if differs:
            self.differing.append(Differing(key, facts.occurrence, before, given))
        return msgspec.structs.replace(facts, unstable=differs or (old is not None and old.unstable))

    def differs(self, key: Key, occurrence: int) -> bool:
        """Whether a task was seen, in this session, to give something else than its record said."""
        return bool(self.differing) and any(
            one.key.digest == key.digest and one.occurrence == occurrence for one in self.differing
        )

    def _put(self, content: Buffer) -> Made:
        if type(content) is bytes and len(content) <= SHORT:
            return _short(content) if content else _EMPTY
        view = memoryview(content).cast("B")
        if len(view) <= SHORT:
            return _short(view)
        stored = self.store.put(Content(b"", [view], b""))
        return Made(stored.id, stored.bytes, stored.id)

    def flush(self) -> None:
        """Return when all that was recorded so far is safely on disk.

        Raises:
            StoreError: the disk is full or failing.
        """
        self.store.tasks.flush()

    def close(self) -> None:
        """Write what waits, if it can be written."""
        try:
            self.flush()
        except StoreError as error:
            self.trouble = str(error)


def _is_short(outcome: Outcome) -> bool:
    """Whether what a task returned and printed stands in its row, and can't change until that is made."""
    result, stdout = outcome.result, outcome.stdout
    return (
        type(stdout) is bytes
        and len(stdout) <= SHORT
        and (result is None or (type(result) is bytes and len(result) <= SHORT))
    )


def _is_writable(key: Key, *others: str) -> bool:
    """Whether it is sure that all texts of a record can be written; of others it shows when they are."""
    return "".join((*key.components, *key.previews.values(), *others)).isascii()


def _short(content: bytes | memoryview) -> Made:
    return Made("b3:" + blake3(content).hexdigest(length=16), len(content))


_EMPTY = _short(b"")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
