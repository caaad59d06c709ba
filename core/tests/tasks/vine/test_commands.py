"""Commands and files as tasks. With a real manager and a real worker."""

from __future__ import annotations

import os
import tarfile
from functools import partial

import pytest
from tasks.programs import cell

from nbrewind.tasks import Policies

cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with TaskVine")


def again(session, submit, *, worker):
    """Begin a session, submit what ``submit(manager)`` makes, and return the tasks in the order of their submission."""
    session.begin()
    manager = session.manager()
    if worker:
        session.worker(manager)
    tasks = submit(manager)
    for task in tasks:
        manager.submit(task)
    back = session.collect(manager)
    assert sorted(task.id for task in back) == [task.id for task in tasks]
    assert all(task.successful() for task in tasks), [(task.result, task.std_output) for task in tasks]
    return tasks


def opened(session):
    """Whether the session's manager has opened a socket."""
    return session.managers[0].__dict__.get("_taskvine") is not None


def write(folder, **files):
    for name, text in files.items():
        (folder / name).write_text(text)


def test_a_command_is_answered_and_another_runs(session):
    def submit(command):
        return lambda manager: [session.vine.Task(command)]

    (task,) = again(session, submit("echo one"), worker=True)
    assert (task.output, task.std_output, task.exit_code) == ("one\n", "one\n", 0)
    (task,) = again(session, submit("echo one"), worker=False)
    assert (task.output, session.actions(), opened(session)) == ("one\n", ["answered"], False)
    (task,) = again(session, submit("echo two"), worker=True)
    assert (task.output, session.actions()) == ("two\n", ["ran"])


def test_swapped_inputs_are_another_task(session, tmp_path):
    write(tmp_path, one="1\n", two="2\n")

    def submit(first, second):
        def make(manager):
            task = session.vine.Task("cat a b")
            task.add_input(manager.declare_file(str(tmp_path / first)), "a")
            task.add_input(manager.declare_file(str(tmp_path / second)), "b")
            return [task]

        return make

    assert again(session, submit("one", "two"), worker=True)[0].output == "1\n2\n"
    assert again(session, submit("two", "one"), worker=True)[0].output == "2\n1\n"
    assert again(session, submit("one", "two"), worker=False)[0].output == "1\n2\n"
    assert not opened(session)
    write(tmp_path, two="3\n")
    assert again(session, submit("one", "two"), worker=True)[0].output == "1\n3\n"


def test_another_environment_is_another_task(session):
    def submit(value):
        def make(manager):
            task = session.vine.Task("echo $X")
            task.set_env_var("X", value)
            return [task]

        return make

    assert again(session, submit("1"), worker=True)[0].output == "1\n"
    assert again(session, submit("2"), worker=True)[0].output == "2\n"
    assert again(session, submit("1"), worker=False)[0].output == "1\n"


@pytest.mark.parametrize("damage", ["", "gone", "other"])
def test_a_file_that_a_task_made_is_there_again(session, tmp_path, damage):
    write(tmp_path, data="b\na\n")

    def submit(manager):
        task = session.vine.Task("sort data > sorted && mkdir -p all && cp sorted all/")
        task.add_input(manager.declare_file("data"), "data")
        task.add_output(manager.declare_file("out/sorted"), "sorted")
        task.add_output(manager.declare_file("all"), "all")
        return [task]

    again(session, submit, worker=True)
    made = tmp_path / "out" / "sorted"
    assert made.read_text() == "a\nb\n"
    if damage == "gone":
        made.unlink()
        (tmp_path / "all" / "sorted").unlink()
    elif damage:
        made.write_text("of somebody else")
    again(session, submit, worker=False)
    assert made.read_text() == (tmp_path / "all" / "sorted").read_text() == "a\nb\n"
    assert not opened(session)


