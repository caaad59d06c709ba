"""Any program, rewound anywhere, is where a kernel is that never went further: equal values, and the same aliases."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from random import Random, randrange

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from oracles.kernels import Kernel, Kernels

from .plain import Place, Plain
from .programs import PRELUDE, Choose, cell

STEPS = 50
FEW, PART, PARTS = 6, 20, 16
"""Machines in `make test`; in each part of `make test-all`; parts of it."""
SEED = int(os.environ.get("REWINDS_SEED") or (randrange(10**6) if os.environ.get("TEST_SEARCH") else 0))
"""The first seed of the many. Each part has the next one; it is named in the part's output."""
LOST = re.compile(r"^  lost       (.+?): (.*)$", re.M)
STEP = ["run"] * 12 + ["rewind"] * 5 + ["undo"] * 2 + ["again", "look", "restart"]
"""What somebody does, and how often."""
ALLOWED = re.compile(
    r"(an object of type \w+ can't be saved|it needs \w+, which can't be loaded"
    r"|it can't be saved: cannot pickle ('\w+' object|memoryview objects))(; it can't be made again: .*)?"
)
"""Why a rewind may be refused: kinds of values that `docs/limits.md` lists."""


class Machine(RuleBasedStateMachine):
    """Cells, rewinds and restarts of one notebook; the oracle runs the same cells in a plain namespace."""

    forked: Kernels
    plain: Plain
    tally: Counter[str]
    fault = ""
    """What spoils the product in the kernel."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rewinds"))
        self.kernel = self.start()
        self.parents: list[int] = [-1]
        self.sources: list[str] = [PRELUDE]
        self.forms: list[list[str]] = []
        self.places: list[list[Place]] = []
        self.head = -1
        self.story: list[str] = []
        self.is_live = False
        """Whether the plain namespace is that of the head."""
        self.go(0)

    def start(self) -> Kernel:
        """Return a new kernel that records."""
        kernel = self.forked.start(self.folder)
        path = str(Path(__file__).with_name("graph.py"))
        kernel._execute(
            "import importlib.util as _u, sys as _s\n"
            f"_p = _u.spec_from_file_location('rewinding_graph', {path!r})\n"
            "_s.modules['rewinding_graph'] = _u.module_from_spec(_p)\n"
            "_p.loader.exec_module(_s.modules['rewinding_graph'])\n"
            "del _s.modules['rewinding_graph'].__file__, _u, _p, _s",  # it is a tool, not a module of the user's
            silent=True,
        )
        kernel.record(self.folder / "n.ipynb", self.folder / "store")
        if self.fault:
            kernel._execute(self.fault, silent=True)
        return kernel

    def line(self, place: int) -> list[str]:
        """Return the cells that lead to a place in the tree."""
        found = []
        while place >= 0:
            found.append(self.sources[place])
            place = self.parents[place]
        return found[::-1]

    def go(self, index: int) -> None:
        """Run a cell that was put at the end of the tree."""
        self.story.append(f"-- c{index}\n{self.sources[index]}" if index else "-- c0")
        self.kernel.run(f"c{index}", self.sources[index])
        if not self.is_live:
            self.plain.new()
        form, places = self.plain.run([self.sources[index]] if self.is_live else self.line(index))
        self.forms.append(form)
        self.places.append(places)
        self.head, self.is_live = index, True

    def check(self) -> None:
        """Compare the kernel's namespace with the plain one."""
        found = self.kernel.evaluate("__import__('sys').modules['rewinding_graph'].form(get_ipython().user_ns)")
        expected = self.forms[self.head]
        assert found == expected, self.told(difference(found, expected))

    def told(self, text: str) -> str:
        """Return a text with all that happened before."""
        return "\n".join([*self.story, "-- " + text])

    @rule(number=st.integers(0, 2**32 - 1))
    def step(self, number: int) -> None:
        """Do one thing or another: all that is chosen follows from the number, so that steps vary more."""
        self.tally["steps"] += 1
        choose = Random(f"{number} {len(self.story)}").choice
        getattr(self, choose(STEP))(choose)

    def add(self, source: str) -> None:
        self.parents.append(self.head)
        self.sources.append(source)
        self.go(len(self.sources) - 1)

    def run(self, choose: Choose) -> None:
        self.add(cell(self.places[self.head], choose))

    def again(self, choose: Choose) -> None:
        """Run a text that ran before."""
        self.add(choose(self.sources[1:] or ["a = 1"]))

    def look(self, choose: Choose) -> None:
        self.check()

    def rewind(self, choose: Choose) -> None:
        self.go_back(choose(range(len(self.sources))))

    def undo(self, choose: Choose) -> None:
        self.go_back(max(0, self.parents[self.head]))

    def restart(self, choose: Choose) -> None:
        """Go on in a new kernel, where all has to be loaded."""
        self.kernel.flush()
        self.story.append("-- restart")
        before, self.kernel = self.kernel, self.start()
        try:
            if not self.go_back(choose(range(len(self.sources))), strict=False):
                self.kernel.stop()
                self.kernel, before = before, self.kernel
                self.tally["restarts given up"] += 1
        finally:
            before.stop()

    def go_back(self, target: int, *, strict: bool = True) -> bool:
        """Rewind, and look; it may be refused if what would be lost is known to be."""
        self.story.append(f"-- rewind c{target}")
        shown = self.kernel.run("", f"%rewind c{target}")
        report = "".join(output.get("text", "") for output in shown)
        done = report.startswith("Rewound")
        if done:
            self.tally["rewinds"] += 1
            self.tally["with values made again"] += "\n  recomputed " in report
            self.is_live = self.is_live and target == self.head
            self.head = target
        else:
            assert report.startswith("Not rewound"), shown
            self.tally["refused"] += 1
            for reason in {reason for _, reason in LOST.findall(report)}:
                self.tally[f"lost: {reason}"] += 1
                assert ALLOWED.fullmatch(reason), self.told(report)
        if done or strict:
            self.check()
        return done

    def teardown(self) -> None:
        if hasattr(self, "kernel"):
            self.kernel.stop()
            shutil.rmtree(self.folder, ignore_errors=True)


