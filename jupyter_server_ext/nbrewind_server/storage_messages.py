"""The requests and answers about the store: what it holds, cleaning it up, forgetting. As those in `messages`."""

from __future__ import annotations

from nbrewind.model import Record
from nbrewind_server.messages import Answer


class StoredNotebook(Answer, frozen=True, kw_only=True):
    """What the store holds of one notebook."""

    path: str
    """As the contents API names it, also if its file is gone; empty if it lies elsewhere."""
    file: str
    """Where it was last seen."""
    exists: bool
    """Its file is there."""
    bytes: int
    """Contents that its checkpoints hold."""
    own: int
    """Of these, what no other notebook holds."""
    checkpoints: int
    kept: int
    """Checkpoints that are never evicted."""
    evicted: int
    """Checkpoints whose contents were evicted."""
    budget: int | None
    """How much it may hold, where it has a budget of its own."""


class Storage(Answer, frozen=True, kw_only=True):
    """What the store holds, against what it may hold."""

    directory: str
    bytes: int
    """Held on disk."""
    budget: int
    garbage: int
    """Bytes that nothing refers to."""
    notebooks: tuple[StoredNotebook, ...]
    """Largest first."""


class StoredShare(Answer, frozen=True, kw_only=True):
    """What the checkpoints of a notebook hold for one cell, or for one name."""

    key: str
    """The cell's id, or the name."""
    title: str = ""
    """The first line of what the cell last ran; what the name stands for, if it is no variable."""
    bytes: int
    checkpoints: int
    tasks: int = 0
    """Of a cell, records of tasks that were submitted there; what they hold is among the bytes."""


class NotebookStorage(Answer, frozen=True, kw_only=True):
    """What the store holds of one notebook, by cell and by name, largest first."""

    notebook: StoredNotebook | None
    """Null: nothing is recorded of it."""
    cells: tuple[StoredShare, ...] = ()
    names: tuple[StoredShare, ...] = ()


class CleanRequest(Record, frozen=True, kw_only=True):
    """Clean up: evict until the store fits its budget, and remove garbage."""

    budget: int | None = None
    """Bytes that the store may hold afterwards; left out: its own budget."""


class BudgetRequest(Record, frozen=True, kw_only=True):
    """Say how much may be held."""

    path: str = ""
    """The notebook that it is for; left out: the whole store."""
    budget: int | None = None
    """Bytes; left out: the notebook may hold as much as the store."""


class Budget(Answer, frozen=True, kw_only=True):
    """How much may be held."""

    path: str
    """Empty: by the whole store."""
    budget: int | None


class Evicted(Answer, frozen=True, kw_only=True):
    """A checkpoint whose contents go, or went."""

    path: str
    """The notebook, as the contents API names it; empty if it lies elsewhere."""
    file: str
    """Where the notebook was last seen."""
    checkpoint: str
    cell: str
    """Empty for changes between cells."""
    title: str
    """The first line of what the cell ran."""
    bytes: int
    """What that frees."""
    seconds: float
    """To compute it again; 0 if no cell does."""
    reason: str
    """What makes it again, in words."""
    tasks: int = 0
    """How many tasks have made these contents; 0: a run has."""


class Cleanup(Answer, frozen=True, kw_only=True):
    """What cleaning up would do, or did."""

    budget: int
    before: int
    """Bytes that the store held, or holds."""
    after: int
    """Bytes that it holds, or would."""
    garbage: int
    """Of what is freed, bytes that nothing referred to."""
    evictions: tuple[Evicted, ...]


class ForgetRequest(Record, frozen=True, kw_only=True):
    """Remove what is recorded of a notebook, or of one of its cells or names, for good."""

    path: str
    cell: str = ""
    name: str = ""
    preview: bool = False
    """Only say what would be removed."""


class Forgotten(Answer, frozen=True, kw_only=True):
    """What was removed for good, or would be."""

    path: str
    cell: str
    name: str
    runs: int
    checkpoints: int
    bytes: int
    """What that frees."""
    tasks: int = 0
    """Records of tasks."""
