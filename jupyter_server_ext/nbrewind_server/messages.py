"""The requests and answers of the REST API: the one source of `openapi.yaml` and of the front end's types.

Built from the records of `nbrewind.model`. Paths are API paths of the contents manager, instants RFC 3339, durations
seconds, sizes bytes. The notebook's sources live in the browser, unsaved: a question carries the ordered code cells
with the digests of their texts (``src:HEX``, as in the store), and the texts only of digests that an answer named as
``missing``.
"""

from __future__ import annotations

from typing import Any, Literal

from nbrewind.model import (
    CellState,
    Edge,
    EdgeKind,
    Effect,
    HistoryRow,
    Record,
    RewindReport,
    RunStatus,
    Span,
    Step,
)

TargetKind = Literal["cell", "stale", "affected", "all"]
PlanState = Literal["proposed", "running", "done", "failed", "cancelled", "stopped"]
StepState = Literal["waiting", "running", "done", "failed", "left"]
StoreState = Literal["ready", "absent", "unreadable"]
ChangeKind = Literal["added", "removed", "changed"]


class Answer(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Base of all answers: every field is there."""


# -- version ----------------------------------------------------------------------------------------------------------


class StoreStatus(Answer, frozen=True, kw_only=True):
    """Where the server looks for records."""

    directory: str
    state: StoreState
    """`absent`: nothing was recorded there yet."""
    reason: str | None = None
    """Why it is not ready, a sentence."""


class Version(Answer, frozen=True, kw_only=True):
    """What this server part is."""

    version: str
    protocol: int
    """Number of the protocol between kernel agent, server and front end."""
    store: StoreStatus


class Problem(Answer, frozen=True, kw_only=True):
    """The body of every answer that is an error: one sentence that says what, where and what to do."""

    message: str
    reason: str = ""
    """A word for programs: `busy`, `moved`, `unknown`, `kernel`, `store`, `request`, `package`."""


# -- the notebook as the browser has it -------------------------------------------------------------------------------


class NotebookCell(Record, frozen=True, kw_only=True):
    """One code cell, as the user has it in front of them."""

    id: str
    index: int
    """0-based, over all cells of the notebook."""
    source: str
    """Digest of its text."""
    policy: str = "auto"
    tags: tuple[str, ...] = ()


class Question(Record, frozen=True, kw_only=True):
    """What every question about a notebook carries."""

    path: str
    cells: tuple[NotebookCell, ...] = ()
    texts: dict[str, str] = {}
    """Digest to text, for digests that the server asked for."""
    policies: dict[str, str] = {}
    """`metadata.nbrewind.policies` of the notebook: which records may answer."""
    kernel: str = ""
    """Id of the notebook's running kernel; empty if there is none."""
    session: str = ""
    """What the agent in that kernel calls its session (from the handshake); empty if none is attached."""
    nonce: str = ""
    """The nonce of the store that the agent writes to (from the handshake)."""


# -- state ------------------------------------------------------------------------------------------------------------


class Source(Answer, frozen=True, kw_only=True):
    """Where a cell's run took something from."""

    names: tuple[str, ...]
    kind: EdgeKind
    cell: str = ""
    """The cell that made it; empty if it came from outside the notebook."""


class CellFacts(Answer, frozen=True, kw_only=True):
    """What is known of a cell besides the four facts: for the sentences about it."""

    id: str
    writes: tuple[str, ...] = ()
    """Names that its last run gave a new value; before the first run, those that its text binds."""
    removes: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    unknown: tuple[str, ...] = ()
    """Why its last run can't be proved complete."""
    outside: tuple[Source, ...] = ()
    """What it read from outside the notebook: files, folders, environment, settings."""
    ended: str | None = None
    """When its last run ended."""
    status: RunStatus | None = None
    error: str = ""
    session: str = ""
    """The kernel session of its last run."""
    checkpoint_id: str = ""
    prelude: bool = False
    opaque: str = ""
    policy: str = "auto"
    source: str = ""
    """Digest of the text that its last run ran."""


class State(Answer, frozen=True, kw_only=True):
    """The state of every code cell against the records, and the graph."""

    sequence: int
    """Grows with every change of this notebook's records; 0: nothing is recorded."""
    missing: tuple[str, ...] = ()
    """Digests whose texts the server needs: everything else is empty then, ask again with them."""
    reachable: bool = True
    """The kernel writes to the store that this server reads."""
    cells: tuple[CellState, ...] = ()
    facts: tuple[CellFacts, ...] = ()
    """One for each of ``cells``, in the same order."""
    edges: tuple[Edge, ...] = ()
    head: str = ""
    """The checkpoint at which the kernel is; empty without kernel or records."""
    last: str = ""
    """The checkpoint that *Restore last state* would bring back: where the session before ended. Empty: none."""
    plan: str = ""
    """Id of the plan that is running on this notebook, or ended and was not yet acknowledged."""
    tasks: bool = False
    """Runs of it have submitted distributed tasks."""


class Text(Record, frozen=True, kw_only=True):
    """A cell's text."""

    text: str


class Spans(Answer, frozen=True, kw_only=True):
    """Where a text uses names of the user's namespace, in the order of the text."""

    spans: tuple[Span, ...]


# -- history ----------------------------------------------------------------------------------------------------------


class Head(Answer, frozen=True, kw_only=True):
    """Where a kernel session is."""

    session: str
    checkpoint: str


class History(Answer, frozen=True, kw_only=True):
    """The checkpoint tree of a notebook, oldest first."""

    sequence: int
    heads: tuple[Head, ...]
    checkpoints: tuple[HistoryRow, ...]


class NameChange(Answer, frozen=True, kw_only=True):
    """One name that differs between two checkpoints."""

    name: str
    """`df`, or in words `file data.csv`, `setting rng.numpy`."""
    change: ChangeKind
    before: str = ""
    """Kind and preview in words: `DataFrame, 100 x 3`."""
    after: str = ""
    bytes: int = 0
    """Size of the later value."""
    cell: str = ""
    """The cell that made the later value."""


class Difference(Answer, frozen=True, kw_only=True):
    """What differs between two checkpoints."""

    one: str
    other: str
    names: tuple[NameChange, ...]
    same: int
    """How many names are equal in both."""


class SourceText(Answer, frozen=True, kw_only=True):
    """A cell's text at some moment."""

    cell: str
    text: str


class Sources(Answer, frozen=True, kw_only=True):
    """The texts of the cells as they last ran on the branch that ends at a checkpoint."""

    checkpoint: str
    cells: tuple[SourceText, ...]


class Mark(Record, frozen=True, kw_only=True):
    """Label a checkpoint, or keep it; what is not given stays as it is."""

    path: str
    checkpoint: str
    label: str | None = None
    keep: bool | None = None


# -- rewind -----------------------------------------------------------------------------------------------------------


class RewindRequest(Record, frozen=True, kw_only=True):
    """Take the kernel back (or forth) to the state after a run."""

    path: str
    kernel: str
    target: str
    """A checkpoint id, or a cell id."""
    partial: bool = False
    files: bool = False
    """Put files that runs wrote back also over what is recorded nowhere."""
    head: str = ""
    """The head that the user saw; another one now is refused. Empty: any."""


class RewindAnswer(Answer, frozen=True, kw_only=True):
    """What a rewind did, and where the kernel was before: rewinding there undoes it."""

    report: RewindReport
    before: str
    """The head before; empty if there was none."""
    after: str
    """The head now."""


class PeekRequest(Record, frozen=True, kw_only=True):
    """Ask for the first rows of a value as it was at a checkpoint. Loads it in the kernel, beside the namespace."""

    path: str
    kernel: str
    checkpoint: str
    name: str


class Peek(Answer, frozen=True, kw_only=True):
    """A value in a few lines."""

    text: str
    reason: str = ""
    """Why there is no text."""


# -- plans ------------------------------------------------------------------------------------------------------------


class PlanRequest(Question, frozen=True, kw_only=True):
    """Propose a plan."""

    target: TargetKind = "all"
    cell: str = ""
    """For targets `cell` and `affected`."""
    forced: tuple[str, ...] = ()
    """Ids of cells that run in any case."""
    owner: str = ""
    """Names the client that asks: it writes the outputs where several see one shared notebook."""


class PlanStep(Answer, frozen=True, kw_only=True):
    """One step of a plan, with how far it is."""

    step: Step
    title: str = ""
    state: StepState = "waiting"
    seconds: float = 0.0
    """Measured, once it is done."""
    run: str = ""
    """The run that it made, or that answered."""
    source: str = ""
    """Digest of the text that it runs."""
    error: str = ""
    note: str = ""
    """What the user should know of it before accepting: that the cell is pinned, asks for input, writes files, …"""


class Plan(Answer, frozen=True, kw_only=True):
    """A plan: proposed, at work, or ended."""

    id: str
    path: str
    kernel: str
    owner: str
    target: TargetKind
    cell: str
    state: PlanState
    reason: str = ""
    """Why it can't start, failed or stopped, in a sentence."""
    missing: tuple[str, ...] = ()
    """Digests whose texts the server needs: there is no plan then, ask again with them."""
    head: str = ""
    steps: tuple[PlanStep, ...] = ()
    seconds: float = 0.0
    """Expected; measured once it has ended."""
    saved: float = 0.0
    """Seconds of recorded running time that it does not repeat."""
    started: str | None = None
    ended: str | None = None


class Plans(Answer, frozen=True, kw_only=True):
    """The plans of a notebook that are at work, or ended and were not yet acknowledged."""

    plans: tuple[Plan, ...]


class PlanAction(Record, frozen=True, kw_only=True):
    """Accept a proposed plan, cancel one that is at work, or acknowledge one that ended."""

    action: Literal["accept", "cancel", "acknowledge"]


class Outputs(Answer, frozen=True, kw_only=True):
    """The recorded outputs of a run, in nbformat's form."""

    run: str
    outputs: tuple[dict[str, Any], ...]
    execution_count: int | None = None
    source: str = ""
    """Digest of the text that was run."""
