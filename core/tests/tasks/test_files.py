"""Files and folders that arguments and inputs name; what else is told of a task."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tasks.programs import cell, digest, made, reason

from nbrewind.tasks import Keys, NoKey, Pending, explain, task_key
from nbrewind.tasks import files as files_module

pytestmark = pytest.mark.py311


def run(*args, **kwargs):
    return args, kwargs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file and a folder."""
    work = tmp_path / "work"
    (work / "data" / "deep").mkdir(parents=True)
    (work / "a.csv").write_text("1")
    (work / "data" / "b.csv").write_text("2")
    (work / "data" / "deep" / "c.csv").write_text("3")
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize(
    "given", ["a.csv", Path("a.csv"), Path("a.csv").absolute, ["a.csv"], {"x": ("a.csv",)}, {"a.csv"}]
)
def test_a_file_that_an_argument_names_counts_with_its_content(folder: Path, given: object) -> None:
    value = given() if callable(given) else given
    one = digest(run, value)
    assert digest(run, value) == one
    (folder / "a.csv").write_text("2")
    assert digest(run, value) != one
    (folder / "a.csv").write_text("1")
    assert digest(run, value) == one
    (folder / "a.csv").unlink()
    assert digest(run, value) != one


def test_a_file_that_a_global_or_default_names_counts_with_its_content(folder: Path) -> None:
    for text in ("K = 'a.csv'\ndef run(): return open(K).read()", "def run(k='a.csv'): return open(k).read()"):
        function = cell(text)["run"]
        (folder / "a.csv").write_text("1")
        one = digest(function)
        (folder / "a.csv").write_text("2")
        assert digest(function) != one


