"""A stand-in for a kernel with a recorder and a store: runs cells in a namespace, records, rewinds."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Collection
from typing import Any

from nbrewind.model import Version, new_id
from nbrewind.state import Ambient, AmbientChange, Changes, LiveState
from nbrewind.store.types import Content

State = dict[str, Version]


class Session:
    """One namespace with its recorded versions."""

    def __init__(self) -> None:
        # As in a kernel: the namespace is that of the module __main__ (the fixture `main` puts it back).
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace: dict[str, Any] = module.__dict__
        self._module = module
        self.live = LiveState(self.namespace, lambda: ("In", "Out"))
        self.ambient = Ambient()
        self.contents: dict[str, Content] = {}
        self.settings: dict[str, AmbientChange] = {}
        self.state: State = {}

    def run(self, source: str) -> Changes:
        """Run a cell and record what changed."""
        with contextlib.suppress(ZeroDivisionError):
            exec(compile(source, "<cell>", "exec"), self.namespace)
        return self.record()

    def record(self, touched: Collection[str] | None = None, only: Collection[str] | None = None) -> Changes:
        """Record what changed; see `LiveState.scan`."""
        changes = self.live.scan(touched, only=only)
        versions: State = {}
        for group in changes.groups:
            snapshot = self.put(group.content) if group.content else ""
            for name in group.members:
                versions[name] = Version(
                    id=new_id(),
                    key="var:" + name,
                    run="run",
                    digest=group.digest[name],
                    loadable=group.loadable,
                    reason=group.reason,
                    snapshot=snapshot,
                    members=group.members,
                    needs=group.needs[name],
                    refs=group.refs[name],
                    packages=group.packages[name],
                )
        self.live.commit(changes, versions)
        self.state = {name: v for name, v in {**self.state, **versions}.items() if name not in changes.removed}
        for key, change in self.ambient.scan().items():
            self.settings[key] = change
        self.ambient.commit({})
        return changes

    def put(self, content: Content) -> str:
        """Store a content, as a copy."""
        snapshot = new_id()
        self.contents[snapshot] = Content(
            bytes(content.stream), [bytearray(buffer) for buffer in content.buffers], content.side
        )
        return snapshot

    def fetch(self, snapshot: str) -> Content:
        """Return a stored content, as a copy."""
        content = self.contents[snapshot]
        return Content(content.stream, [bytearray(buffer) for buffer in content.buffers], content.side)

    def mark(self) -> tuple[State, dict[str, AmbientChange]]:
        """Return what `rewind` needs to come back here."""
        return dict(self.state), dict(self.settings)

    def rewind(self, mark: tuple[State, dict[str, AmbientChange]]) -> set[str]:
        """Go back; return the names that were loaded. Raise `LoadError` if anything would be lost."""
        state, settings = mark
        kept = self.live.matching(state.values())
        wanted = self.live.dependents(set(state) - kept, state)
        gone = [name for name in self.live.names() if name not in state]
        loaded = self.live.load([state[name] for name in wanted], self.fetch)
        keep = [state[name] for name in kept - wanted]
        self.live.install(loaded, remove=gone, keep=keep)
        for key in self.ambient.differing({key: change.digest for key, change in settings.items()}):
            self.ambient.restore(key, settings[key].content if key in settings else None)
        self.state, self.settings = dict(state), dict(settings)
        return wanted

    def value(self, source: str) -> Any:
        """Evaluate an expression in the namespace."""
        return eval(source, self.namespace)


def reload_in_new_process(session: Session) -> Session:
    """Return a session with an empty namespace into which the state of another was loaded."""
    fresh = Session()
    fresh.contents = session.contents
    loaded = fresh.live.load(session.state.values(), fresh.fetch)
    fresh.live.install(loaded)
    fresh.state = dict(session.state)
    return fresh
