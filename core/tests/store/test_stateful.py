"""Any sequence of operations, against a model in plain Python."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from nbrewind.model import CellAnalysis, Checkpoint, Run, Version, new_id
from nbrewind.store import Content, Store
from nbrewind.store.tasks import Place, TaskRow
from nbrewind.store.types import MissingError

NAMES = st.sampled_from(["a", "b", "c", "d"])
SMALL = st.binary(max_size=40)
LARGE = st.builds(
    lambda seed, size: bytes([seed]) * size, st.integers(0, 3), st.sampled_from([65_536, 65_537, 200_000])
)
CODES = st.sampled_from(["code:1", "code:2"])


class StoreMachine(RuleBasedStateMachine):
    """Two notebooks, two sessions each; the model holds what every checkpoint must be."""

    checkpoints = Bundle("checkpoints")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.states: dict[str, dict[str, Content]] = {}
        self.places: dict[str, int] = {}
        self.parents: dict[str, str] = {}
        self.runs: dict[str, Run] = {}
        self.run_of: dict[str, str] = {}
        self.saved: set[str] = set()
        self.lost: set[str] = set()
        self.kept: set[str] = set()
        self.snapshots: dict[str, str] = {}
        self.made: dict[str, dict[str, str]] = {}
        """Every checkpoint's state by version ids."""
        self.evicted_runs: set[str] = set()
        """Runs whose contents were evicted."""
        self.tasks: dict[int, bytes] = {}
        self.promised: dict[str, Content] = {}
        """Contents of versions that were needed, and there, after the last step."""
        self.heads: list[dict[str, str]] = [{}, {}]
        self.sequences = [0, 0]
        self.open()

    def open(self) -> None:
        """Open the store and its notebooks."""
        self.store = Store.open(self.folder / "store")
        opened = [self.store.notebook(self.folder / f"{index}.ipynb") for index in range(2)]
        self.notebooks = [notebook for notebook in opened if notebook is not None]

    @rule(target=checkpoints, index=st.integers(0, 1), session=st.sampled_from("st"), code=CODES, ok=st.booleans(),
          values=st.dictionaries(NAMES, st.tuples(SMALL | LARGE, st.lists(SMALL | LARGE, max_size=2))),
          removed=st.sets(NAMES, max_size=1))  # fmt: skip
    def record(
        self,
        index: int,
        session: str,
        code: str,
        ok: bool,
        values: dict[str, tuple[bytes, list[bytes]]],
        removed: set[str],
    ) -> str:
        """Record a run at the session's head."""
        notebook, parent, run_id = self.notebooks[index], self.heads[index].get(session, ""), new_id()
        contents = {f"var:{name}": Content(stream, buffers, b"") for name, (stream, buffers) in values.items()}
        versions = tuple(
            Version(id=new_id(), key=key, run=run_id, digest="b3:x", snapshot=self.store.put(content).id)
            for key, content in contents.items()
        )
        run = Run(
            id=run_id, notebook=notebook.id, session=session, cell="c", number=1, code=code, source="src:x",
            started=time.time(), status="ok" if ok else "error", writes=versions,
        )  # fmt: skip
        gone = {f"var:{name}" for name in removed} - contents.keys()
        checkpoint = Checkpoint(
            id=new_id(), parent=parent, notebook=notebook.id, session=session, cell="c", run=run_id, time=time.time(),
            delta={version.key: version.id for version in versions} | dict.fromkeys(gone, ""),
        )  # fmt: skip
        notebook.record(run, checkpoint, source="x", outputs=[{"code": code}], analysis=CellAnalysis(code=code))
        before = {key: content for key, content in self.states.get(parent, {}).items() if key not in gone}
        self.snapshots.update({version.id: version.snapshot for version in versions})
        self.states[checkpoint.id] = before | contents
        held = {key: version for key, version in self.made.get(parent, {}).items() if key not in gone}
        self.made[checkpoint.id] = held | {version.key: version.id for version in versions}
        self.places[checkpoint.id] = index
        self.parents[checkpoint.id] = parent
        self.runs[run_id] = run
        self.run_of[checkpoint.id] = run_id
        self.heads[index][session] = checkpoint.id
        if parent in self.lost:  # whether it is lost too depends on what it holds: see test_notebook
            found = notebook.checkpoint(checkpoint.id)
            assert found is not None
            if found.lost:
                self.lost.add(checkpoint.id)
        return checkpoint.id

    @rule(checkpoint=checkpoints)
    def save(self, checkpoint: str) -> None:
        """Save a checkpoint."""
        self.store.sync()
        self.notebooks[self.places[checkpoint]].mark_saved(checkpoint, added=1)
        if checkpoint not in self.lost:
            self.saved.add(checkpoint)

    @rule(checkpoint=checkpoints)
    def lose(self, checkpoint: str) -> None:
        """Lose a checkpoint, and all below it."""
        self.notebooks[self.places[checkpoint]].mark_lost(checkpoint, "reason")
        gone = {checkpoint}
        for child, parent in self.parents.items():  # in the order in which they were made
            if parent in gone:
                gone.add(child)
        self.lost |= gone
        self.saved -= gone

    @rule(checkpoint=checkpoints, session=st.sampled_from("st"))
    def rewind(self, checkpoint: str, session: str) -> None:
        """Move a head."""
        index = self.places[checkpoint]
        self.notebooks[index].set_head(session, checkpoint)
        self.heads[index][session] = checkpoint

    @rule(checkpoint=checkpoints, keep=st.booleans())
    def keep(self, checkpoint: str, keep: bool) -> None:
        """Say whether a checkpoint must never be evicted."""
        self.notebooks[self.places[checkpoint]].keep(checkpoint, keep)
        if keep:
            self.kept.add(checkpoint)
        else:
            self.kept.discard(checkpoint)

    def needed(self) -> set[str]:
        """Return the versions that must be there: of kept states and heads, and what is not saved yet."""
        states = [*self.kept, *(head for heads in self.heads for head in heads.values())]
        found = {version for state in states for version in self.made[state].values()}
        for checkpoint, made in self.made.items():
            if checkpoint not in self.saved and checkpoint not in self.lost:
                found.update(set(made.values()) - set(self.made.get(self.parents[checkpoint], {}).values()))
        return found

    @rule(slot=st.integers(0, 3), index=st.sampled_from([0, 1, None]), content=SMALL | LARGE, seconds=st.integers(0, 3))
    def task(self, slot: int, index: int | None, content: bytes, seconds: int) -> None:
        """Record a task, of a notebook or of none."""
        place = Place("" if index is None else self.notebooks[index].id, "c")
        long, self.tasks[slot] = len(content) > 40, content
        with self.store.writing():
            snapshots = (self.store.put(Content(b"", [content], b"")).id,) if long else ()
            row = TaskRow((slot, 0), place, b"part", seconds, b"", b"" if long else content, snapshots)
            self.store.tasks.add(row._replace(record="".join(snapshots).encode()))
        self.store.tasks.flush()

    def answering(self) -> set[int]:
        """Return the tasks that are there, with what they made; it is right."""
        found = set()
        for slot, content in self.tasks.items():
            row = self.store.tasks.find((slot, 0))
            if row is not None and row.data is not None:
                found.add(slot)
                assert (self.store.get(row.record.decode()).buffers[0] if row.record else row.data) == content
        return found

    @rule(index=st.integers(0, 1), budget=st.sampled_from([None, 1, 70_000, 300_000]))
    def limit(self, index: int, budget: int | None) -> None:
        """Give a notebook a budget of its own, or none."""
        self.notebooks[index].set_budget(budget)

    @rule(budget=st.sampled_from([1, 70_000, 300_000, 10**9]))
    def clean(self, budget: int) -> None:
        """Keep to a budget: nothing that is needed goes."""
        planned, tasks = self.store.plan_cleanup(budget), self.answering()
        done = self.store.clean(budget)
        assert done == planned
        assert done.after == self.store.bytes_on_disk() <= max(budget, done.before)
        assert self.store.usage().garbage == 0
        if done.after > budget:  # what remains of tasks goes the next time
            assert all(one.tasks for one in self.store.plan_cleanup(budget).evictions), "only what is needed is left"
        if not any(one.tasks for one in done.evictions):
            assert self.answering() == tasks
        limited = self.store.info().notebook_budgets
        assert done.over == [each for each in limited if each.bytes > each.budget]
        evicted = {entry.checkpoint for entry in done.evictions}
        evicted.discard("")
        self.evicted_runs.update(self.run_of[checkpoint] for checkpoint in evicted)
        for checkpoint in self.made:
            assert not (self.load(checkpoint) and checkpoint in evicted)

    @rule()
    def reopen(self) -> None:
        """Close and open again."""
        self.store.close()
        self.open()

    @rule(checkpoint=checkpoints)
    def look(self, checkpoint: str) -> None:
        """Load the state at a checkpoint: in memory or on disk, saved or not, it is what was put, or is evicted."""
        self.load(checkpoint)

    def load(self, checkpoint: str) -> bool:
        """Load a state; return whether it is not evicted."""
        notebook = self.notebooks[self.places[checkpoint]]
        found = notebook.checkpoint(checkpoint)
        assert found is not None
        state = notebook.state(checkpoint)
        assert {key: version.id for key, version in state.items()} == self.made[checkpoint]
        for key, version in state.items():
            try:
                assert self.store.get(version.snapshot) == self.states[checkpoint][key]
            except MissingError:
                assert found.evicted
        return not found.evicted

    @invariant()
    def what_is_needed_stays(self) -> None:
        """What a kept state or a head had after the last step, or an unsaved checkpoint, is there."""
        needed, promised = self.needed(), {}
        for checkpoint, made in self.made.items():
            for key, version in made.items():
                if version in needed:
                    content = self.states[checkpoint][key]
                    if version in self.promised or self.store.has(self.snapshots[version]):
                        promised[version] = content
                        assert self.store.get(self.snapshots[version]) == content
        self.promised = promised

    @rule()
    def examine(self) -> None:
        """Nothing is ever wrong."""
        assert self.store.doctor(deep=True) == []

    @invariant()
    def flags_and_heads_agree(self) -> None:
        """Saved, lost, heads and answering runs are those of the model; the sequence never falls."""
        for index, notebook in enumerate(self.notebooks):
            mine = [checkpoint for checkpoint in self.places if self.places[checkpoint] == index]
            found = notebook.checkpoints()
            assert [checkpoint.id for checkpoint in found] == mine
            assert {checkpoint.id for checkpoint in found if checkpoint.saved} == self.saved & set(mine)
            assert {checkpoint.id for checkpoint in found if checkpoint.lost} == self.lost & set(mine)
            assert notebook.heads() == self.heads[index]
            assert notebook.runs() == [self.runs[self.run_of[checkpoint]] for checkpoint in mine]
            sequence = notebook.sequence()
            assert sequence >= self.sequences[index]
            self.sequences[index] = sequence
        answering = {self.run_of[checkpoint] for checkpoint in self.saved} - self.evicted_runs
        runs = [self.runs[run] for run in answering]
        for code in ("code:1", "code:2"):
            expected = sorted(
                (run for run in runs if run.code == code and run.status == "ok"), key=lambda r: -r.started
            )
            assert [run.id for run in self.store.candidates(code)] == [run.id for run in expected]

    def teardown(self) -> None:
        """Remove the store."""
        self.store.close()
        shutil.rmtree(self.folder)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
