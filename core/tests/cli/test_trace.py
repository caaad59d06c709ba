"""``audit --trace``: what other programs and compiled libraries open is recorded, cell by cell, by a real `strace`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli_tools import Place, texts, write

from nbrewind.kernel.system_calls import Call, Calls
from nbrewind.model import Run
from nbrewind.store import Store

STRACE = shutil.which("strace") or ""


def _works() -> bool:
    command = [STRACE, "-f", "--seccomp-bpf", "-o", "/dev/null", "true"]
    return bool(STRACE) and subprocess.run(command, capture_output=True, check=False).returncode == 0


with_tables = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")
traced_here = pytest.mark.skipif(not _works(), reason="there is no strace here that may trace")

SCRIPT = """
import sys, helper
print(helper.twice(open(sys.argv[1]).read()))
try:
    open("settings.ini")
except OSError:
    pass
with open("made by script.txt", "w") as file:
    file.write("made")
"""
TABLES = (
    ("frame", "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2]})"),
    ("table", "frame.to_parquet('made.parquet')\ntable = pd.read_parquet('in.parquet')"),
    ("count", "print(len(table))"),
    *([("glob", "import polars as pl\nprint(pl.read_parquet('in*.parquet').height)")] if find_spec("polars") else []),
    ("lazy", "import pyarrow.parquet as pq\nlazy = pq.ParquetFile('in.parquet')"),
    ("later", "late = lazy.read()"),
)
CELLS = (
    ("plain", "import os, subprocess, sys\nx = 1"),
    *(TABLES if find_spec("pyarrow") else ()),
    ("shell", "!cd inner && cat 'ü >1.csv' | sort > ../sorted.csv && rm ../old.txt && mv ../a.txt ../b.txt"),
    ("script", "print(subprocess.run([sys.executable, 'script.py', 'in.txt'], capture_output=True, text=True).stdout)"),
    ("again", "print(subprocess.run([sys.executable, 'script.py', 'in.txt'], capture_output=True, text=True).stdout)"),
    ("read", "print(open('sorted.csv').read())"),
    ("behind", "p = subprocess.Popen('sleep 0.5; cat lat[e].txt > /dev/null', shell=True)"),
    ("after", "q = p.wait()"),
    (
        "database",
        "import sqlite3\nwith sqlite3.connect('new.db') as c:\n    c.execute('create table t(x)')\nc.close(); del c",
    ),
    ("machine", "_ = subprocess.run(['uname'], stdout=subprocess.DEVNULL)"),
)


def _runs(place: Place) -> dict[str, Run]:
    with Store.open(place.store) as store:
        index = store.notebook(place.folder / "traced.ipynb", create=False)
        assert index is not None
        return {run.cell: run for run in index.runs()}


def _files(run: Run) -> dict[str, str]:
    """What a run has read in the notebook's folder, by name."""
    found = {entry.key[5:]: entry.digest for entry in run.inputs if entry.key.startswith("file:")}
    return {name: digest for name, digest in found.items() if not name.startswith("/")}


