"""Values that can't be loaded, made again by the runs that made them, beside what is live.

Everything that the user has is set aside, the very objects; what a run read is bound as it was then, and its code runs
once more with nothing shown. Only runs whose trace is whole and that did nothing outside their variables are repeated,
and what they make must be what is recorded: digests where a value has one, which names share parts in any case.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from IPython.utils.capture import capture_output

from nbrewind.kernel.guard import Guard
from nbrewind.kernel.head import SETTINGS, VAR, belonging, environment_first, is_same, limit, variables
from nbrewind.kernel.hooks import told
from nbrewind.kernel.shield import shielded
from nbrewind.model import ABSENT, DEFAULT, PLACE, Input, Run, Version
from nbrewind.planning.trace import IMPORT
from nbrewind.state import LiveState, LoadError
from nbrewind.store import StoreError
from nbrewind.store.forget import REASON as FORGOTTEN

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

SECONDS = 10.0
"""How long the runs may have taken that a rewind repeats without being asked to."""


class Refusal(Exception):
    """A value can't be made again; the text says why, after "it can't be made again: "."""


@dataclass
class Slice:
    """The runs that make some values again, which have to be made together."""

    runs: dict[str, Run] = field(default_factory=dict)
    before: dict[str, dict[str, Version]] = field(default_factory=dict)
    """The state that each of them met."""
    names: set[str] = field(default_factory=set)
    """What is taken from it."""
    uses: set[str] = field(default_factory=set)
    """Definitions that are live, and that what is taken needs: it must have these, no copies."""

    @property
    def written(self) -> set[str]:
        """The names that any of its runs wrote or removed."""
        keys = (key for run in self.runs.values() for key in (*(each.key for each in run.writes), *run.removed))
        return {key.removeprefix(VAR) for key in keys if key.startswith(VAR)}

    def needs(self, other: Slice) -> bool:
        """Whether it has something in common with the ``other``, or reads what a run of that makes."""
        makers = (before[VAR + name].run for run, before in self._met() for name in bound(run, before))
        return not (other.names.isdisjoint(self.names) and other.runs.keys().isdisjoint([*self.runs, *makers]))

    def _met(self) -> Iterable[tuple[Run, dict[str, Version]]]:
        return ((run, self.before[run.id]) for run in self.runs.values())

    def merge(self, other: Slice) -> None:
        """Take in another one."""
        self.runs |= other.runs
        self.before |= other.before
        self.names |= other.names
        self.uses |= other.uses

    def __str__(self) -> str:
        """Return what is done, a sentence."""
        cells = dict.fromkeys(_cell(run) for run in sorted(self.runs.values(), key=_time))
        return f"{', '.join(sorted(self.names))}: made again from the same inputs, by running {', '.join(cells)} aside"


