"""``status``, ``graph``, ``history``, ``store info``, ``doctor``: no kernel, exact names of fields, readable rows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime

import pytest
from cli_tools import TINY, Place, write

FRESHNESS = {"never run", "fresh", "edited", "input changed", "upstream stale", "out of order", "failed", "unknown"}
STATE = {"freshness", "reason", "execution", "checkpoint", "in_kernel"}


def test_status_in_json(audited: Place) -> None:
    answer = audited("status", "tiny.ipynb", "--json")
    cells = answer.json["cells"]
    assert answer.code == 0 and answer.err == ""
    assert [cell["id"] for cell in cells] == [name for name, _ in TINY]
    assert [cell["index"] for cell in cells] == [1, 2, 3, 4, 5, 6]  # the heading is cell 0
    for cell in cells:
        assert {"id", "index", "run", "bytes", "seconds", *STATE} <= cell.keys()
        assert cell["freshness"] == "fresh" and cell["reason"]
        assert (cell["execution"], cell["checkpoint"], cell["in_kernel"]) == ("idle", "saved", "no")
        assert isinstance(cell["run"], str) and cell["seconds"] > 0


def test_status_tells_what_an_edit_does(audited: Place) -> None:
    with audited.edited([(name, text.replace("6", "7")) for name, text in TINY]):
        cells = {cell["id"]: cell for cell in audited("status", "tiny.ipynb", "--json").json["cells"]}
        shown = audited("status", "tiny.ipynb").out
    assert cells["imports"]["freshness"] == cells["function"]["freshness"] == "fresh"
    assert cells["numbers"]["freshness"] == "edited"
    assert cells["use"]["freshness"] == "upstream stale" and "cell 3" in cells["use"]["reason"]
    assert "● edited" in shown and "2 of 6 cells are fresh" in shown


def test_a_notebook_without_history_is_judged_by_all_records(copied: Place) -> None:
    other = copied.folder / "elsewhere"
    other.mkdir()
    write(other / "copy.ipynb", [(f"new-{name}", text) for name, text in TINY])
    cells = copied("status", "elsewhere/copy.ipynb", "--json").json["cells"]
    assert {(cell["freshness"], cell["in_kernel"]) for cell in cells} == {("fresh", "no")}


def test_nothing_recorded(place: Place) -> None:
    write(place.folder / "tiny.ipynb")
    cells = place("status", "tiny.ipynb", "--json").json["cells"]
    assert {(cell["freshness"], cell["run"], cell["checkpoint"]) for cell in cells} == {("never run", None, "none")}
    assert place("history", "tiny.ipynb", "--json").json == {"heads": [], "checkpoints": []}
    assert "nbrewind audit tiny.ipynb" in place("history", "tiny.ipynb").out
    assert place("repeat", "tiny.ipynb", "--dry-run", "--json").json["steps"][0]["action"] == "run"
    assert place("graph", "tiny.ipynb", "--static").code == 0
    assert not place.store.exists(), "reading makes no store"


def test_graph_in_json(audited: Place) -> None:
    document = audited("graph", "tiny.ipynb", "--json").json
    assert document == audited("graph", "tiny.ipynb", "--format", "json").json
    assert {"id", "index", "label", *STATE} <= document["cells"][0].keys()
    edges = {(edge["from"], edge["to"], tuple(edge["names"]), edge["kind"]) for edge in document["edges"]}
    assert ("function", "use", ("f",), "variable") in edges
    assert ("numbers", "use", ("N",), "call") in edges, "what f reads when called"
    assert any(edge[:2] == ("change", "last") for edge in edges)
    assert {edge["evidence"] for edge in document["edges"]} == {"observed"}
    assert all(edge.keys() == {"from", "to", "names", "kind", "evidence"} for edge in document["edges"])


def test_graph_from_the_sources_alone(audited: Place) -> None:
    edges = audited("graph", "tiny.ipynb", "--static", "--json").json["edges"]
    assert {edge["evidence"] for edge in edges} == {"static"}
    assert {(edge["from"], edge["to"], *edge["names"]) for edge in edges} >= {("change", "last", "r")}


def test_graph_as_pictures(audited: Place) -> None:
    mermaid = audited("graph", "tiny.ipynb", "--format", "mermaid").out
    assert mermaid.startswith("flowchart TD") and re.search(r'c4 -->\|".*"\| c5', mermaid)
    dot = audited("graph", "tiny.ipynb", "--format", "dot").out
    assert dot.startswith("digraph") and '"use" -> "change"' in dot and dot.count("{") == dot.count("}")
    svg = ElementTree.fromstring(audited("graph", "tiny.ipynb", "--format", "svg").out)
    assert svg.tag.endswith("svg") and "6: r.append(math.floor(10.5))" in "".join(svg.itertext())


def test_pictures_survive_any_text(place: Place) -> None:
    odd = 'x = "<b>&amp;\x1b[31m`#|]"'
    write(place.folder / "odd.ipynb", [("one", odd), ("two", f"y = x; {odd}")])
    for form in ("mermaid", "dot", "svg"):
        text = place("graph", "odd.ipynb", "--format", form).out
        assert "\x1b" not in text
    ElementTree.fromstring(text)
    assert "\x1b" not in place("graph", "odd.ipynb").out + place("status", "odd.ipynb").out


def test_graph_in_words(audited: Place) -> None:
    lines = audited("graph", "tiny.ipynb").out.splitlines()
    assert "       ← cell 4: f" in lines and "       ← cell 3: N  (call)" in lines


def test_history_in_json(audited: Place) -> None:
    document = audited("history", "tiny.ipynb", "--json").json
    points = document["checkpoints"]
    wanted = {"id", "parent", "cell", "run", "time", "label", "keep", "bytes", "seconds", "written", "removed"}
    assert all(wanted <= point.keys() for point in points)
    assert [point["cell"] for point in points] == [name for name, _ in TINY]
    assert [point["parent"] for point in points] == [None, *(point["id"] for point in points[:-1])]
    assert [point["written"] for point in points][:5] == [["math"], ["N"], ["f"], ["r"], ["r"]]
    assert all(datetime.fromisoformat(point["time"].replace("Z", "+00:00")).tzinfo for point in points)
    assert [head["checkpoint"] for head in document["heads"]] == [points[-1]["id"]]
    runs = {run["run"] for run in audited.answer.json["runs"]}
    assert {point["run"] for point in points} == runs


def test_history_follows_a_renamed_notebook(copied: Place) -> None:
    def count(name: str) -> int:
        return len(copied("history", name, "--json").json["checkpoints"])

    assert count("tiny.ipynb") == 0, "a copied folder holds another notebook, which starts its own history"
    (copied.folder / "first").mkdir()
    write(copied.folder / "first" / "a.ipynb", [("only", "1 + 1")])
    assert copied("audit", "first/a.ipynb").code == 0
    (copied.folder / "first").rename(copied.folder / "second")
    assert count("second/a.ipynb") == 1


def test_history_in_words(audited: Place) -> None:
    out = audited("history", "tiny.ipynb").out
    assert "head of session" in out and out.rstrip().endswith("6 checkpoints of 1 session")
    cells = [line.split()[1] for line in out.splitlines()[1:7]]
    assert cells == ["7", "6", "5", "4", "3", "2"], "newest first"


def test_store_info(audited: Place) -> None:
    document = audited("store", "info", "--json").json
    assert document["directory"] == str(audited.store)
    assert (document["notebooks"], document["runs"], document["checkpoints"]) == (1, 6, 6)
    assert "runs         6" in audited("store", "info").out


def test_the_store_can_be_named(audited: Place, place: Place) -> None:
    answer = place("store", "info", "--store", str(audited.store), "--json")
    assert answer.json["directory"] == str(audited.store)


def test_doctor_finds_nothing(audited: Place) -> None:
    assert audited("doctor", "--json").json == {"findings": []}
    answer = audited("doctor", "--deep")
    assert (answer.code, answer.out) == (0, "Nothing is wrong.\n")


@pytest.mark.parametrize("command", [("status",), ("graph",), ("history",), ("repeat", "--dry-run")])
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_rows_fit_the_terminal(command: tuple[str, ...], columns: int, audited: Place) -> None:
    long = [
        *TINY,
        ("long", f"total = sum(r) + {'+'.join(['1'] * 60)}  # 漢字漢字"),
        ("edited", "print(total, missing)"),
    ]
    with audited.edited(long):
        answer = audited(*command, "tiny.ipynb", COLUMNS=str(columns))
    assert answer.code == 0
    if columns >= 80:
        assert max(len(line) for line in answer.out.splitlines()) <= columns
    assert "\x1b" not in answer.out, "no colours without a terminal"


def test_a_pipe_gets_whole_lines(audited: Place) -> None:
    lines = audited("repeat", "tiny.ipynb", "--dry-run").out.splitlines()
    assert sum(1 for line in lines if "skip" in line and "N = 6" in line) == 1


def test_records_need_no_kernel_and_no_server(audited: Place) -> None:
    answer = audited.process("status", "tiny.ipynb", JUPYTER_PREFER_ENV_PATH="1", PYTHONDONTWRITEBYTECODE="1")
    assert answer.code == 0 and "6 of 6 cells are fresh" in answer.out and answer.err == ""


@pytest.mark.slow
def test_a_terminal_without_unicode(audited: Place) -> None:
    answer = audited.process("status", "tiny.ipynb", PYTHONIOENCODING="ascii")
    assert answer.code == 0 and "? fresh" in answer.out
    assert audited.process("status", "tiny.ipynb", "--json", PYTHONIOENCODING="ascii").json["cells"]
