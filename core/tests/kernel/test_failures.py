"""A failure of ours is never a failure of the user's cell; what can't be saved is said, not guessed."""

from __future__ import annotations

import os
import sqlite3

import pytest


def test_values_that_cant_be_saved(kernel, records):
    kernel.run(
        "import threading, socket\nlocal = threading.local()\ns = socket.socket()\ng = (i for i in range(3))", cell="a"
    )
    kernel.run("x = next(g)", cell="b")
    run = records("a")[0]
    assert run.status == "ok"
    lost = {version.key: version for version in run.writes if not version.loadable}
    assert set(lost) == {"var:local", "var:s", "var:g"}
    assert all(version.reason for version in lost.values())
    assert kernel.value("(x, next(g))") == (0, 1), "a generator is never consumed"


def test_a_reduce_that_raises(kernel, records):
    reply, messages = kernel.run(
        "class Bad:\n    def __reduce__(self):\n        raise RuntimeError('not me')\nbad = Bad()\nfine = 1", cell="a"
    )
    assert reply["status"] == "ok" and not kernel.text(messages)
    versions = {version.key: version for version in records()[0].writes}
    assert not versions["var:bad"].loadable
    assert versions["var:fine"].loadable


def test_an_exception_whose_text_raises(kernel, records):
    reply, _ = kernel.run("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", cell="a")
    assert reply["status"] == "error"
    assert records()[-1].status == "error"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cant_be_written_by_mode(plain, tmp_path):
    (tmp_path / "s").mkdir(mode=0o500)
    assert plain.attach(tmp_path / "n.ipynb", tmp_path / "s")["error"]


def test_a_store_that_cant_be_written(plain, tmp_path):
    (tmp_path / "file").write_text("in the way")
    answer = plain.attach(tmp_path / "n.ipynb", tmp_path / "file" / "store")
    assert "file" in answer["error"] and "\n" not in answer["error"]
    assert answer["mode"] == "off"
    reply, messages = plain.run("print('fine')", cell="a")
    assert reply["status"] == "ok" and plain.text(messages) == "fine\n"
    assert "records nothing" in plain.text(plain.run("%nbrewind status")[1])


def test_a_store_of_a_newer_schema(plain, tmp_path):
    from nbrewind.store import Store

    store = Store.open(tmp_path / "s")
    database = store.layout.traces
    store.close()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    answer = plain.attach(tmp_path / "n.ipynb", tmp_path / "s")
    assert "newer" in answer["error"]
    assert plain.run("1 / 1", cell="a")[0]["status"] == "ok"


def test_a_store_that_disappears(kernel, store_path):
    kernel.run("x = 1", cell="a")
    os.rename(store_path, store_path.with_name("moved"))
    for source in ["y = list(range(10 ** 6))", "print('still fine')"]:
        reply, messages = kernel.run(source, cell="b")
        assert reply["status"] == "ok"
        assert kernel.text(messages) in ("", "still fine\n")


def test_a_failing_record_is_made_up_for(kernel, records):
    kernel.run(
        "import nbrewind.kernel.agent as _a\n"
        "_nb = _a.current().recorder.notebook\n_real = _nb.record\n"
        "def _fail(*args, _nb=_nb, _real=_real, _error=_a.StoreError, **options):\n"
        "    _nb.record = _real\n"
        "    raise _error('disk full')\n"
        "_nb.record = _fail",
        silent=True,
    )
    kernel.run("del _a, _nb, _real, _fail", silent=True)
    reply, messages = kernel.run("a = 1\nprint('a')", cell="a")
    assert reply["status"] == "ok" and kernel.text(messages) == "a\n"
    kernel.run("b = a + 1", cell="b")
    runs = records()
    assert "var:a" in {version.key for run in runs if not run.cell for version in run.writes}
    assert {entry.key: entry.run for entry in runs[-1].inputs}["var:a"] in {run.id for run in runs}


def test_our_failures_are_quiet(kernel, records):
    kernel.run(
        "import nbrewind.kernel.recorder as _r\n"
        "def _broken(*a, **k): raise RuntimeError('ours')\n_r.observe = _broken\ndel _r, _broken",
        silent=True,
    )
    reply, messages = kernel.run("x = 1\nprint(x)", cell="a")
    assert reply["status"] == "ok" and kernel.text(messages) == "1\n"
    assert not [message for message in messages if message["msg_type"] == "error"]
    assert "ours" in kernel.value("__import__('nbrewind').status()['failure']")


def test_other_kernels_are_refused():
    import nbrewind
    from nbrewind.kernel.agent import AttachError

    with pytest.raises(AttachError, match="IPython kernels"):
        nbrewind.attach()
    assert nbrewind.status()["mode"] == "off"


def test_an_unknown_mode_is_refused(plain):
    reply, _ = plain.run("import nbrewind; nbrewind.attach(mode='loud')")
    assert reply["ename"] == "AttachError" and "audit, repeat, off" in reply["evalue"]


def test_attaching_again_changes_nothing(kernel, notebook_path, store_path, records):
    first = kernel.value("__import__('nbrewind').status()['session']")
    assert kernel.attach(notebook_path, store_path)["session"] == first
    kernel.run("x = 1", cell="a")
    assert len(records()) == 1


def test_detaching_leaves_nothing_behind(kernel, records):
    kernel.run("x = 1", cell="a")
    kernel.run("%load_ext nbrewind")
    kernel.run("import nbrewind\nfrom nbrewind.kernel.agent import detach\ndetach()", silent=True)
    state = kernel.value(
        "(len([f for f in get_ipython().events.callbacks['pre_run_cell'] if 'nbrewind' in type(f).__module__]),"
        " '_really_send' in vars(get_ipython().kernel.iopub_thread), len(get_ipython().ast_transformers))"
    )
    assert state[1:] == (False, 0)
    kernel.run("y = 1", cell="b")
    assert [run.cell for run in records()] == ["a"]
    assert kernel.run("%rewind a")[0]["status"] in ("ok", "error")


def test_mode_off_and_on_again(kernel, records):
    kernel.run("x = 1", cell="a")
    assert "Nothing is recorded" in kernel.text(kernel.run("%nbrewind off")[1])
    kernel.run("x = 2", cell="b")
    kernel.run("%nbrewind audit")
    kernel.run("y = x", cell="c")
    runs = records()
    assert [run.cell for run in runs] == ["a", "", "c"]
    assert "recording was off" in runs[1].unknown
