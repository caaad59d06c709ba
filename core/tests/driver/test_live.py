"""Plans in a kernel that somebody uses: exactly the fresh result, and a kernel that stays honest."""

from __future__ import annotations

import threading
import time

import pytest
from driver_live_tools import Desk, full


@pytest.fixture
def desk(kernel, notebook_path, store):
    """Make a desk of sources."""
    return lambda *sources: Desk(kernel, notebook_path, store, list(sources))


CHAIN = ("x = [1]", "y = [n + 1 for n in x]", "z = 10", "print(y, z)")


def test_after_an_edit_only_what_the_target_needs_runs(desk):
    work = desk(*CHAIN)
    work.run()
    work.edit(0, "x = [5]")
    work.edit(2, "z = 20")
    ending, ran = work.bring("cell", "c1")
    assert (ending.state, ran) == ("done", ["c0", "c1"])
    assert work.value("(x, y, z)") == ([5], [6], 10)
    ending, ran = work.bring("cell", "c3")
    assert (ending.state, ran) == ("done", ["c2", "c3"])
    assert work.shows(3) == "[6] 20\n"
    assert set(work.states().values()) == {"fresh"}
    assert not [run for run in work.index.runs() if not run.cell], "no change between cells was seen"


@pytest.mark.parametrize(
    ("number", "source", "expected"),
    [
        (0, "x = [7]", ["c0", "c1", "c3"]),
        (1, "y = [n + 2 for n in x]", ["c1", "c3"]),
        (3, "print(y, z, 'end')", ["c3"]),
        (0, "x = list((1,))", ["c0"]),
    ],
)
def test_editing_any_cell_then_bringing_the_last_up_to_date(desk, kernels, number, source, expected):
    work = desk(*CHAIN)
    work.run()
    work.edit(number, source)
    ending, ran = work.bring("cell", "c3")
    assert (ending.state, ran) == ("done", expected)
    other = kernels.take()
    assert work.shows(3) == full(other, [cell.source for cell in work.cells])[3]


def test_a_cell_that_overwrites_what_it_reads_gets_the_older_value_back(desk):
    work = desk("df = [3, 1, 2]", "df = sorted(df)", "print(df)")
    work.run()
    work.edit(1, "df = sorted(df)[::-1]")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c1", "c2"], "[3, 2, 1]\n")
    work.edit(1, "df = df + [9]")
    work.bring("cell", "c2")
    assert work.shows(2) == "[3, 1, 2, 9]\n"
    assert work.value("df") == [3, 1, 2, 9]
    assert "var:df" in {entry.key for entry in work.records.last_run("c1").inputs}
    seen = {entry.key: entry.run for entry in work.records.last_run("c1").inputs}
    assert seen["var:df"] == work.index.runs("c0")[0].id


def test_changes_in_place_are_not_made_twice(desk):
    work = desk("a = [1]", "a.append(2)", "print(a)", "b = a", "b.append(3)")
    work.run()
    work.edit(1, "a.append(20)")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c1", "c2"], "[1, 20]\n")
    assert work.value("(a, b)") == ([1, 20], [1, 2, 3]), "b is still that of the cell below"
    work.bring("all")
    assert work.value("(a, b, a is b)") == ([1, 20, 3], [1, 20, 3], True)


def test_names_of_cells_below_are_still_there_and_the_same_objects(desk):
    work = desk("x = 1", "print(x)", "x = 2\nbig = [0]", "fn = lambda: x")
    work.run()
    before = work.value("(id(big), id(fn))")
    work.edit(1, "print(x, 'again')")
    _, ran = work.bring("cell", "c1")
    assert (ran, work.shows(1)) == (["c1"], "1 again\n")
    assert work.value("(x, id(big), id(fn), fn())") == (2, *before, 2)


def test_names_of_cells_below_are_not_visible_in_cells_above(desk):
    work = desk("try: print(cfg)\nexcept NameError: print('none')", "cfg = 5", "print('cfg' in globals())")
    work.run()
    work.edit(0, "try: print('got', cfg)\nexcept NameError: print('nothing')")
    ending, ran = work.bring("cell", "c0")
    assert (ending.state, ran, work.shows(0)) == ("done", ["c0"], "nothing\n")
    assert work.value("cfg") == 5


