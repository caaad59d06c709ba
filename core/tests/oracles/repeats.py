"""The theorem of repeat: it shows and leaves what a clean full run of the edited notebook shows and leaves.

Somebody audits a notebook, edits it or what lies beside it, and repeats it, again and again, from one store. Each time
all cells run, too, in a new kernel and a folder as it was before the repeat: outputs, execution counts, values,
settings and files must be the same. A difference is only taken for one if more clean runs agree.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from nbrewind.driver.audit import audit
from nbrewind.driver.notebook_file import inject_parameters
from nbrewind.driver.repeat import ONCE_MORE, Repeat, repeat
from nbrewind.driver.session import KernelError
from nbrewind.planning.outside import shape_of
from nbrewind.store import Store

from .edits import NUMBER, Draft, counted_up, indented
from .kernels import Stuck, form
from .outcomes import VARIABLES, Outcome, Tally, alike, frames, plain
from .replay import Unsound

OPERATIONS = {
    "edit": 7, "insert": 2, "delete": 2, "move": 2, "copy": 1, "undo": 2, "file": 3, "module": 2, "parameters": 1,
    "environment": 1, "elsewhere": 1, "evict": 1, "forget": 1,
}  # fmt: skip
"""What somebody does between repeats, and how often."""
SECONDS = 60
"""A notebook that takes longer is taken to hang."""
LOOK = f"""
for name in {VARIABLES}:
    if name in globals():
        same = [other for other in {VARIABLES} if globals().get(other) is globals()[name]]
        same *= not isinstance(globals()[name], (str, int, float, tuple))
        print(name, type(globals()[name]).__name__, repr(globals()[name]), *same)