def test_a_record_whose_content_is_gone_or_damaged_does_not_answer(session, tmp_path):
    """TaskVine's own cache then takes what the task printed for its output, and calls it successful."""
    namespace = cell("def f(n): return bytes(range(256)) * n")

    def submit(manager):
        return [session.vine.PythonTask(namespace["f"], 20_000)]

    (task,) = again(session, submit, worker=True)
    whole = task.output
    session.memo.flush()
    blobs = [path for path in (session.store.directory / "blobs").rglob("*") if path.is_file()]
    assert blobs
    for path in blobs:
        path.chmod(0o600)
        path.write_bytes(b"x" * path.stat().st_size)
    (task,) = again(session, submit, worker=True)
    assert (task.output, session.actions()[-1:]) == (whole, ["ran"])


def test_buffers_folders_and_minitasks_as_inputs(session, tmp_path):
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder", one="1\n")
    with tarfile.open(tmp_path / "packed.tar", "w") as tar:
        tar.add(tmp_path / "folder" / "one", "inside")

    def submit(text):
        def make(manager):
            task = session.vine.Task("cat buffer folder/* made; cat packed/inside")
            task.add_input(manager.declare_buffer(text), "buffer")
            task.add_input(manager.declare_file("folder"), "folder")
            mini = session.vine.Task("sort given > made")
            mini.add_input(manager.declare_buffer("z\ny\n"), "given")
            task.add_input(manager.declare_minitask(mini, "made"), "made")
            task.add_input(manager.declare_untar(manager.declare_file("packed.tar")), "packed")
            return [task]

        return make

    assert again(session, submit("text\n"), worker=True)[0].output == "text\n1\ny\nz\n1\n"
    assert again(session, submit("text\n"), worker=False)[0].output == "text\n1\ny\nz\n1\n"
    assert not opened(session)
    os.utime(tmp_path / "folder" / "one", (0, 0))
    assert again(session, submit("text\n"), worker=False)[0].output == "text\n1\ny\nz\n1\n"
    write(tmp_path / "folder", two="2\n")
    assert again(session, submit("text\n"), worker=True)[0].output == "text\n1\n2\ny\nz\n1\n"
    assert again(session, submit("other\n"), worker=True)[0].output == "other\n1\n2\ny\nz\n1\n"


def test_a_buffer_that_a_task_makes(session):
    made = []

    def submit(manager):
        task = session.vine.Task("echo made > out")
        buffer = manager.declare_buffer()
        task.add_output(buffer, "out")
        made.append(buffer)
        return [task]

    for worker in (True, False):
        again(session, submit, worker=worker)
        assert made[-1].contents() == b"made\n"
    assert not opened(session)


def chained(session, declare, last):
    """Return what makes two commands, ``last`` with the file that the one before it writes."""

    def make(manager):
        file = declare(manager)
        first, second = session.vine.Task("echo data > m"), session.vine.Task(last)
        first.add_output(file, "m")
        second.add_input(file, "m")
        return [first, second]

    return make


def test_a_chain_is_answered_before_its_inputs_exist(session, tmp_path):
    submit = partial(chained, session, lambda manager: manager.declare_file(str(tmp_path / "middle")))
    assert again(session, submit("cat m"), worker=True)[1].output == "data\n"
    (tmp_path / "middle").unlink()
    assert again(session, submit("cat m"), worker=False)[1].output == "data\n"
    (tmp_path / "middle").unlink()
    tasks = again(session, submit("cat m m"), worker=True)
    assert tasks[1].output == "data\ndata\n"
    assert session.actions()[-2:] == ["answered", "ran"]


def test_a_chain_whose_first_task_gives_something_else_is_not_answered(session, tmp_path):
    """Else what comes after it would be of what it made at another time."""

    def submit(manager):
        file = manager.declare_file(str(tmp_path / "middle"))
        first, second = session.vine.Task("od -An -N8 -tx8 /dev/urandom > m"), session.vine.Task("cat m")
        first.add_output(file, "m")
        second.add_input(file, "m")
        return [first, second]

    drawn = again(session, submit, worker=True)[1].output
    assert again(session, submit, worker=False)[1].output == drawn
    session.policies = Policies(marks={"subprocess": "run"})
    other = again(session, submit, worker=True)[1].output
    assert other == (tmp_path / "middle").read_text() != drawn
    session.policies = None
    assert again(session, submit, worker=False)[1].output == other


