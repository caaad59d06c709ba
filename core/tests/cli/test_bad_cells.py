"""Cells that raise, don't parse, are interrupted, leave what can't be saved, or kill the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from cli_tools import Place, texts, write
from driver_notebooks import plain

from nbrewind.driver.compare import differences

ODD = (
    ("before", "x = [1, 2]"),
    ("raises", "x.append(3)\nraise ValueError('on purpose')"),
    ("syntax", "y = = 1"),
    ("interrupted", "x.append(4)\nraise KeyboardInterrupt"),
    (
        "unpicklable",
        "import socket, threading\ns = socket.socket()\nlock = threading.Lock()\ng = (i for i in range(3))",
    ),
    ("reduce", "class R:\n    def __reduce__(self):\n        raise RuntimeError('never')\nr = R()\nnext(g)"),
    ("quiet", "class Q:\n    def __reduce__(self):\n        print('looked at'); return (Q, ())\nq = Q()"),
    ("handle", "h = open('res.txt', 'w')\nh.write('kept'); h.flush()"),
    ("after", "print(x, lock.locked(), next(g), type(r).__name__, h.closed, open('res.txt').read())\ns.close()"),
    ("end", "h.close()\nsum(x)"),
)
TAGS = {name: ["raises-exception"] for name in ("raises", "syntax", "interrupted")}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The odd cells, audited once."""
    made = Place(tmp_path_factory.mktemp("odd"))
    made.write("odd.ipynb", ODD, TAGS)
    made.answer = made("audit", "odd.ipynb", "-o", "done.ipynb", "--json")
    return made


@pytest.mark.py311
def test_odd_cells_behave_as_in_a_plain_kernel(odd: Place, tmp_path) -> None:
    assert odd.answer.code == 0, odd.answer
    wanted = plain(nbformat.from_dict(odd.read("odd.ipynb")), tmp_path / "plain")
    assert differences(odd.read("done.ipynb").cells, wanted.cells) == []
    assert (odd.folder / "res.txt").read_text() == "kept", "an open handle is never truncated (S14)"
    assert "looked at" not in "".join(texts(odd.read("done.ipynb")))


def test_runs_that_failed_say_so(odd: Place) -> None:
    found = {run["cell"]: run["status"] for run in odd.answer.json["runs"]}
    assert (found["raises"], found["syntax"], found["interrupted"]) == ("error", "error", "interrupted")
    assert set(found) == {name for name, _ in ODD}
    cells = {cell["id"]: cell for cell in odd("status", "odd.ipynb", "--json").json["cells"]}
    assert cells["raises"]["freshness"] == "failed" and "ValueError: on purpose" in cells["raises"]["reason"]
    assert cells["interrupted"]["freshness"] == "failed"
    assert cells["before"]["freshness"] == "fresh"


def test_what_failed_or_can_not_be_saved_runs_again(odd: Place, tmp_path) -> None:
    other = odd.copy(tmp_path / "other")
    answer = other("repeat", "odd.ipynb", "-o", "again.ipynb", "--json")
    assert answer.code == 0, answer
    ran = {step["cell"] for step in answer.json["steps"] if step["action"] == "run"}
    assert ran >= {"raises", "syntax", "interrupted", "unpicklable", "after"}
    assert differences(other.read("again.ipynb").cells, other.read("done.ipynb").cells) == []


FAILING = {
    "raises": ("1 / 0", "error", "cell 3 raised ZeroDivisionError: division by zero"),
    "syntax": ("y = = 1", "error", "cell 3 raised SyntaxError: invalid syntax"),
    "interrupted": ("raise KeyboardInterrupt", "interrupted", "cell 3 was interrupted"),
}


@pytest.mark.parametrize("kind", FAILING)
def test_the_first_failure_ends_an_audit(kind: str, place: Place) -> None:
    source, status, line = FAILING[kind]
    place.write("bad.ipynb", [("one", "x = 1"), ("bad", source), ("never", "print('never')")], {})
    answer = place("audit", "bad.ipynb", "-o", "out.ipynb", "--json")
    assert answer.code == 1 and answer.line().startswith(f"nbrewind: {line}")
    assert [run["status"] for run in answer.json["runs"]] == ["ok", status]
    out = place.read("out.ipynb")
    assert [output.output_type for output in out.cells[2].outputs] == ["error"], "OUT shows what happened"
    assert out.cells[3].outputs == []


def test_a_repeat_ends_at_the_first_failure_too(place: Place) -> None:
    place.write("bad.ipynb", [("one", "x = 1"), ("bad", "1 / 0"), ("never", "print('never')")], {})
    answer = place("repeat", "bad.ipynb", "-o", "out.ipynb", "--json")
    assert answer.code == 1 and answer.line() == "nbrewind: cell 3 raised ZeroDivisionError: division by zero"
    assert answer.json["failed"] and [step["cell"] for step in answer.json["steps"]] == ["one", "bad"]
    again = place("repeat", "bad.ipynb", "--json")
    assert again.code == 1 and [step["action"] for step in again.json["steps"]] == ["skip", "run"]


def test_allow_errors_goes_on(place: Place) -> None:
    place.write("bad.ipynb", [("bad", "1 / 0"), ("after", "print('after')"), ("last", "1 / 0")], {})
    answer = place("audit", "bad.ipynb", "--allow-errors", "-o", "out.ipynb", "--json")
    assert answer.code == 0
    assert [run["status"] for run in answer.json["runs"]] == ["error", "ok", "error"]
    assert texts(place.read("out.ipynb"))[1] == "after\n"


@pytest.mark.parametrize("command", ["audit", pytest.param("repeat", marks=pytest.mark.slow)])
def test_a_kernel_that_dies(command: str, place: Place) -> None:
    place.write("dies.ipynb", [("one", "x = 1"), ("dies", "import os\nos._exit(3)"), ("never", "x")], {})
    answer = place(command, "dies.ipynb", "-o", "out.ipynb", "--json")
    assert answer.code == 1 and answer.err.splitlines()[-1] == (
        "nbrewind: the kernel died while it ran cell 3; what was saved is kept"
    )
    assert answer.json["failed"]
    assert place("doctor", "--json").json == {"findings": []}
    cells = {cell["id"]: cell for cell in place("status", "dies.ipynb", "--json").json["cells"]}
    assert cells["one"]["freshness"] == "fresh" and cells["one"]["checkpoint"] == "saved"


@pytest.mark.parametrize("command", ["audit", pytest.param("repeat", marks=pytest.mark.slow)])
def test_ctrl_c_ends_the_kernel_and_keeps_what_was_saved(command: str, place: Place) -> None:
    write(
        place.folder / "slow.ipynb",
        [("one", "x = 1"), ("slow", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")],
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "nbrewind.cli", command, "slow.ipynb", "-o", "out.ipynb"],
        cwd=place.folder,
        env=place.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (place.folder / "pid").exists() or not (place.folder / "pid").read_text():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err == "nbrewind: interrupted; what was saved until then is kept\n"
    assert not _alive(int((place.folder / "pid").read_text()))
    assert not (place.folder / "out.ipynb").exists(), "half a notebook would pass for a whole one"
    assert place("doctor", "--json").json == {"findings": []}
    cells = {cell["id"]: cell for cell in place("status", "slow.ipynb", "--json").json["cells"]}
    assert cells["one"]["freshness"] == "fresh"


def _alive(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True
