"""Managers open when they must, and are interrupted as other code is. With real managers and workers."""

from __future__ import annotations

import copy
import pickle
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from tasks.programs import cell

PARTS = str(Path(__file__).parents[2])


def is_open(manager):
    return manager.__dict__.get("_taskvine") is not None


@pytest.mark.py311
def test_a_manager_opens_when_something_needs_its_socket(session):
    for need in (
        lambda manager: manager.port,
        lambda manager: manager.stats,
        lambda manager: manager.submit(session.vine.Task("true")),
        lambda manager: manager.staging_directory,
    ):
        manager = session.manager(name="mine")
        manager.tune("hungry-minimum", 7)
        manager.set_password("secret")
        manager.update_catalog()
        assert manager.declare_file("data").source() == "data"
        assert (manager.name, manager.empty(), manager.hungry(), manager.wait(0)) == ("mine", 1, 7, None)
        assert not is_open(manager)
        need(manager)
        assert is_open(manager)
        assert (manager.name, manager.hungry() >= 6) == ("mine", True)
        with socket.create_connection(("localhost", manager.port), 5):
            pass


@pytest.mark.parametrize(
    "way",
    # TaskVine waits half a minute for the end of a factory that has just begun.
    ["a task", "stopped", *(pytest.param(way, marks=pytest.mark.slow) for way in ("its port", "as plain"))],
)
def test_workers_start_once_a_manager_opens(session, way):
    """As long as records answer, a factory that was started waits; what looks for its workers starts it."""
    manager = session.manager()
    if way == "as plain":
        session.door.answers = lambda: False
    factory = session.vine.Factory("local", manager=manager)
    factory.max_workers = factory.min_workers = factory.cores = 1
    factory.memory = factory.disk = 400
    try:
        assert factory.start() is factory
        assert is_open(manager) == (way == "as plain")
        assert factory.max_workers == 1
        if way == "a task":
            number = manager.submit(session.vine.PythonTask(cell("def f(x): return x")["f"], 5))
            assert manager.wait_for_task_id(number, 30).output == 5
        elif way == "stopped":
            factory.stop()
        assert manager.port
        assert (factory._factory_proc is not None) == (way != "stopped")
    finally:
        factory.stop()
    assert factory._factory_proc is None
    with pytest.raises(ValueError):
        session.vine.Factory("local")


def test_what_is_wrong_is_told_at_once(session):
    with pytest.raises(TypeError):
        session.manager(prot=1)
    with pytest.raises(ValueError):
        session.manager(port="nine")
    manager = session.manager()
    with pytest.raises(ValueError):
        manager.declare_file("data", cache="sometimes")
    with pytest.raises(TypeError):
        manager.declare_url(3)
    with pytest.raises(TypeError):
        session.vine.Task("true").add_input(manager.declare_file("data"), 3)
    with pytest.raises(AttributeError):
        session.vine.Task("true").add_input("data", "data")
    with pytest.raises(TypeError):
        manager.wait(1.5)
    with pytest.raises(ValueError):
        task = session.vine.Task("true")
        manager.submit(task)
        manager.submit(task)


def test_a_setting_returns_what_taskvine_returns(session):
    """A cell may end with one: then that is shown."""
    calls = {
        "tune": ("hungry-minimum", 3),
        "set_category_mode": ("a", "max"),
        "enable_peer_transfers": (),
        "set_name": ("mine",),
        "set_priority": (1,),
        "set_property": ("a", "b"),
        "set_scheduler": ("time",),
        "enable_disconnect_slow_workers": (3,),
        "set_resources_max": ({"cores": 1},),
        "log_txn_app": ("x",),
        "tasks_left_count": (3,),
    }
    manager = session.manager()
    put_off = [getattr(manager, name)(*args) for name, args in calls.items()]
    assert not is_open(manager)
    assert manager.port
    assert put_off == [getattr(manager, name)(*args) for name, args in calls.items()]


def test_managers_and_files_are_never_saved(session):
    manager = session.manager()
    file = manager.declare_file("data")
    for thing in (manager, file):
        with pytest.raises(TypeError, match="is live and can't be saved"):
            pickle.dumps(thing)
    assert copy.copy(file).source() == "data"
    assert not is_open(manager)


def test_a_closed_manager_stays_closed(session):
    with session.vine.Manager(0, run_info_path=str(session.folder / "info")) as manager:
        assert manager.empty()
    assert not is_open(manager)


def test_ids_go_on_over_answers_and_runs(session):
    namespace = cell("def f(x): return x")
    manager = session.manager()
    session.worker(manager)
    manager.submit(session.vine.PythonTask(namespace["f"], 1))
    session.collect(manager)
    session.begin()
    manager = session.manager()
    ids = [manager.submit(session.vine.PythonTask(namespace["f"], x)) for x in (1, 1, 2, 1, 3)]
    assert ids == [1, 2, 3, 4, 5]
    session.worker(manager)
    assert {task.id: task.output for task in session.collect(manager)} == {1: 1, 2: 1, 3: 2, 4: 1, 5: 3}


def test_waiting_for_a_tag_or_an_id(session):
    namespace = cell("def f(x): return x")
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        if worker:
            session.worker(manager)
        ids = []
        for x in range(4):
            task = session.vine.PythonTask(namespace["f"], x)
            task.set_tag("odd" if x % 2 else "even")
            ids.append(manager.submit(task))
        assert manager.wait_for_task_id(ids[3], 10).output == 3
        assert {manager.wait_for_tag("even", 10).output for _ in range(2)} == {0, 2}
        assert manager.wait_for_tag("even", 0) is None
        assert not manager.empty()
        assert manager.wait_for_tag("odd", 10).output == 1
        assert manager.empty()


