"""What the door keeps with managers, files and tasks of TaskVine: in their own dictionaries, under one name."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from nbrewind.store.tasks import Place
from nbrewind.tasks.journal import Tracked
from nbrewind.tasks.parts import Key, NoKey
from nbrewind.tasks.policies import Rule
from nbrewind.tasks.records import Outcome, Record

NAME = "_nbrewind"
STAND_IN = "lacking"
"""Name of the error that a module raises which stands in for TaskVine, where something needs that."""

Call: TypeAlias = tuple[str, tuple[Any, ...], dict[str, Any]]
"""A method by name, and its arguments."""

NOWHERE = Place()
UNSUBMITTED = NoKey("it was not submitted")
DEFAULT = Rule()

kinds: dict[str, type] = {}
"""Classes of tasks of the TaskVine that the door is built into, and what they give without a result, by name."""
compiled: dict[str, Any] = {}
"""What is used of TaskVine's library for each task that ends, by name."""
originals: dict[tuple[type, str], Any] = {}
"""What was there before the door was built in, by class and name."""


def original(cls: type, name: str) -> Any:
    """Return what a class had under a name before the door was built in."""
    return originals[cls, name]


class _Nothing(dict[str, Any]):
    """An empty mapping that may be a default: it stands for itself."""

    __hash__ = object.__hash__  # type: ignore[assignment]


NOTHING: Mapping[str, Any] = _Nothing()
"""What is kept of most tasks and files: it is shared, and never changed."""


@dataclass(slots=True, eq=False)
class FileState:
    """How a file was declared."""

    manager: Any
    method: str
    """Name of the manager's method; empty if the file was made otherwise."""
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = NOTHING
    producer: TaskState | None = None
    """The task of this session whose output it is."""
    output: str = ""
    """And under which name that makes it; `RESULT` for what its function returns."""
    maker: Any = None
    """That task itself, if a record answered it and the file is not here."""
    content: bytes | None = None
    """Of a buffer, or of the result of an answered task."""


class Given(NamedTuple):
    """Something that a task makes."""

    by: TaskState
    output: str


@dataclass(slots=True, eq=False)
class TaskState:
    """What is known of a task. There are as many as tasks: each is one object until more is known."""

    inputs: tuple[Call, ...] = ()
    """Calls of methods that give it files or packages: they are made when it has to run."""
    outputs: tuple[Call, ...] = ()
    env: Mapping[str, str | None] = NOTHING
    id: int = 0
    """Its id, once it is submitted: a number of ours, whether it runs or is answered."""
    kind: str = ""
    """Which of TaskVine's kinds it is, once it is submitted: see `keys.kind_of`."""
    key: Key | NoKey = UNSUBMITTED
    occurrence: int = 0
    rule: Rule = DEFAULT
    """What records of it may be used for."""
    place: Place = NOWHERE
    """Where it was submitted from."""
    record: Record | None = None
    """What answers it."""
    command: str = ""
    """The user's, of a command that runs as another one: see `commands`."""
    inputs_were: Mapping[str, Any] = NOTHING
    """What stood for its files in the key."""
    given: Mapping[str, Given] = NOTHING
    """What it is given by tasks that had not ended when it was submitted."""
    own: tuple[str, ...] = ()
    """Files beside its inputs that the key counts: they are named by their whole path."""
    unsettled: str = ""
    """The digest of its key before it was known what it is given."""
    again: Mapping[str, Any] = NOTHING
    """What a task was to run that was answered, and whose result others may need in the cluster: by attribute."""
    rebuilt: TaskState | None = None
    """The task that runs in the place of one that was answered."""
    silent: bool = False
    """It only runs because another one needs what it makes: nobody waits for it."""
    soon: bool = False
    """It is a call of which nothing but its result is to be recorded when it has run: that may be done with others."""
    recorded: bool = False
    """It has run, and is recorded."""
    outcome: Outcome | None = None
    """What became of it then, if its result stays in the cluster and no record holds that."""
    told: Any = None
    """The file in which a library tells what a call gives that stays in the cluster."""
    submitted: float = 0.0
    done: bool = False
    """`wait` has returned it."""
    ended: bool = False
    """It has run, and the door was told."""
    cancelled: bool = False
    handed: bool = False
    """TaskVine knows its inputs and outputs."""
    tracked: Tracked | None = None
    """What the journal keeps of it."""
    finalizing: bool = False
    """TaskVine's own code gives it files now: nothing is put off."""

    def copied(self) -> TaskState:
        """Return the state of a copy of the task, which is not submitted."""
        return TaskState(self.inputs, self.outputs, self.env)


@dataclass
class Library:
    """A library whose functions are called."""

    key: Key | NoKey
    task: Any
    recipe: tuple[Any, ...] = ()
    """Name, functions and options of one that is not made yet."""
    is_graph: bool = False
    """It is one that `DaskVine` makes for a graph."""
    installed: bool = False
    tells: bool = False
    """Its code tells what a call gives, where that is asked for."""


_numbers = itertools.count(1)


@dataclass
class ManagerState:
    """What is known of a manager; while it is not open, all that it has to be told once it is."""

    options: dict[str, Any]
    """What it was made with."""
    calls: list[Call] = field(default_factory=list)
    place: tuple[str, int] = ("", 0)
    """The line of the user's code that made it."""
    turn: int = 0
    """The run that made it."""
    orphans: set[int] = field(default_factory=set)
    """Tasks of another manager, whose socket it has taken over: nobody waits for them."""
    opening: bool = False
    closed: bool = False
    next_id: int = 1
    answered: dict[int, Any] = field(default_factory=dict)
    """Tasks that are answered and were not returned yet, by id."""
    order: list[tuple[Any, int]] = field(default_factory=list)
    """Their ids, and others, as a heap: those first that ended first when they were recorded."""
    functions: dict[Any, list[tuple[str, str]]] = field(default_factory=dict)
    """Functions that were shipped, with the digests of all that they read."""
    libraries: dict[str, Library] = field(default_factory=dict)
    factories: weakref.WeakSet[Any] = field(default_factory=weakref.WeakSet)
    """Those that are to start as soon as it is open."""
    ended: int = 0
    """How many tasks have run to their end."""
    secrets: list[tuple[str, str]] = field(default_factory=list)
    """Settings by which it was told a password, or a file that holds one."""
    number: int = field(default_factory=lambda: next(_numbers))
    """Counts the managers of this process, from 1."""


_turns = itertools.count(1)
_turn = 0


def next_turn() -> None:
    """Begin another run of a cell."""
    global _turn
    _turn = next(_turns)


def turn() -> int:
    """Return the number of the run that is under way; 0 where nobody counts them."""
    return _turn


def state_of(thing: Any) -> Any:
    """Return what is kept with a manager, file or task; None for those that were made before the door was built in."""
    return thing.__dict__.get(NAME)
