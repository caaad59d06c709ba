"""A small recorder without Jupyter: runs cells with `exec` and records them with the project's own trace functions.

It stands for the kernel in tests of the planner, where thousands of notebooks are needed. Values are compared by
`repr`, and a name's version digest covers which other names share the object (rule 2).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

from nbrewind.model import Run, Version, new_id
from nbrewind.planning.match import state_of
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.simulate import judge, needed_names
from nbrewind.planning.trace import bind_inputs, digest_of, names_input, read_names, unproved, used_packages


class NoWorld:
    """Nothing outside."""

    def digest(self, key: str) -> str:
        return "absent"


def cells_of(sources: Sequence[tuple[str, str]]) -> list[SourceCell]:
    """Make cells of (id, source) pairs."""
    return [SourceCell(name, index, source) for index, (name, source) in enumerate(sources)]


class Machine:
    """A namespace, a store in memory, and one notebook."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.values: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self.restart()

    def restart(self) -> None:
        """A new kernel: nothing is bound."""
        self.namespace: dict[str, Any] = {}
        self.state: dict[str, Version] = {}
        self.virtual: set[str] = set()  # known by record, not bound
        self.ran: list[str] = []

    @property
    def records(self) -> History:
        return History(self.runs, self.candidates)

    def candidates(self, code: str) -> list[Run]:
        return [run for run in reversed(self.runs) if run.code == code and run.status == "ok" and not run.unknown]

    def run(self, cell: SourceCell) -> str:
        """Run a cell and record it; returns what it printed (or the exception)."""
        analysis = cell.analysis
        names = read_names(analysis, self.state)
        inputs = bind_inputs(names, self.state) + names_input(analysis, self.state)
        unknown = unproved(analysis, names, used_packages(analysis, names, self.state))
        out, status = io.StringIO(), "ok"
        with contextlib.redirect_stdout(out):
            try:
                exec(cell.source, self.namespace)
            except Exception as error:
                status = "error"
                out.write(f"{type(error).__name__}: {error}")
        run_id = new_id()
        writes, removed = self._changes(run_id)
        run = Run(
            id=run_id, notebook="n", session="s", cell=cell.id, number=len(self.runs) + 1, code=analysis.code,
            source=cell.digest, started=0.0, inputs=inputs, writes=tuple(writes), removed=tuple(removed),
            status=status, unknown=tuple(unknown), prelude=analysis.prelude,
        )  # fmt: skip
        self.runs.append(run)
        self.outputs[run_id] = out.getvalue()
        self.ran.append(cell.id)
        return out.getvalue()

    def _changes(self, run_id: str) -> tuple[list[Version], list[str]]:
        live = {name: value for name, value in self.namespace.items() if name != "__builtins__"}
        writes = []
        self.virtual -= set(live)
        for name, value in live.items():
            shared = sorted(other for other, its in live.items() if its is value and isinstance(value, list))
            digest = digest_of(repr(value) if not callable(value) else value.__code__.co_code.hex(), *shared)
            old = self.state.get("var:" + name)
            if old is None or old.digest != digest:
                refs = tuple(value.__code__.co_names) if callable(value) else ()
                version = Version(
                    id=new_id(), key="var:" + name, run=run_id, digest=digest, refs=refs,
                    members=tuple(shared), fixed=not isinstance(value, list),
                )  # fmt: skip
                writes.append(version)
                self.values[version.id] = value if not isinstance(value, list) else list(value)
        for version in writes:
            self.state[version.key] = version
        removed = [key for key in self.state if key[4:] not in live and key[4:] not in self.virtual]
        for key in removed:
            del self.state[key]
        return writes, removed

    def materialise(self, names: set[str]) -> None:
        """Bind the recorded values of names that are not live; members of a group share their object."""
        shared: dict[tuple[str, ...], Any] = {}
        for name in sorted(names):
            version = self.state["var:" + name]
            if name in self.namespace:
                continue
            value = self.values[version.id]
            if isinstance(value, list):
                live = [self.namespace[other] for other in version.members if other in self.namespace]
                value = live[0] if live else shared.setdefault(version.members, list(value))
            self.namespace[name] = value
            self.virtual.discard(name)

    def repeat(self, cells: Sequence[SourceCell]) -> list[str]:
        """Bring cells up to date in a new kernel, as the driver does. Returns what each shows."""
        self.restart()
        shown = []
        for cell in cells:
            if not cell.active:
                shown.append("")
                continue
            found = judge(cell, state_of(self.state), self.records, NoWorld())
            if found.answered is not None and not cell.analysis.prelude:
                run = found.answered
                for key in run.removed:
                    self.state.pop(key, None)
                    self.namespace.pop(key[4:], None)
                    self.virtual.discard(key[4:])
                for version in run.writes:
                    self.state[version.key] = version
                    self.namespace.pop(version.key[4:], None)
                    self.virtual.add(version.key[4:])
                shown.append(self.outputs[run.id])
                continue
            self.materialise(needed_names(cell, found.before))
            shown.append(self.run(cell))
        return shown
