"""The two oracles: somebody works on a notebook, and what is called fresh, and what edges say, is tried in new kernels.

*Freshness*: every cell that is called fresh shows what it shows when all cells run once, in order, in a new kernel.
*Slices*: a cell and those on which it depends, by the graph, show and make the same alone as in the whole notebook.

A difference is only taken for one if more runs agree: cells that show or make the time are left out.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from nbrewind.model import Run, Version
from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import World
from nbrewind.store import Store

from .edits import Draft, indented
from .kernels import Kernel, Kernels, Stuck, form

OPERATIONS = {
    "run": 8, "edit": 3, "edit and run": 3, "undo": 1, "move": 2, "delete": 1, "insert": 1, "copy": 1, "all": 1,
    "restart": 1,
}  # fmt: skip
"""What somebody does, and how often."""


class Unsound(Exception):
    """An oracle was wrong; the text says how to see it."""


@dataclass
class Tally:
    """What was compared, summed up."""

    notebooks: int = 0
    cells: int = 0
    """Cells that ran and were not edited since, at the end of stories."""
    equal: int = 0
    """Those of them that show what a clean run shows."""
    fresh: int = 0
    """Those of these that are called fresh."""
    stale: Counter[str] = field(default_factory=Counter)
    """What the others are called."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why, without names and numbers."""
    slices: int = 0
    sliced: int = 0
    """Cells in those slices, and in the notebooks of which they are slices."""
    whole: int = 0
    left_out: int = 0
    """Cells that show something else in every kernel."""
    stuck: int = 0
    """Notebooks that were given up: a kernel hung or died."""

    def __iadd__(self, other: Tally) -> Tally:
        """Add another tally to this one."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self

    def why(self) -> str:
        """Say how often each reason was given for a cell that is equal and not called fresh."""
        return "\n".join(f"{count:5} {reason}" for reason, count in self.reasons.most_common())

    def __str__(self) -> str:
        """Say it in a few lines."""
        stale = ", ".join(f"{count} {word}" for word, count in self.stale.most_common()) or "none"
        return (
            f"{self.notebooks} notebooks ({self.stuck} given up), {self.cells} cells, {self.left_out} left out\n"
            f"freshness: {self.fresh} of {self.equal} equal cells are called fresh; the others: {stale}\n"
            f"slices: {self.slices}, of {self.sliced} of {self.whole} cells"
        )


class Outcome(NamedTuple):
    """What a cell showed in one kernel, and the values that it made."""

    shown: list[str]
    made: dict[str, Version]

    @classmethod
    def of(cls, shown: list[str], run: Run) -> Outcome:
        """Return what a recorded run showed and made."""
        return cls(shown, {version.key: version for version in run.writes if version.members})

    def differing(self, other: Outcome) -> dict[str, str]:
        """Return what is not the same in another kernel, with the words for it; the key of what is shown is empty.

        Values are compared by their digests, without exact ones by their types. One that is alone here and shared there
        is made by other cells as well: it is not compared.
        """
        found = {}
        if self.shown != other.shown:
            found[""] = f"it shows\n{indented(lines(other.shown))}\nand in the notebook\n{indented(lines(self.shown))}"
        for key, version in self.made.items():
            here = other.made.get(key)
            if here is not None and here.members == version.members and exact(here) != exact(version):
                found[key] = f"{key} is {here.kind} {here.preview} here, and was {version.kind} {version.preview}"
        return found


class Slice(NamedTuple):
    """A cell and those on which it depends, as they were when the whole notebook had run in order."""

    target: SourceCell
    cells: list[SourceCell]
    whole: list[SourceCell]
    """The notebook."""
    outcome: Outcome
    """What came of the cell in the notebook."""


class Story(Draft):
    """Somebody works on a notebook, in a kernel that records; what they do follows from ``seed``.

    ``root`` is an empty folder; the notebook's own lies in it, with copies of ``files`` at the beginning. The store
    lies elsewhere: a cell that lists its folder, or the one above, must not see it. All kernels work in one folder, one
    after another.
    """

    def __init__(
        self,
        kernels: Kernels,
        root: Path,
        sources: Sequence[str],
        *,
        seed: int = 0,
        spare: Sequence[str] = (),
        files: Path | None = None,
    ) -> None:
        super().__init__(sources, seed, spare)
        self.kernels, self.root = kernels, root
        self.work, self.start = root / "alone" / "work", root / "start"
        if files is None:
            self.start.mkdir()
        else:
            shutil.copytree(files, self.start, symlinks=True)
        shutil.copytree(self.start, self.work, symlinks=True)
        self.notebook, self.store = self.work / "notebook.ipynb", root / "store"
        self.shown: dict[str, list[str]] = {}
        """What the cells show."""
        self.kernel = self._recording(self.store)

    def close(self) -> None:
        """End the kernel."""
        self.kernel.stop()

    def _recording(self, store: Path) -> Kernel:
        kernel = self.kernels.start(self.work)
        try:
            kernel.record(self.notebook, store)
        except BaseException:
            kernel.stop()
            raise
        return kernel

    # -- what somebody does -------------------------------------------------------------------------------------------

    def work_on(self, times: int) -> None:
        """Do so many things."""
        for _ in range(times):
            self.do(self.random.choices(list(OPERATIONS), list(OPERATIONS.values()))[0])

    def do(self, kind: str) -> None:
        """Do one thing with a cell."""
        where = self.place()
        if kind == "run":
            self._run(*self.sources[where])
        elif kind == "edit and run":
            self.change("edit", where)
            self._run(*self.sources[where])
        elif kind == "all":
            self.run_all()
        elif kind == "restart":
            self.log.append("restart the kernel")
            self.kernel.flush()
            self.kernel.stop()
            self.kernel = self._recording(self.store)
        else:
            self.change(kind, where)

    def run_all(self) -> None:
        """Run all cells in order."""
        for cell, source in self.sources:
            self._run(cell, source)

    def _run(self, cell: str, source: str) -> None:
        self.log.append(f"run {cell}" + indented(source))
        self.shown[cell] = form(self.kernel.run(cell, source))

    # -- the oracles --------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """End the work: everything is saved, the kernel is gone, the folder is kept as it is now."""
        self.kernel.flush()
        self.kernel.stop()
        self._copy(self.work, self.root / "now")

    def check_freshness(self, tally: Tally) -> None:
        """Compare the cells that are called fresh with a clean run. Call `finish` first."""
        with Store.open(self.store) as store:
            index = store.notebook(self.notebook, create=False)
            assert index is not None
            states = freshness(self.cells, History(index.runs(), store.candidates), World(self.work))
            recorded = {state.run: form(store.outputs(state.run)) for state in states if state.run}
        clean = self.clean_run()
        for cell, state in zip(self.cells, states, strict=True):
            expected, shown = clean[cell.id], self.shown.get(cell.id)
            fresh = state.freshness == "fresh" and state.run is not None
            if fresh and shown is None:
                shown = recorded[state.run]
            if shown is None or (state.freshness == "edited"):
                continue
            tally.cells += 1
            if shown == expected:
                tally.equal += 1
                tally.fresh += fresh
                if not fresh:
                    tally.stale[state.freshness] += 1
                    tally.reasons[f"{state.freshness}: {self._plain(state.reason)}"] += 1
            elif fresh:
                self._confirm(cell, state.reason, shown, [expected, *(self.clean_run()[cell.id] for _ in range(2))])
                tally.left_out += 1

    def _plain(self, reason: str) -> str:
        """Return a reason without the numbers of cells and the names of variables."""
        names = {name for cell in self.cells for name in (*cell.analysis.writes, *cell.analysis.reads)}
        text = re.sub(r"\w+", lambda word: "x" if word[0] in names else word[0], reason)
        return re.sub(r"\d+", "N", text)

    def _confirm(self, cell: SourceCell, reason: str, shown: list[str], found: list[list[str]]) -> None:
        if any(other != found[0] for other in found):
            return
        raise Unsound(
            f"{self.text()}\n{cell.id} is called fresh ({reason}), but shows\n{indented(lines(shown))}\n"
            f"and in a clean run\n{indented(lines(found[0]))}"
        )

    def clean_run(self) -> dict[str, list[str]]:
        """Return what the cells show if they run once, in order, in a new kernel, with the files as they are now."""
        self._copy(self.root / "now", self.work)
        kernel = self.kernels.start(self.work)
        try:
            return {cell: form(kernel.run(cell, source)) for cell, source in self.sources}
        finally:
            kernel.stop()

    def slice_of(self, number: int) -> Slice | None:
        """Return the slice of a cell, by its place; None if the cell failed. Call it when all cells have just run."""
        self.kernel.flush()
        cells = self.cells
        target = cells[number]
        with Store.open(self.store) as store:
            index = store.notebook(self.notebook, create=False)
            assert index is not None
            history = History(index.runs(), store.candidates)
        run = history.last_run_of(target.id, target.analysis.code)
        if run is None:
            return None
        found, todo = {target.id}, [target.id]
        graph = edges(cells, history)
        while todo:
            cell = todo.pop()
            more = {edge.from_ for edge in graph if edge.to == cell} - found
            found |= more
            todo += more
        chosen = [cell for cell in cells if cell.id in found]
        outcome = Outcome.of(self.shown[target.id], run)
        # A fingerprint covers all names that share an object: it counts where the cell binds or reads them all. Others
        # need not be what they were in the notebook: nothing that the cell depends on has made them.
        own = {*target.analysis.writes, *(entry.key[4:] for entry in run.inputs if not entry.kept)}
        made = {key: version for key, version in outcome.made.items() if own.issuperset(version.members)}
        return Slice(target, chosen, cells, outcome._replace(made=made))

    def check_slice(self, piece: Slice, tally: Tally) -> None:
        """Run a slice alone and compare what its cell shows and makes. Call `finish` first."""
        alone = self._run_again(piece.target, piece.cells)
        tally.slices += 1
        tally.sliced += len(piece.cells)
        tally.whole += len(piece.whole)
        differences = piece.outcome.differing(alone)
        if not differences:
            return
        for _ in range(2):  # what differs from one kernel to the next is no evidence
            for outcome, cells in ((alone, piece.cells), (piece.outcome, piece.whole)):
                for key in outcome.differing(self._run_again(piece.target, cells)):
                    differences.pop(key, None)
        if not differences:
            tally.left_out += 1
            return
        texts = "\n".join(cell.id + indented(cell.source) for cell in piece.cells)
        raise Unsound(
            f"{self.text()}\nafter the first run of all cells, {piece.target.id} is said to depend on no others than\n"
            f"{texts}\nbut alone these differ:\n" + "\n".join(differences.values())
        )

    def _run_again(self, target: SourceCell, cells: Sequence[SourceCell]) -> Outcome:
        """Run cells in order in a new kernel, with the files as they were at the beginning; return what came of one."""
        self._copy(self.start, self.work)
        path = self.root / "again"
        shutil.rmtree(path, ignore_errors=True)
        kernel = self._recording(path)
        try:
            shown = {cell.id: form(kernel.run(cell.id, cell.source)) for cell in cells}
            kernel.flush()
        finally:
            kernel.stop()
        with Store.open(path) as store:
            index = store.notebook(self.notebook, create=False)
            assert index is not None
            return Outcome.of(shown[target.id], index.runs(target.id)[-1])

    @staticmethod
    def _copy(from_: Path, to: Path) -> None:
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(from_, to, symlinks=True)


def exact(version: Version) -> str:
    """Return what is known of a value in every kernel."""
    return version.digest if version.digest.startswith("b3:") else version.kind


def play(
    kernels: Kernels,
    root: Path,
    sources: Sequence[str],
    tally: Tally,
    *,
    seed: int,
    spare: Sequence[str] = (),
    files: Path | None = None,
    slices: int = 2,
) -> None:
    """Run a notebook, work on it, and ask both oracles, about some ``slices``.

    ``files`` is a folder with what lies beside the notebook.
    """
    tally.notebooks += 1
    try:
        story = Story(kernels, root, sources, seed=seed, spare=spare, files=files)
        try:
            story.run_all()
            places = story.random.sample(range(len(sources)), min(slices, len(sources)))
            pieces = [piece for place in places if (piece := story.slice_of(place)) is not None]
            story.work_on(story.random.randint(3, 9))
            story.finish()
        finally:
            story.close()
        story.check_freshness(tally)
        for piece in pieces:
            story.check_slice(piece, tally)
    except Stuck:
        tally.stuck += 1


def lines(shown: list[str]) -> str:
    """Return what a cell shows, for people."""
    return "\n".join(shown) or "nothing"