"""
"""A last cell that shows all values, and which names share them; but for those that nobody can change, which
`docs/limits.md` leaves out."""
PASSED_ON = "ORACLE_ONE"


class Trial(Draft):
    """A notebook that is audited, edited and repeated in a folder; ``root`` is an empty one."""

    def __init__(
        self,
        root: Path,
        sources: Sequence[str],
        files: Mapping[str, str],
        *,
        seed: int = 0,
        spare: Sequence[str] = (),
        seconds: float = SECONDS,
    ) -> None:
        super().__init__(sources, seed, spare)
        self.seconds = seconds
        self.root, self.store = root, root / "store"
        self.work = root / "first" / "work"
        self.work.mkdir(parents=True)
        for name, text in files.items():
            (self.work / name).parent.mkdir(exist_ok=True)
            (self.work / name).write_text(text)
        self.inputs = list(files)
        self.tolerant = self.random.random() < 0.8
        """Whether cells that raise do not end the work."""
        self.looks = self.random.random() < 0.5
        """Whether a last cell looks at all values."""
        self.parameters: dict[str, Any] = {}
        self.environment = ""
        self.moves = 0

    @property
    def path(self) -> Path:
        """Where the notebook would be."""
        return self.work / "notebook.ipynb"

    def notebook(self) -> NotebookNode:
        """Return the notebook as it is now; its second cell is that of the parameters."""
        sources = [*self.sources, ("look", LOOK)] if self.looks else self.sources
        cells = [nbformat.v4.new_code_cell(source, id=cell) for cell, source in sources]
        for cell in cells:
            cell.metadata["tags"] = ["raises-exception"] * self.tolerant + ["parameters"] * (cell.id == "c1")
        made = nbformat.v4.new_notebook(cells=cells)
        if any(cell.id == "c1" for cell in cells):
            inject_parameters(made, self.parameters)
        return made

    # -- what somebody does -------------------------------------------------------------------------------------------

    def do(self, kind: str) -> None:
        """Do one thing."""
        random = self.random
        if kind == "file":
            self._file(random.choice([name for name in self.inputs if not name.endswith(".py")]))
        elif kind == "module":
            self._file(random.choice([name for name in self.inputs if name.endswith(".py")]))
        elif kind == "parameters":
            self.parameters = {name: random.randrange(9) for name in random.sample(["a", "b", "c"], 2)}
            self.log.append(f"set parameters {self.parameters}")
        elif kind == "environment":
            self.environment = random.choice(["", "one", "two"])
            self.log.append(f"set {PASSED_ON}={self.environment}")
        elif kind == "elsewhere":
            self.moves += 1
            other = self.root / f"other{self.moves}" / "work"
            shutil.copytree(self.work, other, symlinks=True)
            self.work = other
            self.log.append("go on with a copy of the folder")
        elif kind == "forget":
            self._forget()
        elif kind == "evict":
            self.log.append("evict what can be evicted")
            with Store.open(self.store) as store:
                store.clean(1)
        else:
            self.change(kind, self.place())

    def _forget(self) -> None:
        """Have the records of a cell, or the values of a variable, really removed."""
        one = self.random.choice(self.sources)[0], ""
        cell, name = self.random.choice([one, ("", self.random.choice(VARIABLES))])
        self.log.append(f"forget {cell or name}")
        with Store.open(self.store) as store:
            index = store.notebook(self.path, create=False)
            if index is not None:
                store.forget(index, cell=cell, name=name)

    def _file(self, name: str) -> None:
        path = self.work / name
        if not path.exists() or self.random.random() < 0.1:
            text = str(self.random.randrange(9))
        else:
            text = path.read_text(errors="replace")
            numbers = list(NUMBER.finditer(text))
            text = counted_up(text, self.random.choice(numbers)) if numbers else text + "\n4"
        path.write_text(text)
        self.log.append(f"write {name}" + indented(text))

    # -- runs ---------------------------------------------------------------------------------------------------------

    def audit(self) -> None:
        """Run all cells and record them."""
        self.log.append("audit" + "".join(f"\n{cell}{indented(source)}" for cell, source in self.sources))
        with Store.open(self.store) as store:
            self._within(audit(self.notebook(), self.path, store))

    def check(self, tally: Tally) -> Repeat | None:
        """Repeat the notebook, and compare that with a clean run; returns what was done."""
        self.log.append("repeat")
        begin = self.root / "begin"
        copy(self.work, begin)
        tally.repeats += 1
        try:
            outcome, result = self._repeat(tally)
        except KernelError as error:
            self.log.append(f"refused: {error}")
            tally.refused[plain(str(error))] += 1
            return None
        if result.failed.endswith(ONCE_MORE):
            self.log.append(f"refused: {result.failed}")
            tally.refused[plain(result.failed)] += 1
            return self.check(tally)
        if result.failed and not result.steps:
            return self._held_up(begin, result, tally)
        end = self.root / "end"
        copy(self.work, end)
        clean = self._clean(begin)
        tally.failed += bool(result.failed)
        differences = outcome.differing(clean)
        for _ in range(2 if differences else 0):  # what differs from one clean run to the next is no evidence
            for key in self._clean(begin).differing(clean):
                differences.pop(key, None)
            if not differences:
                tally.left_out += 1
        copy(end, self.work)
        if differences:
            steps = "\n".join(f"{step.cell} {step.action}: {step.reason}" for step in result.steps)
            raise Unsound(
                f"{self.text()}\nthe repeat did\n{indented(steps)}\n{result.failed}\n{self.work} differs from a clean "
                "run:\n" + "\n".join(differences.values())
            )
        return result

    def _held_up(self, begin: Path, result: Repeat, tally: Tally) -> Repeat:
        """See that a clean run fails, too, where a repeat says before anything runs that it must fail."""
        self.log.append(f"refused: {result.failed}")
        tally.refused[plain(result.failed)] += 1
        if self._clean(begin).failed is None:
            raise Unsound(f"{self.text()}\nthe repeat says\n{indented(result.failed)}\nand a clean run does well")
        copy(begin, self.work)
        return result

    def _repeat(self, tally: Tally) -> tuple[Outcome, Repeat]:
        notebook = self.notebook()
        with Store.open(self.store) as store:
            index = store.notebook(self.path, create=False)
            sessions = set(index.heads()) if index is not None else set()
            recorded = {run.id for each in store.notebooks() for run in each.runs()}
            result = self._within(repeat(notebook, self.path, store, files=True))
            failed = result.steps[-1].index if result.failed and result.steps else None
            outcome = self._outcome(notebook, store, sessions, failed)
            for step in result.steps:
                tally.actions[step.action] += 1
                tally.prelude += step.prelude and step.action == "run"
                if step.action == "run" and not step.prelude and (done := store.run(step.run)) is not None:
                    before = [run for run in store.candidates(done.code) if run.id in recorded]
                    if any(alike(store, done, run) for run in before):
                        tally.again += 1
                        tally.reasons[plain(step.reason)] += 1
            return outcome, result

    def _clean(self, begin: Path) -> Outcome:
        """Run all cells in a new kernel, in the folder as it was, recorded in an empty store."""
        copy(begin, self.work)
        path = self.root / "clean"
        shutil.rmtree(path, ignore_errors=True)
        notebook = self.notebook()
        with Store.open(path) as store:
            result = self._within(audit(notebook, self.path, store))
            failed = result.failed.cell.index if result.failed else None
            return self._outcome(notebook, store, set(), failed)

    def _outcome(self, notebook: NotebookNode, store: Store, sessions: set[str], failed: int | None) -> Outcome:
        cells = notebook.cells if failed is None else notebook.cells[: failed + 1]
        index = store.notebook(self.path, create=False)
        assert index is not None
        heads = [index.checkpoint(head) for session, head in index.heads().items() if session not in sessions]
        newest = max((head for head in heads if head is not None), key=lambda head: head.time, default=None)
        state = {} if newest is None else index.state(newest.id)
        cited = {one.run for one in index.checkpoints() if one.session not in sessions}
        drawn = {
            effect.subject
            for run in map(store.run, cited)
            for effect in (run.effects if run else ())
            if effect.kind == "randomness"
        }
        files = {
            str(path.relative_to(self.work)): (shape_of(path), path.read_bytes() if path.is_file() else b"")
            for path in self.work.rglob("*")
        }
        values = {
            key: version
            for key, version in state.items()
            if not key.startswith(("file:", "import:")) and key.removeprefix("ambient:rng.") not in drawn
        }
        return Outcome(
            failed,
            {cell.id: form(cell.outputs) for cell in cells},
            {cell.id: cell.execution_count for cell in cells},
            values,
            files,
            frames(values, store),
        )

    def _within(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it, in the environment that kernels are to have."""
        with environment(self.environment):
            try:
                return asyncio.run(asyncio.wait_for(work, self.seconds))
            except (TimeoutError, asyncio.TimeoutError, asyncio.CancelledError) as error:
                raise Stuck("a notebook hangs") from error