def test_an_opaque_cell_sees_all_names_of_the_cells_above_and_no_others(desk):
    own = "print(sorted(n for n in globals() if len(n) == 1 and n != '_'))"
    work = desk("a = 1\nb = 2", own, "c = 3\ndel a")
    work.run()
    work.edit(1, own + "\nexec('d = b')")
    ending, ran = work.bring("cell", "c1")
    assert (ending.state, ran, work.shows(1)) == ("done", ["c1"], "['a', 'b']\n")
    assert work.value("(b, c, d, 'a' in globals())") == (2, 3, 2, False)


def test_seeds_draw_as_in_a_full_run(desk, kernels):
    work = desk(
        "import random\nimport os", "random.seed(1)", "p = random.random()", "print(random.random())",
        "random.seed(9)\nos.environ['E'] = '1'", "q = random.random()",
    )  # fmt: skip
    work.run()
    work.edit(3, "print(random.random(), os.environ.get('E'))")
    ending, ran = work.bring("cell", "c3")
    assert (ending.state, ran) == ("done", ["c3"])
    assert work.shows(3) == full(kernels.take(), [cell.source for cell in work.cells])[3]
    assert work.value("os.environ.get('E')") == "1"


def test_after_a_restart_values_are_loaded_and_nothing_runs(desk, kernels, notebook_path, store_path, tmp_path):
    work = desk("import json", "x = {'k': [1]}", "y = x['k']", "print(y)")
    work.run()
    other = kernels.take()
    other.run(f"import os as _o; _o.chdir({str(tmp_path)!r}); del _o", silent=True)
    work.session = other.attach(notebook_path, store_path)["session"]
    work.kernel = other
    assert set(work.in_kernel().values()) == {"no"}
    ending, ran = work.bring("all")
    assert (ending.state, ran) == ("done", [])
    assert work.value("(x, y is x['k'], json.dumps(y))") == ({"k": [1]}, True, "[1]")
    assert {work.in_kernel()[cell] for cell in ("c0", "c1", "c2", "c3")} == {"restored"}
    work.edit(3, "print(y, json.dumps(x))")
    ending, ran = work.bring("cell", "c3")
    assert (ran, work.shows(3)) == (["c0", "c3"], '[1] {"k": [1]}\n')


def test_when_the_user_runs_something_in_between_the_plan_stops(desk):
    work = desk("x = 1", "y = x", "print(y)")
    work.run()
    work.edit(0, "x = 2")

    def meddle(plan, progress):
        if progress.state == "done" and progress.step.cell == "c0":
            work.kernel.run("mine = 5", cell="scratch")

    ending, _ = work.bring("all", between=meddle)
    assert ending.state == "stopped" and "something else ran" in ending.reason.lower()
    assert [one.step.cell for one in work.progress if one.state == "left"] == ["c1", "c2"]
    assert work.value("(x, y, mine)") == (2, 1, 5)


@pytest.mark.parametrize(("seconds", "made"), [(0, {1, 2}), (0.25, {2})])
def test_a_cell_of_the_user_in_the_queue_runs_in_their_own_state(desk, seconds, made):
    work = desk("import time\nx = 1", "time.sleep(0.5)\nt = x", "x = 50", "w = t")
    work.run()
    work.edit(1, "time.sleep(0.5)\nt = x + 1")
    work.edit(3, "w = t * 2")

    def meddle(plan, progress):
        if progress.state != "running" or progress.step.cell != "c1":
            return
        if seconds:  # it comes to wait behind the plan's cell
            threading.Timer(seconds, work.kernel.send, ("saw = x",), {"cell": "scratch"}).start()
        else:  # it comes before, and the plan's cell does nothing; or, by another socket, right behind it
            work.kernel.send("saw = x", cell="scratch")

    ending, _ = work.bring("cell", "c3", between=meddle)
    assert ending.state == "stopped"
    saw, t, x = work.value("(saw, t, x)")
    assert (saw, x) == (50, 50) and t in made


