"""Any sequence of records, questions, crashes and damage, with two memos on one store, against a model."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nbrewind.store import Store
from nbrewind.tasks import Key, Keys, Memo, Outcome

KEYS = [key for n in range(6) if isinstance(key := Keys().key(pow, (n,)), Key)]
SIZES = st.sampled_from([0, 3, 4096, 4097, 70_000])
TASKS = st.tuples(st.sampled_from(range(len(KEYS))), st.integers(0, 1))
WHO = st.integers(0, 1)


class MemoMachine(RuleBasedStateMachine):
    """Two managers. The model holds, for each task, what it has ever given, and whether it must be answered."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.given: dict[Any, set[bytes]] = {}
        self.waiting: list[set[Any]] = [set(), set()]
        """What each memo has recorded since it was flushed."""
        self.sure: set[Any] = set()
        self.dead: list[Store] = []
        self.count = 0
        self.memos: list[Memo] = []
        self.open()

    def open(self) -> None:
        """Open the store twice, as two processes do. Nothing is written but when a rule says so."""
        self.memos = [Memo(Store.open(self.folder / "store")) for _ in range(2)]
        for memo in self.memos:
            memo.store.tasks._begin = lambda: None  # type: ignore[method-assign]

    @rule(who=WHO, task=TASKS, size=SIZES, file=st.booleans())
    def record(self, who: int, task: Any, size: int, file: bool) -> None:
        """Record another result each time, so that it shows whose it is."""
        self.count += 1
        result = b"%d %d %d " % (*task, self.count) + b"x" * size
        outputs = {}
        if file:
            outputs = {"out": self.folder / "made"}
            (self.folder / "made").write_bytes(result[::-1])
        self.memos[who].record(KEYS[task[0]], Outcome(result, outputs=outputs), occurrence=task[1])
        assert self.memos[who].trouble == ""
        self.given.setdefault(task, set()).add(result)
        self.waiting[who].add(task)

    @rule(who=WHO, task=TASKS, put=st.booleans())
    def find(self, who: int, task: Any, put: bool) -> None:
        """An answer is what this task has given; there is one if it must be there."""
        places = {"out": self.folder / "there"} if put else None
        found = self.memos[who].find(KEYS[task[0]], occurrence=task[1])
        if found is None:
            assert task not in self.sure and task not in self.waiting[who]
            return
        result = bytes(found.result or b"")
        assert result in self.given[task]
        if places and "out" in found.outputs:
            again = self.memos[who].find(KEYS[task[0]], occurrence=task[1], places=places)
            assert again is not None and bytes(again.result or b"") == result
            assert (self.folder / "there").read_bytes() == result[::-1]

    @rule(who=WHO)
    def flush(self, who: int) -> None:
        """Make sure of all that a memo has recorded."""
        self.memos[who].flush()
        self.sure |= self.waiting[who]
        self.waiting[who].clear()

    @rule()
    def crash(self) -> None:
        """Both processes end at once: what was flushed is there, of the rest perhaps something."""
        self.dead += [memo.store for memo in self.memos]
        for memo in self.memos:
            memo.store.tasks._late.clear()
            memo.store.tasks._rows.clear()
        self.waiting = [set(), set()]
        self.open()

    @rule()
    def close(self) -> None:
        """Both end as they should."""
        for who, memo in enumerate(self.memos):
            memo.store.close()
            self.sure |= self.waiting[who]
            self.waiting[who].clear()
        self.open()

    @precondition(lambda self: self.sure)
    @rule(data=st.data(), column=st.sampled_from(["record", "data", "slot", "occurrence"]))
    def damage(self, data: st.DataObject, column: str) -> None:
        """Change one bit of a row."""
        database = self.memos[0].store.database
        rows = database.read(f"SELECT number, {column} FROM tasks ORDER BY number")
        number, before = data.draw(st.sampled_from(rows))
        if isinstance(before, int):
            after: Any = before ^ 1
        elif not before:
            return
        else:
            changed = bytearray(before)
            changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            after = bytes(changed)
        with database.write() as connection:
            connection.execute(f"UPDATE OR IGNORE tasks SET {column} = ? WHERE number = ?", (after, number))
        self.sure.clear()
        for waiting in self.waiting:  # some may have been written
            waiting.clear()

    @invariant()
    def counted(self) -> None:
        """The sums are those of the rows, and nothing refers to contents for a record that has others."""
        read = self.memos[0].store.database.read
        assert read("SELECT COALESCE(SUM(tasks), 0), COALESCE(SUM(bytes), 0) FROM task_places") == read(
            "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM tasks"
        )
        assert read("SELECT 1 FROM task_contents GROUP BY task HAVING COUNT(*) > 2") == []

    def teardown(self) -> None:
        """Remove the store."""
        for store in (*self.dead, *(memo.store for memo in self.memos)):
            store.close()
        shutil.rmtree(self.folder)


TestMemo = MemoMachine.TestCase
TestMemo.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
