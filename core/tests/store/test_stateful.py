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
        self.states[checkpoint.id] = before | contents
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

    @rule()
    def reopen(self) -> None:
        """Close and open again."""
        self.store.close()
        self.open()

    @rule(checkpoint=checkpoints)
    def load(self, checkpoint: str) -> None:
        """Load the state at a checkpoint: in memory or on disk, saved or not, it is what was put."""
        state = self.notebooks[self.places[checkpoint]].state(checkpoint)
        assert {key: self.store.get(version.snapshot) for key, version in state.items()} == self.states[checkpoint]

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
        runs = [self.runs[self.run_of[checkpoint]] for checkpoint in self.saved]
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
