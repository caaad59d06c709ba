"""What one value may take in the store: over it a value is known as exactly as ever, and is not stored."""

from __future__ import annotations

import re

import pytest

from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, code_cells
from nbrewind.planning.outside import World

pytestmark = pytest.mark.py311

BIG = "big = bytes(range(256)) * 1000"


@pytest.fixture
def limited(plain, notebook_path, store_path):
    """A kernel that records, where one value may have 100 kB in the store."""
    plain.run("import os; os.environ['NBREWIND_VALUE_BYTES'] = '100000'; del os", silent=True)
    answer = plain.attach(notebook_path, store_path)
    assert not answer["error"], answer
    return plain


@pytest.fixture
def fresh(store, notebook_path):
    """Returns the freshness of cells by id, as the records say now."""

    def read(*sources: str) -> dict[str, str]:
        cells = [{"cell_type": "code", "id": f"c{at}", "source": source} for at, source in enumerate(sources)]
        notebook = store.notebook(notebook_path)
        history = History(notebook.runs(), store.candidates)
        states = freshness(code_cells(cells), history, World(notebook_path.parent), checkpoints=notebook.checkpoints())
        return {state.id: (state.freshness, state.checkpoint) for state in states}

    return read


def written(run):
    return {version.key.removeprefix("var:"): version for version in run.writes}


def test_it_is_not_stored_and_as_fresh_as_ever(limited, records, store, fresh):
    sources = [BIG, "n = len(big)", "small = [1]"]
    limited.cells(sources)
    limited.verb("flush")
    big, small = written(records("c0")[0])["big"], written(records("c2")[0])["small"]
    assert big.digest.startswith("b3:") and not big.loadable and not big.snapshot
    assert re.fullmatch(
        r"it takes 256,0\d\d bytes, and one value may take 100,000 \(NBREWIND_VALUE_BYTES\)", big.reason
    )
    assert small.loadable and store.has(small.snapshot)
    assert store.bytes_on_disk() < 100_000
    assert fresh(*sources) == dict.fromkeys(("c0", "c1", "c2"), ("fresh", "saved"))
    sources[0] += " + b'1'"
    limited.run(sources[0], cell="c0")
    limited.verb("flush")
    assert [word for word, _ in fresh(*sources).values()] == ["fresh", "input changed", "fresh"]
    assert store.doctor(deep=True) == []


def test_names_that_share_it_count_together(limited, records, store):
    limited.cells(["part = [bytes(range(256)) * 300]\none, two = [part, 1], [part, bytes(range(255)) * 300]"])
    made = written(records("c0")[0])
    assert made["part"].members == ("one", "part", "two")
    assert not any(made[name].loadable for name in ("one", "part", "two"))


def test_a_rewind_keeps_it_while_it_is_live_and_unchanged(limited):
    limited.cells([BIG, "old = id(big)", "x = 1"])
    report = limited.text(limited.run("%rewind c1")[1])
    assert report.startswith("Rewound") and re.search(r"kept +.*big", report)
    assert limited.value("(id(big) == old, 'x' in globals())") == (True, False)


def test_a_rewind_makes_it_again(limited):
    limited.cells([BIG, "big = None"])
    report = limited.text(limited.run("%rewind c0")[1])
    assert report.startswith("Rewound") and re.search(r"recomputed +big", report)
    assert limited.value("big == bytes(range(256)) * 1000")


def test_a_rewind_says_what_is_lost_and_why(limited):
    limited.cells(["import os\nbig = os.urandom(200_000)", "kept = big[:9]", "big = None"])
    report = limited.text(limited.run("%rewind c1")[1])
    assert report.startswith("Not rewound")
    assert re.search(r"lost +big: it takes 200,0\d\d bytes, .*NBREWIND_VALUE_BYTES\); it can't be made again", report)
    assert limited.value("(big, len(kept))") == (None, 9)


def test_in_a_new_kernel_only_who_needs_it_has_it_made(kernels, limited, notebook_path, store_path):
    cells = [BIG, "n = len(big)\nprint(n)", "print(n + 1)"]
    limited.cells(cells)
    limited.verb("flush")
    other = kernels.take()
    assert not other.attach(notebook_path, store_path, mode="repeat")["error"]
    shown = [other.text(messages) for _, messages in other.cells([*cells, "print(big[:3])"])]
    assert shown[1:] == ["256000\n", "256001\n", "b'\\x00\\x01\\x02'\n"]
