# ruff: noqa: E501
"""What modules of the user's own hold: changed by their functions and by cells, shared with variables, reloaded."""

import sys

from .form import RESTART, Case

UNWATCHED = "" if sys.version_info >= (3, 12) else "yes"
"""Where it is not seen which functions run, they count as using all that their modules hold."""
SETUP = "import sys; sys.path.insert(0, '.')\n"


def written(**files: str) -> str:
    """Return a cell that writes modules, and makes them importable."""
    lines = ["import os"]
    for name, text in files.items():
        path = name + ".py"
        lines += [
            f"os.makedirs(os.path.dirname({path!r}) or '.', exist_ok=True)",
            f"_ = open({path!r}, 'w').write({text!r})",
        ]
    return SETUP + "\n".join(lines)


LM = written(
    lm="reg = []\nn = 0\nnames = {}\ndef add(x):\n    global n\n    reg.append(x); n += 1\ndef get(): return list(reg), n\n"
)
PKG = written(
    **{"pkg/__init__": "from . import sub\nLEVEL = 1\n", "pkg/sub": "seen = {}\ndef put(k): seen[k] = len(seen)\n"}
)

# fmt: off
CASES = [
    Case("module_rebound_by_global", [LM, "import lm; lm.add(1)"], ["lm.add(2); lm.add(3)"], "lm.get()", "lm.add(9)", "(lm.get(), lm.n)", why="the names in the module, and its functions, see what was there"),
    Case("module_list_in_a_variable", [LM, "import lm; r = lm.reg"], ["lm.add(1); r.append(2)"], "(r, lm.reg, r is lm.reg)", "lm.add(5)", "(r, lm.reg)", why="the variable and the module share the list"),
    Case("module_list_from_import", [LM, "from lm import reg, add\nadd(0)"], ["add(1); reg.append(2)"], "(reg, add.__globals__['reg'] is reg)", "add(3)", "reg", why="the name is the module's list"),
    Case("module_list_in_an_object", [LM, "import lm\nclass Box: pass\nb = Box(); b.items = lm.reg"], ["b.items.append(1); del b"], "(b.items, b.items is lm.reg)", "lm.add(2)", "b.items", why="the object holds the module's list"),
    Case("variable_let_go_of_the_module_s", [LM, "import lm\nr = lm.reg"], ["r = [7]; lm.reg.append(1)"], "(r is lm.reg, lm.reg)", why="they shared the list"),
    Case("module_holds_a_variable_s", [LM, "import lm\nv = [1]; lm.reg = v"], ["lm.add(2); v = None; lm.reg = []"], "(v, lm.reg is v)", "lm.add(3)", "v", why="the module holds the variable's list"),
    Case("module_attribute_new", [LM, "import lm"], ["lm.extra = [1]; lm.n = 'n'"], "(hasattr(lm, 'extra'), lm.n)", why="there was no such attribute"),
    Case("module_attribute_deleted", [LM, "import lm; lm.add(4)"], ["del lm.reg; del lm.n"], "lm.get()", "lm.add(1)", "lm.get()", why="the attributes were there"),
    Case("module_not_yet_imported", [LM, "x = 1"], ["import lm\nlm.add(1)"], "('lm' in __import__('sys').modules, x)", "import lm; lm.add(2)", "lm.get()", why="the import runs the module anew"),
    Case("module_imported_in_a_function", [LM, "def use(x):\n    import lm\n    lm.add(x); return lm.get()"], ["use(1); use(2)"], "1", "r = use(3)", "r", why="the module was not loaded"),
    Case("module_without_data", [written(pure="print('loaded')\ndef f(): return 1\n"), "x = 1"], ["import pure"], "'pure' in __import__('sys').modules", why="it was not loaded"),
    Case("module_taken_out_of_the_table", [LM, "import lm; lm.add(1)"], ["import sys\ndel sys.modules['lm']; import lm; lm.add(5)"], "lm.get()", "import lm; lm.add(2)", "lm.get()", why="the state is that of the first load"),
    Case("module_reloaded", [LM, "import lm; lm.add(1)"], ["import importlib; importlib.reload(lm); lm.add(7)"], "lm.get()", "lm.add(2)", "lm.get()", why="a reload makes the data anew"),
    Case("module_in_another", [written(low="items = []\ndef put(x): items.append(x)\n", high="import low\nfrom low import items\ndef both(x): low.put(x); return items\n"), "import high; high.both(1)"], ["high.both(2)"], "(high.items, high.low.items is high.items)", "r = high.both(3)", "(r, high.low.items is r)", why="two modules share a list"),
    Case("module_of_a_package", [PKG, "import pkg; pkg.sub.put('a')"], ["pkg.sub.put('b'); pkg.LEVEL = 2; pkg.sub.seen['c'] = 5"], "(pkg.sub.seen, pkg.LEVEL)", "pkg.sub.put('d')", "pkg.sub.seen", why="the submodule's dictionary"),
    Case("module_of_a_package_not_yet", [written(**{"pkq/sub": "seen = {}\n", "pkq/other": "made = []\n"}), "import pkq.sub; pkq.sub.seen['a'] = 1"], ["import pkq.other; pkq.other.made.append(1); pkq.sub.seen['b'] = 2"], "(pkq.sub.seen, hasattr(pkq, 'other'))", "import pkq.other", "pkq.other.made", why="only one submodule was loaded"),
    Case("module_instance", [written(inst="class Bag:\n    def __init__(self): self.items = []\n    def put(self, x): self.items.append(x)\nbag = Bag()\nput = bag.put\n"), "import inst; inst.put(1)"], ["inst.put(2); inst.bag.put(3)"], "(inst.bag.items, type(inst.bag) is inst.Bag)", "inst.put(4)", "inst.bag.items", why="an object, and its method under another name"),
    Case("module_bound_method_of_a_list", [written(meth="reg = []\nadd = reg.append\n"), "import meth; meth.add(1)"], ["meth.add(2)"], "meth.reg", "meth.add(3)", "meth.reg", why="the method is that of the list"),
    Case("module_class_attribute", [written(cls="class Node:\n    made = []\n    count = 0\n    def __init__(self): Node.made.append(self); Node.count += 1\n"), "import cls; cls.Node()"], ["cls.Node(); cls.Node.extra = 1"], "(len(cls.Node.made), cls.Node.count, hasattr(cls.Node, 'extra'))", "cls.Node()", "(len(cls.Node.made), cls.Node.count)", why="the class keeps what was made of it"),
    Case("module_function_attribute", [written(fa="def f(): f.calls += 1\nf.calls = 0\n"), "import fa; fa.f()"], ["fa.f(); fa.f()"], "fa.f.calls", "fa.f()", "fa.f.calls", why="the function counts its calls"),
    Case("module_default", [written(de="def f(x, seen=[]): seen.append(x); return seen\nreg = f.__defaults__[0]\n"), "import de; de.f(1)"], ["de.f(2)"], "de.f.__defaults__[0]", "r = de.f(3)", "r", lost="de.reg", why="the function keeps the list as a default"),
    Case("module_data_frame", [written(fr="import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\n"), "import fr"], ["fr.df['b'] = 3; fr.df.loc[0, 'a'] = 9"], "fr.df.to_dict('list')", needs=("pandas",), why="the frame was another"),
    Case("module_lock_untouched", [written(lk="import threading, logging\nlock = threading.RLock(); log = logging.getLogger('lk'); reg = []\ndef add(x): reg.append(x)\n"), "import lk; lk.add(1)"], ["lk.add(2)"], "lk.reg", "lk.add(3)", "lk.reg", why="the lock stays as it is"),
    Case("module_session_changed", [written(ss="import itertools\nit = iter({1: 1, 2: 2}); reg = []\ndef step(): reg.append(next(it))\n"), "import ss; x = 1"], ["ss.step()"], "(x, ss.reg)", lost="ss.it", why="an iterator that can't be saved went on"),
    Case("module_variable_patched_by_setattr", [LM, "import lm; x = 1"], ["setattr(lm, 'n', 5); vars(lm)['reg'] = [8]; lm.__dict__['names']['k'] = 1"], "(lm.n, lm.reg, lm.names)", why="changed by other doors"),
    Case("module_function_replaced", [LM, "import lm; x = 1"], ["lm.add = lambda x: None; lm.add(1)"], "lm.get()", "lm.add(2)", "lm.get()", why="the function was the module's"),
    Case("module_in_a_new_kernel", [LM, "import lm; lm.add(1); r = lm.reg"], ["lm.add(2)", RESTART], "(lm.get(), r is lm.reg)", "lm.add(3)", "(lm.get(), r)", why="the state comes back in another kernel"),
    Case("module_of_a_package_in_a_new_kernel", [PKG, "import pkg; pkg.sub.put('a')"], ["pkg.sub.put('b')", RESTART], "pkg.sub.seen", "pkg.sub.put('d')", "pkg.sub.seen", why="the submodule's state comes back in another kernel"),
    Case("module_lock_in_a_new_kernel", [written(lk="import threading\nlock = threading.Thread(target=print); reg = []\ndef add(x): reg.append(x)\n"), "import lk", "lk.add(1)"], ["lk.add(2)", RESTART], "(lk.reg, type(lk.lock).__name__)", "lk.add(3)", "lk.reg", lost=UNWATCHED and "lk.lock", why="what can't be saved and was never changed is made by the import"),
    Case("module_iterator_in_a_new_kernel", [written(ss="it = iter({1: 1, 2: 2}); reg = []\ndef step(): reg.append(next(it))\n"), "import ss; ss.step()"], [RESTART], "ss.reg", "ss.step()", "ss.reg", lost="ss.it", why="the iterator had gone on"),
    Case("module_elsewhere_in_a_new_kernel", ["import os, sys\nos.makedirs('src', exist_ok=True); _ = open('src/els.py', 'w').write('reg = []\\n')\nsys.path.append('src')", "import els; els.reg.append(1)"], ["els.reg.append(2)", RESTART], "els.reg", "els.reg.append(3)", "els.reg", why="the folder was in the path of modules"),
    Case("module_beside_the_notebook_s_names", ["_ = open('calendar.py', 'w').write('reg = []\\ndef add(x): reg.append(x)\\n')\nimport sys; sys.path.insert(0, '.'); sys.modules.pop('calendar', None)", "import calendar; calendar.add(1)"], ["calendar.add(2); calendar.reg.append(3)"], "calendar.reg", "calendar.add(4)", "calendar.reg", why="a module of the user's with the name of a library's"),
    Case("module_rewound_twice", [LM, "import lm; lm.add(1)"], ["lm.add(2)", "%rewind before1", "lm.add(3)"], "lm.get()", "lm.add(4)", "lm.get()", why="back again"),
    Case("module_rewound_forth", [LM, "import lm; lm.add(1)", "lm.add(2)"], ["%rewind before1", "lm.add(7)"], "lm.get()", "lm.add(4)", "lm.get()", why="to a state beside"),
    Case("module_rewound_over_its_import", [LM, "import lm; lm.add(1)"], ["%rewind before0", "x = 1"], "lm.get()", "import lm; lm.add(4)", "lm.get()", why="it is loaded again"),
    Case("module_after_a_failed_cell", [LM, "import lm; lm.add(1)"], ["lm.add(2); 1 / 0"], "lm.get()", "lm.add(4)", "lm.get()", why="what a failed cell did is undone"),
    Case("module_with_other_names", [LM, "import lm as other; from lm import get as g; other.add(1)"], ["import lm; lm.add(2)"], "(g(), other.n)", "other.add(3)", "g()", why="the module under another name"),
    Case("module_of_constants", [written(conf="DEBUG = False\nPATHS = ['a']\nRATE = 0.5\n"), "from conf import *"], ["import conf; conf.DEBUG = True; PATHS.append('b'); RATE = 1"], "(DEBUG, PATHS, RATE)", "import conf", "(conf.DEBUG, conf.PATHS is PATHS)", why="constants, and a list that both hold"),
]
# fmt: on