def test_it_stops_at_the_first_error_unless_the_cell_is_tagged(desk):
    work = desk("x = 1", "print(x)", "print(x, 2)")
    work.run()
    work.edit(0, "x = 2")
    work.edit(1, "x.nothing")
    ending, ran = work.bring("all")
    assert (ending.state, ran) == ("failed", ["c0", "c1"])
    assert "cell 2 ended with AttributeError" in ending.reason.replace("Cell", "cell")
    assert [(one.step.cell, one.state) for one in work.progress][-2:] == [("c1", "failed"), ("c2", "left")]
    work.edit(1, "x.nothing", tags=("raises-exception",))
    ending, ran = work.bring("all")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c1", "c2"], "2 2\n")


def test_cancelling_and_interrupting_ends_the_plan(desk):
    work = desk("import time\nx = 1\nkeep = [1]", "print(x)")
    work.run()
    work.edit(1, "try: keep\nexcept NameError: pass\nx = 2\ntime.sleep(30)")
    work.insert(2, "c2", "after = 1")

    def stop(plan, progress):
        if progress.state == "running":
            plan.cancel()
            threading.Timer(0.7, work.kernel.manager.interrupt_kernel).start()

    ending, _ = work.bring("all", between=stop)
    assert ending.state == "cancelled"
    assert work.value("(x, keep, 'after' in globals())") == (2, [1], False)


def test_pinned_cells_never_run(desk):
    work = desk("x = 1", "print('costly', x)", "print('new')")
    work.run(0, 1)
    work.edit(0, "x = 2")
    work.edit(1, "print('costly', x)", policy="pinned")
    plan = work.plan("all")
    assert "pinned" in plan.notes["c1"]
    ending, ran = work.bring("all")
    assert (ending.state, ran) == ("done", ["c0", "c2"])
    work.edit(2, "print('newer')", policy="pinned")
    ending, ran = work.bring("all")
    assert (ending.state, ran) == ("stopped", [])
    assert "run it yourself" in ending.reason


def test_a_plan_tells_which_files_it_will_leave_as_they_are(desk):
    work = desk("open('a.txt', 'w').write('made')", "open('b.txt', 'w').write('made')", "print(open('a.txt').read())")
    work.run()
    folder = work.path.parent
    (folder / "a.txt").write_text("mine")
    (folder / "b.txt").unlink()
    work.edit(2, "print(open('a.txt').read(), 1)")
    plan = work.plan("all")
    assert plan.notes.keys() & {"c0", "c1"} == {"c0"}, "the other one can be put back"
    assert plan.notes["c0"] == "a.txt differs from what the notebook wrote and is not recorded: left as it is"
    ending, ran = work.bring("all")
    assert (ending.state, ran) == ("failed", []) and "move it away" in ending.reason
    assert (folder / "a.txt").read_text() == "mine"
    (folder / "a.txt").unlink()
    assert "c0" not in work.plan("all").notes
    ending, ran = work.bring("all")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c2"], "made 1\n")


def test_cells_that_ask_for_input_are_left_to_the_user(desk):
    work = desk("x = 1", "name = input('who?')", "print(name)")
    work.run(0)
    assert "asks for input" in work.plan("all").notes["c1"]
    ending, ran = work.bring("all")
    assert ending.state == "stopped" and "run it yourself" in ending.reason
    assert ran == []


def test_what_can_not_be_loaded_is_kept_alive_or_made_again(desk):
    work = desk("it = (n for n in [1, 2, 3])", "first = next(it)", "print(next(it))", "it = None")
    work.run(0, 1)
    work.edit(2, "print('second', next(it))")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c2"], "second 2\n")
    work.run(3)
    work.edit(2, "print('again', next(it))")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c0", "c1", "c2"], "again 2\n")
    assert work.value("first") == 1


def test_cells_that_use_a_module_of_the_user_s_meet_what_it_held_at_their_place(desk, notebook_path):
    notebook_path.with_name("nbr_live.py").write_text("reg = []\ndef add(x): reg.append(x)\n")
    work = desk("import nbr_live", "nbr_live.add(1)", "print(nbr_live.reg)", "nbr_live.add(5)")
    work.run()
    work.edit(2, "print('now', nbr_live.reg)")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c1", "c2"], "now [1]\n")
    work.run(3, 0)  # the module is loaded: the import does nothing
    work.edit(2, "print('again', nbr_live.reg)")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c1", "c2"], "again [1]\n")