def test_tasks_that_are_cancelled(session):
    namespace = cell("def f(x): return x")
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        ids = [manager.submit(session.vine.PythonTask(namespace["f"], x)) for x in range(3)]
        assert manager.cancel_by_task_id(ids[1]) == 1
        if worker:
            session.worker(manager)
        told = sorted((task.id, task.result) for task in session.collect(manager))
        assert told == [(1, "success"), (2, "cancelled"), (3, "success")] if worker else True
        session.actions()


def test_other_threads_go_on_during_a_wait(session):
    manager = session.manager()
    manager.submit(session.vine.Task("true"))  # there is no worker
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.01):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    assert manager.wait(3) is None
    done.set()
    thread.join()
    assert len({int(at) for at in ticks}) >= 3  # in every second, if not all the time


def test_an_interrupt_ends_a_wait_soon(session):
    source = (
        textwrap.dedent("""
        import os, sys, threading, time, signal
        sys.path[:0] = [%r]
        from pathlib import Path
        from tasks.vine.conftest import Session, vine_module

        session = Session(vine_module(), Path(sys.argv[1]))
        manager = session.manager()
        manager.submit(session.vine.Task("true"))
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        try:
            manager.wait(20)
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - began < 3)
        session.end()
    """)
        % PARTS
    )
    made = subprocess.run(
        [sys.executable, "-c", source, str(session.folder)], capture_output=True, text=True, timeout=60
    )
    assert made.stdout == "interrupted True\n", made.stderr


WORKFLOW = (
    textwrap.dedent("""
    import os, sys, time
    sys.path[:0] = [%r]
    from pathlib import Path
    from tasks.vine.conftest import Session, vine_module
    from tasks.programs import cell

    session = Session(vine_module(), Path(sys.argv[1]))
    f = cell("def f(x): return x * 10")["f"]
    manager = session.manager()
    session.worker(manager)
    for x in range(6):
        manager.submit(session.vine.PythonTask(f, x))
    found = []
    while not manager.empty():
        task = manager.wait(1)
        if task:
            found.append(task.output)
            print(task.output, flush=True)
            if len(found) == 3 and sys.argv[2] == "dies":
                time.sleep(0.3)
                os.kill(os.getpid(), 9)
    print(sorted(found), sorted(session.actions()), flush=True)
    session.end()
""")
    % PARTS
)


def test_a_session_that_is_killed_has_recorded_what_was_done(session):
    command = [sys.executable, "-c", WORKFLOW, str(session.folder)]
    killed = subprocess.run([*command, "dies"], capture_output=True, text=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(killed.stdout.split()) == 3
    after = subprocess.run([*command, "goes on"], capture_output=True, text=True, timeout=60)
    assert after.stdout.splitlines()[-1] == f"{[0, 10, 20, 30, 40, 50]} {['answered'] * 3 + ['ran'] * 3}", after.stderr


def test_a_worker_that_is_killed_costs_only_what_it_was_doing(session):
    namespace = cell("import time\ndef f(x):\n    time.sleep(0.1)\n    return x")
    manager = session.manager()
    worker = session.worker(manager)
    for x in range(5):
        manager.submit(session.vine.PythonTask(namespace["f"], x))
    first = manager.wait(10)
    session.kill(worker)
    session.worker(manager)
    assert sorted(task.output for task in [first, *session.collect(manager)]) == list(range(5))
    assert session.actions() == ["ran"] * 5
    session.begin()
    manager = session.manager()
    for x in range(5):
        manager.submit(session.vine.PythonTask(namespace["f"], x))
    assert sorted(task.output for task in session.collect(manager)) == list(range(5))
    assert session.actions() == ["answered"] * 5


def test_two_sessions_record_into_one_store(session):
    """The second finds what the first has made meanwhile."""
    namespace = cell("def f(x): return x")
    one, two = session.manager(), session.manager()
    session.worker(one)
    session.worker(two)
    for manager in (one, two):
        manager.submit(session.vine.PythonTask(namespace["f"], 1))
    assert [task.output for manager in (one, two) for task in session.collect(manager)] == [1, 1]


def test_a_manager_of_before_goes_on_as_without(session, tmp_path):
    """It was made before recording began; tasks and files are made afterwards."""
    (tmp_path / "data").write_text("1\n")
    manager = session.manager()
    session.worker(manager)
    del manager.__dict__["_nbrewind"]
    task = session.vine.Task("cat given > made; cat given")
    task.add_input(manager.declare_file("data"), "given")
    task.add_output(manager.declare_file("copy"), "made")
    number = manager.submit(task)
    call = session.vine.PythonTask(cell("def f(x): return [x]")["f"], 1)
    assert {number, manager.submit(call)} == {task.id, call.id}
    back = session.collect(manager)
    assert {id(one) for one in back} == {id(task), id(call)}
    assert (task.output, call.output, (tmp_path / "copy").read_text()) == ("1\n", [1], "1\n")
    assert session.actions() == []


def test_futures_go_on_as_without(session):
    namespace = cell("def f(x): return x + 1\ndef g(a, b): return a * b")
    executor = session.vine.FuturesExecutor(port=0, factory=False, opts={})
    session.managers.append(executor.manager)
    session.worker(executor.manager)
    one, two = (executor.submit(namespace["f"], x) for x in (1, 2))
    assert executor.submit(namespace["g"], one, two).result(timeout=20) == 6


def test_a_taskvine_that_is_another_is_left_alone(vine):
    import types

    from nbrewind.tasks.vine import Unfit
    from nbrewind.tasks.vine.interpose import check

    other = types.SimpleNamespace(**vars(vine))
    other.Manager = type("Manager", (), {**vars(vine.Manager), "submit": lambda self, work: None})
    with pytest.raises(Unfit, match=r"has other parameters of Manager.submit: work"):
        check(other)