def test_a_rewritten_file_of_equal_size_is_noticed_with_one_keys_object(folder: Path) -> None:
    keys = Keys()
    found = set()
    for number in range(20):
        (folder / "a.csv").write_text(str(number % 10) + "x" * (number // 10))
        found.add(keys.key(run, ("a.csv",)).digest)
    assert len(found) == 20


def test_paths_count_as_they_are_seen_from_the_working_folder(folder: Path, tmp_path: Path) -> None:
    one = digest(run, str(folder / "a.csv"), folder / "a.csv", folder / "new.csv")
    other = tmp_path / "elsewhere"
    folder.rename(other)
    keys = Keys(other)
    assert keys.key(run, (str(other / "a.csv"), other / "a.csv", other / "new.csv")).digest == one
    assert keys.key(run, ("a.csv", Path("a.csv"), Path("new.csv"))).digest != one


def test_a_text_is_no_path_and_a_path_no_text() -> None:
    assert digest(run, "a.csv") != digest(run, Path("a.csv"))
    assert digest(run, "none.csv") != digest(run, Path("none.csv"))


def test_names_in_code_are_no_files(folder: Path) -> None:
    namespace = cell("class A:\n def __init__(self): self.data = 1\ndef run(data, *, deep=1): return data")
    one = digest(namespace["run"], namespace["A"]())
    (folder / "data" / "b.csv").write_text("changed")
    assert digest(namespace["run"], namespace["A"]()) == one


def test_a_folder_counts_with_all_that_it_holds(folder: Path) -> None:
    found = [digest(run, "data")]
    (folder / "data" / "deep" / "c.csv").write_text("4")
    found.append(digest(run, "data"))
    (folder / "data" / "empty").mkdir()
    found.append(digest(run, "data"))
    (folder / "data" / "b.csv").chmod(0o755)
    found.append(digest(run, "data"))
    (folder / "data" / "b.csv").rename(folder / "data" / "d.csv")
    found.append(digest(run, "data"))
    (folder / "data" / "to_file").symlink_to("d.csv")
    found.append(digest(run, "data"))
    (folder / "data" / "d.csv").write_text("5")
    found.append(digest(run, "data"))
    assert len(set(found)) == len(found)
    os.utime(folder / "data" / "d.csv", (1, 1))
    assert digest(run, "data") == found[-1]


def test_a_link_counts_with_what_it_leads_to_and_a_circle_is_refused(folder: Path) -> None:
    (folder / "link").symlink_to("a.csv")
    one = digest(run, "link")
    (folder / "a.csv").write_text("2")
    assert digest(run, "link") != one
    (folder / "data" / "up").symlink_to(folder / "data")
    assert "circle" in reason(run, "data")


def test_a_large_folder_and_what_is_no_file_have_no_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MOST", 2)
    assert "`data` has more than 2 entries" in reason(run, "data")
    os.mkfifo(folder / "pipe")
    assert "`pipe` is no ordinary file" in reason(run, "pipe")


def test_separators_are_no_folders() -> None:
    assert not [name for name in made(run, ".", "/", "..", "./", "").components if name.startswith("file ")]


def test_files_that_a_task_makes_do_not_count_by_what_lies_there(folder: Path) -> None:
    keys = Keys()
    one = keys.key(run, ("out.csv",), outputs=["out.csv"]).digest
    (folder / "out.csv").write_text("done")
    assert keys.key(run, ("out.csv",), outputs=["out.csv"]).digest == one
    assert keys.key(run, ("out.csv",)).digest != one


def test_inputs_count_by_name_and_content_not_by_where_they_lie(folder: Path) -> None:
    keys = Keys()
    one = keys.key(run, (), inputs={"in.csv": "a.csv"})
    assert "input in.csv" in one.components
    (folder / "copy.csv").write_text("1")
    assert keys.key(run, (), inputs={"in.csv": Path("copy.csv")}).digest == one.digest
    assert keys.key(run, (), inputs={"other.csv": "a.csv"}).digest != one.digest
    swapped = [{"x": "a.csv", "y": "data/b.csv"}, {"y": "a.csv", "x": "data/b.csv"}]
    assert keys.key(run, (), inputs=swapped[0]).digest != keys.key(run, (), inputs=swapped[1]).digest
    assert "none.csv" in keys.key(run, (), inputs={"x": "none.csv"}).reason
    (folder / "a.csv").chmod(0o755)
    assert keys.key(run, (), inputs={"in.csv": "a.csv"}).digest != one.digest


def test_outputs_environment_and_salt_count() -> None:
    keys = Keys()
    given = [{}, {"outputs": ["a"]}, {"outputs": ["b"]}, {"env": {"X": "1"}}, {"env": {"X": "2"}}, {"env": {"Y": "1"}}]
    given += [{"salt": "1"}, {"salt": "2"}, {"inputs": {"x": Pending("task:1")}}, {"inputs": {"x": Pending("task:2")}}]
    assert len({keys.key(run, (1,), **options).digest for options in given}) == len(given)
    assert keys.key(run, (), outputs=["a", "b"]).digest == keys.key(run, (), outputs=["b", "a"]).digest
    assert keys.key(run, (), env={"A": "1", "B": "2"}).digest == keys.key(run, (), env={"B": "2", "A": "1"}).digest


def test_a_result_that_is_not_made_yet_counts_by_its_producers_key() -> None:
    one, other = (Pending(digest(run, n)) for n in (1, 2))
    assert digest(run, [one]) == digest(run, [Pending(one.digest)]) != digest(run, [other])


def test_versions_count_as_far_as_the_policy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    function = cell("import numpy as np\ndef run(x): return np.sqrt(x)")["run"]

    def keyed(version: str, policy: str) -> object:
        monkeypatch.setattr("nbrewind.tasks.key.installed_version", lambda name: version)
        found = Keys(packages=policy).key(function, (1,))
        return found.reason if isinstance(found, NoKey) else found.digest

    assert keyed("1.2.3", "compatible") == keyed("1.2.4", "compatible") != keyed("1.3.0", "compatible")
    assert keyed("1.2.3", "exact") != keyed("1.2.4", "exact")
    assert keyed("1.2.3", "ignore") == keyed("2.0", "ignore")
    assert "the version of the package `numpy` is not known" in str(keyed("", "compatible"))
    pythons = [Keys(python=policy).key(run).components.get("python") for policy in ("exact", "compatible", "ignore")]
    assert len(set(pythons)) == 3


def test_what_code_can_reach_is_marked() -> None:
    texts = {
        "def run(): return open('x').read()": {"files"},
        "import pandas as pd\ndef run(): return pd.read_csv('x')": {"files"},
        "import os\ndef run(): return os.environ['X']": {"environment"},
        "from os import getenv as g\ndef run(): return g('X')": {"environment"},
        "import time as t\ndef run(): return t.time()": {"clock"},
        "from time import time as now_\ndef run(): return now_()": {"clock"},
        "import random as r\ndef run(): return r.gauss(0, 1)": {"randomness"},
        "import numpy as np\ndef run(): return np.random.normal()": {"randomness"},
        "def run():\n import socket\n return socket.socket()": {"network"},
        "import subprocess as s\ndef run(): return s.run('x')": {"subprocess"},
        "def f(): return hash('a')\ndef run(): return f()": {"randomness"},
        "def run(): return 1": set(),
    }
    for text, marks in texts.items():
        assert made(cell(text)["run"]).marks == marks, text
    assert made(cell("def run(f): return f()")["run"], cell("def f(): return open('x')")["f"]).marks == {"files"}


def test_explain_says_in_words_what_differs(folder: Path) -> None:
    text = "K = 1\nL = [1]\ndef helper(x): return x + K\ndef run(x, n=1, *a, **k): return helper(x), L"
    one = cell(text)
    other = cell(text.replace("K = 1", "K = 2").replace("x + K", "x - K").replace("n=1", "n=3"))
    keys = Keys()
    first = keys.key(one["run"], (1,), {"m": 4}, inputs={"in.csv": "a.csv"}, env={"X": "1"})
    assert explain(first, first) == []
    (folder / "a.csv").write_text("2")
    second = keys.key(other["run"], (1,), {"m": 3}, inputs={"in.csv": "a.csv"}, outputs=["o"])
    assert sorted(explain(first, second)) == sorted(
        [
            "`helper()` changed",
            "global `K` is 1 instead of 2",
            "default `run.n` is 1 instead of 3",
            "argument `m` is 4 instead of 3",
            "input `in.csv` changed",
            "environment `X` is new",
            "output `o` is gone",
        ]
    )
    (folder / "a.csv").write_text("3")
    third = keys.key(run, ("a.csv",))
    (folder / "a.csv").write_text("4")
    assert explain(keys.key(run, ("a.csv",)), third) == ["file `a.csv` changed"]


def test_a_key_of_one_call_is_that_of_many() -> None:
    assert task_key(run, (1,), {"a": 2}, salt="x") == Keys().key(run, (1,), {"a": 2}, salt="x")