def test_a_changed_task_that_makes_the_same_leaves_what_needs_it_answered(session, tmp_path):
    def submit(command):
        def make(manager):
            file = manager.declare_file(str(tmp_path / "middle"))
            first, second = session.vine.Task(command), session.vine.Task("cat m")
            first.add_output(file, "m")
            second.add_input(file, "m")
            return [first, second]

        return make

    again(session, submit("echo data > m"), worker=True)
    again(session, submit("echo data | cat > m"), worker=True)
    assert session.actions() == ["ran", "ran"]  # what the first makes was not known in time
    again(session, submit("echo data | cat > m"), worker=False)
    assert session.actions() == ["answered", "answered"]


def test_what_needs_a_temporary_file_finds_it(session):
    submit = partial(chained, session, lambda manager: manager.declare_temp())
    assert again(session, submit("cat m"), worker=True)[1].output == "data\n"
    assert session.actions() == ["ran", "ran"]
    assert again(session, submit("cat m"), worker=False)[1].output == "data\n"
    assert session.actions() == ["answered", "answered"]
    assert again(session, submit("cat m m"), worker=True)[1].output == "data\ndata\n"
    assert session.actions() == ["answered", "ran", "ran"], "the first one is made again for the second"


def test_a_file_that_is_named_by_its_whole_path_counts(session, tmp_path):
    write(tmp_path, shared="1\n")

    def submit(manager):
        return [session.vine.Task(f"cat {tmp_path}/shared")]

    assert again(session, submit, worker=True)[0].output == "1\n"
    assert again(session, submit, worker=False)[0].output == "1\n"
    write(tmp_path, shared="2\n")
    assert again(session, submit, worker=True)[0].output == "2\n"


