"""``sweep``: variants give what each alone would give, and share what does not depend on their parameters."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from cli_tools import Place, texts

CELLS = (
    ("imports", "import math"),
    ("numbers", "N = 6\nK = 1"),
    ("long", "rows = list(range(100))"),
    ("part", "part = rows[:N]"),
    ("scaled", "scaled = [K * value for value in rows]"),
    ("last", "print('sum', sum(part) + sum(scaled))"),
)


@pytest.fixture
def swept(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.write("s.ipynb", CELLS)
    return place


@pytest.mark.py311
def test_variants_give_what_each_alone_gives(swept: Place, tmp_path: Path) -> None:
    answer = swept("sweep", "s.ipynb", "-p", "N", "3,4", "-p", "K", "1,2", "--jobs", "2", "-o", "out", "--json")
    document = answer.json
    assert (answer.code, answer.err) == (0, "")
    found = document["variants"]
    assert [one["parameters"] for one in found] == [{"N": n, "K": k} for n, k in itertools.product((3, 4), (1, 2))]
    alone = Place(tmp_path, tmp_path / "another store")
    for number, one in enumerate(found, 1):
        n, k = str(one["parameters"]["N"]), str(one["parameters"]["K"])
        assert alone("audit", "s.ipynb", "-p", "N", n, "-p", "K", k, "-o", "alone.ipynb").code == 0
        assert texts(swept.read(f"out/s-{number}.ipynb")) == texts(alone.read("alone.ipynb"))
        assert one["output"] == texts(alone.read("alone.ipynb"))[-1].strip()


def test_what_no_parameter_touches_is_computed_once(swept: Place) -> None:
    document = swept("sweep", "s.ipynb", "-p", "N", "3,4,5", "--json").json
    actions = [{step["cell"]: step["action"] for step in one["steps"]} for one in document["variants"]]
    assert all(one["long"] != "run" and one["scaled"] != "run" for one in actions[1:])
    assert all(one["part"] == one["last"] == "run" for one in actions)
    reasons = [step for one in document["variants"][1:] for step in one["steps"] if step["cell"] == "numbers"]
    assert [step["action"] for step in reasons] == ["skip", "skip"], reasons
    assert [one["shared"] for one in document["variants"]] == [0, 3, 3]


def test_a_variant_that_fails_does_not_stop_the_others(swept: Place) -> None:
    swept.write("s.ipynb", (*CELLS, ("check", "assert N < 4, f'{N} is too many'")))
    answer = swept("sweep", "s.ipynb", "-p", "N", "3,9,2", "-o", "out")
    assert answer.code == 1
    assert answer.line() == (
        "nbrewind: 1 variant of 3 failed; the first: N=9: cell 9 raised AssertionError: 9 is too many"
    )
    lines = answer.out.splitlines()
    assert lines[0].split() == ["N", "time", "ran", "shared", "output"]
    assert [line.split()[0] for line in lines[1:4]] == ["3", "9", "2"]
    assert "sum 4953" in lines[1] and "sum 4951" in lines[3]
    assert "3 variants in " in answer.out and "The executed notebooks are in out" in answer.out
    assert texts(swept.read("out/s-3.ipynb"))[-2] == "sum 4951\n"


def test_a_cell_is_chosen_to_be_shown(swept: Place) -> None:
    cells = [(name, text + "\nprint(len(part))" if name == "part" else text) for name, text in CELLS]
    swept.write("s.ipynb", cells)
    found = swept("sweep", "s.ipynb", "-p", "N", "3,4", "--show", "part", "--json").json["variants"]
    assert [one["output"] for one in found] == ["3", "4"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("-p", "N", ""), "nbrewind: -p N: no values"),
        (("-p", "N", "1", "-p", "N", "2"), "nbrewind: -p: each parameter once; its values are separated by commas"),
        (("-p", "N", ",".join(map(str, range(1001)))), "nbrewind: 1001 variants are more than 1000"),
        (("-p", "1N", "1"), "nbrewind: -p 1N: not a name of a variable"),
        (("-p", "N", "1", "--show", "nowhere"), "nbrewind: no cell nowhere: "),
        (("-p", "N", "1", "-o", "s.ipynb"), "nbrewind: s.ipynb: "),
    ],
)
def test_wrong_usage_runs_nothing(swept: Place, arguments: tuple[str, ...], line: str) -> None:
    answer = swept("sweep", "s.ipynb", *arguments)
    assert answer.code == 2 and answer.line().startswith(line), answer
    assert not swept.store.exists()


def test_values_with_commas_are_quoted(swept: Place) -> None:
    swept.write("s.ipynb", (("numbers", "N = ''"), ("last", "print(N)")))
    found = swept("sweep", "s.ipynb", "-p", "N", 'a,"b, c",3.5,True', "--json").json["variants"]
    assert [one["parameters"]["N"] for one in found] == ["a", "b, c", 3.5, True]
    assert [one["output"] for one in found] == ["a", "b, c", "3.5", "True"]