def test_classes_and_their_objects_stay_together(desk):
    work = desk(
        "class P:\n    def __init__(self, n): self.n = n\n    def double(self): return self.n * 2",
        "p = P(3)", "print(p.double())",
        "class P:\n    def __init__(self, n): self.n = n\n    def double(self): return self.n * 200",
        "q = P(5)",
    )  # fmt: skip
    work.run()
    work.edit(2, "print(p.double(), type(p) is P)\nr = [p]")
    ending, _ = work.bring("cell", "c2")
    assert (ending.state, work.shows(2)) == ("done", "6 True\n")
    assert work.value("(r[0].double(), r[0] is p)") == (6, True)
    assert work.value("q.double()") == 1000


def test_affected_runs_the_cell_in_any_case_and_what_reads_it(desk):
    work = desk("x = abs(1)", "y = x", "z = 3", "print(y)")
    work.run()
    assert [step.cell for step in work.plan("affected", "c0").steps if step.action == "run"] == ["c0", "c1", "c3"]
    ending, ran = work.bring("affected", "c0")
    assert (ending.state, ran) == ("done", ["c0"]), "an equal result spares the readers"
    work.edit(0, "x = 4")
    ending, ran = work.bring("affected", "c0")
    assert (ran, work.shows(3)) == (["c0", "c1", "c3"], "4\n")


def test_stale_runs_what_is_stale_and_cells_never_run_only_where_they_are_needed(desk):
    work = desk("x = 1", "u = 7", "print(x)", "print('never')")
    work.run(0, 2)
    assert work.plan("stale").blocked
    work.edit(2, "print(x, u)")
    ending, ran = work.bring("stale")
    assert (ending.state, ran, work.shows(2)) == ("done", ["c1", "c2"], "1 7\n")


def test_files_are_as_the_cells_above_wrote_them(desk, tmp_path):
    write = "with open('f.txt', 'w') as f: _n = f.write({!r})\ndel f, _n"
    work = desk(write.format("one"), "text = open('f.txt').read()", write.format("two"))
    work.run()
    work.edit(1, "text = open('f.txt').read() * 2")
    ending, ran = work.bring("cell", "c1")
    assert (ending.state, ran, work.value("text")) == ("done", ["c1"], "oneone")
    assert (tmp_path / "f.txt").read_text() == "two", "as before the plan"


def test_removed_files_folders_links_and_modes_are_as_the_cells_above_left_them(desk, notebook_path):
    write, remove = "_n = open({!r}, 'w').write('1')\ndel _n", "os.remove('a.txt')"
    made = "os.mkdir('d')\nos.symlink('b.txt', 'l.txt')"
    work = desk(
        "import os", write.format("a.txt"), write.format("b.txt"), remove, made, "os.chmod('b.txt', 0o600)", "look = 1",
        write.format("a.txt"), "os.rmdir('d')\nos.remove('l.txt')\nos.chmod('b.txt', 0o644)", "print('end')",
    )  # fmt: skip
    work.run()
    work.edit(6, "look = sorted(n for n in os.listdir() if n[0] in 'abdl'), oct(os.stat('b.txt').st_mode & 0o777)")
    ending, ran = work.bring("cell", "c6")
    assert (ending.state, ran, work.value("look")) == ("done", ["c6"], (["b.txt", "d", "l.txt"], "0o600"))
    folder = notebook_path.parent
    assert sorted(path.name for path in folder.iterdir() if path.name[0] in "abdl") == ["a.txt", "b.txt"], "as before"
    assert (folder / "a.txt").read_text() == "1" and (folder / "b.txt").stat().st_mode & 0o777 == 0o644


def test_files_that_a_step_writes_stay(desk, tmp_path):
    write = "with open('f.txt', 'w') as f: _n = f.write({!r})\ndel f, _n"
    work = desk(write.format("one"), "text = open('f.txt').read()\n" + write.format("two"), write.format("three"))
    work.run()
    work.edit(1, "text = open('f.txt').read() * 2\n" + write.format("four"))
    ending, ran = work.bring("cell", "c1")
    assert (ending.state, ran, work.value("text")) == ("done", ["c1"], "oneone")
    assert (tmp_path / "f.txt").read_text() == "four"