class Recomputer:
    """Makes values of one state again."""

    def __init__(self, recorder: Recorder, wanted: Mapping[str, Version], kept: Collection[str]) -> None:
        """For ``recorder``'s kernel. ``wanted``: the variables of the state; ``kept``: those that are live already."""
        self._recorder, self._wanted, self._kept = recorder, wanted, kept
        self._made_by = {each.run: each for each in recorder.notebook.checkpoints() if each.action == "run"}
        self.notes: list[str] = []
        """What was done, in sentences."""

    def make(self, lost: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """Make as many ``lost`` names again as can be. Returns their values, and why the others can't be, in words.

        Definitions that they need are made with them where the same runs define them. All that is live is as before.
        """
        slices, values, refused = list[Slice](), dict[str, Any](), dict[str, str]()
        for name in sorted(lost):
            members = [each for each in self._wanted[name].members or (name,) if each in self._wanted]
            versions = [self._wanted[each] for each in members]
            if not any(map(self._is_gone, versions)) or any(each.reason == FORGOTTEN for each in versions):
                continue
            found = Slice()
            try:
                for version in versions:
                    self._add(found, version)
            except Refusal as why:
                refused.update(dict.fromkeys(members, str(why)))
                continue
            self._take(found, members)
            for other in [each for each in slices if found.needs(each) or each.needs(found)]:
                slices.remove(other)
                found.merge(other)
            slices.append(found)
        for found in slices:
            try:
                values |= self._perform(found)
                self.notes.append(str(found))
            except Refusal as why:
                refused.update(dict.fromkeys(found.names, str(why)))
        return values, refused

    def _is_gone(self, version: Version) -> bool:
        return not version.loadable or not version.snapshot or not self._recorder.store.has(version.snapshot)

    # -- which runs ---------------------------------------------------------------------------------------------------

    def _add(self, found: Slice, version: Version) -> None:
        """Add the run that made a version, and those that made what it read and can't be loaded either."""
        if version.run not in found.runs:
            self._add_run(found, version)
        if version.digest.startswith("once:"):
            raise Refusal("it was not read to its end, so nobody knows what it held and shared")
        if version.reason == FORGOTTEN:
            raise Refusal(f"{version.key.removeprefix(VAR)} was forgotten")

    def _add_run(self, found: Slice, version: Version) -> None:
        recorder = self._recorder
        run, checkpoint = recorder.store.run(version.run), self._made_by.get(version.run)
        if run is None or checkpoint is None:
            raise Refusal("the run that made it is not of this notebook")
        self._check(run)
        before = recorder.notebook.state(checkpoint.parent) if checkpoint.parent else {}
        found.runs[run.id], found.before[run.id] = run, before
        if sum(each.seconds for each in found.runs.values()) > SECONDS:
            raise Refusal(f"that would take more than {SECONDS:.0f} s; run {_cell(run)} for it")
        for each in run.inputs:
            self._check_input(run, each, before)
        for name in sorted(bound(run, before)):
            if self._is_gone(before[VAR + name]) and not self._is_live(before[VAR + name]):
                self._add(found, before[VAR + name])

    def _check(self, run: Run) -> None:
        """Refuse a run of which it is not certain that it makes the same again, and nothing else."""
        if run.status == "interrupted":
            raise Refusal(f"{_cell(run)}, which changed it, was interrupted")
        if run.unknown:
            raise Refusal(f"{_cell(run)} would have to run again, and {run.unknown[0]}")
        effect = next((each for each in run.effects if each.kind != "module"), None)
        if effect is not None:
            raise Refusal(f"{_cell(run)} would have to run again, which has effects ({effect.kind} {effect.subject})")
        for key in (*(each.key for each in run.writes), *run.removed):
            if not key.startswith((VAR, IMPORT, *SETTINGS)) or (key.startswith(VAR) and "." in key):
                raise Refusal(f"{_cell(run)} would have to run again, which changes {key.partition(':')[2]} too")

    def _check_input(self, run: Run, each: Input, before: Mapping[str, Version]) -> None:
        """Refuse a run that would not meet again what it read."""
        recorder, version = self._recorder, before.get(each.key)
        kind, _, name = each.key.partition(":")
        if each.unread:
            return
        if kind == "var" and "." not in name:
            same = each.digest == ABSENT if version is None else each.holds(version)
        elif each.key.startswith(SETTINGS) and not (kind == "env" and version is None):
            same = each.digest in (DEFAULT, ABSENT) if version is None else each.holds(version)
            same = same and (version is None or version.digest == DEFAULT or bool(version.snapshot))
        elif kind in ("env", "file", "dir", "folder", "package", "python"):
            same = recorder.world.digest(each.key) == each.digest
        else:
            now = recorder.state.get(each.key)
            same = each.digest in (DEFAULT, ABSENT) if now is None else each.holds(now)
        if not same:
            raise Refusal(f"{_cell(run)} would have to run again, and {name or kind} is not what it was then")

    def _is_live(self, version: Version) -> bool:
        """Whether a version is one of those that are kept."""
        name = version.key.removeprefix(VAR)
        return name in self._kept and is_same(version, self._wanted[name])

    def _take(self, found: Slice, names: Iterable[str]) -> None:
        """Note which values are taken: ``names``, and those definitions that they need of which there are new ones."""
        todo = list(names)
        while todo:
            name = todo.pop()
            version = self._wanted.get(name)
            if version is None or name in found.names:
                continue
            if version.run in found.runs or name not in self._kept:
                found.names.add(name)
                todo += [*version.needs, *version.members]
            else:
                found.uses.add(name)

    # -- once more ----------------------------------------------------------------------------------------------------

    def _perform(self, found: Slice) -> dict[str, Any]:
        """Repeat the runs of a slice, and return the values that it is for."""
        recorder = self._recorder
        recorder.living.update()
        if recorder.living.any:
            raise Refusal("threads or tasks are running, which would see other values meanwhile")
        namespace, live = recorder.namespace, recorder.live
        settings = dict[str, Version | None]()
        with shielded():
            aside = live.set_aside([name for name in live.names() if name in namespace])
        try:
            scratch: dict[str, Version] = {}
            for run in sorted(found.runs.values(), key=_time):
                self._bind(found, run, scratch, aside.values)
                self._set(run, found.before[run.id], settings)
                self._execute(run)
                settings |= {each.key: each for each in run.writes if each.key.startswith(SETTINGS)}
                for key in run.removed:
                    scratch.pop(key.removeprefix(VAR), None)
                scratch |= {each.key[4:]: each for each in run.writes if each.key.startswith(VAR)}
                self._compare(run)
            wrong = {name for name in found.names if not _is_one(scratch.get(name), self._wanted[name])}
            others = {name for name in found.uses - found.names if namespace.get(name) is not aside.values.get(name)}
            wrong |= {name for name in others if not self._is_bound_anew(self._wanted[name], scratch.get(name))}
            if wrong:
                raise Refusal(f"{min(wrong)} was changed since")
            return {name: namespace[name] for name in found.names}
        finally:
            with shielded():
                for name in live.names():
                    if name in namespace:
                        del namespace[name]
                live.put_back(aside, list(aside.values))
                for key in sorted(settings, key=environment_first):
                    if failure := recorder.restore_setting(key, recorder.state.get(key)):
                        recorder.outside(f"{key.partition(':')[2]} could not be put back: {failure}")
                recorder.watch.take()

    def _is_bound_anew(self, version: Version, before: Version | None) -> bool:
        """Whether the run that made a definition bound the name anew: then others keep the one of ``before``."""
        run, name = self._recorder.store.run(version.run), version.key.removeprefix(VAR)
        checkpoint, source = run and self._made_by.get(run.id), run and self._recorder.store.source(run.source)
        if not checkpoint or not checkpoint.parent or not source:
            return False
        then = self._recorder.notebook.state(checkpoint.parent).get(version.key)
        return _is_one(then, before) and name in self._recorder.analysis(source).must_writes

    def _bind(self, found: Slice, run: Run, scratch: dict[str, Version], aside: Mapping[str, Any]) -> None:
        """Bind what a run read as it was then; ``scratch``: the versions that are bound already."""
        recorder, before, written = self._recorder, found.before[run.id], found.written
        then = {name: before[VAR + name] for name in bound(run, before)}
        live = {name for name in then.keys() & aside.keys() - written if self._is_live(then[name])}
        live -= recorder.live.dependents(then.keys() - live, then)
        changed = {name for name in then if not _is_one(scratch.get(name), then[name])}
        # What others hold is another object from now on, unless they were to keep the one before.
        replaced = {name for name in changed & scratch.keys() if not self._is_bound_anew(then[name], scratch[name])}
        for name in recorder.live.dependents(replaced, scratch) - changed:
            if scratch.pop(name).run in found.runs and name in then:
                raise Refusal(f"{_cell(run)} needs {name} with what was changed since it was made")
            changed |= {name} & then.keys()
        load: dict[str, Version] = {}
        for name in changed:
            version = scratch[name] = then[name]
            if version.run in found.runs:
                raise Refusal(f"{_cell(run)} needs an earlier value of {name}")
            if name in live:
                recorder.namespace[name] = aside[name]
            else:
                load[name] = version
        for each in run.inputs:
            name = each.key.removeprefix(VAR)
            if each.digest == ABSENT and each.key.startswith(VAR) and name in scratch:
                del scratch[name]
                recorder.namespace.pop(name, None)
        try:
            recorder.namespace.update(recorder.live.load(load.values(), recorder.store.fetch).values)
        except (LoadError, StoreError) as error:
            raise Refusal(f"what {_cell(run)} read can't be loaded ({error})") from error

    def _set(self, run: Run, before: Mapping[str, Version], settings: dict[str, Version | None]) -> None:
        """Bring the settings that a run read or changed to what they were; ``settings``: those that are not as live."""
        read, written = (each.key for each in run.inputs), (each.key for each in run.writes)
        keys = {key for key in (*read, *written) if key.startswith(SETTINGS)}
        for key in sorted(keys, key=environment_first):
            then, now = before.get(key), settings[key] if key in settings else self._recorder.state.get(key)
            if (then.digest if then else DEFAULT) != (now.digest if now else DEFAULT):
                settings[key] = then
                if failure := self._recorder.restore_setting(key, then):
                    name = key.partition(":")[2]
                    raise Refusal(f"{_cell(run)} would have to run again, and {name} can't be set back: {failure}")

    def _execute(self, run: Run) -> None:
        """Run a cell's code as it ran, with nothing shown."""
        recorder = self._recorder
        source, shell = recorder.store.source(run.source), recorder.shell
        if source is None:
            raise Refusal(f"the text of {_cell(run)} is not recorded any more")
        guard, failure = Guard(), ""
        try:
            for module in run.imports:
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)
            with capture_output() as shown:
                code = shell.transform_cell(source)
                name = shell.compile.cache(code, run.execution_count or 0, raw_code=source)
                tree = shell.transform_ast(shell.compile.ast_parse(code, filename=name))
                with guard.held():
                    exec(shell.compile(tree, name, "exec"), recorder.namespace)
        except (Exception, SystemExit) as error:
            failure = told(error)
        if guard.why:
            raise Refusal(f"{_cell(run)} would have to run again, and it {guard.why}")
        if failure != run.error:
            raise Refusal(f"{_cell(run)}, run again, ends {'with ' + failure if failure else 'without an error'}")
        printed = [each["text"] for each in recorder.store.outputs(run.id) if each.get("name") == "stdout"]
        if shown.stdout != "".join(printed):
            raise Refusal(f"{_cell(run)}, run again, prints something else")

    def _compare(self, run: Run) -> None:
        """Refuse what a repeated run made if it is not what is recorded of it."""
        live = LiveState(self._recorder.namespace, self._recorder.hidden, limit())
        groups = {name: group for group in live.scan().groups for name in group.members}
        for version in run.writes:
            name = version.key.removeprefix(VAR)
            if not version.key.startswith(VAR):
                continue
            group = groups.get(name)
            exact = version.digest.startswith("b3:")
            if group is None or group.members != version.members or (exact and group.digest[name] != version.digest):
                raise Refusal(f"{_cell(run)}, run again, gives {name} another value")


def _is_one(version: Version | None, other: Version | None) -> bool:
    return version is not None and other is not None and version.id == other.id


def bound(run: Run, before: Mapping[str, Version]) -> set[str]:
    """Return the variables that are bound when ``run`` is repeated: what it read, with all that belongs to it."""
    read = [each.key[4:] for each in run.inputs if each.key.startswith(VAR) and "." not in each.key]
    return belonging(read, variables(before))


def _time(run: Run) -> float:
    return run.started


def _cell(run: Run) -> str:
    if not run.cell:
        return "something outside the cells"
    return "a cell without an id" if run.cell.startswith(PLACE) else f"cell {run.cell}"
