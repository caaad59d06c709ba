"""What a run did outside the process: files, folders, programs, clock, environment."""

from __future__ import annotations

import sys

import pytest

from nbrewind.kernel import effects
from nbrewind.planning.outside import World

pytestmark = pytest.mark.py311


def _inputs(run):
    return {entry.key: entry for entry in run.inputs}


def test_files_read_are_inputs(kernel, records, tmp_path):
    (tmp_path / "data.csv").write_text("a\n1\n")
    kernel.run("text = open('data.csv').read()", cell="one")
    kernel.run("again = open('data.csv').read()", cell="two")
    (tmp_path / "data.csv").write_text("a\n2\n")
    kernel.run("again = open('data.csv').read()", cell="three")
    one, two, three = (_inputs(records(cell)[0])["file:data.csv"].digest for cell in ["one", "two", "three"])
    assert one == two != three
    assert one.startswith("b3:")


def test_absent_files_are_inputs(kernel, records):
    kernel.run("try:\n    open('missing.txt')\nexcept OSError:\n    x = 0", cell="one")
    assert _inputs(records()[0])["file:missing.txt"].digest == "absent"


def test_files_written_are_versions_and_connect_runs(kernel, records, store, tmp_path):
    kernel.run("with open('out.txt', 'w') as f:\n    f.write('hello')\ndel f", cell="one")
    kernel.run("with open('out.txt') as f:\n    text = f.read()\ndel f", cell="two")
    one, two = records()
    (version,) = [version for version in one.writes if version.key.startswith("file:")]
    assert version.key == "file:out.txt" and version.loadable
    assert "file:out.txt" not in _inputs(one)
    assert _inputs(two)["file:out.txt"].run == one.id
    store.get_file(version.snapshot, tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_text() == "hello"


def test_reading_then_writing_binds_the_content_before(kernel, records, tmp_path):
    (tmp_path / "n.txt").write_text("1")
    kernel.run(
        "with open('n.txt') as f: n = int(f.read())\nwith open('n.txt', 'w') as f: f.write(str(n + 1))\ndel f",
        cell="one",
    )
    kernel.run("with open('log.txt', 'a') as f: f.write('x')\ndel f", cell="two")
    one, two = records()
    assert _inputs(one)["file:n.txt"].digest not in ("absent", one.writes[-1].digest)
    assert _inputs(two)["file:log.txt"].digest == "absent"


def test_removed_files(kernel, records, tmp_path):
    (tmp_path / "old.txt").write_text("x")
    kernel.run("import os\nos.remove('old.txt')", cell="one")
    (run,) = records()
    assert "file:old.txt" in run.removed
    assert _inputs(run)["file:old.txt"].digest.startswith("b3:")


def test_temporary_files_of_a_run_leave_no_trace(kernel, records):
    kernel.run("import os\nopen('t', 'w').close()\nos.remove('t')", cell="one")
    (run,) = records()
    assert not [version for version in run.writes if version.key.startswith("file:")]
    assert not run.removed


def test_listings_are_inputs(kernel, records, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").touch()
    kernel.run("import os\nnames = os.listdir('d')", cell="one")
    (tmp_path / "d" / "b").touch()
    kernel.run("import os\nnames = os.listdir('d')", cell="two")
    one, two = (_inputs(run)["dir:d"].digest for run in records())
    assert one != two


def test_asking_whether_a_file_exists(kernel, records):
    kernel.run("import os\nthere = os.path.exists('cache.bin')", cell="one")
    run = records()[0]
    known = _inputs(run).get("file:cache.bin")
    assert (known is not None and known.digest == "absent") or run.unknown


WAYS = {
    "written": ("open('a', 'w').close()", "file:a"),
    "replaced": ("open('b', 'w').close(); os.replace('b', 'a')", "file:a"),
    "removed": ("os.remove('a')", "file:a"),
    "made": ("os.makedirs('c/d')", "file:c"),
    "rid of": ("os.rmdir('e')", "dir:e"),
}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="calls are not watched before Python 3.12")
@pytest.mark.parametrize("way", WAYS)
def test_what_is_asked_for_before_it_is_changed_is_an_input_as_it_was(kernel, records, tmp_path, way):
    (tmp_path / "a").write_text("1")
    (tmp_path / "e").mkdir()
    change, key = WAYS[way]
    before = World(tmp_path).digest(key)
    kernel.run(f"import os\nasked = os.path.exists({key.partition(':')[2]!r})\n{change}", cell="one")
    (run,) = records("one")
    assert (_inputs(run)[key].digest, run.unknown) == (before, ())


def test_what_is_asked_for_after_it_was_changed_is_no_input(kernel, records):
    kernel.run("import os\nopen('a', 'w').close(); os.mkdir('c')", cell="zero")
    kernel.run("open('a', 'w').close(); os.rmdir('c')\nos.path.exists('a'), os.path.isdir('c')", cell="one")
    assert "file:a" not in _inputs(records("one")[0])


def test_paths_count_relative_to_the_notebook_even_after_chdir(kernel, records, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.txt").write_text("x")
    kernel.run("import os\nos.chdir('sub')\nt = open('x.txt').read()", cell="one")
    assert "file:sub/x.txt" in _inputs(records()[0])


def test_a_file_left_open_for_writing_is_unknown(kernel, records, tmp_path):
    kernel.run("f = open('res.csv', 'w'); f.write('a,b'); f.flush()", cell="one")
    assert any("still open" in reason for reason in records()[0].unknown)
    kernel.run("x = 1", cell="two")
    assert (tmp_path / "res.csv").read_text() == "a,b", "S14: a handle is never round-tripped"


def test_other_programs_are_unknown(kernel, records):
    kernel.run("import subprocess\nr = subprocess.run(['true'])", cell="one")
    kernel.run("!echo hello", cell="two")
    for run in records():
        assert any(effect.kind == "process" for effect in run.effects)
        assert run.unknown


def test_clock_randomness_and_environment(kernel, records, monkeypatch):
    kernel.run("import time, random, os, uuid", cell="zero")
    kernel.run("t = time.time()", cell="clock")
    kernel.run("r = random.random()", cell="random")
    kernel.run("random.seed(1)\ns = random.random()", cell="seeded")
    kernel.run("v = random.random()", cell="after")
    kernel.run("u = uuid.uuid4().hex", cell="uuid")
    kernel.run("h = os.environ.get('HOME')", cell="env")
    kernel.run("os.environ['MINE'] = '1'", cell="set")
    kernel.run("m = os.environ['MINE']", cell="get")

    def kinds(cell):
        return {effect.kind for effect in records(cell)[0].effects}

    assert kinds("clock") == {"clock"}
    assert kinds("random") == {"randomness"}
    assert kinds("seeded") == kinds("after") == set()
    assert kinds("uuid") == {"randomness"}
    assert not any(records(cell)[0].unknown for cell in ["clock", "random", "seeded", "env"])
    assert _inputs(records("after")[0])["ambient:rng.python"].run == records("seeded")[0].id
    assert _inputs(records("env")[0])["env:HOME"].digest.startswith("b3:")
    assert _inputs(records("get")[0])["env:MINE"].run == records("set")[0].id


NATURE = {
    "import time as tm\nx = tm.time()": {"clock"},
    "from time import time as stamp\nx = stamp()": {"clock"},
    "def f():\n    import time\n    return time.time()\nx = f()": {"clock"},
    "x = f()": {"clock"},
    "x = [g() for g in (f,)]": {"clock"},
    "from datetime import datetime as dt\nx = dt.now()": {"clock"},
    "import time\ntime.sleep(0)\nx = 1": set(),
    "from uuid import uuid4 as u\nx = str(u())": {"randomness"},
    "import random\nr = random.Random()": {"randomness"},
    "r = random.Random(3)\nx = r.random()": set(),
    "import numpy as np\nr = np.random.default_rng()": {"randomness"},
    "from numpy.random import default_rng\nr = default_rng(None)\nx = r.random()": {"randomness"},
    "r = default_rng(seed=None)": {"randomness"},
    "r = np.random.default_rng(5)\nx = r.random()": set(),
    "def draw():\n    return random.Random().random()\nx = draw()": {"randomness"},
    "import secrets\nx = secrets.choice([1, 2])": {"randomness"},
    "random.seed()\nx = random.random()": {"randomness"},
    "random.seed(1)\nx = random.random()": set(),
}
"""Cell to what it uses of the world, however it is called: each goes on from those above."""


def test_the_clock_and_randomness_are_noticed_however_they_are_called(kernel, records):
    for number, source in enumerate(NATURE):
        kernel.run(source, cell=f"n{number}")
    found = {
        source: {effect.kind for effect in records(f"n{number}")[0].effects} & {"clock", "randomness"}
        for number, source in enumerate(NATURE)
    }
    assert found == NATURE


def test_local_modules_are_inputs_and_unknown(kernel, records, tmp_path):
    (tmp_path / "mine.py").write_text("def f():\n    return 1\n")
    kernel.run("import mine", cell="one")
    kernel.run("y = mine.f()", cell="two")
    one, two = records()
    assert "file:mine.py" in _inputs(one)
    assert "file:mine.py" in _inputs(two) and two.unknown


def test_reading_a_library_leaves_no_trace(kernel, records):
    kernel.run("import json, email, xml.dom.minidom\ntext = json.dumps([1])", cell="one")
    keys = {entry.key for entry in records()[0].inputs}
    assert not {key for key in keys if key.startswith(("file:", "dir:"))}


def test_sqlite_files(kernel, records):
    kernel.run(
        "import sqlite3\nc = sqlite3.connect('t.db')\nc.execute('create table t(x)')\nc.commit()\nc.close()\ndel c",
        cell="one",
    )
    kernel.run(
        "c = sqlite3.connect('t.db')\nn = c.execute('select count(*) from t').fetchone()\nc.close()\ndel c", cell="two"
    )
    one, two = records()
    assert "file:t.db" in {version.key for version in one.writes}
    assert _inputs(two)["file:t.db"].run == one.id


def test_draws_between_the_cells_are_not_those_of_the_next_cell(kernel, records):
    kernel.cells(["import random", "random.seed(1)", "x = 1"])
    kernel.client.kernel_info(reply=True)  # IPython draws a tip for its banner
    kernel.cells(["import random", "pass", "x = 1", "y = random.random()"])
    run = records("c3")[-1]
    seen = {entry.key: entry for entry in run.inputs}
    moved = [one for one in records() if not one.cell]
    if moved:  # the banner has a tip
        assert seen["ambient:rng.python"].run == moved[-1].id


def test_draws_between_the_cells_are_nothing_where_nobody_uses_the_generator(kernel, records):
    kernel.cells(["x = 1"])
    kernel.client.kernel_info(reply=True)
    kernel.cells(["x = 1", "y = 2"])
    assert [run.cell for run in records()] == ["c0", "c0", "c1"]
    assert not [version for run in records() for version in run.writes if version.key.startswith("ambient:")]


def test_a_folder_of_very_many_files_is_not_compared(tmp_path, monkeypatch):
    """Else all its files would count as written once there are few enough of them."""
    monkeypatch.setattr(effects, "MAX_FILES", 2)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    log = effects.EffectLog(str(tmp_path), ())
    monkeypatch.chdir(tmp_path)
    log.unseen()
    (tmp_path / "c").unlink()
    log.compare()
    assert (log.written, log.removed) == ({}, {})

    log = effects.EffectLog(str(tmp_path), ())
    log.unseen()
    (tmp_path / "a").unlink()
    (tmp_path / "d").write_text("d")
    log.compare()
    assert (list(log.written), list(log.removed)) == ([str(tmp_path / "d")], [str(tmp_path / "a")])