def copy(from_: Path, to: Path) -> None:
    """Make a folder a copy of another one."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(from_, to, symlinks=True)


@contextmanager
def environment(value: str) -> Iterator[None]:
    """Set the variable that kernels get from here; without a value it does not exist."""
    if value:
        os.environ[PASSED_ON] = value
    try:
        yield
    finally:
        os.environ.pop(PASSED_ON, None)


def play(
    root: Path,
    sources: Sequence[str],
    files: Mapping[str, str],
    tally: Tally,
    *,
    seed: int,
    spare: Sequence[str] = (),
    repeats: int = 3,
    seconds: float = SECONDS,
) -> None:
    """Audit a notebook, then edit and repeat it up to so many times."""
    tally.notebooks += 1
    trial = Trial(root, sources, files, seed=seed, spare=spare, seconds=seconds)
    operations = {kind: often for kind, often in OPERATIONS.items() if files or kind not in ("file", "module")}
    try:
        trial.audit()
        for _ in range(trial.random.randint(1, repeats)):
            for _ in range(trial.random.choice([0, 1, 1, 1, 2, 3])):
                kind = trial.random.choices(list(operations), list(operations.values()))[0]
                trial.do(kind)
                tally.edits[kind] += 1
            trial.check(tally)
    except Stuck:
        tally.stuck += 1
