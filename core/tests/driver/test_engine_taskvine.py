"""The engine taskvine: real managers, factories and workers; what is killed costs a run here, and nothing is left."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from driver_notebooks import notebook, plain, repeated

from nbrewind.driver.compare import differences
from nbrewind.driver.engines.engine import EngineError
from nbrewind.driver.engines.profile import Profile, read_profile
from nbrewind.driver.engines.scratch import FOLDER
from nbrewind.driver.engines.taskvine import TaskVineEngine
from nbrewind.driver.sweep import sweep, variants
from nbrewind.planning import ahead as planning
from nbrewind.planning.ahead import Job
from nbrewind.planning.notebook import SourceCell
from nbrewind.store import Store

pytest.importorskip("ndcctools.taskvine", reason="there is no TaskVine: scripts/taskvine.sh says why")

CELLS = (
    ("imports", "import time\nimport numpy as np"),
    ("big", "big = np.arange(40_000.0)"),
    ("slow", "def slow(k):\n    time.sleep(0.5)\n    return big * k"),
    *((f"c{k}", f"r{k} = slow({k})\nprint({k}, r{k}.sum())\nr{k}[-1:]") for k in range(4)),
    ("write", "open('sums.txt', 'w').write(str(r0.sum() + r1.sum()))"),
    ("all", "print(open('sums.txt').read(), r2.sum(), r3.sum())"),
)
TASK = "-m nbrewind.driver.engines.task order back"


pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """What a plain run shows."""
    return plain(notebook(CELLS), tmp_path_factory.mktemp("full"))


def engine(**options) -> TaskVineEngine:
    return TaskVineEngine(Profile(**{"max_workers": 1, "cores": 2, "memory": 2000, "disk": 2000, **options}))


def alive(text: str) -> list[str]:
    """Processes whose command line holds a text."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and int(each.name) != os.getpid():
            try:
                command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                folder = os.readlink(each / "cwd")
            except OSError:
                continue
            if text in command or text in folder:
                found.append(f"{each.name} {command}")
    return found


def nothing_left(text: str, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while (found := alive(text)) and time.monotonic() < end:
        time.sleep(0.2)
    return found == [] or pytest.fail(f"left: {found}")


def test_cells_run_on_workers_as_here(tmp_path: Path, full) -> None:
    path = tmp_path / "work.ipynb"
    with Store.open(tmp_path / "store") as store:
        made, used = notebook(CELLS), engine()
        result = repeated(made, path, store, engine=used)
        assert not result.failed and not result.notes
        assert differences(made.cells, full.cells) == []
        assert {cell for cell, why in result.where.items() if why == ""} >= {"c0", "c1", "c2", "c3"}
        assert "must come at its turn" in result.where["write"] or "beside" in result.where["write"]
        index = store.notebook(path)
        assert index is not None
        assert [(one.cell, one.action) for one in index.checkpoints()] == [(cell, "run") for cell, _ in CELLS]
        assert len(index.heads()) == 1 and store.doctor(deep=True) == []
        assert not list((store.directory / FOLDER).iterdir())
        assert nothing_left(str(tmp_path / "store"))
        again = repeated(notebook(CELLS), path, store)
        assert [step.cell for step in again.steps if step.action == "run"] == ["imports", "slow"]


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "manager"])
def test_what_is_killed_costs_time_only(victim: str, tmp_path: Path, full, monkeypatch) -> None:
    run = TaskVineEngine.run

    async def killing(self, jobs):
        async def kill() -> None:
            await asyncio.wait_for(self._worker.wait(), 120)
            await asyncio.sleep(1)
            if victim == "manager":
                os.kill(self.process.pid, signal.SIGKILL)
                return
            for line in alive(str(self._folder)):
                if "vine_worker" in line:
                    os.kill(int(line.split()[0]), signal.SIGKILL)

        if self._number == 0:
            self.killer = asyncio.ensure_future(kill())
        return await run(self, jobs)

    monkeypatch.setattr(TaskVineEngine, "run", killing)
    with Store.open(tmp_path / "store") as store:
        made, used = notebook(CELLS), engine()
        result = repeated(made, tmp_path / "work.ipynb", store, engine=used)
        assert differences(made.cells, full.cells) == []
        if victim == "manager":
            assert result.notes == ["TaskVine's manager has ended; what it has not run runs in the notebook's kernel"]
        assert nothing_left(str(tmp_path / "store"))


