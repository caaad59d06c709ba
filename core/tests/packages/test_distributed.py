"""A notebook with tasks repeats elsewhere by its package alone, on workers with only the packaged environment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from cli_tools import Place, texts, write
from driver.notebooks import plain
from environment_tools import call
from tasks.vine.conftest import vine_module

from nbrewind.driver.compare import differences

EXAMPLES = Path(__file__).parents[3] / "examples"
pytest.importorskip("matplotlib")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not part of this distribution"),
]
GAINS = "convolution_gains.csv"
TELL = """
    import os, sys
    with open({place!r}, "a") as file:
        print(sys.prefix, os.path.realpath(os.__file__), __import__("cloudpickle").__file__, sep="\\n", file=file)
"""


def test_only_the_edited_tasks_run_and_they_run_in_the_packaged_environment(
    jupyter: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vine_module()
    sent, there = Place(tmp_path / "sent"), tmp_path / "there"
    sent.folder.mkdir()
    there.mkdir()
    shutil.copy(EXAMPLES / GAINS, sent.folder)
    notebook = nbformat.read(EXAMPLES / "convolution_taskvine.ipynb", 4)
    edit(notebook, "parameters", "SIDE = 4096", "SIDE = 256")
    nbformat.write(notebook, sent.folder / "a.ipynb")
    assert sent("audit", "a.ipynb", "-o", "done.ipynb").code == 0
    assert sent("export", "a.ipynb", "-o", str(there / "a.zip"), "--wheels").code == 0

    repeat = ("repeat", "a.zip", "--env", "create", "-o", "done.ipynb", "--json")
    assert call(there, "trust", "a.zip").returncode == 0
    done = call(there, *repeat)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["tasks"] == {"answered": 6, "ran": 0}, told
    assert texts(nbformat.read(there / "done.ipynb", 4)) == texts(sent.read("done.ipynb"))

    copy = nbformat.read(there / "a" / "a.ipynb", 4)
    edit(copy, "functions", "light >= threshold", "light > threshold")
    plainly = nbformat.from_dict(copy)
    place = str(tmp_path / "told.txt")
    mark = '"""Return how many pixels of some tiles are edges."""\n'
    edit(copy, "functions", mark, mark + TELL.format(place=place))
    nbformat.write(copy, there / "a" / "a.ipynb")
    done = call(there, *repeat)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"] == {"answered": 4, "ran": 2}, done.stdout
    environment = str(there / "a-environment")
    lines = Path(place).read_text().splitlines()
    assert len(lines) == 2 * 3 and lines[0::3] == [environment] * 2
    assert all(line.startswith(environment) for line in lines[2::3]), lines
    (tmp_path / "full").mkdir()
    shutil.copy(EXAMPLES / GAINS, tmp_path / "full")
    full = plain(plainly, tmp_path / "full", timeout=600)
    shown = nbformat.read(there / "done.ipynb", 4)
    assert differences([one for one in shown.cells if one.id != "functions"],
                       [one for one in full.cells if one.id != "functions"]) == []  # fmt: skip


CELLS = (
    ("imports", "import time\nimport dateutil.relativedelta as later"),
    ("slow", "def slow(k):\n    time.sleep(1)\n    return later.relativedelta(months=12 + k)"),
    *((f"c{k}", f"r{k} = slow({k})\nr{k}") for k in range(3)),
    ("last", "print(r0.months + r1.months + r2.months)"),
)


def test_workers_of_the_engine_unpack_the_packaged_environment(jupyter: pytest.MonkeyPatch, tmp_path: Path) -> None:
    vine_module()
    sent, there = Place(tmp_path / "sent"), tmp_path / "there"
    sent.folder.mkdir()
    there.mkdir()
    write(sent.folder / "a.ipynb", CELLS)
    for arguments in (("audit", "a.ipynb", "--inplace"), ("export", "a.ipynb", "-o", str(there / "a.zip"), "--wheels")):
        answer = sent(*arguments)
        assert answer.code == 0, answer
    for arguments in (("trust", "a.zip"), ("environment", "a.zip", "env.tar.gz"), ("import", "a.zip", "a")):
        done = call(there, *arguments)
        assert done.returncode == 0, done.stderr
    profile = 'environment = "env.tar.gz"\ncores = 2\nmemory = 2000\ndisk = 4000\nwait = 120\n'
    (there / "workers.toml").write_text(profile)
    copy = nbformat.read(there / "a" / "a.ipynb", 4)
    edit(copy, "slow", "12 + k", "13 + k")
    nbformat.write(copy, there / "a" / "a.ipynb")
    engine = ("--engine", "taskvine", "--profile", "workers.toml")
    done = call(there, "repeat", "a/a.ipynb", *engine, "-o", "done.ipynb", "--json")
    assert done.returncode == 0, done.stderr
    engines = {step["cell"]: step["engine"] for step in json.loads(done.stdout)["steps"] if step["action"] == "run"}
    assert engines["c0"] == engines["c1"] == engines["c2"] == "taskvine", (done.stdout, done.stderr)
    shown = nbformat.read(there / "done.ipynb", 4)
    assert texts(shown)[-1] == "6\n" and shown.cells[-2].outputs[0].data["text/plain"].endswith("months=+3)")


def edit(notebook: nbformat.NotebookNode, cell: str, old: str, new: str) -> None:
    """Change a cell."""
    found = next(one for one in notebook.cells if one.id == cell)
    assert old in found.source
    found.source = found.source.replace(old, new)
