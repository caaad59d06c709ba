# ruff: noqa: E501
"""What can't be loaded and is made again by the runs that made it."""

from .form import RESTART, Case

# fmt: off
CASES = [
    Case("again_chain_of_steps", ["g = (i * i for i in range(9))", "next(g)", "a = next(g)"], ["b = next(g)", "list(g)"], "a", "r = next(g)", "r", why="two values were taken by two cells"),
    Case("again_over_a_list", ["L = [1, 2, 3]; M = L", "g = (x for x in L)", "next(g)"], ["L.append(4); list(g)"], "(L, M is L)", "M.append(9); r = list(g)", "r", why="the generator goes through the list that both names have"),
    Case("again_global_looked_up", ["k = 2\ng = (x * k for x in [1, 2, 3])", "next(g)"], ["k = 100; next(g)"], "k", "k = 5; r = next(g)", "r", why="it looks k up each time, in the notebook's namespace"),
    Case("again_own_class", ["class C:\n    def __init__(self): self.g = (i for i in range(9))\n    def step(self): return next(self.g)\nc = C()", "c.step()", "d = C(); d.step()"], ["c.step()"], "(type(c) is C, type(d) is C)", "r = (c.step(), d.step(), isinstance(C(), type(c)))", "r", why="d did not change, but its class is the one that is made again"),
    Case("again_class_of_another_cell", ["class C:\n    def __init__(self): self.g = (i for i in range(9))", "c = C(); d = C(); next(c.g)"], ["next(c.g)"], "(type(c) is C, type(d) is C)", "r = (next(c.g), next(d.g))", "r", why="the class is as it was"),
    Case("again_old_definition", ["def gen():\n    yield 'old'\n    yield 'older'", "g = gen(); next(g)", "def gen():\n    yield 'new'"], ["next(g)"], "gen().__next__()", "r = next(g)", "r", why="it runs the code of the function that was there then"),
    Case("again_closure", ["def make():\n    n = 0\n    def gen():\n        nonlocal n\n        while True:\n            n += 1\n            yield n\n    return gen(), lambda: n\ng, count = make(); next(g)"], ["next(g); next(g)"], "count()", "r = (next(g), count())", "r", why="generator and function share a variable"),
    Case("again_seeded", ["import random\nrandom.seed(3)\ng = (random.random() for _ in range(9))", "a = next(g)"], ["b = next(g); random.random()"], "a", "r = (next(g), random.random())", "r", why="it draws from where the generator of random numbers stood"),
    Case("again_generator_of_numpy", ["import numpy as np\ndef draws(rng):\n    while True: yield rng.normal()\nrng = np.random.default_rng(1); g = draws(rng)", "a = next(g)"], ["next(g); rng.normal()"], "a", "r = (next(g), rng.normal())", "r", needs=("numpy",), why="both draw from one stream"),
    Case("again_environment", ["import os\nos.environ['MODE'] = 'a'\ng = iter([os.environ['MODE']].copy().pop, None)"], ["os.environ['MODE'] = 'b'; g = None"], "os.environ['MODE']", "r = next(g)", "r", why="what it read was another value"),
    Case("again_rows_of_a_frame", ["import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3]})", "rows = df.itertuples(); next(rows)"], ["next(rows); df = None"], "df.a.tolist()", "r = next(rows).a", "r", needs=("pandas",), why="it stands at the second row"),
    Case("again_file_by_lines", ["open('t.txt', 'w').write('a\\nb\\nc')", "f = open('t.txt'); next(f)"], ["next(f)"], "f.closed", "r = next(f)", "r", why="the file stands at its second line"),
    Case("again_in_a_new_kernel", ["g = (i for i in range(9)); next(g)", "a = next(g)"], [RESTART], "a", "r = next(g)", "r", why="a new kernel has the records only"),
    Case("again_forth_and_back", ["g = (i for i in range(9)); next(g)"], ["a = next(g)", "%rewind before0", "b = next(g)", "%rewind after0"], "'a' in globals()", "r = next(g)", "r", why="each rewind makes it again"),
    Case("again_after_a_failure", ["g = (i for i in range(9)); next(g)"], ["next(g)\n1 / 0"], "1", "r = next(g)", "r", why="the failed cell had taken one"),
    Case("again_with_magics", ["%%capture said\ng = (i for i in range(9)); print(next(g))"], ["next(g)"], "said.stdout", "r = next(g)", "r", why="the cell is one of a magic"),
    Case("again_displayed", ["from IPython.display import display, HTML\ng = (i for i in range(9)); display(HTML('<b>x</b>')); print(next(g))\nnext(g)"], ["next(g)"], "1", "r = next(g)", "r", why="what it shows is shown once"),
    Case("again_class_changed_between", ["import itertools\nclass N: count = 0", "c = itertools.repeat(N, 3)", "N.count += 1; d = 1", "try: g\nexcept NameError: c"], [RESTART], "next(c) is N", lost="c", why="the class was changed after one of the runs that make c, and before another"),
    Case("again_class_changed_and_left", ["import itertools\nclass N: count = 0", "c = itertools.repeat(N, 3)", "N.count += 1; d = 1", "try: g\nexcept NameError: c"], ["c = None; N.count += 1"], "(next(c) is N, N.count)", lost="c", why="it holds the class, not a copy"),
    Case("again_class_defined_anew_between", ["class N:\n    def __init__(self): self.g = (i for i in range(9))\nc = N(); next(c.g)", "class N: late = 1", "next(c.g)"], ["next(c.g)"], "(type(c) is N, type(c).__name__, N.late)", "r = (next(c.g), isinstance(c, N))", "r", lost="c", why="c is of the class that had the name before"),
    Case("again_function_changed_between", ["def f(): return 1\ng = (f for _ in range(9)); next(g)", "f.note = 2", "next(g)"], [RESTART], "f.note", "r = next(g) is f", "r", lost="g", why="the generator looks f up each time"),
]
# fmt: on