def _fill(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "ü >1.csv").write_text("b\na\n")
    for name in ("old.txt", "a.txt", "late.txt", "in.txt"):
        (folder / name).write_text(name)
    (folder / "script.py").write_text(SCRIPT)
    (folder / "helper.py").write_text("def twice(text):\n    return text * 2\n")
    if find_spec("pyarrow"):
        import pandas as pd

        pd.DataFrame({"a": [1, 2, 3]}).to_parquet(folder / "in.parquet")
    write(folder / "traced.ipynb", CELLS)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A notebook that was audited with its system calls."""
    place = Place(tmp_path_factory.mktemp("traced"))
    _fill(place.folder)
    place.answer = place("audit", "traced.ipynb", "--trace", "-o", "done.ipynb", "--json")
    assert place.answer.code == 0, place.answer
    return place


@pytest.mark.py311
@traced_here
def test_what_programs_and_their_children_open_belongs_to_the_cell(traced: Place) -> None:
    shell = _runs(traced)["shell"]
    found = _files(shell)
    assert found["inner/ü >1.csv"].startswith("b3:")
    assert "sorted.csv" not in found, "it was written, not read"
    assert {version.key for version in shell.writes} >= {"file:sorted.csv", "file:b.txt"}
    assert set(shell.removed) >= {"file:old.txt"}
    assert {effect.subject for effect in shell.effects if effect.detail} >= {"cat", "sort", "rm", "mv"}
    programs = [entry for entry in shell.inputs if entry.key.endswith("/sort")]
    assert [entry.digest[:3] for entry in programs] == ["b3:"]


@pytest.mark.py311
@traced_here
def test_a_script_with_its_modules_and_what_it_did_not_find(traced: Place) -> None:
    runs = _runs(traced)
    for cell in ("script", "again"):  # the second time Python only opens what it has compiled
        found = _files(runs[cell])
        assert found.keys() >= {"script.py", "helper.py", "in.txt"}, cell
        assert found["settings.ini"] == "absent"
    assert "made by script.txt" in {version.key[5:] for version in runs["script"].writes}


@pytest.mark.py311
@traced_here
def test_programs_are_never_taken_for_proved(traced: Place) -> None:
    runs = _runs(traced)
    for cell in ("shell", "script", "again", "behind"):
        assert any("only its files are seen" in reason for reason in runs[cell].unknown), runs[cell].unknown
    state = {cell["id"]: cell["freshness"] for cell in _states(traced)}
    assert state["shell"] == state["script"] == "unknown"


@traced_here
def test_what_is_read_later_belongs_to_the_cell_that_runs_then(traced: Place) -> None:
    runs = _runs(traced)
    assert "late.txt" not in _files(runs["behind"]) and "late.txt" in _files(runs["after"])


@traced_here
def test_cells_without_programs_are_recorded_as_ever(traced: Place) -> None:
    runs = _runs(traced)
    read = {entry.key: entry.run for entry in runs["read"].inputs}
    assert read["file:sorted.csv"] == runs["shell"].id
    for cell, files in (("plain", set()), ("machine", set()), ("database", {"new.db"})):
        assert _files(runs[cell]).keys() == files and not runs[cell].unknown, cell


@with_tables
@traced_here
def test_files_of_compiled_libraries_are_known(traced: Place) -> None:
    table = _runs(traced)["table"]
    assert not table.unknown
    assert _files(table).keys() == {"in.parquet"}
    assert {version.key for version in table.writes} >= {"file:made.parquet", "var:table"}
    assert "dir:" not in {entry.key for entry in table.inputs}, "imports list it, too"
    if (glob := _runs(traced).get("glob")) is not None:
        assert {entry.key for entry in glob.inputs} >= {"dir:", "file:in.parquet"} and not glob.unknown


@with_tables
@traced_here
def test_a_file_that_a_library_keeps_open_is_in_doubt(traced: Place) -> None:
    runs = _runs(traced)
    assert any("not seen" in reason for reason in runs["lazy"].unknown)
    assert {cell["id"]: cell["freshness"] for cell in _states(traced)}["later"] == "unknown"


def _states(place: Place) -> list[dict]:
    return place("status", "traced.ipynb", "--json").json["cells"]


@with_tables
@traced_here
def test_cells_do_as_they_do_without(traced: Place, tmp_path: Path) -> None:
    plain = Place(tmp_path)
    _fill(plain.folder)
    assert plain("audit", "traced.ipynb", "-o", "done.ipynb").code == 0
    assert texts(plain.read("done.ipynb")) == texts(traced.read("done.ipynb"))
    runs = _runs(plain)
    assert not _files(runs["shell"]) and any("not seen" in reason for reason in runs["shell"].unknown)
    assert any("read_parquet" in reason or "to_parquet" in reason for reason in runs["table"].unknown)


@traced_here
def test_the_package_has_them(traced: Place, tmp_path: Path) -> None:
    assert traced("export", "traced.ipynb", "-o", str(tmp_path / "t.zip")).code == 0
    told = traced("inspect", str(tmp_path / "t.zip"), "--json").json
    inside = {one["path"] for one in told["data"] if one["inside"]}
    assert inside >= {"script.py", "helper.py", "in.txt", "late.txt"}
    assert not [one["path"] for one in told["data"] if one["path"].startswith("/")], "programs are no data"
    sort = next(one for one in told["libraries"] if one["name"] == "sort")
    assert sort["cells"] == ["shell"]
    there = Place(tmp_path)
    assert there("import", "t.zip", "there").code == 0
    assert there("export", "there/traced.ipynb", "-o", "again.zip").code == 0
    assert there("inspect", "again.zip", "--json").json["id"] == told["id"], "what came with it goes on as it came"


@with_tables
@traced_here
def test_a_change_of_what_a_library_read_is_seen(traced: Place, tmp_path: Path) -> None:
    place = traced.copy(tmp_path / "copy")
    assert _planned(place)["table"] != "run"
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_parquet(place.folder / "in.parquet")
    assert _planned(place)["table"] == "run"


def _planned(place: Place) -> dict[str, str]:
    steps = place("repeat", "traced.ipynb", "--dry-run", "--json").json["steps"]
    return {step["cell"]: step["action"] for step in steps}


def test_without_strace_it_says_what_to_do(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write("tiny.ipynb")
    answer = place("audit", "tiny.ipynb", "--trace", PATH=str(tmp_path))
    assert answer.code == 2 and "strace, which is not on the PATH" in answer.line()
    assert "without --trace the record says what it could not see" in answer.line()


@traced_here
def test_where_tracing_is_forbidden_it_says_so(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write("tiny.ipynb")
    command = [STRACE, "-f", "-e", "trace=none", "-o", "/dev/null"]  # what is traced can't be traced by another
    command += [sys.executable, "-m", "nbrewind.cli", "audit", "tiny.ipynb", "--trace"]
    done = subprocess.run(
        command, cwd=place.folder, env=place.environment(), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 2 and "strace can't trace here" in done.stderr and "not permitted" in done.stderr.lower()
    assert len(done.stderr.splitlines()) == 1


def test_lines_that_interleave() -> None:
    text = b"""\
