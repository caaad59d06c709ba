"""Factories of workers: one that is started for a manager that is not open waits until that opens.

So a cell that starts workers may run again, and no worker starts unless a task has to run.

Each function here takes the place of the method of ``Factory`` with its name.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

from . import door as doors
from .managers import Managers
from .parts import NAME, ManagerState, original, state_of

NOWHERE = "localhost:0"
"""What a factory takes for the address of a manager that is not open."""


@dataclass
class FactoryState:
    """What is known of a factory whose manager is not open."""

    kept: ManagerState
    given: dict[str, Any]
    """What it was made with."""
    first: dict[str, Any] = field(default_factory=dict)
    """Its options before anybody changed them."""


class Factories:
    """The methods of factories."""

    def __init__(self, managers: Managers) -> None:
        """Serve the factories of the same TaskVine."""
        self.managers = managers
        self.cls = managers.vine.Factory
        self.signature = inspect.signature(self.cls.__init__)
        managers.starting = self.start_really

    def init(self, factory: Any, *args: Any, **options: Any) -> None:
        """Make a factory; it asks its manager for nothing before that opens."""
        given = dict(self.signature.bind(factory, *args, **options).arguments)
        del given[next(iter(given))]
        manager, door = given.get("manager"), doors.current()
        kept: ManagerState | None = state_of(manager) if isinstance(manager, self.managers.vine.Manager) else None
        waits = door is not None and door.memo.policies.answers
        if kept is None or not waits or kept.closed or self.managers.is_open(manager):
            original(self.cls, "__init__")(factory, *args, **options)
            return
        original(self.cls, "__init__")(factory, **{**given, "manager": None, "manager_host_port": NOWHERE})
        factory.__dict__[NAME] = FactoryState(kept, given, dict(factory._opts))

    def start(self, factory: Any) -> Any:
        """Start it as soon as its manager is open."""
        state: FactoryState | None = state_of(factory)
        if state is None:
            return original(self.cls, "start")(factory)
        if self.managers.is_open(state.given["manager"]):
            return self.start_really(factory)
        state.kept.factories.add(factory)
        return factory

    def start_really(self, factory: Any) -> Any:
        """Start a factory whose manager is open by now, with the options that it was given since it was made."""
        state: FactoryState = factory.__dict__.pop(NAME)
        state.kept.factories.discard(factory)
        changed = {name: value for name, value in factory._opts.items() if state.first.get(name, NAME) != value}
        original(self.cls, "__init__")(factory, **state.given)
        factory._opts.update(changed)
        return original(self.cls, "start")(factory)

    def stop(self, factory: Any) -> Any:
        """Stop it, or take back that it is to start."""
        state: FactoryState | None = state_of(factory)
        if state is not None:
            state.kept.factories.discard(factory)
        return original(self.cls, "stop")(factory)
