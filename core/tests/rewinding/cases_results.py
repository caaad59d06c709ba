# ruff: noqa: E501
"""What cells showed: `Out`, `_`, and what variables share with it."""

from .form import RESTART, Case

# fmt: off
CASES = [
    Case("result_changed_by_name", ["[1, 2]"], ["_.append(3)", "Out[1].append(4); _1.append(5)"], "(Out[1], _, _1, _ is Out[1])", "_.append(9)", "(Out[1], _1)", why="the result was [1, 2]"),
    Case("result_is_a_variable", ["a = [1]", "a"], ["a.append(2)"], "(Out[2], Out[2] is a, _ is a, _2 is a)", "Out[2].append(5)", "a", why="the result is the variable's object"),
    Case("result_shown_twice", ["a = [1]", "a", "a"], ["a.append(2)", "a"], "(Out[2], Out[2] is a, Out[3] is a, _2 is a)", "Out[2].append(5)", "Out[3]", why="both are the variable's object"),
    Case("result_changed_that_is_shown_twice", ["[1]", "Out[1]"], ["_1.append(2)"], "(Out[1], Out[2], Out[2] is Out[1], _ is Out[1])", why="one object, shown twice"),
    Case("result_of_a_variable_bound_anew", ["a = [1]", "a", "a = [2]"], ["a = Out[2]; a.append(9)"], "(Out[2], a, Out[2] is a)", "a.append(3)", "(a, Out[2])", why="a is another object than the result by then"),
    Case("result_taken_by_a_variable_later", ["[1]"], ["r = Out[1]; r.append(2)", "r.append(3)"], "(Out[1], 'r' in globals())", why="nobody had changed it"),
    Case("result_taken_by_a_variable_before", ["[1]", "r = Out[1]"], ["r.append(3)"], "(Out[1], Out[1] is r)", "r.append(4)", "Out[1]", why="the variable is the result"),
    Case("result_forth_and_back", ["[1]", "Out[1].append(2)"], ["%rewind before0", "x = Out[1]; x.append(9)"], "(Out[1], 'x' in globals())", "Out[1].append(3)", "_", why="another branch changed it otherwise"),
    Case("result_back_twice", ["[1]", "Out[1].append(2)", "Out[1].append(3)"], ["%rewind before1", "%rewind before0", "_.append(8)"], "Out[1]", why="two runs had changed it"),
    Case("result_replaced", ["[1]"], ["Out[1] = [5]; _1 = [6]"], "Out[1]", why="another object was put there"),
    Case("results_share", ["[1]", "[Out[1]]"], ["Out[1].append(2)"], "(Out[2], Out[2][0] is Out[1])", "Out[1].append(3)", "Out[2]", why="the second holds the first"),
    Case("result_frame", ["import pandas as pd\npd.DataFrame({'a': [1, 2]})"], ["_.loc[0, 'a'] = 9; Out[1]['b'] = 1"], "(Out[1].a.tolist(), list(Out[1]))", "_['c'] = 2", "list(Out[1])", why="the table was shown as it was", needs=("pandas",)),
    Case("result_of_own_class", ["class A:\n    def __init__(s): s.v = []", "A()"], ["Out[2].v.append(1)"], "(Out[2].v, type(Out[2]) is A)", why="its list was empty"),
    Case("result_of_class_made_anew", ["class A:\n    def __init__(s): s.v = []", "A()"], ["class A: pass", "Out[2].v.append(1)"], "(Out[2].v, type(Out[2]) is A)", missed="its class is gone when it is copied; the report notes it", why="its class is A"),
    Case("result_function", ["def f(): return 1\nf"], ["def f(): return 2"], "(Out[1](), Out[1] is f)", why="the function that was shown"),
    Case("last_results", ["5", "6"], ["7", "8"], "(_, __)", "r = _ + __", "r", why="the last results were 6 and 5"),
    Case("underscore_as_a_loop_s", ["5", "for _ in range(3): pass"], ["for _ in range(9): pass"], "(_, Out[1])", "r = _ + 1", "r", why="the last one of the loop"),
    Case("underscore_is_the_users", ["5", "_ = [1]"], ["_.append(2)"], "(_, Out[1])", missed="what is bound to a name of IPython's history is recorded only if it is a plain value", why="a list of the user's"),
    Case("result_view", ["import numpy as np\na = np.arange(5)", "a[:2]"], ["a[0] = 7"], "Out[2].tolist()", missed="what shares memory with a variable stays as it is; the report notes it", why="a view of the array as it was", needs=("numpy",)),
    Case("result_item", ["a = [[1], [2]]", "a[0]"], ["a[0].append(7)"], "(Out[2], Out[2] is a[0])", missed="what a variable holds inside stays as it is; the report notes it", why="an item of the list"),
    Case("result_generator", ["(i for i in range(5))"], ["next(_)"], "1", "r = next(Out[1])", "r", missed="a generator can't be copied; the report notes it", why="nothing was taken from it"),
    Case("results_after_a_restart", ["a = [1]\na"], [RESTART, "%rewind before0", "a.append(3)"], "a", why="a new kernel has no results"),
]
# fmt: on
