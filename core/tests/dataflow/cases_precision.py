"""What is no change, no read, or only of a part."""

import sys

from .form import case

FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})"

CASES = [
    case(
        "column_added_another_read",
        [FRAME, "df['c'] = 1", "print(df['a'].sum())"],
        [(0, 1), (0, 2)],
        [],
        why="the column a is as the first cell made it",
        needs=["pandas"],
    ),
    case(
        "column_replaced_and_read",
        [FRAME, "df['a'] = [5, 6]", "print(df['a'].sum())"],
        [(0, 1), (1, 2)],
        [(0, 2)],
        why="the column is the newer one",
        needs=["pandas"],
    ),
    case(
        "key_added_another_read",
        ["d = {'a': 1}", "d['b'] = 2", "print(d['a'])"],
        [(0, 1), (0, 2)],
        why="the item a is as the first cell made it",
    ),
    case(
        "key_added_length_read",
        ["d = {'a': 1}", "d['b'] = 2", "print(len(d))"],
        [(0, 1), (1, 2)],
        [(0, 2)],
        why="the length depends on every key",
    ),
    case(
        "key_replaced_by_a_function",
        ["d = {'a': 1, 'b': 2}", "def f(x): x['b'] = 5", "f(d)", "print(d['b'])"],
        [(0, 2), (1, 2), (2, 3)],
        [(0, 3)],
        why="the function changes the item that is read",
    ),
    case("printed", ["l = [1]", "print(l)", "print(l)"], [(0, 1), (0, 2)], why="printing changes nothing"),
    case(
        "described",
        [FRAME, "df.describe()", "df.info()", "print(df['b'].mean())"],
        [(0, 1), (0, 2), (0, 3)],
        why="describing changes nothing",
        needs=["pandas"],
    ),
    case(
        "plotted",
        [
            "import matplotlib\nmatplotlib.use('agg')\nimport pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})",
            "ax = df.plot()",
            "print(df['a'].sum())",
        ],
        [(0, 1), (0, 2)],
        why="plotting a frame does not change it",
        needs=["matplotlib", "pandas"],
    ),
    case(
        "grouped",
        [FRAME, "g = df.groupby('a')['b'].sum()", "print(df['b'].sum())"],
        [(0, 1), (0, 2)],
        why="grouping changes nothing",
        needs=["pandas"],
    ),
    case(
        "fitted_on",
        [
            "import numpy as np\nX = np.array([[0.0], [1.0]]); y = np.array([0.0, 1.0])",
            "from sklearn.linear_model import LinearRegression\nm = LinearRegression().fit(X, y)",
            "print(X.sum())",
        ],
        [(0, 1), (0, 2)],
        why="fitting reads the data",
        needs=["sklearn"],
    ),
    case(
        "pure_function_on_a_list",
        ["def total(l): return sum(l)", "xs = [1]", "total(xs)", "print(xs)"],
        [(0, 2), (1, 2), (1, 3)],
        why="the function changes nothing",
    ),
    case(
        "array_read",
        ["import numpy as np\na = np.arange(9.0)", "a.mean(); a[2:4]; a.T; np.sort(a)", "print(a)"],
        [(0, 1), (0, 2)],
        why="none of these changes the array",
        needs=["numpy"],
    ),
    case(
        "iterated",
        ["d = {'a': 1}", "for k, v in d.items(): pass", "print(d)"],
        [(0, 1), (0, 2)],
        why="iterating changes nothing",
    ),
    case(
        "copied_shallow",
        ["l = [1]", "m = list(l)", "m.append(2)", "print(l)"],
        [(0, 1), (1, 2), (0, 3)],
        [(0, 2)],
        why="the copy is another list",
    ),
    case(
        "type_asked",
        ["l = [1]", "type(l), isinstance(l, list), id(l) and None", "print(l)"],
        [(0, 1), (0, 2)],
        why="asking changes nothing",
    ),
    case(
        "names_in_comments_and_strings",
        ["x = 1", "# x\ntext = 'the x is here'", "print(text)"],
        [(1, 2)],
        [(0, 1)],
        why="a comment is no code; a string may be, so an edge is tolerated",
    ),
    case(
        "keyword_argument_is_no_name",
        ["sep = '-'", "print('a', 'b', sep=':')"],
        [],
        why="the name of a keyword argument is not read",
    ),
    case(
        "attribute_is_no_name",
        ["real = 5", "print((3).real)"],
        [],
        why="the name of an attribute is not read",
    ),
    case(
        "builtin_is_no_edge",
        ["x = [1]", "print(len('ab'))"],
        [],
        why="builtins come from no cell",
    ),
    case(
        "equal_write_back",
        ["l = [1]", "l[0] = 1", "print(l)"],
        [(0, 1)],
        [(0, 2), (1, 2)],
        why="the list is as it was; who is said to have made it does not matter",
    ),
    case(
        "two_frames",
        ["import pandas as pd\na = pd.DataFrame({'v': [1]}); b = pd.DataFrame({'v': [2]})", "a['w'] = 1", "print(b)"],
        [(0, 1), (0, 2)],
        why="another frame was changed",
        needs=["pandas"],
    ),
    case(
        "function_with_local_of_same_name",
        ["l = [1]", "def f():\n    l = [2]\n    l.append(3)\n    return l", "f()", "print(l)"],
        [(1, 2), (0, 3)],
        why="the function has a list of its own",
    ),
    case(
        "function_put_away",
        ["def f(): return k", "k = 1", "fs = [f, lambda: k]", "k = 2", "print(len(fs), fs[1]())"],
        [(0, 2), (2, 4), (3, 4)],
        [(0, 4), (1, 2)] if sys.version_info < (3, 12) else [(0, 4)],
        why="functions that are put into a list look up nothing until they are called",
    ),
    case(
        "function_not_called_by_another",
        ["def f(): return k\ndef g(ask): return f() if ask else 0", "k = 1", "print(g(False))", "print(g(True))"],
        [(0, 2), (0, 3), (1, 3)],
        [(1, 2)] if sys.version_info < (3, 12) else [],
        why="the inner function was called in the last cell only",
    ),
]
