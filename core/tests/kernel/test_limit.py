"""What reading values may cost: over it a value is unknown, and so is who reads it. All else is as without."""

from __future__ import annotations

import re
import time

import pytest

from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, code_cells
from nbrewind.planning.outside import World

pytestmark = pytest.mark.py311

BIG = "big = [[i] for i in range(50_000)]\nsmall = [1, 2]"


def start(plain, notebook_path, store_path, **settings):
    """Attach to a kernel whose environment has settings; returns it."""
    lines = [f"_o.environ[{'NBREWIND_' + name!r}] = {value!r}" for name, value in settings.items()]
    plain.run("\n".join(["import os as _o", *lines, "del _o"]), silent=True)
    answer = plain.attach(notebook_path, store_path)
    assert not answer["error"], answer
    return plain


@pytest.fixture
def limited(plain, notebook_path, store_path):
    """A kernel that records, where values may have 100 kB."""
    return start(plain, notebook_path, store_path, CELL_BYTES="100000")


@pytest.fixture
def judged(store, notebook_path):
    """Returns how fresh cells are, as the records say now: word and reason by cell."""

    def read(*cells: tuple[str, str]) -> dict[str, tuple[str, str]]:
        found = code_cells([{"cell_type": "code", "id": name, "source": source} for name, source in cells])
        history = History(store.notebook(notebook_path).runs(), store.candidates)
        states = freshness(found, history, World(notebook_path.parent))
        return {state.id: (state.freshness, state.reason) for state in states}

    return read


def written(run):
    return {version.key.removeprefix("var:"): version for version in run.writes}


def test_a_value_over_the_limit_is_unknown_and_so_are_its_readers(limited, records, judged):
    cells = [("make", BIG), ("read", "print(len(big))"), ("other", "print(small)"), ("after", "small[0]")]
    for name, source in cells:
        assert limited.run(source, cell=name)[0]["status"] == "ok"
    made = written(records("make")[0])
    assert made["small"].loadable and made["small"].digest.startswith("b3:")
    assert made["big"].digest.startswith("once:") and not made["big"].loadable
    assert re.search(r"larger than .* 97\.66 KiB .* \(NBREWIND_CELL_BYTES\)", made["big"].reason)
    limited.verb("flush")
    found = judged(*cells)
    assert found["read"][0] == "unknown"
    assert "it reads big, whose content is not known" in found["read"][1] and "NBREWIND_CELL_BYTES" in found["read"][1]
    assert {name: word for name, (word, _) in found.items() if name != "read"} == dict.fromkeys(
        ("make", "other", "after"), "fresh"
    )


def test_a_function_that_reads_it_is_a_reader(limited, judged):
    cells = [("make", BIG), ("def", "def f():\n    return len(big)"), ("call", "print(f())")]
    for name, source in cells:
        limited.run(source, cell=name)
    limited.verb("flush")
    assert {name: word for name, (word, _) in judged(*cells).items()} == {
        "make": "fresh",
        "def": "fresh",
        "call": "unknown",
    }


def test_a_change_of_it_is_seen_by_who_reads_it_below(limited, judged):
    cells = [("make", BIG), ("change", "big[0].append(1)"), ("read", "print(len(big[0]))")]
    for name, source in cells:
        limited.run(source, cell=name)
    limited.run("big[0].append(2)", cell="change")
    limited.verb("flush")
    assert judged(*cells)["read"][0] == "unknown"


def test_in_a_new_kernel_it_is_made_again_and_its_readers_run(kernels, limited, notebook_path, store_path, store):
    cells = [BIG, "print(len(big), len(small))", "print(sum(small))"]
    limited.cells(cells)
    limited.verb("flush")
    other = kernels.take()
    assert not other.attach(notebook_path, store_path, mode="repeat")["error"]
    shown = [other.text(messages) for _, messages in other.cells(cells)]
    assert shown[1:] == ["50000 2\n", "3\n"]
    assert other.value("(len(big), big[7], small)") == (50_000, [7], [1, 2])