LISTENING = """
import socket, sys
from pathlib import Path
from nbrewind.driver.engines.manager import Work
settings = {"port": 0, "only_here": bool(int(sys.argv[2])), "folder": sys.argv[1], "password": "word", "factory": []}
Path("word").write_text("w")
work = Work(settings)
places = ("127.0.0.1", "127.0.0.2")  # both are this machine; who listens on all addresses listens on the second one
print(*(socket.socket().connect_ex((place, work.manager.port)) for place in places))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere TaskVine's managers listen on all addresses")
@pytest.mark.parametrize("only_here", [True, False])
def test_a_manager_of_local_workers_listens_on_this_machine_only(tmp_path: Path, only_here: bool) -> None:
    assert (Profile().is_here, Profile(host="10.0.0.1").is_here, Profile(kind="slurm").is_here) == (True, False, False)
    command = [sys.executable, "-c", LISTENING, tmp_path, str(int(only_here))]
    environment = {**os.environ, "CATALOG_HOST": "localhost"}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1].split() == ["0", str(errno.ECONNREFUSED) if only_here else "0"]


def test_without_workers_it_says_so_and_goes_on(tmp_path: Path, full, monkeypatch) -> None:
    monkeypatch.setattr(Profile, "command", lambda *_, **__: [])
    with Store.open(tmp_path / "store") as store:
        made = notebook(CELLS)
        result = repeated(made, tmp_path / "work.ipynb", store, engine=engine(wait=1))
        assert differences(made.cells, full.cells) == []
        note = "no worker of TaskVine has come within 1 s; what it has not run runs in the notebook's kernel"
        assert result.notes == [note]


@pytest.mark.slow
def test_nothing_is_left_of_a_command_that_is_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import sys, asyncio, nbformat
        from pathlib import Path
        from nbrewind.driver.repeat import repeat
        from nbrewind.driver.engines.profile import Profile
        from nbrewind.driver.engines.taskvine import TaskVineEngine
        from nbrewind.store import Store
        cells = [("imports", "import time"), *((f"c{{k}}", f"time.sleep(600 + {{k}})") for k in range(2))]
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, id=name) for name, text in cells])
        with Store.open({str(tmp_path / "store")!r}) as store:
            engine = TaskVineEngine(Profile(max_workers=1, cores=2))
            asyncio.run(repeat(made, Path({str(tmp_path / "work.ipynb")!r}), store, engine=engine))
    """)
    command = subprocess.Popen([sys.executable, "-c", program])
    end = time.monotonic() + 120
    while not any(TASK in line for line in alive(str(tmp_path / "store"))) and time.monotonic() < end:
        time.sleep(0.3)
    assert any(TASK in line for line in alive(str(tmp_path / "store")))
    command.kill()
    command.wait()
    assert nothing_left(str(tmp_path / "store"), 60)


def test_short_cells_share_a_task_and_a_worker(tmp_path: Path) -> None:
    def job(seconds: float) -> Job:
        return Job(cell=SourceCell("c", 0, "1"), parts=(), seconds=seconds, reason="")

    used = engine(max_workers=2, cores=2)
    assert used.share([job(5.0)] * 8) == 4 and used.share([job(0.0)] * 3) == 2
    assert used.share([job(100.0)] * 8) == 1 and used.share([job(50.0), job(5.0), job(20.0), job(1.0)]) == 2
    used._cores = {1: 2}
    assert used.share([job(5.0)] * 8) == 8
    used._cores = {1: 2, 2: 1}
    assert used.share([job(5.0)] * 8) == 6
    used._cores = {1: 2, 2: 2}
    assert used.share([job(5.0)] * 4) == 4


def test_a_profile_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    place = tmp_path / "profile.toml"
    place.write_text('kind = "slurm"\nmax_workers = 8\ncores = 4\nbatch_options = "--partition=short"\n')
    found = read_profile(place)
    assert found.slots == 32 and found.patience == 600
    command = found.command("/x", "/x/password")
    assert command[1:3] == ["-T", "slurm"] and command[command.index("--batch-options") + 1] == "--partition=short"
    for text, why in (
        ("kind = 3", "kind is 3, which is no text"),
        ('kind = "grid"', "kind is 'grid': use local, slurm, htcondor"),
        ("workers = 3", "there is no setting 'workers'"),
        ("max_workers = 0", "at least one worker"),
        ('environment = "none.tar.gz"', "there is no environment at"),
        ("kind = ", "is no TOML"),
    ):
        place.write_text(text)
        with pytest.raises(EngineError, match=why):
            read_profile(place)
    with pytest.raises(EngineError, match="can't read"):
        read_profile(tmp_path / "none.toml")


@pytest.mark.slow
def test_variants_of_a_sweep_run_on_workers(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(planning, "WORTH", 0.0)
    cells = (
        ("parameters", "k = 1"),
        ("imports", "import numpy as np"),
        ("shared", "rows = np.arange(10.0)"),
        ("scaled", "scaled = rows * k"),
        ("last", "print(k, scaled.sum())"),
    )
    made = notebook(cells)
    made.cells[0].metadata.tags = ["parameters"]
    found = variants(made, {"k": [1, 2, 3]})
    with Store.open(tmp_path / "store") as store:
        asyncio.run(sweep(found, tmp_path / "work.ipynb", store, jobs=2, engine=engine()))
        assert [one.result.failed for one in found] == ["", "", ""]
        assert [one.notebook.cells[-1].outputs[0].text for one in found] == ["1 45.0\n", "2 90.0\n", "3 135.0\n"]
        ran = [{step.cell for step in one.result.steps if step.action == "run"} for one in found]
        assert "shared" in ran[0] and not any("shared" in one for one in ran[1:])
        places = [{cell: one.result.where.get(cell) for cell in ("scaled", "last")} for one in found]
        assert places == [{"scaled": "", "last": ""}] * 3
        assert store.doctor(deep=True) == [] and not list((store.directory / FOLDER).iterdir())
    assert nothing_left(str(tmp_path / "store"))
