"""The requests and answers about packages. As those in `messages`."""

from __future__ import annotations

from typing import Any, Literal

from nbrewind.model import Record
from nbrewind_server.messages import Answer

PackageContents = Literal["full", "slim"]
PackageTrust = Literal["own", "trusted", "untrusted"]
JobKind = Literal["preview", "export", "verify", "trust", "import"]
JobState = Literal["running", "done", "failed", "cancelled"]


class KindSize(Answer, frozen=True, kw_only=True):
    """What the files of one kind take in a package."""

    kind: Literal["notebook", "records", "contents", "data", "software", "descriptions"]
    """`records`: runs, checkpoints, tasks; `contents`: values and files that they made; `data`: files from outside;
    `descriptions`: for other programs."""
    files: int
    bytes: int
    """Before they are packed."""


class LeftOut(Answer, frozen=True, kw_only=True):
    """Something that is not in a package, and why."""

    kind: str
    """`content`, `task`, `file` or `record`."""
    what: str
    bytes: int
    reason: str


class FoundSecret(Answer, frozen=True, kw_only=True):
    """Where a secret was found; never what it is."""

    where: str
    kind: str


class SigningKey(Answer, frozen=True, kw_only=True):
    """An SSH key of the user that can sign."""

    name: str
    fingerprint: str


class PackageSigner(Answer, frozen=True, kw_only=True):
    """Who has signed a package."""

    kind: str
    """`notary`: with the key of a user's Jupyter; `ssh`: with an SSH key."""
    who: str
    valid: bool
    """It holds; of the notary's kind: it is that of this user."""


class PackageParts(Answer, frozen=True, kw_only=True):
    """What is in a package, or would be."""

    contents: PackageContents
    runs: int
    checkpoints: int
    tasks: int
    kinds: tuple[KindSize, ...]
    left_out: tuple[LeftOut, ...]
    """The first ones."""
    left_out_count: int
    secrets: tuple[FoundSecret, ...]
    """The first ones."""
    secrets_count: int


class ExportPreview(PackageParts, frozen=True, kw_only=True):
    """What an export would write."""

    target: str
    """Where to by default: a path at which there is nothing."""
    embedded: str
    """The same for a notebook with the package in it."""
    container: int
    """Bytes of the files by which an image of a container is built, which are not among the others."""
    keys: tuple[SigningKey, ...]
    """Those that could sign."""


class Exported(PackageParts, frozen=True, kw_only=True):
    """What was exported."""

    path: str
    packed: int
    """Bytes of the file."""


class PackageCell(Answer, frozen=True, kw_only=True):
    """A cell of the notebook in a package."""

    id: str
    index: int
    kind: str
    """`code`, `markdown` or `raw`."""
    source: str
    outputs: tuple[dict[str, Any], ...]
    """In nbformat's form. They come from whoever made the package: show them as untrusted."""
    attachments: dict[str, Any]
    execution_count: int | None
    run: str
    """Of a code cell, its recorded run; empty if none is."""
    seconds: float
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    files: tuple[str, ...]
    answers: bool
    """In a trusted package its record answers, if files, software and settings are here as they were there."""
    reason: str
    """Why it runs in any case; empty if its record answers."""


class NamedVersion(Answer, frozen=True, kw_only=True):
    """Software that runs have imported."""

    name: str
    version: str


class PackageData(Answer, frozen=True, kw_only=True):
    """A file from outside that runs have read."""

    path: str
    bytes: int
    inside: bool
    """It is in the package; else only its name and digest."""
    url: str


class Package(PackageParts, frozen=True, kw_only=True):
    """What is in a package. Nothing of it was run or loaded for that, and only what is shown was checked."""

    path: str
    id: str
    """The digest of its seal: what is signed, and trusted."""
    trust: PackageTrust
    """`own`: signed by this user's Jupyter; `trusted`: this user has said so."""
    signatures: tuple[PackageSigner, ...]
    packed: int
    """Bytes of the file."""
    notebook: str
    """The notebook's file name."""
    language: str
    python: str
    platform: str
    software: tuple[NamedVersion, ...]
    data: tuple[PackageData, ...]
    """The first ones."""
    data_count: int
    cells: tuple[PackageCell, ...]
    whole: bool
    """All outputs are there; else those beyond a few megabytes are left off here."""
    imported: str
    """Where its notebook is already; empty if it is not, or that is elsewhere."""


class ExportRequest(Record, frozen=True, kw_only=True):
    """Export a notebook as it is saved; or only say what that would write."""

    path: str
    contents: PackageContents = "full"
    target: str = ""
    """Where to; by default the one of the preview. There must be nothing yet."""
    key: str = ""
    """Name of an SSH key that signs, too; empty for none."""
    embed: bool = False
    """Write a notebook that has a slim package in it; `contents` then does not count."""
    container: bool = False
    """Also files by which an image of a container is built, which repeats the notebook. Not into a notebook."""


class PackageRequest(Record, frozen=True, kw_only=True):
    """Do something with a package."""

    path: str
    id: str = ""
    """Which package was looked at there; to trust and to import take it."""


class Verified(Answer, frozen=True, kw_only=True):
    """All that a package says of itself holds."""

    id: str


class Trusted(Answer, frozen=True, kw_only=True):
    """The records of a package answer from now on."""

    id: str
    notebooks: tuple[str, ...]
    """Of imports before that: they have their records now."""


class Imported(Answer, frozen=True, kw_only=True):
    """A package's notebook and data were written."""

    id: str
    trust: PackageTrust
    notebook: str
    files: int
    """That were written now."""
    answers: bool
    """Its records answer."""
    missing: tuple[str, ...]
    """Data that did not come along."""


class PackageJob(Answer, frozen=True, kw_only=True):
    """Work on a package that takes a while. It goes on when nobody asks; ended ones are kept for a while."""

    id: str
    kind: JobKind
    path: str
    """The notebook, or the package."""
    state: JobState
    doing: str
    """What is being done, a phrase; empty before it begins."""
    share: float
    """How much of that is done, from 0 to 1."""
    reason: str = ""
    """Why it has failed, a sentence."""
    why: str = ""
    """The same as a word for programs: that of a problem."""
    preview: ExportPreview | None = None
    exported: Exported | None = None
    verified: Verified | None = None
    trusted: Trusted | None = None
    imported: Imported | None = None


class JobAction(Record, frozen=True, kw_only=True):
    """Cancel a job; one that has ended stays as it is."""

    action: Literal["cancel"]
