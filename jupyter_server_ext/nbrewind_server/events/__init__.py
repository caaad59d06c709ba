"""Events on the server's `/api/events`, with their schemas. They are hints: a client that missed some asks."""

from __future__ import annotations

from pathlib import Path

from jupyter_events import EventLogger

from nbrewind_server.messages import PlanState
from nbrewind_server.package_messages import JobState

CHANGED = "urn:nbrewind:changed"
PLAN = "urn:nbrewind:plan"
TASKS = "urn:nbrewind:tasks"
PACKAGE = "urn:nbrewind:package"
SCHEMAS = ("changed.yaml", "package.yaml", "plan.yaml", "tasks.yaml")


class Events:
    """Tells clients what happened. Use on the event loop only."""

    def __init__(self, logger: EventLogger) -> None:
        """Register the schemas with the server's logger."""
        self._logger = logger
        for name in SCHEMAS:
            logger.register_event_schema(Path(__file__).with_name(name))

    def changed(self, path: str, sequence: int) -> None:
        """Tell that the records of a notebook changed."""
        self._logger.emit(schema_id=CHANGED, data={"path": path, "sequence": sequence})

    def tasks(self, path: str) -> None:
        """Tell that the tasks of a notebook stand otherwise, or its workers changed."""
        self._logger.emit(schema_id=TASKS, data={"path": path})

    def package(self, path: str, job: str, state: JobState, share: float) -> None:
        """Tell that work on a package is farther."""
        self._logger.emit(schema_id=PACKAGE, data={"path": path, "job": job, "state": state, "share": share})

    def plan(self, path: str, plan: str, state: PlanState, step: int = -1) -> None:
        """Tell that a plan, or a step of it, is farther."""
        self._logger.emit(schema_id=PLAN, data={"path": path, "plan": plan, "state": state, "step": step})
