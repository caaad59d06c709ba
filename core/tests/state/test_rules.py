# ruff: noqa: E501
"""Soundness: what scanning must never do, and what a fingerprint must never miss. One test per rule or scenario."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from session import Session

from nbrewind.state import LoadError, ScanInterrupted


def members(changes: Any) -> list[tuple[str, ...]]:
    return [group.members for group in changes.groups]


def digests(session: Session, *names: str) -> list[str]:
    return [session.state[name].digest for name in names]


def test_rule_2_an_alias_is_a_new_version_of_every_member() -> None:
    session = Session()
    session.run("a = [1]; b = a")
    before = digests(session, "a", "b")
    changes = session.run("b = a.copy()")
    assert sorted(members(changes)) == [("a",), ("b",)]
    assert not set(before) & set(digests(session, "a", "b"))


def test_rule_2_only_the_link_changes() -> None:
    session = Session()
    session.run("L = [1]; o = {'items': [1]}")
    assert members(session.run("o['items'] = L")) == [("L", "o")]
    assert members(session.run("o['items'] = [1]")) == [("L",), ("o",)]


def test_rule_2_members_of_a_group_have_digests_of_their_own() -> None:
    session = Session()
    session.run("a = [1]; b = a")
    assert len(set(digests(session, "a", "b"))) == 2


def test_rule_3_an_object_array_links() -> None:
    np = pytest.importorskip("numpy")
    session = Session()
    session.namespace["np"] = np
    assert ("L", "a") in members(session.run("L = [1]; a = np.array([L, 1], dtype=object)"))


def test_rule_3_globals_do_not_link() -> None:
    session = Session()
    changes = session.run("L = [1]\ndef f(): return L\ndef g(): return f()")
    assert members(changes) == [("L",), ("f",), ("g",)]
    assert session.state["f"].refs == ("L",)
    assert session.state["g"].refs == ("f",)


def test_rule_4_a_custom_reducer_is_not_run() -> None:
    session = Session()
    changes = session.run("ran = []\nclass R:\n    def __reduce__(s):\n        ran.append(1); return (R, ())\nr = R()")
    assert session.value("ran") == []
    group = next(group for group in changes.groups if "r" in group.members)
    assert not group.loadable
    assert group.digest["r"] == ""
    assert "R" in group.reason


def test_rule_4_code_of_the_user_is_not_run_by_scanning() -> None:
    session = Session()
    session.run(
        "ran = []\n"
        "class R:\n"
        "    def __getattr__(s, n): ran.append(n); raise AttributeError(n)\n"
        "    def __setattr__(s, n, v): ran.append(n); object.__setattr__(s, n, v)\n"
        "    def __eq__(s, o): ran.append('eq'); return True\n"
        "    def __hash__(s): ran.append('hash'); return 1\n"
        "    def __repr__(s): ran.append('repr'); return ''\n"
        "    def __del__(s): ran.append('del')\n"
        "r = R(); keep = [r]; ran.clear()"
    )
    session.record()
    assert session.value("ran") == []
    mark = session.mark()
    session.run("keep.append(1)")
    session.rewind(mark)
    assert [name for name in session.value("ran") if name != "del"] == []


def test_rule_4_an_attribute_that_a_reducer_drops_is_noticed() -> None:
    session = Session()
    changes = session.run("import random\nr = random.Random(1); r.note = 'n'")
    group = next(group for group in changes.groups if group.members == ("r",))
    assert not group.loadable
    assert "note" in group.reason


def test_rule_4_a_new_baseline_after_every_load() -> None:
    session = Session()
    session.run("d = {'a' * 3: ['b' * 2, 'b' * 2]}")
    mark = session.mark()
    session.run("d.clear()")
    session.rewind(mark)
    assert members(session.record()) == []


def test_rule_8_nothing_is_loaded_half() -> None:
    session = Session()
    session.run("a = [1]; g = (i for i in [1])")
    mark = session.mark()
    session.run("a.append(2); next(g)")
    live = dict(session.namespace)
    with pytest.raises(LoadError) as caught:
        session.rewind(mark)
    assert list(caught.value.reasons) == ["g"]
    assert session.namespace == live
    assert session.value("a") == [1, 2]


def test_rule_9_one_class_one_identity() -> None:
    session = Session()
    session.run("class K: reg = []\nk = K(); ks = [K(), K]")
    assert session.state["k"].needs == ("K",)
    mark = session.mark()
    session.run("K.reg.append(1)")
    assert session.rewind(mark) == {"K", "k", "ks"}
    assert session.value("type(k) is K and type(ks[0]) is K and ks[1] is K")


def test_rule_9_a_group_is_wholly_loaded() -> None:
    session = Session()
    session.run("a = [1]; b = a")
    with pytest.raises(LoadError, match="together with b"):
        session.live.load([session.state["a"]], session.fetch)


def test_rule_10_what_was_scanned_can_be_resized() -> None:
    np = pytest.importorskip("numpy")
    session = Session()
    session.namespace["np"] = np
    session.run(
        "b = bytearray(100_000); a = np.arange(100_000); import array, mmap; r = array.array('i', [1]); m = mmap.mmap(-1, 10)"
    )
    session.run("b.append(1); a.resize(200_000); r.append(2); m.close()")
    assert session.value("(len(b), a.size, len(r))") == (100_001, 200_000, 2)


def test_rule_10_finalisers_run_when_they_would() -> None:
    session = Session()
    session.run(
        "import weakref\ngone = []\nclass O: pass\no = O(); f = weakref.finalize(o, gone.append, 1); L = [O()]; w = weakref.ref(L[0])"
    )
    session.run("del o")
    assert session.value("gone") == [1]
    session.run("L.clear()")
    assert session.value("w()") is None


def test_rule_10_a_scan_collects_no_garbage() -> None:
    session = Session()
    session.run(
        "import weakref\nclass O: pass\no = O(); o.me = o; w = weakref.ref(o)\nbig = [[i] for i in range(5000)]"
    )
    gc.disable()
    try:
        exec("del o", session.namespace)
        session.record()
        assert session.value("w()") is not None
    finally:
        gc.enable()


def test_rule_10_classes_are_not_marked() -> None:
    session = Session()
    session.run(
        "class C: pass\nclass S:\n    __slots__ = ('a',)\nc = C(); s = S(); before = (set(vars(C)), set(vars(S)))"
    )
    session.record()
    assert session.value("(set(vars(C)), set(vars(S))) == before")


def test_rule_10_nothing_is_kept_alive() -> None:
    session = Session()
    session.run("class C: pass\nc = C()\ndef f(): return 1\nL = {1}")
    refs = [weakref.ref(session.value(name)) for name in ("C", "c", "f", "L")]
    session.run("del C, c, f, L")
    gc.collect()
    assert [ref() for ref in refs] == [None] * 4


def test_s14_open_files_are_left_alone(tmp_path: Path) -> None:
    session = Session()
    path = tmp_path / "res.csv"
    session.namespace["path"] = str(path)
    changes = session.run("f = open(path, 'w'); n = f.write('a,b\\n'); f.flush(); m = f.write('late'); box = [f]")
    assert path.read_text() == "a,b\n"
    group = next(group for group in changes.groups if "f" in group.members)
    assert group.members == ("box", "f")
    assert not group.loadable
    session.run("f.close()")
    assert path.read_text() == "a,b\nlate"


def test_sockets_threads_and_databases_are_reported() -> None:
    session = Session()
    changes = session.run(
        "import socket, threading, sqlite3, queue\n"
        "s = socket.socket(); q = queue.SimpleQueue(); db = sqlite3.connect(':memory:')\n"
        "v = threading.local(); t = threading.current_thread()"
    )
    try:
        reasons = {group.members[0]: group.reason for group in changes.groups if not group.loadable}
        assert reasons.keys() == {"s", "q", "db", "v", "t"}
        assert all(reasons.values())
    finally:
        session.run("s.close(); db.close()")


def test_what_has_no_fingerprint_changes_when_touched() -> None:
    session = Session()
    session.run("import threading\nk = threading.local(); a = [1]")
    assert members(session.record(touched=("a",))) == []
    assert members(session.record(touched=("k",))) == [("k",)]
    assert members(session.record(touched=None)) == [("k",)]


def test_a_change_is_seen_although_nothing_was_touched() -> None:
    session = Session()
    session.run("a = [1]")
    exec("a.append(2)", session.namespace)
    assert members(session.record(touched=())) == [("a",)]


def test_an_equal_value_bound_anew_is_a_change() -> None:
    session = Session()
    session.run("class C: pass\nc = C(); a = [1]")
    before = session.state["c"].digest
    exec("old = c; c = C()", session.namespace)
    assert ("c",) in members(session.record())
    assert session.state["c"].digest == before


def test_what_was_kept_is_the_version_gone_back_to() -> None:
    session = Session()
    session.run("a = [1]; b = [1]")
    mark = session.mark()
    session.run("a = [1]; b.append(2)")
    session.run("a = [1]")
    assert session.rewind(mark) == {"b"}
    assert session.live.versions == mark[0]
    assert members(session.record()) == []


def test_an_interrupt_ends_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    import nbrewind.state.live as live

    session = Session()
    session.run("a = [1]")

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live, "walked", interrupted)
    with pytest.raises(ScanInterrupted):
        session.live.scan()
    assert gc.isenabled()


def test_values_that_change_while_they_are_read() -> None:
    session = Session()
    session.run("d = {i: [i] for i in range(20000)}; stop = []")
    body = "def work():\n    n = 0\n    while not stop:\n        d[f'x{n % 50}'] = n; d.pop(f'x{(n + 25) % 50}', None); n += 1"
    exec(body, session.namespace)
    thread = threading.Thread(target=session.value("work"))
    thread.start()
    try:
        for _ in range(5):
            session.record()
    finally:
        session.namespace["stop"].append(1)
        thread.join()


def test_digests_do_not_depend_on_where_code_stands() -> None:
    one, other = Session(), Session()
    one.run("def f(x):\n    return x + 1\nclass C:\n    def m(self): return 2")
    other.run(
        "# moved\n\n\ndef f(x):\n    # a comment\n    return x + 1\n\n\nclass C:\n    def m(self):\n\n        return 2"
    )
    assert digests(one, "f", "C") == digests(other, "f", "C")


def test_tracebacks_of_loaded_functions_have_their_lines() -> None:
    import traceback

    session = Session()
    session.run("\n\ndef f():\n    return 1 / 0")
    mark = session.mark()
    session.run("f = None")
    session.rewind(mark)
    with pytest.raises(ZeroDivisionError) as caught:
        session.value("f()")
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno) == ("<cell>", 4)


def test_functions_keep_the_live_namespace() -> None:
    session = Session()
    session.run("k = 1\ndef f(): return k")
    mark = session.mark()
    session.run("del f")
    session.rewind(mark)
    assert session.value("f").__globals__ is session.namespace


def test_deeply_nested_values_are_reported() -> None:
    session = Session()
    changes = session.run("d = []\nfor _ in range(200_000): d = [d]\nfor n in (): pass")
    group = next(group for group in changes.groups if group.members == ("d",))
    assert not group.loadable
    assert "deeply" in group.reason


def test_a_thread_alive_in_a_value_links_what_it_reaches() -> None:
    session = Session()
    changes = session.run("import threading\nL = []; t = threading.Thread(target=L.append, args=(1,))")
    assert ("L", "t") in members(changes)


def test_scan_of_many_small_values_is_quick() -> None:
    session = Session()
    session.run("for i in range(1000): globals()[f'n{i}'] = i * 1.5")
    start = time.perf_counter()
    session.live.scan()
    assert time.perf_counter() - start < 0.1
