"""The requests and answers about distributed tasks, their managers and workers. As those in `messages`."""

from __future__ import annotations

from typing import Literal

from nbrewind.model import Record
from nbrewind_server.messages import Answer

TaskState = Literal["waiting", "answered", "done", "failed"]
ManagerStatus = Literal["lazy", "open"]


class TaskReason(Answer, frozen=True, kw_only=True):
    """Why tasks were not answered by records."""

    text: str
    count: int
    """Of how many of a cell's tasks."""


class CellTasks(Answer, frozen=True, kw_only=True):
    """How the tasks stand that the last run of a cell submitted."""

    cell: str
    run: str
    """The run; empty while it goes on."""
    waiting: int
    running: int
    done: int
    answered: int
    """By records: they did not run."""
    failed: int
    reasons: tuple[TaskReason, ...]
    """The most frequent ones."""
    began: str
    """When the run began."""


class TaskManager(Answer, frozen=True, kw_only=True):
    """A manager of TaskVine in the notebook's kernel."""

    number: int
    """Counts the managers of the kernel's session, from 1."""
    name: str
    port: int
    """0 while it is not open."""
    status: ManagerStatus
    """`lazy`: it opens when a task must run."""
    workers: int
    """How many are connected, when the notebook last waited for tasks."""
    cores: int
    """Of all of them."""
    refusal: str
    """Why no local worker can be started for it, a sentence; empty if one can."""


class LocalWorker(Answer, frozen=True, kw_only=True):
    """A worker that this server has started, on its own machine."""

    id: str
    manager: int
    cores: int
    started: str


class Moment(Answer, frozen=True, kw_only=True):
    """How many tasks ran at a time."""

    seconds: float
    """Since the first one."""
    running: int


class Tasks(Answer, frozen=True, kw_only=True):
    """The tasks of a notebook."""

    sequence: int
    """The number of the newest change of the notebook's records, as in the answer about its state."""
    session: str
    """The kernel session of the managers; empty: no kernel that lives has submitted tasks."""
    cells: tuple[CellTasks, ...] = ()
    """Those whose last run has submitted tasks, in the order of their runs."""
    managers: tuple[TaskManager, ...] = ()
    workers: tuple[LocalWorker, ...] = ()
    most_workers: int = 0
    """How many local workers there may be, of all notebooks together."""
    moments: tuple[Moment, ...] = ()


class TaskFacts(Answer, frozen=True, kw_only=True):
    """One task."""

    number: int
    """Counts the tasks of a kernel session, from 1."""
    id: int
    """What the notebook knows it by; 0 if nothing."""
    name: str
    """Of its function; of a command, its beginning."""
    category: str
    state: TaskState
    reason: str
    """Why it was not answered, in words; empty if it was."""
    note: str
    """Why it is not recorded, or how it failed, in words."""
    seconds: float
    """For which it ran; of one that was answered, as recorded."""
    host: str
    key: str
    """The beginning of its key; empty if it has none."""
    is_recorded: bool
    """Its record is in the store, and may answer."""


class TaskLogFacts(Answer, frozen=True, kw_only=True):
    """A log that a manager wrote while a run went on, as it is kept with the run."""

    manager: int
    """As in `TaskManager`."""
    name: str
    """`transactions`, `taskgraph` or `performance`."""
    bytes: int
    left_out: int
    """Bytes behind that which were too many to be kept."""


class TaskList(Answer, frozen=True, kw_only=True):
    """The tasks of the last run of a cell."""

    cell: str
    run: str
    tasks: tuple[TaskFacts, ...]
    left_out: int
    """How many others there are."""
    logs: tuple[TaskLogFacts, ...] = ()


class TaskLogText(Answer, frozen=True, kw_only=True):
    """What a manager logged while a run went on. Keys and passwords were taken out before it was kept."""

    text: str
    left_out: int
    """Bytes behind that which are not kept, or too many to be shown."""


class StartWorkers(Record, frozen=True, kw_only=True):
    """Start workers on the server's machine, for a manager in a kernel."""

    path: str
    session: str
    """The kernel session, as in `Tasks`."""
    manager: int
    count: int = 1
    cores: int = 1
    """Of each."""


class StopWorkers(Record, frozen=True, kw_only=True):
    """Stop workers that this server has started for a notebook."""

    path: str
    workers: tuple[str, ...] = ()
    """Which; by default all."""
