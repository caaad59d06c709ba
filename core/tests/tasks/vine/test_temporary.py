"""Results that stay in the cluster: they are answered without being there, and made again where a task needs them."""

from __future__ import annotations

import shlex
import subprocess
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tasks.programs import cell

from nbrewind.tasks.vine import commands

cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with TaskVine")

CODE = """
import pickle
def first(n):
    print('making', n)
    return list(range(n))
def second():
    with open('numbers', 'rb') as f: return sum(pickle.load(f))
def draw():
    import random
    return [random.random()]
"""


def chain(session, namespace, n, *, worker, maker="first", user="second", middle=True):
    """Run a task whose result stays, and one that reads it; return both."""
    session.begin()
    manager = session.manager()
    if worker:
        session.worker(manager)
    first = session.vine.PythonTask(namespace[maker], *([n] if maker == "first" else []))
    first.enable_temp_output()
    manager.submit(first)
    if middle:
        assert manager.wait(20) is first
    second = session.vine.PythonTask(namespace[user])
    second.add_input(first.output_file, "numbers")
    manager.submit(second)
    session.collect(manager)
    assert first.successful() and second.successful(), (first.std_output, second.std_output)
    return first, second


@pytest.mark.parametrize("middle", [True, False])
def test_a_result_in_the_cluster_is_made_only_where_it_is_needed(session, middle):
    namespace = cell(CODE)
    first, second = chain(session, namespace, 5, worker=True)
    assert (first.std_output, second.output, session.actions()) == ("making 5\n", 10, ["ran", "ran"])
    first, second = chain(session, namespace, 5, worker=False, middle=middle)
    assert (first.std_output, second.output, session.actions()) == ("making 5\n", 10, ["answered", "answered"])
    assert session.managers[0].__dict__.get("_taskvine") is None
    cell("def second():\n    with open('numbers', 'rb') as f: return len(pickle.load(f))", namespace)
    first, second = chain(session, namespace, 5, worker=True, middle=middle)
    assert (first.std_output, second.output) == ("making 5\n", 5)
    assert session.actions() == ["answered", "ran", "ran"]
    first, second = chain(session, namespace, 6, worker=True)
    assert (second.output, session.actions()) == (6, ["ran", "ran"])


@pytest.mark.py311
def test_a_result_in_the_cluster_is_fetched(session):
    namespace = cell(CODE)
    chain(session, namespace, 3, worker=True)
    session.begin()
    manager = session.manager()
    task = session.vine.PythonTask(namespace["first"], 3)
    task.enable_temp_output()
    manager.submit(task)
    assert manager.wait(5) is task
    session.worker(manager)
    manager.fetch_file(task.output_file)
    assert task.output_file.contents(cloudpickle.load) == [0, 1, 2]
    assert manager.empty()


def test_a_result_that_comes_out_otherwise_is_told_and_what_reads_it_runs(session):
    namespace = cell(CODE)
    _, second = chain(session, namespace, 0, worker=True, maker="draw")
    drawn = second.output
    _, second = chain(session, namespace, 0, worker=False, maker="draw")
    assert second.output == drawn
    session.actions()
    cell("def second():\n    with open('numbers', 'rb') as f: return -sum(pickle.load(f))", namespace)
    _, second = chain(session, namespace, 0, worker=True, maker="draw")
    told = [event.reasons for event in session.door.take_events() if event.action == "ran"]
    assert second.output != -drawn
    assert told == [("it gave something else than its record: what was answered before rests on that",), ()]
    other = second.output
    _, second = chain(session, namespace, 0, worker=False, maker="draw")
    assert second.output == other


def test_what_was_given_and_is_another_now_ends_in_an_error(session):
    namespace = cell(CODE + "def size(xs): return len(xs)")
    given = [1, 2]
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        if worker:
            session.worker(manager)
        first = session.vine.PythonTask(namespace["size"], given)
        first.enable_temp_output()
        manager.submit(first)
        session.collect(manager)
    given.append(3)
    second = session.vine.PythonTask(namespace["draw"])
    second.add_input(first.output_file, "numbers")
    with pytest.raises(RuntimeError, match="what it was given has changed since"):
        manager.submit(second)


CALLS = """
import pickle
def first(n): return list(range(n))
def second():
    with open('numbers', 'rb') as f: return sum(pickle.load(f)['Result'])
def draw():
    import random
    return [random.random()]
def fails(): return [1 // 0]
class Closed(list):
    def __del__(self): pass
def closed(): return Closed([1])
"""


def called(session, namespace, maker, *args, worker, mode="fork"):
    """Call a function of a library, whose result stays, and run a task that reads it; return both."""
    session.begin()
    manager = session.manager()
    functions = [namespace[name] for name in ("first", "draw", "fails", "closed")]
    library = manager.create_library_from_functions("lib", *functions, add_env=False, exec_mode=mode)
    library.set_cores(1)
    manager.install_library(library)
    if worker:
        session.worker(manager, cores=2)  # one for the library, one for what reads
    first = session.vine.FunctionCall("lib", maker, *args)
    first.enable_temp_output()
    manager.submit(first)
    assert manager.wait(30) is first
    second = session.vine.PythonTask(namespace["second"])
    if first.successful():
        second.add_input(first.output_file, "numbers")
        manager.submit(second)
        session.collect(manager)
    return first, second


