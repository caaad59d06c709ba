"""The door: what becomes of each task that is submitted, and what is recorded when it has run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from nbrewind import unpatched
from nbrewind.tasks.files import Files
from nbrewind.tasks.journal import Tracked
from nbrewind.tasks.key import Keys
from nbrewind.tasks.memo import DIFFERS, Memo
from nbrewind.tasks.parts import Key, Mark, NoKey, settled
from nbrewind.tasks.policies import Policies
from nbrewind.tasks.records import RESULT, SHORT, Elsewhere, Outcome

from . import calls, commands
from .keys import TaskKeys, function_of, kind_of, outputs_of
from .outcomes import (
    UNMEASURED,
    Measured,
    Scratch,
    content_of,
    has_succeeded,
    measured_of,
    outcome_of,
    path_of,
    stays,
    temporaries,
    unanswerable,
)
from .parts import FileState, ManagerState, TaskState, kinds, original, state_of
from .tasks import load_result
from .worker import is_quiet, seen_of, split, split_text


class Event(NamedTuple):
    """What became of a task that was submitted."""

    id: int
    action: str
    """``answered``, ``ran`` or ``failed``."""
    key: str
    """Its digest; empty if it has none."""
    reasons: tuple[str, ...]
    """Why it was not answered, or is not recorded."""


@dataclass
class Door:
    """What answers tasks, and records them. One is open in a process at a time."""

    memo: Memo
    keys: Keys
    files: Files
    events: list[Event] = field(default_factory=list)
    """What became of tasks since `take_events`."""
    ignore: Callable[[str], None] = lambda folder: None
    """Is told of folders where managers keep files of their own."""
    modules: set[str] = field(default_factory=set)
    """Top-level modules that tasks have loaded in their workers, and this process had not when these were started."""
    trouble: str = ""
    """Why something could not be told the last time of how tasks stand; empty if nothing failed."""

    def __post_init__(self) -> None:
        """Make ready."""
        self.scratch = Scratch()
        self.task_keys = TaskKeys(self.keys)
        trusting = Policies(marks=dict.fromkeys(get_args(Mark), "as-recorded"))
        # Tells what tasks of this session made, whatever the policies say of records of other sessions.
        self._made = Memo(self.memo.store, policies=trusting)

    def take_events(self) -> list[Event]:
        """Return what became of tasks since this was asked last."""
        self.memo.settle()
        found, self.events = self.events, []
        return found

    # -- submitting ---------------------------------------------------------------------------------------------------

    def consider(self, manager: Any, task: Any) -> bool:
        """Make the key of a task that is submitted; return whether a record answers it."""
        state: TaskState = state_of(task)
        try:
            return self._consider(manager, task, state)
        except Exception as error:  # whatever it is, the task runs as without
            state.key, state.record = NoKey(f"it could not be looked at: {type(error).__name__}: {error}"), None
            if state.tracked is None:
                self._note(manager, task, state)
            return False

    def _consider(self, manager: Any, task: Any, state: TaskState) -> bool:
        kind, name, category = kind_of(task), function_of(task), task.category
        state.kind, state.submitted, state.soon = kind, time.time(), False
        state.rule = self.memo.policies.rule("" if category == "default" else category, name)
        state.key = self._key(kind, state_of(manager), task, name)
        outputs = outputs_of(state)
        key, given = state.key, state.given
        if isinstance(state.key, Key):
            state.place = self.memo.place
            state.key = key = self.memo.scoped(state.key)
            state.occurrence = self.memo.occurrences.next(state.key) if state.key.marks else 0
            state.unsettled = state.key.digest
            if state.given:
                self._settle(state)
            if not state.given and not unanswerable(task, outputs) and self.memo.answers(state.rule):
                state.record = self._find(kind, task, state, outputs)
        for file, output, _ in outputs:
            made: FileState | None = state_of(file)
            if made is not None:
                made.producer, made.output = state, output
        self._note(manager, task, state, name)
        if state.record is None:
            state.key, state.given = key, given  # what it is given may be made anew for it, and come out otherwise
            is_alone = kind == "FunctionCall" and not (outputs or state.inputs or given or stays(task))
            state.soon = is_alone and self.memo.may_wait(key, state.rule)
            return False
        self._give(state, outputs)
        self.events.append(Event(state.id, "answered", state.record.facts.key.hex(), ()))
        return True

    def reasons(self, state: TaskState) -> str:
        """Return why no record answers a task that was submitted, in words."""
        if self.memo.answers(state.rule):
            return "; ".join(self.memo.why(state.key, state.occurrence))
        return "records do not answer now"

    def _note(self, manager: Any, task: Any, state: TaskState, name: str | None = None) -> None:
        """Tell the journal of a task that is submitted. ``name``: of its function, if it was asked for before."""
        journal = self.memo.journal
        if journal is None:
            return
        facts = state.record.facts if state.record is not None else None
        try:
            state.tracked = journal.submitted(
                self.memo.place.cell,
                state.key,
                state.occurrence,
                name=(function_of(task) if name is None else name) or str(task.command or ""),
                category=state.rule.category,
                id=state.id,
                manager=state_of(manager).number,
                why="" if facts else self._hindrance(task, state),
                answered=None if facts is None else (facts.finished - facts.started, facts.host),
            )
        except Exception as error:  # whatever it is, what becomes of the task is as without
            self.trouble = f"{type(error).__name__}: {error}"

    def _hindrance(self, task: Any, state: TaskState) -> str:
        """Return why no record could answer a task, whatever there is; empty if one could."""
        if isinstance(state.key, NoKey):
            return state.key.reason
        reason = unanswerable(task, outputs_of(state))
        if reason:
            return reason
        if state.given:
            return "it is given what another task makes, of which there is no record"
        return "" if self.memo.answers(state.rule) else "by policy, no record answers it"

    def is_same(self, manager: Any, task: Any, before: TaskState) -> bool:
        """Make the key of a task that was answered, for it to run; return whether it is the one of then."""
        state: TaskState = state_of(task)
        state.submitted, state.occurrence, state.place = time.time(), before.occurrence, before.place
        state.rule, state.kind = before.rule, before.kind
        key = self._key(state.kind, state_of(manager), task, function_of(task))
        state.key = key if isinstance(key, NoKey) else self.memo.scoped(key, before.place)
        if isinstance(state.key, NoKey) or state.key.digest != before.unsettled:
            return False
        state.unsettled = before.unsettled
        return True

    def _key(self, kind: str, manager: ManagerState, task: Any, function: str) -> Key | NoKey:
        policies = self.memo.policies
        self.keys.count_versions(policies.packages, policies.python)
        if kind == "Task":
            return self.task_keys.of_command(task, task.command)
        if kind == "FunctionCall":
            name = str(task.get_library_required())
            library = manager.libraries.get(name)
            if library is None or not library.installed:
                return NoKey(f"it is not known what the library `{name}` holds")
            return self.task_keys.of_call(task, library, str(task.command) if library.is_graph else function)
        if kind == "PythonTask":
            return self.task_keys.of_function(task, *task._fn_def)
        return NoKey(f"it is a {type(task).__name__}, of which it is not known what it gives its worker")

    def _settle(self, state: TaskState) -> None:
        """Make the key of what is given to a task, as soon as that is known."""
        if isinstance(state.key, NoKey) or not state.given:
            return
        made = {}
        for name, given in state.given.items():
            by = given.by.rebuilt or given.by
            if isinstance(by.key, NoKey) or not (by.recorded or by.record is not None):
                return
            digest = self._made.made(by.key, by.occurrence, given.output)
            if digest is None and given.output == RESULT:
                digest = self._made.made(by.key, by.occurrence)
            if digest is None:
                return
            made[name] = digest
        state.key, state.given = settled(state.key, made), {}

    def _find(self, kind: str, task: Any, state: TaskState, outputs: list[tuple[Any, str, bool]]) -> Any:
        places = {}
        for file, name, sometimes in outputs:
            made: FileState | None = state_of(file)
            if made is not None and made.method == "declare_temp":
                continue
            if made is None or made.method not in ("declare_file", "declare_buffer") or sometimes:
                return None
            places[name] = path_of(made) if made.method == "declare_file" else self.scratch.place(made)
        record = self.memo.find(state.key, occurrence=state.occurrence, rule=state.rule, places=places or None)
        if record is None or kind == "Task":
            return record if record is None or {name for _, name, _ in outputs} == record.outputs.keys() else None
        return record if record.result is not None or (stays(task) and RESULT in record.outputs) else None

    def _give(self, state: TaskState, outputs: list[tuple[Any, str, bool]]) -> None:
        """Give buffers what the task has made."""
        for file, _, _ in outputs:
            made: FileState = state_of(file)
            if made.method == "declare_buffer":
                path = self.scratch.place(made)
                with unpatched.open(path, "rb") as stream:
                    made.content = stream.read()
                os.unlink(path)

    def gone(self, state: TaskState, note: str) -> None:
        """Take note of a task that will not end by itself, in words."""
        if self.memo.journal is not None and state.tracked is not None:
            self.memo.journal.ended(state.tracked, "failed", note=note)

    # -- recording ----------------------------------------------------------------------------------------------------

    def ended(self, manager: Any, task: Any) -> None:
        """Record a task that has run."""
        state: TaskState = state_of(task)
        told, did = UNMEASURED, has_succeeded(task)
        reasons: Collection[str] | None
        try:
            told = measured_of(task)
            if not did:
                reasons = [_end_of(task)]
            else:
                reasons = (self._record_soon if state.soon else self._record)(manager, task, state, told)
        except Exception as error:  # whatever it is, the task has run
            reasons = [f"it could not be recorded: {type(error).__name__}: {error}"]
        if state.tracked is not None and (state.given or state.unsettled != _digest(state.key)):
            state.tracked.identify(state.key, state.occurrence)
        if reasons is not None:
            note = "; ".join(reasons) if did or task.result != "cancelled" else "it was cancelled"
            event = Event(state.id, "ran" if did else "failed", _digest(state.key), tuple(reasons))
            self._tell(event, state.tracked, told, note)

    def _tell(self, event: Event, tracked: Tracked | None, told: Measured, note: str) -> None:
        """Tell of a task that has ended."""
        self.events.append(event)
        journal = self.memo.journal
        if journal is None or tracked is None:
            return
        began, seconds = told.began, told.ended - told.began
        action: Literal["ran", "failed"] = "ran" if event.action == "ran" else "failed"
        try:
            journal.ended(tracked, action, note=note, began=began, seconds=seconds, host=told.host)
        except Exception as error:  # whatever it is, the task has run
            self.trouble = f"{type(error).__name__}: {error}"

    def fetched(self, state: TaskState, file: Any) -> None:
        """Have the record of a task hold its result, which stays in the cluster and was brought here."""
        outcome, state.outcome = state.outcome, None
        if outcome is None or isinstance(state.key, NoKey):
            return
        try:
            outcome.result = file.contents()
            self.memo.record(state.key, outcome, occurrence=state.occurrence, rule=state.rule, place=state.place)
        except Exception as error:  # whatever it is, the file is here
            self.trouble = f"{type(error).__name__}: {error}"

    def _record_soon(self, manager: Any, task: Any, state: TaskState, told: Measured) -> Collection[str] | None:
        """Have a call recorded and told of, with others: then nothing is returned; else as `_record` does."""
        result, report = split(content_of(task._output_file.source()))
        if report is not None:
            if not is_quiet(report):
                return self._record(manager, task, state, told)
            self.modules.update(report.loaded)
        hindrance = load_result(task, result)
        if hindrance:
            return [hindrance]
        seen: Mapping[str, str] | None = None if report is None else {}
        kept: ManagerState = state_of(manager)
        key, order, submitted, category = state.key, kept.ended + 1, state.submitted, state.rule.category
        assert isinstance(key, Key)
        event, tracked = Event(state.id, "ran", key.digest, ()), state.tracked

        def make() -> Outcome:  # the task may have been submitted once more by then
            self._tell(event, tracked, told, "")
            return outcome_of(told, order, submitted, category, result, seen=seen)

        size = max(len(result), 4 * len(told.printed)) if told.host.isascii() else SHORT + 1
        if self.memo.record_soon(key, make, size, occurrence=state.occurrence, place=state.place):
            kept.ended, state.recorded = order, True
            return None
        return self._keep(manager, state, told, result, {}, seen)

    def _record(self, manager: Any, task: Any, state: TaskState, told: Measured) -> Collection[str]:
        """Record a task; return why it is not, or what else there is to tell."""
        if isinstance(state.key, NoKey):
            return [state.key.reason]
        kind, outputs = state.kind, outputs_of(state)
        reason = unanswerable(task, outputs)
        if reason:
            return [reason]
        if state.given:
            self._settle(state)
        if state.given:
            return ["it is given what another task makes, of which there is no record"]
        if not self.task_keys.unchanged(task):
            return ["a file that it is given was changed before it had ended"]
        result, seen, report = None, None, None
        stay: Mapping[str, Elsewhere] = {}
        if outputs:
            stay = commands.made_by(task)
            if len(stay) < len(temporaries(task)):
                return ["its outputs stay in the cluster, and its worker told nothing of them"]
        reasons: list[str] = []
        if kind == "PythonTask" and stays(task):
            report = split_text(original(kinds["Task"], "std_output").fget(task) or "")[1]
            if report is None or not report.made[0]:
                return ["its result stays in the cluster, and its worker told nothing of it"]
        elif kind == "FunctionCall" and stays(task):
            gave = calls.told(state)
            if isinstance(gave, str):
                return [gave]
            stay, report = {RESULT: gave[0]}, gave[1]
        elif kind != "Task":
            result, report = split(content_of(task._output_file.source()))
            hindrance = load_result(task, result) if kind == "FunctionCall" else ""
            if hindrance:
                return [hindrance]
        if report is not None:
            self.modules.update(report.loaded)
            if report.wrote:
                return [f"it writes `{report.wrote[0]}`, which is no output: that would be missing"]
            found = seen_of(report, self.files)
            if isinstance(found, str):
                if not state.key.marks and (report.other or report.read):
                    return [found]  # its code did not tell that it can reach anything: no policy would ask
                reasons.append(found)
            else:
                seen = found
        more = self._keep(manager, state, told, result, self.scratch.outputs(outputs, report, stay), seen)
        return reasons + more if state.recorded else more

    def _keep(
        self,
        manager: Any,
        state: TaskState,
        told: Measured,
        result: bytes | None,
        made: Mapping[str, str | Elsewhere],
        seen: Mapping[str, str] | None,
    ) -> list[str]:
        """Put what became of a task into the memo; return what there is to tell of that."""
        assert isinstance(state.key, Key)
        before = self._made.made(state.key, state.occurrence) if state.silent else None
        kept: ManagerState = state_of(manager)
        kept.ended += 1
        outcome = outcome_of(told, kept.ended, state.submitted, state.rule.category, result, made, seen)
        state.recorded = self.memo.record(
            state.key, outcome, occurrence=state.occurrence, rule=state.rule, place=state.place
        )
        if not state.recorded:
            return [self.memo.trouble or "it is not recorded, by policy"]
        state.outcome = outcome if RESULT in outcome.outputs else None
        reasons = [DIFFERS] if self.memo.differs(state.key, state.occurrence) else []
        if before is not None and before != self._made.made(state.key, state.occurrence):
            reasons.append(f"{DIFFERS}: what was answered before rests on that")
        return reasons

    def close(self) -> None:
        """Write what waits, and remove what is nobody's."""
        self.memo.close()
        self.scratch.close()


def _digest(key: Key | NoKey) -> str:
    return key.digest if isinstance(key, Key) else ""


def _end_of(task: Any) -> str:
    """Return in words how a task has ended that has not done what it should."""
    key: Key | NoKey = state_of(task).key
    return key.reason if isinstance(key, NoKey) else f"it ended with: {task.result}, exit code {task.exit_code}"


_door: Door | None = None


def open_door(memo: Memo, *, folder: str | os.PathLike[str] | None = None) -> Door:
    """Let records of ``memo`` answer the tasks of this process, and have tasks that run recorded there.

    Args:
        memo: stays open when the door is closed.
        folder: where relative paths begin.
    """
    global _door
    close_door()
    _door = Door(memo, Keys(folder), Files(folder))
    return _door


def close_door() -> None:
    """Let every task run unrecorded from now on."""
    global _door
    if _door is not None:
        door, _door = _door, None
        door.close()


def current() -> Door | None:
    """Return the door that is open in this process."""
    return _door
