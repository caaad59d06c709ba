"""What modules of the user's own hold, and which of it a cell reads and changes."""

import sys

from .form import case

WATCHED = sys.version_info >= (3, 12)
"""Which functions start is seen."""

M = "reg = []\\nother = {}\\nn = 0\\ndef add(x): reg.append(x)\\ndef up():\\n    global n\\n    n += 1\\n"
M += "def size(): return len(reg)\\ndef pure(x): return x + 1\\ndef put(k): other[k] = k\\n"


def module(name: str) -> str:
    """Return a cell that writes a module."""
    return f"_ = open('nbr_{name}.py', 'w').write('{M}')"


COARSE = [] if WATCHED else [(2, 3)]
"""Where it is not seen what runs, all that modules hold counts as read."""

CASES = [
    case(
        "module_list_by_functions",
        [module("d1"), "import nbr_d1", "nbr_d1.add(1)", "print(nbr_d1.size())"],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="one function changes the list, the other reads it",
    ),
    case(
        "module_counter_by_functions",
        [module("d2"), "from nbr_d2 import up", "up()", "import nbr_d2\nprint(nbr_d2.n)"],
        [(0, 1), (1, 2), (2, 3)],
        [(0, 2), (0, 3), (1, 3)],
        why="the function binds the name in the module anew",
    ),
    case(
        "module_pure_function",
        [module("d3"), "import nbr_d3", "nbr_d3.add(1)", "print(nbr_d3.pure(1))", "nbr_d3.up()"],
        [(0, 1), (1, 2), (1, 3), (1, 4)],
        [(0, 2), (0, 3), (0, 4), *(COARSE and [*COARSE, (2, 4)])],
        why="the function reads nothing that others change",
    ),
    case(
        "module_data_apart",
        [module("d4"), "import nbr_d4", "nbr_d4.put('a')", "print(nbr_d4.size())", "print(nbr_d4.other)"],
        [(0, 1), (1, 2), (1, 3), (1, 4), (2, 4)],
        [(0, 2), (0, 3), (0, 4), *COARSE],
        why="one cell reads the list, the other the dictionary",
    ),
    case(
        "module_list_under_a_name",
        [module("d5"), "from nbr_d5 import reg, add", "add(1)", "print(reg)"],
        [(0, 1), (1, 2), (2, 3)],
        [(0, 2), (0, 3), (1, 3)],
        why="the name is bound to the list that the function changes",
    ),
    case(
        "module_list_through_a_variable",
        [module("d6"), "import nbr_d6", "r = nbr_d6.reg", "r.append(5)", "print(nbr_d6.size())"],
        [(0, 1), (1, 2), (2, 3), (1, 4), (3, 4)],
        [(0, 2), (0, 3), (0, 4), (2, 4), (1, 3)],
        why="the list is changed through the variable, and read by the module's function",
    ),
    case(
        "module_attribute_set_and_read",
        [module("d7"), "import nbr_d7", "nbr_d7.mine = 5", "print(nbr_d7.mine)", "print(nbr_d7.other)"],
        [(0, 1), (1, 2), (1, 3), (2, 3), (1, 4)],
        [(0, 2), (0, 3), (0, 4), *(COARSE and [(2, 4)])],
        why="the cell sets an attribute of the module",
    ),
    case(
        "module_attribute_deleted",
        [module("d8"), "import nbr_d8", "del nbr_d8.other", "print(hasattr(nbr_d8, 'other'))"],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="whether there is one is read",
    ),
    case(
        "module_called_by_a_notebook_function",
        [module("d9"), "import nbr_d9\ndef go(): return nbr_d9.size()", "nbr_d9.add(1)", "print(go())"],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="the function of the notebook calls that of the module",
    ),
    case(
        "module_read_by_another",
        [
            module("d10") + "\n_ = open('nbr_e10.py', 'w').write('import nbr_d10\\ndef show(): return nbr_d10.reg')",
            "import nbr_d10, nbr_e10",
            "nbr_d10.add(1)",
            "print(nbr_e10.show())",
        ],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="one module reads what the other holds",
    ),
    case(
        "module_by_getattr",
        [module("d11"), "import nbr_d11", "nbr_d11.add(1)", "print(getattr(nbr_d11, 're' + 'g'))"],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="the name is made",
    ),
    case(
        "module_class_attribute",
        [
            "_ = open('nbr_d12.py', 'w').write('class Tag:\\n  made = []\\n  def __init__(self): self.made.append(9)')",
            "import nbr_d12",
            "nbr_d12.Tag()",
            "print(len(nbr_d12.Tag.made))",
        ],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="the class keeps a list",
    ),
    case(
        "module_list_kept_by_a_function",
        [
            "_ = open('nbr_d15.py', 'w').write('reg = []\\ndef show(kept=reg): return len(kept)')",
            "import nbr_d15",
            "nbr_d15.reg.append(1)",
            "print(nbr_d15.show())",
        ],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        [(0, 2), (0, 3)],
        why="the function reads the list that it keeps as a default",
    ),
    case(
        "module_unused_beside",
        [module("d13"), "import nbr_d13", "nbr_d13.add(1)", "x = 1", "print(x)"],
        [(0, 1), (1, 2), (3, 4)],
        [(0, 2)],
        why="who does not use the module does not depend on it",
    ),
    case(
        "module_imported_again",
        [module("d14"), "import nbr_d14\nnbr_d14.add(1)", "import nbr_d14", "from nbr_d14 import reg\nprint(reg)"],
        [(0, 1), (1, 3)],
        [(0, 2), (0, 3), (1, 2), (2, 3)],
        why="an import of what is loaded reads no data, one of a name does",
    ),
]
