"""A small recorder without Jupyter: runs cells with `exec` and records them with the project's own trace functions.

It stands for kernel, store and driver in tests of the planner, where thousands of notebooks are needed. Names that
share lists, dictionaries, closures, defaults or generators form a group; a digest covers the whole group (rule 2).
Besides variables there is one random generator (`seed`, `draw`) as interpreter state, and files (`save`, `load`).
"""

from __future__ import annotations

import builtins
import contextlib
import io
import random
import re
from collections.abc import Iterable, Sequence
from typing import Any

from planning.forms import PLAIN, copied, form, global_names, shared

from nbrewind.model import ABSENT, DEFAULT, Input, Run, Version, new_id, once
from nbrewind.planning.known import state_of
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.plan import plan
from nbrewind.planning.simulate import judge, needed_names
from nbrewind.planning.trace import (
    bind_inputs,
    digest_of,
    kept_names,
    names_input,
    provenance,
    read_names,
    unproved,
    used_packages,
)

RNG = "ambient:rng.python"


def text(value: Any = "") -> str:
    """`str` without addresses, which differ in every process."""
    return re.sub(r"0x[0-9a-f]+", "0x", str(value))


def show(*values: Any) -> None:
    """`print`, likewise."""
    print(*map(text, values))


def cells_of(sources: Sequence[tuple[str, str]]) -> list[SourceCell]:
    """Make cells of (id, source) pairs."""
    return [SourceCell(name, index, source) for index, (name, source) in enumerate(sources)]


class Replan(Exception):
    """A value that can't be loaded is needed: its maker has to run."""