def difference(found: list[str], expected: list[str]) -> str:
    """Return the first lines in which two forms differ."""
    lines = [f"{ours}\n    expected {theirs}" for ours, theirs in zip(found, expected, strict=False) if ours != theirs]
    return "\n".join(["the namespace is not what it was:", *lines[:4]])


def search(forked: Kernels, plain: Plain, number: int, machines: int, fault: str = "") -> Counter[str]:
    """Run some machines, which follow from the number."""
    tally: Counter[str] = Counter()
    made = type("Machine", (Machine,), {"forked": forked, "plain": plain, "tally": tally, "fault": fault})
    phases = [Phase.generate, Phase.shrink] if os.environ.get("REWINDS_SHRINK") else [Phase.generate]
    found = settings(
        max_examples=machines, stateful_step_count=STEPS, deadline=None, database=None, derandomize=False,
        suppress_health_check=list(HealthCheck), phases=phases,
    )  # fmt: skip
    run_state_machine_as_test(seed(number)(made), settings=found)
    return tally


@pytest.fixture(scope="session")
def plain():
    process = Plain()
    yield process
    process.close()


@pytest.mark.py311
def test_machines(forked: Kernels, plain: Plain) -> None:
    tally = search(forked, plain, 0, FEW)
    print(*sorted(tally.items()), sep="\n")
    assert tally["rewinds"] > 3 * FEW, "hardly anything was rewound: nothing was tested"


def test_a_wrong_rewind_is_found(forked: Kernels, plain: Plain) -> None:
    fault = "__import__('nbrewind.state').state.LiveState.dependents = lambda self, names, versions: set(names)"
    with pytest.raises(AssertionError, match="the namespace is not what it was"):
        search(forked, plain, 2, 8, fault)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_many_machines(forked: Kernels, plain: Plain, part: int) -> None:
    print(f"REWINDS_SEED={SEED}: part {part}")
    tally = search(forked, plain, SEED + part, PART)
    print(*sorted(tally.items()), sep="\n")
    assert tally["rewinds"] > 3 * PART
