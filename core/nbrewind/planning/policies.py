"""What a user leaves to the records and what not: policies, each with its values and its default.

Two policies say which versions of packages and of Python count as the same. The others say whether a run that used the
clock, the network, other programs or unseeded randomness answers with what it saw then (*as recorded*), or always runs
again; one, what becomes of a plan without a file that it needs; and others, what records of tasks are used for. This is
the one place that knows all names and values.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, cast, get_args, get_type_hints

from nbrewind.model import Effect, EffectKind, Run

Versions = Literal["exact", "compatible", "ignore"]
Nature = Literal["as-recorded", "run"]
Missing = Literal["stop", "run"]
TaskUse = Literal["reuse", "refresh", "never"]

VARIABLE = "NBREWIND_POLICIES"
"""Environment variable with policies for all notebooks: ``clock=run,packages=exact``."""


TASKS = "tasks."
"""What the names of policies for tasks of one category, or of one function, begin with."""
VERIFY = "verify"


class PolicyError(ValueError):
    """A policy that does not exist, or a value that it can't have: what, where and what to do, in one line."""


@dataclass(frozen=True)
class Policies:
    """The policies of one plan."""

    packages: Versions = "compatible"
    """Which versions of packages count as the same: ``compatible`` those with the same major and minor number."""
    python: Versions = "compatible"
    """The same for Python, of which all minor versions are compatible: what can't be loaded under another one runs."""
    clock: Nature = "as-recorded"
    network: Nature = "as-recorded"
    processes: Nature = "as-recorded"
    randomness: Nature = "as-recorded"
    """Unseeded randomness. Draws after a seed repeat in any case."""
    missing: Missing = "stop"
    """Whether a plan is held up by a file from outside that a cell which runs needs and that is gone."""
    tasks: TaskUse = "reuse"
    """Records of tasks answer, and what runs is recorded; all run, and are recorded; all run, and none is recorded."""
    given: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What somebody has set, by name: of these, `TASKS` and `VERIFY` have no field of their own."""

    @property
    def categories(self) -> dict[str, TaskUse]:
        """Return what records are used for of tasks of a category, or of a function, by its name."""
        told = {name.removeprefix(TASKS): value for name, value in self.given.items() if name.startswith(TASKS)}
        return cast("dict[str, TaskUse]", told)

    @property
    def verify(self) -> float:
        """Return the share of tasks, 0 to 1, that run though a record would answer, to be compared with it."""
        return float(self.given.get(VERIFY, "0"))

    def with_(self, values: Mapping[str, Any], where: str) -> Policies:
        """Return these policies with others in their place; ``where`` they were given is said in errors.

        Raises:
            PolicyError: a name or a value that does not exist.
        """
        for name, value in values.items():
            choices = CHOICES.get("tasks" if name.startswith(TASKS) and name != TASKS else name, ())
            if not choices and name != VERIFY:
                known = ", ".join((*CHOICES, f"{TASKS}NAME", VERIFY))
                raise PolicyError(f"{where}: there is no policy {name!r}: use {known}")
            if value not in choices if choices else not _is_share(value):
                raise PolicyError(
                    f"{where}: policy {name} can't be {value!r}: use {' or '.join(choices) or 'a number from 0 to 1'}"
                )
        own = {name: value for name, value in values.items() if name in CHOICES}
        return replace(self, given={**self.given, **{name: str(value) for name, value in values.items()}}, **own)

    def always_runs(self, effects: Iterable[Effect]) -> str:
        """Say what a run used that may not answer with what it saw then; empty if it used nothing of the kind."""
        for effect in effects:
            name = _POLICY_OF.get(effect.kind, "")
            if name and getattr(self, name) == "run":
                return f"it used {_used(effect)}, and the policy is {name}=run"
        return ""


CHOICES: dict[str, tuple[str, ...]] = {
    one.name: get_args(get_type_hints(Policies)[one.name]) for one in fields(Policies) if one.name != "given"
}
"""Every policy that has a few values, with these."""

DEFAULT_POLICIES = Policies()

_POLICY_OF: dict[EffectKind, str] = {
    "clock": "clock", "network": "network", "process": "processes", "randomness": "randomness",
}  # fmt: skip
_WORDS: dict[EffectKind, str] = {
    "clock": "the clock", "network": "the network", "process": "another program", "randomness": "unseeded randomness",
    "input": "what was typed",
}  # fmt: skip


def _is_share(value: Any) -> bool:
    """Whether a value is a number from 0 to 1, or the text of one."""
    try:
        return not isinstance(value, bool) and 0 <= float(value) <= 1
    except (TypeError, ValueError):
        return False


def parse(text: str, where: str) -> dict[str, str]:
    """Return the policies that ``NAME=VALUE`` pairs, separated by commas, set. They are not checked yet."""
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise PolicyError(f"{where}: {part!r} is no policy: write NAME=VALUE, as in clock=run")
        found[name.strip()] = value.strip()
    return found


def policies_of(metadata: Mapping[str, Any], given: Mapping[str, str] | None = None, *, place: str = "") -> Policies:
    """Return the policies for a notebook: the defaults, `VARIABLE`, its metadata, what was ``given``; the last counts.

    ``metadata`` are the notebook's. They are only read: who writes them is the user.

    Raises:
        PolicyError: one of them does not exist, or can't have its value.
    """
    found = DEFAULT_POLICIES.with_(parse(os.environ.get(VARIABLE, ""), VARIABLE), VARIABLE)
    where = f"metadata.nbrewind.policies{f' of {place}' if place else ''}"
    own = metadata.get("nbrewind", {})
    own = own.get("policies", {}) if isinstance(own, Mapping) else own
    if not isinstance(own, Mapping):
        raise PolicyError(f'{where}: write an object, as in {{"clock": "run"}}')
    return found.with_(own, where).with_(given or {}, "--policy")


def as_recorded(run: Run) -> str:
    """Say what of the world outside an answer stands for as it was then: ``used the clock as recorded``; else empty."""
    used = list(dict.fromkeys(_used(effect) for effect in run.effects if effect.kind in _WORDS))
    if not used:
        return ""
    return f"used {', '.join(used[:-1])}{' and ' if used[1:] else ''}{used[-1]} as recorded"


def _used(effect: Effect) -> str:
    word = _WORDS[effect.kind]
    return f"{word} ({effect.subject})" if effect.subject and effect.kind in ("network", "process") else word


def same_version(then: str, now: str, policy: Versions, *, places: int = 2) -> bool:
    """Whether two versions (``v:3.13.0``) count as the same. ``places``: how many numbers compatible ones share."""
    if policy == "ignore" or then == now:
        return True
    return policy == "compatible" and then.split(".")[:places] == now.split(".")[:places]
