"""The records that cross a border: between kernel, store, server, browser and command line.

This file is the one source of the API's types. Everything here is plain data (msgspec structs), immutable, and can be
encoded as MessagePack (store) or JSON (API) without knowing any other part of the project.

State is a map from *keys* to versions. A key says what kind of thing it names:

``var:NAME``      a variable of the user's namespace; under a dotted name what a module of the user's own holds
``local:NAME``    that a module of the user's own is loaded
``file:PATH``     a file's content (PATH relative to the notebook's folder where it lies below it, else absolute)
``dir:PATH``      a folder's listing (sorted names)
``ambient:NAME``  interpreter state outside variables (``ambient:rng.numpy``, ``ambient:cwd``, ...)
``env:NAME``      one environment variable
``package:NAME``  the version of an installed distribution that a run used
``module:NAME``   what runs have put into a top-level module that no record can bring back (``math.mine = 5``)
``import:NAME``   that runs have imported a submodule, which binds it in its package (``xml.dom``)

Digests are strings whose prefix says what equality of two of them proves:

``b3:HEX``     content: equal digests mean equal values, aliasing included
``prov:HEX``   provenance: made by the same code from equal inputs; used where content has no exact digest
``once:HEX``   nothing: never equal to any other, the content is not known
``absent``     the thing did not exist
``default``    an ambient item as a new kernel has it
"""

from __future__ import annotations

from os import urandom
from typing import Literal

import msgspec

PROTOCOL = 1
"""Version of the protocol between kernel agent, server and front end."""

AT_ONCE = "nbrewind.record-before-reply"
"""Metadata of an execute request: its reply is to come when the run is recorded, not before."""
RECORDED = "nbrewind.recorded"
"""Key of the run's id in the metadata of a reply that a recorded run gave; in a cell's ``metadata.execution`` it says
that the times are those of then."""

ABSENT = "absent"
DEFAULT = "default"

PLACE = "place:"
"""How the ids of cells begin whose client sent none: a console, a script."""

RunStatus = Literal["ok", "error", "interrupted"]
Freshness = Literal[
    "never run", "fresh", "edited", "input changed", "upstream stale", "out of order", "failed", "unknown"
]
Execution = Literal["idle", "queued", "running"]
CheckpointState = Literal["none", "saving", "saved", "evicted", "lost"]
InKernel = Literal["live", "restored", "no"]
Action = Literal["run", "load", "skip"]
EdgeKind = Literal["variable", "call", "mutation", "file", "ambient", "task", "order"]
Evidence = Literal["static", "observed"]
Use = Literal["read", "write", "delete"]
EffectKind = Literal["file", "process", "network", "clock", "randomness", "input", "thread", "module", "exit"]

TaskWay = Literal["audit", "repeat", "run"]
"""What becomes of recorded tasks that cells submit: they answer, but for those that draw, ask for the time or use the
network; they answer; they run."""


def new_id() -> str:
    """Return a fresh identifier: 12 random hexadecimal digits, unique within a user's store."""
    return urandom(6).hex()  # bound at import: a notebook may replace uuid.uuid4 or os.urandom


def once() -> str:
    """Return a digest that equals no other: the content is not known."""
    return "once:" + urandom(16).hex()


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all records."""


class PartUse(Record, frozen=True, kw_only=True):
    """How a text uses a name of which it only takes and sets items with constant keys (``d['a']``). Sorted."""

    reads: tuple[str, ...] = ()
    """Keys whose items are taken."""
    sets: tuple[str, ...] = ()
    """Keys whose items are set."""


class CellAnalysis(Record, frozen=True, kw_only=True):
    """What a cell's source text says that a run of it may do. Names are those of the user's namespace.

    All sets over-approximate except ``must_writes``. Tuples are sorted.
    """

    code: str
    """``code:HEX``, the digest of the normalised code: comments, blank lines and layout do not count."""
    reads: tuple[str, ...] = ()
    """Names that may be read before the cell itself binds them, also in bodies that may run in this cell."""
    late_reads: tuple[str, ...] = ()
    """Global names used only inside functions that the cell defines and does not use itself: read when called."""
    writes: tuple[str, ...] = ()
    """Names that the cell may bind (assignment, def, class, import, for, with, except, walrus, ...)."""
    must_writes: tuple[str, ...] = ()
    """Names that the cell binds whenever it ends without an error."""
    deletes: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    """Names whose object the text may change in place (item or attribute store, augmented assignment, method call,
    passed as an argument)."""
    parts: dict[str, PartUse] = {}
    """Names that the text uses only through constant keys."""
    strings: tuple[str, ...] = ()
    """Identifiers inside string constants that are no keys (``df.query('a > @t')``): read if such a name exists."""
    keys: tuple[str, ...] = ()
    """Identifiers that are keys (``d['a']``, ``{'a': 1}``): no names of variables, but maybe of the environment's."""
    calls: tuple[str, ...] = ()
    """Dotted names called, as written (``np.random.seed``); a leading dot where the base is no name (``.fit``)."""
    attributes: tuple[str, ...] = ()
    """Attribute names loaded anywhere in the cell."""
    imports: tuple[str, ...] = ()
    """Modules that the cell's own statements import, dotted (``matplotlib.pyplot``)."""
    magics: tuple[str, ...] = ()
    """Names of the magics used, with their percent signs; ``!`` for shell lines."""
    opaque: str = ""
    """Why the text does not tell what may be read or written (``exec``, ``import *``, unknown magic); else empty."""
    prelude: bool = False
    """The cell holds imports, options and definitions only: cheap, and run again in every new kernel."""
    own: bool = False
    """The cell holds only this project's magics: it is not recorded."""
    error: str = ""
    """The syntax error in words, where the text does not parse; all else is then empty and ``opaque`` set."""


