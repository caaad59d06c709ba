"""A notebook in an editor, a kernel that records, and somebody who works with both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import World
from nbrewind.store import Store

FRESH = ("fresh", "nothing that it read has changed")
ANSWERED = ("fresh", "a recorded run answers it")
EDITED = ("edited", "its code was edited since")
NEVER = ("never run", "no run of it is recorded")

Said = tuple[str, str]
Flow = tuple[str, str, str]


class Book:
    """Cells by id, in an order that can be changed; runs go to the kernel as an editor sends them."""

    def __init__(self, kernel, path: Path, store: Store, sources: Sequence[str]) -> None:
        self.kernel, self.path, self.store = kernel, path, store
        self.order = [f"c{number}" for number in range(1, len(sources) + 1)]
        self.text = dict(zip(self.order, sources, strict=True))

    def insert(self, place: int, name: str, source: str) -> None:
        """Put a cell before the one at a place (0-based)."""
        self.order.insert(place, name)
        self.text[name] = source

    def delete(self, *names: str) -> None:
        for name in names:
            self.order.remove(name)

    def send(self, name: str) -> str:
        """Send a cell as it stands; returns the request."""
        return self.kernel.send(self.text[name], cell=name)

    def run(self, *names: str) -> list[str]:
        """Run cells, all in order by default; returns how each ended."""
        found = [self.kernel.run(self.text[name], cell=name)[0]["status"] for name in names or self.order]
        self.kernel.verb("flush")
        return found

    @property
    def cells(self) -> list[SourceCell]:
        return [SourceCell(name, index, self.text[name]) for index, name in enumerate(self.order)]

    @property
    def records(self) -> History:
        index = self.store.notebook(self.path, create=False)
        return History(index.runs() if index else (), self.store.candidates, self.store.messages)

    def said(self) -> dict[str, Said]:
        """Return what is said of every cell: the word and the reason."""
        index = self.store.notebook(self.path, create=False)
        checkpoints = index.checkpoints() if index else ()
        found = freshness(self.cells, self.records, World(self.path.parent), checkpoints=checkpoints)
        return {state.id: (state.freshness, state.reason) for state in found}

    def flows(self) -> set[Flow]:
        """Return the edges: who made it, who read it, and what; those against the order of the notebook too."""
        return {(edge.from_, edge.to, name) for edge in edges(self.cells, self.records) for name in edge.names}

    def against_the_order(self) -> set[Flow]:
        """Return the edges that go up."""
        found = edges(self.cells, self.records)
        return {(edge.from_, edge.to, name) for edge in found if edge.kind == "order" for name in edge.names}
