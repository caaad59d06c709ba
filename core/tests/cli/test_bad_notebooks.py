"""Notebooks that can't be read, or only with care: one clear line each, and nothing is run or recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from cli_tools import TINY, Place, texts, write

from nbrewind.driver.notebook_file import read_notebook

CELL: dict[str, Any] = {
    "cell_type": "code",
    "id": "a",
    "metadata": {},
    "source": "1",
    "outputs": [],
    "execution_count": None,
}


def of_cells(*cells: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


UNREADABLE = {
    "no JSON": ("x = 1\n", "bad.ipynb is not a notebook: not valid JSON (Expecting value: line 1 column 1 (char 0))"),
    "cut off": (json.dumps(of_cells(CELL))[:60], "bad.ipynb is not a notebook: not valid JSON ("),
    "empty": ("", "bad.ipynb is not a notebook: the file is empty"),
    "a list": ("[1, 2]", "bad.ipynb is not a notebook: it is JSON without an nbformat number"),
    "other JSON": ('{"name": "x"}', "bad.ipynb is not a notebook: it is JSON without an nbformat number"),
    "no cells": ('{"nbformat": 4, "metadata": {}}', "bad.ipynb is not a notebook: it has no list of cells"),
    "from the future": ('{"nbformat": 5, "cells": []}', "bad.ipynb has nbformat 5, newer than this program reads (4)"),
    "a cell that is none": (json.dumps(of_cells(CELL, "x")), "bad.ipynb is not a valid notebook: cell 2 is not an"),
    "a cell of no type": (json.dumps(of_cells({**CELL, "cell_type": "sql"})), "cell 1 is of no known type ('sql')"),
    "no source": (json.dumps(of_cells({**CELL, "source": 3})), "cell 1 has no text as its source"),
    "bad metadata": (json.dumps({**of_cells(CELL), "metadata": 3}), "its metadata are not an object"),
    "bad outputs": (json.dumps(of_cells({**CELL, "outputs": [{"output_type": "x"}]})), "is not a valid notebook: "),
    "deep": ("[" * 200_000, "bad.ipynb is not a notebook: not valid JSON ("),
    "old and broken": ('{"nbformat": 3, "worksheets": [3]}', "can't be brought from nbformat 3 to 4"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_not_a_notebook(kind: str, place: Place) -> None:
    text, message = UNREADABLE[kind]
    (place.folder / "bad.ipynb").write_text(text)
    answer = place("status", "bad.ipynb")
    assert (answer.code, answer.out) == (2, "")
    assert answer.line().startswith("nbrewind: ") and message in answer.line() and "bad.ipynb" in answer.line()
    assert not place.store.exists()


def test_every_command_says_the_same(place: Place) -> None:
    (place.folder / "bad.ipynb").write_text("no")
    lines = {place(*command, "bad.ipynb").line() for command in [("audit",), ("repeat",), ("graph",), ("history",)]}
    assert len(lines) == 1
    answer = place("audit", "bad.ipynb", "--json")
    assert answer.code == 2 and answer.json == {"error": lines.pop().removeprefix("nbrewind: ")}


def test_bytes_that_are_no_text(place: Place) -> None:
    (place.folder / "bad.ipynb").write_bytes(b'{"nbformat": \xff')
    assert place("status", "bad.ipynb").line() == "nbrewind: bad.ipynb is not a notebook: not UTF-8 text (byte 13)"


def test_no_such_file(place: Place) -> None:
    for command in ("audit", "repeat", "status"):
        answer = place(command, "gone.ipynb")
        assert answer.code == 2 and answer.line() == "nbrewind: can't read gone.ipynb: No such file or directory"
    (place.folder / "folder.ipynb").mkdir()
    assert place("status", "folder.ipynb").line() == "nbrewind: can't read folder.ipynb: Is a directory"


@pytest.mark.parametrize("metadata", [{"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}])
def test_a_notebook_of_another_language(metadata: dict[str, Any], place: Place) -> None:
    (place.folder / "r.ipynb").write_text(json.dumps({**of_cells(CELL), "metadata": metadata}))
    for command in ("audit", "repeat", "status"):
        answer = place(command, "r.ipynb")
        assert answer.code == 2 and "of another language than Python" in answer.line()
    assert not place.store.exists()


def older(minor: int) -> Callable[[Place], None]:
    def make(place: Place) -> None:
        cells = [
            {key: value for key, value in {**CELL, "source": text.splitlines(True)}.items() if key != "id"}
            for _, text in (*TINY, *TINY[4:])
        ]
        (place.folder / "old.ipynb").write_text(json.dumps({**of_cells(*cells), "nbformat_minor": minor}))

    return make


def version_3(place: Place) -> None:
    cells = [
        {"cell_type": "code", "language": "python", "metadata": {}, "input": text, "outputs": [], "collapsed": False}
        for _, text in (*TINY, *TINY[4:])
    ]
    sheet = {"metadata": {}, "cells": cells}
    document = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [sheet]}
    (place.folder / "old.ipynb").write_text(json.dumps(document))


@pytest.mark.parametrize("make", [version_3, older(4), older(2)], ids=["3", "4.4", "4.2"])
def test_ids_of_older_formats_are_the_same_at_every_reading(make: Callable[[Place], None], place: Place) -> None:
    make(place)
    text = (place.folder / "old.ipynb").read_bytes()
    first, notes = read_notebook(place.folder / "old.ipynb")
    second, _ = read_notebook(place.folder / "old.ipynb")
    ids = [cell.id for cell in first.cells]
    assert ids == [cell.id for cell in second.cells] and len(set(ids)) == 8
    assert (first.nbformat, first.nbformat_minor) == (4, 5) and len(notes) == 1
    nbformat.validate(first)
    assert (place.folder / "old.ipynb").read_bytes() == text


def test_a_notebook_without_ids_is_repeated_from_its_records(place: Place) -> None:
    version_3(place)
    audit = place("audit", "old.ipynb", "-o", "done.ipynb", "--json")
    assert audit.code == 0 and audit.line().startswith("note: cells without an id (older notebook format)")
    repeat = place("repeat", "old.ipynb", "-o", "again.ipynb", "--json")
    ran = [step["index"] for step in repeat.json["steps"] if step["action"] == "run"]
    assert ran == [0, 2], "imports and the function"
    assert texts(place.read("again.ipynb")) == texts(place.read("done.ipynb"))
    assert {cell["freshness"] for cell in place("status", "old.ipynb", "--json").json["cells"]} == {"fresh"}


def test_an_edit_in_a_notebook_without_ids_keeps_the_other_ids(place: Place) -> None:
    version_3(place)
    before = [cell.id for cell in read_notebook(place.folder / "old.ipynb")[0].cells]
    text = (place.folder / "old.ipynb").read_text().replace("N = 6", "N = 7")
    (place.folder / "old.ipynb").write_text(text)
    after = [cell.id for cell in read_notebook(place.folder / "old.ipynb")[0].cells]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, *[True] * 6]


def test_duplicate_ids(place: Place) -> None:
    cells = [("a", "x = 1"), ("a", "x += 1"), ("a-copy1", "print(x)"), ("a", "print(x + 1)")]
    write(place.folder / "twice.ipynb", cells)
    answer = place("audit", "twice.ipynb", "-o", "done.ipynb", "--json")
    assert answer.code == 0
    assert answer.err.splitlines() == [
        "note: cell 3 has the id of another cell (a); its records are kept as a-copy2",
        "note: cell 5 has the id of another cell (a); its records are kept as a-copy3",
    ]
    done = place.read("done.ipynb")
    assert [cell.id for cell in done.cells[1:]] == ["a", "a-copy2", "a-copy1", "a-copy3"]
    assert texts(done) == ["", "", "2\n", "3\n"]
    steps = place("repeat", "twice.ipynb", "--dry-run", "--json").json["steps"]
    assert {step["action"] for step in steps} == {"skip"}


def test_ids_that_are_no_ids(place: Place) -> None:
    cells = [{**CELL, "id": name} for name in (3, "", "with space", "x" * 65, None)]
    (place.folder / "odd.ipynb").write_text(json.dumps(of_cells(*cells)))
    found = [cell.id for cell in read_notebook(place.folder / "odd.ipynb")[0].cells]
    assert len(set(found)) == 5 and {name.partition("-")[0] for name in found} == {found[0].partition("-")[0]}


def test_small_omissions_are_filled_in(place: Place) -> None:
    bare = {"cell_type": "code", "source": ["print(1)\n", "2"], "id": "a"}
    document = {"nbformat": 4, "cells": [bare], "metadata": {"kernelspec": {"name": "python3"}}}
    (place.folder / "bare.ipynb").write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    made, notes = read_notebook(place.folder / "bare.ipynb")
    assert notes == [] and made.cells[0].source == "print(1)\n2" and made.cells[0].outputs == []


def test_empty_notebooks(place: Place) -> None:
    (place.folder / "none.ipynb").write_text(json.dumps(of_cells()))
    for command in (("status",), ("graph",), ("history",), ("repeat", "--dry-run")):
        assert place(*command, "none.ipynb").code == 0
    assert place("repeat", "none.ipynb", "--to", "1").line() == "nbrewind: no cell 1: the notebook has no cells"