class Machine:
    """A namespace, a random generator, a disk, a store in memory, and one notebook."""

    def __init__(self, disk: dict[str, str] | None = None) -> None:
        self.runs: list[Run] = []
        self.contents: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self.disk = dict(disk or {})
        self.restart()

    def restart(self) -> None:
        """A new kernel: nothing is bound."""
        self.namespace: dict[str, Any] = {}
        own = {"str": text, "print": show, "seed": self._seed, "draw": self._draw}
        own |= {"save": self._save, "load": self._load}
        self.namespace["__builtins__"] = {**vars(builtins), **own}
        self.rng = random.Random(0)
        self.state: dict[str, Version] = {}
        self.virtual: set[str] = set()
        self.ran: list[str] = []
        self.made: dict[str, str] = {}
        self.read_files: dict[str, str] = {}
        self.wrote_files: dict[str, str] = {}
        self.rng_used = False

    # What cells can do outside their variables

    def _seed(self, number: int) -> None:
        self.rng_used = True
        self.rng.seed(number)

    def _draw(self) -> int:
        self.rng_used = True
        return self.rng.randrange(100)

    def _save(self, name: str, value: Any) -> None:
        self.disk[name] = self.wrote_files[name] = text(value)

    def _load(self, name: str) -> str:
        if name not in self.wrote_files:
            self.read_files.setdefault(name, self.digest("file:" + name))
        return self.disk.get(name, "nothing")

    def digest(self, key: str) -> str:
        """The world outside: files."""
        kind, _, name = key.partition(":")
        return digest_of(self.disk[name]) if kind == "file" and name in self.disk else ABSENT

    # Recording

    @property
    def records(self) -> History:
        return History(self.runs, self.candidates)

    def candidates(self, code: str) -> list[Run]:
        return [run for run in reversed(self.runs) if run.code == code and run.status == "ok" and not run.unknown]

    def run(self, cell: SourceCell) -> str:
        """Run a cell and record it; returns what it printed (or the exception)."""
        analysis, before = cell.analysis, dict(self.state)
        names = read_names(analysis, before)
        self.read_files, self.wrote_files, self.rng_used = {}, {}, False
        rng = self.rng.getstate()
        out, status = io.StringIO(), "ok"
        with contextlib.redirect_stdout(out):
            try:
                exec(cell.source, self.namespace)
            except Exception as error:
                status = "error"
                out.write(f"{type(error).__name__}: {error}")
        run_id = new_id()
        inputs = list(bind_inputs(names, before)) + list(names_input(analysis, before))
        for name, digest in self.read_files.items():
            held = before.get("file:" + name)
            inputs.append(Input(key="file:" + name, digest=digest, run=held.run if held else ""))
        if self.rng_used:
            held = before.get(RNG)
            inputs.append(Input(key=RNG, digest=held.digest if held else DEFAULT, run=held.run if held else ""))
        groups, removed = self._changes(set(names), cell)
        changed = {name for group in groups for name in group} | {key[4:] for key in removed}
        inputs += bind_inputs(kept_names(analysis, before, changed) - names, before, kept=True)
        writes = [version for group in groups for version in self._versions(group, run_id, cell, inputs)]
        if status == "ok":
            for name in analysis.must_writes:
                if name not in changed and name in self.namespace:
                    writes += self._versions([name], run_id, cell, inputs, renew=True)
        if self.rng.getstate() != rng:
            version = Version(id=new_id(), key=RNG, run=run_id, digest=digest_of(repr(self.rng.getstate())))
            self.contents[version.id] = self.rng.getstate()
            writes.append(version)
        for name, text in self.wrote_files.items():
            version = Version(id=new_id(), key="file:" + name, run=run_id, digest=digest_of(text))
            self.contents[version.id] = text
            writes.append(version)
        unknown = unproved(analysis, names, used_packages(analysis, names, before))
        run = Run(
            id=run_id, notebook="n", session="s", cell=cell.id, number=len(self.runs) + 1, code=analysis.code,
            source=cell.digest, started=0.0, inputs=tuple(inputs), writes=tuple(writes), removed=tuple(removed),
            status=status, unknown=tuple(unknown), prelude=analysis.prelude,
        )  # fmt: skip
        for key in removed:
            del self.state[key]
        for version in writes:
            self.state[version.key] = version
        self.runs.append(run)
        self.outputs[run_id] = out.getvalue()
        self.ran.append(cell.id)
        self.made[run_id] = cell.id
        return out.getvalue()

    def _live(self) -> dict[str, Any]:
        return {name: value for name, value in self.namespace.items() if name != "__builtins__"}

    def _groups(self) -> list[list[str]]:
        """The live names, those together that share something."""
        owner: dict[int, set[str]] = {}
        groups: dict[str, set[str]] = {}
        for name, value in self._live().items():
            group = {name}
            for part in shared(value, id(self.namespace)):
                group |= owner.get(part, set())
            for part in shared(value, id(self.namespace)):
                owner[part] = group
            for member in group:
                groups[member] = group
                for part in shared(self.namespace[member], id(self.namespace)):
                    owner[part] = group
        return [sorted(group) for group in {id(group): group for group in groups.values()}.values()]

    def _hidden(self, group: Iterable[str]) -> bool:
        return any(
            not isinstance(part, PLAIN)
            for name in group
            for part in shared(self.namespace[name], id(self.namespace)).values()
        )

    def _digests(self, group: list[str]) -> dict[str, str]:
        seen: dict[int, int] = {}
        whole = [f"{name}={form(self.namespace[name], seen)}" for name in group]
        alone = len(group) == 1
        return {name: digest_of(form(self.namespace[name], {}) if alone else name, *whole[alone:]) for name in group}

    def _changes(self, read: set[str], cell: SourceCell) -> tuple[list[list[str]], list[str]]:
        """The groups with a changed member, and the keys of names that are gone."""
        touched = read | set(cell.analysis.writes)
        changed = []
        for group in self._groups():
            held = [self.state.get("var:" + name) for name in group]
            if self._hidden(group):
                same = all(version is not None and version.members == tuple(group) for version in held)
                if not same or touched & set(group):
                    changed.append(group)
                continue
            digests = self._digests(group)
            if any(v is None or v.digest != digests[name] for name, v in zip(group, held, strict=True)):
                changed.append(group)
        live = self._live()
        self.virtual -= set(live)
        gone = [
            key for key in self.state if key.startswith("var:") and key[4:] not in live and key[4:] not in self.virtual
        ]
        return changed, gone

    def _versions(
        self, group: list[str], run: str, cell: SourceCell, inputs: list[Input], *, renew: bool = False
    ) -> list[Version]:
        if renew:
            old = self.state["var:" + group[0]]
            group_names, digests = list(old.members), {group[0]: old.digest}
        else:
            group_names = group
        hidden = self._hidden(group_names)
        if hidden and not renew:
            digests = {name: provenance(cell.analysis.code, inputs, "var:" + name) for name in group}
        elif not renew:
            digests = self._digests(group)
        memo: dict[int, Any] = {}
        content = None
        if not hidden:
            content = {name: copied(self.namespace[name], memo, {}) for name in group_names}
        made = []
        for name in group:
            value = self.namespace[name]
            version = Version(
                id=new_id(), key="var:" + name, run=run, digest=digests[name], kind=type(value).__name__,
                refs=global_names(value, id(self.namespace)), members=tuple(group_names),
                fixed=not shared(value, id(self.namespace)), loadable=not hidden,
            )  # fmt: skip
            self.contents[version.id] = content
            made.append(version)
        return made

    # Repeating

    def materialise(self, names: set[str]) -> None:
        """Bind the recorded values of names that are not live; members of a group share their objects."""
        wanted = {name for name in names if name in self.virtual}
        done: dict[tuple[str, ...], dict[str, Any]] = {}
        for name in sorted(wanted):
            version = self.state["var:" + name]
            if not version.loadable:
                raise Replan(self.made.get(version.run, ""))
            group = version.members
            if group not in done:
                memo: dict[int, Any] = {}
                done[group] = {
                    member: copied(value, memo, self.namespace) for member, value in self.contents[version.id].items()
                }
            self.namespace[name] = done[group][name]
            self.virtual.discard(name)

    def run_by_hand(self, cell: SourceCell) -> None:
        """Run a cell as a user does, also after a repeat."""
        try:
            self.materialise(needed_names(cell, state_of(self.state)))
        except Replan:
            return
        self.run(cell)

    def repeat(self, cells: Sequence[SourceCell]) -> list[str]:
        """Bring cells up to date in a new kernel, as the driver does. Returns what each shows."""
        forced = set(plan(cells, self.records, self).forced)
        disk = dict(self.disk)
        for _ in range(len(cells) + 1):
            self.restart()
            self.disk = dict(disk)
            try:
                return [self._step(cell, forced) for cell in cells]
            except Replan as again:
                assert again.args[0] not in forced
                forced.add(again.args[0])
        raise AssertionError("the plan does not settle")

    def _step(self, cell: SourceCell, forced: set[str]) -> str:
        if not cell.active:
            return ""
        found = judge(cell, state_of(self.state), self.records, self)
        run = found.answered
        if run is None or cell.analysis.prelude or cell.id in forced:
            self.materialise(needed_names(cell, found.before))
            return self.run(cell)
        self.adopt(run, cell.id)
        return self.outputs[run.id]

    def adopt(self, run: Run, cell: str) -> None:
        """Take over a run's results: names are known, and bound when they are needed."""
        self.made[run.id] = cell
        for key in run.removed:
            self.state.pop(key, None)
            self.namespace.pop(key[4:], None)
            self.virtual.discard(key[4:])
        for version in run.writes:
            self.state[version.key] = version
            kind, _, name = version.key.partition(":")
            if kind == "var":
                self.namespace.pop(name, None)
                self.virtual.add(name)
            elif kind == "file":
                self.disk[name] = self.contents[version.id]
            else:
                self.rng.setstate(self.contents[version.id])


def full_run(cells: Sequence[SourceCell], disk: dict[str, str] | None = None) -> list[str]:
    """What the cells show when all run once, in order, in a new kernel."""
    fresh = Machine(disk)
    return [fresh.run(cell) if cell.active else "" for cell in cells]


__all__ = ["Machine", "cells_of", "full_run", "once"]
