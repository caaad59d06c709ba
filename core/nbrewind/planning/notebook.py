"""The notebook as a plan sees it: code cells in order, with what their text says and what was recorded of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nbrewind.analysis import analyze, source_digest
from nbrewind.model import CellAnalysis, Run
from nbrewind.store import ContentError


@dataclass(frozen=True)
class SourceCell:
    """A code cell as it stands now."""

    id: str
    index: int
    """0-based, over all cells of the notebook."""
    source: str
    tags: tuple[str, ...] = ()
    policy: str = "auto"
    analysis: CellAnalysis = field(init=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Analyse the text once."""
        object.__setattr__(self, "analysis", analyze(self.source))
        object.__setattr__(self, "digest", source_digest(self.source))

    @property
    def label(self) -> str:
        """The cell as people count it."""
        return f"cell {self.index + 1}"

    @property
    def title(self) -> str:
        """The first line of code, shortened, for lists."""
        return title(self.source)

    @property
    def may_raise(self) -> bool:
        """Whether its tags say that an error does not end the work."""
        return "raises-exception" in self.tags

    @property
    def active(self) -> bool:
        """Whether running the cell does anything that is recorded."""
        return bool(self.source.strip()) and not self.analysis.own


def title(source: str) -> str:
    """Return the first line of code, shortened, for lists."""
    for line in source.splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            return text if len(text) <= 60 else text[:57] + "..."
    return "(empty)"


class Records(Protocol):
    """What was recorded, as a plan asks for it."""

    def candidates(self, code: str) -> Sequence[Run]:
        """Return the runs of this normalised code that may answer, newest first."""
        ...  # pragma: no cover

    def last_run(self, cell: str) -> Run | None:
        """Return the newest run of a cell in this notebook's own history."""
        ...  # pragma: no cover

    def last_run_of(self, cell: str, code: str) -> Run | None:
        """Return the newest run of a cell in this notebook's own history that ran this code without an error."""
        ...  # pragma: no cover

    def run(self, run: str) -> Run | None:
        """Return a run of this notebook's own history."""
        ...  # pragma: no cover

    def producer(self, run: str) -> str:
        """Return the id of the cell that a run belongs to; empty if it is not of this notebook."""
        ...  # pragma: no cover

    def writers(self, key: str) -> Sequence[Run]:
        """Return the runs of this notebook's own history that wrote a key, newest first."""
        ...  # pragma: no cover

    def showed(self, run: str) -> list[dict[str, Any]] | None:
        """Return what a run showed, also in other cells' displays, without numbers and ids; None if not known."""
        ...  # pragma: no cover


class History:
    """The runs of one notebook, and a way to look up those of the whole store."""

    def __init__(
        self,
        runs: Iterable[Run],
        lookup: Callable[[str], Sequence[Run]],
        messages: Callable[[str], list[dict[str, Any]]] | None = None,
    ) -> None:
        """Take the notebook's own runs, oldest first, ``Store.candidates`` and ``Store.messages``."""
        self.runs = {run.id: run for run in runs}
        self._newest = {run.cell: run for run in self.runs.values() if run.cell}
        self._newest_of = {(run.cell, run.code): run for run in self.runs.values() if run.cell and run.status == "ok"}
        self._lookup, self._messages = lookup, messages

    def candidates(self, code: str) -> Sequence[Run]:
        """Return the runs of this normalised code that may answer, newest first."""
        return self._lookup(code)

    def last_run(self, cell: str) -> Run | None:
        """Return the newest run of a cell in this notebook's own history."""
        return self._newest.get(cell)

    def last_run_of(self, cell: str, code: str) -> Run | None:
        """Return the newest run of a cell in this notebook's own history that ran this code without an error."""
        return self._newest_of.get((cell, code))

    def run(self, run: str) -> Run | None:
        """Return a run of this notebook's own history."""
        return self.runs.get(run)

    def producer(self, run: str) -> str:
        """Return the id of the cell that a run belongs to; empty if it is not of this notebook."""
        found = self.runs.get(run)
        return found.cell if found else ""

    def writers(self, key: str) -> Sequence[Run]:
        """Return the runs of this notebook's own history that wrote a key, newest first."""
        return [run for run in reversed(self.runs.values()) if run.written(key) is not None]

    def showed(self, run: str) -> list[dict[str, Any]] | None:
        """Return what a run showed, also in other cells' displays, without numbers and ids; None if not known."""
        try:
            found = None if self._messages is None else self._messages(run)
        except ContentError:
            return None
        without = ("execution_count", "transient")
        return None if found is None else [{k: v for k, v in one.items() if k not in without} for one in found]


def code_cells(cells: Sequence[Mapping[str, Any]]) -> list[SourceCell]:
    """Return the code cells of a notebook's ``cells`` (nbformat 4.5 dictionaries)."""
    return [code_cell(cell, index) for index, cell in enumerate(cells) if cell.get("cell_type") == "code"]


def code_cell(cell: Mapping[str, Any], index: int, name: str = "") -> SourceCell:
    """Return a notebook's code cell at ``index``, known as ``name``, by default by its own id."""
    metadata = cell.get("metadata", {})
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    policy = metadata.get("nbrewind", {}).get("policy", "auto")
    return SourceCell(name or str(cell["id"]), index, text, tuple(metadata.get("tags", ())), policy)