7  clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88 <unfinished ...>
9  execve("./run", [...], 0x7ffc /* 35 vars */ <unfinished ...>
7  clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 8
7  <... clone3 resumed>)             = 9
9  <... execve resumed>)             = 0
8  openat(AT_FDCWD</notes>, "a", O_RDONLY <unfinished ...>
9  chdir("sub")                      = 0
8  <... openat resumed>)             = 3</notes/a>
9  access("b", F_OK)                 = -1 ENOENT (No such file or directory)
9  openat(5</data>, "c\\303\\274\\"", O_RDWR|O_CREAT, 0666) = 6</data/c\\303\\274"\\76>
9  openat(AT_FDCWD</notes/sub>, "d", O_WRONLY|O_CREAT|O_EXCL, 0666) = 6</notes/sub/d>
9  connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("1.2.3.4")}, 16) = 0
9  open("secret", O_RDONLY)          = -1 EACCES (Permission denied)
9  +++ exited with 0 +++
"""
    assert list(Calls(7, "/notes").read(text.splitlines())) == [
        Call(False, "start", "/notes/run", relative=True),
        Call(True, "read", "/notes/a", relative=True),
        Call(False, "ask", "/notes/sub/b", found=False, relative=True),
        Call(False, "update", '/data/cü"', relative=True),
        Call(False, "update", '/data/cü">', relative=True),
        Call(False, "read", "/notes/sub/d", found=False, relative=True),
        Call(False, "write", "/notes/sub/d", relative=True),
        Call(False, "connect", "1.2.3.4:443"),
    ]