def test_files_are_those_of_the_working_directory(session, tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()
    write(tmp_path, data="above\n")
    write(tmp_path / "below", data="below\n")

    def submit(manager):
        task = session.vine.Task("cp given made; cat given")
        task.add_input(manager.declare_file("data"), "given")
        task.add_output(manager.declare_file("copy"), "made")
        return [task]

    assert again(session, submit, worker=True)[0].output == "above\n"
    monkeypatch.chdir(tmp_path / "below")
    assert again(session, submit, worker=True)[0].output == "below\n"
    (tmp_path / "below" / "copy").unlink()
    assert again(session, submit, worker=False)[0].output == "below\n"
    assert (tmp_path / "below" / "copy").read_text() == "below\n"


def test_what_a_function_returned_is_a_file_too(session):
    namespace = cell("def f(x): return [x] * 3")

    def submit(manager):
        return [session.vine.PythonTask(namespace["f"], 7)]

    for worker in (True, False):
        (task,) = again(session, submit, worker=worker)
        content = task.output_file.contents()
        assert content == cloudpickle.dumps([7] * 3)
        assert task.output_file.contents(cloudpickle.load) == [7] * 3
    reader = session.vine.PythonTask(cell("def g():\n    with open('given', 'rb') as f: return len(f.read())")["g"])
    reader.add_input(task.output_file, "given")
    manager = session.managers[0]
    session.worker(manager)
    manager.submit(reader)
    assert [back.output for back in session.collect(manager)] == [len(content)]


def test_a_failure_of_the_door_is_none_of_the_tasks(session, monkeypatch):
    """Its own code raises: the tasks run as without it."""
    namespace = cell("def f(x): return [x] * 3")

    def fails(*_, **__):
        raise RuntimeError("broken")

    for owner, name in ((session.door.task_keys, "of_function"), (session.memo, "record")):
        monkeypatch.setattr(owner, name, fails)
        manager = session.manager()
        session.worker(manager)
        manager.submit(session.vine.PythonTask(namespace["f"], 7))
        assert [task.output for task in session.collect(manager)] == [[7] * 3]
        monkeypatch.undo()
        (event,) = session.door.take_events()
        assert event.action == "ran" and "broken" in event.reasons[0]


def test_an_input_that_changes_while_its_task_waits_makes_no_record(session, tmp_path):
    write(tmp_path, data="1\n")

    def submit(change):
        def make(manager):
            task = session.vine.Task("cat data")
            task.add_input(manager.declare_file("data"), "data")
            number = manager.submit(task)
            if change:
                write(tmp_path, data="2\n")
            session.worker(manager)
            (back,) = session.collect(manager)
            assert back.id == number
            return back.output

        return make

    session.begin()
    assert submit(True)(session.manager()) == "2\n"
    write(tmp_path, data="1\n")
    session.begin()
    assert submit(False)(session.manager()) == "1\n"


def test_files_that_a_function_reads_and_writes_unasked(session, tmp_path):
    """A read counts as it was seen; what is written elsewhere would be missing, so such a task always runs."""
    write(tmp_path, shared="1")
    namespace = cell(
        "def read(place):\n    with open('/'.join(place) + '/shared') as f: return f.read()\n"
        "def write(place):\n    with open('/'.join(place) + '/written', 'w') as f: f.write('x')\n"
    )
    place = str(tmp_path).split("/")  # no argument names the folder

    def submit(name):
        return lambda manager: [session.vine.PythonTask(namespace[name], place)]

    assert again(session, submit("read"), worker=True)[0].output == "1"
    assert again(session, submit("read"), worker=False)[0].output == "1"
    write(tmp_path, shared="2")
    assert again(session, submit("read"), worker=True)[0].output == "2"
    again(session, submit("write"), worker=True)
    (tmp_path / "written").unlink()
    session.actions()
    again(session, submit("write"), worker=True)
    events = session.door.take_events()
    assert (tmp_path / "written").read_text() == "x"
    assert events[0].action == "ran" and "which is no output" in events[0].reasons[0]


def test_libraries_that_a_function_loads_are_no_obstacle(session, tmp_path):
    write(tmp_path, data="1 2\n3 4\n")
    namespace = cell(
        "import pandas as pd\ndef total():\n    return float(pd.read_csv('given', sep=' ', header=None).sum().sum())"
    )

    def submit(manager):
        task = session.vine.PythonTask(namespace["total"])
        task.add_input(manager.declare_file("data"), "given")
        return [task]

    assert again(session, submit, worker=True)[0].output == 10
    assert again(session, submit, worker=False)[0].output == 10


def test_a_library_that_starts_a_program_unasked_is_not_recorded(session):
    """`ctypes.util` asks a program; the code that calls it tells nothing of that."""
    namespace = cell("import ctypes.util\ndef find(name): return ctypes.util.find_library(name) is None")

    def submit(manager):
        return [session.vine.PythonTask(namespace["find"], "no-such-library")]

    for _ in range(2):
        again(session, submit, worker=True)
        (event,) = session.door.take_events()
        assert event.action == "ran" and "is not recorded (" in event.reasons[0]


def test_data_beside_modules_are_no_modules(session, tmp_path, monkeypatch):
    """Where a worker looks for modules, files of data may lie, too."""
    write(tmp_path, shared="1", here_too="")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    namespace = cell("def read(place):\n    with open('/'.join(place) + '/shared') as f: return f.read()")

    def submit(manager):
        return [session.vine.PythonTask(namespace["read"], str(tmp_path).split("/"))]

    assert again(session, submit, worker=True)[0].output == "1"
    assert again(session, submit, worker=False)[0].output == "1"
    write(tmp_path, shared="2")
    assert again(session, submit, worker=True)[0].output == "2"


def test_a_function_with_declared_files(session, tmp_path):
    write(tmp_path, data="1,2")
    namespace = cell(
        "def total():\n"
        "    with open('given') as f: numbers = [int(n) for n in f.read().split(',')]\n"
        "    with open('told', 'w') as f: f.write(str(numbers))\n"
        "    return sum(numbers)"
    )

    def submit(manager):
        task = session.vine.PythonTask(namespace["total"])
        task.add_input(manager.declare_file("data"), "given")
        task.add_output(manager.declare_file("told"), "told")
        return [task]

    assert again(session, submit, worker=True)[0].output == 3
    (tmp_path / "told").unlink()
    assert again(session, submit, worker=False)[0].output == 3
    assert (tmp_path / "told").read_text() == "[1, 2]"
    write(tmp_path, data="1,3")
    assert again(session, submit, worker=True)[0].output == 4
    assert (tmp_path / "told").read_text() == "[1, 3]"
