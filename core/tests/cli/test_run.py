"""``audit`` and ``repeat``: exact names of fields, exit statuses, parameters, targets, what is written where."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
from cli_tools import TINY, Place, texts, write

from nbrewind.driver.notebook_file import parameter_value

OUTPUTS = ["", "", "", "[0, 6, 12]\n", "", "sum 28\n28"]


def steps(document: dict) -> dict[str, str]:
    return {step["cell"]: step["action"] for step in document["steps"]}


@pytest.mark.py311
def test_audit_in_json(audited: Place) -> None:
    document = audited.answer.json
    assert document["seconds"] > 0 and document["failed"] == ""
    assert [run["cell"] for run in document["runs"]] == [name for name, _ in TINY]
    assert [run["index"] for run in document["runs"]] == [1, 2, 3, 4, 5, 6]
    for run in document["runs"]:
        assert {"cell", "index", "run", "seconds", "overhead", "bytes", "status"} <= run.keys()
        assert run["status"] == "ok" and run["seconds"] > 0 and run["overhead"] > 0
    assert audited.answer.err == "", "without a terminal there is no progress bar"


def test_audit_writes_only_where_it_was_told_to(audited: Place) -> None:
    assert texts(audited.read("done.ipynb")) == OUTPUTS
    assert [cell.execution_count for cell in audited.read("done.ipynb").cells[1:]] == [1, 2, 3, 4, 5, 6]
    assert texts(audited.read("tiny.ipynb")) == [""] * 6, "the notebook itself is as it was"
    assert "nbrewind" not in json.dumps(audited.read("done.ipynb").metadata)


@pytest.mark.py311
def test_repeat_with_nothing_changed(copied: Place) -> None:
    answer = copied("repeat", "tiny.ipynb", "-o", "again.ipynb", "--json")
    document = answer.json
    assert (answer.code, answer.err) == (0, "")
    assert document.keys() >= {"steps", "tasks", "seconds"} and document["tasks"] == {"answered": 0, "ran": 0}
    assert all({"cell", "index", "action", "reason", "seconds"} <= step.keys() for step in document["steps"])
    assert all(step["reason"] for step in document["steps"])
    assert {name for name, action in steps(document).items() if action == "run"} == {"imports", "function"}
    again, done = copied.read("again.ipynb"), copied.read("done.ipynb")
    assert [dict(cell) for cell in again.cells] == [dict(cell) for cell in done.cells], "complete, as if all had run"


def test_a_dry_run_tells_what_a_repeat_does(copied: Place) -> None:
    write(copied.folder / "tiny.ipynb", [(name, text.replace("10.5", "11.5")) for name, text in TINY])
    before = sorted(path.name for path in copied.folder.iterdir())
    answer = copied("repeat", "tiny.ipynb", "--dry-run", "--json")
    assert sorted(path.name for path in copied.folder.iterdir()) == before
    really = copied("repeat", "tiny.ipynb", "-o", "again.ipynb", "--json")
    assert (answer.code, really.code) == (0, 0)
    expected = {"imports": "run", "numbers": "skip", "function": "run", "use": "load", "change": "run", "last": "run"}
    assert steps(answer.json) == steps(really.json) == expected
    assert texts(copied.read("again.ipynb"))[-1] == "sum 29\n29"


def test_parameters(copied: Place) -> None:
    answer = copied("repeat", "tiny.ipynb", "-p", "N", "7", "-o", "seven.ipynb", "--json")
    assert answer.code == 0
    seven = copied.read("seven.ipynb")
    injected = seven.cells[3]
    assert (injected.metadata.tags, injected.source) == (["injected-parameters"], "# Parameters\nN = 7")
    assert texts(seven) == ["", "", "", "", "[0, 7, 14]\n", "", "sum 31\n31"]
    assert steps(answer.json)["numbers"] == "skip" and steps(answer.json)["use"] == "run"
    again = copied("repeat", "seven.ipynb", "-p", "N", "7", "-o", "seven.ipynb", "--json")
    assert {name for name, action in steps(again.json).items() if action == "run"} == {"imports", "function"}
    assert [cell.id for cell in copied.read("seven.ipynb").cells] == [cell.id for cell in seven.cells]


def test_parameters_are_read_as_papermill_reads_them() -> None:
    given = ["1", "-2", "1.5", "1e3", "True", "false", "None", "text", "007", "nan"]
    values = [parameter_value(text) for text in given]
    assert values[:9] == [1, -2, 1.5, 1000.0, True, "false", None, "text", 7]
    assert values[9] != values[9]


def test_parameters_need_a_tagged_cell(place: Place) -> None:
    place.write("tiny.ipynb", TINY, tags={})
    for command in ("audit", "repeat"):
        answer = place(command, "tiny.ipynb", "-p", "N", "7")
        assert (answer.code, answer.out) == (2, "")
        assert answer.line() == "nbrewind: -p needs a cell tagged `parameters`; the notebook has none"
    assert place("audit", "tiny.ipynb", "-p", "no-name", "7").code == 2
    assert not place.store.exists()


@pytest.mark.parametrize("target", ["use", "5"])
def test_up_to_a_cell(target: str, copied: Place) -> None:
    answer = copied("repeat", "tiny.ipynb", "--to", target, "-o", "part.ipynb", "--json")
    assert list(steps(answer.json)) == ["imports", "numbers", "function", "use"]
    part = copied.read("part.ipynb")
    assert texts(part) == [*OUTPUTS[:4], "", ""] and part.cells[6].execution_count is None


def test_an_exact_id_wins_over_a_number(place: Place) -> None:
    write(place.folder / "n.ipynb", [("a", "1"), ("b", "2"), ("2", "3"), ("d", "4")])
    found = place("repeat", "n.ipynb", "--to", "2", "--dry-run", "--json").json["steps"]
    assert [step["cell"] for step in found] == ["a", "b", "2"]


@pytest.mark.parametrize("target", ["nothing", "0", "8", "-1", "²"])
def test_no_such_cell(target: str, audited: Place) -> None:
    answer = audited("repeat", "tiny.ipynb", "--to", target)
    assert answer.code == 2 and answer.line() == (
        f"nbrewind: no cell {target}: give a cell id, or a number from 1 to 7"
    )


@pytest.mark.py311
def test_in_place_and_in_words(copied: Place) -> None:
    answer = copied.process("repeat", "tiny.ipynb", "--inplace", COLUMNS="80")
    assert (answer.code, answer.err) == (0, "")
    assert texts(copied.read("tiny.ipynb")) == OUTPUTS
    assert "2 cells ran (2 of the prelude), 0 loaded, 4 skipped" in answer.out.replace("\n", " ")
    audit = copied("audit", "tiny.ipynb", "--inplace", COLUMNS="80")
    assert audit.code == 0 and "6 cells recorded in" in audit.out and "overhead" in audit.out
    assert max(map(len, audit.out.splitlines())) <= 80


def test_options_that_exclude_each_other(audited: Place) -> None:
    for arguments in (("--inplace", "-o", "x.ipynb"), ("--dry-run", "-o", "x.ipynb"), ("--dry-run", "--inplace")):
        answer = audited("repeat", "tiny.ipynb", *arguments)
        assert answer.code == 2 and len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("where", ["missing/out.ipynb", "folder", "/proc/out.ipynb"])
def test_an_out_that_cannot_be_written_is_refused_before_anything_runs(where: str, place: Place) -> None:
    (place.folder / "folder").mkdir()
    write(place.folder / "tiny.ipynb")
    answer = place("audit", "tiny.ipynb", "-o", where)
    assert answer.code == 2 and answer.line().startswith(f"nbrewind: can't write {where}: ")


def test_out_may_be_a_link_or_a_device(copied: Place) -> None:
    (copied.folder / "link.ipynb").symlink_to("real.ipynb")
    assert copied("repeat", "tiny.ipynb", "--to", "2", "-o", "link.ipynb").code == 0
    assert (copied.folder / "link.ipynb").is_symlink()
    nbformat.validate(copied.read("real.ipynb"))


@pytest.mark.parametrize(
    "command",
    [(), ("audit",), ("repeat",), ("graph",), ("status",), ("history",), ("store",), ("store", "info"), ("doctor",)],
)
def test_help_has_an_example(command: tuple[str, ...], place: Place) -> None:
    answer = place(*command, "--help")
    assert answer.code == 0 and "Example: nbrewind" in answer.out and answer.err == ""
    if command and command != ("store",):
        assert "--json" in answer.out and "--store" in answer.out


def test_the_list_of_commands_says_what_each_does(place: Place) -> None:
    from nbrewind.cli.app import COMMANDS, app

    with app.make_context("nbrewind", ["--help"], resilient_parsing=True) as context:
        for name in COMMANDS:
            command = app.get_command(context, name)
            assert command is not None and command.name == name and command.help
    assert app.get_command(context, "no-such") is None


def test_wrong_usage(place: Place) -> None:
    for arguments in (("audit",), ("no-such",), ("graph", "x.ipynb", "--format", "png"), ("status", "--nope")):
        answer = place(*arguments)
        assert (answer.code, answer.out) == (2, "")


def test_verify_runs_what_could_be_skipped(copied: Place) -> None:
    answer = copied("repeat", "tiny.ipynb", "-o", "again.ipynb", "--verify", "100%", "--json")
    document = answer.json
    assert (answer.code, answer.err) == (0, "")
    assert set(steps(document).values()) == {"run"}
    assert (document["verified"], document["differences"]) == (4, [])
    again, done = copied.read("again.ipynb"), copied.read("done.ipynb")
    assert [dict(cell) for cell in again.cells] == [dict(cell) for cell in done.cells]
    assert "4 cells ran to be compared: as recorded" in copied("repeat", "tiny.ipynb", "--verify", "1").out
    assert copied("repeat", "tiny.ipynb", "--verify", "0", "--json").json["verified"] == 0


def test_verify_finds_what_comes_out_otherwise(place: Place) -> None:
    """Texts have another hash in each process: no trace tells that."""
    place.write("h.ipynb", [("imports", "import math"), ("h", "h = hash('text')"), ("says", "print(h)")])
    assert place("audit", "h.ipynb", PYTHONHASHSEED="1").code == 0
    answer = place("repeat", "h.ipynb", "--verify", "1", PYTHONHASHSEED="2")
    assert answer.code == 1
    assert (
        answer.line() == "nbrewind: 1 of 1 cell came out otherwise than recorded; the first: cell 3: h is another value"
    )
    assert place("repeat", "h.ipynb", "--verify", "1", PYTHONHASHSEED="2").code == 0, "now that is recorded"


def test_verify_keeps_to_the_tolerance_that_a_cell_declares(place: Place) -> None:
    place.write("h.ipynb", [("says", "print(1 + hash('text') % 1000 / 1e9)")])
    document = place.read("h.ipynb")
    document.cells[1].metadata["nbrewind"] = {"tolerance": {"rtol": 1e-5}}
    nbformat.write(document, place.folder / "h.ipynb")
    assert place("audit", "h.ipynb", PYTHONHASHSEED="1").code == 0
    answer = place("repeat", "h.ipynb", "--verify", "1", PYTHONHASHSEED="2")
    assert answer.code == 0 and "1 cell ran to be compared: as recorded" in answer.out
    document.cells[1].metadata["nbrewind"] = {"tolerance": {"rtol": 1e-12}}
    nbformat.write(document, place.folder / "h.ipynb")
    answer = place("repeat", "h.ipynb", "--verify", "1", PYTHONHASHSEED="3")
    assert answer.code == 1 and "it shows something else (stdout: " in answer.err
    assert "recorded was" in answer.err and "allowed: rtol 1e-12" in answer.err
    document.cells[1].metadata["nbrewind"] = {"tolerance": {"rtol": "much"}}
    nbformat.write(document, place.folder / "h.ipynb")
    answer = place("repeat", "h.ipynb", "--verify", "1")
    assert answer.code == 1 and "cell 2 was not run: metadata.nbrewind.tolerance: " in answer.err


@pytest.mark.parametrize("share", ["2", "-1", "101%", "some"])
def test_a_share_is_from_0_to_1(copied: Place, share: str) -> None:
    answer = copied("repeat", "tiny.ipynb", "--verify", share)
    assert answer.code == 2 and f"{share!r} is no share" in answer.err


def test_kernels_are_installed_elsewhere(place: Place, tmp_path: Path) -> None:
    found = place("kernels", "install", "--prefix", str(tmp_path), "--json").json["kernels"]
    assert set(found) == {"nbrewind-audit", "nbrewind-repeat"}
    for name, place in found.items():
        spec = json.loads((Path(place) / "kernel.json").read_text())
        assert Path(place) == tmp_path / "share" / "jupyter" / "kernels" / name
        assert spec["argv"][0] == sys.executable and "--ext=nbrewind" in spec["argv"]


def test_a_dry_run_tells_which_files_stay_as_they_are(place: Place) -> None:
    place.write("n.ipynb", [("make", "open('a.txt', 'w').write('made')"), ("use", "print(open('a.txt').read())")])
    assert place("audit", "n.ipynb").code == 0
    (place.folder / "a.txt").write_text("mine")
    place.write("n.ipynb", [("make", "open('a.txt', 'w').write('made')"), ("use", "print(open('a.txt').read(), 2)")])
    told = "cell 2: a.txt differs from what the notebook wrote and is not recorded: left as it is"
    assert told in place("repeat", "n.ipynb", "--dry-run", "--json").json["notes"]
    assert told in place("repeat", "n.ipynb", "--dry-run").out + place("repeat", "n.ipynb", "--dry-run").err
    assert told not in place("repeat", "n.ipynb", "--dry-run", "--files", "--json").json["notes"]
    assert (place.folder / "a.txt").read_text() == "mine"