def test_nothing_is_lost_for_a_step_and_it_is_not_trusted(desk, notebook_path):
    file = notebook_path.parent / "a.txt"
    work = desk("import os", "if os.path.exists('a.txt'): os.remove('a.txt')", "x = 1", "print('end')")
    file.write_text("mine")
    work.run()
    file.write_text("mine")  # recorded nowhere: it would be lost
    work.edit(2, "x = os.path.exists('a.txt')")
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, ran) == ("failed", ["c2"]) and file.read_text() == "mine"
    assert "can't be trusted: it reads a.txt, which is not as a cell above leaves it" in ending.reason
    file.unlink()
    ending, ran = work.bring("cell", "c2")
    assert (ending.state, work.value("x")) == ("done", False)


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_a_cell_runs_again_from_which_a_later_step_takes_a_file(desk, notebook_path, seconds):
    """``seconds`` later its own run of before can answer."""
    file = notebook_path.parent / "a.txt"
    work = desk("import os", "if os.path.exists('a.txt'): os.remove('a.txt')", "x = 1", "print('end')")
    file.write_text("one")
    work.run()
    file.write_text("other")  # so the cell that removes it has to run; only what comes after shows for whom
    work.edit(2, "x = os.path.exists('a.txt')")
    ending, ran = work.bring("cell", "c2", between=lambda _, progress: time.sleep(seconds * (progress.state == "done")))
    assert (ending.state, ran[-1], work.value("x")) == ("done", "c2", False)


def test_the_preview_says_what_is_saved_and_which_step_does_what(desk):
    work = desk("import time\na = 1", "time.sleep(0.3)\nb = [a]", "b.append(2)", "print(b)")
    work.run()
    work.edit(2, "b.append(3)")
    plan = work.plan("cell", "c3")
    assert [(step.cell, step.action) for step in plan.steps] == [("c1", "load"), ("c2", "run"), ("c3", "run")]
    assert plan.saved >= 0.3
    assert plan.steps[0].reason == "a later step needs its values"


def test_an_interrupt_that_costs_the_reply_ends_the_plan(desk):
    """It hits the kernel between taking up the request and running the cell: ipykernel never replies then."""
    work = desk("a = 1", "b = a + 1")
    work.run(0)
    work.kernel.run(
        "def take_up(stream, ident, parent, kernel=get_ipython().kernel):\n"
        "    if parent['content']['silent']:\n"
        "        return kernel.execute_request(stream, ident, parent)\n"
        "    kernel.shell_handlers['execute_request'] = kernel.execute_request\n"
        "    raise KeyboardInterrupt\n"
        "get_ipython().kernel.shell_handlers['execute_request'] = take_up",
        cell="setup",
    )
    ending, _ = work.bring("cell", "c1")
    assert ending.state == "stopped" and "interrupted" in ending.reason
    assert work.bring("cell", "c1")[0].state == "done"


def test_who_binds_a_name_anew_beside_others_of_its_object(desk):
    """The second run of the third cell meets no sharing and leaves `b` alone; in a new kernel it would not."""
    work = desk("a = [1]", "b = a", "a = [2]", "a.append(3)", "print(b)", "print(a)")
    work.run()
    work.run()
    work.edit(2, "a = [2, 2]")
    ending, ran = work.bring("all")
    assert (ending.state, ran) == ("done", ["c2", "c3", "c5"])
    assert (work.shows(4), work.shows(5)) == ("[1]\n", "[2, 2, 3]\n")
    assert set(work.states().values()) == {"fresh"}


def test_what_refers_to_a_class_that_a_step_makes_anew_is_made_anew(desk, kernels):
    """No load gives a generator back, so the class is defined once more, and what holds the old one is not kept."""
    steps = "class C:\n    def __init__(self): self.g = (i for i in range(9))\n    def step(self): return next(self.g)"
    work = desk(f"{steps}\nc = C()", "c.step()", "d = C(); d.step()", "c.step()", "print(type(c) is C, type(d) is C)")
    work.run()
    work.edit(3, "None")
    ending, _ = work.bring("cell", "c4")
    assert ending.state == "done"
    assert work.shows(4) == full(kernels.take(), [cell.source for cell in work.cells])[4] == "True True\n"