def test_a_rewind_reports_it_or_gives_the_right_value(limited):
    limited.cells([BIG, "x = small", "big[0].append(1)", "y = 1"])
    report = limited.text(limited.run("%rewind c1")[1])
    assert report.startswith("Not rewound") and "big" in report and "NBREWIND_CELL_BYTES" in report
    assert limited.value("(big[0], y)") == ([0, 1], 1)
    assert limited.text(limited.run("%rewind c2")[1]).startswith("Rewound")
    assert limited.value("(big[0], 'y' in globals())") == ([0, 1], False)


def test_the_users_cell_is_as_without(limited):
    reply, messages = limited.run(f"{BIG}\nold = id(big)\nprint(len(big))", cell="a")
    assert reply["status"] == "ok" and limited.text(messages) == "50000\n"
    assert limited.value("(id(big) == old, len(big), big[-1])") == (True, 50_000, [49_999])


@pytest.mark.parametrize(
    "make",
    [
        "big = []\nbig.append(big)\nbig += [[i] for i in range(50_000)]",
        "class Slow:\n    def __hash__(self):\n        import time; time.sleep(60)\n"
        "    def __eq__(self, other): return self is other\nbig = [Slow(), bytes(200_000)]",
        "big = None\nfor _ in range(200_000): big = [big]\ndel _",
        "class N:\n    pass\nbig = N()\nbig.me = big\nbig.data = ['x' * 100] * 1 + [str(i) for i in range(50_000)]",
    ],
    ids=["recursive", "slow to hash", "deep", "an object that holds itself"],
)
def test_values_of_all_kinds(limited, records, make):
    began = time.monotonic()
    reply, messages = limited.run(f"{make}\nsmall = [1]", cell="a")
    assert reply["status"] == "ok" and not limited.text(messages)
    limited.run("small.append(2)", cell="b")
    assert time.monotonic() - began < 50
    (run,) = records("a")
    assert not written(run)["big"].loadable and written(run)["big"].reason
    assert written(run)["small"].loadable
    assert set(written(records("b")[0])) == {"small"}


def test_a_value_that_takes_too_long(plain, notebook_path, store_path, records):
    kernel = start(plain, notebook_path, store_path, CELL_SECONDS="0.2")
    kernel.run("part = [1]\nbig = [[i] for i in range(2_000_000)]\nbig.append(part)\nsmall = [1, 2]", cell="make")
    made = written(records("make")[0])
    assert "0.2 s" in made["big"].reason and "NBREWIND_CELL_SECONDS" in made["big"].reason
    assert made["small"].loadable and made["part"].loadable
    kernel.run("part.append(2)", cell="change")
    assert set(written(records("change")[0])) == {"part", "big"}, "nobody knows that it does not hold it"
    report = kernel.text(kernel.run("%rewind make")[1])
    assert report.startswith("Not rewound") and "NBREWIND_CELL_SECONDS" in report
    assert kernel.value("(big[-1] is part, part)") == (True, [1, 2])


@pytest.mark.parametrize("name", ["CELL_SECONDS", "CELL_BYTES", "VALUE_BYTES"])
@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan"])
def test_a_setting_that_is_no_number_is_said_and_not_used(plain, notebook_path, store_path, records, name, text):
    plain.run(
        f"import os; os.environ['NBREWIND_{name}'] = {text!r}; os.environ['NBREWIND_STORE'] = {str(store_path)!r}"
    )
    reply, messages = plain.run("%load_ext nbrewind")
    assert reply["status"] == "ok"
    said = plain.text(messages)
    assert said.count("\n") == 1 and f"NBREWIND_{name} is {text!r}, which is not" in said and "used" in said
    assert f"NBREWIND_{name}" in plain.text(plain.run("%nbrewind status")[1])
    plain.run("x = list(range(1000))", cell="a")
    assert plain.value("x[-1]") == 999