class Span(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Where a cell's text uses a name of the user's namespace."""

    name: str
    use: Use
    line: int
    """From 1."""
    start: int
    """In characters (code points) from the line's beginning; from 0."""
    end: int


class Input(Record, frozen=True, kw_only=True):
    """One thing a run read, and the version that it saw."""

    key: str
    digest: str
    run: str = ""
    """The run that made that version, or by which the name is gone; empty where it came from outside (a file on disk, a
    new kernel's default)."""
    kept: bool = False
    """Not read: the code may bind it, and it had this value before and after. What the cell shows does not depend on
    it, what it leaves does."""
    implicit: bool = False
    """It may matter to any run (an environment variable, the working directory), and nothing says that it did to this
    one; or it is what a module of the user's own holds since any import of it. It counts for freshness; the graph shows
    no edge for it."""
    parts: dict[str, str] | None = None
    """Where only some parts of the value were read: each part's digest (`Version.part`). A run that set others has the
    part ``""``: what it shows depends on these alone, what it leaves depends on the whole value. Empty: the run could
    have read it, and did not."""

    @property
    def unread(self) -> bool:
        """Whether the run could have looked the name up and did not: not even whether there is one."""
        return self.parts is not None and not self.parts

    def holds(self, version: Version, *, shown: bool = False) -> bool:
        """Whether what was read is the same in ``version``; ``shown``: as far as what the run shows depends on it."""
        if self.parts is None or ("" in self.parts and not shown):
            return self.digest == version.digest
        return all(version.part(name) == digest for name, digest in self.parts.items())


class Version(Record, frozen=True, kw_only=True):
    """One value of one key at one point, made by one run."""

    id: str
    key: str
    run: str
    digest: str
    kind: str = ""
    """The value's type in words (``DataFrame``), for people."""
    preview: str = ""
    """A few words on the value (``336,776 x 19``), never its content."""
    fixed: bool = False
    """The value can't be changed in place (numbers, strings, ``None``, tuples of those)."""
    loadable: bool = True
    reason: str = ""
    """Why the version can't be loaded, for people; empty if it can."""
    snapshot: str = ""
    """Id of the stored content: of the whole group for a variable, of the file for a file, of the bytes for ambient."""
    members: tuple[str, ...] = ()
    """Names of the group, itself included: loaded together. Variables only."""
    refs: tuple[str, ...] = ()
    """Global names that user functions inside the value use: read by whoever may call them. No builtins but those by
    which any name may be looked up (``eval``)."""
    needs: tuple[str, ...] = ()
    """Names of user functions and classes that must be bound before this can be loaded."""
    packages: tuple[str, ...] = ()
    """Top-level modules of the types inside the value."""
    bytes: int = 0
    sets: tuple[str, ...] = ()
    """The parts (keys of a dictionary, columns of a frame) that the run set, where it did nothing else to the value."""
    base: str = ""
    """The run that made the value in which it set them."""
    rest: str = ""
    """Digest that stands for all parts that were never set apart: that of the value before; empty: its own."""
    parts: dict[str, str] = {}
    """The digests of those that were."""

    def part(self, name: str) -> str:
        """Return the digest of one part: equal for two versions only if the part is equal, or absent, in both."""
        return self.parts.get(name) or self.rest or self.digest


class Effect(Record, frozen=True, kw_only=True):
    """What a run did or saw outside its variables, in a form for people and policies."""

    kind: EffectKind
    subject: str = ""
    detail: str = ""


class RunTasks(Record, frozen=True, kw_only=True):
    """The tasks that a run submitted, as they were at its end; and tasks of earlier runs that ended in it."""

    answered: int = 0
    ran: int = 0
    failed: int = 0
    waiting: int = 0
    """Not ended then: a later run may tell of them."""
    late: int = 0
    """Tasks of earlier runs of which it tells."""
    rows: bytes = b""
    """What is known of each (`nbrewind.tasks.listed`); empty where it was forgotten."""


class Run(Record, frozen=True, kw_only=True):
    """One execution of one cell; never changed once recorded."""

    id: str
    notebook: str
    session: str
    cell: str
    """The notebook's cell id; ``place:CODE:N`` for a client that sends none; empty for an outside run."""
    number: int
    """Counts the runs of a session from 1."""
    execution_count: int | None = None
    code: str
    source: str
    """Digest of the exact source text (``src:HEX``); the store has the text."""
    started: float
    """Seconds since the epoch."""
    seconds: float = 0.0
    overhead: float = 0.0
    """Seconds that recording added to the run."""
    status: RunStatus = "ok"
    error: str = ""
    inputs: tuple[Input, ...] = ()
    writes: tuple[Version, ...] = ()
    removed: tuple[str, ...] = ()
    """Keys deleted."""
    imports: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    unknown: tuple[str, ...] = ()
    """Why the trace can't be proved complete, in words; empty if it can. Such a run never answers."""
    prelude: bool = False
    stderr: bool = False
    """It printed to stderr: warnings quote line numbers, so only the exact source text is answered by it."""
    python: str = ""
    """Version of Python, ``3.13.0``."""
    tasks: RunTasks | None = None
    """Only in the notebook's own index, not in the trace by which the run answers."""

    def written(self, key: str) -> Version | None:
        """Return the version of a key that the run made."""
        return next((version for version in self.writes if version.key == key), None)

    @property
    def bytes(self) -> int:
        """Bytes of the versions that the run made (before deduplication)."""
        return sum(version.bytes for version in self.writes)


class Checkpoint(Record, frozen=True, kw_only=True):
    """The state after a run, as a delta on its parent."""

    id: str
    parent: str = ""
    notebook: str
    session: str
    cell: str = ""
    run: str = ""
    """The run that made or answered it."""
    action: Action = "run"
    time: float
    """Seconds since the epoch."""
    delta: dict[str, str] = {}
    """Key to version id; an empty id means that the key was deleted."""
    label: str = ""
    keep: bool = False
    saved: bool = False
    """All contents that it refers to are safely on disk."""
    lost: str = ""
    """Why its contents could not be saved; empty if nothing failed."""
    evicted: str = ""
    """Why contents of its state were removed from the store; empty if all are there."""
    stored: int = 0
    """Bytes of contents that it added to the store, before these are compressed."""


class HistoryRow(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One checkpoint of a history."""

    id: str
    parent: str | None
    session: str
    cell: str | None
    run: str | None
    action: Action
    time: str
    label: str
    keep: bool
    saved: bool
    lost: str
    evicted: str
    bytes: int
    seconds: float
    status: RunStatus
    written: tuple[str, ...]
    removed: tuple[str, ...]
    source: str
    """Digest of the text that was run; empty for changes between cells."""
    title: str
    """The first line of that text."""


class Edge(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Data that flowed, or may flow, from one cell to another. ``from`` is a Python keyword, hence the trailing bar."""

    from_: str = msgspec.field(name="from")
    to: str
    names: tuple[str, ...] = ()
    kind: EdgeKind = "variable"
    evidence: Evidence = "static"


class CellState(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The four facts about a cell, the same in API, command line and user interface."""

    id: str
    index: int
    """0-based, over all cells of the notebook."""
    freshness: Freshness = "never run"
    reason: str = ""
    execution: Execution = "idle"
    checkpoint: CheckpointState = "none"
    in_kernel: InKernel = "no"
    run: str | None = None
    bytes: int = 0
    seconds: float = 0.0
    label: str = ""


class Step(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One step of a plan."""

    cell: str
    index: int
    action: Action
    reason: str
    seconds: float = 0.0
    """Expected before, measured after."""
    run: str = ""
    """The recorded run that answers; empty for action ``run`` in a plan."""
    prelude: bool = False


class LostName(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A name that could not be brought back, and why."""

    name: str
    reason: str


class RewindReport(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What a rewind did, name by name."""

    checkpoint: str
    target: str
    """What was asked for, and what it was taken to mean, in words."""
    kept: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    recomputed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    lost: tuple[LostName, ...] = ()
    ambient: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    """Files that were put back: they were gone, or what was there is recorded, or that was agreed to."""
    files: tuple[str, ...] = ()
    """Files that differ now from what they were at the checkpoint, in words."""
    notes: tuple[str, ...] = ()
    """What else is as it is now and may have been different, in words."""
    before: str = ""
    """The head before; rewinding there undoes this rewind."""
    done: bool = True
    """False: something would have been lost, so nothing was changed."""
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return the report as a few lines for people."""
        head = "Rewound to" if self.done else "Not rewound to"
        lines = [f"{head} {self.target} ({self.seconds * 1000:.0f} ms)"]
        groups = [
            ("kept", self.kept),
            ("loaded", self.loaded),
            ("recomputed", self.recomputed),
            ("removed", self.removed),
            ("ambient", self.ambient),
            ("restored", self.restored),
        ]
        lines += [f"  {word:<11}{', '.join(names)}" for word, names in groups if names]
        lines += [f"  {'lost':<11}{entry.name}: {entry.reason}" for entry in self.lost]
        lines += [f"  {'file':<11}{text}" for text in self.files]
        lines += [f"  {'note':<11}{text}" for text in self.notes]
        if self.done and self.files:
            lines.append("`%rewind --files` writes the recorded files over these, too, where it has them.")
        if not self.done:
            lines.append("Nothing was changed. `%rewind --partial` restores the rest and leaves these names unbound.")
        return "\n".join(lines)
