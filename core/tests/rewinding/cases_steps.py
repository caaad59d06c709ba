# ruff: noqa: E501
"""More than one step: rewinds after rewinds, branches, other kernels, failed cells, deletes, redefinitions."""

from .form import RESTART, Case

# fmt: off
CASES = [
    Case("rewind_twice", ["L = [1]"], ["L.append(2)", "%rewind before0", "L.append(3)"], "L", "L.append(4)", "L", why="each rewind goes to the same state"),
    Case("rewind_to_the_head", ["L = [1]", "M = L"], ["%rewind before1"], "(L, M is L)", "M.append(2)", "L", why="nothing is to be changed"),
    Case("branch_and_return", ["L = [1]; M = {'L': L}"], ["L.append(2)", "%rewind before0", "M['k'] = 1", "L.append(3)", "%rewind after0", "L.append(4)"], "(L, M, M['L'] is L)", "L.append(5)", "M", why="the branches change the same list each for itself"),
    Case("undo_and_redo", ["x = {'a': [1]}", "y = x['a']"], ["y.append(2)", "%rewind before1", "%rewind after0", "y.append(3)"], "(x, y is x['a'])", "y.append(9)", "x", why="forth and back again"),
    Case("back_beyond_and_forth", ["a = [1]", "b = [a]", "c = {'b': b}"], ["%rewind before0", "a.append(2)", "%rewind before1", "del a"], "(a, b, c, c['b'] is b, b[0] is a)", "a.append(7)", "c", why="a rewind forwards brings what came after"),
    Case("new_process", ["class A:\n    def __init__(s): s.v = [1]\na = A(); L = a.v\ndef f(): return L"], ["L.append(2)", RESTART], "(a.v is L, f() is L, L, type(a) is A)", "f().append(3)", "a.v", why="all is loaded into an empty kernel"),
    Case("new_process_then_on", ["import numpy as np\na = np.arange(4); v = a[1:]"], [RESTART, "%rewind before0", "v[0] = 9", "x = 1"], "(a.tolist(), np.shares_memory(a, v), 'x' in globals())", "a[1] = 5", "v.tolist()", why="the new kernel goes on, and back"),
    Case("two_new_processes", ["d = {'n': 0}", "d['n'] += 1"], [RESTART, "%rewind before1", "d['n'] += 10", RESTART, "%rewind after2", "d['n'] += 100"], "d", "d['n'] += 1", "d", why="the same history in three kernels"),
    Case("new_process_settings", ["import os, random, decimal\nos.environ['S1'] = 'v'; random.seed(4); random.random(); decimal.getcontext().prec = 6"], ["decimal.getcontext().prec = 9", RESTART], "(os.environ.get('S1'), decimal.getcontext().prec)", "r = random.random()", "r", why="settings come to the new kernel, too"),
    Case("new_process_lost", ["g = (i for i in range(3)); x = [1]"], ["x.append(2)", RESTART], "x", why="a generator can't be brought into another process"),
    Case("new_process_after_failed_cell", ["x = [1]", "x.append(2); undefined"], ["x.append(3)", RESTART], "x", "x.append(9)", "x", why="what the failed cell did until then counts"),
    Case("failed_cell_as_target", ["x = [1]", "x.append(2); y = x; 1 / 0; z = 1"], ["y.append(3); z = 2"], "(x, y is x, 'z' in globals())", "y.append(4)", "x", why="what the failed cell did until then counts"),
    Case("failed_cells_between", ["x = [1]"], ["x.append(2); 1 / 0", "x = = 1", "del x; raise KeyError"], "x", "x.append(5)", "x", why="failed cells change things, too"),
    Case("interrupted_cell_between", ["x = [1]"], ["x.append(2); raise KeyboardInterrupt"], "x", why="an interrupt in the middle of a cell"),
    Case("exit_raised_between", ["x = [1]"], ["x.append(2); raise SystemExit"], "x", why="a cell that leaves by SystemExit"),
    Case("class_redefined_twice", ["class P:\n    v = 1\np = P()"], ["class P:\n    v = 2\nq = P()", "class P:\n    v = 3", "%rewind after0", "p.w = 1"], "(P.v, p.v, type(p) is P, hasattr(p, 'w'), 'q' in globals())", "r = P()", "type(r) is type(p)", why="three classes have had one name"),
    Case("old_instance_of_old_class", ["class P:\n    v = 1\np = P()", "class P:\n    v = 2", "q = P()"], ["p = q", "%rewind before1", "q = 5"], "(p.v, q.v, type(p) is P, type(q) is P)", "p.u = 1", "hasattr(q, 'u')", why="p is of the class that is gone from its name"),
    Case("function_redefined_users_rebound", ["def f(): return 1\ndef g(): return f() + 1\nh = [f]"], ["def f(): return 10", "g2 = g; h.append(f)", "%rewind after0", "del g"], "(f(), g(), h[0] is f, len(h))", "def f(): return 100", "(g(), h[0]())", why="g finds f by its name, h holds the object"),
    Case("subclass_of_redefined", ["class A: v = 1", "class B(A): pass\nb = B()", "class A: v = 2"], ["class B(A): pass", "b = B()"], "(b.v, B().v, isinstance(b, A), isinstance(b, B), A.v)", "B.v = 7", "b.v", why="B was made from the first A"),
    Case("deletes_undone", ["a = [1]; b = a; c = (a,)"], ["del a", "del b, c", "a = 'new'"], "(a, b is a, c[0] is a)", "b.append(2)", "c", why="the names were there"),
    Case("delete_redone", ["a = [1]; b = a", "del a"], ["a = [b]", "b.append(a)"], "('a' in globals(), b)", "b.append(1)", "b", why="the name was gone"),
    Case("delete_and_recreate_equal", ["a = [1]; b = a"], ["a = [1]"], "a is b", "a.append(2)", "b", why="an equal list is another list"),
    Case("alias_cut_and_joined", ["a = [1]; b = [1]"], ["b = a", "b.append(2)", "a = a.copy()"], "(a, b, a is b)", "a.append(5)", "(a, b)", why="there were two lists"),
    Case("import_over", ["x = 1"], ["import numpy as np\ny = np.arange(3)", "%rewind before0", "y = 5"], "('np' in globals(), 'y' in globals(), x)", "import numpy as np", "np.arange(2).tolist()", why="imported later"),
    Case("import_deleted", ["import json\nx = json.dumps"], ["del json", "x = None"], "(json.dumps is x, json.loads('[1]'))", why="the module had a name"),
    Case("settings_and_branch", ["import os\nos.environ['BR'] = '0'"], ["os.environ['BR'] = '1'", "%rewind before0", "os.environ['BR2'] = 'x'", "%rewind after0"], "(os.environ.get('BR'), os.environ.get('BR2'))", "os.environ['BR'] += 'z'", "os.environ['BR']", why="each branch has its environment"),
    Case("random_repeats_on_branches", ["import random\nrandom.seed(9)"], ["a = random.random()", "%rewind before0", "b = [random.random() for _ in range(3)]", "%rewind after0"], "'b' in globals()", "r = (random.random(), random.random())", "r", why="the generator stands where it stood"),
    Case("lost_then_given_up", ["import threading\nt = threading.local(); x = [1]"], ["del t", "%rewind before0", "x.append(2)"], "x", lost="t", why="a refused rewind changes nothing, and the next one says the same"),
    Case("kept_object_keeps_identity", ["a = [1]; b = [2]", "i = id(a)"], ["b.append(3)"], "(id(a) == i, b)", why="what did not change stays the same object"),
    Case("same_text_run_again", ["n = [0]", "n.append(len(n))"], ["n.append(len(n))", "n.append(len(n))", "%rewind before0", "n.append(len(n))"], "n", "n.append(len(n))", "n", why="the same text makes another state each time"),
    Case("cell_id_run_again", ["v = [1]"], ["%rewind before0", "v.append(2)", "%rewind before0", "v.append(3)", "%rewind after1"], "v", "v.append(4)", "v", why="forth and back on two branches"),
    Case("magics_between", ["a = [1]"], ["%time a.append(2)", "%%capture\na.append(3)", "%timeit -n1 -r1 a.append(4)", "%prun -q a.append(5)"], "a", "a.append(9)", "a", why="magics run code"),
    Case("loop_variables_and_walrus", ["x = 1"], ["for i, (j, k) in enumerate([(1, 2)]): pass\nwith open('wv', 'w') as fh: pass\nif (w := 5): pass\ntry: 1 / 0\nexcept ZeroDivisionError as e: saved = str(e)"], "[n in globals() for n in ('i', 'j', 'k', 'fh', 'w', 'e', 'saved')]", "i = 'mine'", "i", why="all these names were bound later"),
    Case("function_writes_globals", ["c = 0\ndef inc():\n    global c, made\n    c += 1; made = [c]"], ["inc(); inc()", "%rewind before0", "inc()"], "(c, 'made' in globals())", "inc()", "(c, made)", why="the function writes into the live namespace"),
    Case("nested_function_globals_after_restart", ["k = 1\ndef outer():\n    def inner(): return k\n    return inner\nf = outer()"], ["k = 2", RESTART], "f()", "k = 50", "(f(), f.__globals__ is globals())", why="the inner function looks k up in the live namespace"),
    Case("silent_change_between", ["d = {'a': 1}"], ["get_ipython().user_ns['d']['a'] = 2", "exec(\"globals()['d']['b'] = 3\")"], "d", "d['z'] = 0", "d", why="changed through the namespace itself"),
    Case("shared_state_of_two_instances", ["class A:\n    def __init__(s, box): s.box = box\nbox = []; a, b = A(box), A(box)"], ["a.box.append(1)", "b.box = []", "%rewind after0", "b.box.append(2)"], "(a.box is b.box, box, a.box is box)", "b.box.append(7)", "(a.box, box)", why="two objects share a list"),
    Case("history_with_label", ["L = [1]"], ["%checkpoint here", "L.append(2)", "%rewind here", "L.append(3)"], "L", why="a label is another word for the checkpoint"),
    Case("large_and_small_mixed", ["import numpy as np\nbig = np.zeros(1_000_000); small = [1]; view = big[500_000:]"], ["view[0] = 1; small.append(2)", "big[-1] = 5", "%rewind after0", "small.clear()"], "(big.sum().item(), view.sum().item(), small, view.base is big)", "view[1] = 3", "big.sum().item()", why="one element of a large array"),
    Case("empty_cells_and_comments", ["a = [1]"], ["", "# nothing", "a.append(2)", "pass"], "a", why="cells without code"),
]
# fmt: on
