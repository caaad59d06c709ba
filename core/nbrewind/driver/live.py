"""A plan in a kernel that somebody else is using too: step by step, through a kernel client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbrewind.model import Step

EndState = Literal["done", "failed", "cancelled", "stopped"]


@dataclass(frozen=True)
class StepProgress:
    """How far one step of a plan is. Steps that the plan did not foresee come up here as well."""

    step: Step
    state: Literal["waiting", "running", "done", "failed", "left"]
    seconds: float = 0.0
    """Measured, once it is done."""
    run: str = ""
    """The run that it made, or that answered."""
    error: str = ""
    note: str = ""


@dataclass(frozen=True)
class Ending:
    """How a plan ended."""

    state: EndState
    reason: str = ""
    """A sentence; empty if it is done."""
