"""Stores that can't be written, are newer, damaged, or hold a notebook's contents no longer."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from cli_tools import TINY, Place, texts, write

from nbrewind.store.schema import TRACES

RECORDING = (("audit", "tiny.ipynb"), ("repeat", "tiny.ipynb"))


@pytest.mark.parametrize("command", RECORDING, ids=lambda command: command[0])
@pytest.mark.parametrize("where", ["file", "file/below", "/proc/nbrewind"])
def test_a_store_that_can_not_be_written(command: tuple[str, ...], where: str, place: Place) -> None:
    write(place.folder / "tiny.ipynb", [("one", "open('ran', 'w').close()")])
    (place.folder / "file").write_text("in the way")
    target = str(place.folder / where) if where[0] != "/" else where
    answer = place(*command, "--store", target)
    assert (answer.code, answer.out) == (2, "")
    line = answer.line()
    assert target in line and "NBREWIND_STORE or --store" in line
    assert not (place.folder / "ran").exists()


def newer(store: Path) -> None:
    with sqlite3.connect(store / "traces.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()


@pytest.mark.parametrize("command", [("status", "tiny.ipynb"), ("store", "info"), ("doctor",), *RECORDING])
def test_a_store_of_a_newer_version(command: tuple[str, ...], copied: Place) -> None:
    newer(copied.store)
    answer = copied(*command)
    assert (answer.code, answer.out) == (2, "")
    said = rf"was written by a newer nbrewind \(schema 99; this version knows up to {len(TRACES)}\); upgrade nbrewind"
    assert re.search(said, answer.line()), answer


def cut(path: Path, size: int) -> None:
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.write_bytes(path.read_bytes()[:size] if size else b"this is no database, whatever its name may say")


@pytest.mark.parametrize("size", [0, 5000], ids=["garbage", "truncated"])
def test_a_damaged_store(size: int, copied: Place) -> None:
    cut(copied.store / "traces.sqlite", size)
    answer = copied("status", "tiny.ipynb")
    assert answer.code == 2 and answer.out == ""
    assert answer.line().startswith("nbrewind: could not ") and "run `nbrewind doctor`" in answer.line()
    doctor = copied("doctor", "--json")
    assert doctor.code == 1
    finding = doctor.json["findings"][0]
    assert finding["kind"] == "database" and finding["where"] == str(copied.store / "traces.sqlite")
    assert "backup" in finding["what"] and "doctor" not in finding["what"]


def test_a_damaged_index_of_one_notebook(copied: Place) -> None:
    index = next((copied.store / "notebooks").glob("*.sqlite"))
    cut(index, 0)
    doctor = copied("doctor", "--json")
    assert doctor.code == 1 and any(str(index) in finding["where"] for finding in doctor.json["findings"])


BIG = (
    ("make", "import numpy as np\nbig = np.tile(np.arange(256, dtype='u1'), 40_000)"),
    ("use", "print(len(big))"),
    ("edit", "big[0] = 7\nprint(big[0])"),
)


def test_contents_that_are_gone_are_never_answered(place: Place) -> None:
    write(place.folder / "big.ipynb", BIG)
    assert place("audit", "big.ipynb").code == 0
    shutil.rmtree(place.store / "blobs")
    write(place.folder / "big.ipynb", [*BIG[:2], ("edit", "big[0] = 9\nprint(big[0])")])
    doctor = place("doctor", "--json")
    assert doctor.code == 1 and {finding["kind"] for finding in doctor.json["findings"]} == {"missing"}
    answer = place("repeat", "big.ipynb", "-o", "out.ipynb", "--json")
    if answer.code == 0:
        assert texts(place.read("out.ipynb")) == ["", "10240000\n", "9\n"]
    else:
        assert answer.code == 1 and "can't be brought back" in answer.line()
    assert place("doctor", "--repair", "--json").code in (0, 1)
    again = place("repeat", "big.ipynb", "-o", "out.ipynb", "--json")
    assert again.code == 0, again
    assert texts(place.read("out.ipynb")) == ["", "10240000\n", "9\n"]


def test_outputs_that_are_gone(copied: Place) -> None:
    index = next((copied.store / "notebooks").glob("*.sqlite"))
    connection = sqlite3.connect(index)
    connection.execute("DELETE FROM outputs")
    connection.commit()
    connection.close()
    write(copied.folder / "tiny.ipynb", TINY)
    answer = copied("repeat", "tiny.ipynb", "-o", "out.ipynb")
    if answer.code == 0:
        assert texts(copied.read("out.ipynb"))[-1] == "sum 28\n28"
    else:
        assert len(answer.err.splitlines()) == 1