@pytest.mark.parametrize("mode", ["fork", "direct"])
def test_a_call_whose_result_stays_is_answered_without_it(session, mode):
    namespace = cell(CALLS)
    for worker, actions in ((True, ["ran", "ran"]), (False, ["answered", "answered"])):
        first, second = called(session, namespace, "first", 5, worker=worker, mode=mode)
        assert (second.output, session.actions()) == (10, actions)
    assert session.managers[0].__dict__.get("_taskvine") is None
    # Made again where somebody asks for it; what its library told is nowhere.
    manager = session.managers[0]
    session.worker(manager)
    manager.fetch_file(first.output_file)
    assert first.output_file.contents(cloudpickle.load)["Result"] == [0, 1, 2, 3, 4]
    assert manager.empty()
    # Fetched once, its record holds it.
    first, _ = called(session, namespace, "first", 5, worker=False, mode=mode)
    assert first.output_file.contents(cloudpickle.load)["Result"] == [0, 1, 2, 3, 4]


def test_a_call_that_gives_something_else_is_told_and_what_reads_it_runs(session):
    namespace = cell(CALLS)
    _, second = called(session, namespace, "draw", worker=True)
    drawn = second.output
    _, second = called(session, namespace, "draw", worker=False)
    assert (second.output, session.actions()) == (drawn, ["answered", "answered"])
    cell("def second():\n    with open('numbers', 'rb') as f: return -sum(pickle.load(f)['Result'])", namespace)
    _, second = called(session, namespace, "draw", worker=True)
    told = [event.reasons for event in session.door.take_events() if event.action == "ran"]
    assert second.output != -drawn
    assert told == [("it gave something else than its record: what was answered before rests on that",), ()]


@pytest.mark.parametrize(
    ("maker", "why"),
    [("fails", "its function failed"), ("closed", "an object of type Closed does something when it is let")],
)
def test_calls_that_no_record_may_hold(session, maker, why):
    called(session, cell(CALLS), maker, worker=True)
    assert session.door.take_events()[0].reasons[0].startswith(why)
    assert not session.store.tasks.any()


def command(session, text, *names, worker, follow=""):
    """Run a command whose outputs stay, and one that reads them; return the first, its files, and the second."""
    session.begin()
    manager = session.manager()
    if worker:
        session.worker(manager)
    task, files = session.vine.Task(text), [manager.declare_temp() for _ in names]
    for name, file in zip(names, files, strict=True):
        task.add_output(file, name)
    manager.submit(task)
    assert task.command == text
    second = session.vine.Task(follow or f"cat {' '.join(names)}")
    for name, file in zip(names, files, strict=True):
        second.add_input(file, name)
    manager.submit(second)
    session.collect(manager)
    assert task.command == text
    return task, files, second


def test_a_command_whose_outputs_stay_is_answered_without_them(session):
    text = "echo one > a; echo two > b; printf 'no end'"
    for worker, actions in ((True, ["ran", "ran"]), (False, ["answered", "answered"])):
        task, files, second = command(session, text, "a", "b", worker=worker)
        assert (task.output, second.output, session.actions()) == ("no end", "one\ntwo\n", actions)
    assert session.managers[0].__dict__.get("_taskvine") is None
    # Made again where somebody asks for one of them; nothing of the telling is in it.
    session.worker(session.managers[0])
    session.managers[0].fetch_file(files[1])
    assert files[1].contents() == b"two\n"
    assert session.managers[0].empty()
    # What one of them holds counts, not which command has made it.
    _, _, second = command(session, text + " ; true", "a", "b", worker=True)
    session.actions()
    _, _, second = command(session, text + " ; true", "a", "b", worker=False)
    assert session.actions() == ["answered", "answered"]


def test_a_command_that_gives_something_else_is_told_and_what_reads_it_runs(session):
    text = "od -An -N8 -tx8 /dev/urandom > m"
    _, _, second = command(session, text, "m", worker=True)
    drawn = second.output
    _, _, second = command(session, text, "m", worker=False)
    assert second.output == drawn
    session.actions()
    _, _, second = command(session, text, "m", worker=True, follow="cat m; true")
    told = [event.reasons for event in session.door.take_events() if event.action == "ran"]
    assert second.output != drawn
    assert told == [("it gave something else than its record: what was answered before rests on that",), ()]


@pytest.mark.parametrize(
    ("text", "names"),
    [("mkdir m", ["m"]), ("echo data > m; exit 3", ["m"]), ("echo data > m; touch x", ["m", "y"])],
)
def test_what_can_not_be_told_is_not_recorded(session, text, names):
    manager = session.manager()
    session.worker(manager)
    task = session.vine.Task(text)
    for name in names:
        task.add_output(manager.declare_temp(), name)
    manager.submit(task)
    session.collect(manager)
    assert (task.output or "") == ""
    assert session.door.take_events()[0].reasons != ()
    assert not session.store.tasks.any()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("a '\"\\$`;&|(){}<>#*\n\x1eé", max_size=12), min_size=3, max_size=3), st.integers(0, 200))
def test_a_command_does_and_says_the_same(texts, code):
    """In a shell as a worker runs it: what it prints, where, what it makes, and how it ends."""
    said, wrong, made = (shlex.quote(text) for text in texts)
    text = f"printf %s {said}; printf %s {wrong} >&2; printf %s {made} > 'the file'; exit {code}"
    ends = []
    for line in (text, commands.telling(text, ["the file"])):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["/bin/sh", "-c", line], cwd=folder, capture_output=True)
            with open(f"{folder}/the file", encoding="utf-8", newline="") as stream:
                ends.append((done, stream.read()))
    (plain, content), (told, same) = ends
    printed, found = commands.split_told(told.stdout.decode())
    assert (printed, told.stderr, told.returncode, same) == (plain.stdout.decode(), plain.stderr, code, content)
    assert [one.size for one in found] == ([] if code else [len(content.encode())])
